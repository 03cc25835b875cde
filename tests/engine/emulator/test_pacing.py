"""The rate limit: how many pass, what is said to those that do and to those that do not."""

from math import ceil
from typing import Any

import pytest
from hypothesis import given, strategies as st

from tests.engine.emulator.talking import FLAT, NESTED, Clock, Reply, counts, fixed, post
from voxmint.engine.emulator import Emulator, Pace, fault_of, pace_of
from voxmint.engine.emulator.pacing import Bucket, spoken
from voxmint.problems import UsageError


def limited(per_minute: float, burst: int, ticks: Clock, **others: Any) -> Emulator:
    return Emulator(fixed(pace=Pace(per_minute, burst), ticks=ticks, **others))


def told(reply: Reply) -> dict[str, str]:
    """What an answer says of the limit."""
    return {
        name: value
        for name, value in reply.headers.items()
        if name.startswith(("x-ratelimit-", "retry-after"))
    }


def test_a_burst_passes_and_then_a_steady_rate() -> None:
    ticks = Clock(1000.0)
    with limited(60, 3, ticks) as emulator:
        at_once = [post(emulator, FLAT, {}).status for _ in range(5)]
        ticks.now += 0.999
        early = post(emulator, FLAT, {}).status
        ticks.now += 0.001
        in_time = [post(emulator, NESTED, {"session": {"type": "transcription"}}).status]
        in_time.append(post(emulator, FLAT, {}).status)
        ticks.now += 3600
        later = [post(emulator, FLAT, {}).status for _ in range(5)]
        found = counts(emulator)

    assert at_once == [200, 200, 200, 429, 429]
    assert early == 429
    assert in_time == [200, 429]
    assert later == [200, 200, 200, 429, 429]
    assert found["refused"] == {"rate_limit": 6}
    assert (found["requests"], found["minted"], found["seconds"]) == (13, 7, 3601)


def test_every_answer_says_what_is_left_and_a_refusal_how_long_to_wait() -> None:
    ticks = Clock(1000.0)
    with limited(30, 2, ticks) as emulator:
        first, last, refused = (post(emulator, FLAT, {}) for _ in range(3))
        ticks.now += 1.5
        again = post(emulator, FLAT, {})

    limit = {"x-ratelimit-limit-requests": "30"}
    assert told(first) == limit | {
        "x-ratelimit-remaining-requests": "1",
        "x-ratelimit-reset-requests": "2s",
    }
    assert told(last)["x-ratelimit-reset-requests"] == "4s"
    assert told(refused) == limit | {
        "retry-after": "2",
        "retry-after-ms": "2000",
        "x-ratelimit-remaining-requests": "0",
        "x-ratelimit-reset-requests": "4s",
    }
    assert (told(again)["retry-after"], told(again)["retry-after-ms"]) == ("1", "500")
    assert refused.content == {
        "error": {
            "message": "Rate limit reached for requests. Limit: 30 / min. Please try again in 2s.",
            "type": "requests",
            "param": None,
            "code": "rate_limit_exceeded",
        }
    }


def test_a_request_that_is_refused_for_its_body_counts_and_one_without_a_key_does_not() -> None:
    with limited(1, 2, Clock()) as emulator:
        no_key = post(emulator, FLAT, {}, key=None)
        bad_body = post(emulator, FLAT, {"voice": "alloy"})
        passed, refused = post(emulator, FLAT, {}), post(emulator, FLAT, {})

    assert [one.status for one in (no_key, bad_body, passed, refused)] == [401, 400, 200, 429]
    assert told(no_key) == {}
    assert told(bad_body)["x-ratelimit-remaining-requests"] == "1"


def test_a_fault_that_refuses_takes_no_permit() -> None:
    with limited(1, 1, Clock(), faults=(fault_of("503@times=2"),)) as emulator:
        found = [post(emulator, FLAT, {}).status for _ in range(4)]
        counted = counts(emulator)

    assert found == [503, 503, 200, 429]
    assert (counted["faults"], counted["refused"]) == ({"503": 2}, {"rate_limit": 1})


@pytest.mark.parametrize("service", ["azure", "gateway"])
def test_other_services_limit_in_their_own_words(service: str) -> None:
    with limited(1, 1, Clock(), service=service) as emulator:
        body = {"session": {"type": "transcription"}}
        passed, refused = post(emulator, NESTED, body), post(emulator, NESTED, body)

    assert (passed.status, refused.status) == (200, 429)
    assert refused.content["error"]["code"] == "429"
    assert refused.headers["retry-after"] == "60"


@given(
    st.floats(1, 10_000),
    st.integers(1, 50),
    st.lists(st.floats(0, 5), min_size=1, max_size=100),
)
def test_over_any_time_no_more_pass_than_the_limit_allows(
    per_minute: float, burst: int, gaps: list[float]
) -> None:
    clock = Clock(0.0)
    bucket = Bucket(Pace(per_minute, burst), clock)
    passed: list[float] = []
    for gap in gaps:
        clock.now += gap
        level = bucket.take()
        assert 0 <= level.remaining <= burst
        if level.passes:
            passed.append(clock.now)
        else:
            # Whoever waits as long as they are told to passes.
            wait = ceil(level.wait * 1000) / 1000
            assert 0 < wait <= 60 / per_minute + 0.001
            clock.now += wait
            assert bucket.take().passes
            passed.append(clock.now)
    for first in range(len(passed)):
        for last in range(first, len(passed)):
            allowed = burst + (passed[last] - passed[first]) * per_minute / 60
            assert last - first + 1 <= allowed + 1e-6


def test_a_clock_that_goes_back_gives_no_permits_and_takes_none() -> None:
    clock = Clock(1000.0)
    bucket = Bucket(Pace(60, 2), clock)
    assert bucket.take().passes
    clock.now = 0.0
    assert bucket.take().passes
    assert not bucket.take().passes
    clock.now = 1000.5
    assert not bucket.take().passes
    clock.now = 1001.0
    assert bucket.take().passes


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0ms"),
        (0.0001, "1ms"),
        (0.9999, "1s"),
        (0.12, "120ms"),
        (1, "1s"),
        (1.5, "1.5s"),
        (59.9996, "1m0s"),
        (60, "1m0s"),
        (362.25, "6m2.25s"),
        (119.9999, "2m0s"),
        (2.0000000001, "2s"),
        (3600, "1h0m0s"),
        (90_061.001, "25h1m1.001s"),
    ],
)
def test_a_time_is_said_as_the_service_says_it(seconds: float, text: str) -> None:
    assert spoken(seconds) == text


@pytest.mark.parametrize(
    ("per_minute", "burst", "pace"),
    [
        (None, None, None),
        (600.0, 50, Pace(600, 50)),
        (600.0, None, Pace(600, 600)),
        (0.5, None, Pace(0.5, 1)),
    ],
)
def test_a_limit_is_asked_for(per_minute: float | None, burst: int | None, pace: object) -> None:
    assert pace_of(per_minute, burst) == pace


@pytest.mark.parametrize(
    ("per_minute", "burst"),
    [
        (0.0, None),
        (-1.0, None),
        (float("nan"), None),
        (float("inf"), None),
        (1_000_001.0, None),
        (60.0, 0),
        (60.0, -1),
        (60.0, 1_000_001),
        (None, 5),
    ],
)
def test_a_limit_that_cannot_be_is_refused(per_minute: float | None, burst: int | None) -> None:
    with pytest.raises(UsageError) as raised:
        pace_of(per_minute, burst)

    assert "--requests-per-minute" in (raised.value.hint or "")
