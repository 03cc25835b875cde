"""Takes out of the sinks what profiles left there that these are no longer for."""

from dataclasses import dataclass

from voxmint.engine.minting.bench import Bench
from voxmint.engine.plan import Plan
from voxmint.engine.sinks.contract import SinkOutcome
from voxmint.problems import Problem, gathered


@dataclass(frozen=True, slots=True)
class Pruned:
    """The profiles that are out, those that a sink still holds, and why it does.

    In neither are those of which there was nothing to take out but what is another's by now: notes
    among the problems tell that.
    """

    out: tuple[str, ...] = ()
    still_in: tuple[str, ...] = ()
    problems: tuple[Problem, ...] = ()


def prune(plan: Plan, bench: Bench) -> Pruned:
    """Take the plan's leftovers out, as far as the sinks let it; nothing in a run that is to stop.

    What is still in is tried again by the next run.
    """
    if not plan.leftovers or bench.edge.stop.is_asked:
        return Pruned()
    written = bench.sink_deliverer.prune(frozenset(plan.leftovers))
    outcomes = {
        profile: {one.outcomes[profile] for one in written if profile in one.outcomes}
        for profile in plan.leftovers
    }
    still_in = tuple(one for one, found in outcomes.items() if SinkOutcome.FAILED in found)
    out = tuple(
        one
        for one, found in outcomes.items()
        if SinkOutcome.REMOVED in found and one not in still_in
    )
    whole = [one.problem for one in written if one.problem is not None]
    single = [problem for one in written for problem in (*one.refused.values(), *one.left.values())]
    return Pruned(out, still_in, gathered((*whole, *single)))
