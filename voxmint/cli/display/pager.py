"""Long output on a terminal goes through a pager, as git's does."""

import io
import shlex
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import replace
from typing import TextIO

from voxmint.cli.world import World

_USUAL = "less"
_LESS = "FRX"
"""What less does unless told otherwise: end where all fits on a screen, show colour, leave it."""


class _Held(io.StringIO):
    """Text that is held back, and looks like the terminal that it will be shown on."""

    def __init__(self, terminal: TextIO) -> None:
        super().__init__()
        self._terminal = terminal

    @property
    def encoding(self) -> str:  # type: ignore[override]  # in a text in memory it has no meaning
        return self._terminal.encoding or "utf-8"

    def isatty(self) -> bool:
        return True

    def fileno(self) -> int:
        return self._terminal.fileno()


@contextmanager
def paged(world: World, *, is_wanted: bool) -> Iterator[World]:
    """A world whose output goes to the pager at the end, where it is a terminal and there is one.

    The pager is the operator's: `GIT_PAGER`, `PAGER`, or less. The repository has no say in it.
    """
    command = _pager(world.environ) if is_wanted and _is_terminal(world.stdout) else []
    if not command:
        yield world
        return
    held = _Held(world.stdout)
    yield replace(world, stdout=held)
    if not _show(command, held.getvalue(), world):
        world.stdout.write(held.getvalue())


def _is_terminal(stream: TextIO) -> bool:
    """Whether the stream is a terminal that another process can write to."""
    try:
        stream.fileno()
        return stream.isatty()
    except (OSError, ValueError):
        return False


def _pager(environ: Mapping[str, str]) -> list[str]:
    wished = environ.get("GIT_PAGER", environ.get("PAGER", _USUAL))
    try:
        command = shlex.split(wished)
    except ValueError:
        return []
    return [] if command == ["cat"] or environ.get("TERM") == "dumb" else command


def _show(command: list[str], text: str, world: World) -> bool:
    """Shows the text in the pager; whether that could be started."""
    import subprocess

    world.stdout.flush()
    environ = {"LESS": _LESS, "LV": "-c", **world.environ}
    encoding = world.stdout.encoding or "utf-8"
    try:
        pager = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=world.stdout.fileno(), env=environ
        )
    except OSError:
        return False
    # Whoever has seen enough ends the pager before it has read everything.
    with suppress(BrokenPipeError):
        pager.communicate(text.encode(encoding, "replace"))
    while True:
        # An interrupt is for the pager: less stops what it is doing, and goes on.
        with suppress(KeyboardInterrupt):
            pager.wait()
            return True
