"""What a purge takes out, and what became of it."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from voxmint.engine.plan import SinkPlace, Unseen
from voxmint.engine.report import SinkResult
from voxmint.engine.sinks.contract import SinkOutcome
from voxmint.engine.sinks.namesakes import names_of
from voxmint.problems import InterruptedRunError, PartlyDoneError, Problem, VoxmintError


class Fate(StrEnum):
    """What became of a profile: out of every sink, another's by now, still in one, or not tried."""

    REMOVED = "removed"
    LEFT = "left"
    FAILED = "failed"
    SKIPPED = "skipped"


OUT = frozenset({Fate.REMOVED, Fate.LEFT})
"""The fates after which no sink holds anything of voxmint's any more."""


@dataclass(frozen=True, slots=True)
class Item:
    """What there is to take out of one profile, and what is known of its last token.

    `sinks` are those that hold something of it. `expires_at` is in Unix seconds; `None` where the
    ledger knows nothing of the token.
    """

    profile: str
    sinks: tuple[SinkPlace, ...]
    expires_at: int | None = None
    session_id: str | None = None


@dataclass(frozen=True, slots=True)
class Purge:
    """What a purge of an environment takes out.

    `lingering` are live tokens that no sink holds any more, as after an earlier purge; `unseen` are
    tokens that may live though nobody has them. `problems` are warnings of what is out of reach,
    and errors of sinks that could not be asked what they hold, where the ledger knows of nothing.
    `skew` is by how many seconds the service's clock is ahead, by the last mint.
    """

    environment: str
    items: tuple[Item, ...]
    lingering: tuple[Item, ...] = ()
    unseen: tuple[Unseen, ...] = ()
    problems: tuple[Problem, ...] = ()
    skew: float = 0.0

    @property
    def targets(self) -> tuple[str, ...]:
        """What the sinks are called that are written to."""
        return tuple(names_of(sink for item in self.items for sink in item.sinks).values())

    @property
    def last_expiry(self) -> int | None:
        """When the last of the tokens ends, as far as that is known."""
        return max((item.expires_at for item in self.items if item.expires_at), default=None)

    @property
    def is_known(self) -> bool:
        """Whether every sink was asked, or is about to be written to."""
        return not any(problem.is_error for problem in self.problems)

    def to_json(self) -> dict[str, Any]:
        """What would be taken out, as programs read it."""
        return PurgeReport(self, ()).to_json()


@dataclass(frozen=True, slots=True)
class Purged:
    """What became of one profile in each sink that held it."""

    item: Item
    fate: Fate
    sinks: tuple[SinkResult, ...] = ()

    @property
    def problem(self) -> Problem | None:
        """Why it is still in a sink."""
        return next((one.problem for one in self.sinks if one.problem and not one.is_good), None)

    @property
    def left(self) -> tuple[Problem, ...]:
        """What stays where it was, since it is another's by now."""
        return tuple(one.problem for one in self.sinks if one.problem and one.is_good)


@dataclass(frozen=True, slots=True)
class PurgeReport:
    """What a purge did; `unnoted` are why the ledger does not know of it, a problem a sink."""

    purge: Purge
    results: tuple[Purged, ...]
    unnoted: tuple[Problem, ...] = ()
    is_interrupted: bool = False

    @property
    def exit_code(self) -> int:
        """0 all is out, 1 nothing is, 3 some of it is, 130 interrupted.

        What a sink holds that could not be asked is not out; and what the ledger does not know to
        be out is done in part.
        """
        if self.is_interrupted:
            return InterruptedRunError.exit_code
        is_all_out = self.purge.is_known and all(one.fate in OUT for one in self.results)
        if is_all_out and not self.unnoted:
            return 0
        is_out = any(
            sink.outcome is SinkOutcome.REMOVED for one in self.results for sink in one.sinks
        )
        return PartlyDoneError.exit_code if is_out else VoxmintError.exit_code

    def to_json(self) -> dict[str, Any]:
        """The report as programs read it; without results it is what would be taken out."""
        done = {one.item.profile: one for one in self.results}
        return {
            "version": 1,
            "environment": self.purge.environment,
            "results": [_json_of(item, done.get(item.profile)) for item in self.purge.items],
            "lingering": [_about(item) for item in self.purge.lingering],
            "unseen": [one.to_json() for one in self.purge.unseen],
            "problems": [_told(one) for one in (*self.purge.problems, *self.unnoted)],
            "interrupted": self.is_interrupted,
        }


def _about(item: Item) -> dict[str, Any]:
    return {
        "profile": item.profile,
        "session_id": item.session_id,
        "expires_at": item.expires_at,
    }


def _told(problem: Problem) -> dict[str, Any]:
    return {"code": problem.code, "message": problem.message, "hint": problem.hint}


def _json_of(item: Item, done: Purged | None) -> dict[str, Any]:
    about = _about(item)
    if done is None:
        sinks = [{"kind": sink.kind, "target": sink.target} for sink in item.sinks]
        return {**about, "sinks": sinks}
    problem = done.problem
    return {
        **about,
        "outcome": str(done.fate),
        "sinks": [
            {"kind": sink.kind, "target": sink.target, "outcome": str(sink.outcome)}
            for sink in done.sinks
        ],
        "error": problem and {"code": problem.code, "message": problem.message},
        "left": [{"code": one.code, "message": one.message} for one in done.left],
    }
