"""What filters and tests the templates of profiles have, each with its work counted.

Jinja's own are kept where they can neither grow nor guess; the others are replaced. Whatever could
be much work is counted in the body's `Budget` before it is done.
"""

from collections.abc import Callable, Iterable, Iterator
from json import dumps
from typing import Any, NoReturn

import jinja2
from jinja2.filters import FILTERS, make_attrgetter
from jinja2.sandbox import SandboxedEnvironment
from jinja2.tests import TESTS

from voxmint.problems import Kind, nearest
from voxmint.profiles import wording
from voxmint.profiles.templates.template import (
    MAX_OUTPUT,
    Budget,
    TemplateError,
    View,
    as_text,
    bounded,
    finite,
    native,
)
from voxmint.profiles.values import briefly, described

_LONGEST_NUMBER = 400
_PLACES = 15
_INDENT = 8

FILTER_NAMES = (
    "abs", "capitalize", "default", "d", "dictsort", "first", "float", "int", "items", "join",
    "last", "length", "count", "list", "lower", "map", "max", "min", "reject", "rejectattr",
    "replace", "reverse", "round", "select", "selectattr", "sort", "string", "sum", "title",
    "tojson", "trim", "truncate", "unique", "upper", "wordcount",
)  # fmt: skip
TEST_NAMES = (
    "boolean", "defined", "divisibleby", "eq", "even", "false", "float", "ge", "gt", "in",
    "integer", "iterable", "le", "lower", "lt", "mapping", "ne", "none", "number", "odd",
    "sameas", "sequence", "string", "true", "undefined", "upper", "==", "!=", "<", "<=", ">", ">=",
)  # fmt: skip
_OF_TEXTS = ("capitalize", "lower", "string", "title", "trim", "upper", "wordcount")
_OF_UNDEFINED = ("defined", "undefined")
_OF_NUMBERS = ("divisibleby", "even", "odd")
IN_PEACE = ("default", "d", *_OF_UNDEFINED)


class Counting(SandboxedEnvironment):
    """An environment that counts the work of the rendering that is going on."""

    @property
    def budget(self) -> Budget:
        """What the work is counted in."""
        raise NotImplementedError


def fail(kind: Kind, needle: str = "", line: int | None = None, **facts: object) -> NoReturn:
    """Raises the `TemplateError` of a kind, about a piece or a line of the template."""
    raise TemplateError(kind, facts, needle, line)


def size(value: Any) -> int:
    """How much work it is to look at a value once, all that is in it included."""
    if isinstance(value, str):
        return len(value) // 16 + 1
    if isinstance(value, View):
        return len(value) + 1
    return _size_inside(value) if isinstance(value, dict | list | tuple) else 1


def _size_inside(value: Any) -> int:
    parts, characters, waiting = 0, 0, [value]
    while waiting:
        inner = waiting.pop()
        parts += 1
        if parts > MAX_OUTPUT:
            # A list that holds itself eight times over, eight times over, is small only in memory.
            fail(wording.TEMPLATE_TOO_MUCH, what=f"a value of more than {MAX_OUTPUT} parts")
        if isinstance(inner, str):
            characters += len(inner)
        elif isinstance(inner, dict):
            waiting += inner.values()
        elif isinstance(inner, list | tuple):
            waiting += inner
    return parts + characters // 16


def added(left: Any, right: Any) -> Any:
    """Two texts or two lists in one, unless that were too much."""
    if len(left) + len(right) > MAX_OUTPUT:
        fail(wording.TEMPLATE_TOO_MUCH, what=f"a value of more than {MAX_OUTPUT} parts")
    whole = left + right
    size(whole)
    return whole


def demand(value: Any) -> None:
    """That a value is defined; the error of its name where it is not."""
    if isinstance(value, jinja2.Undefined):
        value()  # to call an undefined value of any class raises its error


def demand_all(value: Any) -> None:
    """That a value is defined, with all that is in it."""
    demand(value)
    inner = value.values() if isinstance(value, dict) else value
    for one in inner if isinstance(value, dict | list | tuple) else ():
        demand_all(one)


def finalize(value: Any) -> Any:
    """Every value that is written into a text goes through here."""
    demand(value)
    return as_text(value, "")


@jinja2.pass_environment
def _counted(environment: Counting, values: Iterable[Any]) -> Iterator[Any]:
    for value in values:
        environment.budget.spend()
        yield value


@jinja2.pass_environment
def _weighed(environment: Counting, value: Any) -> Any:
    environment.budget.spend(size(value))
    return value


def _demanded(value: Any) -> Any:
    demand(value)
    return value


@jinja2.pass_environment
def _concatenated(environment: Counting, values: list[Any]) -> str:
    texts = [finalize(value) for value in values]
    environment.budget.spend(sum(map(size, texts)))
    return bounded("".join(texts), environment.budget)


def _of_text(work: Callable[..., Any]) -> Callable[..., Any]:
    """A filter of texts, which would else take anything for its name in memory."""

    @jinja2.pass_environment
    def of_text(environment: Counting, value: Any, *options: Any, **named: Any) -> Any:
        text = finalize(value)
        # To trim many characters from many is as much work as both numbers multiplied.
        environment.budget.spend(size(text) * sum(map(size, (*options, *named.values()))))
        return work(text, *options, **named)

    return of_text


def _of_defined(test: Any) -> Callable[..., bool]:
    """A test that would else answer for a name that is not defined: misspelt ones are not null."""

    def of_defined(value: Any, *options: Any) -> bool:
        for one in (value, *options):
            demand(one)
        return bool(test(value, *options))

    return of_defined


def _given(work: Callable[..., Any]) -> Callable[..., Any]:
    """A filter that would else take a name that is not defined for nothing, or for its value."""

    def given(value: Any) -> Any:
        demand(value)
        return work(value)

    return given


def _of_number(name: str, test: Any) -> Callable[..., bool]:
    """A test of numbers, which Python would else begin to write into a text."""

    def of_number(value: Any, *options: Any) -> bool:
        for one in (value, *options):
            demand(one)
            if not isinstance(one, int | float):
                said = f"`{name}` needs a number, not {_found(one)}"
                fail(wording.TEMPLATE_FAILED, name, said=said)
        return bool(test(value, *options))

    return of_number


def _found(value: Any) -> str:
    """How a value is called where it is told what it should be."""
    return described(value) if isinstance(value, str | list | None) else "a map"


_NO_NUMBER: Any = object()


def _to_number(name: str, work: Callable[..., Any]) -> Callable[..., Any]:
    """A filter that reads numbers; Jinja's own makes 0 of what is none, and nobody sees it."""

    def to_number(value: Any, default: Any = _NO_NUMBER, *options: Any, **named: Any) -> Any:
        demand(value)
        if isinstance(value, str) and len(value) > _LONGEST_NUMBER:
            fail(wording.TEMPLATE_TOO_MUCH, what="a number beyond 64 bits")
        found = work(value, _NO_NUMBER, *options, **named)
        if found is not _NO_NUMBER:
            return finite(found)
        if default is not _NO_NUMBER:
            return default
        said = f"`{name}` needs a number, not {_found(value)}; write `{name}(0)` to take 0 for it"
        fail(wording.TEMPLATE_FAILED, name, said=said)

    return to_number


def _rounded(value: Any, precision: Any = 0, method: str = "common") -> Any:
    demand(value)
    if not isinstance(value, int | float):
        said = f"`round` needs a number, not {_found(value)}"
        fail(wording.TEMPLATE_FAILED, "round", said=said)
    if not isinstance(precision, int) or abs(precision) > _PLACES:
        fail(wording.TEMPLATE_FAILED, "round", said=f"`round` takes up to {_PLACES} places")
    return finite(FILTERS["round"](value, precision, method))


@jinja2.pass_environment
def _summed(
    environment: Counting, values: Iterable[Any], attribute: Any = None, start: Any = 0
) -> Any:
    demand(start)
    if not isinstance(start, int | float):
        fail(wording.TEMPLATE_FAILED, "sum", said="`sum` adds numbers (join texts with `join`)")
    return finite(FILTERS["sum"](environment, values, attribute, start))


@jinja2.pass_environment
def _json(environment: Counting, value: Any, indent: int | None = None) -> str:
    """A value as JSON; Jinja's own filter writes it for HTML."""
    if indent is not None and indent not in range(_INDENT + 1):
        fail(wording.TEMPLATE_FAILED, "tojson", said=f"`tojson` indents by up to {_INDENT}")
    value = listed(value)
    demand_all(value)
    plain = native(value, "", environment.budget)
    text = dumps(plain, ensure_ascii=False, sort_keys=True, indent=indent)
    return bounded(text, environment.budget)


@jinja2.pass_environment
def _replaced(
    environment: Counting, text: Any, old: Any, new: Any, count: int | None = None
) -> str:
    text, old, new = finalize(text), finalize(old), finalize(new)
    times = text.count(old)
    if count is not None and count >= 0:
        times = min(count, times)
    if len(text) + times * len(new) > MAX_OUTPUT:
        fail(wording.TEMPLATE_TOO_MUCH, what=f"more than {MAX_OUTPUT} characters")
    replaced = str(text.replace(old, new, times))
    environment.budget.spend(size(replaced))
    return replaced


@jinja2.pass_environment
def _joined(
    environment: Counting,
    values: Iterable[Any],
    separator: str = "",
    attribute: str | None = None,
) -> str:
    if attribute is not None:
        values = map(make_attrgetter(environment, attribute), values)
    texts = [finalize(value) for value in values]
    separator = finalize(separator)
    if sum(map(len, texts)) + len(texts) * len(separator) > MAX_OUTPUT:
        fail(wording.TEMPLATE_TOO_MUCH, what=f"more than {MAX_OUTPUT} characters")
    joined = separator.join(texts)
    environment.budget.spend(size(joined))
    return joined


def listed(value: Any) -> Any:
    """What filters such as `map` give is a generator; its items are what is meant."""
    return list(value) if isinstance(value, Iterator) else value


def check_known(kind: str, name: Any, known: tuple[str, ...], line: int | None = None) -> None:
    """That a filter or test is one of those there are."""
    if name in known:
        return
    text = name if isinstance(name, str) else briefly(name)
    # What Jinja knows is meant as it is written; it is not there.
    near = {} if text in FILTERS or text in TESTS else nearest(text, known)
    fail(wording.TEMPLATE_FORBIDDEN, text, line, what=f"the {kind} `{text}`", **near)


def filters() -> dict[str, Any]:
    """The filters of the closed environment, by name; some are only wrapped round other parts."""
    made: dict[str, Any] = {name: FILTERS[name] for name in FILTER_NAMES}
    made["counted"] = _counted  # wrapped round what a loop runs over
    made["weighed"] = _weighed  # wrapped round what a filter or test is given
    made["demanded"] = _demanded  # wrapped round the bounds of a slice
    made["concatenated"] = _concatenated  # stands for `~`
    made |= {name: _of_text(FILTERS[name]) for name in _OF_TEXTS}
    made["replace"] = _replaced
    made["join"] = _joined
    made |= {name: _to_number(name, FILTERS[name]) for name in ("int", "float")}
    made |= {name: _given(FILTERS[name]) for name in ("abs", "items")}
    made["round"] = _rounded
    made["sum"] = _summed
    made["tojson"] = _json
    return made


def tests() -> dict[str, Any]:
    """The tests of the closed environment, by name."""
    made: dict[str, Any] = {
        name: TESTS[name] if name in _OF_UNDEFINED else _of_defined(TESTS[name])
        for name in TEST_NAMES
    }
    return made | {name: _of_number(name, TESTS[name]) for name in _OF_NUMBERS}
