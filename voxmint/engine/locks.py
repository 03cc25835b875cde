"""Locks between processes: one run at a time mints an environment or writes a file.

A lock is a file in the state folder that the kernel locks (`flock`), and lets go when its holder
ends in whatever way. Who holds it stands in it, for those who wait. The file itself stays: removing
it would let two runs lock two files of one name.
"""

import errno
import fcntl
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from voxmint.engine.failures import failure, reason
from voxmint.engine.wording import LOCK_TIMEOUT, LOCK_UNUSABLE

_OPEN = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
_FIRST_PAUSE = 0.02
_LONGEST_PAUSE = 0.5
_HELD_BY_OTHERS = (errno.EAGAIN, errno.EACCES)


class Clock(NamedTuple):
    """How the locks tell time: seconds that only grow, a way to let them pass, and the moment."""

    seconds: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    moment: Callable[[], datetime] = lambda: datetime.now(UTC)


def say_nothing(what: str, holder: str) -> None:
    """Waits for the holder without a word."""


class Locks(NamedTuple):
    """The locks of one state folder, as one run takes them.

    `command` is what this run is, as in `voxmint mint -e production`: others are shown it, so it
    holds no secret. A lock is waited for up to `timeout` seconds; `on_wait` is told what is waited
    for and who holds it, once for each holder.
    """

    folder: Path
    command: str
    timeout: float
    on_wait: Callable[[str, str], None] = say_nothing
    clock: Clock = Clock()

    @contextmanager
    def held(self, what: str) -> Iterator[None]:
        """Hold the lock on `what`: words that name one thing, such as `the environment staging`.

        `ProblemsError` where it is not free in time, or where the folder cannot hold locks. The
        same run waits for itself too: take each lock once, and several in a fixed order.
        """
        from hashlib import sha256  # a check of settings alone locks nothing

        path = self.folder / f"{sha256(what.encode()).hexdigest()[:32]}.lock"
        with _opened(path) as descriptor:
            self._take(descriptor, path, what)
            _say_who(descriptor, self._own_line())
            try:
                yield
            finally:
                _say_who(descriptor, "")

    @contextmanager
    def held_on_file(self, path: Path) -> Iterator[None]:
        """Hold the lock on the file at this absolute path, wherever it is."""
        with self.held(f"the file {path}"):
            yield

    def _take(self, descriptor: int, path: Path, what: str) -> None:
        end = self.clock.seconds() + self.timeout
        pause, told = _FIRST_PAUSE, ""
        while not _is_taken(descriptor, path):
            holder = _holder(descriptor)
            if holder != told:
                self.on_wait(what, holder)
                told = holder
            left = end - self.clock.seconds()
            if left <= 0:
                raise failure(LOCK_TIMEOUT, what=what, holder=holder, seconds=f"{self.timeout:g}")
            self.clock.sleep(min(pause, left))
            pause = min(pause * 2, _LONGEST_PAUSE)

    def _own_line(self) -> str:
        since = self.clock.moment().strftime("%Y-%m-%d %H:%M:%S %Z")
        return f"{self.command} (process {os.getpid()}, since {since})"


@contextmanager
def _opened(path: Path) -> Iterator[int]:
    try:
        path.parent.mkdir(mode=0o700, exist_ok=True)
        descriptor = os.open(path, _OPEN, 0o600)
    except OSError as error:
        raise failure(LOCK_UNUSABLE, path=path, reason=reason(error)) from error
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _is_taken(descriptor: int, path: Path) -> bool:
    """Tries to take the lock; whether this run has it now."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno in _HELD_BY_OTHERS:
            return False
        raise failure(LOCK_UNUSABLE, path=path, reason=reason(error)) from error
    return True


def _holder(descriptor: int) -> str:
    line = os.pread(descriptor, 400, 0).decode(errors="replace").strip()
    # Between taking a lock and saying so there is a moment.
    return line or "another run"


def _say_who(descriptor: int, line: str) -> None:
    # A courtesy: on a full disk the lock holds all the same.
    with suppress(OSError):
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, line.encode(), 0)
