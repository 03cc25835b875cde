"""A limit on how often may be asked: a bucket of permits that fills up at a steady rate."""

from collections.abc import Callable
from dataclasses import dataclass
from math import ceil
from typing import NamedTuple

from voxmint.engine.emulator.answers import Headers, RefusedError
from voxmint.problems import UsageError

_MOST = 1_000_000


@dataclass(frozen=True, slots=True)
class Pace:
    """How many requests to mint are let pass: a minute's worth, and at once."""

    requests_per_minute: float
    burst: int

    def __post_init__(self) -> None:
        if not (0 < self.requests_per_minute <= _MOST and 1 <= self.burst <= _MOST):
            raise UsageError(
                "a rate limit is more than 0 requests per minute, with a burst of 1 or more, and "
                f"{_MOST} of each at most",
                "for example: --requests-per-minute 600 --burst 50",
            )


def pace_of(requests_per_minute: float | None, burst: int | None) -> Pace | None:
    """The limit that is asked for, if one is; without a burst, a minute's requests may be one.

    `UsageError` for a limit that cannot be.
    """
    if requests_per_minute is None:
        if burst is not None:
            raise UsageError(
                "`--burst` says nothing without a limit", "give `--requests-per-minute`, too"
            )
        return None
    if burst is None:
        # What is no possible rate is for the limit itself to refuse.
        burst = ceil(requests_per_minute) if 0 < requests_per_minute <= _MOST else 1
    return Pace(requests_per_minute, burst)


class Level(NamedTuple):
    """What a request found: whether it may pass, what is left, and seconds until there is more.

    `wait` is until the next permit, `full` until there are as many as there can be.
    """

    passes: bool
    remaining: int
    wait: float
    full: float


class Bucket:
    """Permits for requests; `ticks` gives seconds that never go back."""

    def __init__(self, pace: Pace, ticks: Callable[[], float]) -> None:
        self._pace = pace
        self._ticks = ticks
        self._rate = pace.requests_per_minute / 60
        self._permits = float(pace.burst)
        self._at = ticks()

    def take(self) -> Level:
        """One permit, where there is one."""
        now = self._ticks()
        gained = max(0.0, now - self._at) * self._rate
        self._at = max(self._at, now)
        self._permits = min(float(self._pace.burst), self._permits + gained)
        # A sum of many small gains may miss a whole permit by a hair.
        passes = self._permits >= 1 - 1e-9
        self._permits = max(0.0, self._permits - passes)
        missing = max(0.0, 1 - self._permits)
        full = (self._pace.burst - self._permits) / self._rate
        return Level(passes, int(self._permits + 1e-9), missing / self._rate, full)

    def headers(self, level: Level) -> Headers:
        """What an answer says of the limit, as the service does."""
        return (
            ("x-ratelimit-limit-requests", f"{self._pace.requests_per_minute:g}"),
            ("x-ratelimit-remaining-requests", str(level.remaining)),
            ("x-ratelimit-reset-requests", spoken(level.full)),
        )

    def refusal(self, level: Level) -> RefusedError:
        """The answer to a request that came too soon."""
        message = (
            f"Rate limit reached for requests. Limit: {self._pace.requests_per_minute:g} / min. "
            f"Please try again in {spoken(level.wait)}."
        )
        milliseconds = _milliseconds(level.wait)
        wait = (
            ("Retry-After", str(ceil(milliseconds / 1000))),
            ("retry-after-ms", str(milliseconds)),
        )
        return RefusedError(
            429,
            message,
            code="rate_limit_exceeded",
            kind="requests",
            headers=(*wait, *self.headers(level)),
        )


def spoken(seconds: float) -> str:
    """A length of time as the service's headers have it: `120ms`, `1.5s`, `6m0s`, `1h0m0s`."""
    milliseconds = _milliseconds(seconds)
    if milliseconds < 1000:
        return f"{milliseconds}ms"
    minutes, rest = divmod(milliseconds, 60_000)
    hours, minutes = divmod(minutes, 60)
    long = f"{hours}h{minutes}m" if hours else f"{minutes}m" if minutes else ""
    return f"{long}{rest / 1000:g}s"


def _milliseconds(seconds: float) -> int:
    """Rounded up, but not for the last digits of a float."""
    return ceil(round(seconds * 1000, 3))
