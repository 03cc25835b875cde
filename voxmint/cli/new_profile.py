"""Where an imported profile goes: a file that is not there yet, in the project or anywhere."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from voxmint.cli.new_file import write_new
from voxmint.engine.files import Target, target_within
from voxmint.engine.project import Project
from voxmint.engine.worktree import WorkTree
from voxmint.problems import ProblemsError, UsageError
from voxmint.profiles.importing.rendering import Setting
from voxmint.profiles.source import SourceError
from voxmint.shown import shown


@dataclass(frozen=True, slots=True)
class Destination:
    """A file that is to be written: its path, and what it is called."""

    path: Path
    label: str

    def write(self, text: str) -> None:
        """Writes the file, and the folders that it needs; `UsageError` where it is there."""
        try:
            write_new(self.path, text)
        except FileExistsError:
            raise _is_there(self.label) from None


def at_path(cwd: Path, file: str) -> Destination:
    """A file of its own; `UsageError` where it is there."""
    path = cwd / file
    if os.path.lexists(path):
        raise _is_there(file)
    return Destination(path, file)


def of_name(project: Project, name: str) -> Destination:
    """The file of the profile that is to have this name; `UsageError` where it cannot be."""
    _check_name(name)
    label = f"{Setting(WorkTree(project.root)).folders().profiles}/{name}.yaml"
    # Some file systems take names for the same that differ in capitals.
    if name.casefold() in {other.casefold() for other in profile_names(project)}:
        raise _is_there(label)
    target = _target(project, label)
    if os.path.lexists(target.path):
        raise _is_there(label)
    return Destination(target.path, label)


def profile_names(project: Project) -> Sequence[str]:
    """The names of the project's profiles."""
    tree = WorkTree(project.root)
    folder = Setting(tree).folders().profiles
    try:
        files = tree.listing(folder).files
    except SourceError:
        return ()
    return [str(PurePosixPath(file).relative_to(folder).with_suffix("")) for file in files]


def _target(project: Project, label: str) -> Target:
    try:
        return target_within(project.root, label)
    except ProblemsError as failure:
        # Not that problem's own hint: no permission makes a profile of what stands elsewhere.
        hint = "profiles are read from inside the project only: choose another name"
        raise UsageError(str(failure), hint) from None


def _check_name(name: str) -> None:
    parts = name.split("/")
    if name.endswith((".yaml", ".yml")):
        raise UsageError(
            f"`--name` takes a profile's name, not `{shown(name)}`", "leave out the ending"
        )
    if not all(part and part[0] != "." and part.isprintable() for part in parts) or "\\" in name:
        hint = "a name is a path below the folder of profiles: --name call-center/german"
        raise UsageError(f"`{shown(name)}` cannot be a profile's name", hint)


def _is_there(label: str) -> UsageError:
    hint = "choose another name, or remove it first: nothing is overwritten"
    return UsageError(f"`{shown(label)}` is there already", hint)
