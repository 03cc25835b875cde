"""Which parts of a request two layers differ in."""

from typing import Any

from voxmint.profiles.directives import has_directives
from voxmint.profiles.documents import Layer
from voxmint.profiles.fields import EXPIRES_AFTER, SESSION
from voxmint.profiles.nodes import ListNode, MapNode, Node, ScalarNode

Parts = frozenset[str]
"""Names of parts of a session; the lifetime is one by its own name."""

LIFETIME = EXPIRES_AFTER.name
_VARS = "vars"
_SECTIONS = frozenset((SESSION.name, _VARS, LIFETIME))
_NO_SESSION = MapNode({}, {}, (1, 1, 1))


def touched(one: Layer, other: Layer) -> Parts | None:
    """The parts in which two layers differ; `None` where they do in more than parts."""
    sections = one.tree.entries.keys() | other.tree.entries.keys()
    sessions = session_of(one), session_of(other)
    if one.incomplete or other.incomplete or not sections <= _SECTIONS or None in sessions:
        return None
    if not is_same_node(one.tree.entries.get(_VARS), other.tree.entries.get(_VARS)):
        return None
    before, after = ({} if part is None else part.entries for part in sessions)
    found = {
        name
        for name in before.keys() | after.keys()
        if not is_same_node(before.get(name), after.get(name))
    }
    if not found <= SESSION.by_name.keys():
        return None
    lifetimes = (layer.tree.entries.get(LIFETIME) for layer in (one, other))
    return frozenset(found) if is_same_node(*lifetimes) else frozenset((*found, LIFETIME))


def session_of(layer: Layer) -> MapNode | None:
    """The session of a layer, empty where it is silent; `None` where it is no map of parts."""
    node = layer.tree.entries.get(SESSION.name, _NO_SESSION)
    return node if isinstance(node, MapNode) and not has_directives(node) else None


def is_same_node(one: Node | None, other: Node | None) -> bool:
    """Whether two parts of files say the same, in the same order, and are as bare."""
    if one is other:
        return True
    if isinstance(one, ScalarNode) and isinstance(other, ScalarNode):
        return is_same(one.value, other.value) and one.is_bare == other.is_bare
    if isinstance(one, MapNode) and isinstance(other, MapNode):
        return list(one.entries) == list(other.entries) and all(
            map(is_same_node, one.entries.values(), other.entries.values())
        )
    if isinstance(one, ListNode) and isinstance(other, ListNode):
        return len(one.items) == len(other.items) and all(map(is_same_node, one.items, other.items))
    return False


def is_same(one: Any, other: Any) -> bool:
    """Whether two plain values are equal to the byte: types and the order of keys are told."""
    if one is other:
        return True
    kind = type(one)
    if kind is not type(other):
        return False
    if kind is dict:
        return list(one) == list(other) and all(map(is_same, one.values(), other.values()))
    if kind is list:
        return len(one) == len(other) and all(map(is_same, one, other))
    return bool(one == other)
