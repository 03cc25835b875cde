"""Which runs still go on: each one that sends something holds the lock of a file of its own.

The kernel lets a lock go when its holder ends in whatever way, so that what a run left open in the
ledger is known to be nobody's. A run that is killed, or becomes a command, leaves its file behind;
the next run removes it.
"""

import fcntl
import os
import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

_NAME = re.compile("[0-9a-f]{16}")
_MAKE = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
# A pipe that somebody put there is not waited for.
_LOOK = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK
_MOST_TRIES = 8


class OwnRun:
    """The run of this process in a folder; its file is there from when its name is asked for."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock: _Lock | None = None

    @cached_property
    def name(self) -> str | None:
        """What others know it by; `None` where no lock can be had, as on some network disks."""
        with suppress(OSError):
            _tidy(self._folder)
            self._lock = _taken(self._folder)
        return self._lock and self._lock.name

    def end(self) -> None:
        """Others know that it is over, and no file is left of it."""
        lock, self._lock = self._lock, None
        if lock is not None:
            with suppress(OSError):
                lock.path.unlink()
            os.close(lock.file)


def is_over(folder: Path, name: str) -> bool:
    """Whether the run of this name has ended; where that cannot be found out, it has."""
    if not _NAME.fullmatch(name):
        return True
    with suppress(OSError), _looked_at(_file(folder, name)) as file:
        return _is_free(file, fcntl.LOCK_SH)
    return True


class _Lock(NamedTuple):
    """The lock of one run, held: its name, and its file by path and descriptor."""

    name: str
    path: Path
    file: int


def _taken(folder: Path) -> _Lock | None:
    """A new one; `OSError` where there can be none."""
    for _ in range(_MOST_TRIES):
        name = secrets.token_hex(8)
        path = _file(folder, name)
        file = os.open(path, _MAKE, 0o600)
        try:
            # Another run may have tidied it away before it was locked.
            if _is_free(file, fcntl.LOCK_EX) and _is_at(file, path):
                return _Lock(name, path, file)
        except OSError:
            path.unlink(missing_ok=True)
            os.close(file)
            raise
        os.close(file)
    return None


def _tidy(folder: Path) -> None:
    """Removes the files of runs that are over."""
    for path in folder.glob(_file(folder, "*").name):
        # What another run removes at the same moment is no matter.
        with suppress(OSError), _looked_at(path) as file:
            if _is_free(file, fcntl.LOCK_EX):
                path.unlink()


@contextmanager
def _looked_at(path: Path) -> Iterator[int]:
    file = os.open(path, _LOOK)
    try:
        yield file
    finally:
        os.close(file)


def _is_free(file: int, lock: int) -> bool:
    """Whether nobody else has a lock on a file; then this process has one of that sort."""
    try:
        fcntl.flock(file, lock | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _is_at(file: int, path: Path) -> bool:
    """Whether an open file is the one that this path leads to."""
    with suppress(FileNotFoundError):
        return os.path.samestat(os.fstat(file), path.lstat())
    return False


def _file(folder: Path, name: str) -> Path:
    return folder / f"run-{name}.lock"
