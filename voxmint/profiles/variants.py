"""Variant-aware merging: what falls away when a layer changes `turn_detection.type`.

Law 3: inherited siblings that the new type does not have fall away, with a note that names them.
Siblings that the same layer, or a stronger one, sets stay, and are wrong where the type does not
have them. What fell away is absent for all that comes after: `super()` does not find it either,
though a later layer brings the old type back.
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


def settled_in(
    root: MapCell, layers: Sequence[Layer], rendered: Callable[[Leaf], Plain]
) -> tuple[MapCell, tuple[Problem, ...]]:
    """The cells with `turn_detection` as its last type leaves it, and the notes of that.

    `layers` are those of the body, the weakest first; `rendered` gives a templated type's value.
    The root itself is given back where nothing fell away.
    """
    session = root.entries.get("session")
    if not isinstance(session, MapCell):
        return root, ()
    detection = session.entries.get("turn_detection")
    if not isinstance(detection, MapCell):
        return root, ()
    kept, fell = settled(detection, layers, rendered)
    if kept is detection:
        return root, ()
    inner = session._replace(entries={**session.entries, "turn_detection": kept})
    return root._replace(entries={**root.entries, "session": inner}), fell


def settled(
    detection: MapCell, layers: Sequence[Layer], rendered: Callable[[Leaf], Plain]
) -> tuple[MapCell, tuple[Problem, ...]]:
    """The map without what fell away, and a note for each change of type that took something."""
    entries = detection.entries
    if "type" not in entries or _is_settled(entries):
        return detection, ()
    changes = _changes(entries["type"], rendered)
    fallen = _fallen(entries, changes, layers)
    kept = {
        name: _gone(cell, fallen[name])
        if name in fallen
        else _without_fallen(name, cell, changes, layers)
        for name, cell in entries.items()
    }
    if all(kept[name] is cell for name, cell in entries.items()):
        return detection, ()
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


def _gone(cell: Cell, change: Change) -> Gone:
    why = f"fell away: {change.type} does not have it"
    return Gone(why, change.cell.mark, change.cell.key, change.cell.layer, cell)


def _without_fallen(
    name: str, cell: Cell, changes: Sequence[Change], layers: Sequence[Layer]
) -> Cell:
    """The cell, that of a layer above the changes, over what they left of the weaker ones."""
    if changes and name not in _NAMES[changes[-1].type]:
        return cell  # an error by itself, whatever it is made from
    for change in reversed(changes):
        if name in _NAMES[change.type] or cell.under is None:
            continue
        kept = [cell]
        bound = layers.index(change.cell.layer)
        while kept[-1].under is not None and layers.index(kept[-1].under.layer) >= bound:
            kept.append(kept[-1].under)
        under = kept[-1].under
        if under is None or type(under) is Gone:
            return cell
        rebuilt: Cell = _gone(under, change)
        for one in reversed(kept):
            rebuilt = one._replace(under=rebuilt)
        return rebuilt
    return cell


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
