"""Validates rendered requests, and says where in the files what is wrong was written."""

import re
from collections.abc import Collection, Hashable, Iterable, Mapping, Sequence, Set
from types import NoneType
from typing import Any, NamedTuple, Protocol

from voxmint.origin import Origin, Path, dotted
from voxmint.problems import Body, Problem, Related, related_places
from voxmint.profiles.cells import (
    Cell,
    Gone,
    Leaf,
    MapCell,
    find,
    find_nearest,
    key_origin,
    origin,
    value_of,
)
from voxmint.profiles.check import (
    OF_ABSENCE,
    check_beside,
    check_field,
    check_part,
    check_rules,
)
from voxmint.profiles.documents import Layer
from voxmint.profiles.fields import EXPIRES_AFTER
from voxmint.profiles.findings import Finding
from voxmint.profiles.left_out import lacks
from voxmint.profiles.rules import TURN_DETECTION_NEEDS_TYPE, outline
from voxmint.profiles.templates.template import template
from voxmint.profiles.used_vars import UsedVar, is_templated, vars_behind
from voxmint.profiles.values import described


class _Looked(NamedTuple):
    """A part of a request that was looked at: what is wrong with it, and its outline's number."""

    part: object
    findings: Sequence[Finding]
    outline: int


_WRONG = -1
"""The outline's number of what is wrong: the rules do not look at it."""


class Validator:
    """Checks requests, and what bodies share once.

    A text is known by what it says; anything else by its identity, and is kept.
    """

    def __init__(self) -> None:
        self._parts: dict[tuple[str, object], _Looked] = {}
        self._rules: dict[tuple[str | int, ...], Sequence[Finding]] = {}
        self._outlines: dict[Hashable, int] = {}

    def findings(
        self, session: Mapping[str, Any], expires_after: Mapping[str, Any] | None, form: str | None
    ) -> Sequence[Finding]:
        """All that is wrong with a request for one form of the body.

        Where the form is not known, the rules, which depend on it, are left out.
        """
        found: list[Finding] = []
        outlines: list[str | int] = [form or ""]
        parts = self._parts
        for name, value in session.items():
            key = (name, value if type(value) is str else id(value))
            looked = parts.get(key)
            if looked is None:
                looked = parts[key] = self._looked_at(name, value)
            if looked.findings:
                found += looked.findings
            outlines.append(looked.outline)
        if expires_after is not None:
            found += self._lifetime(expires_after)
        if form is None:
            return found
        if found:
            return found + check_beside(found, session, form)
        return self._by_rules(session, form, tuple(outlines))

    def _looked_at(self, name: str, value: object) -> _Looked:
        found = check_part(name, value)
        if found:
            return _Looked(value, found, _WRONG)
        # Numbered, since a body's outlines are looked up together, and a number is quickly hashed.
        known = self._outlines.setdefault((name, outline(value)), len(self._outlines))
        return _Looked(value, (), known)

    def _lifetime(self, value: Mapping[str, Any]) -> Sequence[Finding]:
        key = (EXPIRES_AFTER.name, id(value))
        looked = self._parts.get(key)
        if looked is None:
            found = list(check_field(value, EXPIRES_AFTER, (EXPIRES_AFTER.name,)))
            looked = self._parts[key] = _Looked(value, found, _WRONG)
        return looked.findings

    def _by_rules(
        self, session: Mapping[str, Any], form: str, outlines: tuple[str | int, ...]
    ) -> Sequence[Finding]:
        """What the rules find, which look at nothing but outlines: once for all that have these."""
        known = self._rules.get(outlines)
        if known is None:
            known = self._rules[outlines] = check_rules(session, form)
        return known


class Written(Protocol):
    """Where a request was written: its merged cells, and the ids of those that failed to render."""

    @property
    def root(self) -> MapCell: ...
    @property
    def failed(self) -> Set[int]: ...


class Locator:
    """Says of findings where they were written.

    What bodies share is found in each of them, and is one problem with all the bodies it affects.
    """

    def __init__(self) -> None:
        self._found: dict[tuple[int, ...], Located] = {}

    def add(
        self, findings: Iterable[Finding], written: Written, layers: Sequence[Layer], body: Body
    ) -> bool:
        """Takes the findings of a body; whether there is an error among them.

        Nothing is said of a value whose template failed: that has been said.
        """
        is_wrong = False
        for finding in findings:
            if not _is_excused(finding, written, layers):
                is_wrong |= self._located(finding, written.root, body).is_error
        return is_wrong

    def _located(self, finding: Finding, root: MapCell, body: Body) -> "Located":
        cell = _cell_of(root, finding.path)
        cells: Sequence[Cell] = (cell,)
        used: Sequence[UsedVar] = ()
        key: tuple[int, ...] = (id(finding), id(cell))
        # Few have more to them: most are such as a note of a model, which every body has.
        if finding.related or (not finding.at_key and is_templated(cell)):
            cells = (cell, *(_cell_of(root, path) for path, _ in finding.related))
            used = () if finding.at_key else vars_behind(cell, root)
            key = (id(finding), *map(id, cells), *(id(one.cell) for one in used))
        # What the problem says depends on these alone; they are kept, so their ids stay theirs.
        known = self._found.get(key)
        if known is None:
            problem = _problem(finding, cells, used)
            is_error = problem.is_error
            known = self._found[key] = Located(finding, cells, used, problem, is_error, [])
        known.bodies.append(body)
        return known

    @property
    def located(self) -> Collection["Located"]:
        """All that was found, each finding at its place."""
        return self._found.values()

    @property
    def problems(self) -> tuple[Problem, ...]:
        """All that was found, each cause once."""
        causes: dict[Hashable, list[Located]] = {}
        for number, one in enumerate(self._found.values()):
            cause = _cause(one)
            causes.setdefault(number if cause is None else cause, []).append(one)
        return tuple(_of_cause(group) for group in causes.values())


class Located(NamedTuple):
    """A finding at its place, and the bodies it is found in."""

    finding: Finding
    cells: Sequence[Cell]
    used: Sequence[UsedVar]
    problem: Problem
    is_error: bool
    bodies: list[Body]


def _cause(one: Located) -> Hashable | None:
    """What is the same wherever one written value, or one var through templates, is wrong.

    An anchor puts a value into several fields, and an overlay an item at another index of each
    list. `None` of what stands for itself.
    """
    finding, cell = one.finding, one.cells[0]
    is_value = isinstance(cell, Leaf) or isinstance(finding.path[-1], int)
    if finding.related or finding.at_key or not is_value:
        return None
    facts = tuple((name, fact) for name, fact in one.problem.facts.items() if name != "field")
    if one.used:
        settings = tuple((used.name, origin(used.cell)) for used in one.used)
        return (one.problem.code, _without_index(finding.path), facts, settings)
    return (one.problem.code, origin(cell), facts)


def _without_index(path: Path) -> Path:
    return path[:-1] if isinstance(path[-1], int) else path


def _of_cause(group: Sequence[Located]) -> Problem:
    """One problem of all that has one cause: vars that are wrong in several templates."""
    bodies = tuple(dict.fromkeys(body for one in group for body in one.bodies))
    templates = sorted({origin(one.cells[0]) for one in group})
    first = min(group, key=lambda one: origin(one.cells[0])).problem
    if len(templates) == 1:
        return first._replace(affects=bodies)
    used = group[0].used
    written = [one for one in used if not is_templated(one.cell)]
    if len(written) != 1 or not _is_given(written[0], group):
        return first._replace(related=(*first.related, *_also(templates[1:])), affects=bodies)
    source, others = written[0], [one for one in used if one is not written[0]]
    related = (*(_set_here(one) for one in others), *_also(templates))
    remark = _set_here(source).message
    return first._replace(at=origin(source.cell), related=related, affects=bodies, remark=remark)


def _is_given(source: UsedVar, group: Sequence[Located]) -> bool:
    """Whether what is wrong is the var's own value, and not what templates make of a list."""
    if isinstance(source.cell, Leaf):
        return True
    return all(template(str(value_of(one.cells[0]))).slots for one in group)


def _also(templates: Sequence[Origin]) -> tuple[Related, ...]:
    return related_places(templates, "a template gives it here")


def _set_here(used: UsedVar) -> Related:
    return Related(origin(used.cell), f"`{used.name}` is set here ({used.cell.layer})")


def _is_excused(finding: Finding, written: Written, layers: Sequence[Layer]) -> bool:
    root, failed = written.root, written.failed
    if not (failed or finding.related or finding.kind.code in OF_ABSENCE):
        return False  # as nearly all are
    others = [path for path, _ in finding.related]
    is_of_absence = finding.kind.code in OF_ABSENCE or any(
        type(find(root, path)) in (NoneType, Gone) for path in others
    )
    if is_of_absence and (failed or any(layer.incomplete for layer in layers)):
        return True
    if others and lacks(layers, finding.path, *others):
        return True
    return bool(failed) and any(
        id(find_nearest(root, path)) in failed for path in (finding.path, *others)
    )


def _problem(finding: Finding, cells: Sequence[Cell], used: Sequence[UsedVar]) -> Problem:
    cell, *others = cells
    is_at_key = finding.at_key or isinstance(cell, Gone)
    at = key_origin(cell) if is_at_key else origin(cell)
    related = tuple(
        Related(origin(other), f"{remark} ({other.layer})")
        for other, (_, remark) in zip(others, finding.related, strict=True)
    )
    related += tuple(map(_set_here, used))
    if finding.kind is TURN_DETECTION_NEEDS_TYPE:
        related = _over_null(cell)
    remark = f"set here ({cell.layer})" if finding.related else ""
    shown = _shown(finding.path)
    facts = _as_templated(finding.facts, cell, used)
    return Problem(finding.kind, at, facts, related, shown, remark=remark)


def _as_templated(
    facts: Mapping[str, object], cell: Cell, used: Sequence[UsedVar]
) -> Mapping[str, object]:
    """The facts; where quotes are to go, and a template gave the value, what is to be done there.

    Round a template they have to stay.
    """
    if "bare" not in facts or not is_templated(cell):
        return facts
    told = {name: fact for name, fact in facts.items() if name != "bare"}
    written = [one for one in used if not is_templated(one.cell)]
    if len(written) == 1 and described(value_of(written[0].cell)) == facts["found"]:
        return {**told, "var": written[0].name, "unquoted": facts["bare"]}
    lone = re.fullmatch(_LONE, str(cell.value))
    return {**told, "alone": lone[1]} if lone else told


_LONE = r"[^{}]*(\{\{[^{}]*\}\})[^{}]*"
"""One expression, with text round it or without."""


def _over_null(cell: Cell) -> tuple[Related, ...]:
    """Where turn detection was off, before a map without a type was laid over it."""
    under = cell.under
    if isinstance(under, Leaf) and under.value is None:
        return (Related(origin(under), "it was off here, and this map turns it on"),)
    return ()


def _cell_of(root: MapCell, path: Path) -> Cell:
    """The cell at the path, also where it is taken away; else the nearest one above it."""
    return find_nearest(root, path)


def _shown(path: Path) -> str:
    return dotted(path[1:] if path[0] == "session" and len(path) > 1 else path)
