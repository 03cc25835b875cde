"""Files that are odd, or built to harm whoever reads them: what stands in each, and what is said.

Each is tried as the project's own file, as an environment's and as a profile's.
"""

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.cli.running import write
from tests.sockets import make_socket

RIGHT: Mapping[str, tuple[str, str]] = {
    "project": ("voxmint.yaml", "version: 1\n"),
    "environment": ("environments/local.yaml", "provider: {kind: emulator}\n"),
    "profile": (
        "profiles/p.yaml",
        "session: {input_audio_transcription: {model: gpt-transcribe}}\n",
    ),
}
"""Each kind of file: its path, and a line that makes it right."""


class Found(NamedTuple):
    """A problem: its code, and its line and column."""

    code: str
    line: int
    column: int


def laughs(item: str, first: str) -> bytes:
    """A billion, in ten lines: each stands for ten of the one before."""
    lines = [f"a0: &a0 {first}"]
    lines += [f"a{n}: &a{n} {item.format(','.join([f'*a{n - 1}'] * 10))}" for n in range(1, 10)]
    return "\n".join(lines).encode()


def after(tail: bytes) -> Callable[[bytes], bytes]:
    return lambda right: right + tail


_STAIRS = b"vars:\n" + b"".join(b" " * level + b"a:\n" for level in range(1, 1400))

CONTENTS: Mapping[str, tuple[Callable[[bytes], bytes], Found | None]] = {
    # encodings and line ends
    "a byte order mark": (lambda right: b"\xef\xbb\xbf" + right, None),
    "UTF-16": (lambda right: right.decode().encode("utf-16"), Found("not-utf8", 1, 1)),
    "UTF-16 without a mark": (
        lambda right: right.decode().encode("utf-16-be"),
        Found("not-utf8", 1, 1),
    ),
    "Latin-1": (after(b"vars: \xe9\n"), Found("not-utf8", 2, 7)),
    "NUL": (after(b"vars: {a: \0}\n"), Found("bad-yaml", 2, 11)),
    "NUL at the beginning": (lambda right: b"\0" + right, Found("not-utf8", 1, 1)),
    "CRLF": (lambda right: right.replace(b"\n", b"\r\n"), None),
    "CR": (lambda right: right.rstrip(b"\n") + b"\r", Found("odd-line-break", 1, 0)),
    "a line separator": (after("# a\u2028b\n".encode()), Found("odd-line-break", 2, 4)),
    "a tab before a key": (after(b"vars:\n\ta: 1\n"), Found("bad-yaml", 3, 1)),
    "tabs between": (lambda right: right.replace(b": ", b":\t"), None),
    "a control character": (after(b'vars: "\x1b[31m"\n'), Found("bad-yaml", 2, 8)),
    "half a character": (after(b'vars: {a: "\\ud800"}\n'), Found("bad-yaml", 2, 14)),
    # size
    "100 MB": (after(b"#" * 100_000_000), Found("unreadable-file", 1, 1)),
    "a byte too much": (
        lambda right: right + b"#" * (1024 * 1024 + 1 - len(right)),
        Found("unreadable-file", 1, 1),
    ),
    "as much as may be": (lambda right: right + b"#" * (1024 * 1024 - len(right)), None),
    "10,000 levels": (after(b"vars: " + b"[" * 10_000), Found("too-deep", 2, 54)),
    "10,000 maps": (after(b"vars: " + b"{a: " * 10_000), Found("too-deep", 2, 195)),
    "many levels by indentation": (after(_STAIRS), Found("too-deep", 50, 49)),
    "a billion laughs": (after(laughs("[{}]", "[x,x]")), Found("too-many-values", 7, 14)),
    "a billion laughs by merge keys": (
        after(laughs("{{<<: [{}]}}", "{b: x}")),
        Found("merge-key", 3, 10),
    ),
    # references
    "an alias in itself": (after(b"vars: &v {a: *v}\n"), Found("recursive-alias", 2, 14)),
    "an alias of the whole": (
        lambda right: b"&r\n" + right + b"vars: {a: *r}\n",
        Found("recursive-alias", 3, 11),
    ),
    "an alias of nothing": (after(b"vars: {a: *v}\n"), Found("unknown-alias", 2, 11)),
    # keys
    "the same key twice": (lambda right: right + right, Found("duplicate-key", 2, 1)),
    "the same key through a merge key": (
        lambda right: b"<<: {version: 1, provider: {kind: emulator}}\n" + right,
        Found("merge-key", 1, 1),
    ),
    "a number as a key": (after(b"1: x\n"), Found("key-not-text", 2, 1)),
    "null as a key": (after(b"~: x\n"), Found("key-not-text", 2, 1)),
    "true as a key": (after(b"true: x\n"), Found("key-not-text", 2, 1)),
    "a list as a key": (after(b"? [a]\n: x\n"), Found("key-not-text", 2, 3)),
    "a map as a key": (after(b"{a: b}: x\n"), Found("key-not-text", 2, 1)),
    "an empty key": (after(b'"": x\n'), Found("unknown-key", 2, 1)),
    "a key that turns the text round": (after("\u202ea: 1\n".encode()), Found("unknown-key", 2, 1)),
    "a key that paints": (after(b'"\\e[31m": 1\n'), Found("unknown-key", 2, 1)),
    # tags
    "a tag that would run": (
        after(b"vars: !!python/object/apply:os.system [exit]\n"),
        Found("unknown-tag", 2, 7),
    ),
    "a tag of the whole": (
        lambda right: b"!!python/object:os.x\n" + right,
        Found("unknown-tag", 1, 1),
    ),
    "a binary": (after(b"vars: {a: !!binary aGk=}\n"), Found("unknown-tag", 2, 11)),
    "a tag of one's own": (after(b"vars: !mine {}\n"), Found("unknown-tag", 2, 7)),
    # documents
    "two documents": (lambda right: right + b"---\n" + right, Found("several-documents", 2, 1)),
    "nothing": (lambda _: b"", Found("empty-file", 1, 1)),
    "a comment": (lambda _: b"# x\n", Found("empty-file", 1, 1)),
    "null": (lambda _: b"null\n", Found("wrong-type", 1, 1)),
    "a list": (lambda _: b"- a\n", Found("wrong-type", 1, 1)),
    "a text": (lambda _: b"2024-01-01\n", Found("wrong-type", 1, 1)),
    # numbers
    "infinity": (after(b"vars: {a: .inf}\n"), Found("bad-number", 2, 11)),
    "no number": (after(b"vars: {a: .nan}\n"), Found("bad-number", 2, 11)),
    "1e400": (after(b"vars: {a: 1e400}\n"), Found("bad-number", 2, 11)),
    "a huge number": (after(b"vars: {a: " + b"9" * 100_000 + b"}\n"), Found("bad-number", 2, 11)),
}
"""What stands in the file, made of what is right; what is found, or `None` where nothing is wrong.

Column 0 is the end of the line.
"""


_WRONG = [case for case, (_, found) in CONTENTS.items() if found is not None]
ONE_KIND_EACH = [
    pytest.param(
        *(case, kind), marks=[] if (row + column) % len(RIGHT) == 0 else [pytest.mark.slow]
    )
    for row, case in enumerate(_WRONG)
    for column, kind in enumerate(RIGHT)
]
"""Each case of what is wrong, in each kind of file; every day in one of the three."""


def _folder(path: Path, _outside: Path) -> None:
    path.mkdir()


def _pipe(path: Path, _outside: Path) -> None:
    os.mkfifo(path)


def _link(path: Path, outside: Path) -> None:
    outside.write_text(RIGHT["profile"][1])
    path.symlink_to(outside)


def _link_to_a_device(path: Path, _outside: Path) -> None:
    path.symlink_to("/dev/zero")


def _link_to_something_hidden(path: Path, _outside: Path) -> None:
    write(path.parent, {".env": "A=1\n"})
    path.symlink_to(".env")


def _link_to_nothing(path: Path, _outside: Path) -> None:
    path.symlink_to("nowhere")


def _link_to_itself(path: Path, _outside: Path) -> None:
    path.symlink_to(path.name)


def _socket(path: Path, _outside: Path) -> None:
    make_socket(path)


THINGS: Mapping[str, tuple[Callable[[Path, Path], None], str]] = {
    "a folder": (_folder, "unreadable-file"),
    "a pipe": (_pipe, "unreadable-file"),
    "a socket": (_socket, "unreadable-file"),
    "a link out of the project": (_link, "unreadable-file"),
    "a link to a device": (_link_to_a_device, "unreadable-file"),
    "a link to something hidden": (_link_to_something_hidden, "unreadable-file"),
    "a link to itself": (_link_to_itself, "unreadable-file"),
    "a link to nothing": (_link_to_nothing, "missing-file"),
}
"""What bears the file's name and is none: what puts it there, and the code of what is found."""


def project_in(folder: Path, kind: str, content: bytes) -> Path:
    """A right project but for the file of one kind."""
    write(folder, dict(RIGHT.values()))
    (folder / RIGHT[kind][0]).write_bytes(content)
    return folder
