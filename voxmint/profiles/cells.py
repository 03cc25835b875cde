"""Merged values that know where they came from: each cell links to the one that it overrode.

The chain `under` is at once the provenance of a value and what `super()` gives. Cells are shared
between bodies and never changed. `key` is the mark of the key that the value stands under, where
there is one, in the same file as `mark`.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple, TypeAlias

from voxmint.origin import Origin, Path
from voxmint.profiles.documents import Layer
from voxmint.profiles.nodes import Mark
from voxmint.profiles.values import Plain, Scalar


class Leaf(NamedTuple):
    """A scalar."""

    value: Scalar
    mark: Mark
    key: Mark | None
    layer: Layer
    under: "Cell | None"
    style: str = ""


class MapCell(NamedTuple):
    """A map; its entries may come from several layers, its own place is the strongest one's."""

    entries: dict[str, "Cell"]
    mark: Mark
    key: Mark | None
    layer: Layer
    under: "Cell | None"


class ListCell(NamedTuple):
    """A list; its items may come from several layers."""

    items: tuple["Cell", ...]
    mark: Mark
    key: Mark | None
    layer: Layer
    under: "Cell | None"


class Gone(NamedTuple):
    """A value that is absent again: unset, or fallen away with its variant."""

    why: str
    mark: Mark
    key: Mark | None
    layer: Layer
    under: "Cell | None"


Cell: TypeAlias = Leaf | MapCell | ListCell | Gone


def value_of(cell: Cell) -> Plain:
    """The cell's value without places; templates stay as they are written."""
    kind = type(cell)
    if kind is Leaf:
        return cell.value  # type: ignore[union-attr]  # the line above knows its class
    if isinstance(cell, MapCell):
        return {
            key: value_of(inner) for key, inner in cell.entries.items() if type(inner) is not Gone
        }
    if isinstance(cell, ListCell):
        return [value_of(item) for item in cell.items]
    return None


def origin(cell: Cell) -> Origin:
    """Where the value stands."""
    return cell.layer.origin(cell.mark if cell.mark[2] or cell.key is None else cell.key)


def key_origin(cell: Cell) -> Origin:
    """Where the key stands that the value is given to; the value's place in a list."""
    return cell.layer.origin(cell.key or cell.mark)


def chain(cell: Cell | None) -> Iterator[Cell]:
    """The cell and all that it overrode, the strongest first."""
    while cell is not None:
        yield cell
        cell = cell.under


def find(cell: Cell | None, path: Sequence[str | int]) -> Cell | None:
    """The cell at a path below this one; `None` where there is none."""
    for part in path:
        if isinstance(cell, MapCell) and isinstance(part, str):
            cell = cell.entries.get(part)
        elif isinstance(cell, ListCell) and isinstance(part, int) and part < len(cell.items):
            cell = cell.items[part]
        else:
            return None
    return cell


def _inner(cell: Cell, part: str | int) -> Cell | None:
    # As `find` does it; this is asked of every note of every body.
    if type(cell) is MapCell and type(part) is str:
        return cell.entries.get(part)
    return find(cell, (part,))


def find_nearest(cell: Cell, path: Path) -> Cell:
    """The cell at a path, or the last one on the way there."""
    for part in path:
        inner = _inner(cell, part)
        if inner is None:
            break
        cell = inner
    return cell
