"""The world that a command runs in: streams, environment, folder, clock; handed in at the edge.

Nothing below the edge looks at `sys` or `os.environ`, so that a command's body can be called with
any world, in a test as in a terminal.
"""

import os
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from voxmint.cli.display.screen import Screen

if TYPE_CHECKING:
    from datetime import tzinfo

COMPLETION = "_VOXMINT_COMPLETE"
"""The variable by which a shell asks for completions."""


@dataclass(frozen=True, slots=True)
class World:
    """Where a command reads, writes and stands.

    `cwd` is the folder that relative paths are counted from, with `-C` applied. `clock` gives Unix
    seconds, which are told in the time of `zone`, by default the machine's. `color` is `auto`,
    `always` or `never`; `verbosity` is -1 for `-q`, 1 for `-v`. What a command puts into `kept`
    lives as long as the world: for what is large, and takes long to take apart.
    """

    stdin: TextIO
    stdout: TextIO
    stderr: TextIO
    environ: Mapping[str, str]
    cwd: Path
    clock: Callable[[], float] = time.time
    zone: "tzinfo | None" = None
    color: str = "auto"
    verbosity: int = 0
    kept: list[object] = field(default_factory=list, repr=False, compare=False)

    @property
    def out(self) -> Screen:
        """Where data goes."""
        return Screen(self.stdout, self.environ, self.color)

    @property
    def err(self) -> Screen:
        """Where everything else goes: what cannot be written there is not worth failing for."""
        return Screen(self.stderr, self.environ, self.color, is_vital=False)

    @property
    def is_quiet(self) -> bool:
        return self.verbosity < 0

    @property
    def is_verbose(self) -> bool:
        return self.verbosity > 0


def this_world() -> World:
    """The world of this process.

    A stream that the caller closed leads nowhere, but for the output: what was asked for and cannot
    be written is a failure.
    """
    return World(
        sys.stdin or _nowhere(os.O_RDONLY),
        sys.stdout or _closed(),
        sys.stderr or _nowhere(os.O_WRONLY),
        os.environ,
        _current_folder(),
    )


def _current_folder() -> Path:
    try:
        return Path.cwd()
    except OSError:
        # It was deleted under this process; `PWD` at least says what it was called.
        return Path(os.environ.get("PWD", "."))


def let_go(stream: TextIO) -> None:
    """Hands on what the stream still holds, or drops it: at the end Python would fail on it."""
    try:
        stream.flush()
    except (OSError, ValueError):
        _lead_nowhere(stream)


def _lead_nowhere(stream: TextIO) -> None:
    with suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)


def _closed() -> TextIO:
    """A stream that takes the number of the closed one, and refuses what is written to it."""
    return os.fdopen(os.open(os.devnull, os.O_RDONLY), "w")


def _nowhere(flags: int) -> TextIO:
    return os.fdopen(os.open(os.devnull, flags), "r" if flags == os.O_RDONLY else "w")
