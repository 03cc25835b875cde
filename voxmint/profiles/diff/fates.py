"""What became of each body: there in both states, new, gone, or right in one of them only."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from voxmint.problems import Body, Problem
from voxmint.profiles.compiled import Compilation
from voxmint.profiles.diff.matching import Matching
from voxmint.profiles.diff.pairs import Pair


@dataclass(frozen=True, slots=True)
class Compared:
    """One state of a project: what was compiled of it, and the problems that matter to the order.

    `has` says whether a body was asked for; `None` where all were.
    """

    compilation: Compilation
    problems: tuple[Problem, ...]
    has: Callable[[Body], bool] | None = None

    def asked(self, bodies: Iterable[Body]) -> list[Body]:
        """Those of the bodies that were asked for."""
        has = self.has
        return list(bodies) if has is None else [body for body in bodies if has(body)]


class Fates(NamedTuple):
    """What became of each body, by its name in the head."""

    pairs: Mapping[Body, Pair]
    added: tuple[Body, ...]
    removed: tuple[Body, ...]
    invalid: tuple[Body, ...]
    valid: tuple[Body, ...]
    broken: tuple[Body, ...]


def renamer(matching: Matching) -> Callable[[Body], Body]:
    """What a body of the base is called in the head."""
    profiles = {name: other for name, other in matching.profiles.items() if name != other}
    environments = {name: other for name, other in matching.environments.items() if name != other}

    def renamed(body: Body) -> Body:
        profile, environment = body
        if profile in profiles or environment in environments:
            return profiles.get(profile, profile), environments.get(environment, environment)
        return body

    return renamed


def find_fates(base: Compared, head: Compared, matching: Matching) -> Fates:
    """What became of each body that was asked for in either state."""
    renamed = renamer(matching)
    old, new = base.compilation, head.compilation
    states = old, new
    before = {renamed(body): body for body in old.attempted}
    after = frozenset(new.attempted)
    asked = dict.fromkeys(head.asked(new.attempted))
    was_asked = frozenset(base.asked(old.attempted))
    asked |= dict.fromkeys(body for body, was in before.items() if was in was_asked)
    pairs: dict[Body, Pair] = {}
    fates: dict[str, list[Body]] = {
        name: [] for name in ("added", "removed", "invalid", "valid", "broken")
    }
    for body in sorted(asked):
        was = before.get(body)
        if was is not None and was in old.bodies and body in new.bodies:
            pairs[body] = Pair(old.bodies[was], new.bodies[body], states)
        else:
            fate = _fate(body, was, body in after, old, new)
            fates[fate].append(body if fate != "removed" or was is None else was)
    still_lost = {renamed(body) for body in _lost(base)} & _lost(head)
    fates["broken"] = sorted({*fates["broken"], *(still_lost - asked.keys())})
    return Fates(pairs, *(tuple(listed) for listed in fates.values()))


def _fate(
    body: Body, old: Body | None, is_there: bool, base: Compilation, head: Compilation
) -> str:
    """What became of a body that is not sound in both states."""
    was_sound, is_sound = old in base.bodies, body in head.bodies
    if old is None:
        if is_unreadable(body, base):
            return "valid" if is_sound else "broken"
        return "added"
    if not is_there:
        if is_unreadable(body, head):
            return "invalid" if was_sound else "broken"
        return "removed"
    if was_sound:
        return "invalid"
    return "valid" if is_sound else "broken"


def _lost(state: Compared) -> set[Body]:
    """The bodies that could not even be tried, since something that they inherit is unreadable."""
    affected = {body for problem in state.problems if problem.is_error for body in problem.affects}
    return set(state.asked(affected.difference(state.compilation.attempted)))


def is_unreadable(body: Body, state: Compilation) -> bool:
    """Whether the files of a body are there, and could not be made out: it is not gone."""
    profile, environment = body
    is_lost = profile in state.profile_names and profile not in state.profiles
    return is_lost or (
        environment in state.environment_names and environment not in state.environments
    )
