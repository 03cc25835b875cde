"""The bench a mint works at: the environment's lock, the ledger, the sinks."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

from voxmint.engine.edge import Edge, Operator
from voxmint.engine.events import LockAwaited, Noted
from voxmint.engine.files import allowed_folders
from voxmint.engine.git import Absence, Head, Repository, repository
from voxmint.engine.ledger import Ledger
from voxmint.engine.locks import Clock, Locks
from voxmint.engine.minting.delivery import Deliverer
from voxmint.engine.plan import Known, Plan, SinkPlace, Wish, make_plan
from voxmint.engine.selection import Selection
from voxmint.engine.sinks.contract import Sink, Surroundings, preflight
from voxmint.engine.sinks.destinations import own_sinks_of, sinks_of
from voxmint.engine.sinks.surroundings import absent_state
from voxmint.engine.state import StateFolder, found_state, made_state
from voxmint.engine.upstream.target import provider_of
from voxmint.engine.wording import LEDGER_FRESH
from voxmint.problems import Problem, ProblemsError


@dataclass(frozen=True, slots=True)
class Bench:
    """What a mint writes with. It is one run's alone for as long as it is open."""

    selection: Selection
    ledger: Ledger
    sinks: tuple[Sink, ...]
    edge: Edge

    @property
    def deliverer(self) -> Deliverer:
        return Deliverer(self.ledger, self.selection.environment.name, self.sinks)

    def check_sinks(self) -> None:
        """That every sink can be written to; `ProblemsError` with all that stands against it."""
        problems = tuple(preflight(self.sinks))
        if any(problem.is_error for problem in problems):
            raise ProblemsError(problems)
        for problem in (*problems, *self._losses()):
            self.edge.on_event(Noted(problem))

    def _losses(self) -> Iterator[Problem]:
        """A note where sinks hold what the ledger, new as it is, knows nothing of."""
        if not self.ledger.is_fresh:
            return
        for sink in self.sinks:
            if held := sink.holds():
                yield Problem(LEDGER_FRESH, facts={"target": sink.target, "count": len(held)})

    def plan(self, *, force: bool) -> Plan:
        """The plan of this moment."""
        return _plan(self.selection, self.sinks, self.ledger, self.edge.now(), force=force)

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
    sinks = sinks_of(selection.environment, _surroundings(selection, state, locks, environ))
    patient = replace(locks, clock=Clock(sleep=edge.stop.sleep_unasked))
    with (
        patient.held(f"the environment {selection.environment.name}"),
        Ledger.open(state.ledger) as ledger,
    ):
        yield Bench(selection, ledger, sinks, edge)


def look(selection: Selection, edge: Edge, *, force: bool) -> Plan:
    """The plan of this moment, by the ledger and the names in local files; makes and locks nothing.

    A sink of another package is not asked: importing it would run code.
    """
    root, environ = selection.project.root, edge.environ
    found = found_state(root, environ)
    state = found or absent_state(root, environ)
    locks = _locks(state, Operator(), edge)
    sinks = own_sinks_of(selection.environment, _surroundings(selection, state, locks, environ))
    problems = tuple(preflight(sinks))
    if any(problem.is_error for problem in problems):
        raise ProblemsError(problems)
    with Ledger.open(state.ledger, readonly=True) as ledger:
        return _plan(selection, sinks, ledger, edge.now(), force=force)


def _locks(state: StateFolder, operator: Operator, edge: Edge) -> Locks:
    def on_wait(what: str, holder: str) -> None:
        edge.on_event(LockAwaited(what, holder))

    clock = Clock(sleep=edge.stop.sleep)
    return Locks(state.locks, edge.command, operator.lock_timeout, on_wait, clock)


def _surroundings(
    selection: Selection, state: StateFolder, locks: Locks, environ: Mapping[str, str]
) -> Surroundings:
    @cache
    def git(folder: Path) -> Repository | Absence:
        return repository(folder, environ)

    ask: Callable[[Path], Repository | Absence] = git
    return Surroundings(
        selection.project.root,
        selection.environment.name,
        selection.present,
        state,
        locks,
        ask,
        allowed_folders(environ),
    )


def _plan(
    selection: Selection, sinks: tuple[Sink, ...], ledger: Ledger, now: float, *, force: bool
) -> Plan:
    name = selection.environment.name
    wish = Wish(
        name,
        provider_of(selection.environment),
        selection.target,
        selection.bodies,
        tuple(place_of_sink(sink) for sink in sinks),
        frozenset(selection.present),
        force,
    )
    known = Known(
        ledger.sessions(name),
        ledger.receipts(name),
        ledger.open_intents(name, now),
        {(sink.kind, sink.address): sink.holds() for sink in sinks},
    )
    return make_plan(wish, known, now)


def place_of_sink(sink: Sink) -> SinkPlace:
    """A sink as plans and reports know it."""
    return SinkPlace(sink.kind, sink.target, sink.address)
