"""Pages of text: paragraphs as wide as the screen, and rows of a label and what belongs to it."""

from collections.abc import Sequence
from textwrap import wrap
from typing import NamedTuple

from voxmint.cli.display.screen import Screen, Style
from voxmint.cli.display.widths import cut, padded, width

_MOST_COLUMNS = 100
_INDENT = "  "
_GAP = "   "
_LEAST_TEXT = 24
"""The columns that a row's text needs to stand beside its label."""


class Row(NamedTuple):
    """A label with its texts, each of which begins a line; `is_code` keeps them unbroken."""

    label: str
    texts: Sequence[str]
    is_code: bool = False


def columns_of(screen: Screen) -> int:
    """How wide text is written: no wider than reads well."""
    return min(screen.width, _MOST_COLUMNS)


def show_paragraph(screen: Screen, text: str, indent: str = "") -> None:
    """Writes a text in as many lines as it needs."""
    for line in _wrapped(text, columns_of(screen) - len(indent)):
        screen.line(indent + line)


def show_rows(screen: Screen, rows: Sequence[Row]) -> None:
    """Writes the rows, their texts below each other; on a narrow screen below their labels."""
    told = [row for row in rows if any(row.texts)]
    labels = max((width(row.label) for row in told), default=0)
    columns = columns_of(screen) - len(_INDENT) - labels - len(_GAP)
    if columns < _LEAST_TEXT:
        _show_narrow(screen, told)
        return
    for row in told:
        label = row.label
        for text in row.texts:
            for line in [text] if row.is_code else _wrapped(text, columns):
                left = screen.paint(padded(label, labels), Style.DIM)
                screen.line(f"{_INDENT}{left}{_GAP}{line}".rstrip())
                label = ""


def _show_narrow(screen: Screen, rows: Sequence[Row]) -> None:
    for row in rows:
        screen.line(_INDENT + screen.paint(row.label, Style.DIM))
        for text in row.texts:
            if row.is_code:
                screen.line(_INDENT * 2 + text)
            else:
                show_paragraph(screen, text, _INDENT * 2)


def show_list(screen: Screen, items: Sequence[tuple[str, str]], indent: str = _INDENT) -> None:
    """Writes a line for each item: its name, and as much of the rest as there is room for."""
    names = max((width(name) for name, _ in items), default=0)
    room = screen.width - len(indent) - names - len(_GAP)
    for name, text in items:
        rest = cut(text, room) if room >= _LEAST_TEXT else ""
        screen.line(f"{indent}{padded(name, names)}{_GAP}{rest}".rstrip())


def _wrapped(text: str, columns: int) -> list[str]:
    return wrap(text, max(columns, 1), break_long_words=False, break_on_hyphens=False) or [""]
