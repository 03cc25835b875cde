"""Pages whose examples can be run: their files are written, their commands run and compared.

A page asks for it with a line `<!-- The examples on this page are run by the tests. -->`. In it:

- a block of code is a file where its first line is a comment with nothing but the file's name
  (`# profiles/p.yaml`; the line belongs to the file), or where `<!-- profiles/p.yaml -->` stands
  right above it;
- a block in `console` holds command lines, each after `$ `, and what they write; a line `…` stands
  for any number of lines;
- in an output, `…` within a line stands for any rest of it, such as a time;
- `sh` runs a script of the page, in a process that finds `voxmint`; `voxmint exec` is one too, and
  `voxmint purge`, which goes by the same clock;
- `<!-- new project -->` begins anew, with nothing in the folder;
- `<!-- not run -->` right above a block leaves it alone.
"""

import re
import shlex
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from tests.cli.running import environment, ran

MARKER = "<!-- The examples on this page are run by the tests. -->"
_PART = re.compile(
    r"(?:^<!-- (?P<remark>[^\n]*) -->\n)?(?:^```(?P<language>\w*)\n(?P<body>.*?)^```\n)?",
    re.MULTILINE | re.DOTALL,
)
_NAME = re.compile(r"[\w./-]*\.\w+")
_ANY = "…\n"
_PROCESSES = ("exec", "purge")
_AUTHOR = ("-c", "user.name=clinic", "-c", "user.email=clinic@example")


class Block(NamedTuple):
    """A block of code: where its text stands in the page, the text, and the file that it is."""

    start: int
    language: str
    body: str
    file: str | None


class Step(NamedTuple):
    """A command line of a page, and what is to be written by it."""

    command: str
    output: str


def is_run(page: Path) -> bool:
    """Whether the page's examples are to be run."""
    return MARKER in page.read_text(encoding="utf-8")


def parts(text: str) -> Iterator[Block | None]:
    """The blocks that are to be run, in order; `None` where a new project begins."""
    for found in _PART.finditer(text):
        remark, body = found["remark"], found["body"]
        if remark == "new project":
            yield None
        if body is not None and remark != "not run":
            file = _file(remark or "", body) if found["language"] != "console" else None
            yield Block(found.start("body"), found["language"], body, file)


def _file(remark: str, body: str) -> str | None:
    first = body.partition("\n")[0].removeprefix("# ")
    return next((name for name in (remark, first) if _NAME.fullmatch(name)), None)


def steps(body: str) -> list[Step]:
    """The command lines of a console block, each with what it writes."""
    _, *pieces = re.split(r"^\$ ", body, flags=re.MULTILINE)
    return [Step(command, output) for command, _, output in (one.partition("\n") for one in pieces)]


def run(command: str, folder: Path) -> str:
    """What a command line writes: `voxmint` in this process, what replaces one as its own."""
    program, *arguments = shlex.split(command)
    if program == "sh" or (program == "voxmint" and arguments[0] in _PROCESSES):
        return as_a_process([program, *arguments], folder).stdout
    if program == "voxmint":
        done = ran(folder, *arguments)
        return done.out + done.err
    assert program == "git", f"pages show voxmint, git and sh, not `{program}`"
    git = subprocess.run(
        ["git", *_AUTHOR, *arguments],
        cwd=folder,
        env=environment(folder),
        capture_output=True,
        text=True,
        check=True,
    )
    return git.stdout + git.stderr


def as_a_process(words: Sequence[str], folder: Path) -> subprocess.CompletedProcess[str]:
    """Runs a process that finds `voxmint`; what it writes is in one stream, in its order."""
    programs = folder.parent / "programs"
    programs.mkdir(exist_ok=True)
    voxmint = programs / "voxmint"
    voxmint.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m voxmint "$@"\n')
    voxmint.chmod(0o755)
    known = environment(folder)
    return subprocess.run(
        words,
        cwd=folder,
        env={**known, "PATH": f"{programs}:{known['PATH']}"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )


def fits(found: str, expected: str) -> bool:
    """Whether an output is what the page shows, with `…` for lines that it leaves out."""
    lines = expected.splitlines(keepends=True)
    pattern = "".join("(?:.*\n)*" if line == _ANY else _pattern(line) for line in lines)
    return re.fullmatch(pattern, found) is not None


def _pattern(line: str) -> str:
    return re.escape(line).replace("…", ".*")
