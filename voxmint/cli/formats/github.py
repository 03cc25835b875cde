"""Findings as workflow commands, which GitHub shows beside the lines of a pull request.

`::error file=…,line=…,col=…,endColumn=…,title=…::message`. In the message `%` and line breaks are
escaped, in the properties also `:` and `,`.
"""

from pathlib import Path
from types import MappingProxyType

from voxmint.cli.display.problems import affected
from voxmint.cli.display.screen import Screen
from voxmint.cli.display.sources import Sources, line_of
from voxmint.cli.findings import Findings
from voxmint.cli.formats.repository import path_in_repository
from voxmint.origin import Origin
from voxmint.problems import Problem, Severity
from voxmint.shown import shown

_COMMAND = MappingProxyType(
    {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.NOTE: "notice"}
)


def write(screen: Screen, findings: Findings, root: Path, *, is_verbose: bool) -> None:
    """Writes a command for each problem; for notes only where more is asked for."""
    for problem in findings.problems:
        if is_verbose or problem.severity is not Severity.NOTE:
            screen.line(_command(problem, findings.sources, root))


MOST = 10
"""How many annotations of a kind GitHub shows for a step; it drops the others unsaid."""


def note_of_limit(findings: Findings) -> str | None:
    """What to say where there are more problems than GitHub shows beside the lines."""
    counts = (findings.count(severity) for severity in (Severity.ERROR, Severity.WARNING))
    if max(counts) <= MOST:
        return None
    return (
        f"beside the lines GitHub shows {MOST} errors and {MOST} warnings of a step; all are here"
    )


def _command(problem: Problem, sources: Sources, root: Path) -> str:
    properties = {**_place(problem.at, sources, root), "title": problem.code}
    listed = ",".join(f"{name}={_property(str(value))}" for name, value in properties.items())
    lines = [problem.message, problem.hint]
    lines += [f"{sources.label(one.at)}: {one.message}" for one in problem.related]
    lines += [affected(problem.affects)] if problem.affects else []
    message = _data("\n".join(line for line in lines if line))
    return f"::{_COMMAND[problem.severity]} {listed}::{message}"


def _place(at: Origin | None, sources: Sources, root: Path) -> dict[str, object]:
    file = path_in_repository(at, sources.root, root) if at and sources.root else None
    if at is None or file is None:
        return {}
    end = end_column(at, sources)
    return {
        "file": shown(file),
        "line": at.line,
        "endLine": at.line,
        "col": at.column,
        "endColumn": end,
    }


def end_column(at: Origin, sources: Sources) -> int:
    """The column after what is marked, or after the line where that goes on below."""
    line = line_of(sources.texts.get(at.file, ""), at.line) or ""
    return max(min(at.column + at.length, len(line) + 1), at.column + 1)


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
