"""What `--fix` removed and what it left, for a person."""

from collections.abc import Sequence

from voxmint.cli.display.screen import Screen, Style
from voxmint.cli.display.sources import Sources
from voxmint.cli.display.widths import padded, width
from voxmint.cli.display.words import number
from voxmint.origin import Origin
from voxmint.profiles.fixing import Fix

MOST = 10
"""How many removals are listed, unless all are asked for."""

_Row = tuple[Origin | None, str]


def write(screen: Screen, fix: Fix, sources: Sources, *, is_verbose: bool, is_done: bool) -> None:
    """Writes what was removed, or with `is_done` false would be, and what had to stay, and why."""
    if fix.removed:
        screen.line(_headline(screen, fix, is_done=is_done))
        rows = [(problem.at, f"{problem.code}: {problem.message}") for problem in fix.removed]
        _write_rows(screen, rows, sources, is_verbose=is_verbose)
    elif not fix.left:
        screen.line("--fix found nothing to remove")
    if fix.left:
        count = number(len(fix.left), "entry", "entries")
        screen.line(f"left {count} that --fix cannot remove")
        rows = [(left.problem.at, left.reason) for left in fix.left]
        _write_rows(screen, rows, sources, is_verbose=is_verbose)


def _headline(screen: Screen, fix: Fix, *, is_done: bool) -> str:
    verb, proof = ("removed", "is as it was") if is_done else ("would remove", "stays as it is")
    count = number(len(fix.removed), "entry", "entries")
    what = screen.paint(f"{verb} {count} without effect", Style.GREEN)
    bodies = number(len(fix.compilation.attempted), "body", "bodies")
    times = "twice" if fix.compiles == 1 else f"{fix.compiles + 1} times"
    files = number(len(fix.edits), "file")
    return f"{what} from {files}; every body {proof} ({bodies} compiled {times})"


def _write_rows(
    screen: Screen, rows: Sequence[_Row], sources: Sources, *, is_verbose: bool
) -> None:
    most = len(rows) if is_verbose else MOST
    labels = [sources.label(at) if at else "" for at, _ in rows[:most]]
    column = max(map(width, labels))
    for label, (_, text) in zip(labels, rows, strict=False):
        screen.line(f"  {screen.paint(padded(label, column), Style.DIM)}  {text}")
    if len(rows) > most:
        screen.line(f"  and {len(rows) - most:,} more; -v lists them")
