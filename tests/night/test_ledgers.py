"""Ledgers that are broken, foreign or made to mislead: a clear word, a way on, and no file lost."""

import os
import random
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from tests.cli.running import Ran, ran
from tests.engine.mints import Desk, against, desk
from tests.engine.scripted import Scripted, minted
from tests.engine.worlds import environ, git

COMMANDS = {
    "plan": ("plan", "-e", "live"),
    "mint": ("mint", "-e", "live", "--force"),
    "purge": ("purge", "-e", "live", "--yes"),
}


def by_hand(path: Path, *statements: str) -> None:
    with closing(sqlite3.connect(path)) as database:
        for statement in statements:
            database.execute(statement)
        database.commit()


def corrupt(path: Path) -> None:
    path.write_bytes(b"no database " * 1000)


def cut_off(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:6000])


def scribbled_on(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[4096:8192] = random.Random(8).randbytes(4096)
    path.write_bytes(data)


def newer(path: Path) -> None:
    by_hand(path, "PRAGMA user_version = 99")


def of_something_else(path: Path) -> None:
    path.unlink()
    by_hand(path, "CREATE TABLE sessions (id)", "PRAGMA user_version = 1")


def without_a_table(path: Path) -> None:
    by_hand(path, "DROP TABLE sessions", "DROP TABLE intents")


def with_a_view(path: Path) -> None:
    by_hand(
        path,
        "ALTER TABLE sessions RENAME TO theirs",
        "CREATE VIEW sessions AS SELECT * FROM theirs",
    )


def with_a_view_that_never_ends(path: Path) -> None:
    by_hand(
        path,
        "DROP TABLE names",
        "CREATE VIEW names AS WITH RECURSIVE n(kind) AS (SELECT 'x' UNION ALL SELECT 'x' FROM n) "
        "SELECT kind, 'x' AS target, 'x' AS name, 'live' AS environment, 'a' AS profile FROM n",
    )


def with_a_trigger(path: Path) -> None:
    by_hand(
        path,
        "CREATE TRIGGER hide AFTER INSERT ON intents BEGIN DELETE FROM intents; END",
    )


def with_values_of_other_types(path: Path) -> None:
    by_hand(path, "UPDATE sessions SET expires_at = 'never'")


def enormous(path: Path) -> None:
    path.unlink()
    with path.open("wb") as file:
        file.truncate(64 * 1024**3)


def a_link(path: Path) -> None:
    path.rename(path.with_name("moved.db"))
    path.symlink_to("moved.db")


def a_pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def a_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


HARMS: dict[Callable[[Path], None], str] = {
    corrupt: "ledger-corrupt",
    cut_off: "ledger-corrupt",
    scribbled_on: "ledger-corrupt",
    newer: "ledger-newer",
    of_something_else: "ledger-corrupt",
    without_a_table: "ledger-corrupt",
    with_a_view: "ledger-corrupt",
    with_a_view_that_never_ends: "ledger-corrupt",
    with_a_trigger: "ledger-corrupt",
    with_values_of_other_types: "ledger-corrupt",
    enormous: "ledger-corrupt",
    a_link: "ledger-unusable",
    a_pipe: "ledger-unusable",
    a_folder: "ledger-unusable",
}


def run(made: Desk, *arguments: str) -> Ran:
    return ran(made.root, *arguments, environ=environ(made.root.parent) | made.environ)


def bytes_of(path: Path) -> bytes | None:
    return path.read_bytes()[:100_000] if path.is_file() and path.stat().st_size < 2**30 else None


@pytest.mark.parametrize("harm", HARMS, ids=lambda harm: harm.__name__)
def test_a_ledger_that_cannot_be_believed(tmp_path: Path, harm: Callable[[Path], None]) -> None:
    with Scripted(lambda number, _: minted(number)) as server:
        made = against(server, desk(tmp_path, ["a", "b"]))
        assert run(made, "mint", "-e", "live").code == 0
        ledger = made.root / ".voxmint/ledger.db"
        (made.root / ".voxmint/ledger.db-journal").unlink(missing_ok=True)
        harm(ledger)
        before, env = bytes_of(ledger), made.env_file.read_bytes()
        for name, arguments in COMMANDS.items():
            found = run(made, *arguments)
            assert (found.code, found.out) == (1, ""), name
            assert f"error[{HARMS[harm]}]: " in found.err, name
            assert "Traceback" not in found.err
        # Nothing was sent, and nothing was lost.
        assert len(server.asked) == 2
        assert (bytes_of(ledger), made.env_file.read_bytes()) == (before, env)
        # The way on: it is moved aside, and the next mint knows that something was there.
        ledger.rename(ledger.with_name("ledger.db.broken"))
        again = run(made, "mint", "-e", "live")
    assert (again.code, len(server.asked)) == (0, 4)
    assert "holds sessions of 2 profiles that no ledger here knows of" in again.err


def test_a_ledger_that_is_large_is_read(tmp_path: Path) -> None:
    with Scripted(lambda number, _: minted(number)) as server:
        made = against(server, desk(tmp_path, ["a"]))
        assert run(made, "mint", "-e", "live").code == 0
        by_hand(
            made.root / ".voxmint/ledger.db",
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000) "
            "INSERT INTO intents (environment, profile, digest, sent_at, last_expiry) "
            "SELECT 'other', 'profile-' || i, hex(randomblob(64)), 1.0, 4000000000 FROM n",
        )
        assert run(made, "mint", "-e", "live").out.startswith("kept 1 in ")


def test_a_state_folder_that_is_committed_is_refused(tmp_path: Path) -> None:
    with Scripted(lambda number, _: minted(number)) as server:
        made = against(server, desk(tmp_path, ["a"]))
        shutil.rmtree(made.root / ".git")
        git(made.root, "init", "--quiet")
        assert run(made, "mint", "-e", "live").code == 0
        git(made.root, "add", "--force", ".voxmint/ledger.db")
        for name, arguments in COMMANDS.items():
            found = run(made, *arguments)
            assert (found.code, found.out) == (1, ""), name
            assert "error[state-tracked]: " in found.err, name
        git(made.root, "rm", "--quiet", "--cached", ".voxmint/ledger.db")
        assert run(made, "mint", "-e", "live").out.startswith("kept 1 in ")
        assert len(server.asked) == 1
