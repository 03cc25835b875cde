"""Two states of a project compiled and compared, and what the next mint will do because of it."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from voxmint.engine.states import Asked, State
from voxmint.engine.upstream.request import sent_body, where_of
from voxmint.engine.upstream.target import Target, target_of
from voxmint.problems import Body, ProblemsError, UsageError
from voxmint.profiles.compiled import Compilation, CompiledBody, CompiledEnvironment
from voxmint.profiles.diff.compare import Compared, compare
from voxmint.profiles.diff.result import Difference
from voxmint.profiles.diff.values import is_same
from voxmint.profiles.order import Order, check_order, relevant_problems
from voxmint.profiles.pipeline import compile_project, without_collector
from voxmint.profiles.reader import Document, read_document
from voxmint.profiles.reading import Reader
from voxmint.profiles.selectors import is_pattern

_NOTHING = Compilation({}, {}, (), (), {}, (), (), {})
"""What compiling a state without a project gives."""


class Renewal(NamedTuple):
    """What the next mint of an environment does because of a difference.

    `renewed` are sessions that have to be replaced, `minted` ones that there were not, `pruned`
    ones that nobody asks for any more.
    """

    environment: str
    renewed: int
    minted: int
    pruned: int


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


def compare_states(asked: Asked, order: Order, *, with_origins: bool = False) -> Comparison:
    """Compares the states that were asked for; `order` says for what.

    Raises `UsageError` for a name that neither of them has.
    """
    base, head = asked.base, asked.head
    if base.tree is not None and base.tree == head.tree and order.is_everything:
        return Comparison(base, head, Difference(0), _NOTHING, _NOTHING, is_same=True)
    # A profile whose labels changed is looked at in both states, whichever of them asks for it.
    compiled = replace(order, labels=())
    # All that is made here is kept to the end, and has no cycles.
    with without_collector():
        read_once = _ReadOnce()
        before, after = (_compiled(one, compiled, read_once) for one in (base, head))
        _check(asked, compiled, before, after)
        old, new = _compared(order, compiled, before), _compared(order, compiled, after)
        difference = compare(old, new, with_origins=with_origins)
        renewals = tuple(_renewals(old, new, order.api))
    is_all = order.is_everything
    return Comparison(base, head, difference, before, after, renewals, is_everything=is_all)


class _ReadOnce:
    """Makes documents of files, of what is the same in both states only one."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, bytes], Document] = {}

    def __call__(self, file: str, data: bytes) -> Document:
        known = self._known.get((file, data))
        if known is None:
            known = self._known[file, data] = read_document(file, data)
        return known


def _compiled(state: State, order: Order, reader: Reader) -> Compilation:
    return _NOTHING if state.source is None else compile_project(state.source, order, reader)


def _check(asked: Asked, order: Order, base: Compilation, head: Compilation) -> None:
    """That what was asked for by name is in one of the states."""
    doubtful = asked.doubtful
    known = {*base.profile_names, *head.profile_names}
    if doubtful and not is_pattern(doubtful) and doubtful not in known:
        raise UsageError(f"there is no revision and no profile `{doubtful}`", asked.hint)
    if base is head:
        raise UsageError(
            "there is no project in either of the two", "run it from a project's folder"
        )
    both = replace(
        head,
        profiles={**base.profiles, **head.profiles},
        environments={**base.environments, **head.environments},
        profile_names=tuple(dict.fromkeys((*base.profile_names, *head.profile_names))),
        environment_names=tuple(dict.fromkeys((*base.environment_names, *head.environment_names))),
        attempted=(*base.attempted, *head.attempted),
        problems=(*base.problems, *head.problems),
    )
    check_order(order, both)


def _compared(order: Order, compiled: Order, compilation: Compilation) -> Compared:
    def has(body: Body) -> bool:
        profile = compilation.profiles.get(body[0])
        return profile is None or order.has_profile(body[0], profile.labels)

    problems = relevant_problems(compiled, compilation) if compilation.texts else ()
    if order.labels:
        problems = tuple(one for one in problems if not one.affects or any(map(has, one.affects)))
    return Compared(compilation, problems, has)


# ── the next mint ────────────────────────────────────────────────────────────────────────────────


def _renewals(base: Compared, head: Compared, api: str | None) -> Iterator[Renewal]:
    before, after = base.compilation, head.compilation
    places = _Places(before, api), _Places(after, api)
    new = [body for body in after.bodies if head.has(body)]
    renewed = Counter(
        body[1]
        for body in new
        if body in before.bodies
        and not _is_same_token(
            places[0].sent(before.bodies[body]), places[1].sent(after.bodies[body])
        )
    )
    there, kept = set(before.attempted), set(after.attempted)
    minted = Counter(body[1] for body in new if body not in there)
    pruned = Counter(body[1] for body in before.bodies if body not in kept and base.has(body))
    for name in sorted({*renewed, *minted, *pruned}):
        yield Renewal(name, renewed[name], minted[name], pruned[name])


def _is_same_token(one: "_Request", other: "_Request") -> bool:
    """Whether a token of the one request is one of the other: what digests would say, for less."""
    return one.where == other.where and is_same(one.body, other.body)


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
