"""Which files of a project differ from those of a revision, and whether that says what is reached.

A body is made of the files of its profile's lineage and of its environment's, and of nothing else;
so a file that differs reaches the bodies that have it among those. Where that is not all that can
be said, everything is reached: what holds for the whole project differs, or a name is gone that
may stand anywhere.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from voxmint.engine.project import open_project
from voxmint.engine.states import State, find_states
from voxmint.engine.worktree import WorkTree
from voxmint.problems import ProblemsError, UsageError
from voxmint.profiles.parse import parse_project
from voxmint.profiles.reader import MAX_BYTES, read_document
from voxmint.profiles.reading import PROJECT_FILE
from voxmint.profiles.source import Source, SourceError
from voxmint.shown import shown

_FORKED = "..."


class Changed(NamedTuple):
    """The files that are new or not what they were, relative to the project.

    `whole` says why they do not tell what is reached; "" where they do.
    """

    base: State
    files: tuple[str, ...]
    whole: str = ""


def changed_since(word: str, cwd: Path, environ: Mapping[str, str]) -> Changed:
    """What differs in the work tree from a revision or a folder; `main...` is where it left main.

    Raises `UsageError` where there is no such revision, and for two of them.
    """
    _check(word, cwd)
    asked = word + "HEAD" if word.endswith(_FORKED) else word
    base = find_states([asked], (), cwd, environ).base
    if base.source is None:
        return Changed(base, (), "there was no project yet")
    with WorkTree(open_project(cwd).root) as tree:
        try:
            return _compared(base, base.source, tree)
        except SourceError as error:
            return Changed(base, (), f"a folder cannot be listed: {error.detail}")
        except ProblemsError as error:
            return Changed(base, (), error.problems[0].message)


def _check(word: str, cwd: Path) -> None:
    """That there is no second revision: it is the work tree that is checked."""
    dots = _FORKED if _FORKED in word else ".."
    left, _, right = word.partition(dots)
    if right in ("", "HEAD") or right.startswith("/") or (cwd / word).is_dir():
        return
    one = f"{left or 'HEAD'}{dots if dots == _FORKED else ''}"
    raise UsageError(
        f"`--changed` takes one revision, not `{shown(word)}`: it checks the working tree",
        f"write `--changed {shown(one)}`",
    )


def _compared(base: State, before: Source, tree: WorkTree) -> Changed:
    if not _is_same(PROJECT_FILE, before, tree):
        return Changed(base, (PROJECT_FILE,), f"{PROJECT_FILE} differs, and it holds for all")
    homes, _ = parse_project(read_document(PROJECT_FILE, tree.read(PROJECT_FILE, MAX_BYTES)))
    folders = (homes.profiles, homes.environments)
    old, new = (
        {name for home in folders for name in one.listing(home).whole} for one in (before, tree)
    )
    files = tuple(
        name for name in sorted(new) if name not in old or not _is_same(name, before, tree)
    )
    gone = sorted(old - new)
    if gone:
        return Changed(base, files, f"{gone[0]} is gone, and its name may stand in any file")
    return Changed(base, files)


def _is_same(name: str, before: Source, tree: WorkTree) -> bool:
    return _content(name, before) == _content(name, tree)


def _content(name: str, source: Source) -> bytes | str:
    """The file, however its lines end, which a checkout may change; or why there is none."""
    try:
        return source.read(name, MAX_BYTES).replace(b"\r\n", b"\n")
    except SourceError as error:
        return f"{error.reason}: {error.detail}"
