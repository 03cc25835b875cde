"""Where a value came from."""

from typing import NamedTuple

COMMAND_LINE = "--set"
"""The name that stands for a file where a value was given on the command line."""


class Origin(NamedTuple):
    """A place in a file of the project.

    `file` is relative to the project's folder and written with `/`; `line` and `column` are
    counted from 1, in characters; `length` is how many characters the thing takes there (it may
    run over the end of the line, as a block scalar does).
    """

    file: str
    line: int
    column: int
    length: int = 1

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


Path = tuple[str | int, ...]
"""Where a value stands in a tree: keys of maps, and from 0 the indexes of lists."""


def dotted(path: Path) -> str:
    """A path as people and programs read it: `turn_detection.threshold`, `include.0`."""
    return ".".join(str(part) for part in path)
