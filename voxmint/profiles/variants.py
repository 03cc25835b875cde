"""Variant-aware merging: what falls away when a layer changes `turn_detection.type`.

Law 3: inherited siblings that the new type does not have fall away, with a note that names them.
Siblings that the same layer, or a stronger one, sets stay, and are wrong where the type does not
have them.
"""

from collections.abc import Callable, Mapping, Sequence
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

    layer: Layer
    type: str


def settled(
    detection: MapCell, layers: Sequence[Layer], rendered: Callable[[Leaf], Plain]
) -> tuple[MapCell, Problem | None]:
    """The map without what fell away, and the note that says so.

    `layers` are those of the body, the weakest first; `rendered` gives a templated type's value.
    """
    entries = detection.entries
    if "type" not in entries:
        return detection, None
    changes = _changes(entries["type"], rendered)
    fallen = _fallen(entries, changes, layers)
    if not fallen:
        return detection, None
    why = changes[-1].type
    kept = {name: _gone(cell, why) if name in fallen else cell for name, cell in entries.items()}
    return detection._replace(entries=kept), _note(entries, fallen, why)


def _changes(kind: Cell, rendered: Callable[[Leaf], Plain]) -> list[Change]:
    """The changes of type, the weakest first."""
    changes: list[Change] = []
    for cell in reversed(list(chain(kind))):
        value = rendered(cell) if isinstance(cell, Leaf) else None
        if value in _NAMES and (not changes or changes[-1].type != value):
            changes.append(Change(cell.layer, str(value)))
    return changes


def _fallen(
    entries: Mapping[str, Cell], changes: Sequence[Change], layers: Sequence[Layer]
) -> list[str]:
    """The names that some change took away: set by a weaker layer, and not of its type."""
    fallen: list[str] = []
    for change in changes:
        for name in entries.keys() - _NAMES[change.type]:
            cell = entries[name]
            is_weaker = layers.index(cell.layer) < layers.index(change.layer)
            if is_weaker and type(cell) is not Gone:
                fallen.append(name)
    return sorted(set(fallen), key=list(entries).index)


def _gone(cell: Cell, why: str) -> Gone:
    return Gone(f"fell away: {why} does not have it", cell.mark, cell.key, cell.layer, cell)


def _note(entries: Mapping[str, Cell], fallen: Sequence[str], why: str) -> Problem:
    facts = {
        "fields": ", ".join(f"`{name}`" for name in fallen),
        "type": why,
        "them": "it" if len(fallen) == 1 else "them",
    }
    related = tuple(Related(key_origin(entries[name]), "inherited from here") for name in fallen)
    return Problem(wording.FELL_AWAY, origin(entries["type"]), facts, related)
