"""The state folder: where the ledger and the locks live.

It is the project's own `.voxmint/`, which ignores itself, or what `VOXMINT_STATE_DIR` names: an
absolute path, or one relative to the project, so that it is the same folder from wherever a
command is run. One state folder serves one project; several checkouts of it may share one.

What stands in it is believed, so it must come from this machine: a folder that git tracks anything
in, that everybody can write to or, for the project's own, that is a symlink or another user's, is
refused.
"""

import os
import stat
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from voxmint.engine.failures import failure, reason, room_facts
from voxmint.engine.wording import STATE_TRACKED, STATE_UNSAFE, STATE_UNUSABLE
from voxmint.problems import ProblemsError

STATE_DIR = "VOXMINT_STATE_DIR"
"""The operator's variable: the state folder, where it is not the project's own."""
OWN_FOLDER = ".voxmint"
"""The state folder of a project, relative to it."""

_IGNORE = os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC


class StateFolder(NamedTuple):
    """A state folder that was found to be safe; its paths are absolute and real."""

    path: Path
    project: Path

    @property
    def ledger(self) -> Path:
        return self.path / "ledger.db"

    @property
    def locks(self) -> Path:
        return self.path / "locks"

    def address(self, file: Path) -> str:
        """How the ledger calls a file, given by its real path.

        Relative to the project where the ledger lies in the project, since the two move together;
        else in full, since checkouts that share a ledger have files of their own.
        """
        moves_along = self.path.is_relative_to(self.project) and file.is_relative_to(self.project)
        return file.relative_to(self.project).as_posix() if moves_along else str(file)


def found_state(project: Path, environ: Mapping[str, str]) -> StateFolder | None:
    """The project's state folder, or `None` where there is none yet; makes nothing.

    `ProblemsError` where it is not to be trusted.
    """
    path, is_own = _place(project, environ)
    return _checked(path, project, environ, is_own=is_own) if os.path.lexists(path) else None


def made_state(project: Path, environ: Mapping[str, str]) -> StateFolder:
    """The project's state folder, made if need be: mode 0700, and ignored by git.

    `ProblemsError` where it cannot be made or is not to be trusted.
    """
    path, is_own = _place(project, environ)
    try:
        is_new = _made(path)
        if is_new or is_own:
            # Checked before anything is written: a link could lead the write elsewhere.
            state = _checked(path, project, environ, is_own=is_own)
            _ignore_itself(path)
            return state
    except OSError as error:
        raise _unusable(path, error) from error
    return _checked(path, project, environ, is_own=is_own)


def _unusable(path: Path, error: OSError) -> ProblemsError:
    facts = room_facts(error)
    return failure(STATE_UNUSABLE, at=None, folder=path, reason=reason(error), **facts)


def _place(project: Path, environ: Mapping[str, str]) -> tuple[Path, bool]:
    named = environ.get(STATE_DIR)
    return project.resolve() / (named or OWN_FOLDER), not named


def _made(path: Path) -> bool:
    try:
        path.mkdir(mode=0o700)
    except FileExistsError:
        return False
    return True


def _ignore_itself(path: Path) -> None:
    """Writes its .gitignore, also where an earlier run was stopped before anything stood in it."""
    file = path / ".gitignore"
    with suppress(FileNotFoundError):
        if file.lstat().st_size:
            return
    descriptor = os.open(file, _IGNORE, 0o666)
    with os.fdopen(descriptor, "wb") as stream:
        stream.write(b"*\n")


def _checked(path: Path, project: Path, environ: Mapping[str, str], *, is_own: bool) -> StateFolder:
    found = _unsafe(path, is_own=is_own)
    if found:
        raise failure(STATE_UNSAFE, folder=path, found=found)
    from voxmint.engine.git import Repository, repository  # a check of settings finds no folder

    real = path.resolve()
    git = repository(real, environ)
    if isinstance(git, Repository) and git.tracked(real):
        raise failure(STATE_TRACKED, folder=path)
    return StateFolder(real, project.resolve())


def _unsafe(path: Path, *, is_own: bool) -> str | None:
    """What is wrong with the folder, to stand after its name."""
    try:
        status = path.lstat() if is_own else path.stat()
    except OSError as error:
        raise _unusable(path, error) from error
    if stat.S_ISLNK(status.st_mode):
        return "is a symlink"
    if not stat.S_ISDIR(status.st_mode):
        return "is not a folder"
    if status.st_mode & stat.S_IWOTH:
        return "can be written to by everybody on this machine"
    if is_own and status.st_uid != os.geteuid():
        return f"belongs to another user (number {status.st_uid})"
    return None
