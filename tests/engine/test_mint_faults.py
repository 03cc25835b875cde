"""A run that is stopped, killed, or cannot write: what is the case afterwards, and what is said."""

import os
import signal
import sqlite3
import subprocess
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.engine.emulator.talking import eventually
from tests.engine.mints import Desk, against, desk, only, outcomes
from tests.engine.scripted import Answered, Asked, Scripted, each, minted, refused, said
from tests.engine.strange_sinks import offer
from tests.engine.worlds import started
from voxmint.engine.edge import Operator
from voxmint.engine.events import (
    Event,
    Halted,
    Interrupting,
    SessionMinted,
    Waiting,
    Written,
)
from voxmint.engine.mint import mint
from voxmint.engine.report import Report, Result, told_once
from voxmint.engine.stores.wording import STORE_UNREACHABLE
from voxmint.origin import Origin
from voxmint.problems import Problem

WARDS = [f"ward-{number}" for number in range(8)]


def code(result: Result) -> str | None:
    return result.problem.code if result.problem else None


def until_halted(made: Desk, number: int) -> Answered:
    """A token that does not come before the run sends nothing more."""
    eventually(lambda: made.told(Halted) != [])
    return minted(number)


def named(made: Desk) -> set[str]:
    """The profiles whose tokens are in the env file."""
    return {
        name.removesuffix("_CLIENT_SECRET").lower().replace("_", "-")
        for name in made.variables
        if name.endswith("_CLIENT_SECRET")
    }


# ── the sink fails ───────────────────────────────────────────────────────────────────────────────


def test_a_sink_that_breaks_while_it_runs_ends_the_run_and_names_what_is_lost(
    tmp_path: Path,
) -> None:
    def script(number: int, _: Asked) -> Answered:
        if number == 1:
            made.env_file.symlink_to(tmp_path / "elsewhere")
        return minted(number) if number == 1 else until_halted(made, number)

    with Scripted(script) as server:
        made = against(server, desk(tmp_path, WARDS), concurrency=1)
        report = made.mint()
    lost = [result for result in report.results if result.outcome == "unwritten"]
    # The second leaves before that is met, unless this machine is busy elsewhere.
    assert len(lost) == len(server.asked) <= 2
    assert {code(result) for result in lost} == {"file-is-symlink"}
    assert {result.expires_at for result in lost} == {1_800_000_600}
    assert {sink.outcome for result in lost for sink in result.sinks} == {"failed"}
    others = [result for result in report.results if result not in lost]
    assert {(result.outcome, code(result)) for result in others} == {("skipped", "mint-not-tried")}
    assert [event.problem.code for event in made.told(Halted)] == ["file-is-symlink"]
    assert [problem.code for problem in report.problems] == ["file-is-symlink"]
    assert report.exit_code == 1
    assert not (tmp_path / "elsewhere").exists()
    # The ledger knows that they live, and that no sink has them.
    assert {record.sinks for record in made.sessions.values()} == {frozenset()}
    made.env_file.unlink()
    reasons = {entry.profile: entry.reason for entry in made.plan().entries}
    assert set(reasons.values()) == {"the token minted last is in no sink", "no token yet"}


def test_what_could_not_be_written_is_tried_once_more_at_the_end(tmp_path: Path) -> None:
    def script(number: int, _: Asked) -> Answered:
        if number == 1:
            made.env_file.symlink_to(tmp_path / "elsewhere")
        return minted(number) if number == 1 else until_halted(made, number)

    def listener(event: Event) -> None:
        if isinstance(event, Halted):
            made.env_file.unlink()

    with Scripted(script) as server:
        made = against(server, desk(tmp_path, WARDS), concurrency=1)
        report = minted_with(made, listener)
    done = {name for name, outcome in outcomes(report).items() if outcome == "minted"}
    assert 0 < len(done) == len(server.asked) < len(WARDS)
    assert named(made) == done
    assert report.exit_code == 3


def minted_with(made: Desk, listener: Any, **edge: Any) -> Report:
    order = made.project.order([], ["live"])
    made.events = []
    both = made.edge(**edge)
    told = both.on_event

    def on_event(event: Event) -> None:
        told(event)
        listener(event)

    return mint(made.project, order, Operator(), replace(both, on_event=on_event))


def test_of_two_sinks_neither_is_switched_where_one_cannot_be_staged(tmp_path: Path) -> None:
    def script(number: int, _: Asked) -> Answered:
        (made.root / ".env.more").symlink_to(tmp_path / "elsewhere")
        return minted(number)

    sinks = "sinks: [{kind: dotenv, path: .env.live}, {kind: dotenv, path: .env.more}]\n"
    with Scripted(script) as server:
        made = against(server, desk(tmp_path, more=sinks))
        report = made.mint()
    result = only(report)
    assert (result.outcome, code(result)) == ("unwritten", "file-is-symlink")
    assert [sink.outcome for sink in result.sinks] == ["failed", "failed"]
    assert not made.env_file.exists()
    assert [path.name for path in made.root.glob(".env*")] == [".env.more"]


@pytest.mark.parametrize("token", ["ek_with space", "ek_with\nOTHER=1", "ek_$(id)", 'ek_"'])
def test_a_token_that_no_env_file_can_hold_is_refused_by_name(tmp_path: Path, token: str) -> None:
    answer = said({"client_secret": {"value": token, "expires_at": 1_800_000_600}})
    with Scripted(each(answer)) as server:
        made = against(server, desk(tmp_path))
        report = made.mint()
    result = only(report)
    assert (result.outcome, code(result)) == ("unwritten", "sink-value-unfit")
    assert token not in f"{report!r}{report.to_json()}"
    assert not made.env_file.exists()


def test_one_token_that_does_not_fit_is_its_own_affair(tmp_path: Path) -> None:
    odd = said({"client_secret": {"value": "ek_with space", "expires_at": 1_800_000_600}})
    with Scripted(each(minted(1), odd, minted(2))) as server:
        made = against(server, desk(tmp_path, ["a", "b", "c"]), concurrency=1)
        report = made.mint()
    assert outcomes(report) == {"a": "minted", "b": "unwritten", "c": "minted"}
    assert (named(made), report.exit_code) == ({"a", "c"}, 3)


def test_a_ledger_that_breaks_while_it_runs_ends_the_run(tmp_path: Path) -> None:
    def script(number: int, _: Asked) -> Answered:
        if number == 1:
            with sqlite3.connect(made.root / ".voxmint/ledger.db", timeout=60) as database:
                database.execute("DROP TABLE sessions")
            database.close()
        return minted(number) if number == 1 else until_halted(made, number)

    with Scripted(script) as server:
        made = against(server, desk(tmp_path, WARDS), concurrency=1)
        report = made.mint()
    lost = {result.profile for result in report.results if result.outcome == "unwritten"}
    # The second leaves before that is met, unless this machine is busy elsewhere.
    assert len(lost) == len(server.asked) <= 2
    assert {code(result) for result in report.bad} == {"ledger-corrupt", "mint-not-tried"}
    assert (report.exit_code, made.env_file.exists()) == (1, False)


@pytest.mark.parametrize(
    ("table", "halted"), [("sessions", "ledger-corrupt"), ("deliveries", "ledger-behind")]
)
def test_of_a_ledger_that_could_be_written_in_the_end_nothing_is_told_and_nothing_lacks(
    tmp_path: Path, table: str, halted: str
) -> None:
    """Once where the session is put down, once where it is put down that the sink has it."""

    def rename(before: str, after: str) -> None:
        with sqlite3.connect(made.root / ".voxmint/ledger.db", timeout=60) as database:
            database.execute(f"ALTER TABLE {before} RENAME TO {after}")
        database.close()

    def script(number: int, _: Asked) -> Answered:
        rename(table, "elsewhere")
        return minted(number)

    def listener(event: Event) -> None:
        if isinstance(event, Halted):
            rename("elsewhere", table)

    with Scripted(script) as server:
        made = against(server, desk(tmp_path))
        report = minted_with(made, listener)
    assert [event.problem.code for event in made.told(Halted)] == [halted]
    assert (outcomes(report), report.problems, report.exit_code) == ({"clinic": "minted"}, (), 0)
    [record] = made.sessions.values()
    assert (len(record.sinks), made.open_intents) == (1, [])
    assert {entry.action for entry in made.plan().entries} == {"keep"}


def test_what_keeps_tokens_out_and_others_in_is_told_once(tmp_path: Path) -> None:
    def script(number: int, _: Asked) -> Answered:
        if number == 3:
            made.env_file.rename(tmp_path / "elsewhere")
            made.env_file.symlink_to(tmp_path / "elsewhere")
        return minted(number)

    with Scripted(script) as server:
        made = against(server, desk(tmp_path, ["clinic", "gone"]))
        made.mint()
        (made.root / "profiles/gone.yaml").unlink()
        report = made.mint(force=True)
    assert (outcomes(report), report.unpruned) == ({"clinic": "unwritten"}, ("gone",))
    assert [problem.code for problem in report.problems] == ["file-is-symlink"]


def test_of_problems_that_look_the_same_one_is_told() -> None:
    def unreachable(name: str, line: int, said: str = "no answer") -> Problem:
        facts = {"store": "Vault", "said": said, "name": name}
        return Problem(STORE_UNREACHABLE, Origin("environments/live.yaml", line, 5), facts)

    one, other = unreachable("a", 2), unreachable("b", 2)
    assert one != other
    others = [unreachable("a", 3), unreachable("a", 2, "no route")]
    assert told_once([one, other, *others]) == (one, *others)


def test_nothing_leaves_unless_the_ledger_can_say_so(tmp_path: Path) -> None:
    with Scripted(each(minted())) as server:
        made = against(server, desk(tmp_path, WARDS))
        made.mint("ward-0")
        with sqlite3.connect(made.root / ".voxmint/ledger.db", timeout=60) as database:
            database.execute(
                "ALTER TABLE intents ADD COLUMN no TEXT DEFAULT 'no' CHECK (no = 'yes')"
            )
        database.close()
        report = made.mint()
        assert len(server.asked) == 1
    assert {result.outcome for result in report.bad} == {"skipped"}
    assert [event.problem.code for event in made.told(Halted)] == ["ledger-corrupt"]
    assert [problem.code for problem in report.problems] == ["ledger-corrupt"]
    assert report.exit_code == 1


@pytest.fixture
def _strange(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    offer(tmp_path / "packages")
    monkeypatch.syspath_prepend(tmp_path / "packages")


def with_strange(fails: str) -> str:
    return f"sinks: [{{kind: dotenv, path: .env.live}}, {{kind: curious, fails: '{fails}'}}]\n"


@pytest.mark.usefixtures("_strange")
@pytest.mark.parametrize("fails", ["stage", "read"])
def test_a_sink_of_another_package_may_fail_in_any_way(tmp_path: Path, fails: str) -> None:
    with Scripted(each(minted())) as server:
        made = against(server, desk(tmp_path, more=with_strange(fails)))
        report = made.mint()
    result = only(report)
    assert (result.outcome, code(result)) == ("unwritten", "sink-broken")
    assert result.problem is not None
    assert result.problem.message == (
        "the sink `nowhere` failed in a way that it should not: KeyError"
    )
    assert "ek_scripted" not in repr(report)
    # It failed before the first was switched over, so none was.
    assert not made.env_file.exists()


@pytest.mark.usefixtures("_strange")
def test_one_that_fails_at_the_switch_does_not_undo_the_others(tmp_path: Path) -> None:
    with Scripted(each(minted())) as server:
        made = against(server, desk(tmp_path, more=with_strange("switch")))
        report = made.mint()
    result = only(report)
    assert (result.outcome, code(result)) == ("unwritten", "sink-broken")
    assert [sink.outcome for sink in result.sinks] == ["written", "failed"]
    assert named(made) == {"clinic"}


@pytest.mark.usefixtures("_strange")
def test_the_ledger_knows_of_names_before_they_are_written(tmp_path: Path) -> None:
    with Scripted(each(minted())) as server:
        made = against(server, desk(tmp_path, more=with_strange("")))
        made.mint()
    steps = (made.root / "strange.txt").read_text().splitlines()
    assert steps == ["stage", "read", "switch clinic"]


@pytest.mark.usefixtures("_strange")
def test_after_a_failure_nothing_is_written_but_once_more_at_the_end(tmp_path: Path) -> None:
    def script(number: int, _: Asked) -> Answered:
        return minted(number) if number == 1 else until_halted(made, number)

    with Scripted(script) as server:
        made = against(server, desk(tmp_path, WARDS[:2], more=with_strange("stage")), concurrency=2)
        report = made.mint()
    assert outcomes(report) == {"ward-0": "unwritten", "ward-1": "unwritten"}
    assert (made.root / "strange.txt").read_text().splitlines() == ["stage", "stage"]


@pytest.mark.usefixtures("_strange")
def test_names_of_a_token_before_the_last_do_not_count(tmp_path: Path) -> None:
    with Scripted(each(minted())) as server:
        made = against(server, desk(tmp_path))
        made.mint()
        text = (made.root / "environments/live.yaml").read_text()
        sinks = "sinks: [{kind: dotenv, path: .env.live}]\n"
        made.write("environments/live.yaml", text.replace(sinks, with_strange("stage")))
        made.mint()
        made.write("environments/live.yaml", text)
    # The file holds a token, but not the one that the ledger knows: that one was never written.
    assert named(made) == {"clinic"}
    [entry] = made.plan().entries
    assert (entry.action, entry.reason) == ("renew", "the token minted last is in no sink")


def test_what_was_cleared_and_never_left_is_not_said_to_be_open(tmp_path: Path) -> None:
    def script(number: int, _: Asked) -> Answered:
        if number == 5:
            return refused(401, "invalid_api_key", "no")
        return until_halted(made, number) if number in {2, 3, 4} else minted(number)

    with Scripted(script) as server:
        # The first is answered while three others wait, and with the fifth, three more are cleared.
        made = against(server, desk(tmp_path, WARDS), concurrency=4)
        report = made.mint()
        assert len(server.asked) == 5
    assert list(outcomes(report).values()).count("skipped") == 3
    assert (made.open_intents, report.unseen) == ([], ())


def test_a_pause_holds_also_for_what_was_cleared_before(tmp_path: Path) -> None:
    asked: list[int] = []

    def script(number: int, _: Asked) -> Answered:
        if number == 5:
            return refused(429, "rate_limit_exceeded", "later", Retry_After="30")
        if number in {2, 3, 4}:
            eventually(lambda: made.told(Waiting) != [])
        if number == 2:
            # What leaves in spite of the pause would have come by now.
            threading.Event().wait(0.1)
            asked.append(len(server.asked))
            made.stop.ask()
        elif number in {3, 4}:
            eventually(lambda: asked != [])
        return minted(number)

    with Scripted(script) as server:
        made = against(server, desk(tmp_path, WARDS), concurrency=4)
        made.mint()
    assert asked == [5]


# ── the run is stopped ───────────────────────────────────────────────────────────────────────────


def test_asked_once_a_run_finishes_what_is_under_way_and_begins_nothing(tmp_path: Path) -> None:
    def script(number: int, _: Asked) -> Answered:
        if number == 3:
            made.stop.ask()
        return minted(number, pause=0.02)

    with Scripted(script) as server:
        made = against(server, desk(tmp_path, WARDS), concurrency=1)
        report = made.mint()
        assert len(server.asked) == 3
    assert outcomes(report) == {
        **dict.fromkeys(WARDS[:3], "minted"),
        **dict.fromkeys(WARDS[3:], "skipped"),
    }
    assert named(made) == set(WARDS[:3])
    assert {code(result) for result in report.bad} == {"mint-not-tried"}
    assert (report.is_interrupted, report.exit_code) == (True, 130)
    assert [problem.code for problem in report.problems] == ["mint-interrupted"]
    assert [event.in_flight for event in made.told(Interrupting)] == [1]
    assert made.open_intents == []


def test_what_does_not_come_in_its_grace_is_dropped_and_named(tmp_path: Path) -> None:
    def script(number: int, _: Asked) -> Answered:
        if number == 2:
            made.stop.ask()
        return minted(number, pause=60 if number == 2 else 0)

    with Scripted(script) as server:
        made = against(server, desk(tmp_path, WARDS[:3]), concurrency=1)
        made.patience = replace(made.patience, grace=0.1)
        report = made.mint()
    assert outcomes(report) == {"ward-0": "minted", "ward-1": "failed", "ward-2": "skipped"}
    assert [code(result) for result in report.bad] == ["mint-unanswered", "mint-not-tried"]
    assert [one.profile for one in report.unseen] == made.open_intents == ["ward-1"]
    assert (named(made), report.exit_code) == ({"ward-0"}, 130)


def test_asked_twice_a_run_drops_what_is_under_way_at_once(tmp_path: Path) -> None:
    def script(number: int, _: Asked) -> Answered:
        if number == 2:
            made.stop.ask()
            made.stop.ask()
        return minted(number, pause=60 if number == 2 else 0)

    with Scripted(script) as server:
        made = against(server, desk(tmp_path, WARDS[:3]), concurrency=1)
        report = made.mint()
    assert outcomes(report) == {"ward-0": "minted", "ward-1": "failed", "ward-2": "skipped"}
    assert named(made) == {"ward-0"}


def test_a_stop_after_the_last_answer_interrupts_nothing(tmp_path: Path) -> None:
    def listener(event: Event) -> None:
        if isinstance(event, SessionMinted):
            made.stop.ask()

    with Scripted(each(minted())) as server:
        made = against(server, desk(tmp_path))
        report = minted_with(made, listener)
    assert (outcomes(report), report.exit_code) == ({"clinic": "minted"}, 0)
    assert named(made) == {"clinic"}


_MINT = """
import sys
from dataclasses import replace
from pathlib import Path
from tests.engine.mints import Desk, outcomes
from voxmint.engine.edge import Operator
from voxmint.engine.events import Interrupting
from voxmint.engine.mint import mint
desk = Desk(Path(sys.argv[1]), {"THE_KEY": "k", "VOXMINT_ALLOW_HOSTS": "127.0.0.1"})
order = desk.project.order([], ["live"])
stopping = Path(sys.argv[1] + ".stopping")
def told(event):
    if isinstance(event, Interrupting):
        stopping.touch()
edge = replace(desk.edge(signals=True), on_event=told)
report = mint(desk.project, order, Operator(), edge)
print(report.exit_code, sorted(set(outcomes(report).values())))
"""


class Victim:
    """A mint in another process that a scripted server sends a signal to at some request.

    That one is answered when the mint has heeded the signal, unless that has killed it.
    """

    def __init__(self, at: int, number: int) -> None:
        self.process: subprocess.Popen[str] | None = None
        self._at = at
        self._signal = number
        self._stopping = Path()
        self._is_started = threading.Event()

    def __call__(self, number: int, _: Asked) -> Answered:
        if number == self._at:
            assert self._is_started.wait(120)
            assert self.process is not None
            os.kill(self.process.pid, self._signal)
            if self._signal != signal.SIGKILL:
                eventually(self._stopping.exists)
        return minted(number, pause=0.03)

    def run(self, made: Desk) -> tuple[int, str]:
        self._stopping = made.root.with_name("project.stopping")
        self.process = started(_MINT, made.root)
        self._is_started.set()
        output, errors = self.process.communicate(timeout=120)
        assert "Traceback" not in errors
        return self.process.returncode, output.strip()


@pytest.mark.parametrize(
    "number", [signal.SIGINT, pytest.param(signal.SIGTERM, marks=pytest.mark.slow)]
)
def test_a_signal_stops_a_run_and_what_was_minted_is_kept(tmp_path: Path, number: int) -> None:
    victim = Victim(3, number)
    with Scripted(victim) as server:
        made = against(server, desk(tmp_path, WARDS), concurrency=1)
        assert victim.run(made) == (0, "130 ['minted', 'skipped']")
    assert named(made) == {f"ward-{index}" for index in range(3)}


@pytest.mark.parametrize("at", [4, *(pytest.param(at, marks=pytest.mark.slow) for at in (1, 12))])
def test_a_killed_run_leaves_files_whole_and_the_next_one_names_what_may_live(
    tmp_path: Path, at: int
) -> None:
    names = [f"ward-{number:02}" for number in range(40)]
    victim = Victim(at, signal.SIGKILL)
    with Scripted(victim) as server:
        made = against(server, desk(tmp_path, names), concurrency=2)
        made.env_file.write_text("OTHER=mine\n")
        code, _ = victim.run(made)
        assert code == -signal.SIGKILL
        asked = len(server.asked)
        written = named(made)
        unseen = {one.profile for one in made.plan().unseen}
        known = {name for name, record in made.sessions.items() if record.expires_at}
        # Each request that left is accounted for: its token is written, known, or may live.
        assert asked <= len(known) + len(unseen)
        assert written <= known
        assert made.env_file.read_text().startswith("OTHER=mine\n")
        report = made.mint()
    assert {one.profile for one in report.unseen} == unseen
    assert set(outcomes(report).values()) <= {"minted", "kept"}
    assert written == {name for name, one in outcomes(report).items() if one == "kept"}
    assert named(made) == set(names)
    assert not [path for path in made.root.iterdir() if path.suffix == ".tmp"]


def test_tokens_are_written_in_groups(tmp_path: Path) -> None:
    def script(number: int, _: Asked) -> Answered:
        # All others come at once, when the first one is in its place.
        if number > 1:
            eventually(lambda: made.told(Written) != [])
        return minted(number)

    with Scripted(script) as server:
        made = against(server, desk(tmp_path, WARDS), concurrency=len(WARDS))
        made.mint()
    counts = [event.count for event in made.told(Written)]
    assert sum(counts) == len(WARDS)
    assert 1 < len(counts) < len(WARDS)
