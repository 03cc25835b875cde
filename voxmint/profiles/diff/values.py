"""What differs between two bodies, value by value, with null, absent and set told apart."""

from collections.abc import Hashable, Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import chain
from typing import Any, NamedTuple

from voxmint.origin import Path, dotted
from voxmint.profiles.bodies import FORMS
from voxmint.profiles.compiled import CompiledBody
from voxmint.profiles.diff.result import ABSENT, State
from voxmint.profiles.nodes import MapNode, Node, plain
from voxmint.profiles.values import Plain

SCALARS = frozenset({str, int, float, bool, type(None)})
"""What most values are: asked first, since asking whether something is a mapping takes longer."""
_ANCHOR = {"anchor": "created_at"}


class Delta(NamedTuple):
    """A place in a request where two differ; the path begins with `session` or `expires_after`."""

    path: Path
    before: State
    after: State


def deltas(base: CompiledBody, head: CompiledBody) -> Iterator[Delta]:
    """Each value that is sent in one of two bodies and is not the same in the other.

    Maps are entered where both have one; lists are told as a whole.
    """
    if base.body is head.body and base.api == head.api:
        return
    found = _between(("session",), base.session, head.session)
    if base.expires_after is not head.expires_after:
        found = chain(found, _between(("expires_after",), _lifetime(base), _lifetime(head)))
    for delta in found:
        if _is_sent(base, delta.path) or _is_sent(head, delta.path):
            yield delta


def _lifetime(body: CompiledBody) -> State:
    """The lifetime, with the anchor that every one is sent with."""
    lifetime = body.expires_after
    return ABSENT if lifetime is None else {**_ANCHOR, **lifetime}


def _is_sent(body: CompiledBody, path: Path) -> bool:
    return FORMS[body.api].place(path) is not None


def _between(path: Path, before: State, after: State) -> Iterator[Delta]:
    if type(before) in SCALARS:
        if not is_same(before, after):
            yield Delta(path, before, after)
    elif isinstance(before, Mapping) and isinstance(after, Mapping):
        for name in (*before, *(name for name in after if name not in before)):
            one, other = before.get(name, ABSENT), after.get(name, ABSENT)
            if one is not other:
                yield from _between((*path, name), one, other)
    elif not is_same(before, after):
        yield Delta(path, before, after)


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
    if isinstance(value, Mapping):
        return ("map", tuple(sorted((key, frozen(inner)) for key, inner in value.items())))
    if isinstance(value, list | tuple):
        return ("list", tuple(map(frozen, value)))
    return (type(value).__name__, value)


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
