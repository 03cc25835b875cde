"""Every kind of problem at the edge to the world, in groups, for `explain` and the reference."""

from collections.abc import Mapping
from types import MappingProxyType

from voxmint.engine import wording
from voxmint.engine.stores import wording as of_stores
from voxmint.problems import Kind
from voxmint.profiles.kinds import Group

_UPSTREAM = "The key, and where it is sent"
_MINTING = "Minting"
_SINKS = "Sinks, and the files they write"
_STATE = "State, the ledger, locks and git"
_TITLES: Mapping[str, str] = MappingProxyType(
    {
        **dict.fromkeys(("ca", "certificates", "header", "host", "key", "proxy", "url"), _UPSTREAM),
        **dict.fromkeys(("answer", "echo", "mint"), _MINTING),
        **dict.fromkeys(("file", "folder", "path", "sink", "sinks", "store"), _SINKS),
    }
)
"""The group of a kind, by the first word of its code; the state's for any other."""

_KINDS = sorted((*wording.KINDS, *of_stores.KINDS), key=lambda kind: kind.code)


def _title(kind: Kind) -> str:
    return _TITLES.get(kind.code.partition("-")[0], _STATE)


GROUPS: tuple[Group, ...] = tuple(
    Group(title, tuple(kind for kind in _KINDS if _title(kind) == title))
    for title in (_UPSTREAM, _MINTING, _SINKS, _STATE)
)
