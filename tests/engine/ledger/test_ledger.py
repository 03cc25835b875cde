import sqlite3
import stat
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest

from tests.engine.worlds import ordinary_folder, problem_of, run, started
from voxmint.engine.ledger.ledger import Failed, Intent, Ledger, Minted, Outcome, Unanswered
from voxmint.engine.sinks.contract import Pending, Receipt
from voxmint.engine.upstream.traces import traces_in
from voxmint.problems import ProblemsError

INTENT = Intent("clinic", "d1", sent_at=1000.5, last_expiry=1600)
MINTED = Minted(
    intent=1,
    profile="clinic",
    digest="d1",
    expires_at=1600,
    minted_at=1001.25,
    session_id="sess_1",
    request_id="req_1",
    commit="c0ffee",
    dirty=True,
)
RECEIPT = Receipt("clinic", "dotenv", ".env", ("CLINIC_CLIENT_SECRET", "CLINIC_EXPIRES_AT"))


FIRST_FORMAT = """
CREATE TABLE intents (
    id INTEGER PRIMARY KEY AUTOINCREMENT, environment TEXT NOT NULL, profile TEXT NOT NULL,
    digest TEXT NOT NULL, sent_at REAL NOT NULL, last_expiry INTEGER NOT NULL,
    unanswered INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX intents_of ON intents (environment);
CREATE TABLE sessions (
    id INTEGER PRIMARY KEY AUTOINCREMENT, environment TEXT NOT NULL, profile TEXT NOT NULL,
    digest TEXT NOT NULL, git_commit TEXT, dirty INTEGER, session_id TEXT,
    expires_at INTEGER NOT NULL, minted_at REAL NOT NULL, request_id TEXT,
    UNIQUE (environment, profile)
);
CREATE TABLE deliveries (
    environment TEXT NOT NULL, profile TEXT NOT NULL, kind TEXT NOT NULL, target TEXT NOT NULL,
    session INTEGER NOT NULL, PRIMARY KEY (environment, profile, kind, target)
);
CREATE TABLE names (
    kind TEXT NOT NULL, target TEXT NOT NULL, name TEXT NOT NULL, environment TEXT NOT NULL,
    profile TEXT NOT NULL, PRIMARY KEY (kind, target, name)
);
CREATE INDEX names_of ON names (environment, profile);
INSERT INTO sessions
VALUES (1, 'production', 'clinic', 'd1', NULL, 0, 'sess_1', 1600, 1001.5, NULL);
INSERT INTO names VALUES ('dotenv', '.env', 'CLINIC_CLIENT_SECRET', 'production', 'clinic');
INSERT INTO names VALUES ('dotenv', '.env', 'CLINIC_EXPIRES_AT', 'production', 'clinic');
INSERT INTO deliveries VALUES ('production', 'clinic', 'dotenv', '.env', 1);
PRAGMA application_id = 0x766F786D;
PRAGMA user_version = 1;
"""
"""A ledger as voxmint first made them."""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "ledger.db"


@pytest.fixture
def ledger(path: Path) -> Iterator[Ledger]:
    with Ledger.open(path) as ledger:
        yield ledger


def minted(ledger: Ledger, environment: str = "production", profile: str = "clinic") -> None:
    [intent] = ledger.intend(environment, [replace(INTENT, profile=profile)])
    ledger.record(environment, [replace(MINTED, intent=intent, profile=profile)])


def refusal(path: Path, *, readonly: bool = False) -> tuple[str, str, str | None]:
    with pytest.raises(ProblemsError) as error:
        Ledger.open(path, readonly=readonly)
    problem = problem_of(error)
    return problem.code, problem.message, problem.hint


def locks(path: Path) -> list[Path]:
    """The locks of runs beside a ledger."""
    return list(path.parent.glob("run-*.lock"))


def by_hand(path: Path, script: str) -> None:
    with closing(sqlite3.connect(path)) as database:
        database.executescript(script)


def test_a_new_ledger_is_private_and_says_that_it_is_new(path: Path) -> None:
    with Ledger.open(path) as ledger:
        assert ledger.is_fresh
        assert ledger.sessions("production") == {}
        minted(ledger)
    assert {stat.S_IMODE(file.stat().st_mode) for file in path.parent.iterdir()} == {0o600}
    with Ledger.open(path) as ledger:
        assert not ledger.is_fresh


def test_a_session_is_kept_as_it_was_minted(path: Path) -> None:
    with Ledger.open(path) as ledger:
        minted(ledger)
    with Ledger.open(path, readonly=True) as ledger:
        [session] = ledger.sessions("production").values()
    for name in ("profile", "digest", "expires_at", "minted_at", "session_id", "request_id"):
        assert getattr(session, name) == getattr(MINTED, name)
    assert (session.commit, session.dirty, session.sinks) == ("c0ffee", True, frozenset())


def test_what_is_not_known_stays_unknown(ledger: Ledger) -> None:
    [intent] = ledger.intend("production", [INTENT])
    ledger.record("production", [Minted(intent, "clinic", "d1", 1600, 1001)])
    session = ledger.sessions("production")["clinic"]
    assert (session.commit, session.dirty, session.session_id, session.request_id) == (None,) * 4


def test_a_later_session_replaces_the_one_before_it(ledger: Ledger) -> None:
    minted(ledger)
    ledger.delivered("production", [RECEIPT])
    [intent] = ledger.intend("production", [INTENT])
    ledger.record("production", [replace(MINTED, intent=intent, session_id="sess_2")])
    session = ledger.sessions("production")["clinic"]
    # The sink still holds the one before it, so it does not count.
    assert (session.session_id, session.sinks) == ("sess_2", frozenset())


def test_the_environments_that_anything_is_known_of(ledger: Ledger) -> None:
    assert ledger.environments() == ()
    minted(ledger, "staging")
    ledger.claim("production", [RECEIPT])
    ledger.intend("other", [INTENT])
    assert ledger.environments() == ("production", "staging")


STAGED = Pending("clinic", "vault", "tokens/{profile}", "7", "6")
IN_VAULT = Receipt("clinic", "vault", "tokens/{profile}", ("tokens/clinic",))


def staged(ledger: Ledger) -> Mapping[tuple[str, str], Pending]:
    return ledger.sessions("production")["clinic"].staged


def test_what_is_staged_is_known_until_it_is_delivered(ledger: Ledger) -> None:
    minted(ledger)
    ledger.claim("production", [RECEIPT, IN_VAULT], [STAGED])
    assert staged(ledger) == {("vault", "tokens/{profile}"): STAGED}
    again = STAGED._replace(version="8", before=None)
    ledger.claim("production", [IN_VAULT], [again])
    ledger.delivered("production", [RECEIPT])
    assert staged(ledger) == {("vault", "tokens/{profile}"): again}
    ledger.delivered("production", [IN_VAULT])
    assert staged(ledger) == {}


def _mint_again(ledger: Ledger) -> None:
    [intent] = ledger.intend("production", [INTENT])
    ledger.record("production", [replace(MINTED, intent=intent, session_id="sess_2")])


def _forget(ledger: Ledger) -> None:
    ledger.forget("production", ["clinic"])
    # A forgotten session that comes back is another one.
    _mint_again(ledger)


@pytest.mark.parametrize(
    "change",
    [
        _mint_again,
        _forget,
        lambda ledger: ledger.unstaged("production", [STAGED]),
        lambda ledger: ledger.removed("production", [IN_VAULT]),
        lambda ledger: ledger.claim("staging", [IN_VAULT]),
    ],
    ids=["minted-again", "forgotten", "unstaged", "removed", "name-taken"],
)
def test_what_is_staged_is_no_more_where_it_cannot_be_switched_over(
    ledger: Ledger, change: Callable[[Ledger], None]
) -> None:
    minted(ledger)
    ledger.claim("production", [IN_VAULT], [STAGED])
    assert staged(ledger)
    change(ledger)
    assert staged(ledger) == {}


def test_environments_know_nothing_of_each_other(ledger: Ledger) -> None:
    minted(ledger)
    ledger.delivered("production", [RECEIPT])
    ledger.intend("production", [INTENT])
    assert ledger.sessions("staging") == {}
    assert ledger.receipts("staging") == ()
    assert ledger.open_intents("staging", 0) == ()


def test_an_intent_stays_open_until_its_outcome_is_known(ledger: Ledger) -> None:
    intents = [replace(INTENT, profile=name) for name in ("a", "b", "c", "d")]
    a, b, c, d = ledger.intend("production", intents)
    outcomes: list[Outcome] = [replace(MINTED, intent=a, profile="a"), Failed(b), Unanswered(c)]
    ledger.record("production", outcomes)
    found = ledger.open_intents("production", now=1600)
    assert [(entry.id, entry.intent.profile, entry.unanswered) for entry in found] == [
        (c, "c", True),
        (d, "d", False),
    ]
    assert found[0].intent == intents[2]


def test_an_intent_matters_only_while_its_token_could_live(ledger: Ledger) -> None:
    ledger.intend("production", [INTENT])
    assert len(ledger.open_intents("production", now=1600)) == 1
    assert ledger.open_intents("production", now=1601) == ()


def test_a_killed_runs_intents_are_there_for_the_next_run(path: Path) -> None:
    script = """
import os, signal, sys
from pathlib import Path
from random import Random
opened = ledger.Ledger.open(Path(sys.argv[1]))
opened.intend("production", [ledger.Intent("clinic", "d1", 1000.5, 1600)])
os.kill(os.getpid(), signal.SIGKILL)
"""
    process = started(script, path)
    process.communicate()
    assert process.returncode == -9
    with Ledger.open(path) as ledger:
        [found] = ledger.unseen("production", now=1001)
        assert (found.intent, found.unanswered) == (INTENT, False)
        # What it left beside the ledger goes as soon as another run has something to put down.
        assert len(locks(path)) == 1
        ledger.intend("production", [INTENT])
        assert len(locks(path)) == 1
        assert [one.id for one in ledger.unseen("production", now=1001)] == [found.id]
    assert locks(path) == []


def test_what_a_run_that_goes_on_has_asked_for_is_its_own(path: Path) -> None:
    with Ledger.open(path) as ledger, Ledger.open(path, readonly=True) as beside:
        first, _ = ledger.intend("production", [INTENT, INTENT])
        assert len(beside.open_intents("production", 0)) == 2
        assert beside.unseen("production", 0) == ()
        # It goes on, and of this one it knows that it will never have it.
        ledger.record("production", [Unanswered(first)])
        assert [one.id for one in beside.unseen("production", 0)] == [first]
        # Nor does a ledger tell whose it is that was brought up to date under a run.
        by_hand(path, "UPDATE intents SET run = NULL")
        assert len(beside.unseen("production", 0)) == 2
    with Ledger.open(path, readonly=True) as later:
        assert len(later.unseen("production", 0)) == 2
        assert later.unseen("production", 1601) == ()


def test_the_sinks_of_a_session_are_those_that_hold_it(ledger: Ledger) -> None:
    minted(ledger)
    ledger.claim("production", [RECEIPT])
    assert ledger.sessions("production")["clinic"].sinks == frozenset()
    assert ledger.receipts("production") == (RECEIPT,)
    ledger.delivered("production", [RECEIPT, RECEIPT._replace(target="/srv/.env")])
    assert ledger.sessions("production")["clinic"].sinks == {
        ("dotenv", ".env"),
        ("dotenv", "/srv/.env"),
    }


def test_a_claim_adds_names_and_a_delivery_says_all_of_them(ledger: Ledger) -> None:
    minted(ledger)
    ledger.delivered("production", [RECEIPT])
    renamed = RECEIPT._replace(names=("CLINIC_TOKEN",))
    ledger.claim("production", [renamed])
    # Until the switch both may be in the file.
    assert ledger.receipts("production") == (
        RECEIPT._replace(names=(*RECEIPT.names, "CLINIC_TOKEN")),
    )
    ledger.delivered("production", [renamed])
    assert ledger.receipts("production") == (renamed,)


def test_a_name_belongs_to_whoever_wrote_it_last(ledger: Ledger) -> None:
    for environment in ("production", "staging"):
        minted(ledger, environment)
    ledger.delivered("production", [RECEIPT])
    ledger.delivered("staging", [RECEIPT._replace(names=RECEIPT.names[:1])])
    # One line of the file now holds another environment's token.
    assert ledger.sessions("production")["clinic"].sinks == frozenset()
    assert ledger.receipts("production") == (RECEIPT._replace(names=RECEIPT.names[1:]),)
    assert ledger.sessions("staging")["clinic"].sinks == {("dotenv", ".env")}


def test_the_same_name_elsewhere_is_another_one(ledger: Ledger) -> None:
    for environment in ("production", "staging"):
        minted(ledger, environment)
    ledger.delivered("production", [RECEIPT])
    ledger.delivered("staging", [RECEIPT._replace(target=".env.staging")])
    assert ledger.sessions("production")["clinic"].sinks == {("dotenv", ".env")}


def test_what_was_removed_is_no_longer_voxmints(ledger: Ledger) -> None:
    minted(ledger)
    elsewhere = RECEIPT._replace(target="/srv/.env")
    ledger.delivered("production", [RECEIPT, elsewhere])
    ledger.removed("production", [RECEIPT])
    assert ledger.receipts("production") == (elsewhere,)
    assert ledger.sessions("production")["clinic"].sinks == {("dotenv", "/srv/.env")}


def test_a_forgotten_session_leaves_word_of_what_sinks_still_hold(ledger: Ledger) -> None:
    minted(ledger)
    ledger.delivered("production", [RECEIPT])
    ledger.forget("production", ["clinic"])
    assert ledger.sessions("production") == {}
    assert ledger.receipts("production") == (RECEIPT,)


def test_a_transaction_that_fails_leaves_nothing(ledger: Ledger) -> None:
    with pytest.raises(ProblemsError) as error:
        ledger.intend("production", [INTENT, replace(INTENT, last_expiry=2**70)])
    assert problem_of(error).code == "ledger-unusable"
    assert ledger.open_intents("production", 0) == ()
    with pytest.raises(ProblemsError):
        ledger.intend("production", [replace(INTENT, profile="\ud800")])
    minted(ledger)


def test_reading_makes_nothing(path: Path) -> None:
    with Ledger.open(path, readonly=True) as ledger:
        assert ledger.is_fresh
        assert ledger.sessions("production") == {}
    assert list(path.parent.iterdir()) == []


def test_an_empty_file_is_a_new_ledger(path: Path) -> None:
    # As a run leaves it that was killed just after making it.
    path.touch()
    with Ledger.open(path, readonly=True) as ledger:
        assert ledger.is_fresh
    assert path.stat().st_size == 0
    with Ledger.open(path) as ledger:
        assert ledger.is_fresh
        minted(ledger)


def test_a_ledger_open_for_reading_cannot_be_written(path: Path) -> None:
    Ledger.open(path).close()
    with Ledger.open(path, readonly=True) as ledger, pytest.raises(ProblemsError) as error:
        ledger.intend("production", [INTENT])
    assert problem_of(error).code == "ledger-unusable"


@pytest.mark.parametrize("readonly", [False, True])
@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"not a database, but long enough" * 10, "file is not a database"),
        (b"SQLite format 3\0" + b"\0" * 600, "file is not a database"),
    ],
)
def test_a_corrupt_ledger_is_left_alone_with_a_way_on(
    path: Path, content: bytes, said: str, readonly: bool
) -> None:
    path.write_bytes(content)
    code, message, hint = refusal(path, readonly=readonly)
    assert (code, message) == (
        "ledger-corrupt",
        f"`{path}` is not a ledger that can be read: {said}",
    )
    assert hint == (
        f"move it aside, as with `mv {path} {path}.broken`; the next mint then mints everything "
        "again"
    )
    assert path.read_bytes() == content


def test_a_damaged_page_is_found_at_the_start_and_not_amid_a_run(path: Path) -> None:
    with Ledger.open(path) as ledger:
        for number in range(300):
            minted(ledger, profile=f"profile-{number}")
    data = bytearray(path.read_bytes())
    data[len(data) // 2 : len(data) // 2 + 4096] = b"\xff" * 4096
    path.write_bytes(data)
    assert refusal(path)[0] == "ledger-corrupt"


def test_a_ledger_that_was_cut_off_is_corrupt(path: Path) -> None:
    with Ledger.open(path) as ledger:
        minted(ledger)
    path.write_bytes(path.read_bytes()[:5000])
    assert refusal(path)[0] == "ledger-corrupt"


def test_a_newer_ledger_is_left_alone(path: Path) -> None:
    Ledger.open(path).close()
    by_hand(path, "PRAGMA user_version = 7")
    code, message, _ = refusal(path)
    said = (
        f"the ledger `{path}` was written by a newer voxmint: its format is 7, and this one knows 4"
    )
    assert (code, message) == ("ledger-newer", said)


def test_a_ledger_of_the_first_format_is_brought_up_to_date_and_loses_nothing(path: Path) -> None:
    by_hand(path, FIRST_FORMAT)
    before = path.read_bytes()
    with Ledger.open(path, readonly=True) as ledger:
        session = ledger.sessions("production")["clinic"]
        assert (session.session_id, session.traces, session.skew) == ("sess_1", None, None)
        assert len(ledger.salt) == 32
    assert path.read_bytes() == before
    with Ledger.open(path) as ledger:
        assert not ledger.is_fresh
        assert ledger.sessions("production")["clinic"] == session
        assert ledger.receipts("production") == (RECEIPT,)
        minted(ledger)
        salt = ledger.salt
    with Ledger.open(path) as ledger:
        assert ledger.salt == salt


def test_each_ledger_has_a_salt_of_its_own(path: Path) -> None:
    with Ledger.open(path) as ledger, Ledger.open(path.with_name("other.db")) as other:
        assert ledger.salt != other.salt


def test_what_a_token_was_minted_from_is_kept_as_hashes(ledger: Ledger) -> None:
    [intent] = ledger.intend("production", [INTENT])
    ledger.record("production", [replace(MINTED, intent=intent, traces={"a.b": "1f"}, skew=-2.5)])
    session = ledger.sessions("production")["clinic"]
    assert (traces_in(session.traces), session.skew) == ({"a.b": "1f"}, -2.5)


def test_another_programs_database_is_left_alone(path: Path) -> None:
    by_hand(path, "CREATE TABLE theirs (a)")
    assert refusal(path)[1].endswith("it is a database of something else")
    by_hand(path, "PRAGMA user_version = 1")
    assert refusal(path)[1].endswith("it is a database of something else")


@pytest.mark.parametrize(
    "harm",
    [
        "DROP TABLE sessions",
        "DROP TABLE sessions; CREATE VIEW sessions AS SELECT 1",
        "UPDATE sessions SET expires_at = 'soon'",
        "UPDATE sessions SET profile = CAST(x'ff' AS TEXT)",
        "UPDATE sessions SET session_id = x'00'",
        "UPDATE sessions SET expires_at = 1.5",
        "UPDATE sessions SET traces = x'00'",
        "UPDATE sessions SET skew = 'much'",
    ],
)
def test_a_ledger_made_to_mislead_is_refused_where_it_is_read(path: Path, harm: str) -> None:
    with Ledger.open(path) as ledger:
        minted(ledger)
    by_hand(path, harm)
    with pytest.raises(ProblemsError) as error, Ledger.open(path) as ledger:
        ledger.sessions("production")
    assert problem_of(error).code == "ledger-corrupt"


def test_a_ledger_that_is_a_symlink_is_refused(path: Path) -> None:
    elsewhere = path.with_name("elsewhere.db")
    path.symlink_to(elsewhere)
    assert refusal(path)[1].endswith("cannot be used: it is not a regular file")
    assert not elsewhere.exists()


def test_a_read_only_disk_can_be_read_and_not_minted_from() -> None:
    script = """
import sys
from pathlib import Path
from random import Random
path = Path(sys.argv[1])
with ledger.Ledger.open(path, readonly=True) as opened:
    print(list(opened.sessions("production")))
try:
    with ledger.Ledger.open(path) as opened:
        opened.intend("production", [ledger.Intent("clinic", "d1", 1000.5, 1600)])
except Exception as error:
    print(error.problems[0].code)
"""
    with ordinary_folder() as folder:
        path = folder / "ledger.db"
        with Ledger.open(path) as ledger:
            minted(ledger)
        path.with_name("ledger.db-journal").unlink(missing_ok=True)
        path.chmod(0o444)
        folder.chmod(0o555)
        assert run(script, path, ordinary=True) == "['clinic']\nledger-unusable\n"


KILLED = """
import os, signal, sqlite3, sys
database = sqlite3.connect(sys.argv[1], isolation_level=None)
database.execute("PRAGMA journal_mode = TRUNCATE")
database.execute("PRAGMA cache_size = 1")
database.execute("BEGIN IMMEDIATE")
for number in range(2000):
    database.execute(
        "INSERT INTO intents (environment, profile, digest, sent_at, last_expiry) "
        "VALUES ('production', ?, 'd', 1.0, 1600)", ("profile" * 5 + str(number),)
    )
os.kill(os.getpid(), signal.SIGKILL)
"""
"""A run that is killed while it writes: its journal stays, and a part of what it wrote."""


def test_what_a_killed_run_was_writing_is_taken_back_also_by_who_only_reads(path: Path) -> None:
    with Ledger.open(path) as ledger:
        minted(ledger)
    process = started(KILLED, path)
    process.communicate()
    assert process.returncode == -9
    assert path.with_name("ledger.db-journal").stat().st_size
    with Ledger.open(path, readonly=True) as ledger:
        assert list(ledger.sessions("production")) == ["clinic"]
        assert ledger.open_intents("production", 0) == ()


@pytest.mark.slow
def test_on_a_read_only_disk_that_cannot_be_done_and_is_said() -> None:
    script = """
import sys
from pathlib import Path
from random import Random
try:
    ledger.Ledger.open(Path(sys.argv[1]), readonly=True)
except Exception as error:
    print(error.problems[0].message)
"""
    with ordinary_folder() as folder:
        path = folder / "ledger.db"
        with Ledger.open(path) as ledger:
            minted(ledger)
        started(KILLED, path).communicate()
        path.chmod(0o444)
        path.with_name("ledger.db-journal").chmod(0o444)
        folder.chmod(0o555)
        assert run(script, path, ordinary=True).strip() == (
            f"the ledger `{path}` cannot be used: a run was killed while it wrote, and undoing "
            "that takes a disk that can be written"
        )


def test_a_full_disk_is_said_and_leaves_the_ledger_as_it_was(path: Path) -> None:
    script = """
import resource, sys
from pathlib import Path
from random import Random
opened = ledger.Ledger.open(Path(sys.argv[1]))
resource.setrlimit(resource.RLIMIT_FSIZE, (40_000, 40_000))
many = [ledger.Intent("clinic" * 50, "d1", 1000.5, 1600)] * 1000
try:
    opened.intend("production", many)
except Exception as error:
    print(error.problems[0].code)
print(len(opened.open_intents("production", 0)))
"""
    assert run(script, path) == "ledger-unusable\n0\n"


def test_runs_of_several_environments_share_a_ledger(path: Path) -> None:
    script = """
import sys
from pathlib import Path
from random import Random
environment = sys.argv[2]
with ledger.Ledger.open(Path(sys.argv[1])) as opened:
    for number in range(10):
        [intent] = opened.intend(environment, [ledger.Intent(str(number), "d", 1.0, 9)])
        opened.record(environment, [ledger.Minted(intent, str(number), "d", 9, 1.0)])
"""
    processes = [started(script, path, name) for name in "abcd"]
    assert [process.communicate()[1] for process in processes] == [""] * 4
    with Ledger.open(path) as ledger:
        assert [len(ledger.sessions(name)) for name in "abcd"] == [10] * 4


def test_threads_share_an_open_ledger(ledger: Ledger) -> None:
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(4) as pool:
        numbers = list(pool.map(lambda _: ledger.intend("production", [INTENT])[0], range(40)))
    assert sorted(numbers) == list(range(1, 41))


# ── many at once, and others meanwhile ───────────────────────────────────────────────────────────


def test_as_many_as_there_are_get_a_number_each(ledger: Ledger) -> None:
    many = [replace(INTENT, profile=f"ward-{number}") for number in range(500)]
    numbers = ledger.intend("production", many)
    found = {one.id: one.intent.profile for one in ledger.open_intents("production", 0)}
    assert [found[number] for number in numbers] == [one.profile for one in many]
    ledger.record("production", [Minted(one, found[one], "d", 1600, 1001.0) for one in numbers])
    ledger.delivered(
        "production", [Receipt(one.profile, "dotenv", ".env", (one.profile,)) for one in many]
    )
    sessions = ledger.sessions("production")
    assert sessions.keys() == {one.profile for one in many}
    assert {one.sinks for one in sessions.values()} == {frozenset({("dotenv", ".env")})}


def names(path: Path, environment: str) -> list[Receipt]:
    """What the ledger's file says is an environment's, read anew."""
    with Ledger.open(path, readonly=True) as fresh:
        return in_order(fresh.receipts(environment))


def in_order(receipts: Iterable[Receipt]) -> list[Receipt]:
    by_name = [one._replace(names=tuple(sorted(one.names))) for one in receipts]
    return sorted(by_name, key=lambda one: (one.profile, one.kind, one.target))


def test_what_is_known_of_names_is_what_the_file_says(path: Path) -> None:
    chance = Random(6)
    with Ledger.open(path) as ledger:
        for _ in range(25):
            environment = chance.choice(["production", "staging"])
            receipts = [
                Receipt(profile, "dotenv", chance.choice([".env", ".env.other"]), tuple(held))
                for profile in chance.sample(["a", "b", "c"], chance.randint(1, 3))
                if (held := chance.sample(["A", "B", "C", "D"], chance.randint(1, 3)))
            ]
            chance.choice([ledger.claim, ledger.delivered, ledger.removed])(environment, receipts)
            for one in ("production", "staging"):
                assert in_order(ledger.receipts(one)) == names(path, one)


def test_what_another_run_writes_is_seen(path: Path) -> None:
    with Ledger.open(path) as ledger, Ledger.open(path) as other:
        ledger.claim("production", [RECEIPT])
        assert ledger.receipts("production") == (RECEIPT,)
        other.claim("staging", [RECEIPT._replace(names=RECEIPT.names[:1])])
        assert ledger.receipts("production") == (RECEIPT._replace(names=RECEIPT.names[1:]),)
        other.removed("production", [RECEIPT])
        assert ledger.receipts("production") == ()


def test_of_two_that_claim_one_name_at_once_the_last_has_it(ledger: Ledger) -> None:
    for profile in ("clinic", "ward"):
        [intent] = ledger.intend("production", [replace(INTENT, profile=profile)])
        ledger.record("production", [Minted(intent, profile, "d1", 1600, 1001)])
    both = [RECEIPT._replace(profile=profile, names=("SAME",)) for profile in ("clinic", "ward")]
    ledger.delivered("production", both)
    sinks = {name: one.sinks for name, one in ledger.sessions("production").items()}
    assert sinks == {"clinic": frozenset(), "ward": {("dotenv", ".env")}}
    assert ledger.receipts("production") == (both[1],)
