"""The merge law: one layer laid over what the weaker layers gave.

- Maps merge deeply, key by key; a scalar replaces; a list replaces. `null` is a value like any
  other: it replaces, and is replaced.
- `$append`, `$prepend` and `$remove` work on the list below them: first what `$remove` lists is
  taken out (by value), then `$prepend` is put before it and `$append` after it. Over an absent
  value the list starts empty; over anything but a list they are an error.
- `$replace: VALUE` does not merge; `$unset: true` makes the value absent again.
- A bare `key:` over an inherited map is an error.

The law is folded over the layers, the weakest first, so it holds for any number of them.

It is associative: two layers that follow each other can be written as one that does the same to
whatever is below, so it makes no difference how layers are grouped. (`$append: [a]` under
`$append: [b]` is `$append: [a, b]`; `$unset` under a map is `$replace` with that map.) The one
exception is an error anyway: a list directive over what is no list. The order of layers matters.
"""

from collections.abc import Collection, Hashable, Iterable, Sequence
from enum import IntEnum
from types import MappingProxyType
from typing import NamedTuple, cast

from voxmint.origin import Origin
from voxmint.problems import Problem, Related
from voxmint.profiles import wording
from voxmint.profiles.cells import Cell, Gone, Leaf, ListCell, MapCell, origin, value_of
from voxmint.profiles.directives import APPEND, PREPEND, REMOVE, REPLACE, UNSET
from voxmint.profiles.documents import Layer
from voxmint.profiles.nodes import ListNode, MapNode, Mark, Node, ScalarNode, plain
from voxmint.profiles.values import Plain, described


class _Written(NamedTuple):
    """A directive in a file."""

    directive: str
    at: Origin


class _Effect(IntEnum):
    """What a directive has done, at its most, in all that it was laid over."""

    NOTHING = 0
    EMPTY_LIST = 1
    """It made an empty list of an absent one, which is sent where nothing was."""
    CHANGE = 2


class Step(NamedTuple):
    """A layer laid over what the weaker ones gave, and what was wrong with that."""

    layer: Layer
    under: Cell | None
    merged: Cell
    problems: Sequence[Problem]


class Merger:
    """Folds layers, sharing what it has folded before.

    Collects problems: those of a step that several folds share are there once for each of them.
    """

    def __init__(self) -> None:
        self.problems: list[Problem] = []
        self.restating: set[Layer] = set()
        """The layers that may set something as the weaker ones do; never too few."""
        self._effects: dict[_Written, _Effect] = {}
        self._folded: dict[tuple[int, Layer], Step] = {}

    def fold(self, layers: Iterable[Layer]) -> MapCell | None:
        """All the layers merged, the weakest first; `None` where there is none.

        Bodies share their weaker layers, so each step is remembered by what it was laid over (kept
        beside the result, which keeps its identity its own).
        """
        merged: Cell | None = None
        for layer in layers:
            if not layer.tree.entries:
                continue
            key = (id(merged), layer)
            step = self._folded.get(key)
            if step is None:
                step = self._folded[key] = self._step(merged, layer)
            elif step.problems:
                self.problems += step.problems
            merged = step.merged
        return merged if isinstance(merged, MapCell) else None

    def _step(self, under: Cell | None, layer: Layer) -> Step:
        before = len(self.problems)
        over = self.lay(under, layer.tree, layer, None)
        # A list for each step, which are as many as bodies, would only hold memory.
        problems = self.problems[before:] if len(self.problems) > before else ()
        return Step(layer, under, over, problems)

    @property
    def steps(self) -> Collection[Step]:
        """Every step of the folds, once for all the bodies that share it."""
        return self._folded.values()

    def lay(self, under: Cell | None, node: Node, layer: Layer, key: Mark | None) -> Cell:
        """The node of a layer, laid over what the weaker layers gave at this place."""
        if type(node) is MapNode:
            if node.entries and next(iter(node.entries)).startswith("$"):
                return self._directives(under, node, layer, key)
            return self._map(under, node, layer, key)
        if type(node) is ScalarNode:
            return Leaf(node.value, node.mark, key, layer, under, node.style)
        return self._list(under, cast(ListNode, node), layer, key)

    def _map(self, under: Cell | None, node: MapNode, layer: Layer, key: Mark | None) -> MapCell:
        lay, keys = self.lay, node.keys
        entries: dict[str, Cell] = {}
        if type(under) is MapCell:
            entries, under = dict(under.entries), under.under
            if not node.entries:
                self.restating.add(layer)
        elif not _is_always_there(node, layer):
            self._note_made_by_unset(node, layer)
        for name, value in node.entries.items():
            inner = entries.get(name)
            if type(value) is not ScalarNode:
                entries[name] = lay(inner, value, layer, keys[name])
            elif type(inner) is MapCell and value.is_bare:
                self._note_bare(name, inner, layer, keys[name])
            else:
                # As `lay` does it; most values are scalars.
                scalar, mark, style = value
                if inner is not None and inner[0] == scalar:
                    self.restating.add(layer)
                leaf = (scalar, mark, keys[name], layer, inner, style)
                entries[name] = tuple.__new__(Leaf, leaf)
        # As `MapCell(…)`, which takes half as long again as the tuple that it is.
        return tuple.__new__(MapCell, (entries, node.mark, key, layer, under))

    def _note_bare(self, name: str, under: MapCell, layer: Layer, key: Mark) -> None:
        related = (Related(origin(under), "the inherited map"),)
        self.problems.append(Problem(wording.BARE_KEY, layer.origin(key), {"key": name}, related))

    def _list(self, under: Cell | None, node: ListNode, layer: Layer, key: Mark | None) -> ListCell:
        before = under.items if type(under) is ListCell else ()
        if under is not None:
            self.restating.add(layer)
        items = tuple(
            self.lay(None, item, layer, None)._replace(under=weaker)
            for item, weaker in zip(node.items, _padded(before, len(node.items)), strict=True)
        )
        return ListCell(items, node.mark, key, layer, under)

    # ── directives ───────────────────────────────────────────────────────────────────────────────

    def _directives(
        self, under: Cell | None, node: MapNode, layer: Layer, key: Mark | None
    ) -> Cell:
        if REPLACE in node.entries:
            if under is not None:
                self.restating.add(layer)
            fresh = self.lay(None, node.entries[REPLACE], layer, key)
            return fresh._replace(under=under)
        if UNSET in node.entries:
            is_there = under is not None and type(under) is not Gone
            self._note_effect(UNSET, layer, node, _Effect.CHANGE if is_there else _Effect.NOTHING)
            return Gone("unset", node.mark, key, layer, under)
        return self._list_directives(under, node, layer, key)

    def _list_directives(
        self, under: Cell | None, node: MapNode, layer: Layer, key: Mark | None
    ) -> Cell:
        first = next(iter(node.entries))
        if under is not None and type(under) not in (ListCell, Gone):
            self._not_a_list(under, first, layer, node)
            return under
        before = under.items if type(under) is ListCell else ()
        kept = _without(before, node.entries[REMOVE]) if REMOVE in node.entries else list(before)
        given = {
            name: [self.lay(None, item, layer, None) for item in _items(node.entries[name])]
            for name in (PREPEND, APPEND)
            if name in node.entries
        }
        changes = {name for name, added in given.items() if added}
        changes |= {REMOVE} if len(kept) < len(before) else set()
        is_new = type(under) is not ListCell
        least = _Effect.EMPTY_LIST if is_new and not changes else _Effect.NOTHING
        for name in node.entries:
            self._note_effect(name, layer, node, _Effect.CHANGE if name in changes else least)
        items = (*given.get(PREPEND, ()), *kept, *given.get(APPEND, ()))
        return ListCell(items, node.mark, key, layer, under)

    def _not_a_list(self, under: Cell, directive: str, layer: Layer, node: MapNode) -> None:
        facts = {"directive": directive, "found": described(value_of(under))}
        related = (Related(origin(under), "what it would work on"),)
        at = layer.origin(node.keys[directive])
        self.problems.append(Problem(wording.DIRECTIVE_NEEDS_LIST, at, facts, related))

    def _note_effect(self, directive: str, layer: Layer, node: MapNode, effect: _Effect) -> None:
        written = _Written(directive, layer.origin(node.keys[directive]))
        self._effects[written] = max(self._effects.get(written, _Effect.NOTHING), effect)

    def _note_made_by_unset(self, node: MapNode, layer: Layer) -> None:
        """An `$unset` in a map that no weaker layer has: it may be all that makes the map."""
        for value in node.entries.values():
            if type(value) is MapNode and UNSET in value.entries:
                self._note_effect(UNSET, layer, value, _Effect.CHANGE)

    def idle_directives(self) -> list[Problem]:
        """A warning for each directive that changed nothing in any body, or only made `[]`."""
        return [
            Problem(_IDLE[effect], written.at, {"directive": written.directive})
            for written, effect in self._effects.items()
            if effect in _IDLE
        ]


_IDLE = MappingProxyType(
    {
        _Effect.NOTHING: wording.DIRECTIVE_WITHOUT_EFFECT,
        _Effect.EMPTY_LIST: wording.DIRECTIVE_MAKES_EMPTY_LIST,
    }
)


def _is_always_there(node: MapNode, layer: Layer) -> bool:
    """Whether it is one of the maps that every body has: its root, its session, its vars."""
    tree = layer.tree
    return node is tree or any(node is tree.entries.get(name) for name in ("session", "vars"))


def _items(node: Node) -> tuple[Node, ...]:
    return node.items if isinstance(node, ListNode) else ()


def _without(items: Iterable[Cell], unwanted: Node) -> list[Cell]:
    """The items of a list that are not, by value, among the unwanted ones."""
    values = {_exact(plain(item)) for item in _items(unwanted)}
    return [item for item in items if _exact(value_of(item)) not in values]


def _padded(items: tuple[Cell, ...], length: int) -> tuple[Cell | None, ...]:
    return (*items[:length], *(None for _ in range(length - len(items))))


def _exact(value: Plain) -> Hashable:
    """The value in a form in which `1`, `1.0` and `true` differ, and the order of keys does not."""
    if isinstance(value, dict):
        return ("map", frozenset((key, _exact(inner)) for key, inner in value.items()))
    if isinstance(value, list):
        return ("list", tuple(_exact(item) for item in value))
    return (type(value).__name__, value)
