"""Which layers of a stack have a say in a value: those that touch its path, down to a final one."""

from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import NamedTuple

from voxmint.origin import Origin, Path
from voxmint.profiles.diff.values import is_plain_map
from voxmint.profiles.directives import REPLACE, UNSET
from voxmint.profiles.documents import Layer
from voxmint.profiles.nodes import MapNode, Mark, Node, ScalarNode
from voxmint.profiles.templates.template import is_template


class Touch(NamedTuple):
    """What a layer says at a path, or at the nearest place above it where it says something whole.

    `place` is the layer's place in its stack, from the weakest.
    """

    place: int
    layer: Layer
    path: Path
    node: Node
    key: Mark | None

    @property
    def at(self) -> Origin:
        is_scalar = isinstance(self.node, ScalarNode) and self.node.mark[2] > 0
        return self.layer.origin(self.node.mark if is_scalar or self.key is None else self.key)

    @property
    def is_final(self) -> bool:
        """Whether nothing weaker is seen below it."""
        node = self.node
        if isinstance(node, ScalarNode):
            text = node.value
            return not (isinstance(text, str) and "super" in text and is_template(text))
        if isinstance(node, MapNode):
            return REPLACE in node.entries or UNSET in node.entries
        return True


class _Said(NamedTuple):
    """A touch, wherever its layer stands."""

    path: Path
    node: Node
    key: Mark | None


def touch(place: int, layer: Layer, path: Path) -> Touch | None:
    """What the layer says at the path; `None` where it is silent."""
    said = _said(layer, path)
    return None if said is None else Touch(place, layer, *said)


# A base is asked for the same paths by every body that has it: looking is most of a comparison.
@lru_cache(maxsize=1 << 16)
def _said(layer: Layer, path: Path) -> _Said | None:
    node: Node = layer.tree
    key: Mark | None = None
    for depth, part in enumerate(path):
        if not (isinstance(node, MapNode) and is_plain_map(node)):
            return _Said(path[:depth], node, key)
        inner = node.entries.get(part) if isinstance(part, str) else None
        if inner is None:
            return None
        key = node.keys.get(str(part))
        node = inner
    return _Said(path, node, key)


def forget() -> None:
    """Lets go of the layers that were looked at."""
    _said.cache_clear()


def touches(layers: Sequence[Layer], path: Path) -> Iterator[Touch]:
    """What each layer says at the path, the strongest first."""
    for place in range(len(layers) - 1, -1, -1):
        found = touch(place, layers[place], path)
        if found is not None:
            yield found


def effective(layers: Sequence[Layer], path: Path) -> list[Touch]:
    """The touches that a value is made of: down to the first final one."""
    found: list[Touch] = []
    for one in touches(layers, path):
        found.append(one)
        if one.is_final:
            break
    return found


def covering(layers: Sequence[Layer], path: Path, place: int) -> Touch | None:
    """The strongest final touch that stands above the layer of this place."""
    for one in touches(layers[place + 1 :], path):
        if one.is_final:
            return one
    return None
