"""Renders the templates in merged plain values, and shares between bodies what they share."""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from benchmarks.plain.merging import ABSENT, Over
from voxmint.profiles.fields import EXPIRES_AFTER, SESSION, Field
from voxmint.profiles.render import MAX_NESTED
from voxmint.profiles.templates.template import Budget, Names, View, is_template, template

_DYNAMIC: Any = object()


class _Part(NamedTuple):
    """A part of a request: what was merged, and its value where nothing in it is a template."""

    name: str
    merged: Any
    field: Field | None
    value: Any


class Shared:
    """Remembers what is the same in several bodies; maps are known by their identity, and kept."""

    def __init__(self) -> None:
        self._parts: dict[int, _Part] = {}
        self._maps: dict[int, tuple[Any, tuple[_Part, ...]]] = {}
        self._last: dict[int, Any] = {}

    def of_map(self, merged: Mapping[str, Any], field: Field | None) -> tuple[_Part, ...]:
        """The parts of a map, in the order of the field table."""
        known = self._maps.get(id(merged))
        if known is None:
            parts = tuple(
                self.part(name, inner, below) for name, inner, below in _in_order(merged, field)
            )
            known = self._maps[id(merged)] = (merged, parts)
        return known[1]

    def part(self, name: str, merged: Any, field: Field | None) -> _Part:
        """One part, by its merged value."""
        if type(merged) not in (dict, list):
            return _Part(name, merged, field, _static(merged, field))
        known = self._parts.get(id(merged))
        if known is None:
            part = _Part(name, merged, field, _static(merged, field))
            known = self._parts[id(merged)] = part
        return known

    def same(self, part: _Part, value: Any) -> Any:
        """The value, or the equal one that the last body had here: that one is checked already."""
        last = self._last.get(id(part.merged))
        if last is not None and last == value and _is_same(last, value):
            return last
        self._last[id(part.merged)] = value
        return value


def _is_same(one: Any, other: Any) -> bool:
    """Whether two values are equal, and `1`, `1.0` and `true` told apart."""
    if type(one) is not type(other):
        return False
    if type(one) is dict:
        return one.keys() == other.keys() and all(
            _is_same(inner, other[key]) for key, inner in one.items()
        )
    if type(one) is list:
        return len(one) == len(other) and all(map(_is_same, one, other))
    return bool(one == other)


def _in_order(
    merged: Mapping[str, Any], field: Field | None
) -> Iterator[tuple[str, Any, Field | None]]:
    """A map's entries in the order of the field table, where the table knows the map."""
    if field is None or not field.fields:
        yield from ((name, inner, None) for name, inner in merged.items())
        return
    for known in field.fields:
        if known.name in merged:
            yield known.name, merged[known.name], known


def _static(merged: Any, field: Field | None) -> Any:
    """The value, the same in every body; `_DYNAMIC` where there is a template in it."""
    kind = type(merged)
    if kind is str:
        return _DYNAMIC if is_template(merged) else merged
    if kind is dict:
        values = {name: _static(inner, below) for name, inner, below in _in_order(merged, field)}
        return _DYNAMIC if any(value is _DYNAMIC for value in values.values()) else values
    if kind is list:
        items = [_static(item, None) for item in merged]
        return _DYNAMIC if any(item is _DYNAMIC for item in items) else items
    return _DYNAMIC if kind is Over else merged


class Renderer:
    """Renders one body."""

    def __init__(self, merged: Mapping[str, Any], env: View, profile: View, shared: Shared) -> None:
        self._vars: Mapping[str, Any] = merged.get("vars", {})
        self._shared = shared
        self._budget = Budget()
        self._values: dict[str, Any] = {}
        self._rendering: set[str] = set()
        self._nested = 0
        self._roots = {
            "vars": View("vars", self._vars.keys, self._var),
            "env": env,
            "profile": profile,
        }

    def session(self, merged: Mapping[str, Any]) -> dict[str, Any]:
        """The plain session."""
        return {
            part.name: self._part(part) if part.value is _DYNAMIC else part.value
            for part in self._shared.of_map(merged, SESSION)
        }

    def lifetime(self, merged: Mapping[str, Any] | None) -> Mapping[str, Any] | None:
        """The plain lifetime, or `None` where none is asked for."""
        if merged is None:
            return None
        part = self._shared.part(EXPIRES_AFTER.name, merged, EXPIRES_AFTER)
        lifetime: Mapping[str, Any] = self._part(part) if part.value is _DYNAMIC else part.value
        return lifetime

    def _part(self, part: _Part) -> Any:
        return self._shared.same(part, self._rendered(part.merged, part.field))

    def _rendered(self, merged: Any, field: Field | None) -> Any:
        kind = type(merged)
        if kind is str:
            return self._text(merged, ABSENT) if is_template(merged) else merged
        if kind is Over:
            return self._text(merged.text, merged.weaker)
        if kind is dict:
            return {
                part.name: (
                    self._rendered(part.merged, part.field)
                    if part.value is _DYNAMIC
                    else part.value
                )
                for part in self._shared.of_map(merged, field)
            }
        if kind is list:
            return [self._rendered(item, None) for item in merged]
        return merged

    def _text(self, text: str, under: Any) -> Any:
        def weaker() -> Any:
            if under is ABSENT:
                raise KeyError("super")
            return self._rendered(under, None)

        self._nested += 1
        if self._nested > MAX_NESTED:
            raise ValueError("too many templates that wait for each other")
        try:
            return template(text).render(Names(self._roots, weaker, self._budget, self._known))
        finally:
            self._nested -= 1

    def _known(self, path: tuple[str, ...]) -> Any:
        """The value that a name has without work; `None` for whatever takes more to find."""
        if len(path) != 2:
            return None
        root, name = path
        if root != "vars":
            return self._roots[root].get(name)
        value = self._vars.get(name)
        if type(value) in (dict, list, Over) or (type(value) is str and is_template(value)):
            return None
        return value

    def _var(self, name: str) -> Any:
        if name not in self._values:
            if name in self._rendering:
                raise ValueError(f"the var {name} needs itself")
            self._rendering.add(name)
            self._values[name] = self._rendered(self._vars[name], None)
        return self._values[name]
