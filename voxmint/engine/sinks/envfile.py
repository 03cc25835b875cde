"""An env file as bytes: which variables it sets, and the same file with some of them changed.

Only the lines of the variables asked about are touched; every other byte stays, whatever it is.
Lines are recognised as the many readers of such files do, all of them taken together: `export`,
spaces round the sign, quotes over several lines. Lines are written in the one form that all of them
read alike: `KEY=value` and a line feed.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Set
from typing import NamedTuple

# Patterns are compiled when they are first used: a check of settings alone reads no file.
_LINE = rb"""(?x)(?:\xef\xbb\xbf)?[ \t]* (?:export[ \t]+)? (?P<name>[A-Za-z_][A-Za-z0-9_]*) [ \t]*
    (?: (?P<sign>=|:[ \t])[ \t]*(?P<quote>["'`]?) | \r?\n?\Z )"""
# Possessive, so that a large file with one quote too few is searched in little memory.
_CLOSING = {
    b'"': rb'(?s)[^"\\]*+(?:\\.[^"\\]*+)*+"',
    b"'": rb"[^']*+'",
    b"`": rb"(?s)[^`\\]*+(?:\\.[^`\\]*+)*+`",
}
_CONTINUED = rb"(?<!\\)(?:\\\\)*\\\n?\Z"
_NEVER_CLOSED = "opens a quote that is never closed"


class Entry(NamedTuple):
    """A line, or several that a quoted value spans.

    `name` is the variable it is about, if any; `has_value` says that it sets it, which a bare name
    does not.
    """

    raw: bytes
    line: int
    name: str | None
    has_value: bool
    flaw: str | None


def entries(existing: bytes) -> Iterator[Entry]:
    """The file, piece by piece and complete; lines are counted from 1."""
    start, line, form = 0, 1, re.compile(_LINE)
    while start < len(existing):
        end = _end_of_line(existing, start)
        found = form.match(existing, start, end)
        if found is None:
            yield Entry(existing[start:end], line, None, False, None)
            start, line = end, line + 1
            continue
        name, sign, quote = found.groups()
        flaw = None
        if quote:
            closed = _closed(existing, found.end(), quote)
            flaw = None if closed else _NEVER_CLOSED
            end = max(end, closed or end)
        raw = existing[start:end]
        yield Entry(raw, line, name.decode(), sign is not None, flaw)
        start, line = end, line + (raw.count(b"\n") if quote else 1)


def names_in(existing: bytes) -> frozenset[str]:
    """The variables that the file sets."""
    return frozenset(entry.name for entry in entries(existing) if entry.name and entry.has_value)


def names_held(existing: bytes) -> frozenset[str]:
    """The variables that the file sets once and to something; any other, some reader lacks."""
    count: Counter[str] = Counter()
    empty: set[str] = set()
    for entry in entries(existing):
        if entry.name and entry.has_value:
            count[entry.name] += 1
            if not entry.raw.partition(b"=")[2].strip(b" \t\r\n'\""):
                empty.add(entry.name)
    return frozenset(name for name, times in count.items() if times == 1 and name not in empty)


def flaws_in(existing: bytes) -> Iterator[tuple[int, str]]:
    """What keeps lines from being added to the file: the line, and what it does wrong."""
    if b"\0" in existing:
        yield existing.count(b"\n", 0, existing.index(b"\0")) + 1, "holds a NUL byte"
        return
    if not any(quote in existing for quote in _CLOSING):
        return
    yield from ((entry.line, entry.flaw) for entry in entries(existing) if entry.flaw)


def merge_env(
    existing: bytes, assignments: Mapping[str, str], remove: Set[str] = frozenset()
) -> bytes:
    """The file with these variables set and those of `remove` gone.

    A variable is set where it first stands, and its other lines go; one that is new is added at the
    end, in the order given. Names and values must be plain already.
    """
    merged = _Lines()
    missing = dict(assignments)
    for entry in entries(existing):
        if entry.name in missing:
            merged.add_own(entry.name, missing.pop(entry.name))
        elif entry.name not in assignments and entry.name not in remove:
            merged.add_foreign(entry.raw)
    for name, value in missing.items():
        merged.add_own(name, value)
    return merged.joined()


class _Lines:
    def __init__(self) -> None:
        self._pieces: list[bytes] = []

    def add_foreign(self, raw: bytes) -> None:
        self._pieces.append(raw)

    def add_own(self, name: str, value: str) -> None:
        before = self._pieces[-1] if self._pieces else b"\n"
        if not before.endswith(b"\n"):
            self._pieces.append(b"\n")
        if b"\\" in before and re.search(_CONTINUED, before):
            # A shell would take the next line for the rest of that one; make, even of a comment.
            self._pieces.append(b"\n")
        self._pieces.append(f"{name}={value}\n".encode("ascii"))

    def joined(self) -> bytes:
        return b"".join(self._pieces)


def _end_of_line(data: bytes, start: int) -> int:
    return data.find(b"\n", start) + 1 or len(data)


def _closed(data: bytes, start: int, quote: bytes) -> int | None:
    """The end of the line on which a quoted value ends, or `None` where it never does."""
    found = re.compile(_CLOSING[quote]).match(data, start)
    return _end_of_line(data, found.end()) if found else None
