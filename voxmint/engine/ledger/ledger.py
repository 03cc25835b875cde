"""The ledger: what was minted, what may have been, and which names in which sink are voxmint's.

An SQLite database in the state folder. It holds no token and nothing made from one; of what was
sent it holds hashes, a salted one of each field, so that a plan can name what changed. Every method
that writes is one transaction, on the disk when the method returns; give it many things at once.

Before a request leaves, `intend` says that it may; `record` then says what became of it. An intent
without an outcome belongs to a run that goes on or was killed, which `runs` tells apart: of one
that is over, a token may live until `last_expiry` that nobody has seen.

Before names are written to a sink, `claim` says that they will be voxmint's, and by which version
the sink knows what is staged; `delivered` then says that they hold the profile's current session.
What is claimed and not delivered belongs to a run that was cut short, and the next one finishes it.
A name in a sink belongs to whoever claimed it last.
"""

import hashlib
import json
import sqlite3
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from types import NoneType, TracebackType
from typing import Any, Self

from voxmint.engine.failures import failure
from voxmint.engine.ledger import names as ledgernames, runs
from voxmint.engine.ledger.file import opened, transaction, translated
from voxmint.engine.sinks.contract import Pending, Receipt
from voxmint.engine.upstream.traces import Traces, text_of
from voxmint.engine.wording import LEDGER_CORRUPT


@dataclass(frozen=True, slots=True)
class Intent:
    """A request that is about to leave.

    `digest` covers its body and where it goes; `sent_at` is in Unix seconds, and so is
    `last_expiry`, the last moment at which a token that came of it could still live.
    """

    profile: str
    digest: str
    sent_at: float
    last_expiry: int


@dataclass(frozen=True, slots=True)
class OpenIntent:
    """A request of which no token came so far, and may yet.

    `unanswered`: its run saw it go without an answer; else that `run` goes on or was killed.
    """

    id: int
    intent: Intent
    unanswered: bool
    run: str | None = None


@dataclass(frozen=True, slots=True)
class Minted:
    """A request was answered with a token, and this is what is known of its session.

    `intent` is what `intend` gave for the request; moments are in Unix seconds. `traces` are the
    hashes of what was sent, by field; `skew` is by how many seconds the service's clock was ahead.
    """

    intent: int
    profile: str
    digest: str
    expires_at: int
    minted_at: float
    session_id: str | None = None
    request_id: str | None = None
    commit: str | None = None
    dirty: bool | None = None
    traces: Traces | None = None
    skew: float | None = None


@dataclass(frozen=True, slots=True)
class Failed:
    """No token came of the request: it never arrived, or was refused."""

    intent: int


@dataclass(frozen=True, slots=True)
class Handed:
    """A token came of the request, and a command was started with it; no sink holds it."""

    intent: int


@dataclass(frozen=True, slots=True)
class Unanswered:
    """The request may have arrived, and no answer came."""

    intent: int


Outcome = Minted | Failed | Handed | Unanswered


@dataclass(frozen=True, slots=True)
class SessionRecord:
    """The last session minted for a profile; `sinks` are those that hold it: kind and target.

    `staged` are those that it is staged in and not known to be in place, by kind and target.
    `traces` are as the ledger holds them: `traces_in` reads them. `skew` is by how many seconds the
    service's clock was ahead of this machine's; both are `None` where that is not known.
    """

    profile: str
    digest: str
    commit: str | None
    dirty: bool | None
    session_id: str | None
    expires_at: int
    minted_at: float
    request_id: str | None
    sinks: frozenset[tuple[str, str]]
    traces: str | None = None
    skew: float | None = None
    staged: Mapping[tuple[str, str], Pending] = field(default_factory=dict)


class Ledger:
    """An open ledger: a context that closes it. Threads may share it."""

    def __init__(self, path: Path, database: sqlite3.Connection, *, is_fresh: bool) -> None:
        self.path = path
        self.is_fresh = is_fresh
        """Whether it was empty until now: nothing minted before is known."""
        self._database = database
        self._one_at_a_time = threading.Lock()
        self._books: dict[str, ledgernames.Book] = {}
        self._run = runs.OwnRun(path.parent)

    @classmethod
    def open(cls, path: Path, *, readonly: bool = False) -> Self:
        """The ledger at this path, made if need be; read-only, a missing one is an empty one.

        `ProblemsError` where it is corrupt, of a newer format, or cannot be used; it is then left
        as it is.
        """
        database, version = opened(path, readonly=readonly)
        return cls(path, database, is_fresh=version == 0)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        self._run.end()
        self._database.close()

    @cached_property
    def salt(self) -> str:
        """What this ledger's traces are salted with, made up when it was made."""
        rows = self._rows("SELECT value FROM facts WHERE name = 'salt'", (str,))
        if not rows:
            raise failure(LEDGER_CORRUPT, path=self.path, said="it has no salt")
        salt: str = rows[0][0]
        return salt

    @property
    def identity(self) -> str | None:
        """What tells this ledger from others; `None` of one that was made, or is missing, now."""
        return None if self.is_fresh else hashlib.sha256(self.salt.encode()).hexdigest()[:16]

    def environments(self) -> tuple[str, ...]:
        """The environments of which anything is known, sorted."""
        return tuple(row[0] for row in self._rows(_ENVIRONMENTS, (str,)))

    def sessions(self, environment: str) -> Mapping[str, SessionRecord]:
        """The last session of each profile of the environment, by the profile's name."""
        held: dict[int, set[tuple[str, str]]] = {}
        for session, kind, target in self._rows(_HELD, (int, str, str), environment):
            held.setdefault(session, set()).add((kind, target))
        staged: dict[int, list[Pending]] = {}
        for session, *about in self._rows(_STAGED, _STAGED_TYPES, environment):
            staged.setdefault(session, []).append(Pending(*about))
        rows = self._rows(_SESSIONS, _SESSION_TYPES, environment)
        return {
            row[1]: _session(row, held.get(row[0], set()), staged.get(row[0], ())) for row in rows
        }

    def open_intents(self, environment: str, now: float) -> tuple[OpenIntent, ...]:
        """The requests of which a token may come that lives now (Unix seconds), oldest first."""
        types = (int, str, str, float, int, int, (str, NoneType))
        rows = self._rows(_OPEN_INTENTS, types, environment, now)
        return tuple(OpenIntent(row[0], Intent(*row[1:5]), bool(row[5]), row[6]) for row in rows)

    def unseen(self, environment: str, now: float) -> tuple[OpenIntent, ...]:
        """Those of which a token may live now that nobody will ever see, oldest first.

        A request of a run that goes on is that run's own.
        """
        known = {one.run for one in self.open_intents(environment, now)}
        over = {run for run in known if run is None or runs.is_over(self.path.parent, run)}
        # Read again: what a run put down before it ended is there by now.
        found = self.open_intents(environment, now)
        return tuple(one for one in found if one.unanswered or one.run in over)

    def receipts(self, environment: str) -> tuple[Receipt, ...]:
        """What is voxmint's in each sink, for this environment: the names by profile and sink."""
        # Asked before the rows are read: what somebody writes meanwhile is read once more.
        version = self._version()
        book = self._books.get(environment)
        if book is None or book.version != version:
            rows = self._rows(ledgernames.NAMES, (str, str, str, str), environment)
            book = self._books[environment] = ledgernames.Book(version, rows)
        return book.receipts()

    def _version(self) -> int:
        """What is another number as soon as somebody else has written to the ledger."""
        version: int = self._rows("PRAGMA data_version", (int,))[0][0]
        return version

    def elsewhere(self, environment: str) -> frozenset[tuple[str, str, str]]:
        """Whose names in which sinks another environment has: profile, kind and target."""
        return frozenset(self._rows(ledgernames.NAMES_OF_OTHERS, (str, str, str), environment))

    def intend(self, environment: str, intents: Sequence[Intent]) -> list[int]:
        """Put down that these requests are about to leave; gives each a number, in order."""
        with self._writing() as database:
            run = self._run.name
            oldest = min((intent.sent_at for intent in intents), default=0.0)
            database.execute("DELETE FROM intents WHERE last_expiry < ?", (oldest,))
            rows = [
                (environment, one.profile, one.digest, one.sent_at, one.last_expiry, run)
                for one in intents
            ]
            return _inserted(database, _INTEND, rows)

    def record(self, environment: str, outcomes: Iterable[Outcome]) -> None:
        """Put down what became of requests that were intended."""
        with self._writing() as database:
            _record(database, environment, tuple(outcomes))

    def claim(
        self, environment: str, receipts: Iterable[Receipt], pending: Iterable[Pending] = ()
    ) -> None:
        """Put down that these names are about to be written, and are voxmint's from now on.

        `pending` are the current sessions that are staged under them.
        """
        claimed = tuple(receipts)
        with self._writing() as database:
            are_of_others = ledgernames.claim(database, environment, claimed, pending)
        self._noted(environment, are_of_others, lambda book: book.claimed(claimed))

    def unstaged(self, environment: str, pending: Iterable[Pending]) -> None:
        """Put down that these are staged no more, and not in place either."""
        with self._writing() as database:
            ledgernames.unstage(database, environment, pending)

    def delivered(self, environment: str, receipts: Iterable[Receipt]) -> None:
        """Put down that the sinks hold each profile's current session, under just these names."""
        held = tuple(receipts)
        with self._writing() as database:
            are_of_others = ledgernames.deliver(database, environment, held)
        self._noted(environment, are_of_others, lambda book: book.delivered(held))

    def removed(self, environment: str, receipts: Iterable[Receipt]) -> None:
        """Put down that the sinks no longer hold anything of these profiles."""
        gone = tuple(receipts)
        with self._writing() as database:
            ledgernames.remove(database, environment, gone)
        self._noted(environment, False, lambda book: book.removed(gone))

    def _noted(
        self, environment: str, are_of_others: bool, note: Callable[[ledgernames.Book], None]
    ) -> None:
        """Keeps what is known of the names up to date, or forgets it where others lost some."""
        if are_of_others:
            self._books.clear()
        elif book := self._books.get(environment):
            note(book)

    def forget(self, environment: str, profiles: Iterable[str]) -> None:
        """Forget the sessions of these profiles; what sinks still hold of them stays known."""
        with self._writing() as database:
            gone = [(environment, profile) for profile in profiles]
            database.executemany(_FORGET_SESSION, gone)
            database.executemany(_FORGET_DELIVERIES, gone)
            database.executemany(_FORGET_STAGED, gone)

    def _rows(self, query: str, types: Sequence[Any], *values: object) -> list[tuple[Any, ...]]:
        with self._one_at_a_time, translated(self.path):
            rows = self._database.execute(query, values).fetchall()
        if not all(all(map(isinstance, row, types)) for row in rows):
            raise failure(LEDGER_CORRUPT, path=self.path, said="a value is of the wrong type")
        return rows

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        with self._one_at_a_time, translated(self.path), transaction(self._database) as database:
            yield database


_ENVIRONMENTS = """
    SELECT environment FROM sessions UNION SELECT environment FROM names ORDER BY 1
"""
_TEXT = (str, NoneType)
_SESSIONS = """
    SELECT id, profile, digest, git_commit, dirty, session_id, expires_at, minted_at, request_id,
        traces, skew
    FROM sessions WHERE environment = ? ORDER BY profile
"""
_SESSION_TYPES = (
    *(int, str, str, _TEXT, (int, NoneType), _TEXT),
    *(int, float, _TEXT, _TEXT, (float, NoneType)),
)
_HELD = "SELECT session, kind, target FROM deliveries WHERE environment = ?"
_STAGED = """
    SELECT session, profile, kind, target, version, version_before FROM staged
    WHERE environment = ? ORDER BY kind, target
"""
_STAGED_TYPES = (int, str, str, str, str, _TEXT)
_OPEN_INTENTS = """
    SELECT id, profile, digest, sent_at, last_expiry, unanswered, run
    FROM intents WHERE environment = ? AND last_expiry >= ? ORDER BY id
"""
_INTEND = "INSERT INTO intents (environment, profile, digest, sent_at, last_expiry, run) VALUES "
_UNANSWERED = """
    UPDATE intents SET unanswered = 1 WHERE id IN (SELECT value FROM json_each(?))
"""
_SETTLE = "DELETE FROM intents WHERE id IN (SELECT value FROM json_each(?))"
# A replaced row gets a new id, so that deliveries of the session before it no longer count.
_MINT = """
    INSERT OR REPLACE INTO sessions (environment, profile, digest, git_commit, dirty, session_id,
        expires_at, minted_at, request_id, traces, skew) VALUES """
_FORGET_SESSION = "DELETE FROM sessions WHERE environment = ? AND profile = ?"
_FORGET_DELIVERIES = "DELETE FROM deliveries WHERE environment = ? AND profile = ?"
_FORGET_STAGED = "DELETE FROM staged WHERE environment = ? AND profile = ?"


_MOST_VALUES = 900
"""Values that one statement is given at most; older libraries take 999."""


def _inserted(
    database: sqlite3.Connection, into: str, rows: Sequence[Sequence[object]]
) -> list[int]:
    """Inserts rows, many by a statement; gives the number of each, in order.

    At each statement SQLite lets other threads have their turn, and a run waits for them.
    """
    numbers: list[int] = []
    at_once = _MOST_VALUES // len(rows[0]) if rows else 1
    for start in range(0, len(rows), at_once):
        part = rows[start : start + at_once]
        marks = ", ".join([f"({', '.join('?' * len(part[0]))})"] * len(part))
        cursor = database.execute(into + marks, [value for row in part for value in row])
        last = cursor.lastrowid or 0
        numbers += range(last - len(part) + 1, last + 1)
    return numbers


def _record(database: sqlite3.Connection, environment: str, outcomes: Sequence[Outcome]) -> None:
    unanswered = [one.intent for one in outcomes if isinstance(one, Unanswered)]
    settled = [one.intent for one in outcomes if not isinstance(one, Unanswered)]
    database.execute(_UNANSWERED, (json.dumps(unanswered),))
    database.execute(_SETTLE, (json.dumps(settled),))
    minted = [_row_of(environment, one) for one in outcomes if isinstance(one, Minted)]
    _inserted(database, _MINT, minted)


def _row_of(environment: str, one: Minted) -> Sequence[object]:
    about = (environment, one.profile, one.digest, one.commit, one.dirty)
    answer = (one.session_id, one.expires_at, one.minted_at, one.request_id)
    traces = None if one.traces is None else text_of(one.traces)
    return (*about, *answer, traces, one.skew)


def _session(
    row: Sequence[Any], sinks: Iterable[tuple[str, str]], staged: Iterable[Pending]
) -> SessionRecord:
    profile, digest, commit, dirty, session_id, expires_at, minted_at, request_id = row[1:9]
    return SessionRecord(
        profile=profile,
        digest=digest,
        commit=commit,
        dirty=None if dirty is None else bool(dirty),
        session_id=session_id,
        expires_at=expires_at,
        minted_at=minted_at,
        request_id=request_id,
        sinks=frozenset(sinks),
        traces=row[9],
        skew=row[10],
        staged={(one.kind, one.target): one for one in staged},
    )
