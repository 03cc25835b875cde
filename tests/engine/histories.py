"""What tests of revisions and of clones share: a project with a history, and what is read of it."""

from collections.abc import Mapping
from pathlib import Path

from tests.engine.worlds import commit, environ, git, made_once, repository_in
from voxmint.engine.git import Repository, any_repository
from voxmint.engine.revisions import Objects, Revision, committed, object_at
from voxmint.engine.states import Asked, find_states
from voxmint.profiles.source import Source, SourceError

LIMIT = 1000
FILES = {
    "voxmint.yaml": "version: 1\n",
    "profiles/clinic.yaml": "session: {}\n",
    "profiles/call-center/german.yml": "session: {include: []}\n",
    "profiles/notes.md": "notes\n",
    "environments/local.yaml": "provider: {kind: emulator}\n",
}


def asked(folder: Path) -> Repository:
    """The repository that a folder is in."""
    found = any_repository(folder, environ(folder))
    assert isinstance(found, Repository)
    return found


def revision(project: Path, where: str = "HEAD^{tree}") -> Revision:
    """The files of a commit, or of what else is named."""
    repository = asked(project)
    tree = object_at(repository, where)
    assert tree is not None
    return committed(Objects(repository), repository, tree)


def write(project: Path, files: Mapping[str, str]) -> None:
    """Writes these files."""
    for name, text in files.items():
        path = project / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def told(source: Source, folder: str = "profiles") -> object:
    """What a source says of a folder: names and contents, or why it refuses."""
    try:
        names = source.listing(folder).whole
    except SourceError as error:
        return error.reason
    return {name: read(source, name) for name in names}


def read(source: Source, path: str) -> bytes | str:
    """A file's bytes, or why they cannot be had."""
    try:
        return source.read(path, LIMIT)
    except SourceError as error:
        return error.reason


def states(
    folder: Path,
    *words: str,
    after: tuple[str, ...] | None = None,
    is_staged: bool = False,
    project: str | None = None,
) -> Asked:
    """What these words ask for, in a folder."""
    given = environ(folder)
    return find_states(words, after, folder, given, is_staged=is_staged, project=project)


def content(source: Source | None, path: str = "profiles/clinic.yaml") -> bytes | str:
    """What a state has at a path."""
    assert source is not None
    return read(source, path)


def clone(origin: Path, folder: Path, *options: str) -> Path:
    """A clone, made through git's own transport."""
    git(origin, "clone", "--quiet", *options, f"file://{origin}", str(folder))
    return folder


def branch_off(project: Path) -> None:
    """A branch `feature` of two commits, and a default branch that went on by one.

    What is checked out is the branch, with a change that is not committed.
    """
    made_once(project, "branch_off", _branch_off)


def _branch_off(project: Path) -> str:
    git(project, "init", "--quiet", "--initial-branch=main")
    repository_in(project, FILES)
    git(project, "checkout", "--quiet", "-b", "feature")
    for text in ("one\n", "two\n"):
        write(project, {"profiles/clinic.yaml": text})
        commit(project)
    git(project, "checkout", "--quiet", "main")
    write(project, {"profiles/clinic.yaml": "main went on\n"})
    commit(project)
    git(project, "checkout", "--quiet", "feature")
    write(project, {"profiles/clinic.yaml": "not committed\n"})
    return ""


def branch_of_its_own(project: Path) -> None:
    """The same, with nothing that is not committed."""

    def make(project: Path) -> str:
        branch_off(project)
        git(project, "checkout", "--quiet", "--force", "feature")
        return ""

    made_once(project, "branch_of_its_own", make)
