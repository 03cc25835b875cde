"""Carries out a plan: reads the key, sends what is to be minted, and says what came of it.

Everything that is slow to import and only a mint needs (asyncio, httpx) comes in here.
"""

import asyncio
import secrets
import signal
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from voxmint.engine.edge import Operator
from voxmint.engine.events import SessionMinted, Started, Written
from voxmint.engine.minting.bench import Bench
from voxmint.engine.minting.clocks import clock_problems, last_of
from voxmint.engine.minting.courier import Courier
from voxmint.engine.minting.echoed import EchoCheck
from voxmint.engine.minting.line import Job
from voxmint.engine.minting.outcomes import field_at
from voxmint.engine.minting.retry import Patience
from voxmint.engine.minting.sending import Sender, Terms
from voxmint.engine.minting.stop import Stop
from voxmint.engine.plan import Plan, SinkPlace, Unseen
from voxmint.engine.providers import PROVIDERS
from voxmint.engine.report import Made, Outcome, Result, seen_of, told_once
from voxmint.engine.upstream.http import Upstream
from voxmint.engine.upstream.keys import concealer, key_ring, read_key
from voxmint.engine.upstream.route import reachable, upstream_of
from voxmint.engine.upstream.target import place_of
from voxmint.engine.wording import MINT_INTERRUPTED, MINT_NOT_TRIED
from voxmint.problems import Problem
from voxmint.profiles.settings import Mint
from voxmint.secret import Secret

_OPERATORS = (
    *("concurrency", "timeout", "attempts", "retry_unanswered"),
    *("request_timeout", "connect_timeout"),
)
"""The settings that the command line can replace, called alike there and in the file."""
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def key_of(bench: Bench, operator: Operator) -> Secret | None:
    """The key of the bench's environment; `None` where its provider takes none.

    It is read when everything else is settled. `ProblemsError` where there is none.
    """
    ring = key_ring(
        bench.selection.project.root,
        bench.edge.environ,
        may_run=operator.allow_key_command,
        allow_hosts=operator.allow_hosts,
    )
    return read_key(bench.selection.environment, ring)


def carry_out(
    plan: Plan,
    bench: Bench,
    operator: Operator,
    key: Secret | None,
    places: Sequence[SinkPlace] | None = None,
) -> Made:
    """Mint what a plan says, and take it to the bench's keeper.

    `places` are what that keeper takes it to: the plan's sinks, unless told otherwise.
    `ProblemsError` for what is wrong before the first request.
    """
    selection = bench.selection
    environment = selection.environment
    settings = _settings(environment.mint or Mint(), operator)
    edge = replace(bench.edge, patience=_patience(settings, bench.edge.patience))
    places = plan.sinks if places is None else places
    bodies = {body.profile: body for body in selection.bodies}
    with reachable(plan.target, edge.now) as target:
        upstream = upstream_of(environment, target, key, selection.project.root, edge)
        edge.on_event(Started(plan))
        terms = Terms(
            environment.name,
            target,
            settings,
            edge.patience,
            edge.now,
            edge.chance,
            concealer(None if PROVIDERS[target.kind].placeholder else key),
            f"voxmint-{secrets.token_hex(8)}",
            edge.stop,
            edge.on_event,
            place_of(environment, "api"),
            lambda profile, param: field_at(bodies[profile], param),
        )
        jobs = [Job(entry) for entry in plan.to_mint]
        return asyncio.run(_run(jobs, places, terms, upstream, bench))


def _settings(settings: Mint, operator: Operator) -> Mint:
    """The environment's settings, as far as the operator says nothing else."""
    said = {name: getattr(operator, name) for name in _OPERATORS}
    return settings.model_copy(
        update={name: value for name, value in said.items() if value is not None}
    )


def _patience(settings: Mint, usual: Patience) -> Patience:
    """How often and how long a request is tried, as far as that is set."""
    said: dict[str, Any] = {
        "attempts": settings.attempts,
        "unanswered": settings.retry_unanswered,
        "connect": settings.connect_timeout,
        "request": settings.request_timeout,
    }
    return replace(usual, **{name: value for name, value in said.items() if value is not None})


# ── in the event loop ────────────────────────────────────────────────────────────────────────────


async def _run(
    jobs: Sequence[Job],
    places: Sequence[SinkPlace],
    terms: Terms,
    upstream: Upstream,
    bench: Bench,
) -> Made:
    troubles: list[Problem] = []

    def on_written(place: SinkPlace, count: int) -> None:
        terms.on_event(Written(place.target, count))

    def on_trouble(problem: Problem) -> None:
        troubles.append(problem)
        sender.halt(problem)

    def on_kept(profile: str, expires_at: int) -> None:
        terms.on_event(SessionMinted(profile, expires_at))

    courier = Courier(bench.deliverer, places, bench.head, on_written, on_trouble, on_kept)
    echoed = EchoCheck(bench.selection, terms.conceal)
    sender = Sender(jobs, terms, bench.ledger, courier, echoed)
    with _signals(terms.stop, asked=bench.edge.signals):
        delivering = asyncio.create_task(courier.run())
        try:
            await sender.run(upstream)
        finally:
            courier.close()
            await delivering
    halted = sender.halted_because
    results = {job.profile: _result(job, courier, halted) for job in jobs}
    unseen = tuple(Unseen(job.profile, expiry) for job in jobs for expiry in job.doubts)
    skew = last_of(parcel.skew for parcel in courier.parcels.values())
    clocks = clock_problems(skew, terms.target.host)
    # What kept tokens out of a sink is over where the last try has brought all of them there.
    left = () if all(result.is_good for result in results.values()) else troubles
    problems = (*left, *_own(halted, results), *clocks, *echoed.problems())
    return Made(results, unseen, told_once(problems), skew)


def _own(halted: Problem | None, results: Mapping[str, Result]) -> Iterator[Problem]:
    """Why the run ended before its time, where that is no profile's own problem."""
    if halted is None or all(result.is_good for result in results.values()):
        return
    told = {seen_of(result.problem) for result in results.values() if result.problem}
    if seen_of(halted) not in told:
        yield halted


@contextmanager
def _signals(stop: Stop, *, asked: bool) -> Iterator[None]:
    """Has SIGINT, SIGTERM and SIGHUP ask the run to stop, where that was asked for.

    One that was ignored when the run began stays so: `nohup` starts a run that is to go on when
    its terminal is gone.
    """
    loop = asyncio.get_running_loop()
    handled = [one for one in _SIGNALS if asked and signal.getsignal(one) is not signal.SIG_IGN]
    for number in handled:
        loop.add_signal_handler(number, stop.ask)
    try:
        yield
    finally:
        for number in handled:
            loop.remove_signal_handler(number)


def _result(job: Job, courier: Courier, halted: Problem | None) -> Result:
    entry = job.entry
    parcel = courier.parcels.get(job.profile)
    if parcel is not None:
        return Result(
            entry.profile,
            entry.action,
            entry.reason,
            Outcome.MINTED if parcel.is_written else Outcome.UNWRITTEN,
            parcel.session_id,
            parcel.expires_at,
            parcel.request_id,
            job.attempts,
            parcel.sinks,
            parcel.problem,
        )
    because = halted or Problem(MINT_INTERRUPTED)
    skipped = Problem(MINT_NOT_TRIED, because.at, {"because": because.message})
    return Result(
        entry.profile,
        entry.action,
        entry.reason,
        Outcome.FAILED if job.attempts else Outcome.SKIPPED,
        request_id=job.request_id,
        attempts=job.attempts,
        problem=job.problem or skipped,
    )
