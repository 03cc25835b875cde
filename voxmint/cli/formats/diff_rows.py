"""Rows of a difference: what, how and where, under each other as far as the width allows."""

import re
from collections.abc import Sequence
from typing import NamedTuple

from voxmint.cli.display.screen import Screen
from voxmint.cli.display.widths import padded, width

_LEAST = 20
"""With fewer columns than these beside the longest name, the rest stands below the names."""
_BELOW = " " * 6
_PAINT = re.compile("\x1b\\[[0-9;]*m")


class Row(NamedTuple):
    """What one edit does: to which value, what, and in which bodies."""

    what: str
    how: str
    where: str
    is_wide: bool = False


def write_rows(screen: Screen, rows: Sequence[Row]) -> None:
    """Writes the rows; what does not fit beside the others stands below."""
    whats = max((width(row.what) for row in rows), default=0)
    hows = max((_seen(row.how) for row in rows if not row.is_wide), default=0)
    for row in rows:
        indent = " " * (whats + 5)
        start = f"  {padded(row.what, whats)}   "
        how = row.how + " " * max(hows - _seen(row.how), 0)
        line = f"{start}{how}   {row.where}" if row.how else f"{start}{row.where}"
        if _seen(line) <= screen.width and not row.is_wide:
            screen.line(line)
            continue
        if screen.width - len(indent) < _LEAST:
            screen.line(f"  {row.what}")
            start = indent = _BELOW
        parts = ([row.how] if row.how else []) + [row.where]
        lines = [one for part in parts for one in wrapped(part, screen.width - len(indent))]
        screen.line(start + lines[0])
        for one in lines[1:]:
            screen.line(indent + one)


def _seen(text: str) -> int:
    """The columns of a text that may be painted."""
    return width(_PAINT.sub("", text))


def wrapped(text: str, columns: int) -> list[str]:
    """The text in lines that fit, broken at blanks; a long word stands alone."""
    lines: list[str] = []
    for word in text.split(" "):
        if lines and _seen(lines[-1]) + 1 + _seen(word) <= columns:
            lines[-1] += f" {word}"
        else:
            lines.append(word)
    return [line.rstrip() for line in lines]
