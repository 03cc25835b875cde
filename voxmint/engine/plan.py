"""The plan: for each profile of an environment what is to be done, and why.

It is one immutable object. `plan` shows it and `mint` carries it out; there is no second way of
deciding. Made of what was compiled, what the ledger knows and which names the sinks hold, it takes
no secret and no network.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import cached_property
from typing import Any, NamedTuple

from voxmint.engine.durations import spoken
from voxmint.engine.ledger.ledger import OpenIntent, SessionRecord
from voxmint.engine.lines import Lines
from voxmint.engine.reasons import Changed, changes_between, told
from voxmint.engine.sinks.contract import Receipt
from voxmint.engine.sinks.namesakes import names_of
from voxmint.engine.upstream.request import Sent, digest_of, is_elsewhere, lifetime_of, sent_body
from voxmint.engine.upstream.target import Target
from voxmint.engine.upstream.traces import Traces, traces_of
from voxmint.profiles.compiled import CompiledBody
from voxmint.profiles.roster import Roster
from voxmint.profiles.settings import Provider

MARGIN = 0.2
"""The share of a token's lifetime that must be left for it to be kept: two minutes of ten."""


class Action(StrEnum):
    """What is done for a profile.

    `rewrite` is for a token that an earlier run staged in the sinks that lack it, and did not
    switch over: that is done without a mint. Another one that a sink lacks is renewed, since
    voxmint itself stores no token.
    """

    MINT = "mint"
    RENEW = "renew"
    REWRITE = "rewrite"
    KEEP = "keep"


class Cause(StrEnum):
    """Why that is done, for programs; `reason` says it for people."""

    NEVER_MINTED = "no-token"
    FORCED = "forced"
    EXPIRED = "expired"
    CLOCK_SET_BACK = "clock-set-back"
    ELSEWHERE = "minted-elsewhere"
    CHANGED = "profile-changed"
    UNWRITTEN = "written-nowhere"
    SINK_ADDED = "sink-added"
    SINK_LACKS = "sink-lacks"
    STAGED = "staged"
    EXPIRING = "expiring"
    LIVE = "live"


class Decision(NamedTuple):
    """What is decided for a profile. `changes` are what is not as it was when it was minted."""

    action: Action
    cause: Cause
    reason: str
    changes: tuple[Changed, ...] = ()


@dataclass(frozen=True, slots=True)
class SinkPlace:
    """A sink as a plan knows it: its kind, its target in the file's words and in the ledger's.

    `profiles` are those that it is for, `None` where it is for all. `keeps_staged` is as the sink
    has it.
    """

    kind: str
    target: str
    address: str
    profiles: frozenset[str] | None = field(default=None, repr=False)
    keeps_staged: bool = field(default=True, repr=False)

    @property
    def key(self) -> tuple[str, str]:
        return self.kind, self.address

    def takes(self, profile: str) -> bool:
        """Whether it is for a profile."""
        return self.profiles is None or profile in self.profiles

    def to_json(self) -> dict[str, str]:
        """What programs read of it."""
        return {"kind": self.kind, "target": self.target}


@dataclass(frozen=True, slots=True)
class Entry:
    """One profile's part of a plan.

    `body` is what is sent and `lifetime` what it asks for, in seconds; `trace` gives the hashes of
    what is sent, by field, which take long to make: those of a mint are made while it waits for its
    answers. `record` is the last session that the ledger knows. `sinks` are those
    that its token goes to, and `holders` those of them that hold it.
    """

    profile: str
    decision: Decision
    body: Mapping[str, Any] = field(repr=False)
    digest: str
    lifetime: int
    trace: Callable[[], Traces] = field(repr=False, compare=False)
    record: SessionRecord | None = None
    sinks: tuple[SinkPlace, ...] = ()
    holders: tuple[SinkPlace, ...] = ()

    @property
    def action(self) -> Action:
        return self.decision.action

    @property
    def reason(self) -> str:
        return self.decision.reason

    @property
    def is_kept(self) -> bool:
        return self.action is Action.KEEP

    @property
    def mints(self) -> bool:
        """Whether a new token is asked for."""
        return self.action in {Action.MINT, Action.RENEW}

    def minted_anew(self) -> "Entry":
        """The same profile's entry where what was staged of it turned out to be gone."""
        lacking = [sink for sink in self.sinks if sink not in self.holders]
        is_gone = any(sink.keeps_staged for sink in lacking)
        why = ", and what was staged there is gone" if is_gone else NOT_STORED
        reason = f"{_targets(lacking, self.sinks)} {_lacks(lacking)}{why}"
        return replace(self, decision=_renewed(Cause.SINK_LACKS, reason))

    def to_json(self) -> dict[str, Any]:
        """The entry as programs read it."""
        record = None if self.mints else self.record
        return {
            "profile": self.profile,
            "action": str(self.action),
            "reason": self.reason,
            "cause": str(self.decision.cause),
            "changes": [change.to_json() for change in self.decision.changes],
            "session_id": record.session_id if record else None,
            "expires_at": record.expires_at if record else None,
            "sinks": [sink.to_json() for sink in self.sinks],
        }


@dataclass(frozen=True, slots=True)
class Unseen:
    """A token that may live though nobody has it, at the latest until then, in Unix seconds."""

    profile: str
    last_expiry: int

    def to_json(self) -> dict[str, Any]:
        """What programs read of it."""
        return {"profile": self.profile, "last_expiry": self.last_expiry}


class Misplaced(NamedTuple):
    """A profile of the environment, and a sink that has it and is not for it.

    `called` is what the sink is called among those of the environment.
    """

    profile: str
    kind: str
    target: str
    called: str

    def to_json(self) -> dict[str, Any]:
        """What programs read of it."""
        return {"profile": self.profile, "kind": self.kind, "target": self.target}


@dataclass(frozen=True, slots=True)
class Plan:
    """What a mint of one environment will do, as of the moment `made_at` (Unix seconds).

    `leftovers` are profiles that a sink still holds and is no longer for; those that the
    environment still has are `misplaced`, too. `unseen` are tokens of earlier runs that may live,
    though nobody has them. `skew` is by how many seconds the service's clock is ahead of this
    machine's, as far as the last mint has shown it. `ledger` is the identity of the ledger that it
    was made from, `None` of a new one.
    """

    environment: str
    target: Target
    sinks: tuple[SinkPlace, ...]
    entries: tuple[Entry, ...]
    leftovers: tuple[str, ...] = ()
    misplaced: tuple[Misplaced, ...] = ()
    unseen: tuple[Unseen, ...] = ()
    skew: float = 0.0
    made_at: float = 0.0
    ledger: str | None = None

    @property
    def to_mint(self) -> tuple[Entry, ...]:
        return tuple(entry for entry in self.entries if entry.mints)

    @property
    def to_rewrite(self) -> tuple[Entry, ...]:
        return tuple(entry for entry in self.entries if entry.action is Action.REWRITE)

    @property
    def has_changes(self) -> bool:
        """Whether carrying it out changes anything."""
        return bool(self.to_mint or self.to_rewrite or self.leftovers)

    def to_json(self) -> dict[str, Any]:
        """The plan as programs read it."""
        return {
            "version": 1,
            "environment": self.environment,
            "api": self.target.api,
            "url": self.target.url,
            "results": [entry.to_json() for entry in self.entries],
            "pruned": list(self.leftovers),
            "misplaced": [one.to_json() for one in self.misplaced],
            "unseen": [one.to_json() for one in self.unseen],
            "clock_skew": self.skew,
        }


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of an environment beside its files.

    `held` are the profiles whose names each sink holds, by the sink's kind and address; a sink that
    is not in it was not asked, and is taken at the ledger's word. `salt` is the ledger's, and
    `ledger` its identity, `None` of a new one.
    """

    sessions: Mapping[str, SessionRecord]
    receipts: tuple[Receipt, ...]
    unseen: tuple[OpenIntent, ...]
    held: Mapping[tuple[str, str], frozenset[str]]
    salt: str = ""
    ledger: str | None = None

    @property
    def written(self) -> frozenset[tuple[str, str]]:
        """The sinks that something was ever written to, by kind and address."""
        return frozenset((receipt.kind, receipt.target) for receipt in self.receipts)


@dataclass(frozen=True, slots=True)
class Wish:
    """What is asked for: where and what to mint, into which sinks, and the profiles there are.

    `present` are all that the environment has, whether they are asked for or not. `min_remaining`
    is how many seconds every token must have left, instead of a share of its lifetime. `lines`
    are those of the files.
    """

    environment: str
    provider: Provider
    target: Target
    bodies: tuple[CompiledBody, ...]
    sinks: tuple[SinkPlace, ...]
    present: Roster
    lines: Lines
    force: bool = False
    min_remaining: float | None = None


def make_plan(wish: Wish, known: Known, now: float) -> Plan:
    """What has to be done so that every sink holds a live token of every profile asked for.

    `now` is in Unix seconds, by this machine's clock. The same wish, knowledge and moment give the
    same plan.
    """
    skew = skew_in(known.sessions.values(), now)
    leftovers, misplaced = _leftovers(wish, known.receipts)
    return Plan(
        wish.environment,
        wish.target,
        wish.sinks,
        tuple(_Case(body, wish, known, now + skew).entry() for body in wish.bodies),
        leftovers,
        misplaced,
        tuple(Unseen(one.intent.profile, one.intent.last_expiry) for one in known.unseen),
        skew,
        now,
        known.ledger,
    )


def skew_in(records: Iterable[SessionRecord], now: float) -> float:
    """By how many seconds the service's clock is ahead of this machine's, by the last mint.

    A clock that stands before a mint was set back since, so what that one measured is void.
    """
    measured = (
        (record.minted_at, record.skew)
        for record in records
        if record.skew is not None and record.minted_at <= now
    )
    return max(measured, default=(now, 0.0))[1]


@dataclass(frozen=True)
class _Case:
    """One profile before it is decided on. `now` is the moment by the service's clock."""

    compiled: CompiledBody
    wish: Wish
    known: Known
    now: float

    def entry(self) -> Entry:
        decision = self.decision()
        return Entry(
            self.compiled.profile,
            decision,
            self.sent.body,
            self.digest,
            lifetime_of(self.compiled),
            lambda: self.traces,
            self.record,
            self.sinks,
            tuple(sink for sink in self.sinks if self._holds(sink)),
        )

    @cached_property
    def sinks(self) -> tuple[SinkPlace, ...]:
        return tuple(sink for sink in self.wish.sinks if sink.takes(self.compiled.profile))

    @cached_property
    def sent(self) -> Sent:
        return sent_body(self.compiled, self.wish.provider)

    @cached_property
    def digest(self) -> str:
        return digest_of(self.sent, self.wish.target)

    @cached_property
    def traces(self) -> Traces:
        return traces_of(self.compiled, self.sent, self.wish.target, self.known.salt)

    @property
    def record(self) -> SessionRecord | None:
        return self.known.sessions.get(self.compiled.profile)

    def decision(self) -> Decision:
        record = self.record
        if record is None:
            return Decision(Action.MINT, Cause.NEVER_MINTED, "no token yet")
        left = record.expires_at - self.now
        return (
            self._forced()
            or _expired(left)
            or self._from_later(record)
            or self._changed(record)
            or self._lacking(record, left)
            or self._expiring(record, left)
            or Decision(Action.KEEP, Cause.LIVE, f"expires in {spoken(left)}")
        )

    def _forced(self) -> Decision | None:
        return _renewed(Cause.FORCED, "asked for with --force") if self.wish.force else None

    def _from_later(self, record: SessionRecord) -> Decision | None:
        """A session of a moment that is yet to come: nobody knows any more how long it lives.

        As far as its margin goes, it is renewed before its end all the same: the clocks of machines
        that share a ledger may differ by that.
        """
        if lives_from(record) - self.now <= margin_of(record):
            return None
        reason = "this machine's clock was set back since it was minted"
        return _renewed(Cause.CLOCK_SET_BACK, reason)

    def _changed(self, record: SessionRecord) -> Decision | None:
        if self.digest == record.digest:
            return None
        found = changes_between(record.traces, self.traces, self.compiled, self.wish.lines)
        if is_elsewhere(self.digest, record.digest):
            changes = tuple(one for one in found if one.is_of_provider)
            return _renewed(Cause.ELSEWHERE, told("minted elsewhere", changes), changes)
        changes = tuple(one for one in found if not one.is_of_provider)
        return _renewed(Cause.CHANGED, told("the profile changed", changes), changes)

    def _lacking(self, record: SessionRecord, left: float) -> Decision | None:
        lacking = [sink for sink in self.sinks if not self._holds(sink)]
        if not lacking:
            return None
        if all(sink.key in record.staged for sink in lacking):
            reason = _cut_short(lacking, self.wish.sinks)
            staged = Decision(Action.REWRITE, Cause.STAGED, reason)
            return self._expiring(record, left) or staged
        if not record.sinks:
            return _renewed(Cause.UNWRITTEN, "the token minted last is in no sink")
        added = [sink for sink in lacking if sink.key not in self.known.written]
        if added == lacking:
            # The ledger cannot tell the two apart: a purge leaves nothing of a sink in it.
            verb = "is new, or was emptied" if len(added) == 1 else "are new, or were emptied"
            reason = f"{_targets(added, self.wish.sinks)} {verb}{NOT_STORED}"
            return _renewed(Cause.SINK_ADDED, reason)
        reason = f"{_targets(lacking, self.wish.sinks)} {_lacks(lacking)}{NOT_STORED}"
        return _renewed(Cause.SINK_LACKS, reason)

    def _expiring(self, record: SessionRecord, left: float) -> Decision | None:
        needed = self.wish.min_remaining
        if needed is not None:
            reason = f"expires in {spoken(left)}, and must outlive {spoken(needed)}"
            return _renewed(Cause.EXPIRING, reason) if left <= needed else None
        margin = margin_of(record)
        reason = f"expires in {spoken(left)}, margin {spoken(margin)}"
        return _renewed(Cause.EXPIRING, reason) if left <= margin else None

    def _holds(self, sink: SinkPlace) -> bool:
        profile, record = self.compiled.profile, self.record
        if record is None or sink.key not in record.sinks:
            return False
        return profile in self.known.held.get(sink.key, {profile})


NOT_STORED = ", and no token is stored that could be written again"
"""Why what a sink lacks is minted again."""


def _renewed(cause: Cause, reason: str, changes: tuple[Changed, ...] = ()) -> Decision:
    return Decision(Action.RENEW, cause, reason, changes)


def _expired(left: float) -> Decision | None:
    return _renewed(Cause.EXPIRED, f"expired {spoken(-left)} ago") if left <= 0 else None


def _targets(sinks: Iterable[SinkPlace], among: Iterable[SinkPlace]) -> str:
    """What some sinks are called, where all of `among` could be meant."""
    names = names_of(among)
    return " and ".join(f"`{names[sink.key]}`" for sink in sinks)


def _lacks(sinks: Sequence[SinkPlace]) -> str:
    return "lacks it" if len(sinks) == 1 else "lack it"


def _cut_short(lacking: Sequence[SinkPlace], among: Iterable[SinkPlace]) -> str:
    """What is known of a token that an earlier run staged in sinks, and did not note there.

    Where nothing staged stays, it is in place or nowhere.
    """
    among = tuple(among)
    staged = [sink for sink in lacking if sink.keeps_staged]
    others = [sink for sink in lacking if not sink.keeps_staged]
    said = [f"missing from {_targets(staged, among)}: staged there"] if staged else []
    if others:
        said.append(f"not known to be in {_targets(others, among)}: a mint looks first")
    return "; ".join(said)


def lives_from(record: SessionRecord) -> float:
    """When a session's token was minted, by the service's clock as far as its answer told it."""
    return record.minted_at + (record.skew or 0.0)


def margin_of(record: SessionRecord) -> float:
    """The seconds that must be left of a session's token for it to be kept."""
    return max(0.0, MARGIN * (record.expires_at - lives_from(record)))


def _leftovers(
    wish: Wish, receipts: Sequence[Receipt]
) -> tuple[tuple[str, ...], tuple[Misplaced, ...]]:
    """What sinks hold and are not for: all such profiles, and those that the environment has.

    Of a profile that may stand in a folder that could not be looked into nothing is said.
    """
    here = {sink.key: sink for sink in wish.sinks}
    known = [one for one in receipts if wish.present.hiding(one.profile) is None]
    held = [(one.profile, here.get((one.kind, one.target))) for one in known]
    gone = {profile for profile, sink in held if sink and profile not in wish.present}
    called = names_of(wish.sinks)
    misplaced = {
        Misplaced(profile, sink.kind, sink.target, called[sink.key])
        for profile, sink in held
        if sink and profile not in gone and not sink.takes(profile)
    }
    leftovers = gone | {one.profile for one in misplaced}
    return tuple(sorted(leftovers)), tuple(sorted(misplaced))
