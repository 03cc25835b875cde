"""Jinja with everything taken away that a profile does not need.

The parts of a template that are allowed are listed; work is counted in the body's `Budget`: a unit
for each turn of a loop, each call, each filter, each operation, and one for a few characters
handled. Whatever could grow (repetition, joining, padding) is either not there or counted before it
happens.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextvars import ContextVar
from json import dumps
from typing import Any, NoReturn, cast

import jinja2
from jinja2 import nodes
from jinja2.filters import FILTERS
from jinja2.sandbox import SandboxedEnvironment
from jinja2.tests import TESTS

from voxmint.problems import Kind
from voxmint.profiles import wording
from voxmint.profiles.templates import (
    MAP_METHODS,
    MAX_OUTPUT,
    TEXT_METHODS,
    Budget,
    Names,
    TemplateError,
    View,
    as_text,
    bounded,
    finite,
    native,
    undefined,
)
from voxmint.profiles.values import Plain

MAX_NESTING = 64
"""How deep the parts of a template may stand in each other."""
_PLACES = 15
_INDENT = 8

_PARTS: tuple[type[nodes.Node], ...] = (
    nodes.Template, nodes.Output, nodes.TemplateData, nodes.For, nodes.If, nodes.Assign,
    nodes.Name, nodes.NSRef, nodes.Const, nodes.Tuple, nodes.List, nodes.Dict, nodes.Pair,
    nodes.CondExpr, nodes.Filter, nodes.Test, nodes.Call, nodes.Keyword, nodes.Getitem,
    nodes.Getattr, nodes.Slice, nodes.Concat, nodes.Compare, nodes.Operand, nodes.Not, nodes.And,
    nodes.Or, nodes.Neg, nodes.Pos, nodes.Add, nodes.Sub, nodes.Mul, nodes.Div, nodes.FloorDiv,
    nodes.Mod,
)  # fmt: skip
_NAMED = {
    nodes.Macro: "macros", nodes.CallBlock: "call blocks", nodes.Include: "include",
    nodes.Import: "import", nodes.FromImport: "import", nodes.Extends: "extends",
    nodes.Block: "blocks", nodes.Pow: "powers (`**`)", nodes.FilterBlock: "filter blocks",
    nodes.AssignBlock: "set blocks",
}  # fmt: skip
_FILTERS = (
    "abs", "capitalize", "default", "d", "dictsort", "first", "float", "int", "items", "join",
    "last", "length", "count", "list", "lower", "map", "max", "min", "reject", "rejectattr",
    "replace", "reverse", "round", "select", "selectattr", "sort", "string", "sum", "title",
    "tojson", "trim", "truncate", "unique", "upper", "wordcount",
)  # fmt: skip
_TESTS = (
    "boolean", "defined", "divisibleby", "eq", "even", "false", "float", "ge", "gt", "in",
    "integer", "iterable", "le", "lower", "lt", "mapping", "ne", "none", "number", "odd",
    "sameas", "sequence", "string", "true", "undefined", "upper", "==", "!=", "<", "<=", ">", ">=",
)  # fmt: skip
_OF_TEXTS = ("capitalize", "lower", "string", "title", "trim", "upper", "wordcount")


def _fail(kind: Kind, needle: str = "", line: int | None = None, **facts: object) -> NoReturn:
    raise TemplateError(kind, facts, needle, line)


def _size(value: Any) -> int:
    """How much work it is to look at a value once, all that is in it included."""
    if isinstance(value, str):
        return len(value) // 16 + 1
    if not isinstance(value, dict | list | tuple):
        return 1
    size, waiting = 0, [value]
    while waiting:
        inner = waiting.pop()
        size += 1
        if size > MAX_OUTPUT:
            # A list that holds itself eight times over, eight times over, is small only in memory.
            _fail(wording.TEMPLATE_TOO_MUCH, what=f"a value of more than {MAX_OUTPUT} parts")
        if isinstance(inner, dict):
            waiting += inner.values()
        elif isinstance(inner, list | tuple):
            waiting += inner
    return size


class _Missing(jinja2.StrictUndefined):
    """A name that is not defined: any use of it but `default` and `is defined` is our error."""

    __slots__ = ()

    def __init__(
        self,
        hint: str | None = None,
        obj: Any = jinja2.utils.missing,
        name: Any = None,
        exc: Any = None,
    ) -> None:
        super().__init__(hint, obj, name, exc or jinja2.UndefinedError)

        def error(said: str) -> TemplateError:
            if name == "super()":
                return TemplateError(wording.NO_SUPER, {}, "super()")
            if name is None:
                return TemplateError(wording.TEMPLATE_FAILED, {"said": said})
            if isinstance(obj, str | list | tuple) and str(name).lstrip("-").isdigit():
                said = f"there is no item {name}"
                return TemplateError(wording.TEMPLATE_FAILED, {"said": said})
            if obj is not jinja2.utils.missing and not isinstance(obj, Mapping):
                return TemplateError(wording.TEMPLATE_FORBIDDEN, {"what": f"`.{name}`"}, str(name))
            prefix = f"{obj.path}." if isinstance(obj, View) else ""
            return undefined(f"{prefix}{name}", str(name), _names_in(obj))

        self._undefined_exception = error  # type: ignore[assignment]  # raised by what it returns


def _names_in(value: Any) -> Iterable[Any]:
    """The names that could have been meant, where one was looked for in a value."""
    if value is jinja2.utils.missing:
        return _RESERVED
    return value if isinstance(value, Mapping) else ()


_BUDGET: ContextVar[Budget] = ContextVar("budget")
"""That of the body whose template is being rendered, in this thread."""


class _Environment(SandboxedEnvironment):
    """The closed environment, shared by all templates."""

    intercepted_binops = frozenset(("+", "-", "*", "/", "//", "%"))
    intercepted_unops = frozenset(("-", "+"))

    def __init__(self) -> None:
        super().__init__(
            undefined=_Missing,
            keep_trailing_newline=True,
            cache_size=0,
            finalize=_finalize,
            # Constants would be worked out while compiling, before any work is counted.
            optimized=False,
        )
        self.globals = {}
        self.filters = {name: FILTERS[name] for name in _FILTERS}
        self.filters["counted"] = _counted  # wrapped round what a loop runs over
        self.filters["weighed"] = _weighed  # wrapped round what a filter or test is given
        self.filters["concatenated"] = _concatenated  # stands for `~`
        self.filters |= {name: _of_text(FILTERS[name]) for name in _OF_TEXTS}
        self.filters["replace"] = _replaced
        self.filters["join"] = _joined
        self.filters["round"] = _rounded
        self.filters["sum"] = _summed
        self.filters["tojson"] = _json
        self.tests = {name: TESTS[name] for name in _TESTS}

    @property
    def budget(self) -> Budget:
        """What the work of the rendering that is going on is counted in."""
        return _BUDGET.get()

    def getattr(self, obj: Any, attribute: str) -> Any:
        """A map's entry; else one of the few methods that texts and maps keep."""
        _demand(obj)
        if isinstance(obj, Mapping) and attribute in obj:
            return self._got(obj, attribute)
        methods = TEXT_METHODS if isinstance(obj, str) else MAP_METHODS
        if isinstance(obj, str | Mapping) and attribute in methods:
            return getattr(obj, attribute)
        if isinstance(obj, _LOOP) and attribute in _LOOP_NAMES:
            return getattr(obj, attribute)
        return self.undefined(obj=obj, name=attribute)

    def getitem(self, obj: Any, argument: Any) -> Any:
        _demand(obj)
        _demand(argument)
        if not isinstance(argument, str | int | float | None):
            _fail(wording.TEMPLATE_FAILED, said="an item is found by its name or its number")
        if isinstance(obj, Mapping):
            return self._got(obj, argument)
        if isinstance(obj, str | list | tuple) and isinstance(argument, int):
            try:
                return obj[argument]
            except IndexError:
                return self.undefined(obj=obj, name=str(argument))
        return self.undefined(obj=obj, name=str(argument))

    def _got(self, obj: Any, name: Any) -> Any:
        self.budget.spend()
        try:
            return obj[name]
        except KeyError:
            return self.undefined(obj=obj, name=name)

    def call(self, __context: Any, __obj: Any, *args: Any, **kwargs: Any) -> Any:
        for own in ("_loop_vars", "_block_vars"):
            kwargs.pop(own, None)  # of Jinja's own, for what asks for its context
        for argument in (*args, *kwargs.values()):
            _demand(argument)
        owner = getattr(__obj, "__self__", None)
        given = sum(map(_size, (*args, *kwargs.values())))
        self.budget.spend(given + 1)
        # To strip many characters from many is as much work as both numbers multiplied.
        self.budget.spend(_size(owner) * (given if isinstance(owner, str) and given else 1))
        if not getattr(__obj, "callable_in_template", False) and not isinstance(
            owner, str | Mapping
        ):
            _fail(wording.TEMPLATE_FORBIDDEN, what="this call")
        return __obj(*args, **kwargs)

    def call_filter(self, name: str, value: Any, *options: Any, **named: Any) -> Any:
        """A filter that `map` calls for each item; it is not wrapped in the template."""
        self._spend_on(value, *options, **named)
        found = super().call_filter(name, value, *options, **named)
        self.budget.spend(_size(found))
        return found

    def call_test(self, name: str, value: Any, *options: Any, **named: Any) -> Any:
        """A test that `select` and its like call for each item."""
        self._spend_on(value, *options, **named)
        return super().call_test(name, value, *options, **named)

    def _spend_on(
        self, value: Any, args: Any = None, kwargs: Any = None, *_: Any, **__: Any
    ) -> None:
        self.budget.spend(_size(value) + _size(list(args or ())) + _size(dict(kwargs or {})))

    def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:
        self.budget.spend(_size(left) + _size(right))
        if operator == "+" and type(left) is type(right) and isinstance(left, str | list):
            return _added(left, right)
        for operand in (left, right):
            _demand(operand)
            if not isinstance(operand, int | float):
                _fail(
                    wording.TEMPLATE_FAILED,
                    operator,
                    said=f"`{operator}` needs numbers (join texts with `~`)",
                )
        return finite(super().call_binop(context, operator, left, right))


_LOOP = jinja2.runtime.LoopContext
_LOOP_NAMES = frozenset(("index", "index0", "first", "last", "length", "revindex", "revindex0"))


def _added(left: Any, right: Any) -> Any:
    if len(left) + len(right) > MAX_OUTPUT:
        _fail(wording.TEMPLATE_TOO_MUCH, what=f"a value of more than {MAX_OUTPUT} parts")
    whole = left + right
    _size(whole)
    return whole


def _demand(value: Any) -> None:
    """That a value is defined; the error of its name where it is not."""
    if isinstance(value, jinja2.Undefined):
        value()  # to call an undefined value of any class raises its error


def _demand_all(value: Any) -> None:
    """That a value is defined, with all that is in it."""
    _demand(value)
    inner = value.values() if isinstance(value, dict) else value
    for one in inner if isinstance(value, dict | list | tuple) else ():
        _demand_all(one)


def _finalize(value: Any) -> Any:
    """Every value that is written into a text goes through here."""
    _demand(value)
    return as_text(value, "")


@jinja2.pass_environment
def _counted(environment: _Environment, values: Iterable[Any]) -> Iterator[Any]:
    for value in values:
        environment.budget.spend()
        yield value


@jinja2.pass_environment
def _weighed(environment: _Environment, value: Any) -> Any:
    environment.budget.spend(_size(value))
    return value


@jinja2.pass_environment
def _concatenated(environment: _Environment, values: list[Any]) -> str:
    texts = [_finalize(value) for value in values]
    environment.budget.spend(sum(map(_size, texts)))
    return bounded("".join(texts), environment.budget)


def _of_text(work: Callable[..., Any]) -> Callable[..., Any]:
    """A filter of texts, which would else take anything for its name in memory."""

    @jinja2.pass_environment
    def of_text(environment: _Environment, value: Any, *options: Any, **named: Any) -> Any:
        text = _finalize(value)
        # To trim many characters from many is as much work as both numbers multiplied.
        environment.budget.spend(_size(text) * sum(map(_size, (*options, *named.values()))))
        return work(text, *options, **named)

    return of_text


def _rounded(value: Any, precision: Any = 0, method: str = "common") -> Any:
    if not isinstance(precision, int) or abs(precision) > _PLACES:
        _fail(wording.TEMPLATE_FAILED, "round", said=f"`round` takes up to {_PLACES} places")
    return finite(FILTERS["round"](value, precision, method))


@jinja2.pass_environment
def _summed(
    environment: _Environment, values: Iterable[Any], attribute: Any = None, start: Any = 0
) -> Any:
    if not isinstance(start, int | float):
        _fail(wording.TEMPLATE_FAILED, "sum", said="`sum` adds numbers (join texts with `join`)")
    return finite(FILTERS["sum"](environment, values, attribute, start))


@jinja2.pass_environment
def _json(environment: _Environment, value: Any, indent: int | None = None) -> str:
    """A value as JSON; Jinja's own filter writes it for HTML."""
    if indent is not None and indent not in range(_INDENT + 1):
        _fail(wording.TEMPLATE_FAILED, "tojson", said=f"`tojson` indents by up to {_INDENT}")
    value = _listed(value)
    _demand_all(value)
    plain = native(value, "", environment.budget)
    text = dumps(plain, ensure_ascii=False, sort_keys=True, indent=indent)
    return bounded(text, environment.budget)


@jinja2.pass_environment
def _replaced(
    environment: _Environment, text: Any, old: Any, new: Any, count: int | None = None
) -> str:
    text, old, new = _finalize(text), _finalize(old), _finalize(new)
    times = text.count(old)
    if count is not None and count >= 0:
        times = min(count, times)
    if len(text) + times * len(new) > MAX_OUTPUT:
        _fail(wording.TEMPLATE_TOO_MUCH, what=f"more than {MAX_OUTPUT} characters")
    replaced = str(text.replace(old, new, times))
    environment.budget.spend(_size(replaced))
    return replaced


@jinja2.pass_environment
def _joined(
    environment: _Environment,
    values: Iterable[Any],
    separator: str = "",
    attribute: str | None = None,
) -> str:
    items = [value[attribute] if attribute else value for value in values]
    texts = [_finalize(item) for item in items]
    if sum(map(len, texts)) + len(texts) * len(separator) > MAX_OUTPUT:
        _fail(wording.TEMPLATE_TOO_MUCH, what=f"more than {MAX_OUTPUT} characters")
    joined = separator.join(texts)
    environment.budget.spend(_size(joined))
    return joined


_ENVIRONMENT = _Environment()


class Sandboxed:
    """One template, compiled by Jinja."""

    def __init__(self, text: str) -> None:
        tree = syntax_tree(text)
        _check(tree, 0)
        _count_work(tree)
        self._is_lone = _lone(tree)
        if self._is_lone:
            # As Jinja's own compile_expression does it: the value is kept in a variable.
            (output,) = tree.body
            assert isinstance(output, nodes.Output)  # noqa: S101  # _lone has just seen it
            line = output.nodes[0].lineno
            name = nodes.Name("result", "store", lineno=line)
            tree.body = [nodes.Assign(name, output.nodes[0], lineno=line)]
            tree.set_environment(_ENVIRONMENT)
        try:
            self._template = _ENVIRONMENT.from_string(tree)
        except (SyntaxError, RecursionError, MemoryError):
            # Python, which Jinja writes, allows only so many blocks in each other.
            _fail_nested()

    def render(self, names: Names) -> Plain:
        """The rendered text, or the value of a lone expression; `TemplateError` where it fails."""
        outer = _BUDGET.set(names.budget)
        try:
            return self._rendered(names)
        except TemplateError as failure:
            failure.line = failure.line or self._line_of(failure)
            raise
        except jinja2.TemplateError as failure:
            _fail(wording.TEMPLATE_FAILED, line=self._line_of(failure), said=str(failure))
        except RecursionError:
            _fail_nested()
        except _FAILURES as failure:
            _fail(wording.TEMPLATE_FAILED, line=self._line_of(failure), said=_plainly(failure))
        finally:
            _BUDGET.reset(outer)

    def _line_of(self, failure: Exception) -> int | None:
        """The template's line that was being worked out; `None` where none was."""
        found = None
        step = failure.__traceback__
        while step is not None:
            if step.tb_frame.f_code.co_filename == _COMPILED:
                found = self._template.get_corresponding_lineno(step.tb_lineno)
            step = step.tb_next
        return found

    def _rendered(self, names: Names) -> Plain:
        context = self._template.new_context({**names.roots, "super": _super_of(names)})
        if self._is_lone:
            for _ in self._template.root_render_func(context):
                pass
            value = _listed(context.vars["result"])
            _demand_all(value)
            return native(value, "", names.budget)
        length, texts = 0, []
        for text in self._template.root_render_func(context):
            length += len(text)
            texts.append(text)
            if length > MAX_OUTPUT:
                break
        return bounded("".join(texts), names.budget)


_COMPILED = "<template>"
"""What Jinja calls the file of the code that it writes."""
_FAILURES = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    LookupError,
    RuntimeError,
    TypeError,
    ValueError,
)
"""What an expression can raise that cannot be worked out."""


def _fail_nested() -> NoReturn:
    _fail(wording.TEMPLATE_TOO_MUCH, what="it is nested too deep")


def _listed(value: Any) -> Any:
    """What filters such as `map` give is a generator; its items are what is meant."""
    return list(value) if isinstance(value, Iterator) else value


def _plainly(failure: Exception) -> str:
    return str(failure).splitlines()[0] if str(failure) else type(failure).__name__


def _super_of(names: Names) -> Callable[[], Any]:
    def weaker() -> Any:
        try:
            return names.weaker()
        except KeyError:
            return _ENVIRONMENT.undefined(name="super()")

    weaker.__qualname__ = "super"
    weaker.callable_in_template = True  # type: ignore[attr-defined]  # read by _Environment.call
    return weaker


def syntax_tree(text: str) -> nodes.Template:
    """The template's syntax tree; `TemplateError` where it has none."""
    try:
        return _ENVIRONMENT.parse(text)
    except jinja2.TemplateSyntaxError as failure:
        facts = {"said": str(failure.message)}
        raise TemplateError(wording.TEMPLATE_SYNTAX, facts, line=failure.lineno) from None
    except RecursionError:
        _fail_nested()
    except ValueError:
        _fail(wording.TEMPLATE_TOO_MUCH, what="a number beyond 64 bits")


def _check(node: nodes.Node, depth: int) -> None:
    """That every part of the template is one of those allowed."""
    if depth > MAX_NESTING:
        _fail_nested()
    if not isinstance(node, _PARTS) or (isinstance(node, nodes.For) and node.recursive):
        name = _NAMED.get(type(node), type(node).__name__.lower())
        _fail(wording.TEMPLATE_FORBIDDEN, line=node.lineno, what=name)
    match node:
        case nodes.Name():
            _check_name(node)
        case nodes.Filter() | nodes.Test():
            _check_worker(node)
        case nodes.Const(value=int() | float()):
            finite(node.value)
    for inner in node.iter_child_nodes():
        _check(inner, depth + 1)


_RESERVED = frozenset(("vars", "env", "profile", "super"))


def _check_name(name: nodes.Name) -> None:
    if name.name == "self":
        _fail(wording.TEMPLATE_FORBIDDEN, "self", name.lineno, what="`self`")
    if name.ctx == "store" and name.name in _RESERVED:
        what = f"`{name.name}` as a name"
        _fail(wording.TEMPLATE_FORBIDDEN, f"set {name.name}", name.lineno, what=what)


def _check_worker(worker: nodes.Filter | nodes.Test) -> None:
    known = _FILTERS if isinstance(worker, nodes.Filter) else _TESTS
    if worker.name not in known:
        what = f"the {type(worker).__name__.lower()} `{worker.name}`"
        _fail(wording.TEMPLATE_FORBIDDEN, worker.name, worker.lineno, what=what)


def _count_work(tree: nodes.Template) -> None:
    """Wraps whatever can be much work in filters that count it."""
    for loop in list(tree.find_all(nodes.For)):
        loop.iter = _filter(cast(nodes.Expr, loop.iter), "counted")
    for worker in list(tree.find_all((nodes.Filter, nodes.Test))):
        worker.node = _filter(worker.node, "weighed")
    for test in list(tree.find_all(nodes.Test)):
        # Whether something is in a list takes as long as the list is.
        test.args = [_filter(argument, "weighed") for argument in test.args]
    for item in list(tree.find_all(nodes.Getitem)):
        if isinstance(item.arg, nodes.Slice):
            item.node = _filter(item.node, "weighed")
    for comparison in list(tree.find_all(nodes.Compare)):
        comparison.expr = _filter(comparison.expr, "weighed")
    for operand in list(tree.find_all(nodes.Operand)):
        operand.expr = _filter(operand.expr, "weighed")
    _replace(tree)
    tree.set_environment(_ENVIRONMENT)


def _replace(node: nodes.Node) -> None:
    """Wraps `~`, and lists and maps that the template writes down, all through a node."""
    for inner in node.iter_child_nodes():
        _replace(inner)
    for name, value in list(node.iter_fields()):
        if isinstance(value, list):
            setattr(node, name, [_replacement(item) for item in value])
        elif isinstance(value, nodes.Node):
            setattr(node, name, _replacement(value))


def _replacement(node: Any) -> Any:
    if isinstance(node, nodes.Concat):
        return _filter(nodes.List(node.nodes, lineno=node.lineno), "concatenated")
    if isinstance(node, nodes.List | nodes.Dict):
        return _filter(node, "weighed")
    if isinstance(node, nodes.Tuple) and node.ctx == "load":
        return _filter(node, "weighed")
    return node


def _filter(node: nodes.Expr, name: str) -> nodes.Filter:
    return nodes.Filter(node, name, [], [], None, None, lineno=node.lineno)


def _lone(tree: nodes.Template) -> bool:
    """Whether the template is exactly one expression."""
    if len(tree.body) != 1 or not isinstance(tree.body[0], nodes.Output):
        return False
    parts = tree.body[0].nodes
    return len(parts) == 1 and not isinstance(parts[0], nodes.TemplateData)
