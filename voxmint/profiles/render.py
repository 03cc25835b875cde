"""Renders the merged values of one body: templates in, plain values out.

Rendering comes after the merge, so a value cannot inject YAML, and templates that were overridden
are never looked at. A template sees `vars`, `env`, `profile` and `super()`.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from voxmint.origin import dotted
from voxmint.problems import Problem, Related
from voxmint.profiles import wording
from voxmint.profiles.cells import Cell, Gone, Leaf, ListCell, MapCell, origin
from voxmint.profiles.fields import EXPIRES_AFTER, SESSION, Field
from voxmint.profiles.templates.template import (
    Budget,
    Names,
    TemplateError,
    View,
    asks_super,
    is_template,
    template,
)
from voxmint.profiles.values import Plain, Scalar

if TYPE_CHECKING:
    from voxmint.profiles.templates.problems import Texts

Looks = Callable[[tuple[str, ...], Cell], None]
"""What is told of each var that a template looks at: its path, such as `("vars", "room")`."""

MAX_NESTED = 40
"""How many templates may wait for each other: a var in a var in a var."""


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
        return cls(_about_environment(environment), _about_profile(profile, description, labels))


def _about_environment(name: str) -> View:
    return _fixed_view("env", {"name": name})


def _about_profile(name: str, description: str | None, labels: Mapping[str, Scalar]) -> View:
    labels_view = _fixed_view("profile.labels", labels)
    about = {"name": name, "description": description, "labels": labels_view}
    return _fixed_view("profile", about)


class _LeafFailedError(TemplateError):
    """A template failed; its problems, of which there is one at least, are already located."""

    def __init__(self, *problems: Problem) -> None:
        super().__init__(problems[0].kind, problems[0].facts)
        self.problems = problems


class Part(NamedTuple):
    """A part of a request, such as its `turn_detection`, before it is rendered for a body."""

    name: str
    cell: Cell
    field: Field | None
    is_static: bool
    value: Any
    """What it is in every body, where it is static: nothing in it is a template."""


class SharedParts:
    """Remembers what bodies share, so that it is worked out once.

    Cells are known by their identity: they are kept beside what is remembered of them.
    """

    def __init__(self) -> None:
        self._parts: dict[int, Part] = {}
        self._maps: dict[int, tuple[MapCell, tuple[Part, ...]]] = {}
        self._last: dict[int, Any] = {}
        self._environments: dict[str, View] = {}
        self._profiles: dict[str, View] = {}

    def subject(
        self,
        profile: str,
        environment: str,
        description: str | None,
        labels: Mapping[str, Scalar],
    ) -> Subject:
        """As `Subject.of`; what is said of a profile and of an environment is made once."""
        env = self._environments.get(environment)
        if env is None:
            env = self._environments[environment] = _about_environment(environment)
        about = self._profiles.get(profile)
        if about is None:
            about = self._profiles[profile] = _about_profile(profile, description, labels)
        return Subject(env, about)

    def of_map(self, cell: MapCell, field: Field | None) -> tuple[Part, ...]:
        """The parts of a map, such as a session, in the order of the field table."""
        known = self._maps.get(id(cell))
        if known is None:
            known = self._maps[id(cell)] = (cell, self._parts_of(cell, field))
        return known[1]

    def _parts_of(self, cell: MapCell, field: Field | None) -> tuple[Part, ...]:
        parts: list[Part] = []
        for name, inner, below in _in_order(cell, field):
            if type(inner) is Leaf:
                # Most are, and one is as soon made as found.
                value = inner.value
                is_static = type(value) is not str or not is_template(value)
                part = (name, inner, below, is_static, value if is_static else _DYNAMIC)
                parts.append(tuple.__new__(Part, part))
            elif type(inner) is not Gone:
                parts.append(self.part(name, inner, below))
        return tuple(parts)

    def part(self, name: str, cell: Cell, field: Field | None) -> Part:
        """One part, by its cell."""
        known = self._parts.get(id(cell))
        if known is None:
            known = self._parts[id(cell)] = _part(name, cell, field)
        return known

    def same(self, part: Part, value: Any) -> Any:
        """The value; where the last body had an equal one here, that very object.

        What is checked once is recognised by its identity.
        """
        last = self._last.get(id(part.cell))
        # Most that differ are told apart by `==`, which is quick.
        if last is not None and last == value and _is_same(last, value):
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


_DYNAMIC: Any = object()


def _part(name: str, cell: Cell, field: Field | None) -> Part:
    value = _static_value(cell, field)
    return Part(name, cell, field, value is not _DYNAMIC, value)


def _static_value(cell: Cell, field: Field | None) -> Any:
    """The plain value, the same in every body; `_DYNAMIC` where there is a template in it.

    Maps are in the order of the field table, so that equal bodies have equal bytes.
    """
    if type(cell) is Leaf:
        value = cell.value
        return _DYNAMIC if type(value) is str and is_template(value) else value
    if isinstance(cell, MapCell):
        values: dict[str, Any] = {}
        for name, inner, below in _in_order(cell, field):
            if type(inner) is Leaf and type(inner.value) is not str:
                values[name] = inner.value  # without another call, since many are such
            elif type(inner) is not Gone:
                values[name] = value = _static_value(inner, below)
                if value is _DYNAMIC:
                    return _DYNAMIC
        return values
    if isinstance(cell, ListCell):
        items = [_static_value(item, None) for item in cell.items]
        return _DYNAMIC if any(item is _DYNAMIC for item in items) else items
    return None


class _Roots(Mapping[str, View]):
    """The names that a template sees; few look at them, so that of `vars` is made when asked for.

    Most values are found by `Renderer._known` before.
    """

    __slots__ = ("_renderer",)

    def __init__(self, renderer: "Renderer") -> None:
        self._renderer = renderer

    def __getitem__(self, name: str) -> View:
        return self._renderer.root(name)

    def __iter__(self) -> Iterator[str]:
        return iter(("vars", "env", "profile"))

    def __len__(self) -> int:
        return 3


class Renderer:
    """Renders one body. `problems` holds the templates that failed, `failed` their cells' ids.

    `looks`, where it is given, is told of each var that is looked at.
    """

    __slots__ = (
        "_budget",
        "_looks",
        "_nested",
        "_rendering",
        "_shared",
        "_subject",
        "_texts",
        "_values",
        "_vars",
        "_vars_view",
        "failed",
        "problems",
    )

    def __init__(
        self,
        root: MapCell,
        subject: Subject,
        shared: SharedParts,
        texts: "Texts",
        looks: Looks | None = None,
    ) -> None:
        self.problems: list[Problem] = []
        self.failed: set[int] = set()
        self._looks = looks
        self._shared = shared
        self._texts = texts
        self._values: dict[int, Any] = {}
        self._rendering: list[tuple[Cell, tuple[str, ...]]] = []
        self._nested = 0
        self._budget = Budget()
        vars_cell = root.entries.get("vars")
        self._vars = vars_cell.entries if isinstance(vars_cell, MapCell) else {}
        self._vars_view: View | None = None
        self._subject = subject

    def session(self, cell: Cell | None) -> dict[str, Any]:
        """The plain session; what failed to render is left out."""
        if not isinstance(cell, MapCell):
            return {}
        session: dict[str, Any] = {}
        for part in self._shared.of_map(cell, SESSION):
            name, _, _, is_static, fixed = part
            value = fixed if is_static else self._part(part)
            if value is not _FAILED:
                session[name] = value
        return session

    def lifetime(self, cell: Cell | None) -> dict[str, Any] | None:
        """The plain lifetime, or `None` where none is asked for."""
        if not isinstance(cell, MapCell):
            return None
        part = self._shared.part(EXPIRES_AFTER.name, cell, EXPIRES_AFTER)
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
        if type(cell) is Leaf:
            try:
                return self._leaf(cell)
            except _LeafFailedError as failure:
                for problem in failure.problems:
                    self._note(problem)
                self.failed.add(id(cell))
                return _FAILED
        if type(cell) is MapCell:
            values: dict[str, Any] = {}
            for name, inner, below, is_static, fixed in self._shared.of_map(cell, field):
                value = fixed if is_static else self._rendered(inner, below)
                if value is not _FAILED:
                    values[name] = value
            return values
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
            self._budget.spend(0)  # to compile what can no longer be rendered is work for nothing
            names = Names(_Roots(self), partial(self._weaker, cell), self._budget, self._known)
            return template(text).render(names)
        except TemplateError as failure:
            raise _LeafFailedError(*self._problems_of(cell, failure)) from None
        finally:
            self._nested -= 1

    def _problems_of(self, cell: Leaf, failure: TemplateError) -> Collection[Problem]:
        """What is wrong with a scalar's template, or with templates that it waits for."""
        from voxmint.profiles.templates.problems import template_problem  # most templates are right

        found: dict[int, Problem] = {}
        for one in (failure, *failure.others):
            problems: Collection[Problem] = (
                one.problems
                if isinstance(one, _LeafFailedError)
                else (template_problem(cell, one, self._texts, self._vars),)
            )
            found |= {id(problem): problem for problem in problems}
        return found.values()

    def _known(self, path: tuple[str, ...]) -> Plain:
        """The value that a name has without work; `None` for whatever takes more to find."""
        if len(path) != 2:
            return None
        root, name = path
        if root != "vars":
            value: Plain = self.root(root).get(name)
            return value
        cell = self._vars.get(name)
        if type(cell) is not Leaf or (type(cell.value) is str and is_template(cell.value)):
            return None
        if self._looks is not None:
            self._looks(path, cell)
        return cell.value

    def _weaker(self, cell: Leaf) -> Any:
        """What `super()` gives: the value that the next weaker layer has at this place."""
        under = cell.under
        if under is None or type(under) is Gone:
            raise KeyError("super")
        if type(under) is Leaf and not (type(under.value) is str and is_template(under.value)):
            return under.value
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
                self._values[key] = failure
        value = self._values[key]
        if isinstance(value, _LeafFailedError):
            raise _LeafFailedError(*value.problems)
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

    # ── names ─────────────────────────────────────────────────────────────────────────────────────

    def root(self, name: str) -> View:
        """What a template sees by one of its names."""
        if name == "vars":
            if self._vars_view is None:
                self._vars_view = self._view(("vars",), self._vars)
            return self._vars_view
        return self._subject.env if name == "env" else self._subject.profile

    def _view(self, path: tuple[str, ...], entries: Mapping[str, Cell]) -> View:
        there = {name: inner for name, inner in entries.items() if type(inner) is not Gone}

        def get(name: str) -> Any:
            return self._var((*path, name), there[name])

        return View(dotted(path), there.keys, get)

    def _var(self, path: tuple[str, ...], cell: Cell) -> Any:
        if isinstance(cell, MapCell):
            key = id(cell)
            if key not in self._values:
                self._values[key] = self._view(path, cell.entries)
            return self._values[key]
        if self._looks is not None:
            self._looks(path, cell)
        self._enter(path, cell)
        try:
            return self._once(cell)
        finally:
            self._rendering.pop()

    def _enter(self, path: tuple[str, ...], cell: Cell) -> None:
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


_FAILED: Any = object()
_STEP = 10


def _asks_super(cell: Leaf) -> bool:
    return asks_super(cell.value)


def _too_nested() -> TemplateError:
    what = f"it needs more than {MAX_NESTED} others, each through the next"
    return TemplateError(wording.TEMPLATE_TOO_MUCH, {"what": what})


def _cycle(walk: Sequence[tuple[Cell, tuple[str, ...]]]) -> Problem:
    """The problem of vars in a circle, the same one from wherever the circle was entered."""
    named = [(cell, dotted(path)) for cell, path in walk]
    names = [name for _, name in named]
    first = names.index(min(names))
    (start, name), *others = (*named[first:], *named[:first])
    circle = " → ".join((name, *(other for _, other in others), name))
    facts = {"walk": circle} if others else {"walk": circle, "var": name}
    related = tuple(Related(origin(cell), _set_here(other, cell)) for cell, other in others)
    remark = _set_here(name, start) if others else ""
    return Problem(wording.VARS_CYCLE, origin(start), facts, related, remark=remark)


def _set_here(name: str, cell: Cell) -> str:
    return f"`{name}` is set here ({cell.layer})"


def _in_order(cell: MapCell, field: Field | None) -> list[tuple[str, Cell, Field | None]]:
    """A map's entries in the order of the field table, where the table knows the map."""
    entries = cell.entries
    if field is None or not field.fields:
        return [(name, inner, None) for name, inner in entries.items()]
    return [
        (name, entries[name], known) for name, known in field.by_name.items() if name in entries
    ]


def _fixed_view(path: str, values: Mapping[str, Any]) -> View:
    return View(path, values.keys, values.__getitem__)
