"""Writes a group of tokens to all sinks of an environment, in two phases.

All sinks are staged and read back before the first is switched over, so that a failure until then
leaves every one as it was. What becomes of each profile in each sink is returned, never raised.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Protocol

from voxmint.engine.failures import failure
from voxmint.engine.ledger import Ledger, Outcome
from voxmint.engine.sinks.contract import Change, Delivery, Receipt, Sink, SinkOutcome, Staged
from voxmint.engine.wording import MINT_INTERRUPTED, SINK_BROKEN
from voxmint.problems import Problem, ProblemsError, VoxmintError


@dataclass(frozen=True, slots=True)
class Delivered:
    """What became of a group in one sink: of each profile, and of the sink as a whole.

    `problem` is why nothing of the group is in this sink; `refused` are profiles that it cannot
    hold, with the reason.
    """

    outcomes: Mapping[str, SinkOutcome]
    refused: Mapping[str, Problem]
    problem: Problem | None = None


class Keeper(Protocol):
    """Where a run takes what it minted: to sinks, or to a command that is about to start."""

    def record(self, outcomes: Sequence[Outcome]) -> None:
        """Put down what became of requests; `ProblemsError` where the ledger cannot be written."""

    def deliver(
        self, deliveries: Sequence[Delivery], remove: frozenset[str] = frozenset()
    ) -> tuple[Delivered, ...]:
        """Take these there; what became of it in each place, in the run's order of them."""


class Deliverer:
    """Writes to the sinks of one environment. One call at a time, from any thread."""

    def __init__(self, ledger: Ledger, environment: str, sinks: Sequence[Sink]) -> None:
        self._ledger = ledger
        self._environment = environment
        # Every run takes the locks in the same order, so that no two wait for each other.
        self._order = sorted(
            range(len(sinks)), key=lambda one: (sinks[one].kind, sinks[one].address)
        )
        self._sinks = tuple(sinks)
        self._receipts: tuple[Receipt, ...] = ()

    def record(self, outcomes: Sequence[Outcome]) -> None:
        """Put down what became of requests; `ProblemsError` where the ledger cannot be written."""
        if outcomes:
            self._ledger.record(self._environment, outcomes)

    def deliver(
        self, deliveries: Sequence[Delivery], remove: frozenset[str] = frozenset()
    ) -> tuple[Delivered, ...]:
        """Write these and take those out; what became of it in each sink, in the sinks' order.

        Each sink gets the deliveries that it is for.
        """
        return self._changed(lambda sink: self._change(sink, deliveries, remove))

    def prune(self, profiles: frozenset[str]) -> tuple[Delivered, ...]:
        """Take these out of each sink that is not for them; else as `deliver`."""

        def change(sink: Sink) -> Change:
            gone = frozenset(profile for profile in profiles if not sink.takes(profile))
            return self._change(sink, (), gone)

        return self._changed(change)

    def _change(self, sink: Sink, deliveries: Sequence[Delivery], remove: frozenset[str]) -> Change:
        taken = tuple(one for one in deliveries if sink.takes(one.profile))
        return Change(taken, remove, self._receipts)

    def _changed(self, change_of: Callable[[Sink], Change]) -> tuple[Delivered, ...]:
        results: dict[int, Delivered] = {}
        changes: dict[int, Change] = {}
        try:
            self._receipts = self._ledger.receipts(self._environment)
            changes = {one: change_of(self._sinks[one]) for one in self._order}
            wanted = [one for one, change in changes.items() if change.deliveries or change.remove]
            results = {one: Delivered({}, {}) for one in changes if one not in wanted}
            with ExitStack() as stack:
                staged = {one: self._staged(one, changes[one], stack) for one in wanted}
                self._claim([receipt for ready in staged.values() for receipt in ready.receipts])
                for one, ready in staged.items():
                    results[one] = self._switched(one, ready, changes[one])
        except VoxmintError as error:
            problem = _problem_of(error)
            for one in self._order:
                results.setdefault(one, _failed(changes.get(one, Change()), problem))
        return tuple(results[one] for one in range(len(self._sinks)))

    def _claim(self, receipts: Sequence[Receipt]) -> None:
        if receipts:
            self._ledger.claim(self._environment, receipts)

    def _staged(self, one: int, change: Change, stack: ExitStack) -> Staged:
        sink = self._sinks[one]
        with _blamed_on(sink):
            stack.enter_context(sink.locked())
            staged = stack.enter_context(sink.stage(change))
            staged.read_back()
        return staged

    def _switched(self, one: int, staged: Staged, change: Change) -> Delivered:
        sink = self._sinks[one]
        try:
            with _blamed_on(sink):
                outcomes = staged.switch()
            self._note(sink, staged, change, outcomes)
        except VoxmintError as error:
            return _failed(change, _problem_of(error))
        return Delivered(outcomes, staged.refused)

    def _note(
        self,
        sink: Sink,
        staged: Staged,
        change: Change,
        outcomes: Mapping[str, SinkOutcome],
    ) -> None:
        failed = {one for one, outcome in outcomes.items() if outcome is SinkOutcome.FAILED}
        held = [receipt for receipt in staged.receipts if receipt.profile not in failed]
        if held:
            self._ledger.delivered(self._environment, held)
        here = (sink.kind, sink.address)
        gone = [
            receipt
            for receipt in change.receipts
            if receipt.profile in change.remove - failed and (receipt.kind, receipt.target) == here
        ]
        if gone:
            self._ledger.removed(self._environment, gone)


def _failed(change: Change, problem: Problem) -> Delivered:
    profiles = [*(delivery.profile for delivery in change.deliveries), *sorted(change.remove)]
    return Delivered(dict.fromkeys(profiles, SinkOutcome.FAILED), {}, problem)


def _problem_of(error: VoxmintError) -> Problem:
    if isinstance(error, ProblemsError):
        return error.problems[0]
    return Problem(MINT_INTERRUPTED)


@contextmanager
def _blamed_on(sink: Sink) -> Iterator[None]:
    """Turns what a sink should not raise into a problem of that sink."""
    try:
        yield
    except VoxmintError:
        raise
    except Exception as error:  # noqa: BLE001  # a sink of another package can raise anything
        # Only its name: the error's text could hold what was about to be written.
        said = type(error).__name__
        raise failure(SINK_BROKEN, at=sink.around.at, target=sink.target, said=said) from None
