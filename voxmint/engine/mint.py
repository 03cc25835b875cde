"""Mints the sessions of an environment and writes them where the application reads them.

    compile → check the host → lock → check the sinks → plan → finish what an earlier run staged →
    read the key → send, record and deliver → prune → report

`mint` is the whole flow. A request leaves only when everything before it has gone well.
"""

import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from voxmint.engine.edge import Edge, Operator
from voxmint.engine.events import Noted, Started
from voxmint.engine.lifetimes import lifetime_problems, short_lived
from voxmint.engine.minting.bench import Bench, look, opened_bench
from voxmint.engine.minting.pruning import prune
from voxmint.engine.minting.rewriting import Rewritten, rewrite
from voxmint.engine.plan import Action, Entry, Plan
from voxmint.engine.project import Project
from voxmint.engine.report import Made, Outcome, Report, Result, SinkResult, told_once
from voxmint.engine.selection import Selection, select
from voxmint.engine.sinks.contract import SinkOutcome
from voxmint.engine.upstream.hosts import allowed_hosts
from voxmint.problems import ProblemsError
from voxmint.profiles.order import Order

if TYPE_CHECKING:
    from voxmint.engine.reviewing import Review


def mint_profiles(
    project: Project,
    environment: str,
    profiles: Sequence[str] = (),
    *,
    labels: Mapping[str, str] | None = None,
    overrides: Sequence[str] = (),
    operator: Operator | None = None,
    environ: Mapping[str, str] | None = None,
) -> Report:
    """Mint an environment's profiles, those that need it, and write them to its sinks.

    `profiles` are names and patterns, `labels` a label's value each, `overrides` of the form
    `PATH=VALUE`; without them it is all profiles as they are. `operator` says what the project's
    files cannot: hosts, commands, `force`. `environ` takes the place of this process's environment.

    Raises `ProblemsError` for all that is wrong before the first request, and `UsageError` for a
    name that is not there; what becomes of each profile after that is in the report. It runs an
    event loop of its own, so call it in a thread where one is running.
    """
    order = project.order(profiles, [environment], labels=labels or {}, overrides=overrides)
    edge = Edge(os.environ if environ is None else environ, command="voxmint, as a library")
    return mint(project, order, operator or Operator(), edge)


def mint(
    project: Project,
    order: Order,
    operator: Operator,
    edge: Edge,
    review: "Review | None" = None,
) -> Report:
    """Mint an order for one environment; the whole flow, stage by stage.

    With a `review`, of the same order and operator, exactly what was reviewed or nothing. Raises
    `ProblemsError` and `UsageError` for what is wrong before the first request, and
    `InterruptedRunError` where the run is stopped before it.
    """
    begun = time.monotonic()
    selection = selected(project, order, operator, edge)
    with opened_bench(selection, operator, edge) as bench:
        bench.check_sinks()
        plan = _plan(bench, operator, review)
        rewritten = rewrite(plan, bench)
        if review is None:
            plan = _with(plan, rewritten.anew)
        else:
            rewritten = _as_reviewed(rewritten, review)
        made = _carried_out(plan, bench, operator)
        pruned = prune(plan, bench)
    done = {**rewritten.results, **made.results}
    results = tuple(done.get(entry.profile) or _kept(entry) for entry in plan.entries)
    skew = plan.skew if made.skew is None else made.skew
    short = short_lived(results, operator.min_remaining, edge.now() + skew)
    return Report(
        plan.environment,
        plan.target,
        results,
        (*plan.unseen, *made.unseen),
        pruned.out,
        tuple(one for one in plan.misplaced if one.profile in pruned.out),
        pruned.still_in,
        told_once((*made.problems, *pruned.problems, *short)),
        is_interrupted=edge.stop.is_asked and not all(result.is_good for result in results),
        skew=skew,
        seconds=time.monotonic() - begun,
    )


def _plan(bench: Bench, operator: Operator, review: "Review | None") -> Plan:
    def plan_at(moment: float | None) -> Plan:
        return bench.plan(operator, moment)

    if review is None:
        return plan_at(None)
    return review.agreed(plan_at, bench.selection, bench.ledger.path)


def _with(plan: Plan, anew: Sequence[Entry]) -> Plan:
    """The plan with these entries in the place of their profiles' own."""
    changed = {entry.profile: entry for entry in anew}
    entries = tuple(changed.get(entry.profile, entry) for entry in plan.entries)
    return replace(plan, entries=entries)


def _as_reviewed(rewritten: Rewritten, review: "Review") -> Rewritten:
    """What came of a plan that was reviewed: nothing is minted that it does not say."""
    refused = {
        entry.profile: Result(
            entry.profile,
            Action.REWRITE,
            entry.reason,
            Outcome.UNWRITTEN,
            problem=review.overtaken_by(Action.REWRITE, entry),
        )
        for entry in rewritten.anew
    }
    return Rewritten({**rewritten.results, **refused})


def plan_profiles(project: Project, order: Order, operator: Operator, edge: Edge) -> Plan:
    """What `mint` would do now, of an order for one environment; changes nothing anywhere.

    Raises `ProblemsError` and `UsageError` as `mint` does before it locks anything.
    """
    return planned(project, order, operator, edge)[0]


def planned(
    project: Project, order: Order, operator: Operator, edge: Edge, *, refresh: bool = False
) -> tuple[Plan, Selection]:
    """The plan of an order for one environment, and what it was made of.

    With `refresh`, sinks of other packages are asked, too: their code is run.
    """
    selection = selected(project, order, operator, edge)
    return look(selection, operator, edge, refresh=refresh), selection


def selected(project: Project, order: Order, operator: Operator, edge: Edge) -> Selection:
    """What an order selects, sound and allowed, with its notes told; needs no lock and no secret.

    `ProblemsError` and `UsageError` with all that is wrong.
    """
    allowed = allowed_hosts(edge.environ, operator.allow_hosts)
    selection = select(project, order, allowed)
    if short := lifetime_problems(selection.bodies, operator.min_remaining):
        raise ProblemsError(short)
    for problem in selection.notes:
        edge.on_event(Noted(problem))
    return selection


def _carried_out(plan: Plan, bench: Bench, operator: Operator) -> Made:
    if not plan.to_mint:
        bench.edge.on_event(Started(plan))
        return Made()
    # Imported by a run that sends something: asyncio and httpx are slow to load.
    from voxmint.engine.minting.running import carry_out, key_of

    return carry_out(plan, bench, operator, key_of(bench, operator))


def _kept(entry: Entry) -> Result:
    record = entry.record
    return Result(
        entry.profile,
        entry.action,
        entry.reason,
        Outcome.KEPT,
        record.session_id if record else None,
        record.expires_at if record else None,
        record.request_id if record else None,
        sinks=tuple(
            SinkResult(sink.kind, sink.target, SinkOutcome.UNCHANGED, address=sink.address)
            for sink in entry.sinks
        ),
    )
