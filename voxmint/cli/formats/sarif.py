"""Findings as SARIF 2.1.0, which code scanning services read."""

from pathlib import Path
from types import MappingProxyType
from urllib.parse import quote

from voxmint import __version__
from voxmint.cli.display.screen import Screen
from voxmint.cli.display.wording import pattern
from voxmint.cli.findings import Findings
from voxmint.cli.formats.github import end_column
from voxmint.cli.formats.json_text import write_json
from voxmint.cli.formats.repository import path_in_repository
from voxmint.origin import Origin
from voxmint.problems import Kind, Problem, Severity
from voxmint.profiles.reading import PROJECT_FILE

_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
_LEVEL = MappingProxyType(
    {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.NOTE: "note"}
)
_ROOT = "%SRCROOT%"


def write(screen: Screen, findings: Findings, root: Path) -> None:
    """Writes the log of one run."""
    kinds = sorted({one.code: one.kind for one in findings.problems}.items())
    rules = [_rule(kind) for _, kind in kinds]
    index = {code: number for number, (code, _) in enumerate(kinds)}
    driver = {"name": "voxmint", "semanticVersion": __version__, "rules": rules}
    run = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "results": [
            {"ruleIndex": index[one.code], **_result(one, findings, root)}
            for one in findings.problems
        ],
    }
    write_json(screen, {"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]})


def _rule(kind: Kind) -> dict[str, object]:
    message = pattern(kind.message)
    rule: dict[str, object] = {
        "id": kind.code,
        "defaultConfiguration": {"level": _LEVEL[kind.severity]},
        "shortDescription": {"text": message},
        "fullDescription": {"text": kind.about or message},
        "help": {"text": _help(kind)},
    }
    if kind.source:
        rule["properties"] = {"source": kind.source}
    return rule


def _help(kind: Kind) -> str:
    """What the kind is about, and the ways to mend it."""
    hints = "\n".join(f"- {pattern(hint)}" for hint in kind.hints)
    more = f"`voxmint explain {kind.code}` says more."
    return "\n\n".join(part for part in (kind.about, hints, more) if part)


def _result(problem: Problem, findings: Findings, root: Path) -> dict[str, object]:
    text = problem.message + (f"\n{problem.hint}" if problem.hint else "")
    location = (problem.at and _location(problem.at, findings, root)) or _nowhere(findings, root)
    related = [
        {**found, "message": {"text": one.message}}
        for one in problem.related
        if (found := _location(one.at, findings, root))
    ]
    result: dict[str, object] = {
        "ruleId": problem.code,
        "level": _LEVEL[problem.severity],
        "message": {"text": text},
        "locations": [location],
    }
    if related:
        result["relatedLocations"] = related
    if problem.affects:
        result["properties"] = {"affects": [list(body) for body in problem.affects]}
    return result


def _nowhere(findings: Findings, root: Path) -> dict[str, object]:
    """The project's file, for what stands in none: GitHub refuses results without a location."""
    project = findings.sources.root
    file = project and path_in_repository(Origin(PROJECT_FILE, 1, 1), project, root)
    return {"physicalLocation": {"artifactLocation": _artifact(file or PROJECT_FILE)}}


def _artifact(file: str) -> dict[str, object]:
    # A name that is not UTF-8 is written byte for byte, as every other one is.
    return {"uri": quote(file.encode("utf-8", "surrogateescape")), "uriBaseId": _ROOT}


def _location(at: Origin, findings: Findings, root: Path) -> dict[str, object] | None:
    project = findings.sources.root
    file = path_in_repository(at, project, root) if project else None
    if file is None:
        return None
    region = {
        "startLine": at.line,
        "startColumn": at.column,
        "endLine": at.line,
        "endColumn": end_column(at, findings.sources),
    }
    return {"physicalLocation": {"artifactLocation": _artifact(file), "region": region}}
