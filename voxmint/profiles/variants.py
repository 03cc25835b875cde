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

_TYPES = TURN_DETECTION.by_name["type"].values


class Change(NamedTuple):
    """A layer gave the map another type: its rank in the precedence, and the type."""

    rank: int
    type: str


def settled(
    detection: MapCell, layers: Sequence[Layer], rendered: Callable[[Leaf], Plain]
) -> tuple[MapCell, Problem | None]:
    """The map without what fell away, and the note that says so.

    `layers` are those of the body, the weakest first; `rendered` gives a templated type's value.
    """
    entries = detection.entries
    if "type" not in entries or all(cell.layer is detection.layer for cell in entries.values()):
        return detection, None
    rank = {layer: index for index, layer in enumerate(layers)}
    changes = _changes(entries["type"], rank, rendered)
    fallen = [name for name, cell in entries.items() if _falls(name, cell, rank, changes)]
    if not fallen:
        return detection, None
    why = changes[-1].type
    kept = {
        name: _gone(cell, why) if name in fallen else cell for name, cell in entries.items()
    }
    return detection._replace(entries=kept), _note(entries, fallen, why)


def _changes(
    kind: Cell, rank: Mapping[Layer, int], rendered: Callable[[Leaf], Plain]
) -> list[Change]:
    """The changes of type, the weakest first."""
    changes: list[Change] = []
    for cell in reversed(list(chain(kind))):
        value = rendered(cell) if isinstance(cell, Leaf) else None
        if value in _TYPES and (not changes or changes[-1].type != value):
            changes.append(Change(rank[cell.layer], str(value)))
    return changes


def _falls(name: str, cell: Cell, rank: Mapping[Layer, int], changes: Sequence[Change]) -> bool:
    if name == "type" or isinstance(cell, Gone):
        return False
    return any(
        change.rank > rank[cell.layer] and name not in TURN_DETECTION.of_variant(change.type)
        for change in changes
    )


def _gone(cell: Cell, why: str) -> Gone:
    return Gone(f"fell away: {why} does not have it", cell.mark, cell.key, cell.layer, cell)


def _note(entries: Mapping[str, Cell], fallen: Sequence[str], why: str) -> Problem:
    facts = {
        "fields": ", ".join(f"`{name}`" for name in fallen),
        "type": why,
        "them": "it" if len(fallen) == 1 else "them",
    }
    related = tuple(
        Related(key_origin(entries[name]), "inherited from here") for name in fallen
    )
    return Problem(wording.FELL_AWAY, origin(entries["type"]), facts, related)
