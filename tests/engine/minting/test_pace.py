from collections import deque
from math import inf
from random import Random
from typing import Any

import pytest

from voxmint.engine.minting.pace import Allowance, Answered, Pace, allowance_in


def test_without_a_rate_everything_may_leave() -> None:
    pace = Pace(None, None, now=100.0)
    assert pace.take(1000, 100.0) == 1000
    assert pace.next_at(100.0) == 100.0


def test_a_burst_leaves_at_once_and_the_rest_at_the_rate() -> None:
    pace = Pace(60, 3, now=100.0)
    assert [pace.take(10, 100.0), pace.take(10, 100.0)] == [3, 0]
    pace.was_answered(100.0)
    assert pace.next_at(100.0) == 101.0
    assert pace.take(10, 101.0) == 1
    assert pace.take(10, 103.5) == 2
    assert pace.next_at(103.5) == 104.0


def test_permits_do_not_pile_up_beyond_the_burst() -> None:
    pace = Pace(60, 3, now=100.0)
    assert pace.take(10, 100_000.0) == 3


def test_without_a_burst_one_leaves_at_a_time() -> None:
    pace = Pace(600, None, now=0.0)
    moments = [0.0]
    for _ in range(600):
        assert pace.take(5, moments[-1]) == 1
        pace.was_answered(moments[-1])
        assert pace.take(5, moments[-1]) == 0
        moments.append(pace.next_at(moments[-1]))
    assert round(moments[-1], 6) == 60.0


def test_a_pause_holds_for_all_and_the_longest_counts() -> None:
    pace = Pace(None, None, now=0.0)
    pace.hold(5.0)
    pace.hold(3.0)
    assert (pace.is_open(4.9), pace.take(1, 4.9), pace.next_at(4.9)) == (False, 0, 5.0)
    assert (pace.is_open(5.0), pace.take(1, 5.0)) == (True, 1)


def test_permits_gained_in_a_pause_are_there_after_it() -> None:
    pace = Pace(60, 10, now=0.0)
    assert pace.take(10, 0.0) == 10
    pace.was_answered(0.0)
    pace.hold(4.0)
    assert pace.next_at(1.0) == 4.0
    assert pace.take(10, 4.0) == 4


def test_what_may_leave_soon_is_what_is_there_and_what_comes_in_a_second() -> None:
    assert Pace(None, None, now=0.0).soon(0.0) > 1_000_000
    pace = Pace(600, 50, now=0.0)
    assert pace.soon(0.0) == 60
    assert (pace.take(50, 0.0), pace.soon(0.0)) == (50, 0)
    pace.was_answered(0.0)
    assert pace.soon(0.0) == 10
    pace.hold(3.0)
    assert (pace.soon(1.9), pace.soon(2.0)) == (0, 30)


# ── beside the service's own bucket ──────────────────────────────────────────────────────────────


def test_after_a_full_burst_nothing_more_comes_until_something_is_answered() -> None:
    pace = Pace(600, 50, now=0.0)
    assert pace.take(50, 2.0) == 50
    assert (pace.take(1, 3.0), pace.next_at(3.0)) == (0, inf)
    pace.was_answered(3.0)
    assert (pace.take(1, 3.0), round(pace.next_at(3.0), 6)) == (0, 3.1)
    # One answer is enough.
    assert (pace.take(10, 3.5), pace.take(10, 4.0)) == (5, 5)


def test_a_permit_that_is_fetched_a_little_late_waits_for_no_answer() -> None:
    pace = Pace(600, 1, now=0.0)
    assert pace.take(1, 0.0) == 1
    pace.was_answered(0.2)
    assert (pace.take(1, 0.35), pace.take(1, 0.46)) == (1, 1)
    # Long enough for a permit to be lost: the service's bucket may be full, too.
    assert (pace.take(1, 0.7), pace.take(1, 0.9)) == (1, 0)


@pytest.mark.parametrize("latency", [0.01, 0.1, 0.3])
@pytest.mark.parametrize("burst", [10, 50])
def test_a_bucket_as_it_was_told_of_refuses_nothing_and_is_used_up(
    latency: float, burst: int
) -> None:
    """Requests arrive after any part of the latency, each after another one."""
    pace, chance = Pace(600, burst, now=0.0), Random(burst)
    arrivals: list[float] = []
    answers: deque[float] = deque()
    now = 0.0
    while len(arrivals) < 400:
        if pace.take(1, now):
            arrivals.append(now + latency * chance.random())
            answers.append(now + latency)
            continue
        now = min(pace.next_at(now), answers[0] if answers else inf)
        while answers and answers[0] <= now:
            answers.popleft()
            pace.was_answered(now)
    assert refused(sorted(arrivals), 10.0, burst) == 0
    assert len(arrivals) >= 0.95 * (burst + 10.0 * (max(arrivals) - min(arrivals)))


def refused(arrivals: list[float], per_second: float, burst: int) -> int:
    """How many of these a bucket refuses that was full before the first."""
    permits, last, count = float(burst), arrivals[0], 0
    for at in arrivals:
        permits = min(burst, permits + (at - last) * per_second)
        last = at
        if permits >= 1 - 1e-6:
            permits -= 1
        else:
            count += 1
    return count


# ── what the service says of its limit ───────────────────────────────────────────────────────────


def limits(limit: object, remaining: object, reset: object = None) -> dict[str, str]:
    given = {"limit": limit, "remaining": remaining, "reset": reset}
    return {
        f"x-ratelimit-{name}-requests": str(value)
        for name, value in given.items()
        if value is not None
    }


@pytest.mark.parametrize(
    ("headers", "allowance"),
    [
        (limits(600, 599), Allowance(599, 10.0)),
        (limits("600.0", "599"), Allowance(599, 10.0)),
        # A bucket that is smaller than a minute's worth: by its reset it would fill far too fast.
        (limits(600, 49, "100ms"), Allowance(49, 10.0)),
        # A day's limit, of which there is one more in 8.64 s.
        (limits(10_000, 9_950, "7m12s"), Allowance(9_950, 50 / 432)),
        (limits(60, 0, "1m0s"), Allowance(0, 1.0)),
        (limits(60, 0, "120"), Allowance(0, 0.5)),
        (limits(60, 30, "1h0m0s"), Allowance(30, 30 / 3600)),
        # What is not told, or is nonsense, says nothing; a limit alone is enough for a rate.
        (limits(60, 0, "soon"), Allowance(0, 1.0)),
        (limits(60, 0, "1800000000"), Allowance(0, 1.0)),
        (limits(60, 60, "0s"), Allowance(60, 1.0)),
        (limits(60, None, "1s"), None),
        (limits(None, 5, "1s"), None),
        (limits(0, 0, "1s"), None),
        (limits("many", "5"), None),
        (limits(60, -1), None),
        ({}, None),
    ],
)
def test_what_headers_tell_of_the_limit(
    headers: dict[str, str], allowance: Allowance | None
) -> None:
    assert allowance_in(headers) == allowance


def answered(number: int, sent_at: float = 0.0, **others: Any) -> Answered:
    return Answered(number, sent_at, **{"later": 0, "under_way": 0, **others})


def test_what_is_left_is_for_those_under_way_first() -> None:
    pace = Pace(None, None, now=0.0)
    pace.heard(Allowance(10, 1.0), answered(1, later=4, under_way=4), now=0.0)
    assert pace.take(100, 0.0) == 6
    assert pace.allowed_in(0.0) == 1.0
    assert pace.take(100, 2.0) == 2


def test_a_refusal_leaves_nothing_until_more_comes() -> None:
    pace = Pace(None, None, now=0.0)
    pace.heard(Allowance(50, 10.0), answered(1), now=0.0)
    pace.heard(Allowance(0, 10.0), answered(2, is_refused=True), now=0.0)
    assert (pace.take(5, 0.0), pace.next_at(0.0)) == (0, 0.1)


def test_what_came_in_while_an_answer_was_on_its_way_is_not_lost() -> None:
    pace = Pace(None, None, now=0.0)
    pace.heard(Allowance(0, 10.0), answered(1), now=0.0)
    sent = 0
    for step in range(1, 101):
        now = step / 10
        # Each answer tells of an empty bucket, as it was when its request arrived.
        if pace.take(1, now):
            sent += 1
            pace.heard(Allowance(0, 10.0), answered(1 + step, now - 0.1, later=1), now)
    assert sent == 100


def test_an_older_answer_than_the_last_is_passed_over() -> None:
    pace = Pace(None, None, now=0.0)
    pace.heard(Allowance(1, 1.0), answered(9), now=0.0)
    pace.heard(Allowance(100, 1.0), answered(3), now=0.0)
    assert pace.take(100, 0.0) == 1


def test_the_rate_that_is_set_holds_beside_the_services() -> None:
    pace = Pace(60, 2, now=0.0)
    pace.heard(Allowance(500, 10.0), answered(1), now=0.0)
    assert pace.take(100, 0.0) == 2
    pace.was_answered(0.0)
    assert pace.next_at(0.0) == 1.0


def test_no_allowance_is_waited_for_longer_than_a_minute() -> None:
    pace = Pace(None, None, now=0.0)
    pace.heard(Allowance(0, 0.0001), answered(1), now=0.0)
    assert pace.next_at(0.0) == 60.0


# ── what the service bears ───────────────────────────────────────────────────────────────────────


def test_a_refusal_halves_what_may_be_under_way_once_for_all_that_had_left() -> None:
    pace = Pace(None, None, now=0.0, at_once=16)
    for number in range(1, 17):
        pace.was_too_fast(number, given=16)
    assert pace.room(0) == 8
    pace.was_too_fast(17, given=24)
    assert pace.room(0) == 4
    for number in range(25, 40):
        pace.was_too_fast(number, given=number)
    assert pace.room(0) == 1
    assert pace.room(1) == 0


def test_after_a_refusal_nothing_is_left_of_the_burst_that_is_set() -> None:
    pace = Pace(60, 10, now=0.0, at_once=10)
    assert pace.take(4, 0.0) == 4
    pace.was_answered(0.0)
    pace.was_too_fast(4, given=4)
    assert (pace.take(10, 0.0), pace.next_at(0.0)) == (0, 1.0)
    assert pace.take(10, 3.0) == 3


def test_it_grows_again_slowly_and_no_further_than_it_was() -> None:
    pace = Pace(None, None, now=0.0, at_once=4)
    pace.was_too_fast(1, given=4)
    rooms = []
    for _ in range(9):
        pace.went_well()
        rooms.append(pace.room(0))
    assert rooms == [2, 2, 3, 3, 3, 4, 4, 4, 4]
