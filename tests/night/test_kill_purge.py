"""Purges that are killed at any moment, into each sink that writes files.

As in `test_kill.py`, each is a process of its own, killed by SIGKILL from outside at a random time
or by itself at a random step, and chance is seeded.
"""

import os
import random
import signal
import time
from collections.abc import Sequence
from contextlib import suppress
from hashlib import sha256
from pathlib import Path

import pytest

from tests.engine.emulator.talking import eventually
from tests.engine.mints import Desk, against, desk, outcomes
from tests.engine.scripted import EXPIRES_AT, Scripted, minted
from tests.night.forking import Nursery, Started
from tests.night.forms import FORMS, Form
from tests.night.nights import untidy
from voxmint.engine.ledger.ledger import Ledger

WARDS = [f"ward-{number:02}" for number in range(12)]
KILLS = 10
"""How many times a project is purged and killed in one test."""
LONGEST = 0.06
"""Seconds within which a run is killed from outside, from when it has the sink's lock: the rest of
it takes about as long."""
STEPS = 2000
"""About how many steps that rest takes; with a file for each profile it is twice as many."""
CHOICES: Sequence[Sequence[str]] = ([], ["ward-0*"], ["ward-03", "ward-07"], ["!ward-00"])
"""What is asked for: everything, or some of it."""


@pytest.mark.slow
@pytest.mark.parametrize("from_outside", [True, False])
@pytest.mark.parametrize("form", FORMS)
def test_killed_while_it_takes_out(
    tmp_path: Path, nursery: Nursery, form: str, from_outside: bool
) -> None:
    killed(tmp_path, nursery, form, KILLS, from_outside=from_outside)


@pytest.mark.parametrize("form", ["json", "directory"])
def test_killed_once(tmp_path: Path, nursery: Nursery, form: str) -> None:
    killed(tmp_path, nursery, form, 1, from_outside=False)


def killed(tmp_path: Path, nursery: Nursery, name: str, kills: int, *, from_outside: bool) -> None:
    chance = random.Random(f"{name} {from_outside}")
    form = FORMS[name]
    with Scripted(lambda number, _: minted(number)) as server:
        made = against(server, project(tmp_path, form), concurrency=6)
        for kill in range(kills):
            fill(made, form)
            asked = chance.choice(CHOICES)
            step = chance.randrange(STEPS * (2 if name.endswith("-each") else 1))
            after = chance.uniform(0, LONGEST)
            about = f"{name}, kill {kill} of {asked}: {after if from_outside else step}"
            lock = lock_of_the_sink(made)
            run = start(nursery, made, *asked, at_step=None if from_outside else step, after=lock)
            if from_outside:
                eventually(lock.exists)
                time.sleep(after)
                with suppress(ProcessLookupError):
                    os.kill(run.process, signal.SIGKILL)
            code = nursery.ended(run)
            assert code in {0, -signal.SIGKILL}, f"{about}\n{run.said}"
            check_after_kill(made, form, run.said, about)
            check_next_purge(made, form, nursery, about)
        assert len(server.asked) == kills * len(WARDS)


def project(folder: Path, form: Form) -> Desk:
    made = desk(folder, WARDS, more=f"sinks: [{{kind: {form.kind}, {form.settings}}}]\n")
    made.write(".gitignore", "*\n")
    for name, text in form.foreign.items():
        made.write(name, text)
    return made


def fill(made: Desk, form: Form) -> None:
    """Mints, so that there is something to take out of the sink for every profile."""
    assert set(outcomes(made.mint()).values()) == {"minted"}
    assert set(form.read(made.root)) == set(WARDS)


def lock_of_the_sink(made: Desk) -> Path:
    """The file of the lock that a run takes when it has looked; it is away until then."""
    environment = sha256(b"the environment live").hexdigest()
    [lock] = [
        path
        for path in (made.root / ".voxmint/locks").iterdir()
        if not environment.startswith(path.stem)
    ]
    lock.unlink()
    return lock


def start(
    nursery: Nursery,
    made: Desk,
    *asked: str,
    at_step: int | None = None,
    after: Path | None = None,
) -> Started:
    words = ["purge", "-e", "live", *asked, "--yes"]
    output = made.root.parent / "output"
    return nursery.start(made.root, words, made.environ, output, at_step=at_step, after=after)


def receipts(made: Desk) -> set[str]:
    """The profiles of which the sink holds something, as the ledger has it."""
    with Ledger.open(made.root / ".voxmint/ledger.db", readonly=True) as ledger:
        return {one.profile for one in ledger.receipts("live")}


def said_removed(said: str) -> set[str]:
    lines = (line.split() for line in said.splitlines())
    return {words[1] for words in lines if words[:1] == ["removed"] and words[1] in WARDS}


def check_after_kill(made: Desk, form: Form, said: str, about: str) -> None:
    """That all files are whole, and that nothing is called removed that is there."""
    held = form.read(made.root)
    sessions = made.sessions
    for profile, one in held.items():
        assert None not in one, about
        assert one.session_id == sessions[profile].session_id, about
    assert set(held) <= receipts(made), about
    assert not set(held) & said_removed(said), about
    # What is out lives on, and is known: no token is forgotten before it ends.
    assert {one.expires_at for one in sessions.values()} == {EXPIRES_AT}, about
    assert set(sessions) == set(WARDS), about


def check_next_purge(made: Desk, form: Form, nursery: Nursery, about: str) -> None:
    """That the next one takes out what is left, says so, and leaves all tidy."""
    left = receipts(made)
    run = start(nursery, made)
    assert nursery.ended(run) == 0, f"{about}\n{run.said}"
    assert said_removed(run.said) == left, f"{about}\n{run.said}"
    assert form.read(made.root) == {}, about
    assert receipts(made) == set(), about
    assert untidy(made.root) == [], about
    for name, text in form.foreign.items():
        assert (made.root / name).read_text() == text, about
