"""The stage that makes bodies from those of an earlier state."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from voxmint.problems import Body, Problem
from voxmint.profiles.bodies import FORMS
from voxmint.profiles.cells import MapCell
from voxmint.profiles.compiled import Compilation, CompiledBody, CompiledProfile, Deferred
from voxmint.profiles.documents import Layer
from voxmint.profiles.fields import SESSION
from voxmint.profiles.nodes import MapNode
from voxmint.profiles.remaking.checks import ABSENT, Checks, State
from voxmint.profiles.remaking.cuts import Cut
from voxmint.profiles.remaking.notes import Note, moved, note_of, parts_with_notes
from voxmint.profiles.remaking.parts import LIFETIME, Parts, is_same, session_of, touched
from voxmint.profiles.stages import (
    AllChecked,
    AllMerged,
    AllRendered,
    Problems,
    Rendered,
    Stack,
    Stacks,
)

_NO_PARTS: Parts = frozenset()
_OF_DETAIL = "input_audio_transcription"
"""The part of a session that rules look at in detail."""


class Earlier(NamedTuple):
    """What a compile leaves for that of another state.

    `bodies` are those in which nothing was found but `notes`; `is_calm` says that every directive
    that was merged changed something.
    """

    stacks: Mapping[Body, Stack]
    bodies: Mapping[Body, CompiledBody]
    notes: Sequence[Note]
    is_calm: bool


NOTHING_EARLIER = Earlier({}, {}, (), is_calm=False)


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


class Remade(NamedTuple):
    """A body that was made from an earlier one."""

    stack: Stack
    made: CompiledBody
    failed: frozenset[int] = frozenset()

    @property
    def root(self) -> MapCell:
        return self.made.root

    @property
    def session(self) -> Mapping[str, Any]:
        return self.made.session

    @property
    def expires_after(self) -> Mapping[str, Any] | None:
        return self.made.expires_after


class AllRemade(NamedTuple):
    """The bodies that were made from earlier ones.

    `is_calm` says that every directive changes something that has a part in them, and that none
    did so only in an earlier body of which none was made.
    """

    bodies: Mapping[Body, Remade]
    problems: Problems
    is_calm: bool


NOTHING_REMADE = AllRemade({}, (), is_calm=False)


def remake(known: Earlier, stacks: Stacks, root_of: Callable[[Stack], MapCell]) -> AllRemade:
    """Makes the bodies that can be made from earlier ones; `root_of` merges all cells of one."""
    if not known.bodies:
        return NOTHING_REMADE
    maker = _Maker(root_of, parts_with_notes(known.notes))
    found: dict[Body, Remade] = {}
    for stack in stacks.stacks:
        before = known.bodies.get(stack.body)
        made = None if before is None else maker.made(known.stacks[stack.body], before, stack)
        if made is not None:
            found[stack.body] = Remade(stack, made)
    layers = {body: one.stack.layers for body, one in found.items()}
    is_calm = known.is_calm and maker.is_calm and found.keys() >= known.stacks.keys()
    return AllRemade(found, tuple(moved(known.notes, known.bodies, layers)), is_calm)


def all_made(
    stacks: Stacks, rendered: AllRendered, checked: AllChecked, remade: AllRemade
) -> tuple[Sequence[Rendered | Remade], AllChecked]:
    """What was rendered and what is right, with what was made from earlier bodies, in order."""
    if not remade.bodies:
        return rendered.bodies, checked
    others = {one.stack.body: one for one in rendered.bodies}
    made: list[Rendered | Remade] = []
    right: dict[Body, CompiledBody] = {}
    for stack in stacks.stacks:
        body = stack.body
        one = remade.bodies.get(body)
        made.append(one or others[body])
        if one is not None:
            right[body] = one.made
        elif body in checked.bodies:
            right[body] = checked.bodies[body]
    problems: tuple[Problem, ...] = (*checked.problems, *remade.problems)
    return made, AllChecked(right, problems, checked.located)


class _Maker:
    """Makes bodies from earlier ones; `noted` are the parts in which anything was found."""

    def __init__(self, root_of: Callable[[Stack], MapCell], noted: Mapping[Body, Parts]) -> None:
        self._root_of = root_of
        self._noted = noted
        self._checks = Checks()
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
        parts = self._touched_in(before.layers, stack.layers)
        if parts is None:
            return None
        if not parts:
            return self._moved(before, stack)
        is_noted = not parts.isdisjoint(self._noted.get(stack.body, _NO_PARTS))
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
        if len(before) != len(after):
            return None
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
            # What was found before is found again: then it takes a whole compile to say what is.
            is_right = self._checks.is_right(session, lifetime, before.api)
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


class _Sessions(dict[Layer, MapNode | None]):
    """The sessions of layers, `None` of one that is no map of parts."""

    def __missing__(self, layer: Layer) -> MapNode | None:
        found = self[layer] = session_of(layer)
        return found


def _in_order(session: Mapping[str, Any]) -> dict[str, Any]:
    """The session in the order of the field table, without what is absent."""
    there = (field.name for field in SESSION.fields if field.name in session)
    return {name: session[name] for name in there if session[name] is not ABSENT}
