"""Writes a group of tokens to all sinks of an environment, in two phases.

All sinks are staged and read back before the first is switched over, so that a failure until then
leaves every one as it was. What becomes of each profile in each sink is returned, never raised.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from dataclasses import dataclass, field, replace
from typing import Protocol

from voxmint.engine.failures import failure
from voxmint.engine.ledger.ledger import Ledger, Outcome, SessionRecord
from voxmint.engine.sinks.blaming import blamed_on
from voxmint.engine.sinks.contract import (
    Change,
    Delivery,
    Finished,
    Pending,
    Receipt,
    Sink,
    SinkOutcome,
    Staged,
    Unfinished,
)
from voxmint.engine.wording import LEDGER_BEHIND, MINT_INTERRUPTED
from voxmint.problems import Problem, ProblemsError, VoxmintError


@dataclass(frozen=True, slots=True)
class Delivered:
    """What became of a group in one sink: of each profile, and of the sink as a whole.

    `problem` is why nothing of the group is in this sink, or why the ledger does not know what is:
    then what was taken out is out, and what was written counts for nothing until it is known.
    `refused` are profiles that the sink cannot hold, with the reason. `staged` are those that are
    not in place and still staged there, so that a later run can switch them over. `left` are those
    that were to be taken out, and whose place is another's by now.
    """

    outcomes: Mapping[str, SinkOutcome]
    refused: Mapping[str, Problem]
    problem: Problem | None = None
    staged: frozenset[str] = frozenset()
    left: Mapping[str, Problem] = field(default_factory=dict)


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

    def finish(self, sink: Sink, records: Sequence[SessionRecord]) -> Finished:
        """Switch over what is staged in a sink of these sessions, and note what is in place.

        What it cannot finish is staged no more, as far as the ledger knows. `ProblemsError` where
        the sink or the ledger cannot be used.
        """
        here = (sink.kind, sink.address)
        claimed = {
            one.profile: one
            for one in self._ledger.receipts(self._environment)
            if (one.kind, one.target) == here
        }
        pending = {one.profile: one.staged[here] for one in records if here in one.staged}
        unfinished = [
            Unfinished(one, pending[one.profile].version, pending[one.profile].before)
            for one in records
            if one.profile in pending and one.profile in claimed
        ]
        with _blamed_on(sink), sink.locked():
            finished = sink.finish(unfinished)
        if finished.outcomes:
            held = [claimed[profile] for profile in finished.outcomes]
            with _told_of(sink):
                self._ledger.delivered(self._environment, held)
        known = {*finished.outcomes, *finished.problems}
        if gone := [one for profile, one in pending.items() if profile not in known]:
            self._ledger.unstaged(self._environment, gone)
        return finished

    def _change(self, sink: Sink, deliveries: Sequence[Delivery], remove: frozenset[str]) -> Change:
        taken = tuple(one for one in deliveries if sink.takes(one.profile))
        known = self._ledger.sessions(self._environment) if remove else {}
        records = [known[profile] for profile in sorted(remove) if profile in known]
        pending = tuple(one for record in records for one in record.staged.values())
        return Change(taken, remove, self._receipts, pending)

    def _changed(self, change_of: Callable[[Sink], Change]) -> tuple[Delivered, ...]:
        results: dict[int, Delivered] = {}
        changes: dict[int, Change] = {}
        try:
            self._receipts = self._ledger.receipts(self._environment)
            changes = {one: change_of(self._sinks[one]) for one in self._order}
            self._carry_out(changes, results)
        except VoxmintError as error:
            problem = _problem_of(error)
            for one in self._order:
                results.setdefault(one, _failed(changes.get(one, Change()), problem))
        return tuple(results[one] for one in range(len(self._sinks)))

    def _carry_out(self, changes: Mapping[int, Change], results: dict[int, Delivered]) -> None:
        """Stage the changes in all sinks, then switch them over; `results` tells of each.

        What one sink refuses, the others keep as it was: all is staged anew without it.
        """
        wanted = [one for one, change in changes.items() if change.deliveries or change.remove]
        results |= {one: Delivered({}, {}) for one in changes if one not in wanted}
        with ExitStack() as stack:
            staged = {one: self._staged(one, changes[one], stack) for one in wanted}
            refused = _refused_by_some(staged, changes)
            if not refused:
                self._claim(staged.values())
                for one, ready in staged.items():
                    results[one] = self._switched(one, ready, changes[one])
                return
        self._carry_out(
            {one: _without(refused, change) for one, change in changes.items()}, results
        )
        for one, change in changes.items():
            results[one] = _with_refused(results[one], change, refused)

    def _claim(self, staged: Collection[Staged]) -> None:
        receipts = [receipt for ready in staged for receipt in ready.receipts]
        pending = [one for ready in staged for one in ready.pending]
        if receipts:
            self._ledger.claim(self._environment, receipts, pending)

    def _staged(self, one: int, change: Change, stack: ExitStack) -> Staged:
        sink = self._sinks[one]
        with _blamed_on(sink):
            stack.enter_context(sink.locked())
            staged = sink.stage(change)
            stack.callback(_taken_back, sink, staged)
            staged.read_back()
        return staged

    def _switched(self, one: int, staged: Staged, change: Change) -> Delivered:
        sink, pending = self._sinks[one], staged.pending
        try:
            with _blamed_on(sink):
                outcomes = staged.switch()
        except VoxmintError as error:
            result = _failed(change, _problem_of(error))
            return replace(result, staged=self._waiting(staged, pending, result))
        result = Delivered(outcomes, staged.refused, left=staged.left)
        result = replace(result, staged=self._waiting(staged, pending, result))
        return self._noted(sink, staged, change, result)

    def _waiting(
        self, staged: Staged, pending: Sequence[Pending], result: Delivered
    ) -> frozenset[str]:
        """The profiles that a later run can finish; the ledger forgets the others."""
        failed = {one for one, outcome in result.outcomes.items() if outcome is SinkOutcome.FAILED}
        if spoiled := [one for one in pending if one.profile in failed & staged.spoiled]:
            # A ledger that cannot be written costs no more than a look for what is not there.
            with suppress(VoxmintError):
                self._ledger.unstaged(self._environment, spoiled)
        return frozenset(one.profile for one in pending if one.profile in failed - staged.spoiled)

    def _noted(self, sink: Sink, staged: Staged, change: Change, result: Delivered) -> Delivered:
        """What became of it, once the ledger was told, or could not be."""
        try:
            with _told_of(sink):
                self._note(sink, staged, change, result.outcomes)
        except ProblemsError as error:
            # What the ledger does not know to be there, the next run does not keep.
            unknown = {one.profile: SinkOutcome.FAILED for one in change.deliveries}
            outcomes = {**result.outcomes, **unknown}
            return replace(result, outcomes=outcomes, problem=_problem_of(error))
        return result

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


def _refused_by_some(
    staged: Mapping[int, Staged], changes: Mapping[int, Change]
) -> Mapping[str, Problem]:
    """What would be written to some of its sinks only, with the reason of one that refuses it."""
    refused = {profile: why for one in staged.values() for profile, why in one.refused.items()}
    return {
        delivery.profile: refused[delivery.profile]
        for one, ready in staged.items()
        for delivery in changes[one].deliveries
        if delivery.profile in refused and delivery.profile not in ready.refused
    }


def _without(refused: Collection[str], change: Change) -> Change:
    kept = tuple(one for one in change.deliveries if one.profile not in refused)
    return change._replace(deliveries=kept)


def _with_refused(result: Delivered, change: Change, refused: Mapping[str, Problem]) -> Delivered:
    """The result of a change that was carried out without what a sink refused."""
    out = {one.profile: refused[one.profile] for one in change.deliveries if one.profile in refused}
    outcomes = {**result.outcomes, **dict.fromkeys(out, SinkOutcome.FAILED)}
    return replace(result, outcomes=outcomes, refused={**result.refused, **out})


def _problem_of(error: VoxmintError) -> Problem:
    if isinstance(error, ProblemsError):
        return error.problems[0]
    return Problem(MINT_INTERRUPTED)


def _blamed_on(sink: Sink) -> AbstractContextManager[None]:
    return blamed_on(sink.target, sink.around.at)


@contextmanager
def _told_of(sink: Sink) -> Iterator[None]:
    """Says of what the ledger refuses that the sink was written to all the same."""
    try:
        yield
    except ProblemsError as error:
        [problem, *_] = error.problems
        facts = {"target": sink.target, "said": problem.message}
        if "disk" in problem.facts:
            facts["disk"] = "the ledger's disk"
        raise failure(LEDGER_BEHIND, at=None, **facts) from error


def _taken_back(sink: Sink, staged: Staged) -> None:
    with _blamed_on(sink):
        staged.discard()
