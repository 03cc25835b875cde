"""Renders the merged values of one body: templates in, plain values out.

Rendering comes after the merge, so a value cannot inject YAML, and templates that were overridden
are never looked at. A template sees `vars`, `env`, `profile` and `super()`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, NamedTuple

from voxmint.origin import Origin
from voxmint.problems import Problem
from voxmint.profiles import wording
from voxmint.profiles.cells import Cell, Gone, Leaf, ListCell, MapCell, find, value_of
from voxmint.profiles.fields import EXPIRES_AFTER, SESSION, Field
from voxmint.profiles.templates import (
    Names,
    TemplateError,
    View,
    is_template,
    template,
)
from voxmint.profiles.values import Plain, Scalar

Texts = Callable[[str], str]
"""Gives a file's text by its name, so that a problem can point into a template."""


@dataclass(frozen=True, slots=True)
class Subject:
    """What templates may know of the body that they are rendered for."""

    profile: str
    environment: str
    description: str | None
    labels: Mapping[str, Scalar]


class _LeafFailedError(Exception):
    """A template failed; its problem is already located."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.code)
        self.problem = problem


class Part(NamedTuple):
    """A part of a request that is the same in every body that shares its cell."""

    cell: Cell
    value: Any
    is_static: bool


class StaticParts:
    """Remembers the plain values of cells without templates, which bodies share."""

    def __init__(self) -> None:
        self._known: dict[int, Part] = {}

    def part(self, cell: Cell, field: Field) -> Part:
        """The part; its value means something only where it is static."""
        known = self._known.get(id(cell))
        if known is None:
            is_static = not _has_template(cell)
            value = _ordered(value_of(cell), field) if is_static else None
            known = self._known[id(cell)] = Part(cell, value, is_static)
        return known


def _has_template(cell: Cell) -> bool:
    if isinstance(cell, Leaf):
        return isinstance(cell.value, str) and is_template(cell.value)
    if isinstance(cell, MapCell):
        return any(_has_template(inner) for inner in cell.entries.values())
    if isinstance(cell, ListCell):
        return any(_has_template(item) for item in cell.items)
    return False


def _ordered(value: Plain, field: Field) -> Plain:
    """A map in the order of the field table, so that equal bodies have equal bytes."""
    if not isinstance(value, dict) or not field.fields:
        return value
    known = {
        inner.name: _ordered(value[inner.name], inner)
        for inner in field.fields
        if inner.name in value
    }
    return known if len(known) == len(value) else known | value


class Renderer:
    """Renders one body. `problems` holds the templates that failed."""

    def __init__(self, root: MapCell, subject: Subject, static: StaticParts, texts: Texts) -> None:
        self.problems: list[Problem] = []
        self._static = static
        self._texts = texts
        self._vars = root.entries.get("vars")
        self._values: dict[int, Any] = {}
        self._rendering: list[tuple[int, str]] = []
        self._roots = MappingProxyType(
            {
                "vars": self._view("vars", self._vars),
                "env": _fixed_view("env", {"name": subject.environment}),
                "profile": _fixed_view(
                    "profile",
                    {
                        "name": subject.profile,
                        "description": subject.description,
                        "labels": _fixed_view("profile.labels", subject.labels),
                    },
                ),
            }
        )

    def session(self, cell: Cell | None) -> dict[str, Any]:
        """The plain session; what failed to render is left out."""
        session: dict[str, Any] = {}
        if not isinstance(cell, MapCell):
            return session
        entries = cell.entries
        for field in SESSION.fields:
            inner = entries.get(field.name)
            if inner is None or type(inner) is Gone:
                continue
            part = self._static.part(inner, field)
            value = part.value if part.is_static else self._rendered(inner, field)
            if value is not _FAILED:
                session[field.name] = value
        return session

    def lifetime(self, cell: Cell | None) -> dict[str, Any] | None:
        """The plain lifetime, or `None` where none is asked for."""
        if not isinstance(cell, MapCell):
            return None
        part = self._static.part(cell, EXPIRES_AFTER)
        value = part.value if part.is_static else self._rendered(cell, EXPIRES_AFTER)
        return value if isinstance(value, dict) else None

    def leaf(self, cell: Leaf) -> Plain:
        """One scalar's value, for who cannot wait; `None` where its template fails."""
        value = self._rendered(cell, SESSION)
        return None if value is _FAILED else value

    def _rendered(self, cell: Cell, field: Field | None) -> Any:
        """The plain value, with what fails noted and left out; `_FAILED` where it is all."""
        if isinstance(cell, Leaf):
            try:
                return self._leaf(cell)
            except _LeafFailedError as failure:
                self.problems.append(failure.problem)
                return _FAILED
        if isinstance(cell, MapCell):
            names = cell.entries
            if field is not None and field.fields:
                order = [inner.name for inner in field.fields if inner.name in names]
                names = {name: cell.entries[name] for name in (order if order else names)}
            values = {
                name: self._rendered(inner, field.by_name.get(name) if field else None)
                for name, inner in names.items()
                if type(inner) is not Gone
            }
            return {name: value for name, value in values.items() if value is not _FAILED}
        if isinstance(cell, ListCell):
            items = [self._rendered(item, None) for item in cell.items]
            return [item for item in items if item is not _FAILED]
        return _FAILED

    def _leaf(self, cell: Leaf) -> Any:
        text = cell.value
        if type(text) is not str or not is_template(text):
            return text
        try:
            return template(text).render(Names(self._roots, lambda: self._weaker(cell)))
        except TemplateError as failure:
            raise _LeafFailedError(self._problem(cell, failure)) from None

    def _weaker(self, cell: Leaf) -> Any:
        """What `super()` gives: the value that the next weaker layer has at this place."""
        under = cell.under
        if under is None or type(under) is Gone:
            raise KeyError("super")
        return self._strict(under)

    def _strict(self, cell: Cell) -> Any:
        """The plain value; a failure inside of it is raised, since a template waits for it."""
        if isinstance(cell, Leaf):
            return self._leaf(cell)
        if isinstance(cell, MapCell):
            return {
                name: self._strict(inner)
                for name, inner in cell.entries.items()
                if type(inner) is not Gone
            }
        return [self._strict(item) for item in cell.items] if isinstance(cell, ListCell) else None

    # ── vars ─────────────────────────────────────────────────────────────────────────────────────

    def _view(self, path: str, cell: Cell | None) -> View:
        entries = cell.entries if isinstance(cell, MapCell) else {}
        there = [name for name, inner in entries.items() if type(inner) is not Gone]

        def get(name: str) -> Any:
            inner = entries[name]
            if type(inner) is Gone:
                raise KeyError(name)
            return self._var(f"{path}.{name}", inner)

        return View(path, lambda: there, get)

    def _var(self, path: str, cell: Cell) -> Any:
        if isinstance(cell, MapCell):
            return self._view(path, cell)
        key = id(cell)
        if key not in self._values:
            self._enter(path, cell)
            try:
                self._values[key] = self._strict(cell)
            finally:
                self._rendering.pop()
        return self._values[key]

    def _enter(self, path: str, cell: Cell) -> None:
        keys = [key for key, _ in self._rendering]
        if id(cell) in keys:
            walk = [name for _, name in self._rendering[keys.index(id(cell)) :]] + [path]
            problem = Problem(wording.VARS_CYCLE, _place(cell), {"walk": " → ".join(walk)})
            raise _LeafFailedError(problem)
        self._rendering.append((id(cell), path))

    # ── problems ─────────────────────────────────────────────────────────────────────────────────

    def _problem(self, cell: Leaf, failure: TemplateError) -> Problem:
        at = cell.layer.origin(cell.mark)
        if failure.needle:
            at = within(self._texts(at.file), at, failure.needle)
        return Problem(failure.kind, at, failure.facts)


_FAILED: Any = object()


def _place(cell: Cell) -> Origin:
    return cell.layer.origin(cell.mark)


def _fixed_view(path: str, values: Mapping[str, Any]) -> View:
    return View(path, lambda: list(values), values.__getitem__)


def within(text: str, at: Origin, needle: str) -> Origin:
    """The place of a piece of a scalar inside of it; the scalar's own where it is not found."""
    start = _offset(text, at.line, at.column)
    found = text.find(needle, start, start + at.length)
    if found < 0:
        return at
    line = text.count("\n", 0, found) + 1
    return Origin(at.file, line, found - text.rfind("\n", 0, found), len(needle))


def _offset(text: str, line: int, column: int) -> int:
    offset = 0
    for _ in range(line - 1):
        offset = text.find("\n", offset) + 1
    return offset + column - 1


def var(root: MapCell, path: str) -> Cell | None:
    """The cell of a var, by its dotted path below `vars`."""
    return find(root.entries.get("vars"), path.split("."))
