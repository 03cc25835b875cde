"""Variant-aware merging: what falls away when a layer changes `turn_detection.type`.

Law 3: inherited siblings that the new type does not have fall away, with a note that names them.
Siblings that the same layer, or a stronger one, sets stay, and are wrong where the type does not
have them.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple

from voxmint.problems import Problem, Related
from voxmint.profiles import wording
from voxmint.profiles.cells import Cell, Gone, Leaf, MapCell, chain, key_origin, origin
from voxmint.profiles.documents import Layer
from voxmint.profiles.fields import TURN_DETECTION
from voxmint.profiles.values import Plain

_NAMES = TURN_DETECTION.variants_of_type


class Change(NamedTuple):
    """A layer gave the map another type."""

    cell: Leaf
    type: str


def settled(
    detection: MapCell, layers: Sequence[Layer], rendered: Callable[[Leaf], Plain]
) -> tuple[MapCell, tuple[Problem, ...]]:
    """The map without what fell away, and a note for each change of type that took something.

    `layers` are those of the body, the weakest first; `rendered` gives a templated type's value.
    """
    entries = detection.entries
    if "type" not in entries or _is_settled(entries):
        return detection, ()
    changes = _changes(entries["type"], rendered)
    fallen = _fallen(entries, changes, layers)
    if not fallen:
        return detection, ()
    kept = {
        name: _gone(cell, fallen[name].type) if name in fallen else cell
        for name, cell in entries.items()
    }
    return detection._replace(entries=kept), tuple(_notes(entries, fallen, changes))


def _is_settled(entries: Mapping[str, Cell]) -> bool:
    """Whether it takes no more than a look, as it mostly does: one type, and all is its own."""
    kind = entries["type"]
    if type(kind) is not Leaf or kind.under is not None:
        return False
    return kind.value in _NAMES and _NAMES[str(kind.value)].issuperset(entries)


def _changes(kind: Cell, rendered: Callable[[Leaf], Plain]) -> list[Change]:
    """The changes of type, the weakest first."""
    changes: list[Change] = []
    for cell in reversed(list(chain(kind))):
        if not isinstance(cell, Leaf):
            continue
        value = rendered(cell)
        if isinstance(value, str) and value in _NAMES and value != _last(changes):
            changes.append(Change(cell, value))
    return changes


def _last(changes: Sequence[Change]) -> str | None:
    return changes[-1].type if changes else None


def _fallen(
    entries: Mapping[str, Cell], changes: Sequence[Change], layers: Sequence[Layer]
) -> dict[str, Change]:
    """The names that a change took away, set by a weaker layer and not of its type; by name."""
    fallen: dict[str, Change] = {}
    for change in changes:
        for name, cell in entries.items():
            if name in _NAMES[change.type] or type(cell) is Gone:
                continue
            if layers.index(cell.layer) < layers.index(change.cell.layer):
                fallen.setdefault(name, change)
    return fallen


def _gone(cell: Cell, why: str) -> Gone:
    return Gone(f"fell away: {why} does not have it", cell.mark, cell.key, cell.layer, cell)


def _notes(
    entries: Mapping[str, Cell], fallen: Mapping[str, Change], changes: Sequence[Change]
) -> Iterator[Problem]:
    for change in changes:
        names = [name for name, why in fallen.items() if why is change]
        if names:
            yield _note(entries, names, change)


def _note(entries: Mapping[str, Cell], fallen: Sequence[str], change: Change) -> Problem:
    facts = {
        "fields": ", ".join(f"`{name}`" for name in fallen),
        "type": change.type,
        "them": "it" if len(fallen) == 1 else "them",
    }
    related = tuple(Related(key_origin(entries[name]), "inherited from here") for name in fallen)
    return Problem(wording.FELL_AWAY, origin(change.cell), facts, related)
