"""The keyring, by the package `keyring`, with one in memory behind it."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from keyring.errors import (
    PasswordSetError,
)

from tests.stores.keyrings import (
    MARKS,
    NAME,
    STAGED,
    TOKENS,
    InMemory,
    KeyringInMemory,
    KeyringOf,
    failing,
    problem_of,
    written,
)
from voxmint.engine.sinks.contract import Change, Finished, SinkOutcome, Unfinished
from voxmint.engine.stores.keyring import _Keyring
from voxmint.engine.stores.keyring_backends import Steady
from voxmint.problems import ProblemsError
from voxmint.testing.sink_contract import (
    FAILED,
    UNCHANGED,
    WRITTEN,
    Destination,
    SinkContract,
    delivering,
    known,
    session,
)


@pytest.fixture
def store(keyring_in_memory: InMemory, tmp_path: Path) -> KeyringInMemory:
    return KeyringInMemory(keyring_in_memory, tmp_path)


class TestAnEntryForEachProfile(SinkContract):
    @pytest.fixture
    def destination(self, store: KeyringInMemory) -> Destination:
        return store


class TestAnEntryForTheEnvironment(SinkContract):
    @pytest.fixture
    def destination(self, keyring_in_memory: InMemory, tmp_path: Path) -> Destination:
        return KeyringInMemory(keyring_in_memory, tmp_path, name="{environment}")


# ── what an entry is ─────────────────────────────────────────────────────────────────────────────


def test_the_ledger_knows_it_by_its_name(store: KeyringInMemory) -> None:
    sink = store.sink("clinic")
    assert (sink.kind, sink.address) == ("keyring", "production/{profile}")


def test_marks_are_an_entry_of_their_own(store: KeyringInMemory) -> None:
    one = session("clinic")._replace(digest="v1:0f", commit="c0ffee")
    store.sink("clinic").write(Change((one,)))
    assert store.marks() == {
        "managed-by": "voxmint",
        "voxmint-environment": "production",
        "voxmint-profile": "clinic",
        "voxmint-digest": "v1:0f",
        "voxmint-commit": "c0ffee",
        "voxmint-expires-at": str(one.expires_at),
        "voxmint-session-id": "sess_1",
    }
    store.sink("clinic").write(Change((session("clinic", 2)._replace(session_id=None),)))
    assert "voxmint-session-id" not in store.marks()
    assert set(store.backend.held) == {(TOKENS, NAME), (MARKS, NAME)}


def test_marks_of_others_stay(store: KeyringInMemory) -> None:
    written(store)
    text = json.dumps({**store.marks(), "team": "desks", "number": 7})
    store.backend.set_password(MARKS, NAME, text)
    written(store, 2)
    assert store.marks()["team"] == "desks"


def test_it_may_be_the_token_alone(keyring_in_memory: InMemory, tmp_path: Path) -> None:
    store = KeyringInMemory(keyring_in_memory, tmp_path, payload="token")
    written(store)
    assert store.get(TOKENS) == known("clinic")["client_secret"]
    assert store.sink("clinic").write(delivering("clinic")) == {"clinic": UNCHANGED}


def test_taken_out_nothing_of_it_is_left(store: KeyringInMemory) -> None:
    written(store)
    store.sink("clinic").stage(delivering("clinic", number=2)).read_back()
    store.sink("clinic").write(Change(remove=frozenset({"clinic"})))
    assert store.backend.held == {}


def test_one_that_is_gone_is_missing_whatever_marks_it_left(store: KeyringInMemory) -> None:
    written(store)
    store.backend.delete_password(TOKENS, NAME)
    assert store.sink("clinic").holds() == frozenset()
    written(store, 2)


def test_what_a_killed_run_staged_is_taken_over(store: KeyringInMemory) -> None:
    written(store)
    # Never left: as a run that was killed leaves it.
    store.sink("clinic").stage(delivering("clinic", number=2)).read_back()
    assert store.get(STAGED) is not None
    assert store.read()["clinic"] == known("clinic")
    written(store, 3)
    assert store.get(STAGED) is None
    assert store.read()["clinic"] == known("clinic", 3)


# ── what stands in the way ───────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("marks", [None, "{}", "[]", "no JSON", "[" * 100_000])
def test_what_voxmint_did_not_write_is_refused_and_with_adopt_taken_over(
    store: KeyringInMemory, marks: str | None
) -> None:
    store.backend.set_password(TOKENS, NAME, "theirs")
    if marks is not None:
        store.backend.set_password(MARKS, NAME, marks)
    assert problem_of(store).code == "store-foreign"
    assert store.get(TOKENS) == "theirs"
    store.around["adopts"] = True
    written(store)
    store.around["adopts"] = False
    written(store, 2)


def test_another_environment_s_entry_is_refused(
    keyring_in_memory: InMemory, tmp_path: Path
) -> None:
    store = KeyringInMemory(keyring_in_memory, tmp_path, name="{profile}")
    store.around["environment"] = "staging"
    written(store)
    store.around["environment"] = "production"
    assert "for the environment `staging`" in problem_of(store).message
    assert store.sink("clinic").holds() == frozenset()


@pytest.mark.parametrize("is_new", [True, False])
def test_what_was_written_meanwhile_is_not_lost(store: KeyringInMemory, is_new: bool) -> None:
    if not is_new:
        written(store)
    sink = store.sink("clinic")
    with sink.locked(), sink.stage(delivering("clinic", number=2)) as staged:
        staged.read_back()
        store.backend.set_password(TOKENS, NAME, "theirs")
        with pytest.raises(ProblemsError) as raised:
            staged.switch()
    assert [problem.code for problem in raised.value.problems] == ["store-changed"]
    assert store.get(TOKENS) == "theirs"
    assert store.get(STAGED) is None


def test_a_value_with_other_marks_than_those_looked_at_is_not_read(store: KeyringInMemory) -> None:
    written(store)
    kept = _Keyring(Steady(store.backend))
    version = kept.look(NAME).version
    assert kept.read(NAME, version) is not None
    written(store, 2)
    assert kept.read(NAME, version) is None


@pytest.mark.parametrize("is_new", [True, False])
def test_what_could_not_be_switched_is_finished_later(store: KeyringInMemory, is_new: bool) -> None:
    if not is_new:
        written(store)
    sink = store.sink("clinic")
    with sink.locked(), sink.stage(delivering("clinic", number=2)) as staged:
        [pending] = staged.pending
        with store.locked(), pytest.raises(ProblemsError):
            staged.switch()
    assert store.read() == ({} if is_new else {"clinic": known("clinic")})
    left = Unfinished(session("clinic", 2), pending.version, pending.before)
    assert store.sink("clinic").finish([left]) == Finished({"clinic": WRITTEN})
    assert store.read() == {"clinic": known("clinic", 2)}
    assert set(store.backend.held) == {(TOKENS, NAME), (MARKS, NAME)}
    assert store.sink("clinic").finish([left]) == Finished({"clinic": UNCHANGED})


def test_what_another_run_staged_since_is_left_to_it(store: KeyringInMemory) -> None:
    written(store)
    sink = store.sink("clinic")
    with sink.locked(), sink.stage(delivering("clinic", number=2)) as staged:
        [pending] = staged.pending
        store.sink("clinic").stage(delivering("clinic", number=3)).read_back()
        with pytest.raises(ProblemsError, match="did not read back"):
            staged.read_back()
    left = Unfinished(session("clinic", 2), pending.version, pending.before)
    assert store.sink("clinic").finish([left]) == Finished()
    assert "ek_canary_clinic_3" in str(store.get(STAGED))


def tried(store: KeyringOf, number: int) -> tuple[Mapping[str, SinkOutcome], str]:
    """What becomes of a write, and what is said of it."""
    try:
        return store.sink("clinic").write(delivering("clinic", number=number)), ""
    except ProblemsError as error:
        return {"clinic": FAILED}, str(error)


MISSING = [("get", TOKENS)]
THERE = [*MISSING, ("get", MARKS)]
STAGING = [("set", STAGED), ("get", STAGED)]
SWITCHED = [("set", TOKENS), ("set", MARKS), ("get", STAGED), ("delete", STAGED)]
RENEWED = [*THERE, *STAGING, *THERE, *SWITCHED]
MADE = [*MISSING, *STAGING, *MISSING, ("set", MARKS), *SWITCHED]


def test_a_write_asks_no_more_than_it_has_to(store: KeyringInMemory) -> None:
    written(store)
    assert store.backend.calls == MADE
    store.backend.calls.clear()
    written(store, 2)
    assert store.backend.calls == RENEWED


@pytest.mark.parametrize("number", range(len(RENEWED)))
@pytest.mark.parametrize("times", [-1, 1])
@pytest.mark.parametrize("kind", [OSError, SystemExit])
def test_whichever_call_fails_the_old_value_or_the_new_one_is_there(
    store: KeyringInMemory, number: int, times: int, kind: type[BaseException]
) -> None:
    written(store)
    with failing(store.backend, kind("ek_canary"), number, times):
        outcomes, said = tried(store, 2)
    assert "canary" not in said
    expected = [known("clinic", 2)] if outcomes == {"clinic": WRITTEN} else [known("clinic")]
    if RENEWED[number] == ("set", MARKS):
        # It is in place, and its marks tell of the one before: the next run sets them.
        expected = [known("clinic", 2)]
    assert store.read()["clinic"] in expected
    written(store, 3)
    assert store.read()["clinic"] == known("clinic", 3)
    assert store.marks()["voxmint-session-id"] == "sess_3"
    assert set(store.backend.held) == {(TOKENS, NAME), (MARKS, NAME)}


@pytest.mark.parametrize("is_new", [True, False])
def test_a_write_whose_answer_is_lost_is_found_to_be_done(
    store: KeyringInMemory, is_new: bool
) -> None:
    if not is_new:
        written(store)
    store.backend.fails_late = True
    number = (MADE if is_new else RENEWED).index(("set", TOKENS))
    with failing(store.backend, OSError("ek_canary"), number, 1):
        written(store, 2)
    assert store.read() == {"clinic": known("clinic", 2)}
    assert store.marks()["voxmint-session-id"] == "sess_2"
    assert set(store.backend.held) == {(TOKENS, NAME), (MARKS, NAME)}


@pytest.mark.parametrize("number", range(len(MADE)))
@pytest.mark.parametrize("times", [-1, 1])
def test_whichever_call_fails_a_new_entry_is_there_with_its_next_write(
    store: KeyringInMemory, number: int, times: int
) -> None:
    with failing(store.backend, PasswordSetError("ek_canary"), number, times):
        assert "canary" not in tried(store, 1)[1]
    written(store, 2)
    assert store.read() == {"clinic": known("clinic", 2)}
    assert set(store.backend.held) == {(TOKENS, NAME), (MARKS, NAME)}


@pytest.mark.parametrize("error", [PasswordSetError(), SystemExit("ek_canary")])
def test_one_that_could_not_be_adopted_is_its_owner_s_still(
    store: KeyringInMemory, error: BaseException
) -> None:
    store.backend.set_password(TOKENS, NAME, "theirs")
    store.around["adopts"] = True

    def fail() -> None:
        if store.backend.calls[-1] == ("set", TOKENS):
            raise error

    store.backend.failing = fail
    with pytest.raises(ProblemsError):
        store.sink("clinic").write(delivering("clinic"))
    assert (store.get(TOKENS), store.get(MARKS)) == ("theirs", None)


def test_a_locked_one_is_told_before_anything_is_minted(store: KeyringInMemory) -> None:
    with store.locked():
        problem = problem_of(store)
    assert problem.message == "the keyring is locked: nobody unlocked it"
    assert "docs/stores/keyring.md" in str(problem.hint)


@pytest.mark.parametrize(
    ("settings", "code"),
    [
        ({"name": "tokens {profile}"}, "store-name-invalid"),
        ({"name": "t" * 200 + "{profile}"}, "store-name-invalid"),
        ({"names": {"profiles": {"clinic": "ward/7"}}}, "store-name-clash"),
    ],
)
def test_wrong_settings_are_told_from_files_alone(
    keyring_in_memory: InMemory, tmp_path: Path, settings: dict[str, Any], code: str
) -> None:
    found = (
        KeyringInMemory(keyring_in_memory, tmp_path, **settings).sink("clinic", "ward/7").flaws()
    )
    assert {one.code for one in found} == {code}
    assert keyring_in_memory.calls == []
