"""Findings as one JSON object, of version 1."""

from collections.abc import Mapping

from voxmint.cli.display.screen import Screen
from voxmint.cli.findings import Findings
from voxmint.cli.formats.json_text import write_json
from voxmint.origin import Origin
from voxmint.problems import Problem

VERSION = 1


def write(screen: Screen, findings: Findings, more: Mapping[str, object]) -> None:
    """Writes the object; `more` are further fields of it."""
    content = {
        "version": VERSION,
        "checked": findings.checked._asdict(),
        "problems": [problem_of(problem) for problem in findings.problems],
        **more,
    }
    write_json(screen, content)


def problem_of(problem: Problem) -> dict[str, object]:
    """A problem as programs read it."""
    profile, environment = problem.affects[0] if problem.affects else (None, None)
    return {
        "code": problem.code,
        "severity": problem.severity.value,
        "message": problem.message,
        "profile": profile,
        "environment": environment,
        "path": problem.path,
        "at": None if problem.at is None else place_of(problem.at),
        "related": [{**place_of(one.at), "message": one.message} for one in problem.related],
        "hint": problem.hint,
        "affects": [list(body) for body in problem.affects],
    }


def place_of(at: Origin) -> dict[str, object]:
    """A place: its file from the project's folder, line and column from 1."""
    return {"file": at.file, "line": at.line, "column": at.column}
