"""What is held for a command: noted before it leaves, renewed when it grew old, named when lost."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.engine.mints import NOW, Desk, against, at_clock, desk
from tests.engine.scripted import Scripted
from voxmint.engine.edge import Operator
from voxmint.engine.events import Event, SessionMinted
from voxmint.engine.executing import Launch, Start, prepared
from voxmint.engine.handing import Wishes, environment_for
from voxmint.engine.ledger.ledger import Ledger
from voxmint.problems import ProblemsError
from voxmint.secret import Secret

NAMES = ("CLINIC_CLIENT_SECRET", "CLINIC_EXPIRES_AT", "CLINIC_SESSION_ID")


@contextmanager
def launch(
    desk: Desk, *profiles: str, wishes: Wishes | None = None, on_event: Any = None, **operator: Any
) -> Iterator[Launch]:
    """A command that is ready and is not started."""
    start = Start(("sh",), desk.root, wishes or Wishes())
    order = desk.project.order(profiles, ["live"])
    edge = replace(desk.edge(), on_event=on_event or desk.events.append)
    with prepared(desk.project, order, start, Operator(**operator), edge) as ready:
        yield ready


# ── the ledger ───────────────────────────────────────────────────────────────────────────────────


def test_until_the_command_has_them_the_tokens_are_open_in_the_ledger(tmp_path: Path) -> None:
    made = desk(tmp_path)
    with launch(made) as ready:
        assert ready.is_ready
        assert made.open_intents == ["clinic"]
        ready.hand.let_go()
        assert made.open_intents == []
    assert made.sessions == {}


def test_a_command_leaves_alone_what_the_sinks_and_the_ledger_hold(tmp_path: Path) -> None:
    made = desk(tmp_path)
    made.mint()
    before = made.env_file.read_text(), made.sessions
    with launch(made) as ready:
        assert ready.environ["CLINIC_CLIENT_SECRET"] not in before[0]
        ready.hand.let_go()
    assert (made.env_file.read_text(), made.sessions) == before
    assert [entry.is_kept for entry in made.plan().entries] == [True]


def test_what_a_killed_command_left_is_named_by_the_next_run(tmp_path: Path) -> None:
    made = desk(tmp_path)
    with launch(made):
        pass
    with launch(made) as ready:
        assert [one.profile for one in ready.report.unseen] == ["clinic"]


def test_what_a_run_beside_it_is_about_to_get_is_not_nobodys(tmp_path: Path) -> None:
    made = desk(tmp_path)
    with launch(made), launch(made) as ready:
        assert made.open_intents == ["clinic", "clinic"]
        assert ready.report.unseen == ()
        assert made.plan().unseen == ()


# ── tokens that live long enough ─────────────────────────────────────────────────────────────────


class Ageing:
    """Has the clock go on while the first tokens are minted, so that they grow old."""

    def __init__(self, desk: Desk, seconds: float, times: int) -> None:
        self._desk, self._seconds, self._times = desk, seconds, times
        self.minted: list[str] = []

    def __call__(self, event: Event) -> None:
        if isinstance(event, SessionMinted):
            self.minted.append(event.profile)
            if self._times:
                self._times -= 1
                self._desk.now += self._seconds


def test_what_grew_too_old_is_minted_again_before_the_start(tmp_path: Path) -> None:
    made = desk(tmp_path)
    ageing = Ageing(made, 400, times=1)
    with launch(made, on_event=ageing, min_remaining=300.0) as ready:
        assert ready.is_ready
        assert ageing.minted == ["clinic", "clinic"]
        assert int(ready.environ["CLINIC_EXPIRES_AT"]) == NOW + 400 + 600
        [result] = ready.report.results
        assert result.attempts == 2


def test_what_never_lives_long_enough_is_not_started_with(tmp_path: Path) -> None:
    made = desk(tmp_path)
    ageing = Ageing(made, 400, times=99)
    with launch(made, on_event=ageing, min_remaining=300.0) as ready:
        assert not ready.is_ready
        [result] = ready.report.results
        assert result.problem is not None
        assert result.problem.code == "exec-too-short"
        assert result.problem.message == "its token has 3 min 20 s left, and 5 min are needed"
        assert len(ready.report.unseen) == len(ageing.minted) == 4


def test_until_when_a_token_lives_is_told_by_this_machines_clock(tmp_path: Path) -> None:
    # It lives for 100 s, by a clock that is 300 s behind.
    with Scripted(at_clock(-300, lifetime=100)) as server:
        made = against(server, desk(tmp_path))
        with launch(made, min_remaining=500.0) as ready:
            assert not ready.is_ready
            assert ready.report.skew == pytest.approx(-300, abs=1)
            assert ready.report.unseen[0].last_expiry == pytest.approx(NOW + 100, abs=1)


def test_a_lifetime_that_is_too_short_is_refused_before_the_first_request(tmp_path: Path) -> None:
    made = desk(tmp_path)
    with (
        pytest.raises(ProblemsError, match="every token must outlive"),
        launch(made, min_remaining=601.0),
    ):
        pass
    assert not (made.root / ".voxmint").exists()


# ── the environment ──────────────────────────────────────────────────────────────────────────────


def test_constants_of_the_env_file_come_along(tmp_path: Path) -> None:
    more = "sinks: [{kind: dotenv, path: .env.live, constants: {APP_MODE: quick}}]\n"
    made = desk(tmp_path, more=more)
    with launch(made) as ready:
        assert ready.environ["APP_MODE"] == "quick"


def test_an_environment_of_several_env_files_takes_each_profiles_first(tmp_path: Path) -> None:
    more = (
        "sinks:\n"
        "  - {kind: dotenv, path: .env.a, where: {names: [kiosk]}, values: [client_secret],\n"
        '     names: {client_secret: "{profile}_TOKEN"}}\n'
        "  - {kind: dotenv, path: .env.b, prefix: B_}\n"
    )
    made = desk(tmp_path, ("clinic", "kiosk"), more=more)
    with launch(made) as ready:
        names = {name for name in ready.environ if "CLINIC" in name or "KIOSK" in name}
    assert names == {"KIOSK_TOKEN", *(f"B_{name}" for name in NAMES)}


def test_the_report_and_the_launch_show_no_token(tmp_path: Path) -> None:
    made = desk(tmp_path)
    with launch(made) as ready:
        token = ready.environ["CLINIC_CLIENT_SECRET"]
        assert token.startswith("ek_")
        assert token not in repr(ready)
        with Ledger.open(made.root / ".voxmint/ledger.db", readonly=True) as ledger:
            assert token.encode() not in ledger.path.read_bytes()


@pytest.mark.parametrize(
    ("key", "left"),
    [
        (None, {"A", "HOLDS", "OTHER"}),
        (Secret("sk-0123456789"), {"A", "OTHER"}),
        # A key of a few letters would be found anywhere.
        (Secret("x"), {"A", "HOLDS", "OTHER"}),
    ],
)
def test_no_variable_holds_the_key(key: Secret | None, left: set[str]) -> None:
    environ = {"A": "x", "KEY": "x", "HOLDS": "Bearer sk-0123456789", "OTHER": "y", "OLD": "z"}
    found = environment_for(environ, Wishes(), frozenset({"KEY"}), key, ("OLD",))
    assert set(found) == left


def test_only_keeps_a_few_and_those_that_are_named() -> None:
    environ = dict.fromkeys(("PATH", "LC_ALL", "APP_A", "APP_KEY", "X", "LCX"), "v")
    wishes = Wishes(only=True, keep=("APP_*",))
    found = environment_for(environ, wishes, frozenset({"APP_KEY"}), None, ())
    assert set(found) == {"PATH", "LC_ALL", "APP_A"}


def test_a_program_is_looked_for_as_a_shell_does(tmp_path: Path) -> None:
    from voxmint.engine.executing import program_of

    for folder, mode in (("a", 0o644), ("b", 0o755)):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "tool").write_text("#!/bin/sh\n")
        (tmp_path / folder / "tool").chmod(mode)
    environ = {"PATH": os.pathsep.join([str(tmp_path / "none"), "a", str(tmp_path / "b")])}
    assert program_of(Start(("tool",), tmp_path), environ) == tmp_path / "b/tool"
    assert program_of(Start(("b/tool",), tmp_path), {}) == tmp_path / "b/tool"
