import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.engine.worlds import ordinary_folder, problem_of, run, started
from voxmint.engine.locks import Clock, Locks
from voxmint.problems import Problem, ProblemsError

WHAT = "the environment production"


class Times:
    """Time that passes only in sleep."""

    def __init__(self) -> None:
        self.now = 0.0
        self.told: list[tuple[str, str]] = []

    def sleep(self, seconds: float) -> None:
        self.now += seconds

    def locks(self, folder: Path, timeout: float = 10, command: str = "voxmint mint") -> Locks:
        moment = datetime(2026, 8, 21, 14, 3, 12, tzinfo=UTC)
        clock = Clock(lambda: self.now, self.sleep, lambda: moment)
        return Locks(
            folder, command, timeout, lambda what, holder: self.told.append((what, holder)), clock
        )


@pytest.fixture
def times() -> Times:
    return Times()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "locks"


def refusal(locks: Locks) -> Problem:
    with pytest.raises(ProblemsError) as error, locks.held(WHAT):
        pass
    return problem_of(error)


HOLD = """
import sys, time
from pathlib import Path
with locks.Locks(Path(sys.argv[1]), "voxmint mint -e production", 0).held(sys.argv[2]):
    print("held", flush=True)
    time.sleep(60)
"""


def test_a_lock_is_waited_for_and_says_for_whom(folder: Path, times: Times) -> None:
    waiting = times.locks(folder, command="voxmint purge")
    with times.locks(folder).held(WHAT):
        error = refusal(waiting)
    holder = f"voxmint mint (process {os.getpid()}, since 2026-08-21 14:03:12 UTC)"
    assert times.told == [(WHAT, holder)]
    assert times.now == 10
    assert error.message == f"{WHAT} is in use by {holder}, and still was after 10 s"


def test_with_no_time_to_wait_it_fails_at_once(folder: Path, times: Times) -> None:
    with times.locks(folder).held(WHAT):
        refusal(times.locks(folder, timeout=0))
    assert times.now == 0


def test_it_goes_on_as_soon_as_the_holder_ends(folder: Path, times: Times) -> None:
    holder = times.locks(folder).held(WHAT)
    holder.__enter__()

    def sleep(seconds: float) -> None:
        times.sleep(seconds)
        if times.now > 3:
            holder.__exit__(None, None, None)

    clock = Clock(lambda: times.now, sleep)
    with Locks(folder, "voxmint mint", 10, clock=clock).held(WHAT):
        assert 3 < times.now < 4


def test_other_things_are_not_locked(folder: Path, times: Times) -> None:
    at_once = times.locks(folder, timeout=0)
    with at_once.held(WHAT), at_once.held("the file /x"), at_once.held_on_file(Path("/y")):
        assert len(list(folder.iterdir())) == 3
    assert times.told == []


def test_a_lock_is_let_go_when_what_it_guards_fails(folder: Path, times: Times) -> None:
    with pytest.raises(ZeroDivisionError), times.locks(folder).held(WHAT):
        raise ZeroDivisionError
    with times.locks(folder, timeout=0).held(WHAT):
        pass
    assert times.told == []


def test_a_killed_holder_holds_nothing_and_is_not_named(folder: Path, times: Times) -> None:
    process = started(HOLD, folder, WHAT)
    assert process.stdout
    assert process.stdout.readline() == "held\n"
    error = refusal(times.locks(folder, timeout=0))
    assert f"voxmint mint -e production (process {process.pid}, since " in error.message
    process.kill()
    process.communicate()
    with times.locks(folder, timeout=0).held(WHAT):
        error = refusal(times.locks(folder, timeout=0))
    assert f"process {os.getpid()}" in error.message


def test_the_lock_files_are_private_and_bear_no_ones_name_afterwards(
    folder: Path, times: Times
) -> None:
    with times.locks(folder).held(WHAT):
        [path] = folder.iterdir()
        assert path.read_text().startswith("voxmint mint (process")
    assert (path.read_text(), path.stat().st_mode & 0o777) == ("", 0o600)
    assert folder.stat().st_mode & 0o777 == 0o700


def test_a_lock_file_that_is_a_symlink_is_refused(folder: Path, times: Times) -> None:
    with times.locks(folder).held(WHAT):
        [path] = folder.iterdir()
    path.unlink()
    (folder / "kept").write_text("kept")
    path.symlink_to("kept")
    assert refusal(times.locks(folder)).code == "lock-unusable"
    assert (folder / "kept").read_text() == "kept"


def test_a_folder_that_cannot_hold_locks_is_said() -> None:
    script = """
import sys
from pathlib import Path
try:
    with locks.Locks(Path(sys.argv[1]), "voxmint mint", 0).held("it"):
        pass
except Exception as error:
    print(error)
"""
    with ordinary_folder() as folder:
        folder.chmod(0o555)
        said = run(script, folder / "locks", ordinary=True)
    assert said.startswith(f"the lock `{folder}/locks/")
    assert said.endswith("cannot be taken: permission denied\n")


COUNT = """
import sys
from pathlib import Path
counter = Path(sys.argv[2])
one_at_a_time = locks.Locks(Path(sys.argv[1]), "voxmint mint", 60)
for _ in range(10):
    with one_at_a_time.held_on_file(counter):
        counter.write_text(str(int(counter.read_text()) + 1))
"""


def test_processes_take_turns(folder: Path, tmp_path: Path) -> None:
    counter = tmp_path / "counter"
    counter.write_text("0")
    processes = [started(COUNT, folder, counter) for _ in range(3)]
    assert [process.communicate()[1] for process in processes] == [""] * 3
    assert counter.read_text() == "30"
