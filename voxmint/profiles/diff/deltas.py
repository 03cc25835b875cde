"""What differs between two bodies, value by value, with null, absent and set told apart."""

from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any, NamedTuple, TypeGuard

from voxmint.origin import Path
from voxmint.profiles.bodies import FORMS
from voxmint.profiles.compiled import CompiledBody
from voxmint.profiles.diff.result import ABSENT, State
from voxmint.profiles.diff.values import SCALARS, is_same
from voxmint.profiles.fields import EXPIRES_AFTER, SESSION

_ANCHOR = {"anchor": "created_at"}


class Delta(NamedTuple):
    """A place in a request where two differ; the path begins with `session` or `expires_after`."""

    path: Path
    before: State
    after: State


class Deltas:
    """Finds what differs between bodies; parts that many bodies share are compared once."""

    def __init__(self) -> None:
        self._known: dict[tuple[object, ...], tuple[Any, Any, Sequence[Delta]]] = {}

    def of(self, base: CompiledBody, head: CompiledBody) -> Sequence[Delta]:
        """Each value that is sent in one of two bodies and is not the same in the other.

        Maps are entered where both have one; lists are told as a whole.
        """
        if base.body is head.body and base.api == head.api:
            return ()
        apis = base.api, head.api
        found: list[Delta] = []
        before, after = base.session, head.session
        for name, one in before.items():
            other = after.get(name, ABSENT)
            if one is not other:
                found += self._of_part((SESSION.name, name), one, other, apis)
        for name, other in after.items():
            if name not in before:
                found += self._of_part((SESSION.name, name), ABSENT, other, apis)
        if base.expires_after is not head.expires_after:
            path = (EXPIRES_AFTER.name,)
            found += self._of_part(path, base.expires_after, head.expires_after, apis)
        return found

    def _of_part(
        self, path: Path, before: Any, after: Any, apis: tuple[str, str]
    ) -> Sequence[Delta]:
        """What differs between two parts of requests, which are known by their identity."""
        key = (path, id(before), id(after), apis)
        known = self._known.get(key)
        if known is None:
            values = before, after
            if path == (EXPIRES_AFTER.name,):
                values = _lifetime(before), _lifetime(after)
            found = [one for one in _between(path, *values) if _is_sent(one.path, apis)]
            known = self._known[key] = (before, after, found)
        return known[2]


def _lifetime(value: Mapping[str, Any] | None) -> State:
    """The lifetime, with the anchor that every one is sent with."""
    return ABSENT if value is None else {**_ANCHOR, **value}


@lru_cache(maxsize=4096)
def _is_sent(path: Path, apis: tuple[str, str]) -> bool:
    return any(FORMS[api].place(path) is not None for api in apis)


def _is_map(value: State) -> TypeGuard[Mapping[str, Any]]:
    return type(value) is dict or isinstance(value, Mapping)  # most are: asked first


def _between(path: Path, before: State, after: State) -> Iterator[Delta]:
    if type(before) in SCALARS:
        if not is_same(before, after):
            yield Delta(path, before, after)
    elif _is_map(before) and _is_map(after):
        for name in (*before, *(name for name in after if name not in before)):
            one, other = before.get(name, ABSENT), after.get(name, ABSENT)
            if one is not other:
                yield from _between((*path, name), one, other)
    elif not is_same(before, after):
        yield Delta(path, before, after)
