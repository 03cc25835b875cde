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
    """1,000 sessions, 50 at once, against 2 seconds: sent alone, as a call, and as a command."""
    with _emulator() as url, TemporaryDirectory() as folder:
        fleet.write(Path(folder), SESSIONS, url=url, concurrency=CONCURRENCY)
        ideal = inside("ideal_mint", str(SESSIONS), str(CONCURRENCY), str(LATENCY))
        floor_name = f"waiting {SESSIONS // CONCURRENCY} times for {LATENCY * 1000:.0f} ms"
        name = f"mint {SESSIONS:,} sessions, {CONCURRENCY} at once"
        call = ("mint_project", folder, "local", str(SESSIONS))
        return [
            compare(
                name,
                inside(*call, "sending"),
                ideal,
                aim=1.25,
                floor_name=floor_name,
                repeats=repeats,
                note="from the first request on; ledger and env file included",
            ),
            compare(
                f"{name}, as a call",
                inside(*call, "all"),
                ideal,
                aim=1.25,
                floor_name=floor_name,
                repeats=repeats,
                note="and compiling all of them",
            ),
            compare(
                f"{name}, as a command",
                process((*_VOXMINT, "-C", folder, "-q", "mint", "-e", "local", "--force")),
                ideal,
                aim=1.25,
                floor_name=floor_name,
                repeats=repeats,
                note="and compiling all of them, and starting",
            ),
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
