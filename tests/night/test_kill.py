"""Mints that are killed at any moment, hundreds of times, into each sink that writes files.

Each is a process of its own, killed by SIGKILL after its first request has left: from outside at a
random time, or by itself at a random one of the steps by which it keeps what was minted. Chance is
seeded, so a failure names the kill that led to it.
"""

import os
import random
import signal
import threading
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.engine.mints import KEY, Desk, against, desk
from tests.engine.scripted import Answered, Asked, Scripted, minted
from tests.night.forking import Nursery, Started
from tests.night.forms import FORMS, Form, unproven
from tests.night.nights import untidy

WARDS = [f"ward-{number:02}" for number in range(12)]
KILLS = 10
"""How many times a project is killed, one run after another, in one test."""
BATCHES = 5
"""How many such tests there are for each form and each manner of killing."""
LONGEST = 0.7
"""Seconds after the first request within which a run is killed: a whole one takes about as long."""
STEPS = 3500
"""About how many steps a whole run takes to keep what it mints."""


@dataclass
class Ward:
    """A project whose runs are killed, and the server that they mint at.

    `arrived` are the session ids of the requests that reached the server in the run under way.
    """

    desk: Desk
    form: Form
    nursery: Nursery
    chance: random.Random
    started: Started = field(init=False)
    arrived: list[str] = field(default_factory=list)
    begun: threading.Event = field(default_factory=threading.Event)
    runs: set[str] = field(default_factory=set)
    earlier: set[str] = field(default_factory=set)
    turn: threading.Lock = field(default_factory=threading.Lock)

    def answer(self, number: int, asked: Asked) -> Answered:
        run = asked.headers["x-client-request-id"].rpartition("-")[0]
        with self.turn:
            if run in self.earlier:
                # It lay in the network when its run was killed.
                return minted(number)
            self.runs.add(run)
            self.arrived.append(f"sess_{number}")
            (self.desk.root.parent / "begun").touch()
            self.begun.set()
            # Several groups are written in the course of a run.
            return minted(number, pause=self.chance.uniform(0.05, 0.2))

    def run(self, *arguments: str, at_step: int | None = None, after: float | None = None) -> int:
        """Run a mint, killed where that is asked; how it ended."""
        begun = self.desk.root.parent / "begun"
        with self.turn:
            self.earlier |= self.runs
            self.arrived.clear()
            self.begun.clear()
            begun.unlink(missing_ok=True)
        self.started = self.nursery.start(
            self.desk.root,
            ["mint", "-e", "live", *arguments],
            self.desk.environ,
            self.desk.root.parent / "output",
            at_step=at_step,
            after=begun,
        )
        if after is not None:
            assert self.begun.wait(120)
            time.sleep(after)
            with suppress(ProcessLookupError):
                os.kill(self.started.process, signal.SIGKILL)
        return self.nursery.ended(self.started)

    @property
    def output(self) -> str:
        return self.started.said


def test_every_sink_that_writes_files_is_killed() -> None:
    assert unproven() == set()


@pytest.mark.slow
@pytest.mark.parametrize("batch", range(BATCHES))
@pytest.mark.parametrize("form", FORMS)
def test_killed_from_outside(tmp_path: Path, nursery: Nursery, form: str, batch: int) -> None:
    killed(tmp_path, nursery, form, batch, from_outside=True)


@pytest.mark.slow
@pytest.mark.parametrize("batch", range(BATCHES))
@pytest.mark.parametrize("form", FORMS)
def test_killed_at_a_step(tmp_path: Path, nursery: Nursery, form: str, batch: int) -> None:
    killed(tmp_path, nursery, form, batch, from_outside=False)


@pytest.mark.parametrize("form", ["dotenv", "directory"])
def test_killed_once(tmp_path: Path, nursery: Nursery, form: str) -> None:
    killed(tmp_path, nursery, form, batch=-1, from_outside=False, kills=1)


def killed(
    tmp_path: Path,
    nursery: Nursery,
    form: str,
    batch: int,
    *,
    from_outside: bool,
    kills: int = KILLS,
) -> None:
    chance = random.Random(f"{form} {batch} {from_outside}")
    ward: Ward

    def script(number: int, asked: Asked) -> Answered:
        return ward.answer(number, asked)

    with Scripted(script) as server:
        made = against(server, project(tmp_path, FORMS[form]), concurrency=3)
        ward = Ward(made, FORMS[form], nursery, chance)
        for kill in range(kills):
            before = intents(made)
            if from_outside:
                when = {"after": chance.uniform(0, LONGEST)}
            else:
                when = {"at_step": chance.randrange(STEPS)}
            code = ward.run("--force", **when)  # type: ignore[arg-type]
            about = f"{form}, batch {batch}, kill {kill}: {when}"
            assert code in {0, -signal.SIGKILL}, f"{about}\n{ward.output}"
            check_after_kill(ward, before, about)
            check_next_run(ward, about)


def project(folder: Path, form: Form) -> Desk:
    sinks = f"sinks: [{{kind: {form.kind}, {form.settings}}}]\n"
    made = desk(folder, WARDS, more=sinks)
    made.write(".gitignore", "*\n")
    for name, text in form.foreign.items():
        made.write(name, text)
    return made


def intents(made: Desk) -> int:
    return len(made.open_intents) if (made.root / ".voxmint/ledger.db").exists() else 0


def check_after_kill(ward: Ward, before: int, about: str) -> None:
    """That all files are whole, and every request that arrived is known, or named as possible."""
    sessions = ward.desk.sessions
    known = {record.session_id: record for record in sessions.values()}
    possible = intents(ward.desk) - before
    assert len(ward.arrived) <= len(known.keys() & {*ward.arrived}) + possible, about
    held = ward.form.read(ward.desk.root)
    for profile, one in held.items():
        # What a file holds of a profile is of one session, whichever that is.
        assert None not in one, about
        assert (one.token or "")[-6:] == f"{int((one.session_id or '')[5:]):06}", about
        # A file is never ahead of the ledger: what it holds new was recorded before.
        if one.session_id in ward.arrived:
            assert sessions[profile].session_id == one.session_id, about


def check_next_run(ward: Ward, about: str) -> None:
    """That the next run mints what is not known to be in its place, and no more; all is tidy then.

    Killed between a switch and the word of it to the ledger, a run leaves sessions in their place
    that no ledger vouches for; they are minted again.
    """
    made = ward.desk
    sessions, held = made.sessions, ward.form.read(made.root)
    sound = {name for name, record in sessions.items() if record.sinks}
    for name in sound:
        # The ledger is never ahead of the files.
        assert held[name].session_id == sessions[name].session_id, about
    possible = intents(made)
    assert ward.run() == 0, f"{about}\n{ward.output}"
    assert len(ward.arrived) == len(WARDS) - len(sound), about
    assert intents(made) == possible, about
    assert bool(possible) == (" nobody has may live until " in ward.output), about
    after = ward.form.read(made.root)
    assert set(after) == set(WARDS), about
    for name, record in made.sessions.items():
        assert after[name].session_id == record.session_id, about
        assert (name in sound) <= (after[name] == held.get(name)), about
    assert untidy(made.root) == [], about
    assert KEY not in ward.output
    assert "Traceback" not in ward.output
