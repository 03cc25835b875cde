"""Edited texts as a unified diff, to be read: what a terminal would act on is escaped."""

from collections.abc import Sequence
from difflib import unified_diff

from voxmint.cli.display.screen import Screen, Style
from voxmint.shown import shown, shown_lines

_STYLES = (("@@", Style.CYAN), ("-", Style.RED), ("+", Style.GREEN))
_NO_BREAK = "\n\\ No newline at end of file"


def write(screen: Screen, label: str, before: str, after: str) -> None:
    """Writes how a text changes; nothing where it does not."""
    label = shown(label)
    lines = unified_diff(_lines(before), _lines(after), label, label, lineterm="")
    for number, line in enumerate(lines):
        style = Style.BOLD if number < 2 else _style(line)
        screen.line(screen.paint(line, style) if style else line)


def _lines(text: str) -> Sequence[str]:
    """The lines as they are shown; line breaks do not count, but for the one that the end lacks."""
    lines = [shown_lines(line.removesuffix("\r")) for line in text.split("\n")]
    if lines[-1]:
        lines[-1] += _NO_BREAK
    else:
        lines.pop()
    return lines


def _style(line: str) -> Style | None:
    return next((style for sign, style in _STYLES if line.startswith(sign)), None)
