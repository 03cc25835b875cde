"""Two states of a project compiled and compared, and what the next mint will do because of it."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, NamedTuple

from voxmint.engine.lifetimes import lifetime_problems
from voxmint.engine.states import Asked, State
from voxmint.engine.upstream.request import sent_body, where_of
from voxmint.engine.upstream.target import Target, target_of
from voxmint.problems import Body, Problem, ProblemsError, UsageError, nearest
from voxmint.profiles.cells import value_of
from voxmint.profiles.collector import COLLECTOR
from voxmint.profiles.compiled import Compilation, CompiledBody, CompiledEnvironment
from voxmint.profiles.diff.compare import compare
from voxmint.profiles.diff.fates import Compared, is_unreadable
from voxmint.profiles.diff.result import Difference
from voxmint.profiles.diff.values import is_same
from voxmint.profiles.order import Order, check_order, lost_names, relevant_problems
from voxmint.profiles.pipeline import compile_both, compile_project
from voxmint.profiles.roster import Roster
from voxmint.profiles.selectors import is_pattern
from voxmint.profiles.source import Source
from voxmint.shown import shown

_NOTHING = Compilation({}, {}, Roster(), Roster(), {}, (), (), {})
"""What compiling a state without a project gives."""


class Renewal(NamedTuple):
    """What the next mint of an environment does because of a difference.

    `renewed` are sessions that have to be replaced, `minted` ones that there were not, `pruned`
    ones that nobody asks for any more. An environment that is `stopped` has errors, so that
    nothing of it is minted before they are mended. `left` are sessions of an environment that is
    gone: no mint takes them out of its sinks.
    """

    environment: str
    renewed: int
    minted: int
    pruned: int
    stopped: bool = False
    left: int = 0


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two states, what is different, and what that does at the next deploy.

    `is_same` says that git has the same files for both, so that nothing was compiled;
    `is_everything` that no profile and no environment was left out.
    """

    base: State
    head: State
    difference: Difference
    before: Compilation
    after: Compilation
    renewals: tuple[Renewal, ...] = ()
    is_same: bool = False
    is_everything: bool = True
    deploys: Mapping[str, float] = field(default_factory=dict)


def compare_states(
    asked: Asked,
    order: Order,
    *,
    with_origins: bool = False,
    deploys: Sequence[tuple[str | None, float]] = (),
) -> Comparison:
    """Compares the states that were asked for; `order` says for what.

    `deploys` are the seconds that tokens must outlive, each with its environment, or `None` for
    all that are not named. Lifetimes that are too short for it count as errors.

    Raises `UsageError` for a name that neither of them has.
    """
    base, head = asked.base, asked.head
    if base.tree is not None and base.tree == head.tree and order.is_everything:
        return Comparison(base, head, Difference(0), _NOTHING, _NOTHING, is_same=True)
    # A profile whose labels changed is looked at in both states, whichever of them asks for it.
    compiled = order._replace(labels=())
    # All that is made here is kept to the end, and has no cycles.
    with COLLECTOR.paused():
        before, after = _compiled(base.source, head.source, compiled)
        _check(asked, order, before, after)
        needed = _needed(deploys, before, after)
        old, new = (_compared(order, compiled, one, needed) for one in (before, after))
        difference = compare(old, new, with_origins=with_origins)
        renewals = tuple(_renewals(old, new, order, difference))
    is_all = order.is_everything
    return Comparison(
        base, head, difference, before, after, renewals, is_everything=is_all, deploys=needed
    )


def _compiled(base: Source | None, head: Source | None, order: Order) -> tuple[Compilation, ...]:
    """Both states; one without a project gives nothing."""
    if base is not None and head is not None:
        return compile_both(base, head, order)
    return tuple(_NOTHING if one is None else compile_project(one, order) for one in (base, head))


def _check(asked: Asked, order: Order, base: Compilation, head: Compilation) -> None:
    """That what was asked for by name is in one of the states."""
    doubtful = asked.doubtful
    known = base.profile_names | head.profile_names
    if doubtful and not is_pattern(doubtful) and doubtful not in known:
        raise UsageError(f"there is no revision and no profile `{doubtful}`", asked.hint)
    if base is head:
        where = f" in `{shown(asked.head.folder)}`" if asked.head.folder else ""
        raise UsageError(
            f"there is no project{where} in either of the two",
            "run it from a project's folder, or name its folder with `--project DIR`",
        )
    if order.is_everything:
        return
    # Where all could be made out, it is no error of a file that nothing is selected.
    is_lost = any(lost_names(order, one) for one in (base, head))
    both = head._replace(
        profiles={**base.profiles, **head.profiles},
        environments={**base.environments, **head.environments},
        profile_names=base.profile_names | head.profile_names,
        environment_names=base.environment_names | head.environment_names,
        attempted=(*_asked_of(order, base), *_asked_of(order, head)),
        problems=(*base.problems, *head.problems) if is_lost else (),
    )
    check_order(order, both)


def _asked_of(order: Order, state: Compilation) -> Iterator[Body]:
    """The bodies of a state that are asked for, by the labels that it gives them."""
    return (body for body in state.attempted if _is_asked(order, state, body))


def _is_asked(order: Order, state: Compilation, body: Body) -> bool:
    profile = state.profiles.get(body[0])
    return profile is None or order.has_profile(body[0], profile.labels)


def _needed(
    deploys: Sequence[tuple[str | None, float]], base: Compilation, head: Compilation
) -> Mapping[str, float]:
    """How many seconds the tokens of each environment must outlive, where that was given.

    Raises `UsageError` for an environment that neither state has.
    """
    if not deploys:
        return {}
    known = head.environment_names | base.environment_names
    given = dict(deploys)
    for name in given:
        if name is not None and name not in known:
            hint = nearest(name, known).get("nearest")
            raise UsageError(
                f"`--min-remaining` names no environment: `{shown(name)}`",
                f"did you mean `{shown(hint)}`?" if hint else "write ENV=DURATION, or DURATION",
            )
    found = {name: given.get(name, given.get(None)) for name in known}
    return {name: seconds for name, seconds in found.items() if seconds is not None}


def _compared(
    order: Order, compiled: Order, compilation: Compilation, deploys: Mapping[str, float]
) -> Compared:
    has = partial(_is_asked, order, compilation)
    problems = relevant_problems(compiled, compilation) if compilation.texts else ()
    if order.labels:
        problems = tuple(one for one in problems if not one.affects or any(map(has, one.affects)))
    asked = Compared(compilation, problems, None if order.is_everything else has)
    return replace(asked, problems=(*problems, *_short_lived(asked, deploys)))


def _short_lived(state: Compared, deploys: Mapping[str, float]) -> Iterator[Problem]:
    """The lifetimes that do not outlive a deploy."""
    bodies = state.compilation.bodies
    asked: dict[float, list[CompiledBody]] = {}
    for body in state.asked(body for body in bodies if body[1] in deploys):
        asked.setdefault(deploys[body[1]], []).append(bodies[body])
    for seconds, listed in asked.items():
        yield from lifetime_problems(listed, seconds)


# ── the next mint ────────────────────────────────────────────────────────────────────────────────


def _renewals(
    base: Compared, head: Compared, order: Order, difference: Difference
) -> Iterator[Renewal]:
    before, after = base.compilation, head.compilation
    tokens = _Tokens(before, after, order.api, difference)
    new = head.asked(after.bodies)
    renewed = Counter(
        body[1]
        for body in new
        if body in before.bodies and not tokens.are_same(before.bodies[body], after.bodies[body])
    )
    minted = Counter(body[1] for body in new if body not in before.bodies)
    kept = set(after.attempted)
    gone = base.asked(body for body in before.bodies if body not in kept)
    pruned = Counter(body[1] for body in gone if not is_unreadable(body, after))
    stopped = _stopped(order, head)
    added = (body for arrival in difference.added for body in arrival.bodies)
    wrong = {body[1] for body in (*difference.invalid, *added) if body not in after.bodies}
    for name in sorted({*renewed, *minted, *pruned, *wrong}):
        is_stopped = name in stopped
        is_there = name in after.environment_names
        dropped, left = (pruned[name], 0) if is_there else (0, pruned[name])
        yield Renewal(name, renewed[name], minted[name], dropped, is_stopped, left)


def _stopped(order: Order, head: Compared) -> set[str]:
    """The environments with an error that a mint of what was asked for does not get past."""
    state = head.compilation
    lost = lost_names(order, state)
    if any(name in state.profile_names for name in lost):
        return set(state.environment_names)
    errors = [problem for problem in head.problems if problem.is_error]
    files = {problem.at.file for problem in errors if problem.at and not problem.affects}
    found = {*lost, *(body[1] for problem in errors for body in problem.affects)}
    found |= {
        name
        for name, one in state.environments.items()
        if any(document.file in files for document in one.lineage)
    }
    return found


class _Tokens:
    """Tells whether a token of a body of the one state is one of that in the other."""

    def __init__(
        self, before: Compilation, after: Compilation, api: str | None, difference: Difference
    ) -> None:
        self._states = before, after
        values = (one for one in difference.groups if not one.change.path.startswith("provider."))
        self._changed = {body for group in values for body in group.bodies}
        self._places = _Places(before, api), _Places(after, api)
        self._alike: dict[str, bool] = {}

    def are_same(self, one: CompiledBody, other: CompiledBody) -> bool:
        """What digests of the two requests would say, for less."""
        name = other.environment
        if name not in self._alike:
            self._alike[name] = _is_same_place(*(one.environments[name] for one in self._states))
        if self._alike[name]:
            changed = self._changed
            return (other.profile, name) not in changed and is_same(one.body, other.body)
        before, after = self._places[0].sent(one), self._places[1].sent(other)
        return before.where == after.where and is_same(before.body, after.body)


def _is_same_place(one: CompiledEnvironment, other: CompiledEnvironment) -> bool:
    """Whether both send every body as it is, and to one place, as a look at their settings tells.

    To read the settings takes a library that is slow to import.
    """
    values = [
        None if state.provider_cell is None else value_of(state.provider_cell)
        for state in (one, other)
    ]
    is_mapped = any(isinstance(value, Mapping) and "deployments" in value for value in values)
    return one.api == other.api and not is_mapped and is_same(*values)


class _Request(NamedTuple):
    """What is sent, and where to; nowhere, where that cannot be said."""

    body: Mapping[str, Any]
    where: Mapping[str, str | None] | None


class _Places:
    """Where the bodies of a state are minted."""

    def __init__(self, compilation: Compilation, api: str | None) -> None:
        self._compilation = compilation
        self._api = api
        self._targets: dict[str, Target | None] = {}

    def sent(self, body: CompiledBody) -> _Request:
        """What tells whether a token is one of this body."""
        environment = self._compilation.environments[body.environment]
        target = self._target(environment)
        if target is None or environment.provider is None:
            return _Request(body.body, None)
        sent = sent_body(body, environment.provider)
        return _Request(sent.body, where_of(sent, target))

    def _target(self, environment: CompiledEnvironment) -> Target | None:
        if environment.name not in self._targets:
            self._targets[environment.name] = self._asked(environment)
        return self._targets[environment.name]

    def _asked(self, environment: CompiledEnvironment) -> Target | None:
        if environment.provider is None:
            return None
        try:
            return target_of(environment, self._api)
        except ProblemsError:
            return None
