"""Validates rendered requests, and says where in the files what is wrong was written."""

from collections.abc import Mapping, Sequence, Set
from typing import Any, Protocol

from voxmint.origin import Path, dotted
from voxmint.problems import Problem, Related
from voxmint.profiles.cells import Cell, Gone, Leaf, MapCell, find_nearest, key_origin, origin
from voxmint.profiles.check import check_field, check_part, check_rules
from voxmint.profiles.documents import Layer
from voxmint.profiles.fields import EXPIRES_AFTER
from voxmint.profiles.findings import Finding
from voxmint.profiles.rules import (
    MISSING_MODEL,
    NO_TRANSCRIPTION,
    TURN_DETECTION_LEFT_OUT,
    TURN_DETECTION_NEEDS_TYPE,
)

_OF_ABSENCE = (
    MISSING_MODEL,
    NO_TRANSCRIPTION,
    TURN_DETECTION_LEFT_OUT,
    TURN_DETECTION_NEEDS_TYPE,
)
"""What is found because something is not there: not said of a body from which something wrong was
left out, since that may be just what is missing."""


class Validator:
    """Checks requests; parts that bodies share (the same object) are checked once."""

    def __init__(self) -> None:
        self._parts: dict[tuple[str, int], tuple[object, Sequence[Finding]]] = {}
        self._rules: dict[tuple[object, ...], tuple[object, Sequence[Finding]]] = {}

    def findings(
        self, session: Mapping[str, Any], expires_after: Mapping[str, Any] | None, form: str | None
    ) -> Sequence[Finding]:
        """All that is wrong with a request for one form of the body.

        Where the form is not known, the rules, which depend on it, are left out.
        """
        found: list[Finding] = []
        for name, value in session.items():
            found += self._part(name, value)
        if expires_after is not None:
            found += self._lifetime(expires_after)
        if not found and form is not None:
            found += self._by_rules(session, form)
        return found

    def _part(self, name: str, value: object) -> Sequence[Finding]:
        if isinstance(value, str):
            return check_part(name, value)
        key = (name, id(value))
        known = self._parts.get(key)
        if known is None:
            known = self._parts[key] = (value, check_part(name, value))
        return known[1]

    def _lifetime(self, value: Mapping[str, Any]) -> Sequence[Finding]:
        key = (EXPIRES_AFTER.name, id(value))
        known = self._parts.get(key)
        if known is None:
            found = list(check_field(value, EXPIRES_AFTER, (EXPIRES_AFTER.name,)))
            known = self._parts[key] = (value, found)
        return known[1]

    def _by_rules(self, session: Mapping[str, Any], form: str) -> Sequence[Finding]:
        key = (form, *session, *map(id, session.values()))
        known = self._rules.get(key)
        if known is None:
            known = self._rules[key] = (tuple(session.values()), check_rules(session, form))
        return known[1]


class Written(Protocol):
    """Where a request was written: its merged cells, and the ids of those that failed to render."""

    @property
    def root(self) -> MapCell: ...
    @property
    def failed(self) -> Set[int]: ...


def located(
    findings: Sequence[Finding], written: Written, layers: Sequence[Layer], body: tuple[str, str]
) -> list[Problem]:
    """The findings as problems of a body, each where it was written.

    Nothing is said of a value whose template failed: that has been said.
    """
    root, failed = written.root, written.failed
    is_incomplete = bool(failed) or any(layer.incomplete for layer in layers)
    return [
        _problem(finding, root, body)
        for finding in findings
        if not (is_incomplete and finding.kind in _OF_ABSENCE)
        and not (failed and id(find_nearest(root, finding.path)) in failed)
    ]


def _problem(finding: Finding, root: MapCell, body: tuple[str, str]) -> Problem:
    cell = _cell_of(root, finding.path)
    at = key_origin(cell) if finding.at_key else origin(cell)
    related = tuple(
        Related(origin(_cell_of(root, path)), remark) for path, remark in finding.related
    )
    if finding.kind is TURN_DETECTION_NEEDS_TYPE:
        related = _over_null(cell)
    return Problem(finding.kind, at, finding.facts, related, _shown(finding.path), (body,))


def _over_null(cell: Cell) -> tuple[Related, ...]:
    """Where turn detection was off, before a map without a type was laid over it."""
    under = cell.under
    if isinstance(under, Leaf) and under.value is None:
        return (Related(origin(under), "it was off here, and this map turns it on"),)
    return ()


def _cell_of(root: MapCell, path: Path) -> Cell:
    """The cell at the path; where there is none, the nearest one above it that is written."""
    cell = find_nearest(root, path)
    return cell.under if isinstance(cell, Gone) and cell.under is not None else cell


def _shown(path: Path) -> str:
    return dotted(path[1:] if path[0] == "session" and len(path) > 1 else path)
