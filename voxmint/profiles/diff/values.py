"""Plain values, their paths, and parts of files: what is the same, and what lies below what."""

from collections.abc import Hashable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any

from voxmint.origin import Path, dotted
from voxmint.profiles.diff.result import State
from voxmint.profiles.nodes import MapNode, Node, plain
from voxmint.profiles.values import Plain

SCALARS = frozenset({str, int, float, bool, type(None)})
"""What most values are: asked first, since asking whether something is a mapping takes longer."""


def is_same(one: Any, other: Any) -> bool:
    """Whether two plain values are equal, with `1`, `1.0` and `true` told apart."""
    if one is other:
        return True
    if type(one) in SCALARS:
        return type(one) is type(other) and bool(one == other)
    is_quick = type(one) is dict and type(other) is dict  # asked first: it is mostly so
    if is_quick or (isinstance(one, Mapping) and isinstance(other, Mapping)):
        return one.keys() == other.keys() and all(
            is_same(inner, other[key]) for key, inner in one.items()
        )
    if isinstance(one, list | tuple) and isinstance(other, list | tuple):
        return len(one) == len(other) and all(map(is_same, one, other))
    return type(one) is type(other) and bool(one == other)


def is_same_node(one: Node, other: Node) -> bool:
    """Whether two parts of files say the same, wherever they stand and however they are quoted."""
    return one is other or is_same(plain(one), plain(other))


def frozen(value: State) -> Hashable:
    """The value as a key: equal where two are the same."""
    kind = type(value)
    if kind in SCALARS:
        return (kind.__name__, value)
    if isinstance(value, Mapping):
        return ("map", tuple(sorted((key, frozen(inner)) for key, inner in value.items())))
    if isinstance(value, list | tuple):
        return ("list", tuple(map(frozen, value)))
    return (kind.__name__, value)


def leaves(value: Plain, path: Path = ()) -> Iterator[tuple[Path, Plain]]:
    """Every value that is no map with something in it, with its path; lists as a whole."""
    if isinstance(value, Mapping) and value:
        for name, inner in value.items():
            yield from leaves(inner, (*path, name))
    else:
        yield path, value


@lru_cache(maxsize=4096)
def shown_path(path: Path) -> str:
    """A path as people write it: dotted, without `session.`."""
    return dotted(path[1:] if path[:1] == ("session",) and len(path) > 1 else path)


def is_below(path: Sequence[str | int], above: Sequence[str | int]) -> bool:
    """Whether a path is that of the other or leads on from there."""
    return tuple(path[: len(above)]) == tuple(above)


def is_plain_map(node: Node) -> bool:
    """Whether a node is a map that is merged key by key: no directive.

    Directives stand beside no other key, so that the first one tells.
    """
    return isinstance(node, MapNode) and not next(iter(node.entries), "").startswith("$")
