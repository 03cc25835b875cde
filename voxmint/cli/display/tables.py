"""Tables: columns as wide as what is in them."""

from collections.abc import Sequence

from voxmint.cli.display.screen import Screen, Style
from voxmint.cli.display.widths import padded, width


def show_table(screen: Screen, heads: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Writes the rows below the heads."""
    columns = [max(map(width, column)) for column in zip(heads, *rows, strict=True)]
    head = "  ".join(map(padded, heads, columns)).rstrip()
    screen.line(screen.paint(head, Style.BOLD))
    for row in rows:
        screen.line("  ".join(map(padded, row, columns)).rstrip())
