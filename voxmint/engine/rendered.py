"""A folder of rendered bodies that a team commits: `ENV/PROFILE.json`, and what goes from it again.

Which files are voxmint's own stands in a list beside them, and nothing else is ever removed: a
file of somebody else's in the same folder stays, whatever its name. The list comes from the
repository, so that each of its lines is held to what voxmint itself could have written there. It
holds a name a line, sorted, so that git merges it well; what is no such name, as the marks of a
merge's conflict, is passed over and gone when it is next written.
"""

import json
import os
from collections.abc import Iterable, Iterator
from contextlib import suppress
from enum import StrEnum
from pathlib import Path

from voxmint.engine.files import Place, Target, target_within, write_atomically
from voxmint.problems import ProblemsError, UsageError
from voxmint.shown import shown

LIST = ".voxmint-rendered"
"""The file in the folder that names those which voxmint wrote."""

ENDINGS = (".json", ".yaml")

_HEAD = """\
# The files in this folder that `voxmint render --output-dir` wrote. It removes those whose profiles
# or environments are gone, and no others.
"""
# Everybody may read a body, as any file of a repository: it holds no secret.
_MODE = 0o644


class State(StrEnum):
    """How a file stands to what it should be."""

    SAME = "same"
    DIFFERENT = "different"
    MISSING = "missing"


class Rendered:
    """The folder, which need not exist. Names of files are relative to it, with `/`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder.resolve()

    def state(self, name: str, data: bytes) -> State:
        """How the file stands to these bytes. Its mode does not count: checkouts differ in it."""
        target = self._target(name)
        if not os.path.lexists(target.path):
            return State.MISSING
        try:
            with Place(target) as place:
                held = place.read()
        except ProblemsError:
            # A symlink or a folder where a file should be.
            return State.DIFFERENT
        return State.SAME if held is not None and held.data == data else State.DIFFERENT

    def write(self, name: str, data: bytes) -> bool:
        """Writes the file as a whole; `False` where it is so already, and was left alone."""
        if self.state(name, data) is State.SAME:
            return False
        target = self._target(name)
        target.folder.mkdir(parents=True, exist_ok=True)
        return write_atomically(target.path, data, mode=_MODE)

    def remove(self, name: str) -> None:
        """Removes the file, and the folders that are empty then."""
        target = self._target(name)
        with Place(target) as place:
            place.remove(target.name)
        with suppress(OSError):
            for folder in (target.folder, *target.folder.parents):
                if folder == self._folder:
                    break
                folder.rmdir()

    def listed(self) -> frozenset[str]:
        """The files that voxmint wrote, whether they are still there or not."""
        if not os.path.lexists(self._folder / LIST):
            return frozenset()
        with Place(self._target(LIST)) as place:
            held = place.read()
        lines = held.data.decode("utf-8", "replace").splitlines() if held else ()
        return frozenset(_names(lines))

    def has(self, name: str) -> bool:
        """Whether there is a file of this name."""
        return os.path.lexists(self._target(name).path)

    def _target(self, name: str) -> Target:
        try:
            return target_within(self._folder, name)
        except ProblemsError as error:
            raise UsageError(
                f"`{shown(name)}` leads out of `{shown(str(self._folder))}`",
                "a symlink stands in its way: remove it",
            ) from error


def list_of(names: Iterable[str]) -> bytes:
    """The list of these files, as it is written."""
    return (_HEAD + "".join(f"{_line(name)}\n" for name in sorted(names))).encode()


def _line(name: str) -> str:
    return name if name.isprintable() and name[0] not in '#"' else json.dumps(name)


def _names(lines: Iterable[str]) -> Iterator[str]:
    for line in lines:
        name: object = line
        if line.startswith('"'):
            try:
                name = json.loads(line)
            except ValueError:
                continue
        if isinstance(name, str) and _may_be_ours(name):
            yield name


def _may_be_ours(name: str) -> bool:
    """Whether voxmint could have written a file of this name: one of a profile, in a folder."""
    parts = name.split("/")
    is_plain = all(part and not part.startswith(".") for part in parts)
    return is_plain and len(parts) > 1 and name.endswith(ENDINGS) and "\0" not in name
