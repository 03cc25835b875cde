"""Puts together what has the same cause and is the same change."""

from collections.abc import Hashable, Mapping
from typing import NamedTuple

from voxmint.problems import Body
from voxmint.profiles.diff.causes import Causes
from voxmint.profiles.diff.deltas import Deltas
from voxmint.profiles.diff.pairs import Pair
from voxmint.profiles.diff.result import Cause, Change, Group, State
from voxmint.profiles.diff.values import SCALARS, frozen, shown_path


class _Alike(NamedTuple):
    """The bodies in which the same causes together made the same change."""

    causes: tuple[Cause, ...]
    change: Change
    bodies: list[Body]


class Groups:
    """Collects changes with their causes."""

    def __init__(self) -> None:
        self._found: dict[tuple[Hashable, ...], _Alike] = {}

    def add(self, causes: tuple[Cause, ...], change: Change, body: Body) -> None:
        """Notes that all of these together made one change in a body."""
        path, before, after = change
        key = (causes, path, _key(before), _key(after))
        known = self._found.get(key)
        if known is None:
            known = self._found[key] = _Alike(causes, change, [])
        known.bodies.append(body)

    def reached(self) -> Mapping[Cause, set[Body]]:
        """The bodies that each cause changes."""
        found: dict[Cause, set[Body]] = {}
        for causes, _, bodies in self._found.values():
            for cause in causes:
                found.setdefault(cause, set()).update(bodies)
        return found

    def all(self) -> tuple[Group, ...]:
        """All of them: by place of their cause, those of most bodies first."""
        orders = {cause: cause.order for alike in self._found.values() for cause in alike.causes}

        def rank(group: Group) -> tuple[object, ...]:
            bodies = group.bodies
            return (orders[group.cause], group.change.path, -len(bodies), bodies)

        groups: list[Group] = []
        for causes, change, listed in self._found.values():
            bodies = tuple(listed)
            for cause in causes:
                others = tuple([other for other in causes if other is not cause])
                groups.append(Group(cause, change, bodies, others))
        return tuple(sorted(groups, key=rank))


def _key(value: State) -> Hashable:
    """The value as a key, of a scalar without a call: most are."""
    return (type(value), value) if type(value) in SCALARS else frozen(value)


def group_values(pairs: Mapping[Body, Pair], causes: Causes, groups: Groups) -> None:
    """Groups the changes of what bodies say."""
    deltas = Deltas()
    for body, pair in pairs.items():
        for delta in deltas.of(pair.before, pair.after):
            change = Change(shown_path(delta.path), delta.before, delta.after)
            groups.add(causes.of_value(pair, delta), change, body)
