"""What a layer sets, entry by entry, and how it meets what other layers set."""

from collections.abc import Collection, Iterator
from typing import NamedTuple, TypeGuard

from voxmint.profiles.cells import Cell, Gone, Leaf, ListCell, MapCell
from voxmint.profiles.directives import REPLACE, UNSET, has_directives
from voxmint.profiles.fields import UNIONS
from voxmint.profiles.nodes import ListNode, MapNode, Mark, Node, ScalarNode, texts_in
from voxmint.profiles.templates.template import asks_super
from voxmint.profiles.values import Scalar

Keys = tuple[str, ...]
"""A path of keys from a layer's root: `("session", "turn_detection", "threshold")`."""


class Entry(NamedTuple):
    """One entry of a layer: a leaf of its tree, or a map of which all leaves are meant."""

    path: Keys
    key: Mark
    node: Node


def leaves(node: MapNode, path: Keys = ()) -> Iterator[Entry]:
    """The entries that set something: scalars, lists, directives and empty maps."""
    for name, value in node.entries.items():
        below = (*path, name)
        if type(value) is not ScalarNode and is_inner(value):
            yield from leaves(value, below)
        else:
            yield Entry(below, node.keys[name], value)


def is_inner(node: Node) -> TypeGuard[MapNode]:
    """Whether the node only leads to its entries, and sets nothing itself.

    The first key tells, as it tells the merge: nothing stands beside directives.
    """
    return type(node) is MapNode and bool(node.entries) and next(iter(node.entries))[:1] != "$"


def grouped(node: MapNode, chosen: Collection[Keys], path: Keys = ()) -> Iterator[Entry]:
    """The chosen leaves, those of a map of which all are chosen as that map."""
    for name, value in node.entries.items():
        below = (*path, name)
        if is_inner(value) and not all(leaf.path in chosen for leaf in leaves(value, below)):
            yield from grouped(value, chosen, below)
        elif is_inner(value) or below in chosen:
            yield Entry(below, node.keys[name], value)


def leaves_of(entry: Entry) -> Iterator[Entry]:
    """The leaf itself, or all the leaves of a map."""
    return leaves(entry.node, entry.path) if is_inner(entry.node) else iter((entry,))


# ── what is so already ───────────────────────────────────────────────────────────────────────────


def restated(node: MapNode, under: Cell | None, path: Keys = ()) -> list[Entry]:
    """The leaves that give what the weaker layers give already; `under` is what those give."""
    found: list[Entry] = []
    if type(under) is not MapCell:
        return found
    there = under.entries
    for name, value in node.entries.items():
        before = there.get(name)
        if before is None:
            continue
        if type(value) is ScalarNode:
            # Most are another value: no more is to be known of them.
            if type(before) is Leaf and value.value == before.value and _equals(value, before):
                found.append(Entry((*path, name), node.keys[name], value))
        elif is_inner(value):
            found += restated(value, before, (*path, name))
        elif restates(value, before, (*path, name)):
            found.append(Entry((*path, name), node.keys[name], value))
    return found


def restates(node: Node, before: Cell | None, path: Keys) -> bool:
    """Whether a leaf of a layer leaves the value that it is laid over as it is.

    `$append`, `$prepend`, `$remove` and `$unset` are left to the merge, which says itself where
    they change nothing.
    """
    if not isinstance(node, MapNode):
        return _equals(node, before)
    if not node.entries:
        return type(before) is MapCell
    fresh = node.entries.get(REPLACE)
    if fresh is None or (isinstance(fresh, MapNode) and _leads_to_union(path)):
        # A fresh union forgets which types it had before; without it, fields may fall.
        return False
    return _equals(fresh, before)


def _leads_to_union(path: Keys) -> bool:
    return any(union[: len(path)] == path for union in UNIONS)


def _equals(node: Node, cell: Cell | None) -> bool:
    """Whether the cell is certain to have the node's value in whatever body."""
    if isinstance(node, ScalarNode):
        return type(cell) is Leaf and is_same(node.value, cell.value) and not asks_super(node.value)
    if isinstance(node, ListNode):
        return (
            type(cell) is ListCell
            and len(node.items) == len(cell.items)
            and all(map(_equals, node.items, cell.items))
        )
    if type(cell) is not MapCell or has_directives(node):
        return False
    there = {name: inner for name, inner in cell.entries.items() if type(inner) is not Gone}
    # In the same order, too: a template can go through a map.
    return list(there) == list(node.entries) and all(
        _equals(value, there[name]) for name, value in node.entries.items()
    )


def is_same(one: Scalar, other: Scalar) -> bool:
    """Whether two scalars are one value: `1`, `1.0` and `true` are three, `0.0` and `-0.0` two."""
    return type(one) is type(other) and one == other and repr(one) == repr(other)


# ── what a stronger layer does ───────────────────────────────────────────────────────────────────


def touched(tree: MapNode, path: Keys) -> Entry | None:
    """The entry of a tree that has a say on what stands at a path: there, or above it."""
    node: Node = tree
    key = tree.mark
    for depth, name in enumerate(path):
        if not isinstance(node, MapNode) or has_directives(node):
            return Entry(path[:depth], key, node)
        if name not in node.entries:
            return None
        key, node = node.keys[name], node.entries[name]
    return Entry(path, key, node)


def is_final(node: Node) -> bool:
    """Whether the node's value is the same whatever it is laid over.

    A bare key is not: over a map it is an error.
    """
    if isinstance(node, ScalarNode) and node.is_bare:
        return False
    if isinstance(node, MapNode) and not (REPLACE in node.entries or UNSET in node.entries):
        return False
    return not any(asks_super(text.value) for text in texts_in(node))
