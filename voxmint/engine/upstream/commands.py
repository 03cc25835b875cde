"""Runs the command that prints a key, within bounds of time and of length.

What it says on its error output is thrown away: that, too, can hold a key.
"""

import os
import selectors
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from voxmint.engine.failures import reason

TIMEOUT = 60.0
"""How long a command may take, in seconds: it may ask a person for a password."""
LONGEST = 64 * 1024
"""Bytes that it may print: a key has a few hundred."""


class CommandError(Exception):
    """A command that gave no key; it says why, and repeats nothing that was printed."""


def printed_by(
    command: Sequence[str],
    folder: Path,
    environ: Mapping[str, str],
    *,
    timeout: float = TIMEOUT,
    longest: int = LONGEST,
) -> bytes:
    """What a command prints until it ends, run in this folder without a shell and without input.

    `CommandError` where it cannot be run, fails, takes too long or prints too much; then it is
    killed.
    """
    try:
        running = subprocess.Popen(
            list(command),
            cwd=folder,
            env=dict(environ),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
    except OSError as error:
        raise CommandError(reason(error)) from error
    except ValueError as error:
        raise CommandError("it cannot be run") from error
    with running:
        try:
            return _printed(running, time.monotonic() + timeout, longest)
        except TimeoutError:
            raise CommandError(f"it took more than {timeout:g} s") from None
        finally:
            # Of one that has ended, this does nothing.
            running.kill()


def _printed(running: "subprocess.Popen[bytes]", end: float, longest: int) -> bytes:
    """All that it prints; `TimeoutError` where it has not ended by then."""
    assert running.stdout is not None  # noqa: S101  # it was asked for
    found = bytearray()
    with selectors.DefaultSelector() as waiting:
        waiting.register(running.stdout, selectors.EVENT_READ)
        while piece := _piece(waiting, running.stdout.fileno(), end):
            found += piece
            if len(found) > longest:
                raise CommandError(f"it printed more than {longest} bytes")
    try:
        code = running.wait(max(0.0, end - time.monotonic()))
    except subprocess.TimeoutExpired:
        raise TimeoutError from None
    if code != 0:
        raise CommandError(f"it ended with code {code}")
    return bytes(found)


def _piece(waiting: selectors.BaseSelector, pipe: int, end: float) -> bytes:
    """What comes next; nothing at the end."""
    left = end - time.monotonic()
    if left <= 0 or not waiting.select(left):
        raise TimeoutError
    return os.read(pipe, LONGEST)
