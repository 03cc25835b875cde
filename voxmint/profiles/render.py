"""Renders the merged values of one body: templates in, plain values out.

Rendering comes after the merge, so a value cannot inject YAML, and templates that were overridden
are never looked at. A template sees `vars`, `env`, `profile` and `super()`.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import partial
from typing import Any, NamedTuple

from voxmint.origin import Origin
from voxmint.problems import Problem, Related
from voxmint.profiles import wording
from voxmint.profiles.cells import Cell, Gone, Leaf, ListCell, MapCell, key_origin, value_of
from voxmint.profiles.fields import EXPIRES_AFTER, SESSION, Field
from voxmint.profiles.scalar_places import ScalarPlaces, failing_part
from voxmint.profiles.templates import (
    Budget,
    Names,
    TemplateError,
    View,
    asks_super,
    is_template,
    template,
)
from voxmint.profiles.values import Plain, Scalar

MAX_NESTED = 40
"""How many templates may wait for each other: a var in a var in a var."""

Texts = Callable[[str], str]
"""Gives a file's text by its name, so that a problem can point into a template."""


class Subject(NamedTuple):
    """What templates may know of the body they are rendered for, besides its vars."""

    env: View
    profile: View

    @classmethod
    def of(
        cls,
        profile: str,
        environment: str,
        description: str | None,
        labels: Mapping[str, Scalar],
    ) -> "Subject":
        """The names `env` and `profile` of a body."""
        about = {
            "name": profile,
            "description": description,
            "labels": _fixed_view("profile.labels", labels),
        }
        return cls(_fixed_view("env", {"name": environment}), _fixed_view("profile", about))


class _LeafFailedError(Exception):
    """A template failed; its problem is already located."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.code)
        self.problem = problem


class Part(NamedTuple):
    """A part of a request, such as its `turn_detection`, before it is rendered for a body."""

    cell: Cell
    field: Field
    is_static: bool
    value: Any
    """What it is in every body, where it is static: nothing in it is a template."""


class SharedParts:
    """Remembers what bodies share, so that it is worked out once."""

    def __init__(self) -> None:
        self._parts: dict[int, Part] = {}
        self._sessions: dict[int, tuple[MapCell, tuple[Part, ...]]] = {}
        self._last: dict[int, Any] = {}

    def of_session(self, session: MapCell) -> tuple[Part, ...]:
        """The parts of a session, in the order of the field table."""
        known = self._sessions.get(id(session))
        if known is None:
            there = [(session.entries.get(field.name), field) for field in SESSION.fields]
            parts = tuple(
                self.part(cell, field)
                for cell, field in there
                if cell is not None and type(cell) is not Gone
            )
            known = self._sessions[id(session)] = (session, parts)
        return known[1]

    def part(self, cell: Cell, field: Field) -> Part:
        """One part, by its cell."""
        known = self._parts.get(id(cell))
        if known is None:
            is_static = not _has_template(cell)
            value = _ordered(value_of(cell), field) if is_static else None
            known = self._parts[id(cell)] = Part(cell, field, is_static, value)
        return known

    def same(self, part: Part, value: Any) -> Any:
        """The value; where the last body had an equal one here, that very object.

        What is checked once is recognised by its identity.
        """
        last = self._last.get(id(part.cell))
        if last is not None and _is_same(last, value):
            return last
        self._last[id(part.cell)] = value
        return value


def _is_same(one: Any, other: Any) -> bool:
    """Whether two plain values are equal, and `1`, `1.0` and `true` told apart."""
    if type(one) is not type(other):
        return False
    if type(one) is dict:
        return one.keys() == other.keys() and all(
            _is_same(inner, other[key]) for key, inner in one.items()
        )
    if type(one) is list:
        return len(one) == len(other) and all(map(_is_same, one, other))
    return bool(one == other)


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
    """Renders one body. `problems` holds the templates that failed, `failed` their cells' ids.

    `used`, where it is given, is filled with the vars that are looked at, by their paths.
    """

    def __init__(
        self,
        root: MapCell,
        subject: Subject,
        shared: SharedParts,
        texts: Texts,
        used: dict[str, Cell] | None = None,
    ) -> None:
        self.problems: list[Problem] = []
        self.failed: set[int] = set()
        self._used = used
        self._shared = shared
        self._texts = texts
        self._values: dict[int, Any] = {}
        self._rendering: list[tuple[Cell, str]] = []
        self._nested = 0
        self._budget = Budget()
        vars_cell = root.entries.get("vars")
        self._vars = vars_cell.entries if isinstance(vars_cell, MapCell) else {}
        self._roots = {
            "vars": self._view("vars", self._vars),
            "env": subject.env,
            "profile": subject.profile,
        }

    def session(self, cell: Cell | None) -> dict[str, Any]:
        """The plain session; what failed to render is left out."""
        if not isinstance(cell, MapCell):
            return {}
        session: dict[str, Any] = {}
        for part in self._shared.of_session(cell):
            value = part.value if part.is_static else self._part(part)
            if value is not _FAILED:
                session[part.field.name] = value
        return session

    def lifetime(self, cell: Cell | None) -> dict[str, Any] | None:
        """The plain lifetime, or `None` where none is asked for."""
        if not isinstance(cell, MapCell):
            return None
        part = self._shared.part(cell, EXPIRES_AFTER)
        value = part.value if part.is_static else self._part(part)
        return value if isinstance(value, dict) else None

    def _part(self, part: Part) -> Any:
        return self._shared.same(part, self._rendered(part.cell, part.field))

    def leaf(self, cell: Leaf) -> Plain:
        """One scalar's value, for who cannot wait; `None` where its template fails.

        The failure is no problem yet: the scalar may be overridden.
        """
        value: Plain = None
        with suppress(_LeafFailedError):
            value = self._leaf(cell)
        return value

    def _rendered(self, cell: Cell, field: Field | None) -> Any:
        """The plain value, with what fails noted and left out; `_FAILED` where it is all."""
        if isinstance(cell, Leaf):
            try:
                return self._leaf(cell)
            except _LeafFailedError as failure:
                self._note(failure.problem)
                self.failed.add(id(cell))
                return _FAILED
        if isinstance(cell, MapCell):
            values = {
                name: self._rendered(inner, known)
                for name, inner, known in _in_order(cell, field)
                if type(inner) is not Gone
            }
            return {name: value for name, value in values.items() if value is not _FAILED}
        if isinstance(cell, ListCell):
            items = [self._rendered(item, None) for item in cell.items]
            # What failed keeps its place, so that the items after it are found at theirs.
            return ["" if item is _FAILED else item for item in items]
        return _FAILED

    def _leaf(self, cell: Leaf) -> Any:
        text = cell.value
        if type(text) is not str or not is_template(text):
            return text
        self._nested += 1
        try:
            if self._nested > MAX_NESTED:
                raise _too_nested()
            names = Names(self._roots, partial(self._weaker, cell), self._budget, self._known)
            return template(text).render(names)
        except TemplateError as failure:
            raise _LeafFailedError(template_problem(cell, failure, self._texts)) from None
        finally:
            self._nested -= 1

    def _known(self, path: tuple[str, ...]) -> Plain:
        """The value of a var that is a plain scalar; `None` for whatever takes more to find."""
        if len(path) != 2 or path[0] != "vars":
            return None
        cell = self._vars.get(path[1])
        if type(cell) is not Leaf or (type(cell.value) is str and is_template(cell.value)):
            return None
        if self._used is not None:
            self._used[".".join(path)] = cell
        return cell.value

    def _weaker(self, cell: Leaf) -> Any:
        """What `super()` gives: the value that the next weaker layer has at this place."""
        under = cell.under
        if under is None or type(under) is Gone:
            raise KeyError("super")
        for layers, weaker in reversed(list(enumerate(self._waiting(under), start=1))):
            # From the weakest up, so that no number of layers is too many.
            if layers % _STEP == 0:
                with suppress(_LeafFailedError):
                    self._once(weaker)
        return self._once(under)

    def _waiting(self, cell: Cell | None) -> Iterator[Cell]:
        """The cell and those under it that `super()` has yet to work out."""
        while type(cell) is Leaf and id(cell) not in self._values and _asks_super(cell):
            yield cell
            cell = cell.under

    def _once(self, cell: Cell) -> Any:
        """The plain value, worked out once: much else may ask for it."""
        key = id(cell)
        if key not in self._values:
            try:
                self._values[key] = self._strict(cell)
            except _LeafFailedError as failure:
                self._values[key] = failure.problem
        value = self._values[key]
        if isinstance(value, Problem):
            raise _LeafFailedError(value)
        return value

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

    def _view(self, path: str, entries: Mapping[str, Cell]) -> View:
        there = {name: inner for name, inner in entries.items() if type(inner) is not Gone}

        def get(name: str) -> Any:
            return self._var(f"{path}.{name}", there[name])

        return View(path, there.keys, get)

    def _var(self, path: str, cell: Cell) -> Any:
        if isinstance(cell, MapCell):
            key = id(cell)
            if key not in self._values:
                self._values[key] = self._view(path, cell.entries)
            return self._values[key]
        if self._used is not None:
            self._used[path] = cell
        self._enter(path, cell)
        try:
            return self._once(cell)
        finally:
            self._rendering.pop()

    def _enter(self, path: str, cell: Cell) -> None:
        cells = [id(one) for one, _ in self._rendering]
        if id(cell) in cells:
            raise _LeafFailedError(_cycle(self._rendering[cells.index(id(cell)) :]))
        self._rendering.append((cell, path))

    # ── problems ─────────────────────────────────────────────────────────────────────────────────

    def _note(self, problem: Problem) -> None:
        """Notes a template that failed; that of too much work once, since all after it fail."""
        kinds = {noted.kind for noted in self.problems}
        if problem.kind is not wording.TEMPLATE_TOO_MUCH or problem.kind not in kinds:
            self.problems.append(problem)


def template_problem(cell: Leaf, failure: TemplateError, text_of: Texts) -> Problem:
    """The problem of a scalar whose template fails, at the part of it that fails."""
    at = cell.layer.origin(cell.mark)
    part = failing_part(str(cell.value), failure.needle, failure.line)
    if part is not None:
        at = ScalarPlaces(text_of(at.file), at, cell.style, str(cell.value)).of(*part)
    related = _taken_away(cell.under) if failure.kind is wording.NO_SUPER else ()
    return Problem(failure.kind, at, failure.facts, related)


def _taken_away(cell: Cell | None) -> tuple[Related, ...]:
    """Where the value was taken away that `super()` would else give."""
    if not isinstance(cell, Gone):
        return ()
    said = "it is unset here" if cell.why == "unset" else f"it {cell.why}"
    return (Related(key_origin(cell), said),)


_FAILED: Any = object()
_STEP = 10


def _asks_super(cell: Leaf) -> bool:
    return asks_super(cell.value)


def _too_nested() -> TemplateError:
    what = f"it needs more than {MAX_NESTED} others, each through the next"
    return TemplateError(wording.TEMPLATE_TOO_MUCH, {"what": what})


def _cycle(walk: Sequence[tuple[Cell, str]]) -> Problem:
    """The problem of vars in a circle, the same one from wherever the circle was entered."""
    names = [name for _, name in walk]
    first = names.index(min(names))
    circle = [*names[first:], *names[: first + 1]]
    return Problem(wording.VARS_CYCLE, _place(walk[first][0]), {"walk": " → ".join(circle)})


def _in_order(cell: MapCell, field: Field | None) -> list[tuple[str, Cell, Field | None]]:
    """A map's entries in the order of the field table, where the table knows the map."""
    entries = cell.entries
    if field is None or not field.fields:
        return [(name, inner, None) for name, inner in entries.items()]
    return [
        (known.name, entries[known.name], known) for known in field.fields if known.name in entries
    ]


def _place(cell: Cell) -> Origin:
    return cell.layer.origin(cell.mark)


def _fixed_view(path: str, values: Mapping[str, Any]) -> View:
    return View(path, values.keys, values.__getitem__)
