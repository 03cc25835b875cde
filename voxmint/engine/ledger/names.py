"""The ledger's rows about names in sinks: whose they are, and which sessions they hold.

Each step is a statement for a whole group, however large. SQLite lets other threads have their turn
at every statement, so that a run with hundreds of them would wait for its own requests each time.
"""

import json
import sqlite3
from collections.abc import Iterable, Iterator, Sequence

from voxmint.engine.sinks.contract import Pending, Receipt

NAMES = """
    SELECT profile, kind, target, name FROM names WHERE environment = ?
    ORDER BY profile, kind, target, rowid
"""
NAMES_OF_OTHERS = "SELECT DISTINCT profile, kind, target FROM names WHERE environment <> ?"

# `claims` is a list of names, each with its profile; `profiles` is a list of these.
_CLAIMED = """
    SELECT json_extract(value, '$[0]') AS name, json_extract(value, '$[1]') AS profile, key
    FROM json_each(:claims)
"""
# A cross join is done in the order written: the other way round each name would be looked up in
# the whole list.
_OTHERS_OF_THE_NAMES = """
    SELECT names.environment, names.profile
    FROM (<claimed>) AS claimed CROSS JOIN names
        ON names.kind = :kind AND names.target = :target AND names.name = claimed.name
    WHERE (names.environment, names.profile) <> (:environment, claimed.profile)
"""
_OF_PROFILES = """
    environment = :environment AND kind = :kind AND target = :target
        AND profile IN (SELECT value FROM json_each(:profiles))
"""


def _statement(text: str) -> str:
    """A statement with the parts that several have; what it is about comes in as `:values` only."""
    return (
        text.replace("<others>", _OTHERS_OF_THE_NAMES)
        .replace("<claimed>", _CLAIMED)
        .replace("<of profiles>", _OF_PROFILES)
    )


_ARE_OF_OTHERS = _statement("SELECT EXISTS (<others>)")
# Whoever held the name before no longer has all of its session in that sink.
_OUST = _statement("""
    DELETE FROM deliveries WHERE kind = :kind AND target = :target
        AND (environment, profile) IN (<others>)
""")
_OUST_STAGED = _statement("""
    DELETE FROM staged WHERE kind = :kind AND target = :target
        AND (environment, profile) IN (<others>)
""")
_CLAIM = _statement("""
    INSERT OR REPLACE INTO names (kind, target, name, environment, profile)
    SELECT :kind, :target, name, :environment, profile FROM (<claimed>) AS claimed
    WHERE NOT EXISTS (
        SELECT 1 FROM names WHERE names.kind = :kind AND names.target = :target
            AND names.name = claimed.name AND names.environment = :environment
            AND names.profile = claimed.profile)
    ORDER BY key
""")
_REMOVE_OTHER_NAMES = _statement("""
    DELETE FROM names WHERE <of profiles>
        AND name NOT IN (SELECT name FROM (<claimed>))
""")
_REMOVE_DELIVERIES = _statement("DELETE FROM deliveries WHERE <of profiles>")
_REMOVE_STAGED = _statement("DELETE FROM staged WHERE <of profiles>")
_DELIVER = """
    INSERT OR REPLACE INTO deliveries (environment, profile, kind, target, session)
    SELECT environment, profile, :kind, :target, id FROM sessions
    WHERE environment = :environment AND profile IN (SELECT value FROM json_each(:profiles))
"""
_STAGE = """
    INSERT OR REPLACE INTO staged (environment, profile, kind, target, session, version,
        version_before)
    SELECT environment, profile, ?, ?, id, ?, ? FROM sessions
    WHERE environment = ? AND profile = ?
"""


_Key = tuple[str, str, str]
"""A profile, and the kind and target of a sink."""


class _Group:
    """Receipts of one sink, in which no name is of two profiles, as the statements take them."""

    def __init__(self, environment: str, receipts: Sequence[Receipt]) -> None:
        pairs = [(name, receipt.profile) for receipt in receipts for name in receipt.names]
        profiles = [receipt.profile for receipt in receipts]
        self.values = {
            "environment": environment,
            "kind": receipts[0].kind,
            "target": receipts[0].target,
            "claims": json.dumps(pairs, ensure_ascii=False),
            "profiles": json.dumps(profiles, ensure_ascii=False),
        }


def claim(
    database: sqlite3.Connection,
    environment: str,
    receipts: Iterable[Receipt],
    pending: Iterable[Pending],
) -> bool:
    """These names are the environment's from now on; `pending` is staged under them.

    Whether some of them were somebody else's.
    """
    taken = [_claim(database, group) for group in _groups(environment, receipts)]
    for one in pending:
        about = (one.kind, one.target, one.version, one.before, environment, one.profile)
        database.execute(_STAGE, about)
    return any(taken)


def deliver(database: sqlite3.Connection, environment: str, receipts: Iterable[Receipt]) -> bool:
    """The sinks hold each profile's current session, under just these names.

    Whether some of them were somebody else's.
    """
    taken: list[bool] = []
    for group in _groups(environment, receipts):
        for statement in (_REMOVE_OTHER_NAMES, _REMOVE_DELIVERIES, _REMOVE_STAGED):
            database.execute(statement, group.values)
        taken.append(_claim(database, group))
        database.execute(_DELIVER, group.values)
    return any(taken)


def remove(database: sqlite3.Connection, environment: str, receipts: Iterable[Receipt]) -> None:
    """The sinks hold nothing of these profiles any more, whatever they are called there."""
    nameless = (Receipt(one.profile, one.kind, one.target, ()) for one in receipts)
    for group in _groups(environment, nameless):
        for statement in (_REMOVE_OTHER_NAMES, _REMOVE_DELIVERIES, _REMOVE_STAGED):
            database.execute(statement, group.values)


def unstage(database: sqlite3.Connection, environment: str, pending: Iterable[Pending]) -> None:
    """These are staged no more."""
    staged = (Receipt(one.profile, one.kind, one.target, ()) for one in pending)
    for group in _groups(environment, staged):
        database.execute(_REMOVE_STAGED, group.values)


def _claim(database: sqlite3.Connection, group: _Group) -> bool:
    are_of_others = bool(database.execute(_ARE_OF_OTHERS, group.values).fetchone()[0])
    if are_of_others:
        database.execute(_OUST, group.values)
        database.execute(_OUST_STAGED, group.values)
    database.execute(_CLAIM, group.values)
    return are_of_others


def _groups(environment: str, receipts: Iterable[Receipt]) -> Iterator[_Group]:
    """The receipts by sink, in their order; singly where two profiles claim one name."""
    by_sink: dict[tuple[str, str], list[Receipt]] = {}
    for receipt in receipts:
        by_sink.setdefault((receipt.kind, receipt.target), []).append(receipt)
    for held in by_sink.values():
        names = [name for receipt in held for name in receipt.names]
        parts = [held] if len(set(names)) == len(names) else [[one] for one in held]
        yield from (_Group(environment, part) for part in parts)


class Book:
    """What is known of the names of one environment, kept up to date with what is written of them.

    `version` is the database's as it was read: another one says that somebody else wrote there.
    """

    def __init__(self, version: int, rows: Iterable[Sequence[str]]) -> None:
        self.version = version
        names: dict[_Key, list[str]] = {}
        for profile, kind, target, name in rows:
            names.setdefault((profile, kind, target), []).append(name)
        self._known = {key: Receipt(*key, names=tuple(held)) for key, held in names.items()}

    def receipts(self) -> tuple[Receipt, ...]:
        """What is voxmint's in each sink."""
        return tuple(self._known.values())

    def claimed(self, receipts: Iterable[Receipt]) -> None:
        """These names came to those that were there, and none of them was anybody else's."""
        for receipt in receipts:
            before = self._known.get(_key_of(receipt))
            names = dict.fromkeys((*(before.names if before else ()), *receipt.names))
            self._put(receipt._replace(names=tuple(names)))

    def delivered(self, receipts: Iterable[Receipt]) -> None:
        """These are all names of their profiles there, and none of them was anybody else's."""
        for receipt in receipts:
            self._put(receipt)

    def removed(self, receipts: Iterable[Receipt]) -> None:
        """There is no name of these profiles there any more."""
        for receipt in receipts:
            self._known.pop(_key_of(receipt), None)

    def _put(self, receipt: Receipt) -> None:
        if receipt.names:
            self._known[_key_of(receipt)] = receipt
        else:
            self._known.pop(_key_of(receipt), None)


def _key_of(receipt: Receipt) -> _Key:
    return receipt.profile, receipt.kind, receipt.target
