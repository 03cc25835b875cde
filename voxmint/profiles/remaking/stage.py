"""The stage that makes bodies from those of an earlier state."""

from collections.abc import Callable, Collection, Hashable, Mapping, Sequence
from typing import Any

from voxmint.origin import Path
from voxmint.problems import Body
from voxmint.profiles.bodies import FORMS
from voxmint.profiles.cells import MapCell
from voxmint.profiles.compiled import Compilation, CompiledBody, CompiledProfile, Deferred
from voxmint.profiles.documents import Layer
from voxmint.profiles.fields import SESSION
from voxmint.profiles.nodes import MapNode
from voxmint.profiles.remaking.checks import ABSENT, Checks, State
from voxmint.profiles.remaking.cuts import Cut
from voxmint.profiles.remaking.earlier import AllRemade, Earlier, Remade
from voxmint.profiles.remaking.leaves import DoubtError, Edits, Known, Leaves, edits
from voxmint.profiles.remaking.notes import Note, moved, note_of, paths_with_notes
from voxmint.profiles.remaking.parts import LIFETIME, Parts, is_same, session_of, touched
from voxmint.profiles.stages import (
    AllChecked,
    AllMerged,
    AllRendered,
    Stack,
    Stacks,
)

_NO_PARTS: Parts = frozenset()
_NO_PATHS: frozenset[Path] = frozenset()
_SCALARS = frozenset((str, int, float, bool, type(None)))
_OF_DETAIL = "input_audio_transcription"
"""The part of a session that rules look at in detail."""


def earlier(
    stacks: Stacks,
    merged: AllMerged,
    rendered: AllRendered,
    checked: AllChecked,
    compilation: Compilation,
) -> Earlier:
    """What a compile of all these stages leaves."""
    notes: list[Note] = []
    problems = [*merged.problems, *rendered.problems]
    doubtful = {body for problem in problems for body in problem.affects}
    for located in checked.located:
        note = note_of(located)
        if note is None:
            doubtful.update(located.bodies)
        else:
            notes.append(note)
    return Earlier(
        {stack.body: stack for stack in stacks.stacks},
        {body: one for body, one in compilation.bodies.items() if body not in doubtful},
        notes,
        merged.is_calm,
    )


def remake(known: Earlier, stacks: Stacks, root_of: Callable[[Stack], MapCell]) -> AllRemade:
    """Makes the bodies that can be made from earlier ones; `root_of` merges all cells of one."""
    maker = _Maker(root_of, paths_with_notes(known.notes))
    found: dict[Body, Remade] = {}
    for stack in stacks.stacks:
        before = known.bodies.get(stack.body)
        made = None if before is None else maker.made(known.stacks[stack.body], before, stack)
        if made is not None:
            found[stack.body] = Remade(stack, made)
    layers = {body: one.stack.layers for body, one in found.items()}
    is_calm = known.is_calm and maker.is_calm and found.keys() >= known.stacks.keys()
    return AllRemade(found, tuple(moved(known.notes, known.bodies, layers)), is_calm)


class _Maker:
    """Makes bodies from earlier ones; `noted` are the paths at which anything was found."""

    def __init__(
        self, root_of: Callable[[Stack], MapCell], noted: Mapping[Body, frozenset[Path]]
    ) -> None:
        self._root_of = root_of
        self._noted = noted
        self._checks = Checks()
        self._leaves = Leaves()
        self._edits: dict[tuple[Layer, Layer], Edits | None] = {}
        self._put_before: dict[Hashable, tuple[Any, Any]] = {}
        self._touched: dict[tuple[Layer, Layer], Parts | None] = {}
        self._sessions = _Sessions()
        self._same_profiles: dict[str, bool] = {}
        self._cuts: dict[Parts, Cut] = {}

    @property
    def is_calm(self) -> bool:
        return all(one.is_calm for one in self._cuts.values())

    def made(self, old: Stack, before: CompiledBody, stack: Stack) -> CompiledBody | None:
        """The body of a stack, from that of the stack of before; `None` where that is in doubt."""
        if stack.api != before.api or not self._is_same_profile(old.profile, stack.profile):
            return None
        if stack.layers == before.layers:
            return before
        if len(stack.layers) != len(before.layers):
            return None
        try:
            return self._with_leaves(before, stack)
        except DoubtError:
            return self._with_cut(before, stack)

    # ── single values ────────────────────────────────────────────────────────────────────────────

    def _with_leaves(self, before: CompiledBody, stack: Stack) -> CompiledBody:
        """The body with what single edits make of its values; `DoubtError` where that is in doubt.

        What is found in it is what was: nothing the rules look at is another.
        """
        noted = self._noted.get(stack.body, _NO_PATHS)
        session, lifetime = before.session, before.expires_after
        paths, has_same_vars = self._reached(before, stack)
        for path in paths:
            was = _leaf(before, path)
            known = Known(was, before.layers) if has_same_vars else None
            value = self._leaves.value(path, stack, known)
            if is_same(was, value):
                continue
            if path in noted or self._checks.of_leaf(path, was, value) is not State.RIGHT:
                raise DoubtError
            if path[0] == LIFETIME:
                lifetime = self._put(lifetime, path[1:], value)
            else:
                name, below = str(path[1]), path[2:]
                part = self._put(session[name], below, value) if below else value
                session = {**session, name: part}
        if session is before.session and lifetime is before.expires_after:
            return self._moved(before, stack)
        return self._body(before, stack, session, lifetime)

    def _reached(self, before: CompiledBody, stack: Stack) -> tuple[Collection[Path], bool]:
        """The paths of all values that the edits of a body's layers may reach.

        And whether all vars are what they were.
        """
        both = zip(before.layers, stack.layers, strict=True)
        found = [self._edited(one, other) for one, other in both if one is not other]
        if len(found) == 1 and not found[0].names:
            return found[0].paths, True  # as it mostly is
        paths = {path for one in found for path in one.paths}
        names = {name for one in found for name in one.names}
        if names:
            for layers in (before.layers, stack.layers):
                self._leaves.check_vars(names, layers)
            paths |= self._leaves.paths_using(names, stack.layers)
        return paths, not names

    def _edited(self, one: Layer, other: Layer) -> Edits:
        key = (one, other)
        found = self._edits.get(key)
        if found is None:
            if key not in self._edits:
                found = self._edits[key] = edits(one, other)
            if found is None:
                raise DoubtError
        return found

    def _put(self, part: Any, path: Path, leaf: Any) -> Any:
        """The part of a request with another value at a path; made once for all that share it."""
        key = (id(part), path, type(leaf), leaf)
        known = self._put_before.get(key)
        if known is None:
            name, *below = path
            inner = self._put(part[name], tuple(below), leaf) if below else leaf
            known = self._put_before[key] = (part, {**part, name: inner})
        return known[1]

    # ── parts ────────────────────────────────────────────────────────────────────────────────────

    def _with_cut(self, before: CompiledBody, stack: Stack) -> CompiledBody | None:
        """The body with what its layers give to the parts that were touched."""
        parts = self._touched_in(before.layers, stack.layers)
        if parts is None:
            return None
        if not parts:
            return self._moved(before, stack)
        noted = self._noted.get(stack.body, _NO_PATHS)
        is_noted = any(_part(path) in parts for path in noted)
        if is_noted or None in map(self._sessions.__getitem__, stack.layers):
            return None
        cut = self._cuts.get(parts)
        if cut is None:
            cut = self._cuts[parts] = Cut(parts)
        values = cut.values(stack.layers)
        return None if values is None else self._with(before, stack, parts, values)

    def _is_same_profile(self, one: CompiledProfile, other: CompiledProfile) -> bool:
        """Whether templates see the same of two profiles of one name."""
        known = self._same_profiles.get(other.name)
        if known is None:
            same = one.document.description == other.document.description
            known = self._same_profiles[other.name] = same and is_same(
                dict(one.labels), dict(other.labels)
            )
        return known

    def _touched_in(self, before: Sequence[Layer], after: Sequence[Layer]) -> Parts | None:
        """The parts in which layers of the same places differ; `None` where more differs."""
        found = _NO_PARTS
        for one, other in zip(before, after, strict=True):
            if one is not other:
                if (one, other) not in self._touched:
                    self._touched[one, other] = touched(one, other)
                parts = self._touched[one, other]
                if parts is None:
                    return None
                found = found | parts if found else parts
        return found

    def _moved(self, before: CompiledBody, stack: Stack) -> CompiledBody:
        """The body, made of layers that say the same."""
        return before._replace(merged=Deferred(self._root_of, stack), layers=stack.layers)

    def _with(
        self, before: CompiledBody, stack: Stack, parts: Parts, values: Mapping[str, Any]
    ) -> CompiledBody | None:
        """The body with these values in its parts; `None` where that may not be right."""
        session, lifetime = dict(before.session), before.expires_after
        is_same, is_looked_at = True, False
        for name in parts:
            value = values.get(name, ABSENT)
            is_lifetime = name == LIFETIME
            was = session.get(name, ABSENT)
            if is_lifetime:
                was = ABSENT if lifetime is None else lifetime
            state = self._checks.of_part(name, was, value)
            if state is State.SAME:
                continue
            if state is State.WRONG:
                return None
            is_same, is_looked_at = False, is_looked_at or state is State.LOOK
            if is_lifetime:
                lifetime = None if value is ABSENT else value
            else:
                session[name] = value
        if is_same:
            return self._moved(before, stack)
        if is_looked_at:
            session = _in_order(session)
            # What was found is a note of another part: found again, it is told where that moved.
            is_right = self._checks.rules_find_the_same(before, session)
        else:
            is_right = _OF_DETAIL not in parts or self._checks.is_right_in_detail(
                session, before.api
            )
        return self._body(before, stack, session, lifetime) if is_right else None

    def _body(
        self,
        before: CompiledBody,
        stack: Stack,
        session: Mapping[str, Any],
        lifetime: Mapping[str, Any] | None,
    ) -> CompiledBody:
        return CompiledBody(
            before.profile,
            before.environment,
            before.api,
            session,
            lifetime,
            FORMS[before.api].build(session, lifetime),
            Deferred(self._root_of, stack),
            stack.layers,
        )


def _part(path: Path) -> str:
    """The part of a request that a path leads into."""
    return str(path[1] if path[0] == SESSION.name else path[0])


def _leaf(body: CompiledBody, path: Path) -> Any:
    """The single value at a path; `DoubtError` where there is none."""
    value: Any = body.expires_after if path[0] == LIFETIME else body.session
    for name in path[1:]:
        if type(value) is not dict or name not in value:
            raise DoubtError
        value = value[name]
    if type(value) not in _SCALARS:
        raise DoubtError
    return value


class _Sessions(dict[Layer, MapNode | None]):
    """The sessions of layers, `None` of one that is no map of parts."""

    def __missing__(self, layer: Layer) -> MapNode | None:
        found = self[layer] = session_of(layer)
        return found


def _in_order(session: Mapping[str, Any]) -> dict[str, Any]:
    """The session in the order of the field table, without what is absent."""
    there = (field.name for field in SESSION.fields if field.name in session)
    return {name: session[name] for name in there if session[name] is not ABSENT}
