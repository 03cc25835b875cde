"""The values of some parts of a request, merged by themselves."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any, NamedTuple

from voxmint.profiles.cells import Cell, Gone, Leaf, MapCell
from voxmint.profiles.documents import Layer
from voxmint.profiles.fields import EXPIRES_AFTER, SESSION
from voxmint.profiles.merge import Merger
from voxmint.profiles.nodes import MapNode, Mark, Node, ScalarNode
from voxmint.profiles.remaking.parts import LIFETIME, Parts
from voxmint.profiles.render import SharedParts
from voxmint.profiles.templates.template import is_template
from voxmint.profiles.values import Plain
from voxmint.profiles.variants import settled_in

Values = Mapping[str, Any]
"""The values of parts that are there, by name."""

_NOWHERE: Mark = (1, 1, 1)


class _Written(NamedTuple):
    """What a layer writes as a part, and the mark of its key."""

    node: Node
    key: Mark


class _Parts(dict[Layer, _Written | None]):
    """What layers write as a part; each is looked at when it is asked for first."""

    def __init__(self, part: str) -> None:
        super().__init__()
        self._part = part

    def __missing__(self, layer: Layer) -> _Written | None:
        tree: Node | None = layer.tree
        if self._part != LIFETIME:
            tree = layer.tree.entries.get(SESSION.name)
        found = None
        if isinstance(tree, MapNode) and self._part in tree.entries:
            found = _Written(tree.entries[self._part], tree.keys[self._part])
        self[layer] = found
        return found


class _Speaks(dict[Layer, bool]):
    """Whether layers write any of the parts."""

    def __init__(self, written: Collection[_Parts]) -> None:
        super().__init__()
        self._written = written

    def __missing__(self, layer: Layer) -> bool:
        found = self[layer] = any(one[layer] is not None for one in self._written)
        return found


class _DoubtError(Exception):
    """It takes a whole compile to say what a part is."""


class Cut:
    """Merges some parts of layers by themselves, sharing what was merged before."""

    def __init__(self, parts: Parts) -> None:
        self._written = {part: _Parts(part) for part in sorted(parts)}
        self._merger = Merger()
        self._shared = SharedParts()
        self._steps: dict[tuple[int, str, Layer], Cell | None] = {}
        self._speaks = _Speaks(self._written.values())
        self._values: dict[tuple[Layer, ...], Values | None] = {}

    @property
    def is_calm(self) -> bool:
        """Whether every directive in the parts changed something."""
        return not self._merger.idle_directives()

    def values(self, layers: Sequence[Layer]) -> Values | None:
        """The values that layers give to the parts, the weakest first; `None` in doubt.

        They are worked out once for all bodies with the same layers that speak of them.
        """
        speaks = self._speaks
        speaking = tuple([layer for layer in layers if speaks[layer]])
        if speaking not in self._values:
            self._values[speaking] = self._merged(speaking)
        return self._values[speaking]

    def _merged(self, layers: Sequence[Layer]) -> Values | None:
        try:
            cells = {part: self._cell(part, layers) for part in self._written}
        except _DoubtError:
            return None
        return self._of_cells(cells, layers)

    def _cell(self, part: str, layers: Sequence[Layer]) -> Cell | None:
        written, steps = self._written[part], self._steps
        cell: Cell | None = None
        for layer in layers:
            given = written[layer]
            if given is None:
                continue
            key = (id(cell), part, layer)
            if key not in steps:
                steps[key] = self._laid(cell, given, layer)
            cell = steps[key]
            if cell is None:
                raise _DoubtError
        return cell

    def _laid(self, under: Cell | None, given: _Written, layer: Layer) -> Cell | None:
        """What a layer writes, laid over the weaker ones; `None` where something is wrong then."""
        node = given.node
        if isinstance(node, ScalarNode) and node.is_bare:
            return None
        before = len(self._merger.problems)
        cell = self._merger.lay(under, node, layer, given.key)
        return cell if len(self._merger.problems) == before else None

    def _of_cells(self, cells: Mapping[str, Cell | None], layers: Sequence[Layer]) -> Values | None:
        there = {part: cell for part, cell in cells.items() if cell is not None}
        if not there:
            return {}
        settled = _settled(there, layers)
        values: dict[str, Any] = {}
        for part, cell in {} if settled is None else settled.items():
            field = EXPIRES_AFTER if part == LIFETIME else SESSION.by_name[part]
            found = self._shared.part(part, cell, field)
            if not found.is_static:
                return None
            if not isinstance(cell, Gone) and (part != LIFETIME or isinstance(cell, MapCell)):
                values[part] = found.value
        return None if settled is None else values


def _settled(cells: Mapping[str, Cell], layers: Sequence[Layer]) -> Mapping[str, Cell] | None:
    """The parts as their variants leave them; `None` where these take anything away."""
    templates: list[Leaf] = []

    def value_of(leaf: Leaf) -> Plain:
        if isinstance(leaf.value, str) and is_template(leaf.value):
            templates.append(leaf)
        return leaf.value

    layer = layers[-1]
    session = {part: cell for part, cell in cells.items() if part != LIFETIME}
    entries: dict[str, Cell] = {SESSION.name: MapCell(session, _NOWHERE, None, layer, None)}
    root, notes = settled_in(MapCell(entries, _NOWHERE, None, layer, None), layers, value_of)
    if notes or templates:
        return None
    inner = root.entries[SESSION.name]
    kept = inner.entries if isinstance(inner, MapCell) else {}
    return {**kept, LIFETIME: cells[LIFETIME]} if LIFETIME in cells else kept
