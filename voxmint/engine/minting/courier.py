"""Takes what was minted to the sinks, and every outcome to the ledger, while the run goes on.

What comes in while one group is written makes the next one: a thousand tokens are not a thousand
rewrites of a file. Files, the ledger and git are touched in a thread, so that requests go on.
"""

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import cached_property

from voxmint.engine.apis import Answer
from voxmint.engine.git import Head
from voxmint.engine.ledger.ledger import Failed, Minted, Outcome, Unanswered
from voxmint.engine.minting.clocks import skew_of
from voxmint.engine.minting.delivery import Delivered, Keeper
from voxmint.engine.minting.line import Job
from voxmint.engine.plan import SinkPlace
from voxmint.engine.report import SinkResult
from voxmint.engine.sinks.contract import Delivery, SinkOutcome
from voxmint.engine.stores.wording import STORE_CHANGED
from voxmint.problems import Problem, ProblemsError
from voxmint.secret import Secret

LINGER = 0.25
"""How long a group is gathered before it is written, in seconds: what a crash could lose."""

_SHARE = 4
_LONGEST_LINGER = 2.0


@dataclass(slots=True, eq=False)
class Parcel:
    """A minted session on its way; `sinks` is what became of it in each, once that is known.

    `token` is held for as long as a sink may still need it. `skew` is by how many seconds the
    service's clock was ahead, where its answer told the time.
    """

    job: Job
    token: Secret | None
    expires_at: int
    session_id: str | None
    request_id: str | None
    minted_at: float
    skew: float | None = None
    sinks: tuple[SinkResult, ...] = ()

    @property
    def problem(self) -> Problem | None:
        """Why it is not in every sink; `None` where it is."""
        return next((sink.problem for sink in self.sinks if not sink.is_good), None)

    @property
    def is_written(self) -> bool:
        return bool(self.sinks) and all(sink.is_good for sink in self.sinks)


@dataclass(frozen=True, slots=True)
class _Group:
    """What goes to the ledger and the sinks together."""

    noted: Sequence[Outcome]
    parcels: Sequence[Parcel]


@dataclass(eq=False)
class Courier:
    """The way from answers to sinks. All but the work itself happens in the event loop's thread.

    `head` gives the project's commit, and is asked once. `on_written` is told of each group, with
    the number of tokens that are now in each sink; `on_trouble` of what keeps tokens out of a sink,
    so that no more are minted; `on_kept` of each profile whose token is in every sink,
    with its expiry.
    """

    deliverer: Keeper
    places: Sequence[SinkPlace]
    head: Callable[[], Head | None]
    on_written: Callable[[SinkPlace, int], None]
    on_trouble: Callable[[Problem], None]
    on_kept: Callable[[str, int], None]
    parcels: dict[str, Parcel] = field(default_factory=dict)
    _noted: list[Outcome] = field(default_factory=list)
    _waiting: list[Parcel] = field(default_factory=list)
    _arrived: asyncio.Event = field(default_factory=asyncio.Event)
    _closed: asyncio.Event = field(default_factory=asyncio.Event)
    _is_troubled: bool = False
    _linger: float = LINGER

    def failed(self, job: Job) -> None:
        """No token came of the job's attempt."""
        self._note(Failed(job.intent))

    def unanswered(self, job: Job) -> None:
        """A token may have come of the job's attempt, and nobody has it."""
        job.doubts.append(job.last_expiry)
        self._note(Unanswered(job.intent))

    def minted(self, job: Job, answer: Answer, minted_at: float) -> None:
        """A token came of the job; `minted_at` is in Unix seconds."""
        skew = skew_of(job.sent_at, minted_at, answer.answered_at)
        parcel = Parcel(
            job,
            answer.token,
            answer.expires_at,
            answer.session_id,
            answer.request_id,
            minted_at,
            skew,
        )
        self.parcels[job.profile] = parcel
        self._waiting.append(parcel)
        self._arrived.set()

    def close(self) -> None:
        """Nothing more will come: what is there is taken to its place, and `run` ends."""
        self._closed.set()
        self._arrived.set()

    async def run(self) -> None:
        """Take everything to its place, until the courier is closed; a last try for what failed."""
        while not self._closed.is_set():
            await self._arrived.wait()
            with suppress(TimeoutError):
                async with asyncio.timeout(self._linger):
                    await self._closed.wait()
            begun = time.monotonic()
            await self._take()
            # Large files take long to write: then less often, so that requests have their turn.
            took = time.monotonic() - begun
            self._linger = min(max(LINGER, _SHARE * took), _LONGEST_LINGER)
        await self._take(last=True)

    def _note(self, outcome: Outcome) -> None:
        self._noted.append(outcome)
        self._arrived.set()

    async def _take(self, *, last: bool = False) -> None:
        """Write what is there; after a failure, only outcomes until the last time."""
        self._arrived.clear()
        noted, self._noted = self._noted, []
        parcels: list[Parcel] = []
        if last or not self._is_troubled:
            parcels, self._waiting = self._waiting, []
        group = _Group(noted, parcels)
        if not (noted or parcels):
            return
        try:
            written = await asyncio.to_thread(self._write, group)
        except ProblemsError as error:
            self._settle(group, self._nowhere(group, error.problems[0]))
        else:
            self._settle(group, written)

    # ── in a thread ──────────────────────────────────────────────────────────────────────────────

    def _write(self, group: _Group) -> tuple[Delivered, ...]:
        self.deliverer.record([*group.noted, *map(self._record_of, group.parcels)])
        if not group.parcels:
            return ()
        return self.deliverer.deliver([self._delivery_of(one) for one in group.parcels])

    @cached_property
    def _head(self) -> Head | None:
        try:
            return self.head()
        except ProblemsError:
            # Not knowing the commit is no reason to lose a token.
            return None

    def _record_of(self, parcel: Parcel) -> Minted:
        entry = parcel.job.entry
        return Minted(
            parcel.job.intent,
            entry.profile,
            entry.digest,
            parcel.expires_at,
            parcel.minted_at,
            parcel.session_id,
            parcel.request_id,
            self._head.commit if self._head else None,
            self._head.dirty if self._head else None,
            entry.trace(),
            parcel.skew,
        )

    def _delivery_of(self, parcel: Parcel) -> Delivery:
        entry = parcel.job.entry
        if parcel.token is None:
            raise ValueError("it is in every sink already")
        return Delivery(
            entry.profile,
            parcel.token,
            parcel.expires_at,
            parcel.session_id,
            entry.digest,
            self._head.commit if self._head else None,
        )

    # ── back in the loop ─────────────────────────────────────────────────────────────────────────

    def _nowhere(self, group: _Group, problem: Problem) -> tuple[Delivered, ...]:
        failed = {one.job.profile: SinkOutcome.FAILED for one in group.parcels}
        self._noted = [*group.noted, *self._noted]
        self._trouble(problem)
        return tuple(Delivered(failed, {}, problem) for _ in self.places)

    def _settle(self, group: _Group, written: Sequence[Delivered]) -> None:
        if not group.parcels:
            return
        for parcel in group.parcels:
            again = self._results(parcel.job.profile, written)
            before = parcel.sinks or again
            was_kept = bool(parcel.sinks) and parcel.is_written
            parcel.sinks = tuple(map(_either, before, again))
            if parcel.is_written and not was_kept:
                parcel.token = None
                self.on_kept(parcel.job.profile, parcel.expires_at)
        for place, one in zip(self.places, written, strict=True):
            self._tell(place, one)
        if any(one.problem for one in written):
            self._waiting = [*(one for one in group.parcels if not one.is_written), *self._waiting]

    def _results(self, profile: str, written: Sequence[Delivered]) -> tuple[SinkResult, ...]:
        return tuple(
            SinkResult(
                place.kind,
                place.target,
                one.outcomes.get(profile, SinkOutcome.FAILED),
                one.refused.get(profile, one.problem),
                profile in one.staged,
                place.address,
            )
            for place, one in zip(self.places, written, strict=True)
            if place.takes(profile)
        )

    def _tell(self, place: SinkPlace, one: Delivered) -> None:
        count = sum(outcome is not SinkOutcome.FAILED for outcome in one.outcomes.values())
        if count:
            self.on_written(place, count)
        # One token that does not fit is its own affair; where none fits, no other will.
        problem = one.problem or (None if count else _first(one.refused))
        # Nor is it of others where somebody writes to the same secret: a look anew shows what.
        if problem is not None and problem.kind is not STORE_CHANGED:
            self._trouble(problem)

    def _trouble(self, problem: Problem) -> None:
        self._is_troubled = True
        self.on_trouble(problem)


def _either(before: SinkResult, again: SinkResult) -> SinkResult:
    """What became of a token in a sink that it was taken to twice."""
    if again.is_good:
        is_there = again.outcome is SinkOutcome.UNCHANGED
        return before if is_there and before.outcome is SinkOutcome.WRITTEN else again
    return replace(again, is_staged=again.is_staged or before.is_staged)


def _first(refused: Mapping[str, Problem]) -> Problem | None:
    return next(iter(refused.values()), None)
