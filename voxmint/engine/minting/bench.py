"""The bench a mint works at: the environment's lock, the ledger, the sinks."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from voxmint.engine.edge import Edge, Operator
from voxmint.engine.events import LockAwaited, Noted
from voxmint.engine.files import allowed_folders
from voxmint.engine.git import Absence, Head, Repository, repository
from voxmint.engine.ledger.ledger import Ledger
from voxmint.engine.lines import Lines
from voxmint.engine.locks import Clock, Locks
from voxmint.engine.minting.delivery import Deliverer, Keeper
from voxmint.engine.plan import Known, Plan, SinkPlace, Wish, make_plan
from voxmint.engine.selection import Selection
from voxmint.engine.sinks.blaming import held_by
from voxmint.engine.sinks.contract import Sink, Surroundings, preflight
from voxmint.engine.sinks.destinations import (
    left_out,
    own_sinks_of,
    sinks_of,
    sinks_to_look_at,
)
from voxmint.engine.sinks.surroundings import absent_state
from voxmint.engine.state import StateFolder, found_state, made_state
from voxmint.engine.upstream.request import lifetime_of
from voxmint.engine.upstream.target import provider_of
from voxmint.engine.wording import (
    FOLDER_UNWRITABLE,
    LEDGER_FRESH,
    PLAN_ELSEWHERE,
    SINK_GROUP_UNKNOWN,
    SINK_MASKLESS,
    SINK_ON_TERMINAL,
    SINK_STREAMLESS,
)
from voxmint.problems import Problem, ProblemsError, gathered

_OF_THE_PROCESS = (SINK_MASKLESS, SINK_ON_TERMINAL, SINK_STREAMLESS)
"""What stands against a write by this very process, and not against a plan."""
_OF_THE_USER = (FOLDER_UNWRITABLE, SINK_GROUP_UNKNOWN)
"""What stands against a write by this user, here, and not against a plan, which only reads."""


@dataclass(frozen=True, slots=True)
class Bench:
    """What a mint writes with. It is one run's alone for as long as it is open."""

    selection: Selection
    ledger: Ledger
    sinks: tuple[Sink, ...]
    edge: Edge
    keeper: Keeper | None = None
    left_out: tuple[Problem, ...] = ()

    @property
    def deliverer(self) -> Keeper:
        """What takes tokens to where they are kept: the sinks, unless there is another keeper."""
        return self.keeper or self.sink_deliverer

    @property
    def sink_deliverer(self) -> Deliverer:
        """What writes to the sinks, and takes out of them."""
        return Deliverer(self.ledger, self.selection.environment.name, self.sinks)

    def check_sinks(self) -> None:
        """That every sink can be written to; `ProblemsError` with all that stands against it."""
        problems = gathered((*preflight(self.sinks), *self.left_out))
        if any(problem.is_error for problem in problems):
            raise ProblemsError(problems)
        for problem in (*problems, *self._losses()):
            self.edge.on_event(Noted(problem))

    def _losses(self) -> Iterator[Problem]:
        """A note where sinks hold what the ledger, new as it is, knows nothing of."""
        if not self.ledger.is_fresh:
            return
        for sink in self.sinks:
            if held := len(held_by(sink)):
                sessions = "a session" if held == 1 else f"sessions of {held:,} profiles"
                yield Problem(LEDGER_FRESH, facts={"target": sink.target, "sessions": sessions})

    def plan(self, operator: Operator, at: float | None = None) -> Plan:
        """The plan of this moment, or of what is known now as of another one in Unix seconds."""
        now = self.edge.now() if at is None else at
        return _plan(self.selection, self.sinks, self.ledger, operator, now)

    def head(self) -> Head | None:
        """The project's commit, and whether its files differ from it; `None` without git."""
        root = self.selection.project.root
        git = repository(root, self.edge.environ)
        if isinstance(git, Absence):
            return None
        return git.head(root, self.selection.folders)


@contextmanager
def opened_bench(selection: Selection, operator: Operator, edge: Edge) -> Iterator[Bench]:
    """Hold an environment's lock, with its ledger open and its sinks made.

    Waits for another run of the environment. `ProblemsError` where anything of it cannot be had.
    """
    root, environ = selection.project.root, edge.environ
    state = made_state(root, environ)
    locks = _locks(state, operator, edge)
    around = _surroundings(selection, state, locks, operator, edge)
    sinks = sinks_of(selection.environment, around)
    patient = locks._replace(clock=Clock(sleep=edge.stop.sleep_unasked))
    with (
        patient.held(f"the environment {selection.environment.name}"),
        Ledger.open(state.ledger) as ledger,
    ):
        yield Bench(selection, ledger, sinks, edge, left_out=tuple(_left_out(selection, around)))


def look(selection: Selection, operator: Operator, edge: Edge, *, refresh: bool = False) -> Plan:
    """The plan of this moment, by the ledger and the names in local files; makes and locks nothing.

    A sink of another package is left out, and a remote one is taken at the ledger's word, unless
    `refresh` asks for them: importing the one runs code, and asking the other takes a network.
    """
    root, environ = selection.project.root, edge.environ
    found = found_state(root, environ)
    state = found or absent_state(root, environ)
    locks = _locks(state, Operator(), edge)
    make = sinks_of if refresh else sinks_to_look_at
    around = _surroundings(selection, state, locks, operator, edge)
    sinks = make(selection.environment, around)
    problems = (*preflight(sinks, asks=refresh), *_left_out(selection, around))
    if any(one.is_error and one.kind not in _OF_THE_PROCESS + _OF_THE_USER for one in problems):
        raise ProblemsError(problems)
    for problem in (one for one in problems if one.kind in _OF_THE_USER):
        edge.on_event(Noted(Problem(PLAN_ELSEWHERE, problem.at, {"said": problem.message})))
    for problem in (one for sink in sinks if sink.is_remote for one in sink.settled()):
        edge.on_event(Noted(problem))
    asked = [sink for sink in sinks if refresh or not sink.is_remote]
    held = {(sink.kind, sink.address): held_by(sink) for sink in asked}
    with Ledger.open(state.ledger, readonly=True) as ledger:
        return _planned(selection, sinks, ledger, operator, edge.now(), held)


@dataclass(frozen=True, slots=True)
class Seen:
    """What is known of an environment.

    `held` are the profiles whose names each sink has, by its kind and address; `silent` are those
    that could not be asked, with the reason.
    """

    plan: Plan
    held: Mapping[tuple[str, str], frozenset[str]]
    silent: Mapping[tuple[str, str], Problem]


def seen(selection: Selection, operator: Operator, edge: Edge, ledger: Ledger) -> Seen:
    """The plan of this moment, by the ledger's word where a sink cannot be asked.

    `ProblemsError` where the settings of the sinks are wrong. Makes and locks nothing.
    """
    root, environ = selection.project.root, edge.environ
    state = found_state(root, environ) or absent_state(root, environ)
    locks = _locks(state, Operator(), edge)
    around = _surroundings(selection, state, locks, operator, edge)
    sinks = own_sinks_of(selection.environment, around)
    held: dict[tuple[str, str], frozenset[str]] = {}
    silent: dict[tuple[str, str], Problem] = {}
    for sink in sinks:
        try:
            held[sink.kind, sink.address] = held_by(sink)
        except ProblemsError as error:
            silent[sink.kind, sink.address] = error.problems[0]
    plan = _planned(selection, sinks, ledger, operator, edge.now(), held)
    return Seen(plan, held, silent)


def _locks(state: StateFolder, operator: Operator, edge: Edge) -> Locks:
    def on_wait(what: str, holder: str) -> None:
        edge.on_event(LockAwaited(what, holder))

    clock = Clock(sleep=edge.stop.sleep)
    return Locks(state.locks, edge.command, operator.lock_timeout, on_wait, clock)


def _left_out(selection: Selection, around: Surroundings) -> Iterator[Problem]:
    """The profiles asked for that no sink would keep."""
    return left_out(selection.environment, around, [one.profile for one in selection.bodies])


def _surroundings(
    selection: Selection, state: StateFolder, locks: Locks, operator: Operator, edge: Edge
) -> Surroundings:
    environ = edge.environ

    @cache
    def git(folder: Path) -> Repository | Absence:
        return repository(folder, environ)

    ask: Callable[[Path], Repository | Absence] = git
    return Surroundings(
        selection.project.root,
        selection.environment.name,
        tuple(selection.present),
        state,
        locks,
        ask,
        allowed_folders(environ),
        labels=selection.labels,
        asked=frozenset(operator.sinks),
        folders=selection.folders,
        environ=environ,
        console=edge.console,
        lifetimes={body.profile: lifetime_of(body) for body in selection.bodies},
        allow_hosts=operator.allow_hosts,
        adopts=operator.adopt,
    )


def _plan(
    selection: Selection, sinks: Sequence[Sink], ledger: Ledger, operator: Operator, now: float
) -> Plan:
    held = {(sink.kind, sink.address): held_by(sink) for sink in sinks}
    return _planned(selection, sinks, ledger, operator, now, held)


def _planned(
    selection: Selection,
    sinks: Sequence[Sink],
    ledger: Ledger,
    operator: Operator,
    now: float,
    held: Mapping[tuple[str, str], frozenset[str]],
) -> Plan:
    environment = selection.environment
    name = environment.name

    wish = Wish(
        name,
        provider_of(environment),
        selection.target,
        selection.bodies,
        tuple(place_of_sink(sink) for sink in sinks),
        selection.present,
        Lines(selection),
        operator.force,
        operator.min_remaining,
    )
    known = Known(
        ledger.sessions(name),
        ledger.receipts(name),
        ledger.unseen(name, now),
        held,
        ledger.salt,
        ledger.identity,
    )
    return make_plan(wish, known, now)


def place_of_sink(sink: Sink) -> SinkPlace:
    """A sink as plans and reports know it."""
    taken = frozenset(profile for profile in sink.around.profiles if sink.takes(profile))
    is_for_all = len(taken) == len(sink.around.profiles) and not sink.around.is_chosen
    profiles = None if is_for_all else taken
    return SinkPlace(sink.kind, sink.target, sink.address, profiles, sink.keeps_staged)
