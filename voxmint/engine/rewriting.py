"""Edits of the project's own files, written so that all of them are there or none.

Each file must still be what was read. All new texts are written beside their files first, with
mode, owner and group of these; then they are put in place one after the other. Where that fails
half-way, those that are in place already are changed back. Only a kill or a lost machine between
two renames can leave some files edited and others not; each of them is whole even then.
"""

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

from voxmint.engine.failures import failure
from voxmint.engine.files import Existing, Place, Staged, target_within
from voxmint.engine.wording import FILE_CHANGED
from voxmint.engine.worktree import WorkTree
from voxmint.problems import ProblemsError
from voxmint.profiles.fixing import Edit
from voxmint.profiles.source import SourceError

_BOM = b"\xef\xbb\xbf"

IS_LINK = "the file is a symlink, and only real files are edited"
IS_READ_ONLY = "the file is read-only"
HAS_LINK = "a symlink of the project leads to the file, so an edit would be one of both"


class _Open(NamedTuple):
    edit: Edit
    place: Place
    existing: Existing
    bom: bytes


def files_to_leave(project: Path, files: Iterable[str]) -> Mapping[str, str]:
    """Those of the project's files that no edit is for, each with the reason.

    They stand for others or are stood for, or nobody may write to them: a new file could take the
    place of one that is read-only, and that is not what its owner wants.
    """
    tree = WorkTree(project)
    names: dict[str, list[str]] = {}
    for file in files:
        with suppress(SourceError):
            names.setdefault(tree.real(file), []).append(file)
    links = {file for group in names.values() for file in group if (project / file).is_symlink()}
    reasons = {
        file: IS_LINK if file in links else HAS_LINK
        for group in names.values()
        for file in group
        if file in links or len(group) > 1
    }
    unlinked = (file for group in names.values() for file in group if file not in reasons)
    return reasons | {file: IS_READ_ONLY for file in unlinked if _is_read_only(project / file)}


def _is_read_only(path: Path) -> bool:
    try:
        return not path.stat().st_mode & 0o222
    except OSError:
        return False


def rewrite(project: Path, edits: Sequence[Edit]) -> None:
    """Writes the edits, or nothing.

    Raises `ProblemsError` where a file is not any more what was read, or cannot be written.
    """
    with staged(project, edits) as switch:
        switch()


@contextmanager
def staged(project: Path, edits: Sequence[Edit]) -> Iterator[Callable[[], None]]:
    """The edits written beside their files; what is given puts all of them in place.

    Raises `ProblemsError` as `rewrite` does. What was not put in place is removed at the end.
    """
    with ExitStack() as stack:
        opened = [_opened(project, edit, stack) for edit in edits]
        new = [_staged(one, one.edit.after) for one in opened]
        yield lambda: _switch(opened, new)


def _opened(project: Path, edit: Edit, stack: ExitStack) -> _Open:
    place = stack.enter_context(Place(target_within(project, edit.file)))
    existing = place.read()
    bom = _BOM if existing and existing.data.startswith(_BOM) else b""
    if existing is None or existing.data != bom + edit.before.encode():
        raise failure(FILE_CHANGED, path=edit.file)
    return _Open(edit, place, existing, bom)


def _staged(one: _Open, text: str) -> Staged:
    existing = one.existing
    # What cannot be kept is better refused: another owner may lock a colleague out.
    owner = existing.owner if existing.owner != os.geteuid() else None
    return one.place.stage(one.bom + text.encode(), existing.mode, existing.group, owner)


def _switch(opened: Sequence[_Open], new: Sequence[Staged]) -> None:
    for one in opened:
        if not one.place.is_still(one.existing):
            raise failure(FILE_CHANGED, path=one.edit.file)
    begun: list[_Open] = []
    try:
        for one, its_own in zip(opened, new, strict=True):
            # Before it is done: an interrupt can come right after.
            begun.append(one)
            its_own.switch()
    except BaseException:
        for one in begun:
            with suppress(ProblemsError):
                _staged(one, one.edit.before).switch()
        raise
