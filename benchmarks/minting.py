"""How long a mint takes against a server that answers after 100 ms."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks import fleet
from benchmarks.measure import Comparison, compare, inside, process

SESSIONS = 1000
CONCURRENCY = 50
LATENCY = 0.1
_VOXMINT = (sys.executable, "-m", "voxmint")


def measure(repeats: int) -> list[Comparison]:
    """1,000 sessions at concurrency 50: the whole command, and its floor of 2 seconds."""
    with _emulator() as url, TemporaryDirectory() as folder:
        fleet.write(Path(folder), SESSIONS, url=url, concurrency=CONCURRENCY)
        mint = process((*_VOXMINT, "-C", folder, "-q", "mint", "-e", "local", "--force"))
        arguments = (str(SESSIONS), str(CONCURRENCY), str(LATENCY))
        return [
            compare(
                f"mint {SESSIONS:,} sessions, {CONCURRENCY} at once",
                mint,
                inside("ideal_mint", *arguments),
                aim=1.25,
                floor_name="waiting 20 times for 100 ms",
                repeats=repeats,
                note="start-up, compile, ledger and env file included",
            )
        ]


@contextmanager
def _emulator() -> Iterator[str]:
    """An emulator in another process; its base URL."""
    command = (*_VOXMINT, "-q", "emulator", "--port", "0", "--latency", str(int(LATENCY * 1000)))
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        try:
            yield child.stdout.readline().strip()
        finally:
            child.terminate()
