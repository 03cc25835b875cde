"""The status: what is in place, by the ledger and the names in the sinks; no token is read.

It is made from the same decisions as a plan, so that what is called live is what a mint would keep.
Nothing here fails for a profile or a sink that is wrong: what cannot be known is called unknown,
with the reason.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from voxmint.engine.edge import Edge, Operator
from voxmint.engine.ledger.ledger import Ledger, SessionRecord
from voxmint.engine.minting.bench import Seen, seen
from voxmint.engine.plan import NOT_STORED, Cause, Entry, Misplaced, SinkPlace, Unseen
from voxmint.engine.project import Project
from voxmint.engine.reasons import Changed
from voxmint.engine.selection import Selection, present_in
from voxmint.engine.sinks import SINKS
from voxmint.engine.sinks.namesakes import Key, names_of
from voxmint.engine.sinks.surroundings import absent_state
from voxmint.engine.state import found_state
from voxmint.engine.upstream.target import target_of
from voxmint.problems import Problem, ProblemsError
from voxmint.profiles.compiled import Compilation, CompiledEnvironment
from voxmint.profiles.order import Order
from voxmint.profiles.reading import PROJECT_FILE
from voxmint.profiles.roster import Roster
from voxmint.profiles.selectors import selects


class State(StrEnum):
    """What is the case with a profile's token."""

    LIVE = "live"
    EXPIRING = "expiring"
    EXPIRED = "expired"
    STALE = "stale"
    MISSING = "missing"
    UNKNOWN = "unknown"


class Held(StrEnum):
    """What is known of a token in one sink; `unknown` goes by the ledger's word, or by none."""

    HELD = "held"
    LACKING = "lacking"
    UNKNOWN = "unknown"


_STATES = {
    Cause.NEVER_MINTED: State.MISSING,
    Cause.EXPIRED: State.EXPIRED,
    Cause.CLOCK_SET_BACK: State.UNKNOWN,
    Cause.ELSEWHERE: State.STALE,
    Cause.CHANGED: State.STALE,
    Cause.UNWRITTEN: State.MISSING,
    Cause.SINK_ADDED: State.MISSING,
    Cause.SINK_LACKS: State.MISSING,
    Cause.STAGED: State.MISSING,
    Cause.EXPIRING: State.EXPIRING,
    Cause.LIVE: State.LIVE,
}


@dataclass(frozen=True, slots=True)
class SinkStatus:
    """A profile's token in one sink; `called` is what that is called among others."""

    kind: str
    target: str
    held: Held
    called: str


@dataclass(frozen=True, slots=True)
class Session:
    """What is the case with one profile; `record` is the last session that the ledger knows.

    `changes` are what is not as it was when that was minted.
    """

    profile: str
    environment: str
    state: State
    reason: str
    record: SessionRecord | None = None
    changes: tuple[Changed, ...] = ()
    sinks: tuple[SinkStatus, ...] = ()

    def to_json(self, now: float) -> dict[str, Any]:
        """The session as programs read it; `now` is in Unix seconds."""
        record = self.record
        return {
            "profile": self.profile,
            "environment": self.environment,
            "state": str(self.state),
            "reason": self.reason,
            "changes": [change.to_json() for change in self.changes],
            "expires_at": record.expires_at if record else None,
            "minted_at": round(record.minted_at, 3) if record else None,
            "age": round(max(0.0, now - record.minted_at), 3) if record else None,
            "session_id": record.session_id if record else None,
            "request_id": record.request_id if record else None,
            "digest": record.digest if record else None,
            "commit": record.commit if record else None,
            "dirty": record.dirty if record else None,
            "sinks": [
                {"kind": sink.kind, "target": sink.target, "state": str(sink.held)}
                for sink in self.sinks
            ],
        }


@dataclass(frozen=True, slots=True)
class EnvironmentStatus:
    """What is the case in one environment.

    `sinks` are all that it has. `misplaced` is what sinks have and are no longer for;
    `unseen` are tokens that may live though nobody has them. `problems` are what kept something
    from being known. `reason` is why only the ledger's word is told, where that is so.
    """

    environment: str
    sinks: tuple[SinkPlace, ...] = ()
    sessions: tuple[Session, ...] = ()
    misplaced: tuple[Misplaced, ...] = ()
    unseen: tuple[Unseen, ...] = ()
    skew: float = 0.0
    problems: tuple[Problem, ...] = ()
    reason: str | None = None

    @property
    def targets(self) -> tuple[str, ...]:
        """What its sinks are called."""
        return tuple(names_of(self.sinks).values())

    @property
    def is_live(self) -> bool:
        """Whether a mint would change nothing."""
        is_known = not self.problems and self.reason is None
        is_tidy = not self.misplaced
        return is_known and is_tidy and all(one.state is State.LIVE for one in self.sessions)

    def to_json(self) -> dict[str, Any]:
        """What programs read of it, beside the sessions."""
        return {
            "environment": self.environment,
            "reason": self.reason,
            "targets": [sink.target for sink in self.sinks],
            "sinks": [sink.to_json() for sink in self.sinks],
            "misplaced": [one.to_json() for one in self.misplaced],
            "unseen": [one.to_json() for one in self.unseen],
            "clock_skew": self.skew,
            "problems": [
                {"code": one.code, "message": one.message, "hint": one.hint}
                for one in self.problems
            ],
        }


@dataclass(frozen=True, slots=True)
class Status:
    """What is the case at the moment `at`, in Unix seconds.

    `is_without_ledger`: nothing was minted here, or what was is forgotten.
    """

    at: float
    environments: tuple[EnvironmentStatus, ...]
    is_without_ledger: bool = False

    @property
    def is_live(self) -> bool:
        """Whether a mint of each environment would change nothing."""
        return all(one.is_live for one in self.environments)

    def to_json(self) -> dict[str, Any]:
        """The status as programs read it."""
        return {
            "version": 1,
            "at": self.at,
            "environments": [one.to_json() for one in self.environments],
            "sessions": [
                session.to_json(self.at) for one in self.environments for session in one.sessions
            ],
        }


def status_of(project: Project, order: Order, operator: Operator, edge: Edge) -> Status:
    """What is the case in the environments of an order, or in all of them.

    Raises `UsageError` for a name that is not there, and `ProblemsError` where the ledger cannot be
    read or the project as a whole cannot. Makes and locks nothing.
    """
    compilation = project.compile_all(order)
    if wrong := [one for one in compilation.errors if one.at and one.at.file == PROJECT_FILE]:
        raise ProblemsError(wrong)
    state = found_state(project.root, edge.environ) or absent_state(project.root, edge.environ)
    with Ledger.open(state.ledger, readonly=True) as ledger:
        look = _Look(project, compilation, operator, edge, ledger)
        names = order.environments or _all_names(compilation, ledger)
        return Status(edge.now(), tuple(map(look.at, names)), ledger.is_fresh)


def _all_names(compilation: Compilation, ledger: Ledger) -> tuple[str, ...]:
    """The environments that mint, and those that once did."""
    concrete = [
        name
        for name in compilation.environment_names
        if (found := compilation.environments.get(name)) is None or not found.document.abstract
    ]
    return tuple(dict.fromkeys((*concrete, *ledger.environments())))


@dataclass(frozen=True)
class _Look:
    """Looks at one environment after another."""

    project: Project
    compilation: Compilation
    operator: Operator
    edge: Edge
    ledger: Ledger

    def at(self, name: str) -> EnvironmentStatus:
        """What is the case in the environment of this name."""
        records = self.ledger.sessions(name)
        if name not in self.compilation.environment_names:
            return self._without_plan(name, records, "the project no longer has this environment")
        environment = self.compilation.environments.get(name)
        if environment is None or environment.provider is None:
            return self._without_plan(name, records, f"the environment has errors: {_VALIDATE}")
        bodies = tuple(
            body for (_, where), body in self.compilation.bodies.items() if where == name
        )
        present = present_in(self.compilation, name)
        labels = {one.name: one.labels for one in self.compilation.profiles.values()}
        try:
            selection = Selection(
                self.project,
                self.compilation,
                environment,
                bodies,
                target_of(environment),
                present,
                labels,
            )
            found = seen(selection, self.operator, self.edge, self.ledger)
        except ProblemsError as error:
            wrong = f"the environment has errors: {_VALIDATE}"
            return self._without_plan(name, records, wrong, error.problems)
        return self._with_plan(name, records, found, present)

    def _without_plan(
        self,
        name: str,
        records: Mapping[str, SessionRecord],
        why: str,
        problems: tuple[Problem, ...] = (),
    ) -> EnvironmentStatus:
        """What the ledger alone says."""
        known = self.compilation.environments.get(name)
        profiles = sorted({*records, *(known.profiles if known else ())})
        now = self.edge.now()
        sessions = (self._alone(profile, name, records.get(profile), why) for profile in profiles)
        unseen = (
            Unseen(one.intent.profile, one.intent.last_expiry)
            for one in self.ledger.unseen(name, now)
        )
        return EnvironmentStatus(
            name,
            sessions=tuple(sessions),
            unseen=tuple(unseen),
            problems=tuple(problems),
            reason=why,
        )

    def _alone(
        self,
        profile: str,
        environment: str,
        record: SessionRecord | None,
        why: str,
        holders: "_Holders | None" = None,
    ) -> Session:
        holders = holders or _Holders({})
        sinks = tuple(
            SinkStatus(kind, address, holders.of((kind, address), profile), address)
            for kind, address in sorted(record.sinks if record else ())
        )
        return Session(profile, environment, State.UNKNOWN, why, record, sinks=sinks)

    def _with_plan(
        self,
        name: str,
        records: Mapping[str, SessionRecord],
        found: Seen,
        present: Roster,
    ) -> EnvironmentStatus:
        plan = found.plan
        holders = _Holders(found.held)
        sessions = {entry.profile: _session(entry, name, found, holders) for entry in plan.entries}
        environment = self.compilation.environments[name]
        hidden = [profile for profile in records if present.hiding(profile) is not None]
        for profile in (*present, *hidden):
            is_meant = profile in records or _chooses(environment, profile)
            if is_meant and profile not in sessions:
                why = f"it has errors: {_VALIDATE}"
                record = records.get(profile)
                sessions[profile] = self._alone(profile, name, record, why, holders)
        for profile in set(plan.leftovers) - {one.profile for one in plan.misplaced}:
            why = f"no longer in {name}; the next mint takes it out of its sinks"
            sessions[profile] = self._alone(profile, name, records.get(profile), why)
        return EnvironmentStatus(
            name,
            plan.sinks,
            tuple(sessions[profile] for profile in sorted(sessions)),
            plan.misplaced,
            plan.unseen,
            plan.skew,
            tuple(found.silent.values()),
        )


@dataclass(frozen=True, slots=True)
class _Holders:
    """The profiles whose names each sink has, by its kind and address, of those that were asked."""

    held: Mapping[tuple[str, str], frozenset[str]]

    def of(self, sink: tuple[str, str], profile: str) -> Held:
        """Whether a sink, of this kind and address, has a profile's names."""
        held = self.held.get(sink)
        if held is None:
            return Held.UNKNOWN
        return Held.HELD if profile in held else Held.LACKING


def _chooses(environment: CompiledEnvironment, profile: str) -> bool:
    """Whether an environment would have a profile, by its name: its file may not be readable."""
    named = [one.profiles for one in environment.lineage if one.profiles is not None]
    return not named or selects([one.name for one in named[-1]], profile)


_VALIDATE = "`voxmint validate` says which"


def _session(entry: Entry, environment: str, found: Seen, holders: _Holders) -> Session:
    called = names_of(found.plan.sinks)
    sinks = tuple(_sinks(entry, called, holders))
    state, reason = _state(entry, sinks, called, holders)
    return Session(
        entry.profile,
        environment,
        state,
        reason,
        entry.record,
        entry.decision.changes,
        sinks,
    )


def _state(
    entry: Entry, sinks: Iterable[SinkStatus], called: Mapping[Key, str], holders: _Holders
) -> tuple[State, str]:
    cause = entry.decision.cause
    if cause is Cause.NEVER_MINTED:
        there = [sink for sink in entry.sinks if holders.of(sink.key, entry.profile) is Held.HELD]
        if there:
            names = " and ".join(f"`{called[sink.key]}`" for sink in there)
            verb = "has" if len(there) == 1 else "have"
            return State.UNKNOWN, f"{names} {verb} it, and no ledger here knows of it"
        return State.MISSING, "never minted"
    meant = (one for one in entry.sinks if holders.of(one.key, entry.profile) is Held.UNKNOWN)
    # Another package's are not asked here. One of ours that is not meant was asked for by name, or
    # is no longer listed: a mint does not miss it.
    others = (one for one in sinks if one.held is Held.UNKNOWN and one.kind not in SINKS)
    silent = [*(called[one.key] for one in meant), *(one.called for one in others)]
    if cause in {Cause.LIVE, Cause.EXPIRING} and silent:
        return State.UNKNOWN, f"`{silent[0]}` cannot be asked"
    return _STATES[cause], entry.reason.removesuffix(NOT_STORED)


def _sinks(entry: Entry, called: Mapping[Key, str], holders: _Holders) -> Iterator[SinkStatus]:
    """The token in each sink that is asked, and in those that are not, by the ledger's word."""
    for sink in entry.sinks:
        held = holders.of(sink.key, entry.profile)
        if held is Held.HELD and sink not in entry.holders:
            # Its names are there, and what they hold is not this session.
            held = Held.LACKING
        yield SinkStatus(sink.kind, sink.target, held, called[sink.key])
    for kind, address in sorted(entry.record.sinks if entry.record else ()):
        if (kind, address) not in called:
            yield SinkStatus(kind, address, Held.UNKNOWN, address)
