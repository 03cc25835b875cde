"""What a YAML file is parsed to: values that know their places.

A mark is a plain tuple, since there is one for every key and value of every file: line and column,
counted from 1, and a length, all in characters.
"""

from collections.abc import Iterator
from typing import NamedTuple, TypeAlias

from voxmint.origin import Origin
from voxmint.profiles.values import Plain, Scalar

Mark: TypeAlias = tuple[int, int, int]


BAD = "bad"


class ScalarNode(NamedTuple):
    """A scalar; `style` is its quote (`'`, `"`), its block sign (`|`, `>`) or "" where plain.

    One with the style `BAD` could not be read; that has been said, and it counts as left out.
    """

    value: Scalar
    mark: Mark
    style: str = ""

    @property
    def is_bare(self) -> bool:
        """Whether nothing is written at all: `key:` and the end of the line."""
        return self.value is None and self.mark[2] == 0


class MapNode(NamedTuple):
    """A map; `keys` are the marks of its keys, those of values that were left out as well."""

    entries: dict[str, "Node"]
    keys: dict[str, Mark]
    mark: Mark


class ListNode(NamedTuple):
    """A list."""

    items: tuple["Node", ...]
    mark: Mark


Node: TypeAlias = ScalarNode | MapNode | ListNode


def plain(node: Node) -> Plain:
    """The node's value, without places."""
    if isinstance(node, ScalarNode):
        return node.value
    if isinstance(node, MapNode):
        return {key: plain(value) for key, value in node.entries.items()}
    return [plain(item) for item in node.items]


def texts_in(node: Node) -> Iterator[ScalarNode]:
    """Every text in the node, however deep."""
    if isinstance(node, MapNode):
        for value in node.entries.values():
            yield from texts_in(value)
    elif isinstance(node, ListNode):
        for item in node.items:
            yield from texts_in(item)
    elif isinstance(node.value, str):
        yield node


def origin_of(file: str, mark: Mark) -> Origin:
    """A mark of a file as an origin."""
    return Origin(file, *mark)


def kind_of(node: Node) -> str:
    """What a node is, for a person."""
    if isinstance(node, MapNode):
        return "a map"
    if isinstance(node, ListNode):
        return "a list"
    match node.value:
        case None:
            return "nothing" if node.is_bare else "null"
        case bool():
            return str(node.value).lower()
        case str():
            return "a text"
        case _:
            return "a number"
