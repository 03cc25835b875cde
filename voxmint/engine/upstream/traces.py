"""What a token was minted from, field by field, as hashes, so that it can be named what changed.

The ledger keeps no body, only a trace of each field: a hash of its value, salted by the ledger, so
that two ledgers cannot be compared and a prompt cannot be looked up in a list of known ones.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from enum import StrEnum
from typing import Any, NamedTuple, TypeAlias

from voxmint.engine.upstream.request import Sent, canonical, where_of
from voxmint.engine.upstream.target import Target
from voxmint.profiles.compiled import CompiledBody

Traces: TypeAlias = Mapping[str, str]
"""The hash of each value, by its path as a profile or an environment writes it."""

_LENGTH = 16
"""Digits of a hash that are kept: enough to tell two values of one field apart."""


class Change(StrEnum):
    """What became of a field."""

    ADDED = "added"
    CHANGED = "changed"
    REMOVED = "removed"


class Difference(NamedTuple):
    """A field that is not as it was."""

    path: str
    change: Change


def traces_of(compiled: CompiledBody, sent: Sent, target: Target, salt: str) -> Traces:
    """The traces of a request, in the names of the profile, whatever endpoint it goes to."""
    values = dict(_leaves(compiled.session, ""))
    values |= _leaves(compiled.expires_after or {}, "expires_after.")
    values |= {name: value for name, value in where_of(sent, target).items() if value is not None}
    return {path: _hashed(salt, path, value) for path, value in values.items()}


def _leaves(found: Mapping[str, Any], before: str) -> Iterator[tuple[str, Any]]:
    """Every value below a map with its path; a list, or an empty map, is one value."""
    for name, value in found.items():
        if isinstance(value, Mapping) and value:
            yield from _leaves(value, f"{before}{name}.")
        else:
            yield before + name, value


def _hashed(salt: str, path: str, value: object) -> str:
    text = canonical([salt, path, value])
    return hashlib.sha256(text.encode("ascii")).hexdigest()[:_LENGTH]


def differences(before: Traces, now: Traces) -> tuple[Difference, ...]:
    """What is not as it was, in the order of the request, what is gone last.

    A map that is there as a whole, or gone as a whole, is named and not each of its fields.
    """
    changed = [path for path in now if path in before and before[path] != now[path]]
    added = dict.fromkeys(_lifted(path, before) for path in now if path not in before)
    removed = dict.fromkeys(_lifted(path, now) for path in before if path not in now)
    found = {
        **dict.fromkeys(removed, Change.REMOVED),
        **dict.fromkeys(added, Change.ADDED),
        **dict.fromkeys(changed, Change.CHANGED),
    }
    for path in [*added, *removed]:
        if _is_in(path, before) and _is_in(path, now):
            found[path] = Change.CHANGED
    order = {path: place for place, path in enumerate(dict.fromkeys((*now, *before)))}
    named = [path for path in found if not any(_is_below(path, other) for other in found)]
    return tuple(Difference(path, found[path]) for path in sorted(named, key=_placed(order)))


def _placed(order: Mapping[str, int]) -> Any:
    """The sort key of a path: its own place, or that of the first path below it."""
    places: dict[str, int] = {}
    for path, place in order.items():
        for above in _above(path):
            places[above] = min(place, places.get(above, place))
    return places.__getitem__


def _above(path: str) -> Iterator[str]:
    """The path and all that lead to it, the shortest first."""
    parts = path.split(".")
    yield from (".".join(parts[:length]) for length in range(1, len(parts) + 1))


def _lifted(path: str, others: Iterable[str]) -> str:
    """The shortest way to a path of which the others have nothing; else the path."""
    taken = tuple(others)
    return next((above for above in _above(path) if not _is_in(above, taken)), path)


def _is_in(path: str, others: Iterable[str]) -> bool:
    return any(other == path or _is_below(other, path) for other in others)


def _is_below(path: str, other: str) -> bool:
    return path.startswith(f"{other}.")


def traces_in(text: str | None) -> Traces | None:
    """The traces that the ledger holds; `None` where it holds none, or no such thing."""
    try:
        found = json.loads(text or "null")
    except (ValueError, RecursionError):
        return None
    if not isinstance(found, dict) or not all(isinstance(one, str) for one in found.values()):
        return None
    return found


def text_of(traces: Traces) -> str:
    """The traces as the ledger holds them."""
    return json.dumps(traces, separators=(",", ":"))
