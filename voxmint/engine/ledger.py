"""The ledger: what was minted, what may have been, and which names in which sink are voxmint's.

An SQLite database in the state folder. It holds no token and nothing made from one; of what was
sent it holds hashes, a salted one of each field, so that a plan can name what changed. Every method
that writes is one transaction, on the disk when the method returns; give it many things at once.

Before a request leaves, `intend` says that it may; `record` then says what became of it. An intent
without an outcome belongs to a run that is under way or was killed: until its `last_expiry`, a
token may live that nobody has seen.

Before names are written to a sink, `claim` says that they will be voxmint's; `delivered` then says
that they hold the profile's current session. A name in a sink belongs to whoever claimed it last.
"""

import hashlib
import os
import sqlite3
import stat
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from voxmint.engine.failures import failure, reason
from voxmint.engine.sinks.contract import Receipt
from voxmint.engine.upstream.traces import Traces, text_of
from voxmint.engine.wording import LEDGER_BUSY, LEDGER_CORRUPT, LEDGER_NEWER, LEDGER_UNUSABLE
from voxmint.problems import ProblemsError

BUSY_TIMEOUT = 10.0
"""How long another program's transaction is waited for, in seconds."""

_APPLICATION = 0x766F786D
"""`voxm`: marks the file as a ledger."""

# One script for each format of the ledger; a script is never changed once it was published.
_FORMATS = (
    """
    CREATE TABLE intents (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        environment TEXT NOT NULL,
        profile TEXT NOT NULL,
        digest TEXT NOT NULL,
        sent_at REAL NOT NULL,
        last_expiry INTEGER NOT NULL,
        unanswered INTEGER NOT NULL DEFAULT 0
    );
    CREATE INDEX intents_of ON intents (environment);
    CREATE TABLE sessions (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        environment TEXT NOT NULL,
        profile TEXT NOT NULL,
        digest TEXT NOT NULL,
        git_commit TEXT,
        dirty INTEGER,
        session_id TEXT,
        expires_at INTEGER NOT NULL,
        minted_at REAL NOT NULL,
        request_id TEXT,
        UNIQUE (environment, profile)
    );
    CREATE TABLE deliveries (
        environment TEXT NOT NULL,
        profile TEXT NOT NULL,
        kind TEXT NOT NULL,
        target TEXT NOT NULL,
        session INTEGER NOT NULL,
        PRIMARY KEY (environment, profile, kind, target)
    );
    CREATE TABLE names (
        kind TEXT NOT NULL,
        target TEXT NOT NULL,
        name TEXT NOT NULL,
        environment TEXT NOT NULL,
        profile TEXT NOT NULL,
        PRIMARY KEY (kind, target, name)
    );
    CREATE INDEX names_of ON names (environment, profile);
    """,
    """
    ALTER TABLE sessions ADD COLUMN traces TEXT;
    ALTER TABLE sessions ADD COLUMN skew REAL;
    CREATE TABLE facts (name TEXT PRIMARY KEY, value TEXT NOT NULL);
    INSERT INTO facts VALUES ('salt', lower(hex(randomblob(16))));
    """,
)


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
    """A request of which a token may live that nobody has seen.

    `unanswered`: its run saw it go without an answer; else that run was killed, or goes on.
    """

    id: int
    intent: Intent
    unanswered: bool


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


class Ledger:
    """An open ledger: a context that closes it. Threads may share it."""

    def __init__(self, path: Path, database: sqlite3.Connection, *, is_fresh: bool) -> None:
        self.path = path
        self.is_fresh = is_fresh
        """Whether it was empty until now: nothing minted before is known."""
        self._database = database
        self._one_at_a_time = threading.Lock()

    @classmethod
    def open(cls, path: Path, *, readonly: bool = False) -> Self:
        """The ledger at this path, made if need be; read-only, a missing one is an empty one.

        `ProblemsError` where it is corrupt, of a newer format, or cannot be used; it is then left
        as it is.
        """
        with _translated(path):
            if readonly:
                _take_back_unfinished(path)
            database = _connected(path, readonly=readonly)
            try:
                version = _version(path, database)
                if readonly and version < len(_FORMATS):
                    database = _copied(database)
                _bring_up_to_date(database)
            except BaseException:
                database.close()
                raise
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
        rows = self._rows(_SESSIONS, _SESSION_TYPES, environment)
        return {row[1]: _session(row, held.get(row[0], set())) for row in rows}

    def open_intents(self, environment: str, now: float) -> tuple[OpenIntent, ...]:
        """The requests of which an unseen token may live now (Unix seconds), oldest first."""
        rows = self._rows(_OPEN_INTENTS, (int, str, str, float, int, int), environment, now)
        return tuple(OpenIntent(row[0], Intent(*row[1:5]), bool(row[5])) for row in rows)

    def receipts(self, environment: str) -> tuple[Receipt, ...]:
        """What is voxmint's in each sink, for this environment: the names by profile and sink."""
        names: dict[tuple[str, str, str], list[str]] = {}
        for profile, kind, target, name in self._rows(_NAMES, (str, str, str, str), environment):
            names.setdefault((profile, kind, target), []).append(name)
        return tuple(Receipt(*key, names=tuple(held)) for key, held in names.items())

    def intend(self, environment: str, intents: Sequence[Intent]) -> list[int]:
        """Put down that these requests are about to leave; gives each a number, in order."""
        with self._writing() as database:
            oldest = min((intent.sent_at for intent in intents), default=0.0)
            database.execute("DELETE FROM intents WHERE last_expiry < ?", (oldest,))
            return [_intended(database, environment, intent) for intent in intents]

    def record(self, environment: str, outcomes: Iterable[Outcome]) -> None:
        """Put down what became of requests that were intended."""
        with self._writing() as database:
            for outcome in outcomes:
                _record(database, environment, outcome)

    def claim(self, environment: str, receipts: Iterable[Receipt]) -> None:
        """Put down that these names are about to be written, and are voxmint's from now on."""
        with self._writing() as database:
            for receipt in receipts:
                _claim(database, environment, receipt)

    def delivered(self, environment: str, receipts: Iterable[Receipt]) -> None:
        """Put down that the sinks hold each profile's current session, under just these names."""
        with self._writing() as database:
            for receipt in receipts:
                _remove_names(database, environment, receipt)
                _claim(database, environment, receipt)
                key = (environment, receipt.profile, receipt.kind, receipt.target)
                database.execute(_DELIVER, (*key, environment, receipt.profile))

    def removed(self, environment: str, receipts: Iterable[Receipt]) -> None:
        """Put down that the sinks no longer hold anything of these profiles."""
        with self._writing() as database:
            for receipt in receipts:
                _remove_names(database, environment, receipt)

    def forget(self, environment: str, profiles: Iterable[str]) -> None:
        """Forget the sessions of these profiles; what sinks still hold of them stays known."""
        with self._writing() as database:
            gone = [(environment, profile) for profile in profiles]
            database.executemany(_FORGET_SESSION, gone)
            database.executemany(_FORGET_DELIVERIES, gone)

    def _rows(self, query: str, types: Sequence[Any], *values: object) -> list[tuple[Any, ...]]:
        with self._one_at_a_time, _translated(self.path):
            rows = self._database.execute(query, values).fetchall()
        for row in rows:
            if not all(isinstance(*pair) for pair in zip(row, types, strict=True)):
                raise failure(LEDGER_CORRUPT, path=self.path, said="a value is of the wrong type")
        return rows

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        with self._one_at_a_time, _translated(self.path), _transaction(self._database) as database:
            yield database


_ENVIRONMENTS = """
    SELECT environment FROM sessions UNION SELECT environment FROM names ORDER BY 1
"""
_SESSIONS = """
    SELECT id, profile, digest, git_commit, dirty, session_id, expires_at, minted_at, request_id,
        traces, skew
    FROM sessions WHERE environment = ? ORDER BY profile
"""
_SESSION_TYPES = (
    *(int, str, str, str | None, int | None, str | None),
    *(int, float, str | None, str | None, float | None),
)
_HELD = "SELECT session, kind, target FROM deliveries WHERE environment = ?"
_OPEN_INTENTS = """
    SELECT id, profile, digest, sent_at, last_expiry, unanswered
    FROM intents WHERE environment = ? AND last_expiry >= ? ORDER BY id
"""
_NAMES = """
    SELECT profile, kind, target, name FROM names WHERE environment = ?
    ORDER BY profile, kind, target, rowid
"""
_INTEND = """
    INSERT INTO intents (environment, profile, digest, sent_at, last_expiry) VALUES (?, ?, ?, ?, ?)
"""
# A replaced row gets a new id, so that deliveries of the session before it no longer count.
_MINT = """
    INSERT OR REPLACE INTO sessions (environment, profile, digest, git_commit, dirty, session_id,
        expires_at, minted_at, request_id, traces, skew) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
"""
_DELIVER = """
    INSERT OR REPLACE INTO deliveries (environment, profile, kind, target, session)
    SELECT ?, ?, ?, ?, id FROM sessions WHERE environment = ? AND profile = ?
"""
# Whoever held the name before no longer has all of its session in that sink.
_OUST = """
    DELETE FROM deliveries WHERE (environment, profile, kind, target) IN (
        SELECT environment, profile, kind, target FROM names
        WHERE kind = :kind AND target = :target AND name = :name
            AND (environment, profile) <> (:environment, :profile))
"""
_CLAIM = """
    INSERT OR REPLACE INTO names (kind, target, name, environment, profile)
    VALUES (:kind, :target, :name, :environment, :profile)
"""
_REMOVE_NAMES = """
    DELETE FROM names WHERE environment = ? AND profile = ? AND kind = ? AND target = ?
"""
_REMOVE_DELIVERY = """
    DELETE FROM deliveries WHERE environment = ? AND profile = ? AND kind = ? AND target = ?
"""
_FORGET_SESSION = "DELETE FROM sessions WHERE environment = ? AND profile = ?"
_FORGET_DELIVERIES = "DELETE FROM deliveries WHERE environment = ? AND profile = ?"


def _intended(database: sqlite3.Connection, environment: str, intent: Intent) -> int:
    values = (intent.profile, intent.digest, intent.sent_at, intent.last_expiry)
    number = database.execute(_INTEND, (environment, *values)).lastrowid
    return number or 0


def _record(database: sqlite3.Connection, environment: str, outcome: Outcome) -> None:
    if isinstance(outcome, Unanswered):
        database.execute("UPDATE intents SET unanswered = 1 WHERE id = ?", (outcome.intent,))
        return
    database.execute("DELETE FROM intents WHERE id = ?", (outcome.intent,))
    if isinstance(outcome, Minted):
        about = (environment, outcome.profile, outcome.digest, outcome.commit, outcome.dirty)
        answer = (outcome.session_id, outcome.expires_at, outcome.minted_at, outcome.request_id)
        traces = None if outcome.traces is None else text_of(outcome.traces)
        database.execute(_MINT, (*about, *answer, traces, outcome.skew))


def _claim(database: sqlite3.Connection, environment: str, receipt: Receipt) -> None:
    about = {
        "environment": environment,
        "profile": receipt.profile,
        "kind": receipt.kind,
        "target": receipt.target,
    }
    rows = [about | {"name": name} for name in receipt.names]
    database.executemany(_OUST, rows)
    database.executemany(_CLAIM, rows)


def _remove_names(database: sqlite3.Connection, environment: str, receipt: Receipt) -> None:
    key = (environment, receipt.profile, receipt.kind, receipt.target)
    database.execute(_REMOVE_NAMES, key)
    database.execute(_REMOVE_DELIVERY, key)


def _session(row: Sequence[Any], sinks: Iterable[tuple[str, str]]) -> SessionRecord:
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
    )


def _connected(path: Path, *, readonly: bool) -> sqlite3.Connection:
    exists = _is_there(path)
    if readonly and not exists:
        return sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
    if not exists:
        _create(path)
    database = sqlite3.connect(
        f"{path.absolute().as_uri()}?mode={'ro' if readonly else 'rw'}",
        uri=True,
        timeout=BUSY_TIMEOUT,
        isolation_level=None,
        check_same_thread=False,
    )
    # The schema of a file from elsewhere is data, not something to trust.
    database.execute("PRAGMA trusted_schema = OFF")
    database.execute("PRAGMA synchronous = FULL")
    if not readonly:
        # A write-ahead log would need a writable folder even to read, and fails on network disks.
        database.execute("PRAGMA journal_mode = TRUNCATE").fetchone()
    return database


def _take_back_unfinished(path: Path) -> None:
    """Takes back what a killed run was writing: until then SQLite lets nobody read.

    Each program that may write does so by itself; for one that only reads it is done here.
    """
    try:
        with closing(_connected(path, readonly=True)) as database:
            database.execute("SELECT 1 FROM sqlite_master").fetchone()
        return
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode != sqlite3.SQLITE_READONLY_ROLLBACK:
            raise
    try:
        with closing(_connected(path, readonly=False)) as database:
            database.execute("SELECT 1 FROM sqlite_master").fetchone()
    except sqlite3.OperationalError as error:
        said = "a run was killed while it wrote, and undoing that takes a disk that can be written"
        raise failure(LEDGER_UNUSABLE, path=path, reason=said) from error


def _is_there(path: Path) -> bool:
    try:
        status = path.lstat()
    except FileNotFoundError:
        return False
    if not stat.S_ISREG(status.st_mode):
        raise failure(LEDGER_UNUSABLE, path=path, reason="it is not a regular file")
    return True


def _create(path: Path) -> None:
    """Makes the file itself, since SQLite would make one that others can read."""
    with suppress(FileExistsError):
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600))


_STRANGE = "SELECT type FROM sqlite_master WHERE type IN ('trigger', 'view')"


def _version(path: Path, database: sqlite3.Connection) -> int:
    """The format of the ledger, 0 for an empty one, once it was found to be a sound ledger."""
    version: int = _pragma(database, "user_version")
    is_empty = version == 0 and not database.execute("SELECT 1 FROM sqlite_master").fetchall()
    if not is_empty and _pragma(database, "application_id") != _APPLICATION:
        raise failure(LEDGER_CORRUPT, path=path, said="it is a database of something else")
    if version > len(_FORMATS):
        raise failure(LEDGER_NEWER, path=path, found=version, known=len(_FORMATS))
    # Before anything is read: a view can be made never to end, and a trigger to hide what is open.
    strange = database.execute(_STRANGE).fetchone()
    if strange:
        raise failure(LEDGER_CORRUPT, path=path, said=f"it has a {strange[0]}, as no ledger does")
    said = _pragma(database, "quick_check(1)")
    if said != "ok":
        raise failure(LEDGER_CORRUPT, path=path, said=said)
    return version


def _pragma(database: sqlite3.Connection, name: str) -> Any:
    return database.execute(f"PRAGMA {name}").fetchone()[0]


def _copied(database: sqlite3.Connection) -> sqlite3.Connection:
    """The ledger in memory, where an older format can be brought up to date for reading."""
    with closing(database):
        copy = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
        database.backup(copy)
    return copy


def _bring_up_to_date(database: sqlite3.Connection) -> None:
    if _pragma(database, "user_version") == len(_FORMATS):
        return
    with _transaction(database):
        # Asked again: another run may have done it meanwhile.
        version = _pragma(database, "user_version")
        for script in _FORMATS[version:]:
            for statement in script.split(";"):
                database.execute(statement)
        database.execute(f"PRAGMA application_id = {_APPLICATION}")
        database.execute(f"PRAGMA user_version = {len(_FORMATS)}")


@contextmanager
def _transaction(database: sqlite3.Connection) -> Iterator[sqlite3.Connection]:
    database.execute("BEGIN IMMEDIATE")
    try:
        yield database
        database.execute("COMMIT")
    except BaseException:
        # SQLite has already rolled back where the disk is full or gone.
        if database.in_transaction:
            database.execute("ROLLBACK")
        raise


_BUSY = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)
_UNUSABLE = (
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_NOMEM,
    sqlite3.SQLITE_PERM,
    sqlite3.SQLITE_READONLY,
)


@contextmanager
def _translated(path: Path) -> Iterator[None]:
    """Turns what SQLite and the system say into problems with the ledger."""
    try:
        yield
    except sqlite3.Error as error:
        raise _problem(path, error) from error
    except OSError as error:
        raise failure(LEDGER_UNUSABLE, path=path, reason=reason(error)) from error
    except (OverflowError, UnicodeError) as error:
        raise failure(LEDGER_UNUSABLE, path=path, reason="a value cannot be stored") from error


def _problem(path: Path, error: sqlite3.Error) -> ProblemsError:
    # The lowest byte is the error; the others say more about it.
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_CORRUPT) & 0xFF
    if code in _BUSY:
        return failure(LEDGER_BUSY, path=path)
    if code in _UNUSABLE:
        return failure(LEDGER_UNUSABLE, path=path, reason=str(error))
    return failure(LEDGER_CORRUPT, path=path, said=str(error))
