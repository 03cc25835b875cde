"""Text with templates in it: Jinja, closed off, strict and bounded.

A template sees the names it is given and nothing else: no imports, macros, loops over large
ranges, attributes of Python's objects, no clock and no chance. Which parts of Jinja are allowed is
a list of allowed parts, not of forbidden ones. Work is counted, not timed, so that a build never
depends on how busy the machine is.

Most templates are plain text with `{{ vars.x }}` and `{{ super() }}` in it; these are recognised
and filled in without Jinja, to the same result (a property test holds the two equal), because
compiling a template costs more than everything else that happens to a profile.
"""

import math
import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from functools import lru_cache
from types import BuiltinMethodType, FunctionType, MappingProxyType, MethodType
from typing import TYPE_CHECKING, Any, NamedTuple

from voxmint.problems import Kind, nearest
from voxmint.profiles import wording
from voxmint.profiles.values import Plain, described

if TYPE_CHECKING:
    from voxmint.profiles.templates.sandbox import Sandboxed

MAX_OUTPUT = 65_536
"""How many characters a template, or any value on the way to its result, may have."""

MAX_WORK = 200_000
"""How many units of work the templates of one body may do together."""

TEXT_METHODS = frozenset(
    ("capitalize", "endswith", "lower", "split", "startswith", "strip", "lstrip", "rstrip",
     "title", "upper", "removeprefix", "removesuffix")
)  # fmt: skip
MAP_METHODS = frozenset(("get", "items", "keys", "values"))

FIXED = MappingProxyType({"env": ("name",), "profile": ("name", "description", "labels")})
"""The names whose maps are the same for every body, and what is in these."""

_LARGEST = 2.0**63
_NAME = r"[A-Za-z_][A-Za-z0-9_]*"
_SIMPLE = re.compile(
    r"\{\{(?<!\{\{\{)[ \t\n]*(?:(super)\(\)|((?:vars|env|profile)(?:\."
    + _NAME
    + r")+))[ \t\n]*\}\}"
)
_OPENING = re.compile(r"\{\{|\{%|\{#")
_METHODS = TEXT_METHODS | MAP_METHODS
_NULLS = frozenset(("null", "Null", "NULL"))
"""What YAML calls null, and a template `none`."""


class TemplateError(Exception):
    """A template cannot be rendered: the kind of problem, its facts, and the text it is about.

    `needle` is the piece of the template where the problem stands, or "" for all of it; `line` is
    the line of the value it stands on, from 1, where that is known. `path` is what was looked at,
    where that is known; `others` are what else is wrong.
    """

    def __init__(
        self,
        kind: Kind,
        facts: Mapping[str, object],
        needle: str = "",
        line: int | None = None,
    ) -> None:
        super().__init__(kind.code)
        self.kind = kind
        self.facts = facts
        self.needle = needle
        self.line = line
        self.path: tuple[str, ...] = ()
        self.others: Sequence[TemplateError] = ()


class Budget:
    """Counts the work of the templates of one body."""

    __slots__ = ("left",)

    def __init__(self) -> None:
        self.left = MAX_WORK

    def spend(self, units: int = 1) -> None:
        """Counts work before it is done; `TemplateError` where there is too much of it."""
        self.left -= units
        if self.left < 0:
            what = f"more than {MAX_WORK} steps of work"
            raise TemplateError(wording.TEMPLATE_TOO_MUCH, {"what": what})


class View:
    """A map as a template sees it: its values are worked out when they are asked for.

    `path` is how the template writes it (`vars`, `vars.audio`); `get` raises `KeyError`.
    """

    __slots__ = ("_get", "_names", "path")

    def __init__(
        self, path: str, names: Callable[[], Collection[str]], get: Callable[[str], Any]
    ) -> None:
        self.path = path
        self._names = names
        self._get = get

    def __getitem__(self, name: str) -> Any:
        return self._get(name)

    def __iter__(self) -> Iterator[str]:
        return iter(self._names())

    def __len__(self) -> int:
        return len(self._names())

    def __contains__(self, name: object) -> bool:
        return name in self._names()

    def keys(self) -> list[str]:
        """The names of the values."""
        return list(self._names())

    def values(self) -> list[Any]:
        """The values, all worked out."""
        return [self._get(name) for name in self._names()]

    def items(self) -> list[tuple[str, Any]]:
        """Names and values together."""
        return [(name, self._get(name)) for name in self._names()]

    def get(self, name: str, default: Any = None) -> Any:
        """The value of a name, or the default where it has none."""
        return self._get(name) if name in self._names() else default


Mapping.register(View)


def _nothing_known(_: tuple[str, ...]) -> Plain:
    return None


class Names(NamedTuple):
    """What a template can use.

    `roots` are the names it sees; `known` is a quick way to the values of paths below them that
    need no work (it may not know one); `weaker` gives what `super()` does, or raises `KeyError`;
    `budget` is the body's.
    """

    roots: Mapping[str, View]
    weaker: Callable[[], Plain]
    budget: Budget
    known: Callable[[tuple[str, ...]], Plain] = _nothing_known


class _Slot(NamedTuple):
    """A place to fill in: `super()`, or a path below one of the names."""

    text: str
    path: tuple[str, ...]

    def value(self, names: Names) -> Any:
        if not self.path:
            return super_value(names)
        known = names.known(self.path)
        if known is not None:
            return known
        value: Any = names.roots[self.path[0]]
        for depth, part in enumerate(self.path[1:], start=1):
            value = _item(value, part, ".".join(self.path[: depth + 1]))
        return value

    def alone(self, names: Names) -> Plain:
        """The value, where there is nothing round it."""
        try:
            return native(self.value(names), self.text, names.budget)
        except TemplateError as failure:
            failure.path = self.path
            raise


class _Simple(NamedTuple):
    """Text with slots in it."""

    parts: tuple[str | _Slot, ...]

    def render(self, names: Names) -> Plain:
        parts = self.parts
        if len(parts) == 1 and isinstance(parts[0], _Slot):
            return parts[0].alone(names)
        texts: list[str] = []
        failures: dict[str, TemplateError] = {}
        for part in parts:
            if isinstance(part, str):
                texts.append(part)
                continue
            try:
                value = part.value(names)
                texts.append(value if type(value) is str else as_text(value, part.text))
            except TemplateError as failure:
                failure.path = part.path
                failures.setdefault(part.text, failure)
        if failures:
            first, *first.others = failures.values()
            raise first
        return bounded("".join(texts), names.budget)


class Template(NamedTuple):
    """A template that can be rendered; `render` raises `TemplateError`.

    `simple` is what it is made of, where it is only text and what is filled in.
    """

    render: Callable[[Names], Plain]
    simple: _Simple | None = None

    @property
    def slots(self) -> tuple[tuple[str, ...], ...] | None:
        """The paths that are filled in; `None` where it takes Jinja to say which.

        `super()` is the empty path, `{{ vars.room }}` is `("vars", "room")`.
        """
        if self.simple is None:
            return None
        return tuple([part.path for part in self.simple.parts if type(part) is _Slot])


def is_template(text: str) -> bool:
    """Whether there is anything to render in the text."""
    return "{" in text and _OPENING.search(text) is not None


def asks_super(value: object) -> bool:
    """Whether the value is a text whose template may look at what the weaker layers give."""
    return isinstance(value, str) and "super" in value and is_template(value)


@lru_cache(maxsize=65_536)
def template(text: str) -> Template:
    """The text as a template; `TemplateError` where it is none."""
    _check_length(text, "it is longer than")
    simple = _simple(text)
    if simple is not None:
        return Template(simple.render, simple)
    return Template(_sandboxed(text).render)


def sandboxed(text: str) -> Template:
    """As `template`, but always by Jinja: what the quick way is compared with."""
    _check_length(text, "it is longer than")
    return Template(_sandboxed(text).render)


def _sandboxed(text: str) -> "Sandboxed":
    from voxmint.profiles.templates.sandbox import Sandboxed  # Jinja costs 60 ms to import

    return Sandboxed(text)


def _simple(text: str) -> _Simple | None:
    """The text as plain parts and slots; `None` where it is more than that."""
    if "\r" in text:
        return None
    # Between two pieces of text there are two groups, of which one has matched.
    pieces = _SIMPLE.split(text)
    parts: list[str | _Slot] = []
    for index in range(0, len(pieces), 3):
        plain = pieces[index]
        if plain:
            if is_template(plain):
                return None
            parts.append(plain)
        if index + 1 < len(pieces):
            slot = _slot(pieces[index + 1] or pieces[index + 2])
            if slot is None:
                return None
            parts.append(slot)
    return _Simple(tuple(parts))


@lru_cache(maxsize=4096)
def _slot(path: str) -> _Slot | None:
    """The slot of `super` or of a path; `None` where it takes Jinja to say what the path means."""
    if path == "super":
        return _Slot("super()", ())
    names = tuple(path.split("."))
    return _Slot(path, names) if _METHODS.isdisjoint(names) else None


def _item(value: Any, name: str, path: str) -> Any:
    if isinstance(value, Mapping):
        try:
            return value[name]
        except KeyError:
            raise undefined(path, name, value) from None
    raise nameless(value, name)


def nameless(value: Any, name: str) -> TemplateError:
    """The error for a name that is looked for in what has none but a few methods, if any."""
    is_plain = value is None or isinstance(value, str | int | float | list)
    what = f"`.{name}` of {described(value)}" if is_plain else f"`.{name}`"
    # What `map(attribute='upper')` asks for is there, and is no entry.
    is_misspelt = isinstance(value, str) and name not in TEXT_METHODS
    near = nearest(name, TEXT_METHODS) if is_misspelt else {}
    return TemplateError(wording.TEMPLATE_FORBIDDEN, {"what": what, **near}, name)


def undefined(path: str, name: str, known: Any) -> TemplateError:
    """The error for a name that is not there; `known` are the names that are."""
    names = [key for key in known if isinstance(key, str)]
    # `vars.bed-count` is read as a subtraction.
    cut = [key for key in names if key.startswith(f"{name}-")]
    near = {"nearest": cut[0]} if cut else nearest(name, names)
    if path in _NULLS:
        near = {"nearest": "none"}
    if near:
        near["nearest"] = _written(path[: len(path) - len(name)], near["nearest"])
    lacking = {
        fact: path.removeprefix(prefix)
        for fact, prefix in (("var", "vars."), ("label", "profile.labels."))
        if path.startswith(prefix)
    }
    return TemplateError(wording.UNDEFINED_NAME, {"name": path, **near, **lacking}, path)


def _written(prefix: str, name: str) -> str:
    """A path as a template has to write it: `vars.town`, `vars['bed-count']`."""
    if name.isidentifier() or not prefix:
        return prefix + name
    return f"{prefix.removesuffix('.')}[{name!r}]"


def super_value(names: Names) -> Plain:
    """What `super()` gives; an error where no weaker layer has a value."""
    try:
        return names.weaker()
    except KeyError:
        raise TemplateError(wording.NO_SUPER, {}, "super()") from None


def as_text(value: Any, needle: str) -> str:
    """A value inside of a text: only what has one obvious way to be written."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return str(value)
    if isinstance(value, _UNCALLED):
        raise _uncalled(value, needle)
    what = "null" if value is None else "a list or a map"
    said = f"{what} cannot stand inside of a text; use default(…), join(…) or tojson"
    raise TemplateError(wording.TEMPLATE_FAILED, {"said": said}, needle)


def native(value: Any, needle: str, budget: Budget) -> Plain:
    """The value of a lone expression, with its own type."""
    budget.spend()
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int | float):
        finite(value)
        return value
    if isinstance(value, str):
        return bounded(str(value), budget)
    if isinstance(value, Mapping):
        return {as_text(key, needle): native(value[key], needle, budget) for key in value}
    if isinstance(value, list | tuple):
        return [native(item, needle, budget) for item in value]
    if isinstance(value, _UNCALLED):
        raise _uncalled(value, needle)
    said = "the expression gives nothing that a request can hold"
    raise TemplateError(wording.TEMPLATE_FAILED, {"said": said}, needle)


_UNCALLED = (FunctionType, MethodType, BuiltinMethodType)


def _uncalled(value: Any, needle: str) -> TemplateError:
    name = value.__qualname__.rpartition(".")[2]
    said = f"`{name}` gives its value where it is called: write `{name}()`"
    return TemplateError(wording.TEMPLATE_FAILED, {"said": said}, needle or name)


def finite(number: Any) -> Any:
    """The number, unless JSON cannot hold it or it is absurdly large."""
    if abs(number) > _LARGEST or not math.isfinite(number):
        raise TemplateError(wording.TEMPLATE_TOO_MUCH, {"what": "a number beyond 64 bits"})
    return number


def bounded(text: str, budget: Budget) -> str:
    """The text, unless it is too long or no text at all."""
    if len(text) > MAX_OUTPUT:
        _check_length(text, "it writes more than")
    budget.spend(len(text) // 16)
    if not text.isascii():
        _check_characters(text)
    return text


def _check_length(text: str, what: str) -> None:
    if len(text) > MAX_OUTPUT:
        what = f"{what} {MAX_OUTPUT} characters"
        raise TemplateError(wording.TEMPLATE_TOO_MUCH, {"what": what})


def _check_characters(text: str) -> None:
    try:
        text.encode()
    except UnicodeEncodeError:
        said = "half of a surrogate pair is no character"
        raise TemplateError(wording.TEMPLATE_FAILED, {"said": said}) from None
