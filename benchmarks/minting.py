"""How long a mint takes against a server that answers after 100 ms."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks import fleet
from benchmarks.figures import Claim, Figure, Suite, compare
from benchmarks.measure import inside, process

SESSIONS = 1000
CONCURRENCY = 50
LATENCY = 0.1
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


def _measure(repeats: int) -> list[Figure]:
    with _emulator() as url, TemporaryDirectory() as folder:
        given = fleet.files(range(SESSIONS), url=url, concurrency=CONCURRENCY)
        fleet.write(Path(folder), given)
        ideal = inside("ideal_mint", str(SESSIONS), str(CONCURRENCY), str(LATENCY))
        call = ("mint_project", folder, "local", str(SESSIONS))
        command = process((*_VOXMINT, "-C", folder, "-q", "mint", "-e", "local", "--force"))
        return [
            compare(SENDING, inside(*call, "sending"), ideal, repeats),
            compare(CALL, inside(*call, "all"), ideal, repeats),
            compare(COMMAND, command, ideal, repeats),
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


SUITE = Suite((SENDING, CALL, COMMAND), _measure)
