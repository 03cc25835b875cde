"""A stream as a person reads it: what it can show, in which colours, and how wide it is.

Colour carries no meaning alone. `NO_COLOR` turns it off, `FORCE_COLOR` and `CLICOLOR_FORCE` turn it
on, in this order; `--color` has the last word.
"""

import errno
import os
from collections.abc import Mapping
from enum import StrEnum
from typing import Final, TextIO

from voxmint.cli.display.widths import folded

_WIDTH: Final = 100
"""The width where there is no terminal to ask, in columns."""
_NARROWEST: Final = 20
_MOST_DIGITS: Final = 9

_PLAIN: Final = str.maketrans(
    {
        "┌": "+",
        "│": "|",
        "└": "+",
        "…": "...",
        "→": "->",
        "·": "-",
        "–": "-",
        "×": "x",
        "━": "=",
        "╺": "-",
        "─": "-",
    }
)
"""What stands for the project's own signs where the encoding lacks them."""


class Style(StrEnum):
    """A way of writing, by its number in the terminals' standard (ECMA-48)."""

    BOLD = "1"
    DIM = "2"
    STRUCK = "9"
    RED = "31"
    GREEN = "32"
    YELLOW = "33"
    CYAN = "36"


class OutputError(OSError):
    """What was asked for cannot be written: the disk is full, the stream is closed."""

    def __str__(self) -> str:
        return f"the output cannot be written: {self.strerror}"


class Screen:
    """A stream with its abilities.

    What cannot be written raises `OutputError`, or `BrokenPipeError` where the reader has gone; a
    screen that is not vital passes over both, so that a lost terminal never stops a run half-way.
    """

    def __init__(
        self,
        stream: TextIO,
        environ: Mapping[str, str],
        color: str = "auto",
        *,
        is_vital: bool = True,
    ) -> None:
        self._stream = stream
        self._is_vital = is_vital
        self._encoding = getattr(stream, "encoding", None) or "utf-8"
        self.is_terminal = _is_terminal(stream)
        self.is_colored = _is_colored(color, environ, is_terminal=self.is_terminal)
        wished = _wished_width(environ)
        self.width = wished or (_terminal_width(stream) if self.is_terminal else _WIDTH)

    @property
    def is_unicode(self) -> bool:
        """Whether every character can be written."""
        return self._encoding.lower().replace("_", "-") in {"utf-8", "utf8", "utf-16", "utf-32"}

    def paint(self, text: str, *styles: Style) -> str:
        """The text in these styles, or as it is where there is no colour."""
        if not self.is_colored or not text.strip():
            return text
        return f"\x1b[{';'.join(styles)}m{text}\x1b[0m"

    def folded(self, text: str, margin: int) -> list[str]:
        """The text on as many lines as a terminal needs beside a margin of so many columns.

        Elsewhere, in a log or a pipe, a sentence stays on one line: programs look for it there.
        """
        return folded(text, max(self.width - margin, 1)) if self.is_terminal else [text]

    def line(self, text: str = "") -> None:
        """Writes a line."""
        self.write(text + "\n")

    def write(self, text: str) -> None:
        """Writes the text; signs that the encoding lacks are replaced by plainer ones."""
        try:
            self._stream.write(self.fitting(text))
        except (OSError, ValueError) as error:
            self._missed(error)

    def flush(self) -> None:
        """Hands on what was written."""
        try:
            self._stream.flush()
        except (OSError, ValueError) as error:
            self._missed(error)

    def fitting(self, text: str) -> str:
        """The text as the encoding can hold it."""
        if text.isascii() or _fits(text, self._encoding):
            return text
        plain = text.translate(_PLAIN)
        return plain.encode(self._encoding, "backslashreplace").decode(self._encoding)

    def _missed(self, error: OSError | ValueError) -> None:
        if not self._is_vital:
            return
        if isinstance(error, BrokenPipeError):
            raise error
        said = getattr(error, "strerror", None) or "it is closed"
        raise OutputError(getattr(error, "errno", None) or errno.EBADF, said.lower()) from error


def _fits(text: str, encoding: str) -> bool:
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        return False
    return True


def _is_terminal(stream: TextIO) -> bool:
    try:
        return stream.isatty()
    except ValueError:
        return False


def _is_colored(color: str, environ: Mapping[str, str], *, is_terminal: bool) -> bool:
    if color != "auto":
        return color == "always"
    if environ.get("NO_COLOR"):
        return False
    if any(environ.get(name, "0") not in {"", "0"} for name in ("FORCE_COLOR", "CLICOLOR_FORCE")):
        return True
    return is_terminal and environ.get("TERM") != "dumb" and environ.get("CLICOLOR") != "0"


def _wished_width(environ: Mapping[str, str]) -> int | None:
    """What `COLUMNS` says; a 0 is from a terminal that does not know its width."""
    said = environ.get("COLUMNS", "")
    is_number = said.isascii() and said.isdigit() and len(said) <= _MOST_DIGITS
    wished = int(said) if is_number else 0
    return max(wished, _NARROWEST) if wished else None


def _terminal_width(stream: TextIO) -> int:
    try:
        columns = os.get_terminal_size(stream.fileno()).columns
    except (OSError, ValueError):
        return _WIDTH
    return columns or _WIDTH
