"""How the argument of a fault is read; `UsageError` where it is not what the kind takes."""

import re

from voxmint.problems import UsageError
from voxmint.shown import shown

LONGEST_PAUSE = 3600
"""Seconds that an answer can be held back."""
FARTHEST = 10 * 365 * 86400
"""Seconds by which a time can be off."""
LARGEST = 1024 * 1024 * 1024
"""Bytes that a body can have."""

_PRINTABLE = re.compile(r"[\x20-\x7e]{0,500}")


def quoted(text: str) -> str:
    """An argument as an error shows it, cut to a line."""
    return f"`{shown(text[:80])}`"


def number(text: str, low: float, high: float, what: str) -> float:
    """A number within bounds, both included."""
    try:
        value = float(text)
    except ValueError:
        value = float("nan")
    # Written so that a NaN is refused, too.
    if not low <= value <= high:
        raise UsageError(f"a fault's {what} is a number from {low} to {high}, not {quoted(text)}")
    return value


def seconds(text: str) -> float:
    """How long something takes."""
    return number(text, 0, LONGEST_PAUSE, "length of time, in seconds,")


def printable(text: str) -> str:
    """What can stand in a header."""
    if not _PRINTABLE.fullmatch(text):
        raise UsageError("a fault's argument is printable ASCII, 500 characters at most")
    return text
