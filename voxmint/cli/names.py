"""The names of a project's profiles and environments, quickly: files are listed, none compiled."""

from collections.abc import Sequence
from pathlib import Path, PurePosixPath

from voxmint.engine.project import open_project
from voxmint.engine.worktree import WorkTree
from voxmint.problems import VoxmintError
from voxmint.profiles.parse import parse_project
from voxmint.profiles.reader import MAX_BYTES, read_document
from voxmint.profiles.reading import PROJECT_FILE
from voxmint.profiles.source import SourceError

_PLAIN = frozenset("-_./+@%:,=")


def names_in(folder: Path, kind: str) -> Sequence[str]:
    """The names of `profiles` or `environments` of the project that the folder is in.

    None where there is no project, or it cannot be read: this is for hints and completion. Names
    that a shell would take apart are left out.
    """
    try:
        tree = WorkTree(open_project(folder).root)
        settings, _ = parse_project(read_document(PROJECT_FILE, tree.read(PROJECT_FILE, MAX_BYTES)))
        home = settings.profiles if kind == "profiles" else settings.environments
        files = tree.listing(home).files
    except (VoxmintError, SourceError):
        return ()
    names = (str(PurePosixPath(file).relative_to(home).with_suffix("")) for file in files)
    return [name for name in names if _is_plain(name)]


def _is_plain(name: str) -> bool:
    return all(character.isalnum() or character in _PLAIN for character in name)
