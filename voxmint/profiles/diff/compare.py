"""The whole comparison, in named stages between frozen values: `compare`."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from voxmint.origin import Path
from voxmint.problems import Body, Problem
from voxmint.profiles.cells import Cell, Gone, MapCell, origin, value_of
from voxmint.profiles.compiled import Compilation, CompiledEnvironment
from voxmint.profiles.diff.arrivals import arrivals
from voxmint.profiles.diff.causes import Causes, Pair, State
from voxmint.profiles.diff.edits import Edit, Edits, find_edits
from voxmint.profiles.diff.matching import Matching, match
from voxmint.profiles.diff.problems import tell_apart
from voxmint.profiles.diff.result import (
    ABSENT,
    Cause,
    Change,
    Difference,
    Group,
    Moved,
    Renaming,
    Shadow,
    Side,
    State as Value,
)
from voxmint.profiles.diff.shadows import Shadows, reason
from voxmint.profiles.diff.sheets import Sheets
from voxmint.profiles.diff.touches import forget
from voxmint.profiles.diff.values import deltas, frozen, is_same, shown_path
from voxmint.profiles.documents import Environment, Layer, Profile
from voxmint.profiles.values import Plain

_IDENTITY = ("kind", "url", "organization", "project")
"""The settings of a provider that say where a token was minted, besides the endpoint."""


@dataclass(frozen=True, slots=True)
class Compared:
    """One state of a project: what was compiled of it, and the problems that matter to the order.

    `has` says whether a body was asked for, where not all were.
    """

    compilation: Compilation
    problems: tuple[Problem, ...]
    has: Callable[[Body], bool] = lambda _: True


class Fates(NamedTuple):
    """What became of each body, by its name in the head."""

    pairs: Mapping[Body, Pair]
    added: tuple[Body, ...]
    removed: tuple[Body, ...]
    invalid: tuple[Body, ...]
    valid: tuple[Body, ...]
    broken: tuple[Body, ...]


def compare(base: Compared, head: Compared, *, with_origins: bool = False) -> Difference:
    """What is different in the head, and why; with `with_origins` also values that moved."""
    states = base.compilation, head.compilation
    matching = match(*states)
    sheets = Sheets()
    edits = find_edits(*states, matching, sheets)
    fates = _fates(base, head, matching)
    causes = Causes(matching, edits, sheets)
    groups = _Groups()
    _group_values(fates.pairs, causes, groups)
    _group_settings(states, fates.pairs, matching, causes, groups)
    found = groups.all()
    added = arrivals(fates.added, head.compilation, Side.HEAD, edits)
    removed = arrivals(fates.removed, base.compilation, Side.BASE, edits)
    used = {cause for group in found for cause in (group.cause, *group.others)}
    used |= {arrival.cause for arrival in (*added, *removed)}
    shadowed = _shadowed(fates.pairs, edits, matching, groups.reached)
    told_of = used | {shadow.cause for shadow in shadowed}
    told_of |= _files_of_arrivals(fates, states, edits)
    rest = [cause for cause in edits.all() if cause not in told_of]
    hidden = _files_of((*fates.invalid, *fates.valid, *fates.broken), states)
    forget()
    layout, following = _layout(*states, edits), _following(*states, matching)
    told = tell_apart(base.problems, head.problems, _renamer(matching))
    return Difference(
        bodies=sum(map(head.has, head.compilation.attempted)),
        groups=found,
        shadowed=shadowed,
        idle=tuple(cause for cause in rest if cause.at.file not in hidden),
        untold=tuple(cause for cause in rest if cause.at.file in hidden),
        layout=tuple(file for file in layout if file not in following),
        following=tuple(file for file in layout if file in following),
        added=added,
        removed=removed,
        renamed=_renamed(matching),
        invalid=fates.invalid,
        valid=fates.valid,
        broken=fates.broken,
        new=told.new,
        old=told.old,
        gone=told.gone,
        moved=_moved(fates.pairs, matching) if with_origins else (),
    )


# ── bodies ───────────────────────────────────────────────────────────────────────────────────────


def _renamer(matching: Matching) -> Callable[[Body], Body]:
    """What a body of the base is called in the head."""
    profiles = {name: other for name, other in matching.profiles.items() if name != other}
    environments = {name: other for name, other in matching.environments.items() if name != other}

    def renamed(body: Body) -> Body:
        profile, environment = body
        if profile in profiles or environment in environments:
            return profiles.get(profile, profile), environments.get(environment, environment)
        return body

    return renamed


def _fates(base: Compared, head: Compared, matching: Matching) -> Fates:
    renamed = _renamer(matching)
    old, new = base.compilation, head.compilation
    before = {renamed(body): body for body in old.attempted}
    after = dict.fromkeys(new.attempted)
    asked = {body for body in after if head.has(body)}
    asked |= {body for body, was in before.items() if base.has(was)}
    pairs: dict[Body, Pair] = {}
    fates: dict[str, list[Body]] = {
        name: [] for name in ("added", "removed", "invalid", "valid", "broken")
    }
    for body in sorted(asked):
        was = before.get(body)
        if was is not None and was in old.bodies and body in new.bodies:
            pairs[body] = Pair(_state(Side.BASE, was, old), _state(Side.HEAD, body, new))
        else:
            fate = _fate(body, was, body in after, old, new)
            fates[fate].append(body if fate != "removed" or was is None else was)
    return Fates(pairs, *(tuple(listed) for listed in fates.values()))


def _fate(
    body: Body, old: Body | None, is_there: bool, base: Compilation, head: Compilation
) -> str:
    """What became of a body that is not sound in both states."""
    was_sound, is_sound = old in base.bodies, body in head.bodies
    if old is None:
        if _is_unreadable(body, base):
            return "valid" if is_sound else "broken"
        return "added"
    if not is_there:
        if _is_unreadable(body, head):
            return "invalid" if was_sound else "broken"
        return "removed"
    if was_sound:
        return "invalid"
    return "valid" if is_sound else "broken"


def _is_unreadable(body: Body, state: Compilation) -> bool:
    """Whether the files of a body are there, and could not be made out."""
    profile, environment = body
    is_lost = profile in state.profile_names and profile not in state.profiles
    return is_lost or (
        environment in state.environment_names and environment not in state.environments
    )


def _state(side: Side, body: Body, compilation: Compilation) -> State:
    profile, environment = body
    return State(
        side,
        compilation.bodies[body],
        compilation.profiles[profile],
        compilation.environments[environment],
    )


# ── groups ───────────────────────────────────────────────────────────────────────────────────────


class _Groups:
    """Puts together what has the same cause and is the same change.

    `reached` are the bodies that each cause changes.
    """

    def __init__(self) -> None:
        self.reached: dict[Cause, set[Body]] = {}
        self._found: dict[
            tuple[object, ...], tuple[Cause, Change, tuple[Cause, ...], list[Body]]
        ] = {}

    def add(self, causes: tuple[Cause, ...], change: Change, body: Body) -> None:
        """Notes that all of these together made one change in a body."""
        what = change.path, frozen(change.before), frozen(change.after)
        for cause in causes:
            others = tuple([other for other in causes if other is not cause])
            key = (cause, *what, others)
            self._found.setdefault(key, (cause, change, others, []))[3].append(body)
            self.reached.setdefault(cause, set()).add(body)

    def all(self) -> tuple[Group, ...]:
        """All of them: by place of their cause, those of most bodies first."""
        groups = [
            Group(cause, change, tuple(bodies), others)
            for cause, change, others, bodies in self._found.values()
        ]
        return tuple(sorted(groups, key=_rank))


def _rank(group: Group) -> tuple[object, ...]:
    return (group.cause.order, group.change.path, -len(group.bodies), group.bodies)


def _group_values(pairs: Mapping[Body, Pair], causes: Causes, groups: _Groups) -> None:
    for body, pair in pairs.items():
        for delta in deltas(pair.base.body, pair.head.body):
            change = Change(shown_path(delta.path), delta.before, delta.after)
            groups.add(causes.of_value(pair, delta), change, body)


# ── settings ─────────────────────────────────────────────────────────────────────────────────────


def _group_settings(
    states: tuple[Compilation, Compilation],
    pairs: Mapping[Body, Pair],
    matching: Matching,
    causes: Causes,
    groups: _Groups,
) -> None:
    """Groups the changes of where bodies are sent, and of which deployment stands in them."""
    by_environment: dict[str, list[Body]] = {}
    for body in pairs:
        by_environment.setdefault(body[1], []).append(body)
    for name, other in matching.environments.items():
        base, head = states[0].environments[name], states[1].environments[other]
        bodies = by_environment.get(other, [])
        for path, change in _settings(base, head):
            found = causes.of_setting(base, head, path)
            for body in bodies:
                if _is_set_for(pairs[body], path):
                    groups.add(found, change, body)


def _settings(
    base: CompiledEnvironment, head: CompiledEnvironment
) -> Iterator[tuple[Path, Change]]:
    before, after = _provider(base), _provider(head)
    if base.api != head.api:
        path: Path = ("provider", "api" if "api" in {*before, *after} else "kind")
        yield path, Change("provider.api", base.api, head.api)
    for name in _IDENTITY:
        one: Value = before.get(name, ABSENT)
        other: Value = after.get(name, ABSENT)
        if not is_same(one, other):
            yield ("provider", name), Change(f"provider.{name}", one, other)
    for model, one, other in _deployments(before, after):
        path = ("provider", "deployments", model)
        yield path, Change(shown_path(path), one, other)


def _provider(environment: CompiledEnvironment) -> Mapping[str, Plain]:
    cell = environment.provider_cell
    value = None if cell is None else value_of(cell)
    return value if isinstance(value, Mapping) else {}


def _deployments(
    before: Mapping[str, Plain], after: Mapping[str, Plain]
) -> Iterator[tuple[str, Value, Value]]:
    one, other = before.get("deployments"), after.get("deployments")
    old = one if isinstance(one, Mapping) else {}
    new = other if isinstance(other, Mapping) else {}
    for model in dict.fromkeys((*old, *new)):
        was: Value = old.get(model, ABSENT)
        now: Value = new.get(model, ABSENT)
        if not is_same(was, now):
            yield model, was, now


def _is_set_for(pair: Pair, path: Path) -> bool:
    """Whether a setting has a part in the body: a deployment only has where its model is asked."""
    if path[:2] != ("provider", "deployments"):
        return True
    parts = (state.body.session.get("input_audio_transcription") for state in pair)
    return any(isinstance(part, Mapping) and part.get("model") == path[2] for part in parts)


# ── what is not reached ──────────────────────────────────────────────────────────────────────────


def _shadowed(
    pairs: Mapping[Body, Pair], edits: Edits, matching: Matching, reached: Mapping[Cause, set[Body]]
) -> tuple[Shadow, ...]:
    shadows = Shadows()
    for body, pair in pairs.items():
        for layer, edit in _laid_on(pair, edits):
            if body not in reached.get(edit.cause, ()):
                shadows.add(edit.cause, reason(pair, edit, layer, matching), body)
    return shadows.all()


def _laid_on(pair: Pair, edits: Edits) -> Iterator[tuple[Layer, Edit]]:
    """The edits of all layers of a body, each once."""
    seen: set[Cause] = set()
    edited = edits.statements
    layers = [one for one in (*pair.head.body.layers, *pair.base.body.layers) if one in edited]
    for layer in layers:
        for edit in edited[layer]:
            if edit.cause not in seen:
                seen.add(edit.cause)
                yield layer, edit


def _files_of_arrivals(
    fates: Fates, states: tuple[Compilation, Compilation], edits: Edits
) -> set[Cause]:
    """The new and deleted files that have a part in bodies that are new or gone."""
    files = _files_of((*fates.added, *fates.removed), states)
    return {cause for cause in edits.files.values() if cause.at.file in files}


def _files_of(bodies: Iterable[Body], states: Iterable[Compilation]) -> set[str]:
    """The files that have a part in bodies, as far as these can be made out."""
    files: set[str] = set()
    for profile, environment in bodies:
        for state in states:
            if profile in state.profiles and environment in state.environments:
                files |= {one.file for one in state.profiles[profile].lineage}
                files |= {one.file for one in state.environments[environment].lineage}
    return files


# ── the rest ─────────────────────────────────────────────────────────────────────────────────────


def _renamed(matching: Matching) -> tuple[Renaming, ...]:
    both = (("profile", matching.profiles), ("environment", matching.environments))
    return tuple(
        Renaming(kind, name, other)
        for kind, names in both
        for name, other in sorted(names.items())
        if name != other
    )


def _layout(base: Compilation, head: Compilation, edits: Edits) -> tuple[str, ...]:
    """The files whose text is another and that say the same."""
    known = {cause.at.file for cause in edits.all()}
    known |= {cause.was.file for cause in edits.all() if cause.was is not None}
    unread = {problem.at.file for state in (base, head) for problem in state.errors if problem.at}
    return tuple(
        file
        for file in sorted(base.texts.keys() & head.texts.keys())
        if base.texts[file] != head.texts[file] and file not in known | unread
    )


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
        before, after = pair.base.body.root, pair.head.body.root
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
