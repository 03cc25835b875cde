"""Finishes what an earlier run began: switches over the tokens that it left staged in sinks.

No request is sent and no key is read. What can no longer be finished has to be minted anew.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from voxmint.engine.events import Written
from voxmint.engine.minting.bench import Bench, place_of_sink
from voxmint.engine.plan import Entry, Plan, SinkPlace
from voxmint.engine.report import Outcome, Result, SinkResult
from voxmint.engine.sinks.contract import Finished, Sink, SinkOutcome
from voxmint.engine.wording import MINT_INTERRUPTED
from voxmint.problems import Problem, ProblemsError


@dataclass(frozen=True, slots=True)
class Rewritten:
    """What came of the profiles whose tokens were staged, by name.

    `anew` are the entries of those of which what was staged is gone, with what is to be done now.
    """

    results: Mapping[str, Result] = field(default_factory=dict)
    anew: tuple[Entry, ...] = ()


def rewrite(plan: Plan, bench: Bench) -> Rewritten:
    """Put in place what a plan says is staged, sink by sink; what is wrong is in the results."""
    entries = plan.to_rewrite
    if not entries:
        return Rewritten()
    done = dict(_finished(entries, bench))
    results: dict[str, Result] = {}
    anew: list[Entry] = []
    for entry in entries:
        sinks = [_sink_result(entry, place, done.get(place)) for place in entry.sinks]
        if any(sink is None for sink in sinks) and not any(sink and sink.problem for sink in sinks):
            anew.append(entry.minted_anew())
        else:
            results[entry.profile] = _result(entry, tuple(sink for sink in sinks if sink))
    return Rewritten(results, tuple(anew))


def _finished(entries: tuple[Entry, ...], bench: Bench) -> Iterator[tuple[SinkPlace, Finished]]:
    """What became of it in each sink, until the run is asked to stop."""
    for sink in bench.sinks:
        place = place_of_sink(sink)
        here = [one for one in entries if place in one.sinks and place not in one.holders]
        if not here or bench.edge.stop.is_asked:
            continue
        finished = _in_one(sink, here, bench)
        if finished.outcomes:
            bench.edge.on_event(Written(place.target, len(finished.outcomes)))
        yield place, finished


def _in_one(sink: Sink, entries: list[Entry], bench: Bench) -> Finished:
    records = [entry.record for entry in entries if entry.record]
    try:
        return bench.sink_deliverer.finish(sink, records)
    except ProblemsError as error:
        return Finished(problems={entry.profile: error.problems[0] for entry in entries})


def _sink_result(entry: Entry, place: SinkPlace, finished: Finished | None) -> SinkResult | None:
    """What became of a profile in a sink; `None` where what was staged there is gone."""
    result = SinkResult(place.kind, place.target, SinkOutcome.UNCHANGED, address=place.address)
    if place in entry.holders:
        return result
    if finished is None:
        problem: Problem | None = Problem(MINT_INTERRUPTED)
    else:
        problem = finished.problems.get(entry.profile)
        if problem is None and entry.profile not in finished.outcomes:
            return None
    if problem is not None or finished is None:
        return replace(result, outcome=SinkOutcome.FAILED, problem=problem, is_staged=True)
    return replace(result, outcome=finished.outcomes[entry.profile])


def _result(entry: Entry, sinks: tuple[SinkResult, ...]) -> Result:
    record = entry.record
    problem = next((sink.problem for sink in sinks if sink.problem), None)
    is_new = any(sink.outcome is SinkOutcome.WRITTEN for sink in sinks)
    outcome = Outcome.WRITTEN if is_new else Outcome.KEPT
    return Result(
        entry.profile,
        entry.action,
        entry.reason,
        outcome if problem is None else Outcome.UNWRITTEN,
        record.session_id if record else None,
        record.expires_at if record else None,
        record.request_id if record else None,
        sinks=sinks,
        problem=problem,
    )
