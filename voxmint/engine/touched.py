"""Which projects a commit touches: by the files that it changes, and by those that it deletes.

A hook is told of files that are new or changed, and never of those that are gone. So what the
commit before has and the folder has not any more is found by git's own list of names.
"""

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path, PurePosixPath

from voxmint.engine.git import Absence, Repository, repository
from voxmint.engine.revisions import object_at
from voxmint.engine.worktree import WorkTree
from voxmint.profiles.parse import parse_project
from voxmint.profiles.reader import MAX_BYTES, read_document
from voxmint.profiles.reading import PROJECT_FILE
from voxmint.profiles.source import SourceError, is_yaml_name

FROM_REF = "PRE_COMMIT_FROM_REF"
"""The variable in which pre-commit names the commit that it compares with, where one was asked."""


def touched_projects(
    files: Iterable[str], cwd: Path, environ: Mapping[str, str]
) -> tuple[Path, ...]:
    """The folders of the projects that read one of the files, or did before it was deleted.

    The files are relative to `cwd`. Without git, only they count.
    """
    named = [Path(os.path.abspath(cwd / file)) for file in files]  # noqa: PTH100  # keeps links
    finder = _Finder()
    for path in (*named, *_deleted(cwd, environ)):
        finder.look_at(path)
    return tuple(sorted(finder.found))


class _Finder:
    """Looks upwards from files, in each folder once."""

    def __init__(self) -> None:
        self.found: set[Path] = set()
        self._homes: dict[Path, Sequence[str] | None] = {}

    def look_at(self, path: Path) -> None:
        root = next(
            (up for up in path.parents if os.path.lexists(up / PROJECT_FILE)),
            None,
        )
        if root is not None and root not in self.found and self._reads(root, path):
            self.found.add(root)

    def _reads(self, root: Path, path: Path) -> bool:
        """Whether a project has a use for a file below its folder."""
        if root not in self._homes:
            self._homes[root] = _homes(root)
        homes = self._homes[root]
        inner = path.relative_to(root)
        if homes is None or inner == Path(PROJECT_FILE):
            return True
        is_read = is_yaml_name(path.name) or path.is_symlink()
        return is_read and any(inner.is_relative_to(home) for home in homes)


def _homes(root: Path) -> Sequence[str] | None:
    """The folders of profiles and environments; `None` where the project's file cannot be read."""
    try:
        document = read_document(PROJECT_FILE, WorkTree(root).read(PROJECT_FILE, MAX_BYTES))
    except SourceError:
        return None
    if document.problems:
        return None
    settings, _ = parse_project(document)
    return [str(PurePosixPath(home)) for home in (settings.profiles, settings.environments)]


def _deleted(cwd: Path, environ: Mapping[str, str]) -> Iterator[Path]:
    git = repository(cwd, environ)
    if isinstance(git, Absence):
        return
    commit = object_at(git, environ.get(FROM_REF) or "HEAD")
    if commit is None:
        return
    for name in _names(git, commit):
        path = git.top / name
        if is_yaml_name(path.name) and not os.path.lexists(path):
            yield path


def _names(git: Repository, commit: str) -> Iterator[str]:
    listing = git.asked("ls-tree", "-r", "-z", "--name-only", "--full-tree", commit)
    yield from map(os.fsdecode, listing.split(b"\0")[:-1])
