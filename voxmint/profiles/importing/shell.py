"""A command line as a shell takes it apart: words, each character with its place.

Nothing is run or expanded. Where a shell would put something in a word, that is noted with the
word. Three dialects, told apart by what each of them alone writes.
"""

import re

from voxmint.profiles.importing.shell_cmd import Cmd
from voxmint.profiles.importing.shell_posix import Posix
from voxmint.profiles.importing.shell_powershell import PowerShell
from voxmint.profiles.importing.shell_words import Word

PROMPT = r"(?:PS [^<>|\n]*>\s*|[A-Za-z]:\\[^<>|\n]*>\s*|[$%>]\s+)"
"""What a shell prints before a command: PowerShell's, cmd's, and the signs of the others."""

_PROMPT = re.compile(rf"\s*{PROMPT}?")
_CURL_EXE = re.compile(r"\s*curl\.exe\s")
_TELLING = re.compile(
    r"""(?P<single>'[^']*') | "(?:[^"\\]|\\.)*" | (?P<backslash>\\(?:\r?\n|')) | \\.
    | (?P<caret>\^(?:[ \t]*\r?\n|")) | (?P<backtick>`\r?\n)""",
    re.DOTALL | re.VERBOSE,
)
"""What tells a dialect: the end of a line that goes on, and how an argument is quoted."""


def words(text: str) -> list[Word]:
    """The words of the first command in the text; raises `ShellError`."""
    prompt = _PROMPT.match(text)
    before = prompt.end() if prompt else 0
    # As many blanks in its place: each character keeps its own.
    command = " " * before + text[before:]
    return _dialect(command)(command).words()


def _dialect(text: str) -> type[Posix | Cmd | PowerShell]:
    """The shell that a command is for; a caret within quotes is as good in any."""
    told = {found.lastgroup for found in _TELLING.finditer(text)}
    if "caret" in told:
        return Cmd
    if "backtick" in told:
        return PowerShell
    if not _CURL_EXE.match(text) or "backslash" in told:
        return Posix
    return PowerShell if "single" in told else Cmd
