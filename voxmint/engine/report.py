"""What a mint did: the answer to "and what is the case now?", for people and programs alike."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from voxmint.engine.plan import Action, Misplaced, Unseen
from voxmint.engine.sinks.contract import SinkOutcome
from voxmint.engine.upstream.target import Target
from voxmint.problems import InterruptedRunError, PartlyDoneError, Problem, VoxmintError


class Outcome(StrEnum):
    """What became of a profile.

    `minted`: new, and in every sink. `kept`: as it was. `written`: a live token put into a sink
    that lacked it. `failed`: no token. `unwritten`: minted, and not in every sink. `skipped`: not
    tried.
    """

    MINTED = "minted"
    KEPT = "kept"
    WRITTEN = "written"
    FAILED = "failed"
    UNWRITTEN = "unwritten"
    SKIPPED = "skipped"


GOOD = frozenset({Outcome.MINTED, Outcome.KEPT, Outcome.WRITTEN})
"""The outcomes after which every sink holds a live token."""


@dataclass(frozen=True, slots=True)
class SinkResult:
    """What became of a profile in one sink; `problem` is why it is not there.

    `is_staged`: it is not in place, and the next run can put it there without a mint. `address` is
    its target as the ledger has it.
    """

    kind: str
    target: str
    outcome: SinkOutcome
    problem: Problem | None = None
    is_staged: bool = False
    address: str = ""

    @property
    def key(self) -> tuple[str, str]:
        return self.kind, self.address

    @property
    def is_good(self) -> bool:
        return self.outcome is not SinkOutcome.FAILED

    def to_json(self) -> dict[str, Any]:
        """What programs read of it."""
        return {
            "kind": self.kind,
            "target": self.target,
            "outcome": str(self.outcome),
            "staged": self.is_staged,
        }


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one profile. `expires_at` is in Unix seconds.

    `problem` is why the outcome is not a good one; `attempts` are the requests that were sent.
    """

    profile: str
    action: Action
    reason: str
    outcome: Outcome
    session_id: str | None = None
    expires_at: int | None = None
    request_id: str | None = None
    attempts: int = 0
    sinks: tuple[SinkResult, ...] = ()
    problem: Problem | None = None

    @property
    def is_good(self) -> bool:
        return self.outcome in GOOD

    def to_json(self) -> dict[str, Any]:
        """The result as programs read it."""
        return {
            "profile": self.profile,
            "action": str(self.action),
            "reason": self.reason,
            "outcome": str(self.outcome),
            "session_id": self.session_id,
            "expires_at": self.expires_at,
            "request_id": self.request_id,
            "attempts": self.attempts,
            "sinks": [sink.to_json() for sink in self.sinks],
            "error": _error(self.problem),
        }


def _error(problem: Problem | None) -> dict[str, Any] | None:
    if problem is None:
        return None
    at = problem.at
    place = None if at is None else {"file": at.file, "line": at.line, "column": at.column}
    return {"code": problem.code, "message": problem.message, "at": place}


def seen_of(problem: Problem) -> tuple[object, ...]:
    """What a person sees of a problem; two that have the same can differ in facts all the same."""
    return problem.code, problem.at, problem.message, problem.hint


def told_once(problems: Iterable[Problem]) -> tuple[Problem, ...]:
    """The problems in their order, of those that look the same the first."""
    seen: dict[tuple[object, ...], Problem] = {}
    for problem in problems:
        seen.setdefault(seen_of(problem), problem)
    return tuple(seen.values())


@dataclass(frozen=True, slots=True)
class Made:
    """What came of the profiles that were to be minted, by name, and of the run as a whole.

    `skew` is by how many seconds the service's clock is ahead, where an answer told the time.
    """

    results: Mapping[str, Result] = field(default_factory=dict)
    unseen: tuple[Unseen, ...] = ()
    problems: tuple[Problem, ...] = ()
    skew: float | None = None


@dataclass(frozen=True, slots=True)
class Report:
    """What a mint of one environment did, in `seconds`.

    `unseen` are tokens, of this run and of earlier ones, that may live though nobody has them.
    `pruned` are profiles that were taken out of sinks that are no longer for them; those that the
    environment still has are `misplaced`, too. `unpruned` are those that could not be taken out.
    `problems` are those of the run as a whole, such as why a sink could not be pruned. `skew` is by
    how many seconds the service's clock is ahead.
    """

    environment: str
    target: Target
    results: tuple[Result, ...]
    unseen: tuple[Unseen, ...] = ()
    pruned: tuple[str, ...] = ()
    misplaced: tuple[Misplaced, ...] = ()
    unpruned: tuple[str, ...] = ()
    problems: tuple[Problem, ...] = ()
    is_interrupted: bool = False
    skew: float = 0.0
    seconds: float = 0.0

    @property
    def counts(self) -> Mapping[Outcome, int]:
        """How many profiles had each outcome; those that none had are left out."""
        return Counter(result.outcome for result in self.results)

    @property
    def requests(self) -> int:
        """How many requests were sent."""
        return sum(result.attempts for result in self.results)

    @property
    def bad(self) -> tuple[Result, ...]:
        """The results of profiles that are not in every sink with a live token."""
        return tuple(result for result in self.results if not result.is_good)

    @property
    def first_expiry(self) -> int | None:
        """When the first of the live tokens expires, in Unix seconds."""
        moments = [result.expires_at for result in self.results if result.is_good]
        return min((moment for moment in moments if moment is not None), default=None)

    @property
    def exit_code(self) -> int:
        """0 all done, 1 nothing minted, 3 some minted and some not, 130 interrupted."""
        if self.is_interrupted:
            return InterruptedRunError.exit_code
        if not self.bad and not any(problem.is_error for problem in self.problems):
            return 0
        made = any(result.outcome in {Outcome.MINTED, Outcome.WRITTEN} for result in self.results)
        return PartlyDoneError.exit_code if made else VoxmintError.exit_code

    def to_json(self) -> dict[str, Any]:
        """The report as programs read it."""
        return {
            "version": 1,
            "environment": self.environment,
            "api": self.target.api,
            "url": self.target.url,
            "results": [result.to_json() for result in self.results],
            "pruned": list(self.pruned),
            "misplaced": [one.to_json() for one in self.misplaced],
            "unpruned": list(self.unpruned),
            "unseen": [one.to_json() for one in self.unseen],
            "interrupted": self.is_interrupted,
            "seconds": round(self.seconds, 3),
        }
