"""What a mint costs: its time and memory, and what becomes of it under the limit of a service."""

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.request import urlopen

from benchmarks import fleet
from benchmarks.figures import (
    Claim,
    Counted,
    Figure,
    MemoryEach,
    MemoryPeak,
    Suite,
    compare,
)
from benchmarks.measure import Measured, inside, process

SESSIONS, MANY = 1000, 10_000
CONCURRENCY = 50
LATENCY = 0.1
PER_MINUTE, BURST = 600, 50
PACED = 350
"""As many sessions are minted under a limit: half a minute's."""
_VOXMINT = (sys.executable, "-m", "voxmint")

_NAME = f"mint {SESSIONS:,} sessions, {CONCURRENCY} at once"
_AGAINST = f"waiting {SESSIONS // CONCURRENCY} times for {LATENCY * 1000:.0f} ms"

SENDING = Claim(
    _NAME, _AGAINST, aim=1.25, note="from the first request on; ledger and env file included"
)
CALL = Claim(f"{_NAME}, as a call", _AGAINST, aim=1.25, note="and compiling all of them")
COMMAND = Claim(
    f"{_NAME}, as a command", _AGAINST, aim=1.25, note="and compiling all of them, and starting"
)
PEAK = Claim(f"{_NAME}: peak memory", "nothing: all that the process takes", aim=100.0, unit="MB")
MEMORY = tuple(
    Claim(
        f"mint {sessions:,} sessions, memory of one",
        "what the process had taken before the call",
        # Measured: 41.4 kB of 1,000, half of it imports, and 27.2 kB of 10,000.
        aim=aim,
        unit="kB",
        note="compiling and imports that the call makes included",
    )
    for sessions, aim in ((SESSIONS, 64.0), (MANY, 32.0))
)
_LIMITED = f"mint {PACED} sessions under a limit of {PER_MINUTE} a minute and {BURST} at once"
RATE = Claim(
    f"{_LIMITED}: rate",
    "what the limit lets pass from the first request to the last",
    aim=95.0,
    unit="%",
    at_least=True,
    note="the emulator keeps the limit, and the environment's file names it",
)
REFUSED = Claim(
    f"{_LIMITED}: refused", "all requests that were sent", aim=1.0, unit="%", note="the same run"
)


def _measure(repeats: int) -> list[Figure]:
    with _emulator() as url, TemporaryDirectory() as folder, TemporaryDirectory() as large:
        _write(folder, SESSIONS, url)
        _write(large, MANY, url)
        ideal = inside("ideal_mint", str(SESSIONS), str(CONCURRENCY), str(LATENCY), waits=True)
        minting = (*_VOXMINT, "-C", folder, "-q", "mint", "-e", "local", "--force")
        command = process(minting, waits=True)
        call = compare(CALL, _minting(folder, SESSIONS), ideal, repeats)
        # Once is enough: of what is kept in memory, nothing depends on how busy the machine is.
        most = _minting(large, MANY)()
        few = tuple(replace(run, units=SESSIONS) for run in call.subject)
        return [
            compare(SENDING, _minting(folder, SESSIONS, "sending"), ideal, repeats),
            call,
            compare(COMMAND, command, ideal, repeats),
            MemoryPeak(PEAK, call.subject),
            MemoryEach(MEMORY[0], few),
            MemoryEach(MEMORY[1], (replace(most, units=MANY),)),
            *_under_limit(),
        ]


def _under_limit() -> list[Figure]:
    """One run, half a minute long; it waits nearly all of it, so others do not disturb it."""
    limit = ("--requests-per-minute", str(PER_MINUTE), "--burst", str(BURST))
    with _emulator(*limit) as url, TemporaryDirectory() as folder:
        _write(folder, PACED, url, limit=(PER_MINUTE, BURST))
        run = _minting(folder, PACED, "sending")()
        counts = _counts(url)
    allowed = BURST + PER_MINUTE / 60 * counts["seconds"]
    refused = sum(counts["refused"].values())
    return [
        Counted(RATE, (run,), counts["minted"], allowed),
        Counted(REFUSED, (run,), refused, counts["requests"]),
    ]


def _write(folder: str, sessions: int, url: str, limit: tuple[int, int] | None = None) -> None:
    given = fleet.files(range(sessions), ("local",), url=url, concurrency=CONCURRENCY, limit=limit)
    fleet.write(Path(folder), given)


def _minting(folder: str, sessions: int, part: str = "all") -> Measured:
    return inside("mint_project", folder, "local", str(sessions), part, waits=True)


@contextmanager
def _emulator(*limit: str) -> Iterator[str]:
    """An emulator in another process; its base URL."""
    latency = ("--latency", str(int(LATENCY * 1000)))
    command = (*_VOXMINT, "-q", "emulator", "--port", "0", *latency, *limit)
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        try:
            yield child.stdout.readline().strip()
        finally:
            child.terminate()


def _counts(url: str) -> Mapping[str, Any]:
    """What the emulator has counted."""
    with urlopen(f"{url.removesuffix('/v1')}/_emulator/counts") as answer:
        found: Mapping[str, Any] = json.load(answer)
    return found


SUITE = Suite((SENDING, CALL, COMMAND, PEAK, *MEMORY, RATE, REFUSED), _measure)
