"""What git knows, asked so that a hostile repository cannot make it run anything.

- Which repository it is, is found here: the nearest folder upwards that holds `.git`. Git runs
  there, so it never takes a bare repository that somebody committed for the one it is in. A bare
  one is taken only where it is asked for and there is no `.git` upwards.
- Only plumbing is asked that runs no hook, filter, diff driver or pager; `core.fsmonitor`, which
  reading the index would start, is off, and so is every transport, which a missing object of a
  partial clone would start.
- Whether files differ from a commit is worked out here, from their bytes: `git status` would run
  the filters that the repository's configuration names.
- Its environment is made anew, without any `GIT_…` but, where that is asked for, the index of the
  commit that is being made; the program comes from an absolute entry of PATH. The user's own
  configuration stays: what to ignore, and whom to trust, stand there.
"""

import os
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum
from pathlib import Path
from typing import Any, NamedTuple

from voxmint.engine.failures import failure, reason
from voxmint.engine.files import MAX_BYTES
from voxmint.engine.wording import GIT_FAILED
from voxmint.engine.worktree import WorkTree, is_listed
from voxmint.profiles.source import SourceError

TIMEOUT = 30.0
"""How long one question to git may take, in seconds."""

_SAFE = (
    "--no-pager",
    "--no-optional-locks",
    "--no-replace-objects",
    "-c",
    # Not `false`: before 2.36 any value was the name of a program to run.
    "core.fsmonitor=",
    "-c",
    "core.hooksPath=/dev/null",
    "-c",
    "protocol.allow=never",
    "-c",
    "safe.bareRepository=explicit",
    "-c",
    "submodule.recurse=false",
)
_BARE = ("-c", "safe.bareRepository=all")
_LITERAL = ":(literal)"
_AT_ONCE = 500
"""How many names one command line is given: their number is bounded by the system."""
_KEPT = ("HOME", "LD_LIBRARY_PATH", "SUDO_UID", "XDG_CONFIG_HOME")
_FIXED = {
    # Overrides whatever the repository allows for a single protocol.
    "GIT_ALLOW_PROTOCOL": "none",
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_TERMINAL_PROMPT": "0",
    "LC_ALL": "C",
}


class Absence(Enum):
    """Why there is nobody to ask."""

    NO_GIT = "git is not on PATH"
    NO_REPOSITORY = "no git repository was found"


class Head(NamedTuple):
    """The commit that is checked out, and whether files differ from it; `None`: not known."""

    commit: str
    dirty: bool | None


class Answer(NamedTuple):
    """How a git process ended, and what it wrote."""

    code: int
    output: bytes
    said: str


@dataclass(frozen=True, slots=True)
class Repository:
    """A work tree of git, or a bare repository, and the git to ask about it."""

    git: str
    top: Path
    environ: Mapping[str, str] = field(repr=False)
    timeout: float = TIMEOUT
    is_bare: bool = False

    def run(self, *arguments: str, given: bytes = b"") -> Answer:
        """Ask git's plumbing; `ProblemsError` where it cannot be run or does not answer in time.

        Only for commands that run nothing of the repository's: no diff, status, checkout or log.
        """
        import subprocess

        command = [self.git, *_SAFE, *(_BARE if self.is_bare else ()), *arguments]
        try:
            done = subprocess.run(
                command,
                cwd=self.top,
                env=self.environ,
                input=given,
                capture_output=True,
                timeout=self.timeout,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            said = f"no answer within {self.timeout:g} s"
            raise failure(GIT_FAILED, folder=self.top, said=said) from error
        except OSError as error:
            raise failure(GIT_FAILED, folder=self.top, said=reason(error)) from error
        return Answer(done.returncode, done.stdout, done.stderr.decode(errors="replace").strip())

    def asked(self, *arguments: str, given: bytes = b"") -> bytes:
        """What git's plumbing answers; `ProblemsError` where it fails."""
        return self._checked(self.run(*arguments, given=given)).output

    def committing(self, environ: Mapping[str, str]) -> "Repository":
        """As this one, with the index of the commit that git is making, where a hook asks.

        Of `git commit --all` and `git commit FILE` that is a file of its own beside the index, and
        git names it in `GIT_INDEX_FILE`. One that is not in this repository's folder is another's.
        """
        named = environ.get("GIT_INDEX_FILE")
        if not named:
            return self
        path = (self.top / named).resolve()
        home = os.fsdecode(self.asked("rev-parse", "--absolute-git-dir").removesuffix(b"\n"))
        if path.parent != Path(home).resolve() or not path.is_file():
            return self
        return replace(self, environ={**self.environ, "GIT_INDEX_FILE": str(path)})

    def head(self, project: Path, paths: Sequence[str]) -> Head | None:
        """The commit, and whether the project's YAML files differ from it; `None` before the first.

        `paths` are files and folders, relative to the project. A file that differs only in its
        line ends does not count: git may have changed them at checkout.
        """
        answer = self.run("rev-parse", "--verify", "--quiet", "HEAD^{commit}")
        if answer.code == 1:
            return None
        commit = self._checked(answer).output.decode("ascii").strip()
        return Head(commit, self._is_dirty(commit, project, paths))

    def _is_dirty(self, commit: str, project: Path, paths: Sequence[str]) -> bool | None:
        prefix = self._relative(project)
        within = [_LITERAL + str(Path(prefix, path)) for path in paths]
        answer = self.run("ls-tree", "-r", "-z", "--full-tree", commit, "--", *within)
        if answer.code != 0:
            # A partial clone may not have its trees here, and none are fetched.
            return None
        start = "" if prefix == "." else prefix + "/"
        committed = {
            path: entry for path, entry in _entries(answer.output, start) if _is_read(path, paths)
        }
        return _differ(committed, WorkTree(project), paths)

    def tracked(self, path: Path) -> bool:
        """Whether git tracks the file, or anything in the folder."""
        answer = self.run("ls-files", "-z", "--cached", "--", _LITERAL + self._relative(path))
        return bool(self._checked(answer).output)

    def ignored(self, path: Path) -> bool:
        """Whether git ignores the file, which need not exist."""
        # This command knows no magic for a literal name; `./` keeps it from looking for any.
        given = b"./" + os.fsencode(self._relative(path)) + b"\0"
        answer = self.run("check-ignore", "-z", "--stdin", given=given)
        return answer.code != 1 and bool(self._checked(answer).output)

    def any_tracked(self, paths: Sequence[Path]) -> frozenset[Path]:
        """Those of the files that git tracks; asks once for many."""
        named = {self._relative(path): path for path in paths}
        found: set[Path] = set()
        names = list(named)
        for start in range(0, len(names), _AT_ONCE):
            some = [_LITERAL + name for name in names[start : start + _AT_ONCE]]
            output = self._checked(self.run("ls-files", "-z", "--cached", "--", *some)).output
            found.update(named[name] for name in _names_in(output) if name in named)
        return frozenset(found)

    def any_ignored(self, paths: Sequence[Path]) -> frozenset[Path]:
        """Those of the files that git ignores, which need not exist; asks once for all."""
        named = {"./" + self._relative(path): path for path in paths}
        given = b"".join(os.fsencode(name) + b"\0" for name in named)
        answer = self.run("check-ignore", "-z", "--stdin", given=given)
        if answer.code == 1:
            return frozenset()
        output = self._checked(answer).output
        return frozenset(named[name] for name in _names_in(output) if name in named)

    def _relative(self, path: Path) -> str:
        return str((path.parent.resolve() / path.name).relative_to(self.top))

    def _checked(self, answer: Answer) -> Answer:
        if answer.code == 0:
            return answer
        first = answer.said.partition("\n")[0].removeprefix("fatal: ")
        said = first or f"it ended with code {answer.code}"
        facts: dict[str, Any] = {"distrusted": self.top} if "dubious ownership" in said else {}
        raise failure(GIT_FAILED, folder=self.top, said=said, **facts)


def _names_in(output: bytes) -> Iterable[str]:
    return (os.fsdecode(name) for name in output.split(b"\0") if name)


def repository(folder: Path, environ: Mapping[str, str]) -> Repository | Absence:
    """The git repository whose work tree the folder is in, or why there is none to ask.

    Finding it runs nothing.
    """
    top = _top(folder.resolve())
    return Absence.NO_REPOSITORY if top is None else _asking(top, environ)


def any_repository(folder: Path, environ: Mapping[str, str]) -> Repository | Absence:
    """As `repository`; where there is no work tree, also a bare repository that the folder is in.

    A bare one that lies in a work tree is never taken: somebody may have committed it.
    """
    start = folder.resolve()
    top = _top(start)
    if top is not None:
        return _asking(top, environ)
    bare = next((up for up in (start, *start.parents) if _is_bare(up)), None)
    return Absence.NO_REPOSITORY if bare is None else _asking(bare, environ, is_bare=True)


def _asking(
    top: Path, environ: Mapping[str, str], *, is_bare: bool = False
) -> Repository | Absence:
    search = [
        entry for entry in environ.get("PATH", os.defpath).split(os.pathsep) if entry[:1] == "/"
    ]
    git = _program("git", search)
    if git is None:
        return Absence.NO_GIT
    kept = {name: environ[name] for name in _KEPT if name in environ}
    ceiling = {"GIT_CEILING_DIRECTORIES": str(top.parent), "PATH": os.pathsep.join(search)}
    return Repository(git, top, kept | _FIXED | ceiling, is_bare=is_bare)


def _top(folder: Path) -> Path | None:
    return next((up for up in (folder, *folder.parents) if os.path.lexists(up / ".git")), None)


def _is_bare(folder: Path) -> bool:
    return all(os.path.lexists(folder / name) for name in ("HEAD", "objects", "refs"))


def _program(name: str, folders: Iterable[str]) -> str | None:
    candidates = (Path(folder, name) for folder in folders)
    return next((str(path) for path in candidates if _runs(path)), None)


def _runs(path: Path) -> bool:
    # Asked in this order: of a folder that this user may not enter, `is_file` raises.
    return os.access(path, os.X_OK) and path.is_file()


def _entries(listing: bytes, start: str) -> Iterable[tuple[str, tuple[str, str]]]:
    """Each path relative to `start`, with its mode and object name."""
    for line in listing.split(b"\0")[:-1]:
        about, _, path = line.partition(b"\t")
        mode, _, name = about.decode("ascii").split(" ")
        yield os.fsdecode(path).removeprefix(start), (mode, name)


def _is_read(path: str, paths: Sequence[str]) -> bool:
    """Whether the project reads the path: one of the files, or listed below one of the folders."""
    folders = (folder.rstrip("/") + "/" for folder in paths)
    return path in paths or any(
        path.startswith(folder) and is_listed(path.removeprefix(folder)) for folder in folders
    )


def _differ(committed: Mapping[str, tuple[str, str]], tree: WorkTree, paths: Sequence[str]) -> bool:
    try:
        there = {name for path in paths for name in _names(tree, path)}
        return there != committed.keys() or any(
            not _is_same(tree, path, *committed[path]) for path in there
        )
    except (SourceError, OSError):
        return True


def _names(tree: WorkTree, path: str) -> Sequence[str]:
    try:
        return tree.listing(path).whole
    except SourceError as error:
        if error.reason == "missing":
            return []
        if error.reason == "not-a-file":
            return [path]
        raise


def _is_same(tree: WorkTree, path: str, mode: str, name: str) -> bool:
    if mode == "120000":
        # A link is committed as the path it holds.
        return _object_name(os.fsencode((tree.root / path).readlink()), name) == name
    data = tree.read(path, MAX_BYTES)
    return name in {_object_name(data, name), _object_name(_LINE_END.sub(b"\n", data), name)}


_LINE_END = re.compile(rb"\r\n")


def _object_name(data: bytes, like: str) -> str:
    """The name that git gives a file of these bytes, made the way the other name was."""
    # Older repositories name objects by SHA-1; nothing is protected by it here.
    import hashlib  # only who compares contents needs it

    make = hashlib.sha256 if len(like) == 64 else hashlib.sha1
    return make(b"blob %d\0" % len(data) + data).hexdigest()
