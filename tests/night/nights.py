"""What the tests of bad nights share: a project at an emulator, and its state afterwards."""

import io
import json
import re
import stat
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC
from itertools import count
from pathlib import Path
from typing import Any

from tests.engine.emulator.talking import COUNTS, FAULTS, ask, counts
from tests.engine.mints import NOW, Desk, desk
from voxmint.cli.display.problems import show_problem
from voxmint.cli.display.sources import NO_SOURCES
from voxmint.cli.formats import report_text
from voxmint.cli.world import World
from voxmint.engine.emulator import Emulator, Options
from voxmint.engine.report import Report

FOREIGN = "# The clinic's own.\nOTHER=mine\n"
"""What stands in an env file before voxmint writes to it."""


@dataclass(frozen=True)
class Night:
    """A project that mints at an emulator whose ids and clock are the same in each run."""

    desk: Desk
    emulator: Emulator

    def strike(self, *faults: str) -> None:
        """Have these faults from now on, and count from now on."""
        for fault in faults:
            asked = ask(self.emulator, "POST", FAULTS, {"fault": fault}, key=None)
            assert asked.status < 300, asked.content
        ask(self.emulator, "DELETE", COUNTS, key=None)

    def heal(self) -> None:
        """Take all faults away."""
        ask(self.emulator, "DELETE", FAULTS, key=None)

    @property
    def counts(self) -> Mapping[str, Any]:
        """What the emulator has counted."""
        found: Mapping[str, Any] = counts(self.emulator)
        return found

    def steady(self, text: str) -> str:
        """The text without what differs from run to run."""
        text = text.replace(self.emulator.url.removesuffix("/v1"), "http://127.0.0.1:PORT")
        text = re.sub(r"127\.0\.0\.1:\d+", "127.0.0.1:PORT", text)
        text = re.sub(r"in \d+\.\d s\b", "in N s", text)
        # The last expiry of what is unseen is counted from the end of the run's time.
        return re.sub(r"(may live until) \d\d:\d\d \([^)]*\)", r"\1 HH:MM", text)

    def said(self, report: Report) -> str:
        """All that `voxmint mint` says of a run, and how it ends."""
        out, err = io.StringIO(), io.StringIO()
        world = World(io.StringIO(), out, err, {}, self.desk.root, lambda: NOW, UTC)
        for problem in report.problems:
            show_problem(world.err, problem, NO_SOURCES)
        report_text.write(world.out, report, world)
        json.dumps(report.to_json())
        told = f"exit code {report.exit_code}\n{out.getvalue()}"
        return self.steady(told + (f"── errors\n{err.getvalue()}" if err.getvalue() else ""))


@contextmanager
def night(
    folder: Path, profiles: tuple[str, ...] = ("a", "b", "c"), more: str = "", **provider: str
) -> Iterator[Night]:
    """A project at an emulator of its own; one request at a time, in the profiles' order."""
    numbers = count(1)
    options = Options(clock=lambda: NOW, ids=lambda: f"{next(numbers):024x}")
    with Emulator(options) as emulator:
        settings = {"kind": "emulator", "url": f"'{emulator.url}'"} | provider
        said = ", ".join(f"{name}: {value}" for name, value in settings.items())
        pace = "" if "mint:" in more else "mint: {concurrency: 1}\n"
        made = desk(folder, profiles, f"{{{said}}}", more=more + pace)
        made.env_file.write_text(FOREIGN)
        yield Night(made, emulator)


def named(made: Desk) -> set[str]:
    """The profiles of which all names are in the env file, whose other lines are as they were."""
    text = made.env_file.read_text()
    assert text.startswith(FOREIGN)
    assert text.endswith("\n")
    lines = text.removeprefix(FOREIGN).splitlines()
    assert [line for line in lines if not WHOLE.fullmatch(line)] == []
    keys = [line.partition("=")[0] for line in lines]
    assert len(set(keys)) == len(keys)
    found = {key.rpartition("_CLIENT_SECRET")[0] for key in keys if key.endswith("_CLIENT_SECRET")}
    parts = ("CLIENT_SECRET", "EXPIRES_AT", "SESSION_ID")
    assert sorted(keys) == sorted(f"{name}_{part}" for name in found for part in parts)
    return {name.lower().replace("_", "-") for name in found}


WHOLE = re.compile(
    r"[A-Z0-9_]+_(CLIENT_SECRET=ek_[A-Za-z0-9_-]{20,}|EXPIRES_AT=\d{10}|SESSION_ID=sess_\w+)"
)
"""A line of ours as it should be, from its first character to its last."""


def untidy(folder: Path) -> list[str]:
    """What runs leave beside files while they write, and not for longer.

    The ledger's journal stays by SQLite's own rules, and holds what the ledger does; a version of a
    folder stays for as long as it is the one that holds.
    """
    left = [path for path in folder.rglob("*") if ".voxmint-" in path.name or "..link" in path.name]
    return sorted(path.name for path in left if path not in {*_holding(folder)})


def _holding(folder: Path) -> Iterator[Path]:
    for link in folder.rglob("..data"):
        yield link.parent / link.readlink()


def private(path: Path) -> bool:
    """Whether nobody else can read a file."""
    return stat.S_IMODE(path.stat().st_mode) == 0o600
