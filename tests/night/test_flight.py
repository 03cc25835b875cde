"""Two runs of one environment at once: the second waits, says for whom, and mints nothing again."""

import os
import shutil
import signal
import threading
from pathlib import Path

import pytest

from tests.engine.mints import Desk, against, desk
from tests.engine.scripted import Answered, Asked, Scripted, minted
from tests.night.forking import Nursery, Started

WARDS = ["ward-1", "ward-2", "ward-3"]


class Gate:
    """A server whose first answer waits until it is let go."""

    def __init__(self) -> None:
        self.asked = threading.Event()
        self.open = threading.Event()

    def __call__(self, number: int, _: Asked) -> Answered:
        self.asked.set()
        assert self.open.wait(120)
        return minted(number)


PATIENT = [f"--{of}timeout=20m" for of in ("", "lock-", "request-", "connect-")]
"""However long others take on a busy machine."""


def mint(nursery: Nursery, made: Desk, name: str, *more: str) -> Started:
    words, output = ["mint", "-e", "live", *PATIENT, *more], made.root.parent / f"{name}.out"
    return nursery.start(made.root, words, made.environ, output)


def until_said(run: Started, text: str) -> None:
    given_up = threading.Event()
    for _ in range(2400):
        if run.output.exists() and text in run.said:
            return
        given_up.wait(0.05)
    raise AssertionError(f"{text!r} was never said:\n{run.said}")


@pytest.mark.parametrize("are_apart", [False, True])
def test_two_runs_do_not_mint_twice(tmp_path: Path, nursery: Nursery, are_apart: bool) -> None:
    gate = Gate()
    with Scripted(gate) as server:
        first = against(server, desk(tmp_path / "one", WARDS), concurrency=3)
        second = first
        if are_apart:
            # Two checkouts of one project, which share a ledger and the file that is read.
            shared = tmp_path / "shared"
            (shared / "out").mkdir(parents=True)
            text = (first.root / "environments/live.yaml").read_text()
            first.write(
                "environments/live.yaml", text.replace(".env.live", str(shared / "out/.env.live"))
            )
            shutil.copytree(first.root, tmp_path / "two/project")
            first.environ |= {
                "VOXMINT_STATE_DIR": str(shared / "state"),
                "VOXMINT_ALLOW_PATHS": str(shared),
            }
            second = Desk(tmp_path / "two/project", first.environ)
        one = mint(nursery, first, "first")
        assert gate.asked.wait(120)
        two = mint(nursery, second, "second")
        until_said(two, "the environment live")
        said = two.said
        gate.open.set()
        assert (nursery.ended(one), nursery.ended(two)) == (0, 0), one.said + two.said
        assert len(server.asked) == len(WARDS)
    assert f"voxmint mint -e live (process {one.process}, since " in said
    assert "minted 3 in " in one.said
    assert "kept 3 in " in two.said


def test_a_run_whose_holder_is_killed_carries_on(tmp_path: Path, nursery: Nursery) -> None:
    gate = Gate()
    with Scripted(gate) as server:
        made = against(server, desk(tmp_path, WARDS), concurrency=3)
        one = mint(nursery, made, "first")
        assert gate.asked.wait(120)
        two = mint(nursery, made, "second")
        until_said(two, "the environment live")
        os.kill(one.process, signal.SIGKILL)
        gate.open.set()
        assert (nursery.ended(one), nursery.ended(two)) == (-signal.SIGKILL, 0)
    # What the killed one had sent may live, and is named.
    assert " nobody has may live until " in two.said
    assert set(made.sessions) == set(WARDS)


def test_a_run_that_may_not_wait_says_for_whom(tmp_path: Path, nursery: Nursery) -> None:
    gate = Gate()
    with Scripted(gate) as server:
        made = against(server, desk(tmp_path, WARDS), concurrency=3)
        one = mint(nursery, made, "first")
        assert gate.asked.wait(120)
        two = mint(nursery, made, "second", "--lock-timeout", "0s")
        assert nursery.ended(two) == 1
        gate.open.set()
        assert nursery.ended(one) == 0
        assert len(server.asked) == 3
    assert (
        "error[lock-timeout]: the environment live is in use by voxmint mint -e live (process"
        in two.said
    )


def test_many_runs_at_once_mint_each_profile_once(tmp_path: Path, nursery: Nursery) -> None:
    with Scripted(lambda number, _: minted(number, pause=0.05)) as server:
        made = against(server, desk(tmp_path, WARDS), concurrency=3)
        runs = [mint(nursery, made, str(number)) for number in range(10)]
        assert [nursery.ended(run) for run in runs] == [0] * 10
        assert len(server.asked) == len(WARDS)
    assert sum("minted 3 in " in run.said for run in runs) == 1
    assert sum("kept 3 in " in run.said for run in runs) == 9
