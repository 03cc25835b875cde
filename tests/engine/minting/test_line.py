"""The line in which requests wait, on the event loop's own clock."""

import asyncio
import time
from collections.abc import Callable, Coroutine, Sequence
from functools import wraps
from typing import Any, cast

from voxmint.engine.minting.line import Job, Line
from voxmint.engine.minting.pace import Pace
from voxmint.engine.plan import Entry
from voxmint.engine.wording import MINT_INTERRUPTED
from voxmint.problems import Problem, ProblemsError


def in_a_loop(test: Callable[[], Coroutine[Any, Any, None]]) -> Callable[[], None]:
    @wraps(test)
    def run() -> None:
        asyncio.run(test())

    return run


def jobs(count: int) -> list[Job]:
    # The line does not look at what is to be sent.
    return [Job(cast("Entry", number)) for number in range(count)]


class Desk:
    """A line of jobs, with what was cleared of it; `gate` holds the disk up while it is closed."""

    def __init__(self, count: int, at_once: int, pace: Pace | None = None) -> None:
        self.cleared: list[list[Any]] = []
        self.gate = asyncio.Event()
        self.gate.set()
        self.refusal: ProblemsError | None = None
        self.line = Line(jobs(count), pace or Pace(None, None, 0.0, at_once), at_once, self._clear)

    async def _clear(self, batch: Sequence[Job]) -> None:
        self.cleared.append([job.entry for job in batch])
        await self.gate.wait()
        if self.refusal is not None:
            raise self.refusal

    async def sent(self) -> list[Any]:
        """All that leaves when one is answered before the next one leaves."""
        found = []
        clearing = asyncio.create_task(self.line.clear_ahead())
        while (job := await self.line.next()) is not None:
            found.append(job.entry)
            self.line.settled()
        await clearing
        return found


@in_a_loop
async def test_all_leave_in_order_and_are_cleared_in_groups() -> None:
    desk = Desk(20, at_once=4)
    assert await desk.sent() == list(range(20))
    assert [one for batch in desk.cleared for one in batch] == list(range(20))
    assert max(map(len, desk.cleared)) == 4
    assert len(desk.cleared) <= 10


@in_a_loop
async def test_what_is_next_is_cleared_while_others_are_under_way() -> None:
    desk = Desk(6, at_once=2)
    clearing = asyncio.create_task(desk.line.clear_ahead())
    assert [await desk.line.next() is not None for _ in range(2)] == [True, True]
    # Both are under way, and nobody asks for more.
    await until(lambda: len(desk.line.cleared()) == 2)
    assert desk.line.under_way == 2
    await ended(desk, clearing)


@in_a_loop
async def test_no_more_are_cleared_than_run_at_once() -> None:
    desk = Desk(50, at_once=8)
    clearing = asyncio.create_task(desk.line.clear_ahead())
    await until(lambda: len(desk.line.cleared()) == 8)
    for _ in range(8):
        await desk.line.next()
        assert len(desk.line.cleared()) <= 8
    await ended(desk, clearing)


@in_a_loop
async def test_under_a_slow_rate_no_more_are_cleared_than_leave_soon() -> None:
    now = asyncio.get_running_loop().time()
    desk = Desk(50, at_once=8, pace=Pace(6, 3, now, 8))
    clearing = asyncio.create_task(desk.line.clear_ahead())
    for _ in range(3):
        await desk.line.next()
        desk.line.settled()
    assert [one for batch in desk.cleared for one in batch] == [0, 1, 2]
    await ended(desk, clearing)


@in_a_loop
async def test_nothing_leaves_that_the_ledger_does_not_know_of() -> None:
    desk = Desk(3, at_once=2)
    desk.gate.clear()
    clearing = asyncio.create_task(desk.line.clear_ahead())
    asking = asyncio.create_task(desk.line.next())
    await until(lambda: desk.cleared == [[0, 1]])
    assert not asking.done()
    desk.gate.set()
    job = await asking
    assert job is not None
    assert job.entry == cast("Entry", 0)
    await ended(desk, clearing)


@in_a_loop
async def test_a_ledger_that_cannot_be_written_ends_it() -> None:
    desk = Desk(2, at_once=2)
    desk.refusal = ProblemsError([Problem(MINT_INTERRUPTED)])
    assert await desk.sent() == []
    assert desk.line.closed_because == Problem(MINT_INTERRUPTED)
    assert desk.line.cleared() == ()
    assert desk.line.has_more


@in_a_loop
async def test_the_ledger_is_not_asked_for_each_by_itself() -> None:
    desk = Desk(160, at_once=16)
    clearing = asyncio.create_task(desk.line.clear_ahead())
    while await desk.line.next() is not None:
        desk.line.settled()
        await turns()
    await clearing
    # But before they run short: a disk is slow at times.
    assert 160 / 16 < len(desk.cleared) <= 160 / 4


@in_a_loop
async def test_no_more_leave_than_may_be_under_way() -> None:
    desk = Desk(3, at_once=3, pace=Pace(None, None, 0.0, at_once=1))
    clearing = asyncio.create_task(desk.line.clear_ahead())
    assert await desk.line.next() is not None
    second = asyncio.create_task(desk.line.next())
    await turns()
    assert (second.done(), desk.line.under_way) == (False, 1)
    desk.line.settled()
    assert await second is not None
    await ended(desk, clearing)


class StillLoop(asyncio.SelectorEventLoop):
    """An event loop whose clock stands until it is moved."""

    now = 1000.0

    def time(self) -> float:
        return self.now


async def put_back(desk: Desk, waiting: int) -> tuple[Job, float]:
    """The next job, sent and put back, and from when on it may leave.

    It is put back once so many others are cleared, and is cleared ahead of its time itself.
    """
    job = await desk.line.next()
    assert job is not None
    await until(lambda: len(desk.line.cleared()) == waiting)
    job.attempts = 1
    at = asyncio.get_running_loop().time() + 0.05
    desk.line.again(job, at)
    await until(lambda: job in desk.line.cleared())
    return job, at


@in_a_loop
async def test_the_last_one_put_back_waits_for_its_time() -> None:
    desk = Desk(1, at_once=1)
    clearing = asyncio.create_task(desk.line.clear_ahead())
    job, at = await put_back(desk, waiting=0)
    assert desk.line.cleared() == (job,)
    assert await desk.line.next() is job
    assert asyncio.get_running_loop().time() >= at
    await ended(desk, clearing)


def test_what_is_put_back_leaves_at_its_time_and_before_what_never_left() -> None:
    loop = StillLoop()
    with asyncio.Runner(loop_factory=lambda: loop) as runner:
        runner.run(_put_back_among_others(loop))


async def _put_back_among_others(loop: StillLoop) -> None:
    desk = Desk(5, at_once=2)
    clearing = asyncio.create_task(desk.line.clear_ahead())
    first, soon = await put_back(desk, waiting=2)
    # Those that were cleared already go on meanwhile.
    second = await desk.line.next()
    assert second is not first
    loop.now = soon
    assert await desk.line.next() is first
    assert (first.number, desk.line.given) == (3, 3)
    await ended(desk, clearing)


@in_a_loop
async def test_it_is_not_over_while_one_is_under_way_that_may_be_put_back() -> None:
    desk = Desk(1, at_once=1)
    clearing = asyncio.create_task(desk.line.clear_ahead())
    only = await desk.line.next()
    assert only is not None
    waiting = asyncio.create_task(desk.line.next())
    await asyncio.sleep(0)
    assert not waiting.done()
    desk.line.again(only, asyncio.get_running_loop().time())
    assert await waiting is only
    desk.line.settled()
    assert await desk.line.next() is None
    await clearing


async def ended(desk: Desk, clearing: "asyncio.Task[None]") -> None:
    desk.line.close(None)
    await clearing
    assert await desk.line.next() is None


async def turns() -> None:
    """Lets everything have its turn that can."""
    for _ in range(20):
        await asyncio.sleep(0)


async def until(is_so: Any) -> None:
    given_up = time.monotonic() + 120
    while not is_so():  # it is about what the line holds, not about an event
        assert time.monotonic() < given_up, "it has not come to be"
        await asyncio.sleep(0)
