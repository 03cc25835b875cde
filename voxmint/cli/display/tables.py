"""Tables: columns as wide as what is in them."""

from collections.abc import Sequence

from voxmint.cli.display.screen import Screen, Style
from voxmint.cli.display.widths import padded, width

_BETWEEN = "  "


def show_table(screen: Screen, heads: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Writes the rows below the heads; on a terminal too narrow for it, each row by itself."""
    columns = [max(map(width, column)) for column in zip(heads, *rows, strict=True)]
    if screen.is_terminal and sum(columns) + len(_BETWEEN) * (len(columns) - 1) > screen.width:
        _show_each(screen, heads, rows)
        return
    head = _BETWEEN.join(map(padded, heads, columns)).rstrip()
    screen.line(screen.paint(head, Style.BOLD))
    for row in rows:
        screen.line(_BETWEEN.join(map(padded, row, columns)).rstrip())


def _show_each(screen: Screen, heads: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Writes each row as a few lines: what its first column holds, and the others below it."""
    widest = max(map(width, heads[1:]), default=0)
    for first, *others in rows:
        screen.line(screen.paint(first, Style.BOLD))
        for head, cell in zip(heads[1:], others, strict=True):
            if cell not in ("", "–"):
                screen.line(f"  {padded(head, widest)}  {cell}")
