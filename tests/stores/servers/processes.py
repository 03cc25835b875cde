"""Servers that run as processes: found, started, waited for, and stopped whatever happens.

A server gets a folder of its own, and environment variables of its own: none of whoever runs the
tests. It ends with the block that started it, and with the process that started it, even where that
one is killed.
"""

import os
import signal
import socket
import ssl
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import httpx
import pytest

Kind = TypeVar("Kind")
ROOT = Path(__file__).resolve().parents[3]
PATIENCE = 300.0
"""Seconds in which a server must be ready: far more than it takes, for a machine that is busy."""
_LONGEST_BASE = 40
"""How long the path of a folder for temporary files may be: that of a socket below a server's own
folder has at most 107 bytes."""
_TAKEN = "address already in use"

# The server takes the place of the shell. A process beside it waits for the end of standard input,
# which is when whoever started the server has died, and then ends the whole group.
_WATCHED = """
exec 3<&0
({ trap '' TERM; cat <&3; kill -TERM 0; sleep 5; kill -KILL 0; } >/dev/null 2>&1 &)
exec "$@" 3<&- <"$0"
"""


@dataclass(frozen=True)
class Server:
    """A server that runs: its process and what it says."""

    name: str
    process: subprocess.Popen[bytes]
    log: Path

    @property
    def runs(self) -> bool:
        return self.process.poll() is None

    def said(self, lines: int = 20) -> str:
        """The last lines of its output."""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])

    def state(self) -> str:
        """Whether it runs, and the last of what it said, for whoever wonders what became of it."""
        state = "runs" if self.runs else f"ended with {self.process.returncode}"
        return f"{self.name} {state}:\n{self.said()}"


class NotReadyError(Exception):
    """A server ended before it was ready, or was not ready in time; tells what it said last."""


class PortTakenError(NotReadyError):
    """Another program took the port that was free a moment ago."""


RUNNING: list[Server] = []
"""The servers of this process, which a failed test tells of."""


def found(name: str) -> str:
    """The path of a server's program. Where it is missing, the test fails with what gets it."""
    search = subprocess.run(
        [ROOT / "scripts/stores.sh", "find", name], capture_output=True, text=True, check=False
    )
    if search.returncode:
        pytest.fail(search.stderr.strip(), pytrace=False)
    return search.stdout.strip()


@contextmanager
def own_folder(usual: str | None = None) -> Iterator[Path]:
    """A new folder, gone afterwards, with a short path.

    It is in the folder for temporary files, or in `usual`, unless the path of that is too long.
    """
    base = _short(usual or tempfile.gettempdir())
    with tempfile.TemporaryDirectory(
        prefix="voxmint-", dir=base, ignore_cleanup_errors=True
    ) as folder:
        yield Path(folder).resolve()


def _short(folder: str) -> str:
    """A folder for temporary files, or one of the system's own where its path is too long."""
    others = (one for one in ("/tmp", "/var/tmp") if os.access(one, os.W_OK | os.X_OK))
    return folder if len(os.path.realpath(folder)) <= _LONGEST_BASE else next(others, folder)


@contextmanager
def running(
    command: Sequence[str | Path],
    *,
    folder: Path,
    ready: Callable[[], bool],
    environ: Mapping[str, str] | None = None,
    given: Path | None = None,
    grace: float = 20.0,
) -> Iterator[Server]:
    """Runs a server in `folder` until the block ends; the block begins once `ready` is true.

    `environ` is added to PATH and to a HOME in the folder. `given` is the server's standard input.
    In `grace` seconds it should have stopped when told to; then it is killed. Raises NotReadyError.
    """
    name = Path(command[0]).name
    log = folder / f"{name}.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            ["/bin/sh", "-c", _WATCHED, given or os.devnull, *command],
            cwd=folder,
            env={"PATH": os.environ["PATH"], "HOME": str(folder), **(environ or {})},
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    server = Server(name, process, log)
    RUNNING.append(server)
    try:
        _wait(server, ready)
        yield server
    finally:
        RUNNING.remove(server)
        _stop(process, grace)


def _wait(server: Server, ready: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE
    while not (ready() and server.runs):
        has_ended, said = not server.runs, server.said()
        # Not every server ends where its port is taken.
        if _TAKEN in said:
            raise PortTakenError(server.state())
        if has_ended:
            raise NotReadyError(server.state())
        if time.monotonic() > end:
            raise NotReadyError(f"not ready in {PATIENCE:g} s: {server.state()}")
        time.sleep(0.02)


def _stop(process: subprocess.Popen[bytes], grace: float) -> None:
    """Ends the server's group: first with a request, in any case by force."""
    try:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(grace)
    except subprocess.TimeoutExpired:
        pass
    finally:
        # What watches the server is in its group, too, so that there mostly still is one.
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        if process.stdin:
            process.stdin.close()


@contextmanager
def on_a_port(start: Callable[[int], AbstractContextManager[Kind]]) -> Iterator[Kind]:
    """What `start` begins on a free port; on another one where somebody was quicker."""
    with ExitStack() as ends:
        for _ in range(3):
            with suppress(PortTakenError):
                begun = ends.enter_context(start(_free_port()))
                break
        else:
            begun = ends.enter_context(start(_free_port()))
        yield begun


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


def listens(path: Path) -> bool:
    """Whether a server takes connections at a socket in the file system."""
    with socket.socket(socket.AF_UNIX) as client:
        return client.connect_ex(str(path)) == 0


def answers(
    url: str, ca_file: Path | None = None, headers: Mapping[str, str] | None = None
) -> bool:
    """Whether a GET of `url` gets the status 200."""
    try:
        verified = ssl.create_default_context(cafile=ca_file) if ca_file else False
        reply = httpx.get(url, headers=headers, verify=verified, trust_env=False, timeout=5)
    # Before a server is ready, it has no certificate yet, listens on no port, or hangs up.
    except (OSError, httpx.TransportError):
        return False
    return reply.status_code == 200
