"""Variant-aware merging: what falls away when a layer changes the `type` of a union.

The field table says what is a union: a map of which some fields belong to some types only, such as
`turn_detection`.

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
from voxmint.profiles.fields import UNIONS, Field
from voxmint.profiles.values import Plain

Variants = Mapping[str, frozenset[str]]
"""For each type of a union, the names of its fields."""


class Change(NamedTuple):
    """A layer gave the map another type; `names` are the fields that go with it."""

    cell: Leaf
    type: str
    names: frozenset[str]


def settled_in(
    root: MapCell,
    layers: Sequence[Layer],
    rendered: Callable[[Leaf], Plain],
    unions: Mapping[tuple[str, ...], Field] = UNIONS,
) -> tuple[MapCell, tuple[Problem, ...]]:
    """The cells with each of the `unions` as its last type leaves it, and the notes of that.

    `layers` are those of the body, the weakest first; `rendered` gives a templated type's value.
    The root itself is given back where nothing fell away.
    """
    notes: tuple[Problem, ...] = ()
    for path, field in unions.items():
        cell: Cell | None = root
        for name in path:
            if type(cell) is not MapCell:
                break
            cell = cell.entries.get(name)
        if type(cell) is MapCell:
            kind, variants = cell.entries.get("type"), field.variants_of_type
            if kind is None or _is_settled(kind, cell.entries, variants):
                continue
            kept, fell = _settled(cell, variants, layers, rendered)
            if kept is not cell:
                root = _with(root, path, kept)
                notes += fell
    return root, notes


def _with(root: MapCell, path: Sequence[str], cell: Cell) -> MapCell:
    """The map with another cell at a path that leads through maps."""
    name, *below = path
    inner = root.entries[name]
    fresh = _with(inner, below, cell) if below and isinstance(inner, MapCell) else cell
    return root._replace(entries={**root.entries, name: fresh})


def _settled(
    union: MapCell,
    variants: Variants,
    layers: Sequence[Layer],
    rendered: Callable[[Leaf], Plain],
) -> tuple[MapCell, tuple[Problem, ...]]:
    """The map without what fell away, and a note for each change of type that took something."""
    entries = union.entries
    changes = _changes(entries["type"], variants, rendered)
    fallen = _fallen(entries, changes, layers)
    kept = {
        name: _gone(cell, fallen[name])
        if name in fallen
        else _without_fallen(name, cell, changes, layers)
        for name, cell in entries.items()
    }
    if all(kept[name] is cell for name, cell in entries.items()):
        return union, ()
    return union._replace(entries=kept), tuple(_notes(entries, fallen, changes))


def _is_settled(kind: Cell, entries: Mapping[str, Cell], variants: Variants) -> bool:
    """Whether it takes no more than a look, as it mostly does: one type, and all is its own."""
    if type(kind) is not Leaf or kind.under is not None:
        return False
    names = variants.get(kind.value) if type(kind.value) is str else None
    return names is not None and names.issuperset(entries)


def _changes(kind: Cell, variants: Variants, rendered: Callable[[Leaf], Plain]) -> list[Change]:
    """The changes of type, the weakest first; after an `$unset` any type is one."""
    changes: list[Change] = []
    current: str | None = None
    for cell in reversed(list(chain(kind))):
        if isinstance(cell, Gone):
            current = None
        if not isinstance(cell, Leaf):
            continue
        value = rendered(cell)
        if isinstance(value, str) and value in variants and value != current:
            changes.append(Change(cell, value, variants[value]))
            current = value
    return changes


def _fallen(
    entries: Mapping[str, Cell], changes: Sequence[Change], layers: Sequence[Layer]
) -> dict[str, Change]:
    """The names that a change took away, set by a weaker layer and not of its type; by name."""
    fallen: dict[str, Change] = {}
    for change in changes:
        for name, cell in entries.items():
            if name in change.names or type(cell) is Gone:
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
    if changes and name not in changes[-1].names:
        return cell  # an error by itself, whatever it is made from
    for change in reversed(changes):
        if name in change.names or cell.under is None:
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
