"""The line in which requests wait: for their turn, for a permit, for the time of a repetition.

Before a request may leave, the ledger must say so, and that takes a write to the disk. So requests
are cleared in groups, ahead of their turn and beside the ones under way, as many as run at once and
may leave soon: after a crash, at most that many are reported as possibly sent that were not, and as
many again that were to be repeated. A permit is taken when the request leaves.
"""

import asyncio
import heapq
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from math import inf

from voxmint.engine.minting.pace import AHEAD, Pace
from voxmint.engine.plan import Entry
from voxmint.problems import Problem, ProblemsError


@dataclass(slots=True, eq=False)
class Job:
    """One profile's request, from its first attempt to its last.

    `number` counts the attempts of all jobs as they are given out, from 1.
    `intent` is the ledger's number for the attempt under way. `problem` is what the last one came
    to, with its `request_id`; `doubts` are the last expiries of tokens that may live unseen.
    `sent_at` is when the last attempt began, in Unix seconds; `not_before` is when the next one may
    begin, by the event loop's clock.
    """

    entry: Entry
    attempts: int = 0
    unanswered: int = 0
    number: int = 0
    intent: int = 0
    last_expiry: int = 0
    problem: Problem | None = None
    request_id: str | None = None
    doubts: list[int] = field(default_factory=list)
    sent_at: float = 0.0
    not_before: float = 0.0

    @property
    def profile(self) -> str:
        return self.entry.profile


class Line:
    """Gives out jobs, one at a time, until there are none or it is closed.

    `clear` puts into the ledger that these may leave; where it raises `ProblemsError`, the line is
    closed and they stay. `at_once` is how many are cleared at most that have not left. Moments are
    those of the event loop.
    """

    def __init__(
        self,
        jobs: Sequence[Job],
        pace: Pace,
        at_once: int,
        clear: Callable[[Sequence[Job]], Awaitable[None]],
    ) -> None:
        self.closed_because: Problem | None = None
        self.is_closed = False
        self._fresh = deque(jobs)
        self._repeated: list[tuple[float, int, Job]] = []
        self._clearing: Sequence[Job] = ()
        self._cleared: deque[Job] = deque()
        self._under_way = 0
        self._given = 0
        self._pace = pace
        self._at_once = at_once
        self._clear = clear
        self._number = 0
        self._news_for_next = asyncio.Event()
        self._news_for_clearing = asyncio.Event()
        self._turn = asyncio.Lock()
        self._asked_at = 0.0

    @property
    def under_way(self) -> int:
        """How many jobs were given out and are not settled."""
        return self._under_way

    @property
    def has_more(self) -> bool:
        """Whether there is a job that was not given out, or is to be repeated."""
        return bool(self._cleared or self._clearing or self._fresh or self._repeated)

    @property
    def given(self) -> int:
        """How many jobs were given out, those that were repeated once more each time."""
        return self._given

    async def next(self) -> Job | None:
        """The next job that may be sent now; `None` when nothing more will be."""
        async with self._turn:
            self._asked_at = _now()
            while not (self._is_over() or self._next_moment() <= _now()):
                await _news(self._news_for_next, self._next_moment())
        job = self._next_cleared()
        if self.is_closed or job is None:
            return None
        self._cleared.remove(job)
        self._pace.take(1, _now())
        self._under_way += 1
        self._given += 1
        job.number = self._given
        self._news_for_clearing.set()
        return job

    async def clear_ahead(self) -> None:
        """Have jobs cleared before their turn comes, so that none waits for the disk; to the end.

        It goes on beside those who ask for the next job: without it there is none.
        """
        while not self._is_over():
            batch = self._due()
            if batch:
                await self._cleared_all(batch)
            else:
                await _news(self._news_for_clearing, self._due_moment())

    def again(self, job: Job, at: float) -> None:
        """Put a job that was given out back, to be sent again at that moment."""
        self._number += 1
        job.not_before = at
        heapq.heappush(self._repeated, (at, self._number, job))
        self.settled()

    def settled(self) -> None:
        """A job that was given out needs no more attempts."""
        self._under_way -= 1
        self._tell()

    def close(self, because: Problem | None) -> bool:
        """Give nothing out any more; whether it was open until now."""
        if self.is_closed:
            return False
        self.is_closed = True
        self.closed_because = because
        self._tell()
        return True

    def cleared(self) -> tuple[Job, ...]:
        """The jobs that were cleared and never left."""
        return tuple(self._cleared)

    def _tell(self) -> None:
        self._news_for_next.set()
        self._news_for_clearing.set()

    def _is_over(self) -> bool:
        return self.is_closed or not (self.has_more or self._under_way)

    # ── giving out ───────────────────────────────────────────────────────────────────────────────

    def _next_moment(self) -> float:
        """When the next job may leave; infinity: when something else happens."""
        job = self._next_cleared()
        if job is None or self._pace.room(self._under_way) <= 0:
            return inf
        return max(job.not_before, self._pace.next_at(_now()))

    def _next_cleared(self) -> Job | None:
        """The job whose turn it is; `None` where there is none that the ledger knows of.

        One that is to be repeated goes before those that never left, if its time had come when
        these could have left. How long the ledger takes makes no difference to that.
        """
        again = [job for job in self._cleared if job.attempts]
        waiting = [job for job in self._clearing if job.attempts]
        waiting += [job for _, _, job in self._repeated[:1]]
        new = next((job for job in self._cleared if not job.attempts), None)
        if new is None and all(job.attempts for job in self._clearing):
            return min(again, key=_time_of, default=None)
        turn = max(self._asked_at, self._pace.opens_at)
        first = min((*again, *waiting), key=_time_of, default=None)
        if first is None or first.not_before > turn:
            return new
        return first if first in again else None

    # ── clearing ─────────────────────────────────────────────────────────────────────────────────

    def _due(self) -> list[Job]:
        """Takes out the jobs to be cleared now, those to be repeated first.

        They are as many as may leave soon, and are cleared together: each time costs the same. But
        most of those that are cleared are still there by then: a slow disk is not waited for.
        """
        now, cleared = _now(), len(self._cleared)
        most = min(self._at_once, self._pace.soon(now))
        batch: list[Job] = []
        while len(batch) < most and self._repeated and self._repeated[0][0] <= now + AHEAD:
            batch.append(heapq.heappop(self._repeated)[2])
        wanted = 0 if cleared > most - most // 4 else most - cleared
        while len(batch) < wanted and self._fresh:
            batch.append(self._fresh.popleft())
        return batch

    def _due_moment(self) -> float:
        """When there will be something to clear; infinity: when something else happens."""
        moments = [self._repeated[0][0] - AHEAD] if self._repeated else []
        if self._fresh and not self._cleared:
            moments.append(-inf)
        if not moments:
            return inf
        return max(min(moments), self._pace.next_at(_now()) - AHEAD)

    async def _cleared_all(self, batch: Sequence[Job]) -> None:
        self._clearing = batch
        try:
            await self._clear(batch)
        except ProblemsError as error:
            self.close(error.problems[0])
            self._fresh.extendleft(reversed(batch))
        else:
            self._cleared.extendleft(reversed([job for job in batch if job.attempts]))
            self._cleared.extend(job for job in batch if not job.attempts)
        finally:
            self._clearing = ()
            self._news_for_next.set()


def _time_of(job: Job) -> float:
    return job.not_before


def _now() -> float:
    return asyncio.get_running_loop().time()


async def _news(event: asyncio.Event, latest: float) -> None:
    """Waits for an event that comes from now on, until that moment at the latest."""
    event.clear()
    with suppress(TimeoutError):
        async with asyncio.timeout_at(None if latest == inf else latest):
            await event.wait()
