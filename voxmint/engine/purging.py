"""Takes what voxmint wrote out of the sinks of an environment, and says what lives on.

    read the environment → look into the ledger and the sinks → lock → look again → take out, note

Nothing is compiled but the environment, so that a mistake in a profile does not keep its token in
a file. Nothing is revoked, since no service offers that: what the ledger knows of each token's end
is told with it, and stays in the ledger.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from voxmint.engine.edge import Edge, Operator
from voxmint.engine.events import LockAwaited
from voxmint.engine.ledger.ledger import Ledger, SessionRecord
from voxmint.engine.locks import Clock, Locks
from voxmint.engine.minting.bench import place_of_sink
from voxmint.engine.minting.delivery import Deliverer
from voxmint.engine.plan import SinkPlace, Unseen, skew_in
from voxmint.engine.project import Project
from voxmint.engine.purge_report import Fate, Item, Purge, Purged, PurgeReport
from voxmint.engine.report import SinkResult
from voxmint.engine.selection import present_in
from voxmint.engine.sinks import own_sink
from voxmint.engine.sinks.blaming import held_by
from voxmint.engine.sinks.contract import Receipt, Sink, SinkOutcome, Surroundings
from voxmint.engine.sinks.destinations import sinks_of
from voxmint.engine.sinks.surroundings import surroundings_of
from voxmint.engine.state import StateFolder, made_state
from voxmint.engine.wording import (
    LEDGER_BEHIND,
    PURGE_CHANGED,
    PURGE_OUT_OF_REACH,
    SINKS_MISSING,
)
from voxmint.engine.worktree import WorkTree
from voxmint.problems import Problem, ProblemsError, UsageError, nearest
from voxmint.profiles.compiled import CompiledEnvironment
from voxmint.profiles.order import Order, mistaken_environments
from voxmint.profiles.pipeline import compile_project
from voxmint.profiles.selectors import is_pattern, selected
from voxmint.profiles.values import Scalar
from voxmint.shown import shown

_NOTHING = "!*"

# ── what there is to take out ────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Scope:
    """An environment whose sinks are looked at, the profiles that it has, and their labels."""

    project: Project
    environment: CompiledEnvironment
    present: tuple[str, ...]
    labels: Mapping[str, Mapping[str, Scalar]]


def scope_of(project: Project, environment: str) -> Scope:
    """The environment by its file alone; what is wrong in others is no matter.

    `UsageError` where there is none of the name, `ProblemsError` where its file cannot be read.
    """
    order = Order(profiles=(_NOTHING,), environments=(environment,), settings=False)
    with WorkTree(project.root) as tree:
        compilation = compile_project(tree, order)
    for mistake in mistaken_environments(order, compilation):
        raise mistake
    found = compilation.environments.get(environment)
    if found is None:
        raise ProblemsError(compilation.problems)
    labels = {one.name: one.labels for one in compilation.profiles.values()}
    present = tuple(present_in(compilation, environment))
    return Scope(project, found, present, labels)


def plan_purge(scope: Scope, profiles: Sequence[str], operator: Operator, edge: Edge) -> Purge:
    """What a purge would take out now, by the ledger and the names in local files.

    Changes and locks nothing. `UsageError` for a name of which nothing is known.
    """
    around = _around(scope, operator, edge)
    sinks = _sinks(scope, around)
    with Ledger.open(around.state.ledger, readonly=True) as ledger:
        return _Look(scope, ledger, sinks, edge.now()).at(profiles)


def _around(scope: Scope, operator: Operator, edge: Edge) -> Surroundings:
    return surroundings_of(scope.project.root, edge.environ)._replace(
        environment=scope.environment.name,
        profiles=scope.present,
        labels=scope.labels,
        environ=edge.environ,
        allow_hosts=operator.allow_hosts,
    )


def _sinks(scope: Scope, around: Surroundings) -> tuple[Sink, ...]:
    """All sinks of the environment, of other packages too; it may have none."""
    try:
        return sinks_of(scope.environment, around)
    except ProblemsError as error:
        if all(problem.kind is SINKS_MISSING for problem in error.problems):
            return ()
        raise


@dataclass(frozen=True)
class _Look:
    """A look into the ledger and the sinks at a moment."""

    scope: Scope
    ledger: Ledger
    sinks: Sequence[Sink]
    now: float

    def at(self, patterns: Sequence[str]) -> Purge:
        name = self.scope.environment.name
        receipts = self.ledger.receipts(name)
        sessions = self.ledger.sessions(name)
        skew = skew_in(sessions.values(), self.now)
        silent: dict[tuple[str, str], Problem] = {}
        held = self._held(receipts, silent)
        wanted = _wanted(patterns, {*held, *sessions, *self.scope.present})
        items = tuple(_item(one, held[one], sessions.get(one)) for one in wanted if one in held)
        lingering = tuple(
            _item(one, (), sessions[one])
            for one in wanted
            if one not in held and one in sessions and sessions[one].expires_at > self.now + skew
        )
        unseen = tuple(
            Unseen(one.intent.profile, one.intent.last_expiry)
            for one in self.ledger.unseen(name, self.now)
            if not patterns or one.intent.profile in wanted
        )
        # A sink that is written to tells by itself what is wrong with it.
        written = {sink.key for item in items for sink in item.sinks}
        unasked = [problem for key, problem in silent.items() if key not in written]
        lost = self._out_of_reach(receipts, wanted)
        return Purge(name, items, lingering, unseen, (*lost, *unasked), skew)

    def _held(
        self, receipts: Sequence[Receipt], silent: dict[tuple[str, str], Problem]
    ) -> dict[str, tuple[SinkPlace, ...]]:
        """The sinks that hold something of each profile, by receipts or by names.

        Into `silent` goes why one could not be asked: of it only the ledger's word is known.
        Names that another environment wrote last are that one's, though both call them the same.
        """
        found: dict[str, list[SinkPlace]] = {}
        others = self.ledger.elsewhere(self.scope.environment.name)
        for sink in self.sinks:
            place = place_of_sink(sink)
            by_receipt = {one.profile for one in receipts if (one.kind, one.target) == place.key}
            names: frozenset[str] = frozenset()
            try:
                names = held_by(sink)
            except ProblemsError as error:
                silent[place.key] = error.problems[0]
            by_name = {one for one in names if (one, *place.key) not in others}
            for profile in sorted(by_receipt | by_name):
                found.setdefault(profile, []).append(place)
        return {profile: tuple(places) for profile, places in sorted(found.items())}

    def _out_of_reach(
        self, receipts: Sequence[Receipt], wanted: Sequence[str]
    ) -> Iterator[Problem]:
        """What was written where the environment has no sink any more.

        What was printed or handed on to a job is nowhere that it could be taken out of.
        """
        here = {(sink.kind, sink.address) for sink in self.sinks}
        lost: dict[tuple[str, str], list[str]] = {}
        for one in receipts:
            is_here = (one.kind, one.target) in here
            if one.profile in wanted and not is_here and _keeps(one.kind):
                lost.setdefault((one.kind, one.target), []).extend(one.names)
        for (kind, target), names in lost.items():
            facts = {
                "kind": kind,
                "target": target,
                "environment": self.scope.environment.name,
                "names": ", ".join(names),
            }
            yield Problem(PURGE_OUT_OF_REACH, facts=facts)


def _keeps(kind: str) -> bool:
    """Whether what a sink of this kind is given stays there."""
    sink = own_sink(kind)
    return sink is None or not sink.is_only_by_name


def _wanted(patterns: Sequence[str], known: set[str]) -> list[str]:
    for name in patterns:
        if not is_pattern(name) and name not in known:
            near = nearest(name, known).get("nearest")
            raise UsageError(
                f"nothing is known of a profile `{shown(name)}`",
                f"did you mean `{shown(near)}`?" if near else None,
            )
    return selected(patterns, sorted(known)) if patterns else sorted(known)


def _item(profile: str, sinks: tuple[SinkPlace, ...], record: SessionRecord | None) -> Item:
    if record is None:
        return Item(profile, sinks)
    return Item(profile, sinks, record.expires_at, record.session_id)


# ── taking it out ────────────────────────────────────────────────────────────────────────────────


def purge(
    scope: Scope, profiles: Sequence[str], operator: Operator, edge: Edge, agreed: Purge | None
) -> PurgeReport:
    """Take it out, sink by sink: one that fails does not keep the tokens in the others.

    `agreed` is what was shown to whoever said yes; `ProblemsError` where it is another thing by
    now. Interrupted or killed, what is out is out, and the next purge finds the rest.
    """
    with _opened(scope, operator, edge) as (ledger, sinks):
        found = _Look(scope, ledger, sinks, edge.now()).at(profiles)
        if agreed is not None and found.items != agreed.items:
            raise ProblemsError([Problem(PURGE_CHANGED, facts={"environment": found.environment})])
        done: dict[tuple[str, tuple[str, str]], SinkResult] = {}
        unnoted: list[Problem] = []
        for sink in sinks:
            if edge.stop.is_asked:
                break
            done |= _taken_out(sink, found, ledger, unnoted)
    results = tuple(_purged(item, done) for item in found.items)
    is_interrupted = any(one.fate is Fate.SKIPPED for one in results)
    return PurgeReport(found, results, tuple(unnoted), is_interrupted)


@contextmanager
def _opened(
    scope: Scope, operator: Operator, edge: Edge
) -> Iterator[tuple[Ledger, tuple[Sink, ...]]]:
    """The ledger and the sinks, this run's alone for as long as they are open."""
    state = made_state(scope.project.root, edge.environ)
    locks = _locks(state, operator, edge)
    sinks = _sinks(scope, _around(scope, operator, edge)._replace(state=state, locks=locks))
    patient = locks._replace(clock=Clock(sleep=edge.stop.sleep_unasked))
    with (
        patient.held(f"the environment {scope.environment.name}"),
        Ledger.open(state.ledger) as ledger,
    ):
        yield ledger, sinks


def _locks(state: StateFolder, operator: Operator, edge: Edge) -> Locks:
    def on_wait(what: str, holder: str) -> None:
        edge.on_event(LockAwaited(what, holder))

    clock = Clock(sleep=edge.stop.sleep)
    return Locks(state.locks, edge.command, operator.lock_timeout, on_wait, clock)


_Done = Mapping[tuple[str, tuple[str, str]], SinkResult]
"""What became of a profile in a sink, by both."""


def _taken_out(sink: Sink, found: Purge, ledger: Ledger, unnoted: list[Problem]) -> _Done:
    """What became of each profile in a sink; into `unnoted` goes why the ledger knows nothing."""
    place = place_of_sink(sink)
    profiles = [item.profile for item in found.items if place in item.sinks]
    if not profiles:
        return {}
    deliverer = Deliverer(ledger, found.environment, (sink,))
    [delivered] = deliverer.deliver((), remove=frozenset(profiles))
    problem = delivered.problem
    if problem is not None and problem.kind is LEDGER_BEHIND:
        unnoted.append(problem)
        problem = None
    return {
        (profile, place.key): SinkResult(
            place.kind,
            place.target,
            delivered.outcomes.get(profile, SinkOutcome.FAILED),
            delivered.refused.get(profile, delivered.left.get(profile, problem)),
            address=place.address,
        )
        for profile in profiles
    }


def _purged(item: Item, done: _Done) -> Purged:
    sinks = tuple(done[key] for sink in item.sinks if (key := (item.profile, sink.key)) in done)
    if any(not sink.is_good for sink in sinks):
        return Purged(item, Fate.FAILED, sinks)
    if len(sinks) < len(item.sinks):
        return Purged(item, Fate.SKIPPED, sinks)
    is_out = any(sink.outcome is SinkOutcome.REMOVED for sink in sinks)
    return Purged(item, Fate.REMOVED if is_out else Fate.LEFT, sinks)
