"""The plan: for each profile of an environment what is to be done, and why.

It is one immutable object. `plan` shows it and `mint` carries it out; there is no second way of
deciding. Made of what was compiled, what the ledger knows and which names the sinks hold, it takes
no secret and no network.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from voxmint.engine.durations import spoken
from voxmint.engine.ledger import OpenIntent, SessionRecord
from voxmint.engine.sinks.contract import Receipt
from voxmint.engine.upstream.request import DEFAULT_LIFETIME, digest_of, is_elsewhere, sent_body
from voxmint.engine.upstream.target import Target
from voxmint.profiles.compiled import CompiledBody
from voxmint.profiles.settings import Provider

MARGIN = 0.2
"""The share of a token's lifetime that must be left for it to be kept: two minutes of ten."""


class Action(StrEnum):
    """What is done for a profile.

    `rewrite` is for a sink that can be filled from another one without minting; the sinks there are
    read no value back, so a token that one of them lacks is renewed.
    """

    MINT = "mint"
    RENEW = "renew"
    REWRITE = "rewrite"
    KEEP = "keep"


@dataclass(frozen=True, slots=True)
class SinkPlace:
    """A sink as a plan knows it: its kind, its target in the file's words and in the ledger's."""

    kind: str
    target: str
    address: str

    @property
    def key(self) -> tuple[str, str]:
        return self.kind, self.address


@dataclass(frozen=True, slots=True)
class Entry:
    """One profile's part of a plan.

    `body` is what is sent and `lifetime` what it asks for, in seconds; `record` is the last session
    that the ledger knows.
    """

    profile: str
    action: Action
    reason: str
    body: Mapping[str, Any] = field(repr=False)
    digest: str
    lifetime: int
    record: SessionRecord | None = None

    @property
    def is_kept(self) -> bool:
        return self.action is Action.KEEP

    def to_json(self) -> dict[str, Any]:
        """The entry as programs read it."""
        record = self.record if self.is_kept else None
        return {
            "profile": self.profile,
            "action": str(self.action),
            "reason": self.reason,
            "session_id": record.session_id if record else None,
            "expires_at": record.expires_at if record else None,
        }


@dataclass(frozen=True, slots=True)
class Unseen:
    """A token that may live though nobody has it, at the latest until then, in Unix seconds."""

    profile: str
    last_expiry: int

    def to_json(self) -> dict[str, Any]:
        """What programs read of it."""
        return {"profile": self.profile, "last_expiry": self.last_expiry}


@dataclass(frozen=True, slots=True)
class Plan:
    """What a mint of one environment will do.

    `leftovers` are profiles that the environment no longer has and a sink still holds. `unseen` are
    tokens of earlier runs that may live, though nobody has them.
    """

    environment: str
    target: Target
    sinks: tuple[SinkPlace, ...]
    entries: tuple[Entry, ...]
    leftovers: tuple[str, ...] = ()
    unseen: tuple[Unseen, ...] = ()

    @property
    def to_mint(self) -> tuple[Entry, ...]:
        return tuple(entry for entry in self.entries if not entry.is_kept)

    @property
    def has_changes(self) -> bool:
        """Whether carrying it out changes anything."""
        return bool(self.to_mint or self.leftovers)

    def to_json(self) -> dict[str, Any]:
        """The plan as programs read it."""
        sinks = [{"kind": sink.kind, "target": sink.target} for sink in self.sinks]
        return {
            "version": 1,
            "environment": self.environment,
            "api": self.target.api,
            "url": self.target.url,
            "results": [{**entry.to_json(), "sinks": sinks} for entry in self.entries],
            "pruned": list(self.leftovers),
            "unseen": [one.to_json() for one in self.unseen],
        }


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of an environment beside its files.

    `held` are the profiles whose names each sink holds, by the sink's kind and address; a sink that
    is not in it was not asked, and is taken at the ledger's word.
    """

    sessions: Mapping[str, SessionRecord]
    receipts: tuple[Receipt, ...]
    unseen: tuple[OpenIntent, ...]
    held: Mapping[tuple[str, str], frozenset[str]]


@dataclass(frozen=True, slots=True)
class Wish:
    """What is asked for: where and what to mint, into which sinks, and the profiles there are.

    `present` are all that the environment has, whether they are asked for or not.
    """

    environment: str
    provider: Provider
    target: Target
    bodies: tuple[CompiledBody, ...]
    sinks: tuple[SinkPlace, ...]
    present: frozenset[str]
    force: bool = False


def make_plan(wish: Wish, known: Known, now: float) -> Plan:
    """What has to be done so that every sink holds a live token of every profile asked for.

    `now` is in Unix seconds. The same wish, knowledge and moment give the same plan.
    """
    return Plan(
        wish.environment,
        wish.target,
        wish.sinks,
        tuple(_entry(body, wish, known, now) for body in wish.bodies),
        _leftovers(wish, known.receipts),
        tuple(Unseen(one.intent.profile, one.intent.last_expiry) for one in known.unseen),
    )


def _entry(compiled: CompiledBody, wish: Wish, known: Known, now: float) -> Entry:
    sent = sent_body(compiled, wish.provider)
    digest = digest_of(sent, wish.target)
    record = known.sessions.get(compiled.profile)
    action, reason = _decision(compiled.profile, digest, record, wish, known, now)
    lifetime = (compiled.expires_after or {}).get("seconds", DEFAULT_LIFETIME)
    return Entry(compiled.profile, action, reason, sent.body, digest, lifetime, record)


def _decision(
    profile: str,
    digest: str,
    record: SessionRecord | None,
    wish: Wish,
    known: Known,
    now: float,
) -> tuple[Action, str]:
    if record is None:
        return Action.MINT, "no token yet"
    left = record.expires_at - now
    reason = (
        _forced(wish)
        or _expired(left)
        or _changed(digest, record.digest)
        or _lacking(profile, record, wish, known)
        or _expiring(left, margin_of(record))
    )
    if reason:
        return Action.RENEW, reason
    return Action.KEEP, f"expires in {spoken(left)}"


def _forced(wish: Wish) -> str | None:
    return "asked for with --force" if wish.force else None


def _expired(left: float) -> str | None:
    return f"expired {spoken(-left)} ago" if left <= 0 else None


def _changed(digest: str, other: str) -> str | None:
    if digest == other:
        return None
    return "minted elsewhere" if is_elsewhere(digest, other) else "the profile changed"


def _lacking(profile: str, record: SessionRecord, wish: Wish, known: Known) -> str | None:
    lacking = [sink for sink in wish.sinks if not _holds(sink, profile, record, known)]
    if not lacking:
        return None
    if not record.sinks:
        return "minted before, and written nowhere"
    names = " and ".join(f"`{sink.target}`" for sink in lacking)
    return f"{names} {'lacks' if len(lacking) == 1 else 'lack'} it"


def _expiring(left: float, margin: float) -> str | None:
    return f"expires in {spoken(left)}, margin {spoken(margin)}" if left <= margin else None


def margin_of(record: SessionRecord) -> float:
    """The seconds that must be left of a session's token for it to be kept."""
    return max(0.0, MARGIN * (record.expires_at - record.minted_at))


def _holds(sink: SinkPlace, profile: str, record: SessionRecord, known: Known) -> bool:
    return sink.key in record.sinks and profile in known.held.get(sink.key, {profile})


def _leftovers(wish: Wish, receipts: Sequence[Receipt]) -> tuple[str, ...]:
    here = {sink.key for sink in wish.sinks}
    held = {receipt.profile for receipt in receipts if (receipt.kind, receipt.target) in here}
    return tuple(sorted(held - wish.present))
