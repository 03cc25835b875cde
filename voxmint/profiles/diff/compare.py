"""The whole comparison, in named stages between frozen values: `compare`."""

from collections.abc import Iterable, Mapping, Sequence

from voxmint.origin import Path
from voxmint.problems import Body
from voxmint.profiles.cells import Cell, Gone, MapCell, origin, value_of
from voxmint.profiles.compiled import Compilation
from voxmint.profiles.diff.arrivals import arrivals
from voxmint.profiles.diff.causes import Causes
from voxmint.profiles.diff.edits import Edits, find_edits
from voxmint.profiles.diff.fates import Compared, Fates, find_fates, renamer
from voxmint.profiles.diff.groups import Groups, group_values
from voxmint.profiles.diff.matching import Matching, match
from voxmint.profiles.diff.pairs import Pair
from voxmint.profiles.diff.problems import tell_apart
from voxmint.profiles.diff.result import (
    Cause,
    CauseKind,
    Difference,
    Group,
    Moved,
    Renaming,
    Side,
)
from voxmint.profiles.diff.settings import group_settings
from voxmint.profiles.diff.shadows import find_shadows
from voxmint.profiles.diff.sheets import Sheets
from voxmint.profiles.diff.touches import forget
from voxmint.profiles.diff.values import frozen, is_same, shown_path
from voxmint.profiles.documents import Environment, Profile
from voxmint.profiles.reading import PROJECT_FILE


def compare(base: Compared, head: Compared, *, with_origins: bool = False) -> Difference:
    """What is different in the head, and why; with `with_origins` also values that moved."""
    states = base.compilation, head.compilation
    matching = match(*states)
    sheets = Sheets()
    edits = find_edits(*states, matching, sheets)
    fates = find_fates(base, head, matching)
    causes = Causes(states, matching, edits, sheets)
    groups = Groups()
    group_values(fates.pairs, causes, groups)
    group_settings(states, fates.pairs, matching, causes, groups)
    found = groups.all()
    added = arrivals(fates.added, head.compilation, Side.HEAD, edits)
    removed = arrivals(fates.removed, base.compilation, Side.BASE, edits)
    used = {cause for group in found for cause in (group.cause, *group.others)}
    used |= {arrival.cause for arrival in (*added, *removed)}
    shadowed = find_shadows(fates.pairs, edits, matching, groups.reached())
    told_of = used | {shadow.cause for shadow in shadowed}
    told_of |= _files_told(fates, found, states, edits)
    rest = [cause for cause in edits.all() if cause not in told_of]
    hidden = _files_of((*fates.invalid, *fates.valid, *fates.broken), states)
    unclear = {shadow.cause: None for shadow in shadowed if shadow.cause not in used}
    forget()
    told = tell_apart(base.problems, head.problems, renamer(matching))
    (layout, unread), following = _silent(*states, edits), _following(*states, matching)
    asked = head.asked(head.compilation.attempted)
    changed = {one.at.file for one in (*told.new, *told.gone) if one.at and one.is_error}
    return Difference(
        bodies=len(asked),
        groups=found,
        shadowed=shadowed,
        idle=tuple(cause for cause in rest if cause.at.file not in hidden),
        untold=tuple(cause for cause in (*rest, *unclear) if cause.at.file in hidden),
        layout=tuple(file for file in layout if file not in following),
        following=tuple(file for file in layout if file in following),
        unread=tuple(file for file in unread if file not in changed),
        added=added,
        removed=removed,
        renamed=_renamed(matching, asked),
        invalid=fates.invalid,
        valid=fates.valid,
        broken=fates.broken,
        new=told.new,
        old=told.old,
        gone=told.gone,
        moved=_moved(fates.pairs, matching) if with_origins else (),
    )


# ── files ─────────────────────────────────────────────────────────────────────────────────────────


def _files_told(
    fates: Fates, groups: Iterable[Group], states: tuple[Compilation, Compilation], edits: Edits
) -> set[Cause]:
    """The new and deleted files that are told of with something else.

    They have a part in bodies that are new or gone, or in those that an `extends` changes: it says
    which bases it brings and drops.
    """
    extended = {
        body for one in groups if one.cause.kind is CauseKind.EXTENDS for body in one.bodies
    }
    files = _files_of((*fates.added, *fates.removed, *extended), states)
    return {cause for cause in edits.files.values() if cause.at.file in files}


def _files_of(bodies: Iterable[Body], states: Iterable[Compilation]) -> set[str]:
    """The files that have a part in bodies, as far as these can be made out."""
    files: set[str] = set()
    for profile, environment in bodies:
        for state in states:
            if profile in state.profiles:
                files |= {one.file for one in state.profiles[profile].lineage}
            if environment in state.environments:
                files |= {one.file for one in state.environments[environment].lineage}
    return files


# ── the rest ─────────────────────────────────────────────────────────────────────────────────────


def _renamed(matching: Matching, bodies: Sequence[Body]) -> tuple[Renaming, ...]:
    both = (("profile", matching.profiles), ("environment", matching.environments))
    return tuple(
        Renaming(kind, name, other, sum(body[place] == other for body in bodies))
        for place, (kind, names) in enumerate(both)
        for name, other in sorted(names.items())
        if name != other
    )


def _silent(
    base: Compilation, head: Compilation, edits: Edits
) -> tuple[Sequence[str], Sequence[str]]:
    """The files with another text and no edit: those that say the same, and those unread.

    Unread are the files of what is lost in either state, since it inherits what cannot be read.
    """
    known = {cause.at.file for cause in edits.all()}
    known |= {cause.was.file for cause in edits.all() if cause.was is not None}
    silent = [
        file
        for file in sorted(base.texts.keys() & head.texts.keys())
        if base.texts[file] != head.texts[file] and file not in known
    ]
    if not silent:
        return (), ()
    found = _files_found(base) & _files_found(head)
    wrong = {problem.at.file for state in (base, head) for problem in state.errors if problem.at}
    layout = [file for file in silent if file in found and file not in wrong]
    return layout, [file for file in silent if file not in found]


def _files_found(state: Compilation) -> set[str]:
    """The project's file, and those of the profiles and environments that have a lineage."""
    profiles = (one.document.file for one in state.profiles.values())
    environments = (one.document.file for one in state.environments.values())
    return {PROJECT_FILE, *profiles, *environments}


def _following(base: Compilation, head: Compilation, matching: Matching) -> set[str]:
    """The files of which other names are asked for: of what was renamed, where nothing else is."""
    profiles = (
        (base.profiles[name].document, head.profiles[other].document)
        for name, other in matching.profiles.items()
    )
    environments = (
        (base.environments[name].document, head.environments[other].document)
        for name, other in matching.environments.items()
    )
    found = {two.file for one, two in profiles if _named(one) != _named(two)}
    return found | {two.file for one, two in environments if _named(one) != _named(two)}


def _named(document: Profile | Environment) -> tuple[list[str], list[str]]:
    """The names of others in a file: of its bases, and of the environments of its blocks."""
    blocks = list(document.blocks) if isinstance(document, Profile) else []
    return [one.name for one in document.extends], blocks


def _moved(pairs: Mapping[Body, Pair], matching: Matching) -> tuple[Moved, ...]:
    """Values that are what they were and stand in another layer."""
    found: dict[tuple[object, ...], tuple[Moved, list[Body]]] = {}
    for body, pair in pairs.items():
        before, after = pair.before.root, pair.after.root
        for path, one, other in _both(before, after, ()):
            moved = Moved(shown_path(path), value_of(other), origin(one), origin(other), ())
            if matching.other(one.layer, Side.BASE) is not other.layer and path[0] != "vars":
                key = (moved.path, frozen(moved.value), moved.before, moved.after)
                found.setdefault(key, (moved, []))[1].append(body)
    listed = (
        Moved(one.path, one.value, one.before, one.after, tuple(bodies))
        for one, bodies in found.values()
    )
    return tuple(sorted(listed, key=lambda one: (one.path, one.after, one.before)))


def _both(one: Cell, other: Cell, path: Path) -> Iterable[tuple[Path, Cell, Cell]]:
    """The values that are the same in two trees of cells, down to their leaves."""
    if isinstance(one, MapCell) and isinstance(other, MapCell):
        for name, inner in one.entries.items():
            if name in other.entries:
                yield from _both(inner, other.entries[name], (*path, name))
    elif isinstance(one, Gone) or type(one) is not type(other):
        return
    elif is_same(value_of(one), value_of(other)):
        yield path, one, other
