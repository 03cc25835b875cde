"""How fast requests leave: what is set, what the service says of its limit, and what it bears.

Three things hold for the whole run, and the slowest of them decides: the rate of the environment's
file, with its burst; the allowance that answers tell of (`x-ratelimit-…`); and how many requests
may be under way, which is halved by a refusal for being too fast and grows again, slowly, while all
goes well. A pause that is asked for holds for all.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from math import inf

from voxmint.profiles.settings import Mint

_ROUNDING = 1e-6
"""What adding up parts of a permit may lose; without it a wait would end just before its permit."""

_SLOWEST = 1 / 60
"""Permits a second that are taken for granted: no allowance is waited for longer than a minute."""


AHEAD = 1.0
"""Seconds ahead in which what may leave is told: what is to leave takes some preparation."""

_UNBOUNDED = 1_000_000_000


class _Bucket:
    """Permits that fill up at a rate.

    One that was full for a while rests, and so does the service's. That one begins to fill again
    when the first request arrives, which nobody here knows until something is answered. Until then
    this one gains nothing, so that it is never ahead of the service's.
    """

    def __init__(
        self, per_second: float, most: float, permits: float, now: float, *, may_rest: bool = True
    ) -> None:
        self.per_second = per_second
        self.most = most
        self.permits = permits
        self._filled_at = now
        self._may_rest = may_rest
        self._rests = may_rest
        self._is_stopped = False

    def fill(self, now: float) -> None:
        gained = 0.0 if self._is_stopped else (now - self._filled_at) * self.per_second
        self._filled_at = now
        # A permit that is fetched a little late is no rest.
        if self._may_rest and self.permits + gained >= self.most + 1:
            self._rests = True
        self.permits = min(self.most, self.permits + gained)

    def take(self, count: int) -> None:
        self.permits -= count
        if count and self._rests:
            self._rests, self._is_stopped = False, True

    def was_answered(self, now: float) -> None:
        """Something came of a request: the service's bucket has begun to fill."""
        self.fill(now)
        self._is_stopped = False

    def within(self, seconds: float) -> int:
        """How many permits there will be in so many seconds."""
        gained = 0.0 if self._is_stopped else seconds * self.per_second
        return max(0, int(self.permits + gained + _ROUNDING))

    def next_at(self, now: float) -> float:
        """When there is a permit; infinity until something is answered."""
        self.fill(now)
        if self.permits >= 1 - _ROUNDING:
            return now
        return inf if self._is_stopped else now + (1 - self.permits) / self.per_second


class Pace:
    """What may leave when; moments are those of one growing clock.

    Without a rate there are always permits. `burst` permits are there at the start, one unless set.
    `at_once` is how many requests may be under way at most.
    """

    def __init__(
        self, per_minute: int | None, burst: int | None, now: float, at_once: int | None = None
    ) -> None:
        most = float(burst or 1)
        self._own = _Bucket(per_minute / 60, most, most, now) if per_minute else None
        self._told: _Bucket | None = None
        self._heard = 0
        self._most_at_once = float(at_once) if at_once else None
        self._at_once = self._most_at_once
        self._halved_at = 0
        self.opens_at = now
        """When the last pause that was asked for ends."""

    @classmethod
    def of(cls, settings: Mint, now: float, at_once: int | None = None) -> "Pace":
        """The pace that an environment's file asks for."""
        return cls(settings.requests_per_minute, settings.burst, now, at_once)

    # ── what may leave ───────────────────────────────────────────────────────────────────────────

    def is_open(self, now: float) -> bool:
        """Whether no pause holds."""
        return now >= self.opens_at

    def room(self, under_way: int) -> int:
        """How many more may be under way."""
        return _UNBOUNDED if self._at_once is None else int(self._at_once) - under_way

    def take(self, wanted: int, now: float) -> int:
        """How many of so many requests may leave now; their permits are used up."""
        if not self.is_open(now):
            return 0
        taken = min(wanted, self._permits(now, 0.0))
        for bucket in self._buckets():
            bucket.take(taken)
        return taken

    def soon(self, now: float) -> int:
        """How many requests may leave within `AHEAD`, as things stand."""
        return self._permits(now, AHEAD) if self.is_open(now + AHEAD) else 0

    def _permits(self, now: float, ahead: float) -> int:
        least = _UNBOUNDED
        for bucket in self._buckets():
            bucket.fill(now)
            least = min(least, bucket.within(ahead))
        return least

    def next_at(self, now: float) -> float:
        """When the next request may leave, as things stand; infinity: when one is answered."""
        moments = [bucket.next_at(now) for bucket in self._buckets()]
        return max(now, self.opens_at, *moments)

    def _buckets(self) -> list[_Bucket]:
        return [bucket for bucket in (self._own, self._told) if bucket is not None]

    # ── what the service says ────────────────────────────────────────────────────────────────────

    def hold(self, until: float) -> None:
        """Let nothing leave before that moment."""
        self.opens_at = max(self.opens_at, until)

    def was_answered(self, now: float) -> None:
        """Something came of a request: an answer, or the word that none will come."""
        for bucket in self._buckets():
            bucket.was_answered(now)

    def went_well(self) -> None:
        """An answer that is none too fast: a little more may be under way, up to the most."""
        if self._at_once is not None and self._most_at_once is not None:
            self._at_once = min(self._most_at_once, self._at_once + 1 / self._at_once)

    def was_too_fast(self, number: int, given: int) -> None:
        """Halve what may be under way: the request of this number was refused for being too fast.

        Once for all that had left by then, which are refused alike; `given` have left now. Of the
        rate that is set nothing is left: others may ask there, or the burst is a smaller one.
        """
        if self._own is not None:
            self._own.permits = min(self._own.permits, 0.0)
        if self._at_once is not None and number > self._halved_at:
            self._at_once = max(1.0, self._at_once / 2)
            self._halved_at = given

    def heard(self, allowance: "Allowance", answered: "Answered", now: float) -> None:
        """Take in what an answer says of the service's limit.

        What it says was so when the request arrived. Since then permits came in, and requests that
        left later took some; of those under way it is not known whether they are counted. So it
        gives an upper and a lower bound, and what was reckoned until now is moved between them.
        """
        if answered.number < self._heard:
            return
        self._heard = answered.number
        rate = max(allowance.per_second, _SLOWEST)
        lower = float(allowance.remaining - answered.under_way)
        upper = max(
            lower,
            0.0
            if answered.is_refused
            else allowance.remaining + rate * (now - answered.sent_at) - answered.later,
        )
        if self._told is None:
            # What answers say of it makes up for what is not known.
            self._told = _Bucket(rate, 1.0, lower, now, may_rest=False)
        told = self._told
        told.fill(now)
        told.per_second = rate
        told.most = max(told.most, float(allowance.remaining))
        told.permits = min(max(told.permits, lower), upper)

    def allowed_in(self, now: float) -> float:
        """How many seconds the service's allowance has the next request wait."""
        return 0.0 if self._told is None else self._told.next_at(now) - now


@dataclass(frozen=True, slots=True)
class Answered:
    """A request that was answered, among the others of its run.

    `number` counts requests as they leave, from 1; `later` left after it, and `under_way` are
    others that have no answer yet. `is_refused`: it was too fast.
    """

    number: int
    sent_at: float
    later: int
    under_way: int
    is_refused: bool = False


# ── headers ──────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Allowance:
    """What an answer says of the limit on requests: how many are left, and how fast more come."""

    remaining: int
    per_second: float


def allowance_in(headers: Mapping[str, str]) -> Allowance | None:
    """The allowance that an answer tells of; `None` where it tells of none, or of nonsense.

    `x-ratelimit-limit-requests` is a minute's worth (of some models a day's), and
    `…-reset-requests` how long it takes until all of it is there again. Of the two rates that
    follow, the slower one is believed: a limit can be enforced in shorter spans than it is told in.
    """
    limit = _count(headers.get("x-ratelimit-limit-requests"))
    remaining = _count(headers.get("x-ratelimit-remaining-requests"))
    if not limit or remaining is None:
        return None
    rates = [limit / 60]
    reset = _seconds(headers.get("x-ratelimit-reset-requests"))
    if reset and limit > remaining:
        rates.append((limit - remaining) / reset)
    return Allowance(remaining, min(rates))


_COUNT = re.compile(r"\d{1,9}(?:\.0+)?", re.ASCII)
_LENGTH = re.compile(
    r"(?:(\d{1,4})d)?(?:(\d{1,4})h)?(?:(\d{1,5})m(?!s))?(?:(\d{1,6}(?:\.\d+)?)s)?"
    r"(?:(\d{1,9}(?:\.\d+)?)ms)?",
    re.ASCII,
)
_UNITS = (86400.0, 3600.0, 60.0, 1.0, 0.001)
_LONGEST = 2 * 86400.0


def _count(text: str | None) -> int | None:
    found = _COUNT.fullmatch(text.strip()) if text else None
    return int(float(found[0])) if found else None


def _seconds(text: str | None) -> float | None:
    """A length of time as services write it: `6m0s`, `120ms`, or a plain number of seconds."""
    text = (text or "").strip()
    found = _LENGTH.fullmatch(f"{text}s" if text.replace(".", "", 1).isdecimal() else text)
    if not text or found is None:
        return None
    seconds = sum(
        float(part) * unit for part, unit in zip(found.groups(), _UNITS, strict=True) if part
    )
    return seconds if seconds <= _LONGEST else None
