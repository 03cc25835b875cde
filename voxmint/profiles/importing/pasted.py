"""What was pasted: its characters, and where each of them stands.

A body may have gone through a shell's quotes, so that its characters are not those of the text in a
row; each one keeps the place that it came from.
"""

from bisect import bisect_right
from collections.abc import Sequence
from functools import cached_property
from typing import NamedTuple

from voxmint.origin import Origin
from voxmint.problems import Problem
from voxmint.profiles import wording
from voxmint.profiles.nodes import Mark

_BOM = b"\xef\xbb\xbf"
_UTF16 = (b"\xff\xfe", b"\xfe\xff")


class Pasted:
    """The text that was given, under the name that places in it bear."""

    def __init__(self, file: str, text: str) -> None:
        self.file = file
        self.text = text

    @cached_property
    def _lines(self) -> list[int]:
        """Where each line begins."""
        return [0, *(at + 1 for at, sign in enumerate(self.text) if sign == "\n")]

    @property
    def first_line(self) -> tuple[int, int] | None:
        """From where to where the first line stands that is neither blank nor a comment."""
        at = 0
        for line in self.text.splitlines(keepends=True):
            content = line.strip()
            if content[:1] not in {"", "#"}:
                start = at + line.index(content)
                return start, start + len(content)
            at += len(line)
        return None

    def mark(self, start: int, end: int | None = None) -> Mark:
        """The mark of the characters from `start` to `end`, by default of one."""
        line = bisect_right(self._lines, start)
        length = 1 if end is None else max(end - start, 1)
        return (line, start - self._lines[line - 1] + 1, length)

    def span(self, mark: Mark) -> tuple[int, int]:
        """From where to where the characters of a mark stand."""
        line, column, length = mark
        lines = self._lines
        start = min(lines[min(line, len(lines)) - 1] + column - 1, len(self.text))
        return start, min(start + max(length, 1), len(self.text))

    def origin(self, start: int, end: int | None = None) -> Origin:
        """As `mark`, with the file."""
        return Origin(self.file, *self.mark(start, end))


class Piece(NamedTuple):
    """A part of what was pasted as it is meant; `offsets` say where each character stands."""

    pasted: Pasted
    text: str
    offsets: Sequence[int]

    def mark(self, start: int, end: int) -> Mark:
        """The mark of the piece's characters from `start` to `end`."""
        if not self.offsets:
            return (1, 1, 1)
        last = len(self.offsets) - 1
        first, final = self.offsets[min(start, last)], self.offsets[min(max(end - 1, start), last)]
        return self.pasted.mark(first, final + 1)


def whole(pasted: Pasted) -> Piece:
    """All that was pasted, as one piece."""
    return Piece(pasted, pasted.text, range(len(pasted.text)))


def decoded(file: str, data: bytes) -> tuple[Pasted, Problem | None]:
    """The bytes as text; with the problem, where they are not UTF-8."""
    if data.startswith(_UTF16) or b"\0" in data[:4]:
        at = Origin(file, 1, 1)
        return Pasted(file, ""), Problem(wording.NOT_UTF8, at, {"found": "UTF-16 or UTF-32"})
    data = data.removeprefix(_BOM)
    try:
        return Pasted(file, data.decode("utf-8")), None
    except UnicodeDecodeError as bad:
        before = Pasted(file, data[: bad.start].decode("utf-8"))
        facts = {"found": f"the byte 0x{data[bad.start]:02x}"}
        return before, Problem(wording.NOT_UTF8, before.origin(len(before.text)), facts)
