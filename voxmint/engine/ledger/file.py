"""The ledger's file: an SQLite database of a known format, found sound before anything is read.

`opened` makes it where there is none, takes back what a killed run was writing, and brings an older
format up to date. What SQLite and the system say is told as problems with the ledger.
"""

import os
import sqlite3
import stat
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any

from voxmint.engine.failures import failure, reason, room_facts
from voxmint.engine.wording import LEDGER_BUSY, LEDGER_CORRUPT, LEDGER_NEWER, LEDGER_UNUSABLE
from voxmint.problems import ProblemsError

BUSY_TIMEOUT = 60.0
"""How long others' transactions are waited for, in seconds: SQLite has no queue, so of two hundred
runs at once one or the other comes last again and again."""

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
    """
    CREATE TABLE staged (
        environment TEXT NOT NULL,
        profile TEXT NOT NULL,
        kind TEXT NOT NULL,
        target TEXT NOT NULL,
        session INTEGER NOT NULL,
        version TEXT NOT NULL,
        version_before TEXT,
        PRIMARY KEY (environment, profile, kind, target)
    );
    """,
    """
    ALTER TABLE intents ADD COLUMN run TEXT;
    """,
)


def opened(path: Path, *, readonly: bool) -> tuple[sqlite3.Connection, int]:
    """The database at this path, up to date, and the format it had, 0 where it was empty.

    Made if need be; read-only, a missing one is an empty one. `ProblemsError` where it is corrupt,
    of a newer format, or cannot be used; it is then left as it is.
    """
    with translated(path):
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
        return database, version


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
    with transaction(database):
        # Asked again: another run may have done it meanwhile.
        version = _pragma(database, "user_version")
        for script in _FORMATS[version:]:
            for statement in script.split(";"):
                database.execute(statement)
        database.execute(f"PRAGMA application_id = {_APPLICATION}")
        database.execute(f"PRAGMA user_version = {len(_FORMATS)}")


@contextmanager
def transaction(database: sqlite3.Connection) -> Iterator[sqlite3.Connection]:
    """A transaction: all of it is on the disk when its context ends, or nothing is."""
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
_FULL = (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR_WRITE)
_UNUSABLE = (
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_NOMEM,
    sqlite3.SQLITE_PERM,
    sqlite3.SQLITE_READONLY,
)


@contextmanager
def translated(path: Path) -> Iterator[None]:
    """Turns what SQLite and the system say into problems with the ledger."""
    try:
        yield
    except sqlite3.Error as error:
        raise _problem(path, error) from error
    except OSError as error:
        facts = {"path": path, "reason": reason(error), **room_facts(error)}
        raise failure(LEDGER_UNUSABLE, at=None, **facts) from error
    except (OverflowError, UnicodeError) as error:
        raise failure(LEDGER_UNUSABLE, path=path, reason="a value cannot be stored") from error


def _problem(path: Path, error: sqlite3.Error) -> ProblemsError:
    # The lowest byte is the error; the others say more about it.
    exact: int = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_CORRUPT)
    code = exact & 0xFF
    if code in _BUSY:
        return failure(LEDGER_BUSY, path=path)
    if exact in _FULL:
        return failure(LEDGER_UNUSABLE, path=path, reason=str(error), disk="its disk")
    if code in _UNUSABLE:
        return failure(LEDGER_UNUSABLE, path=path, reason=str(error))
    return failure(LEDGER_CORRUPT, path=path, said=str(error))
