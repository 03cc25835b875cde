"""Sends the requests of a run: many at a time, repeating what waiting heals.

What each answer means is said in `retry`; here it is done. Everything happens in one event loop, so
nothing needs a lock; whatever comes out goes to the courier.
"""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from math import ceil

from voxmint.engine.apis import BrokenAnswerError
from voxmint.engine.events import (
    Halted,
    Interrupting,
    Listener,
    SessionFailed,
    TokenCame,
    Waiting,
)
from voxmint.engine.ledger.ledger import Intent, Ledger
from voxmint.engine.minting.courier import Courier
from voxmint.engine.minting.echoed import EchoCheck
from voxmint.engine.minting.line import Job, Line
from voxmint.engine.minting.outcomes import Teller, answer_in, without
from voxmint.engine.minting.pace import Answered, Pace, allowance_in
from voxmint.engine.minting.retry import Patience, Remedy, asked_pause, refusal_of
from voxmint.engine.minting.stop import Stop
from voxmint.engine.upstream.http import Channel, NoAnswer, Outcome, Reply, Unsent, Upstream
from voxmint.engine.upstream.request import content_of, label_of
from voxmint.engine.upstream.target import Target
from voxmint.engine.wording import MINT_INTERRUPTED, MINT_OUT_OF_TIME
from voxmint.origin import Origin
from voxmint.problems import Problem, ProblemsError
from voxmint.profiles.settings import Mint

_TOO_FAST = 429
_WORTH_SAYING = 1.0
"""Seconds of a wait that are told of."""
_HELD_FOR_ALL = frozenset({_TOO_FAST, 503})
"""Statuses whose wish to wait is about the service, not about one request."""


@dataclass(frozen=True, slots=True)
class Terms:
    """How a run sends.

    `now` gives Unix seconds and `chance` a number from 0 to 1; `conceal` takes the key out of a
    text; `run_id` begins each request's label. `api_at` is where the environment's file says which
    endpoint is asked, and `field_at` gives the place of a field that a refusal of a profile names.
    """

    environment: str
    target: Target
    settings: Mint
    patience: Patience
    now: Callable[[], float]
    chance: Callable[[], float]
    conceal: Callable[[str], str]
    run_id: str
    stop: Stop
    on_event: Listener
    api_at: Origin | None
    field_at: Callable[[str, str | None], Origin | None]


class Sender:
    """The sending half of a run, in the event loop that is running when it is made."""

    def __init__(
        self,
        jobs: Sequence[Job],
        terms: Terms,
        ledger: Ledger,
        courier: Courier,
        echoed: EchoCheck,
    ) -> None:
        self._jobs = jobs
        self._terms = terms
        self._ledger = ledger
        self._courier = courier
        self._echoed = echoed
        self._teller = Teller(terms.target, terms.conceal, terms.api_at)
        self._loop = asyncio.get_running_loop()
        self._ends_at = self._loop.time() + terms.settings.timeout
        self._at_once = min(terms.settings.concurrency, len(jobs))
        self._pace = Pace.of(terms.settings, self._loop.time(), self._at_once)
        self._line = Line(jobs, self._pace, self._at_once, self._clear)
        self._deadlines: set[asyncio.Timeout] = set()
        self._was_answered = False

    async def run(self, upstream: Upstream) -> None:
        """Send until every job is settled, time is up, or the run is stopped or halted."""
        timer = self._loop.call_at(self._ends_at, self._out_of_time)
        try:
            with self._terms.stop.heard_by(self._stop_soon):
                async with asyncio.TaskGroup() as group:
                    group.create_task(self._line.clear_ahead())
                    for _ in range(self._at_once):
                        group.create_task(self._work(upstream))
        finally:
            timer.cancel()
        for job in self._line.cleared():
            self._courier.failed(job)

    def halt(self, problem: Problem) -> None:
        """Send nothing more; what is under way goes on."""
        if self._line.close(problem):
            self._terms.on_event(Halted(problem))

    @property
    def halted_because(self) -> Problem | None:
        """Why nothing more was sent, where that was so."""
        return self._line.closed_because

    # ── the ledger comes first ───────────────────────────────────────────────────────────────────

    async def _clear(self, batch: Sequence[Job]) -> None:
        now = self._terms.now()
        # Nothing leaves after the run's end, so nothing that comes of it lives longer than this.
        latest = now + self._ends_at - self._loop.time()
        for job in batch:
            job.last_expiry = ceil(latest + job.entry.lifetime)
        intents = [Intent(job.profile, job.entry.digest, now, job.last_expiry) for job in batch]
        try:
            numbers = await asyncio.to_thread(self._ledger.intend, self._terms.environment, intents)
        except ProblemsError as error:
            self.halt(error.problems[0])
            raise
        for job, number in zip(batch, numbers, strict=True):
            job.intent = number

    # ── one request after another ────────────────────────────────────────────────────────────────

    async def _work(self, upstream: Upstream) -> None:
        channel = upstream.channel()
        try:
            while (job := await self._line.next()) is not None:
                begun = self._loop.time()
                outcome = await self._attempt(channel, job)
                self._pace.was_answered(self._loop.time())
                if isinstance(outcome, Reply):
                    self._heard(job, outcome, begun)
                self._settle(job, outcome)
        finally:
            await channel.close()

    async def _attempt(self, channel: Channel, job: Job) -> Outcome:
        job.attempts += 1
        job.sent_at = self._terms.now()
        label = label_of(f"{self._terms.run_id}-{job.intent}", self._terms.target, job.profile)
        latest = min(self._ends_at, self._loop.time() + self._terms.patience.request)
        with self._deadline(latest) as deadline:
            return await channel.post(content_of(job.entry.body), label, deadline)

    @contextmanager
    def _deadline(self, latest: float) -> Iterator[asyncio.Timeout]:
        deadline = asyncio.timeout_at(latest)
        self._deadlines.add(deadline)
        try:
            yield deadline
        finally:
            self._deadlines.discard(deadline)

    def _heard(self, job: Job, reply: Reply, begun: float) -> None:
        """Take in what an answer says of how fast may be asked, whatever else it says."""
        is_refused = reply.status == _TOO_FAST
        if reply.status not in _HELD_FOR_ALL:
            self._pace.went_well()
        allowance = allowance_in(reply.headers)
        if allowance is None:
            return
        later = self._line.given - job.number
        others = self._line.under_way - 1
        answered = Answered(job.number, begun, later, others, is_refused)
        now = self._loop.time()
        self._pace.heard(allowance, answered, now)
        pause = self._pace.allowed_in(now)
        if pause > _WORTH_SAYING and self._line.has_more:
            reason = f"the service allows {allowance.per_second * 60:.3g} requests a minute"
            self._terms.on_event(Waiting(reason, pause))

    def _settle(self, job: Job, outcome: Outcome) -> None:
        match outcome:
            case Reply():
                self._was_answered = True
                job.request_id = self._concealed(outcome.request_id)
                if 200 <= outcome.status < 300:
                    self._answered(job, outcome)
                else:
                    self._refused(job, outcome)
            case Unsent():
                self._unsent(job, outcome)
            case NoAnswer():
                self._unanswered(job, outcome)

    def _concealed(self, request_id: str | None) -> str | None:
        """The id of a request without the key, which a server may repeat wherever it likes."""
        return None if request_id is None else self._terms.conceal(request_id)

    def _answered(self, job: Job, reply: Reply) -> None:
        try:
            answer = answer_in(reply, self._terms.target, self._terms.now())
        except BrokenAnswerError as error:
            self._courier.unanswered(job)
            self._fail(job, self._teller.broken(reply, error))
            return
        self._terms.on_event(TokenCame(answer.token))
        self._echoed.answered(job.profile, answer)
        # Of the token they hold nothing; here the key goes, too.
        job.request_id = self._concealed(answer.request_id)
        session_id = without(self._terms.conceal, answer.session_id)
        answer = replace(answer, session_id=session_id, request_id=job.request_id)
        self._courier.minted(job, answer, self._terms.now())
        self._line.settled()

    def _refused(self, job: Job, reply: Reply) -> None:
        refusal = refusal_of(reply.status, reply.headers, reply.content)
        at = self._terms.field_at(job.profile, refusal.param)
        asked = asked_pause(reply.headers, self._terms.now)
        problem = self._teller.refused(refusal, reply, at, asked)
        if refusal.is_doubtful:
            self._courier.unanswered(job)
            job.unanswered += 1
        else:
            self._courier.failed(job)
        if asked is not None:
            asked = min(asked, self._terms.patience.longest_asked)
        is_for_all = reply.status in _HELD_FOR_ALL
        if is_for_all:
            self._pace.was_too_fast(job.number, self._line.given)
        if refusal.remedy is Remedy.AGAIN and not self._is_beyond_doubt(job):
            self._again(job, problem, asked, for_all=is_for_all)
            return
        self._fail(job, problem)
        if refusal.remedy is Remedy.NOBODY:
            self.halt(problem)
        elif is_for_all and asked is not None:
            self._hold(self._loop.time() + asked, problem)

    def _unsent(self, job: Job, outcome: Unsent) -> None:
        self._courier.failed(job)
        problem = self._teller.unreachable(outcome)
        if outcome.is_final:
            self._fail(job, problem)
            self.halt(problem)
        elif not self._again(job, problem, for_all=True) and not self._was_answered:
            self.halt(problem)

    def _unanswered(self, job: Job, outcome: NoAnswer) -> None:
        self._courier.unanswered(job)
        job.unanswered += 1
        problem = self._teller.unanswered(outcome, job.unanswered)
        if self._is_beyond_doubt(job):
            self._fail(job, problem)
        else:
            self._again(job, problem)

    def _is_beyond_doubt(self, job: Job) -> bool:
        """Whether as many tokens of a job may live unseen as are put up with."""
        return job.unanswered > self._terms.patience.unanswered

    # ── again, or never ──────────────────────────────────────────────────────────────────────────

    def _again(
        self, job: Job, problem: Problem, asked: float | None = None, *, for_all: bool = False
    ) -> bool:
        """Put the job back, if it has an attempt left and there is time for it; whether so."""
        patience = self._terms.patience
        pause = patience.pause(job.attempts, self._terms.chance()) if asked is None else asked
        until = self._loop.time() + pause
        is_last = job.attempts >= patience.attempts
        is_over = is_last or until >= self._ends_at
        if is_over:
            self._fail(job, problem)
        else:
            job.problem = problem
            self._line.again(job, until)
            self._terms.on_event(Waiting(problem.message, pause, None if for_all else job.profile))
        # What a server asks for holds for the others also where this one is not sent again.
        if for_all and (asked is not None or not is_last):
            self._hold(until, problem)
        return not is_over

    def _hold(self, until: float, because: Problem) -> None:
        """Send nothing before that moment, and nothing at all where the run ends before it."""
        self._pace.hold(until)
        if until >= self._ends_at:
            self.halt(because)

    def _fail(self, job: Job, problem: Problem) -> None:
        job.problem = problem
        self._line.settled()
        self._terms.on_event(SessionFailed(job.profile, problem))

    # ── the end, before its time ─────────────────────────────────────────────────────────────────

    def _out_of_time(self) -> None:
        self.halt(Problem(MINT_OUT_OF_TIME, facts={"seconds": f"{self._terms.settings.timeout:g}"}))

    def _stop_soon(self) -> None:
        self._loop.call_soon_threadsafe(self._stop)

    def _stop(self) -> None:
        if self._line.close(Problem(MINT_INTERRUPTED)):
            self._terms.on_event(Interrupting(self._line.under_way))
        grace = 0.0 if self._terms.stop.is_urgent else self._terms.patience.grace
        latest = self._loop.time() + grace
        for deadline in self._deadlines:
            when = deadline.when()
            if not deadline.expired() and (when is None or when > latest):
                deadline.reschedule(latest)
