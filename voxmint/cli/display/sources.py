"""The texts that problems are in: their lines, and what their places are called."""

import os
import re
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

from voxmint.origin import COMMAND_LINE, Origin
from voxmint.shown import shown

# A text: most runs show no line, and need no pattern.
_BREAKS = "\r\n|[\n\r\x85\u2028\u2029]"
"""What libyaml, which counts the lines, takes for a line break."""


class Sources(NamedTuple):
    """The texts that places are in, by file, and what their paths are counted from."""

    texts: Mapping[str, str] = MappingProxyType({})
    root: Path | None = None
    cwd: Path | None = None

    def line(self, at: Origin) -> str | None:
        """The line of a place; `None` where it is not known or has nothing in it."""
        line = line_of(self.texts.get(at.file, ""), at.line)
        return line if line and line.strip() else None

    def label(self, at: Origin) -> str:
        """The place as an editor opens it from the current folder."""
        if at.file == COMMAND_LINE or self.root is None or self.cwd in {None, self.root}:
            return shown(str(at))
        path = os.path.relpath(self.root / at.file, self.cwd).replace(os.sep, "/")
        return shown(str(at._replace(file=path)))


NO_SOURCES = Sources()


def line_of(text: str, number: int) -> str | None:
    """The line of this number, counted from 1, without its break; `None` past the end."""
    lines = _lines(text)
    return lines[number - 1] if 0 < number <= len(lines) else None


@lru_cache(maxsize=16)
def _lines(text: str) -> list[str]:
    """The lines of a file, split once however many problems it has."""
    return re.split(_BREAKS, text)
