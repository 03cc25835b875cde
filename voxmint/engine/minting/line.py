"""The line in which requests wait: for their turn, for a permit, for the time of a repetition.

Before a request may leave, the ledger must say so, and that takes a write to the disk. So requests
are cleared in groups, as many as run at once: after a crash, at most that many are reported as
possibly sent that were not.
"""

import asyncio
import heapq
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from voxmint.engine.minting.pace import Pace
from voxmint.engine.plan import Entry
from voxmint.problems import Problem, ProblemsError


@dataclass(slots=True, eq=False)
class Job:
    """One profile's request, from its first attempt to its last.

    `number` counts the attempts of all jobs as they are given out, from 1.
    `intent` is the ledger's number for the attempt under way. `problem` is what the last one came
    to, with its `request_id`; `doubts` are the last expiries of tokens that may live unseen.
    `sent_at` is when the last attempt began, in Unix seconds.
    """

    entry: Entry
    content: bytes = field(repr=False)
    attempts: int = 0
    unanswered: int = 0
    number: int = 0
    intent: int = 0
    last_expiry: int = 0
    problem: Problem | None = None
    request_id: str | None = None
    doubts: list[int] = field(default_factory=list)
    sent_at: float = 0.0

    @property
    def profile(self) -> str:
        return self.entry.profile


class Line:
    """Gives out jobs, one at a time, until there are none or it is closed.

    `clear` puts into the ledger that these may leave; where it raises `ProblemsError`, the line is
    closed and they stay. `at_once` is how many are cleared together. Moments are those of the event
    loop.
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
        self._cleared: deque[Job] = deque()
        self._under_way = 0
        self._given = 0
        self._pace = pace
        self._at_once = at_once
        self._clear = clear
        self._number = 0
        self._wake = asyncio.Event()
        self._refilling = asyncio.Lock()

    @property
    def under_way(self) -> int:
        """How many jobs were given out and are not settled."""
        return self._under_way

    @property
    def has_more(self) -> bool:
        """Whether there is a job that was not given out, or is to be repeated."""
        return bool(self._cleared or self._fresh or self._repeated)

    @property
    def given(self) -> int:
        """How many jobs were given out, those that were repeated once more each time."""
        return self._given

    async def next(self) -> Job | None:
        """The next job that may be sent; `None` when nothing more will be."""
        async with self._refilling:
            while not (self._is_over() or self._may_give()):
                batch = [] if self._cleared else self._ready()
                await (self._refill(batch) if batch else self._wait())
        if self.is_closed or not self._cleared:
            return None
        self._under_way += 1
        self._given += 1
        job = self._cleared.popleft()
        job.number = self._given
        return job

    def again(self, job: Job, at: float) -> None:
        """Put a job that was given out back, to be sent again at that moment."""
        self._number += 1
        heapq.heappush(self._repeated, (at, self._number, job))
        self.settled()

    def settled(self) -> None:
        """A job that was given out needs no more attempts."""
        self._under_way -= 1
        self._wake.set()

    def close(self, because: Problem | None) -> bool:
        """Give nothing out any more; whether it was open until now."""
        if self.is_closed:
            return False
        self.is_closed = True
        self.closed_because = because
        self._wake.set()
        return True

    def cleared(self) -> tuple[Job, ...]:
        """The jobs that were cleared and never left."""
        return tuple(self._cleared)

    def left(self) -> tuple[Job, ...]:
        """All jobs that were not given out to the end: cleared, to be repeated, or never begun."""
        return (*self._cleared, *(job for _, _, job in self._repeated), *self._fresh)

    def _is_over(self) -> bool:
        if self.is_closed:
            return True
        return not (self._cleared or self._fresh or self._repeated or self._under_way)

    def _may_give(self) -> bool:
        # What was cleared has its permit, but a pause may have begun since.
        is_open = self._pace.is_open(asyncio.get_running_loop().time())
        return bool(self._cleared) and is_open and self._pace.room(self._under_way) > 0

    def _ready(self) -> list[Job]:
        """Takes out the jobs that may leave now, those to be repeated first."""
        now = asyncio.get_running_loop().time()
        due = sum(1 for at, _, _ in self._repeated if at <= now)
        room = self._pace.room(self._under_way)
        taken = self._pace.take(min(self._at_once, room, due + len(self._fresh)), now)
        batch = [heapq.heappop(self._repeated)[2] for _ in range(min(taken, due))]
        batch += [self._fresh.popleft() for _ in range(taken - len(batch))]
        return batch

    async def _refill(self, batch: Sequence[Job]) -> None:
        try:
            await self._clear(batch)
        except ProblemsError as error:
            self.close(error.problems[0])
            self._fresh.extendleft(reversed(batch))
        else:
            self._cleared.extend(batch)

    async def _wait(self) -> None:
        self._wake.clear()
        with suppress(TimeoutError):
            async with asyncio.timeout_at(self._next_moment()):
                await self._wake.wait()

    def _next_moment(self) -> float | None:
        """When there will be something to give out, if nothing else happens before."""
        now = asyncio.get_running_loop().time()
        if self._pace.room(self._under_way) <= 0:
            # Until one that is under way is settled.
            return None
        if self._cleared:
            return self._pace.opens_at
        if self._fresh:
            return self._pace.next_at(now)
        if self._repeated:
            return max(self._repeated[0][0], self._pace.next_at(now))
        return None
