"""What git leaves in a file where it could not merge: both sides, between its own markers."""

from collections.abc import Iterator
from typing import NamedTuple

from voxmint.profiles.nodes import Mark

_BEGIN, _END = "<<<<<<< ", ">>>>>>> "


class Conflict(NamedTuple):
    """The lines that open and close one conflict."""

    begin: Mark
    end: Mark


def conflicts(text: str) -> Iterator[Conflict]:
    """The conflicts in a text, from the first to the last; one that is not closed is none."""
    begin: Mark | None = None
    for number, line in enumerate(text.split("\n"), start=1):
        mark = (number, 1, len(line.rstrip("\r")))
        if line.startswith(_BEGIN):
            begin = mark
        elif line.startswith(_END) and begin is not None:
            yield Conflict(begin, mark)
            begin = None
