"""Whether a request stays right when some of its parts say something else."""

from collections.abc import Hashable, Mapping
from enum import IntEnum
from typing import Any, NamedTuple

from voxmint.origin import Path
from voxmint.profiles.bodies import FORMS
from voxmint.profiles.check import check_field, check_rules
from voxmint.profiles.compiled import CompiledBody
from voxmint.profiles.fields import EXPIRES_AFTER, REQUEST, SESSION, Field
from voxmint.profiles.remaking.parts import LIFETIME, is_same
from voxmint.profiles.rules import RULES_OF_DETAIL, outline
from voxmint.profiles.values import Plain

ABSENT: Any = object()
"""What a part is that is not there."""


class State(IntEnum):
    """What is known of a part that was touched.

    It says what it said; or nothing is wrong with it, and the rules find in it what they found;
    or the rules have to look at it; or something is wrong with it.
    """

    SAME = 0
    RIGHT = 1
    LOOK = 2
    WRONG = 3


class _Found(NamedTuple):
    """Whether the rules find the same in two sessions, and whether that is anything."""

    is_same: bool
    is_any: bool


class Checks:
    """Checks what was touched in bodies that were right; each part once for all that share it."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, int, int], tuple[Any, Any, State]] = {}
        self._fields: dict[Path, Field | None] = {}
        self._known_leaves: dict[Hashable, State] = {}
        self._known_sessions: dict[Hashable, _Found] = {}
        self._known_outlines: dict[Hashable, int] = {}
        self._numbers: dict[tuple[str, object], tuple[Any, int]] = {}

    def of_part(self, name: str, before: Any, after: Any) -> State:
        """What is known of a part by what it was and is, each `ABSENT` where it is not there."""
        key = (name, id(before), id(after))
        known = self._known.get(key)
        if known is None:
            known = self._known[key] = (before, after, _state(name, before, after))
        return known[2]

    def of_leaf(self, path: Path, before: Plain, after: Plain) -> State:
        """What is known of a single value of a request by what it was and is."""
        key = (path, type(before), before, type(after), after)
        known = self._known_leaves.get(key)
        if known is None:
            if path not in self._fields:
                self._fields[path] = _field_at(path)
            field = self._fields[path]
            state = State.LOOK if field is None else _compared(before, after, field)
            known = self._known_leaves[key] = state
        return known

    def rules_find_the_same(self, before: CompiledBody, session: Mapping[str, Any]) -> bool:
        """Whether the rules find in a session just what they do in that of before.

        Both are right by the field table. Of a body with incomplete layers it is not known which
        of its findings were told.
        """
        was, now = self._outlines(before.session), self._outlines(session)
        key = (before.api, was, now)
        found = self._known_sessions.get(key)
        if found is None:
            form = FORMS[before.api].name
            both = [check_rules(one, form) for one in (before.session, session)]
            found = self._known_sessions[key] = _Found(both[0] == both[1], bool(both[0]))
        is_told = not found.is_any or not any(layer.incomplete for layer in before.layers)
        return found.is_same and is_told

    def _outlines(self, session: Mapping[str, Any]) -> tuple[int, ...]:
        """The numbers of the outlines of a session's parts: all that the rules look at."""
        parts, numbers = self._numbers, []
        for name, value in session.items():
            key = (name, value if type(value) is str else id(value))
            known = parts.get(key)
            if known is None:
                alike = (name, outline(value))
                number = self._known_outlines.setdefault(alike, len(self._known_outlines))
                known = parts[key] = (value, number)
            numbers.append(known[1])
        return tuple(numbers)

    def is_right_in_detail(self, session: Mapping[str, Any], api: str) -> bool:
        """Whether nothing is found by the rules that look at more than outlines."""
        return not check_rules(session, FORMS[api].name, RULES_OF_DETAIL)


def _state(name: str, before: Any, after: Any) -> State:
    if after is ABSENT:
        return State.SAME if before is ABSENT else State.LOOK
    field = EXPIRES_AFTER if name == LIFETIME else SESSION.by_name[name]
    if before is ABSENT:
        return State.WRONG if any(check_field(after, field, (field.name,))) else State.LOOK
    return _compared(before, after, field)


def _field_at(path: Path) -> Field | None:
    field: Field | None = REQUEST
    for name in path:
        field = None if field is None else field.by_name.get(str(name))
    return field


def _compared(before: Any, after: Any, field: Field) -> State:
    """What is known of a value that was right; of a map, entry by entry, as it is checked."""
    if isinstance(before, dict) and isinstance(after, dict) and list(before) == list(after):
        found = State.SAME
        for name, value in before.items():
            if not is_same(value, after[name]):
                known = field.by_name.get(name)
                state = State.LOOK if known is None else _compared(value, after[name], known)
                found = max(found, state)
        return found
    if is_same(before, after):
        return State.SAME
    if any(check_field(after, field, (field.name,))):
        return State.WRONG
    is_alike = outline(before, field.name) == outline(after, field.name)
    return State.RIGHT if is_alike else State.LOOK
