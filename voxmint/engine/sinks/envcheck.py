"""What programs make of an env file's lines: which forms not all of them read alike.

The one form that they do is a bare `KEY=value` and a line feed, each key once. Everything else is
read otherwise by somebody; the table below says by whom. `tests/env_readers.py` has those readers,
the programs themselves or their documented rules, and a property test holds both together.
"""

import re
from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

from voxmint.engine.sinks.envfile import entries

BARE = re.compile(rb"[A-Z_][A-Z0-9_]*=[A-Za-z0-9_%+,./:=@^-]*\n?")
"""A line that all readers take in the same way."""


class Bend(NamedTuple):
    """A line that some reader takes otherwise than another one.

    `name` is the variable that it is about, if any. `found` is what the line does, and `readers`
    say what becomes of that.
    """

    line: int
    name: str | None
    found: str
    readers: str


_BLANK = re.compile(rb"[ \t]*(?:#[^\\]*)?\n?")
# In this order, the first that fits is told: what comes later may only follow from it.
_FORMS = (
    (rb"\xef\xbb\xbf", "begins with a byte order mark", "shells and make take it for text"),
    (rb"[^\n]*\r", "ends in a carriage return", "shells and make keep it in the value"),
    (
        rb"[ \t]*#.*\\\n?\Z",
        "is a comment that ends in a backslash",
        "make goes on in the next line",
    ),
    (rb"[ \t]*#", "is a comment", ""),
    (rb"[ \t]*export\b", "begins with `export`", "Docker and kubectl refuse it, others do not"),
    (rb"[ \t]", "begins with a space", "GitHub keeps it in the name, and others do not"),
    (rb"[A-Za-z_][A-Za-z0-9_]*\n?\Z", "has no `=`", "Docker takes the variable from elsewhere"),
    (rb"[A-Za-z_][A-Za-z0-9_]*[ \t]*:", "has `:` for `=`", "only some readers take that"),
    (rb"[^=]*[ \t]=|[^=]*=[ \t]", "has spaces round the `=`", "shells run it as a command"),
    (rb"[^=\n]*[^A-Za-z0-9_=\n][^=\n]*=|[0-9=]", "has no name that shells take", "they refuse it"),
    (rb"[^=]*=[^\n]*['\"`]", "has quotes", "Docker, kubectl, GitHub and make keep them"),
    (rb"[^=]*=[^\n]*\\", "has a backslash", "shells and systemd take it out, Docker keeps it"),
    (rb"[^=]*=[^\n]*\$", "has a `$`", "shells, make and dotenv put another value in its place"),
    (rb"[^=]*=[^\n]*#", "has a `#`", "to some a comment begins there, to others it is the value"),
    (rb"[^=]*=[^\n]*[ \t]", "has a space in the value", "shells run what follows it"),
    (rb"[^=]*=", "has a sign that shells act on", "they run or replace something"),
)
_KNOWN = tuple((re.compile(form, re.DOTALL), found, readers) for form, found, readers in _FORMS)


def bends(existing: bytes) -> Iterator[Bend]:
    """The lines of a file that not all readers take alike, in their order."""
    count = Counter(one.name for one in entries(existing) if one.name)
    for entry in entries(existing):
        if not (BARE.fullmatch(entry.raw) or _is_blank(entry.raw)):
            yield _bend(entry.raw, entry.line, entry.name)
        if entry.name and count[entry.name] > 1:
            readers = "some take its first line, others its last"
            yield Bend(entry.line, entry.name, "sets a variable that stands there twice", readers)


def _is_blank(raw: bytes) -> bool:
    return _BLANK.fullmatch(raw) is not None and raw.isascii()


def _bend(raw: bytes, line: int, name: str | None) -> Bend:
    for form, found, readers in _KNOWN:
        if readers and form.match(raw):
            return Bend(line, name, found, readers)
        if form.match(raw):
            break
    return Bend(line, name, "is no `KEY=value`", "some readers refuse the whole file for it")
