"""What a profile has to say beside what its base gives, so that both come to a certain request.

Where the wanted request has a value that the base has, nothing is said; where it lacks one,
`$unset`; where the type of a union changes, what falls away by itself is not mentioned.
"""

from collections.abc import Mapping, Sequence, Set
from typing import Any, NamedTuple

from voxmint.profiles.bodies.form import Form, Request
from voxmint.profiles.cells import Cell, Gone, ListCell, MapCell
from voxmint.profiles.directives import APPEND, PREPEND, REPLACE, UNSET
from voxmint.profiles.fields import EXPIRES_AFTER, SESSION, UNIONS, Field
from voxmint.profiles.importing.rendering import Given
from voxmint.profiles.importing.tree import lifetime_of

_UNKNOWN: Any = object()
"""What a base gives where its template fails: something, and nobody knows what."""
_SAME: Any = object()
_ABSENT: Any = object()


class _Base(NamedTuple):
    """What the base gives at one place: how it is written, and what that comes to."""

    cell: Cell
    value: Any
    failed: Set[int]


def difference(given: Given, request: Request) -> dict[str, Any]:
    """What a profile says that extends what is given, for the request to come out."""
    base_lifetime = _base(given, EXPIRES_AFTER.name, given.expires_after)
    lifetime = lifetime_of(request.expires_after)
    changes = {
        SESSION.name: _change(
            _base(given, SESSION.name, given.session), dict(request.session), SESSION
        ),
        EXPIRES_AFTER.name: _change(
            base_lifetime, _ABSENT if lifetime is None else lifetime, EXPIRES_AFTER
        ),
    }
    if changes[SESSION.name] == {}:
        del changes[SESSION.name]
    return {name: change for name, change in changes.items() if change is not _SAME}


def beside(request: Request, given: Given, form: Form) -> Request:
    """The request, with what its body's form has no place for as the base has it.

    A body says nothing of that, so the base's word on it stands. Where some of the base fails to
    render, it is left out.
    """
    if given.failed:
        return request
    session = dict(request.session)
    for field in SESSION.fields:
        base, wanted = given.session.get(field.name, _ABSENT), session.get(field.name)
        if form.place((SESSION.name, field.name)) is None and base is not _ABSENT:
            session.setdefault(field.name, base)
        elif isinstance(base, Mapping) and isinstance(wanted, Mapping):
            session[field.name] = {**_unsaid(base, wanted, field, form), **wanted}
    return request._replace(session=session)


def _unsaid(
    base: Mapping[str, Any], wanted: Mapping[str, Any], field: Field, form: Form
) -> dict[str, Any]:
    """What the base has in a map, that the body could not have said; of the wanted type only."""
    kind = wanted.get("type", base.get("type"))
    return {
        inner.name: base[inner.name]
        for inner in field.fields
        if inner.name in base
        and form.place((SESSION.name, field.name, inner.name)) is None
        and (not inner.variants or kind in (None, *inner.variants))
    }


def _base(given: Given, name: str, value: Mapping[str, Any] | None) -> _Base | None:
    cell = given.root.entries.get(name)
    if cell is None or isinstance(cell, Gone):
        return None
    plain = _without_anchor(value) if name == EXPIRES_AFTER.name else value
    return _Base(cell, plain, given.failed)


def _without_anchor(value: Mapping[str, Any] | None) -> Any:
    return _UNKNOWN if value is None else lifetime_of(value)


def _change(base: _Base | None, wanted: Any, field: Field | None) -> Any:
    """What has to be said at one place; `_SAME` where nothing has."""
    if base is None:
        return _SAME if wanted is _ABSENT else wanted
    if wanted is _ABSENT:
        return {UNSET: True}
    if isinstance(base.cell, MapCell) and isinstance(wanted, Mapping):
        return _change_of_map(base, base.cell, wanted, field)
    if is_same(base.value, wanted):
        return _SAME
    if isinstance(base.cell, ListCell) and isinstance(wanted, list):
        return _change_of_list(base.value, wanted)
    return wanted


def _change_of_map(
    base: _Base, cell: MapCell, wanted: Mapping[str, Any], field: Field | None
) -> Any:
    inner = _entries(base, cell)
    if field is not None and field in UNIONS.values():
        inner = _without_fallen(inner, wanted, field)
    known = field.by_name if field is not None else {}
    changes: dict[str, Any] = {}
    for name in dict.fromkeys((*wanted, *inner)):
        change = _change(inner.get(name), wanted.get(name, _ABSENT), known.get(name))
        if change is not _SAME:
            changes[name] = change
    # Not the whole session: what its base says tomorrow is to reach it, too.
    if field is not SESSION and _size(wanted) + 1 < _size(changes):
        return {REPLACE: dict(wanted)}
    return changes or _SAME


def _entries(base: _Base, cell: MapCell) -> dict[str, _Base]:
    values = base.value if isinstance(base.value, Mapping) else {}
    return {
        name: _Base(
            inner,
            _UNKNOWN if _fails(inner, base.failed) else values.get(name, _UNKNOWN),
            base.failed,
        )
        for name, inner in cell.entries.items()
        if not isinstance(inner, Gone)
    }


def _fails(cell: Cell, failed: Set[int]) -> bool:
    """Whether it is a list of which an item's template fails: its place holds an empty text."""
    return isinstance(cell, ListCell) and any(id(item) in failed for item in cell.items)


def _without_fallen(
    inner: dict[str, _Base], wanted: Mapping[str, Any], field: Field
) -> dict[str, _Base]:
    """What the base still gives of a union once the wanted type is laid over it."""
    names = field.variants_of_type.get(str(wanted.get("type")))
    kind = inner.get("type")
    if names is None or (kind is not None and kind.value == wanted["type"]):
        return inner
    return {name: one for name, one in inner.items() if name in names}


def _change_of_list(given: Any, wanted: list[Any]) -> Any:
    if not isinstance(given, Sequence) or isinstance(given, str) or not given:
        return wanted
    before, after = list(wanted[: len(given)]), list(wanted[-len(given) :])
    if is_same(list(given), before):
        return {APPEND: wanted[len(given) :]}
    if is_same(list(given), after):
        return {PREPEND: wanted[: -len(given)]}
    return wanted


def _size(value: Any) -> int:
    """How many lines it takes, about."""
    if isinstance(value, Mapping) and UNSET not in value:
        return 1 + sum(map(_size, value.values()))
    return max(len(value), 1) if isinstance(value, list) else 1


def is_same(one: Any, other: Any) -> bool:
    """Whether two plain values are equal, and `1`, `1.0` and `true` told apart."""
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        return one.keys() == other.keys() and all(is_same(one[name], other[name]) for name in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(is_same, one, other))
    return type(one) is type(other) and bool(one == other)
