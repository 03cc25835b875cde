"""A source line with a caret under what is meant, whatever the line holds.

The line is made of one cell for each of its characters, so that columns of the file find their
columns on the screen: a tab takes several, a wide character two, an escaped one four, and what is
left out of a key none.
"""

import re
from collections.abc import Callable
from functools import lru_cache
from typing import NamedTuple

from voxmint.cli.display.widths import columns as widths_of, width
from voxmint.shown import key_places, shown_lines

_REST_OF_WORD = re.compile(r"""[^\s"'\[\]{},]*""")
_TAB = 4
_KEPT_OF_KEY = 3
_AROUND = 4
"""How many times what fits is looked at on either side: a line may be as long as a file."""


class Excerpt(NamedTuple):
    """What is shown of a line, and the blanks and carets below it."""

    source: str
    carets: str


def excerpt(
    line: str,
    column: int,
    length: int,
    columns: int,
    fitting: Callable[[str], str],
    *,
    secret: bool = False,
) -> Excerpt:
    """The line with carets under `length` characters from `column` on, in so many columns.

    `fitting` gives a text as the screen can show it. With `secret`, the marked text is a key:
    neither it nor what follows is shown.
    """
    end_of_line = max(len(line.rstrip()), 1)
    start = min(max(column, 1), end_of_line) - 1
    end = min(start + max(length, 1), end_of_line)
    around = _AROUND * max(columns, 1)
    first = max(start - around, 0)
    cells = [fitting(cell) for cell in _cells(line, first, start + around)]
    start, end = start - first, min(end - first, len(cells))
    if secret:
        cells = [*cells[: start + _KEPT_OF_KEY], fitting("…")]
        end = len(cells)
    return _framed(cells, start, end, columns, fitting("…"))


def _cells(line: str, first: int, last: int) -> list[str]:
    """The cells from one character of the line to another; what is left out is a `…`."""
    text = line.rstrip()
    cells: list[str] = []
    at = 0
    for character in text[first:last]:
        cell = " " * (_TAB - at % _TAB) if character == "\t" else shown_lines(character)
        cells.append(cell)
        at += width(cell)
    for start, end in _keys_in(text):
        for index in range(max(start, first), min(end, last, len(text))):
            cells[index - first] = "…" if index in (start, first) else ""
    if first:
        cells[0] = "…"
    if last < len(text):
        cells[-1] = "…"
    return cells


@lru_cache(maxsize=16)
def _keys_in(text: str) -> list[tuple[int, int]]:
    """What of a line is not shown since it looks like a key, looked for once for every line."""
    found: list[tuple[int, int]] = []
    for _, column, length in key_places(text):
        # To the end of the word: it is known how a key begins, and less so what may be in it.
        rest = _REST_OF_WORD.match(text, column - 1 + length)
        found.append((column - 1 + _KEPT_OF_KEY, rest.end() if rest else len(text)))
    return found


def _framed(cells: list[str], start: int, end: int, columns: int, ellipsis: str) -> Excerpt:
    """The cells that fit, those from `start` to `end` first of all."""
    widths = list(widths_of(cells))
    first, last = 0, len(cells)
    if sum(widths) > columns:
        first, last = _window(widths, start, end, columns - 2 * len(ellipsis))
    before, after = ellipsis if first else "", ellipsis if last < len(cells) else ""
    end = max(min(end, last), start + 1)
    blanks = len(before) + sum(widths[first:start])
    carets = max(sum(widths[start:end]), 1)
    return Excerpt(before + "".join(cells[first:last]) + after, " " * blanks + "^" * carets)


def _window(widths: list[int], start: int, end: int, columns: int) -> tuple[int, int]:
    """The longest run of cells that fits, with as much before what is marked as after it."""
    first, last, taken = start, start, 0
    while last < end and taken + widths[last] <= columns:
        taken += widths[last]
        last += 1
    grows = last == end
    while grows:
        grows = False
        if first > 0 and taken + widths[first - 1] <= columns:
            first -= 1
            taken += widths[first]
            grows = True
        if last < len(widths) and taken + widths[last] <= columns:
            taken += widths[last]
            last += 1
            grows = True
    return first, last
