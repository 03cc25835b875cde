"""Jinja with everything taken away that a profile does not need.

The parts of a template that are allowed are listed; work is counted in the body's `Budget`: a unit
for each turn of a loop, each call, each filter, each operation, one for a few characters handled,
and some for each part that is compiled. Whatever could grow (repetition, joining, padding) is
either not there or counted before it happens.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextvars import ContextVar
from types import MappingProxyType
from typing import Any

import jinja2
from jinja2 import nodes

from voxmint.profiles import wording
from voxmint.profiles.selectors import in_one_form
from voxmint.profiles.templates.failures import plainly
from voxmint.profiles.templates.filters import (
    FILTER_NAMES,
    IN_PEACE,
    TEST_NAMES,
    Counting,
    added,
    check_known,
    demand,
    demand_all,
    fail,
    filters,
    finalize,
    listed,
    size,
    tests,
)
from voxmint.profiles.templates.parts import (
    RESERVED,
    WORK_OF_A_PART,
    check,
    count_work,
    fail_nested,
    is_lone,
)
from voxmint.profiles.templates.template import (
    FIXED,
    MAP_METHODS,
    MAX_OUTPUT,
    TEXT_METHODS,
    Budget,
    Names,
    TemplateError,
    View,
    bounded,
    finite,
    nameless,
    native,
    undefined,
)
from voxmint.profiles.values import Plain


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
                return TemplateError(wording.TEMPLATE_FAILED, {"said": plainly(said)})
            if isinstance(obj, str | list | tuple) and str(name).lstrip("-").isdigit():
                said = f"there is no item {name}"
                return TemplateError(wording.TEMPLATE_FAILED, {"said": said})
            if obj is not jinja2.utils.missing and not isinstance(obj, Mapping):
                return nameless(obj, str(name))
            prefix = f"{obj.path}." if isinstance(obj, View) else ""
            return undefined(f"{prefix}{name}", str(name), _names_in(obj))

        self._undefined_exception = error  # type: ignore[assignment]  # raised by what it returns


def _names_in(value: Any) -> Iterable[Any]:
    """The names that could have been meant, where one was looked for in a value."""
    if value is jinja2.utils.missing:
        return RESERVED
    return value if isinstance(value, Mapping) else ()


_BUDGET: ContextVar[Budget] = ContextVar("budget")
"""That of the body whose template is being rendered, in this thread."""


class _Environment(Counting):
    """The closed environment, shared by all templates."""

    intercepted_binops = frozenset(("+", "-", "*", "/", "//", "%"))
    intercepted_unops = frozenset(("-", "+"))

    def __init__(self) -> None:
        super().__init__(
            undefined=_Missing,
            keep_trailing_newline=True,
            cache_size=0,
            finalize=finalize,
            # Constants would be worked out while compiling, before any work is counted.
            optimized=False,
        )
        self.globals = {}
        self.filters = filters()
        self.tests = tests()

    @property
    def budget(self) -> Budget:
        """What the work of the rendering that is going on is counted in."""
        return _BUDGET.get()

    def getattr(self, obj: Any, attribute: str) -> Any:
        """A map's entry; else one of the few methods that texts and maps keep."""
        demand(obj)
        self.budget.spend()
        if isinstance(obj, Mapping) and attribute in obj:
            return self._got(obj, attribute)
        methods = TEXT_METHODS if isinstance(obj, str) else MAP_METHODS
        if isinstance(obj, str | Mapping) and attribute in methods:
            return getattr(obj, attribute)
        if isinstance(obj, _LOOP) and attribute in _LOOP_NAMES:
            return getattr(obj, attribute)
        return self.undefined(obj=obj, name=attribute)

    def getitem(self, obj: Any, argument: Any) -> Any:
        demand(obj)
        demand(argument)
        self.budget.spend()
        if not isinstance(argument, str | int | float):
            fail(wording.TEMPLATE_FAILED, said="an item is found by its name or its number")
        if isinstance(obj, Mapping):
            return self._got(obj, argument)
        if isinstance(obj, str | list | tuple) and isinstance(argument, int):
            try:
                return obj[argument]
            except IndexError:
                return self.undefined(obj=obj, name=str(argument))
        return self.undefined(obj=obj, name=str(argument))

    def _got(self, obj: Any, name: Any) -> Any:
        try:
            return obj[name]
        except KeyError:
            return self.undefined(obj=obj, name=name)

    def call(self, __context: Any, __obj: Any, *args: Any, **kwargs: Any) -> Any:
        for own in ("_loop_vars", "_block_vars"):
            kwargs.pop(own, None)  # of Jinja's own, for what asks for its context
        for argument in (*args, *kwargs.values()):
            demand(argument)
        owner = getattr(__obj, "__self__", None)
        given = sum(map(size, (*args, *kwargs.values())))
        self.budget.spend(given + 1)
        # To strip many characters from many is as much work as both numbers multiplied.
        self.budget.spend(size(owner) * (given if isinstance(owner, str) and given else 1))
        if not getattr(__obj, "callable_in_template", False) and not isinstance(
            owner, str | Mapping
        ):
            fail(wording.TEMPLATE_FORBIDDEN, what="this call")
        return __obj(*args, **kwargs)

    def call_filter(self, name: str, value: Any, *options: Any, **named: Any) -> Any:
        """A filter that `map` calls for each item; it is not wrapped in the template."""
        check_known("filter", name, FILTER_NAMES)
        self._spend_on(value, *options, **named)
        found = super().call_filter(name, value, *options, **named)
        self.budget.spend(size(found))
        return found

    def call_test(self, name: str, value: Any, *options: Any, **named: Any) -> Any:
        """A test that `select` and its like call for each item."""
        check_known("test", name, TEST_NAMES)
        self._spend_on(value, *options, **named)
        return super().call_test(name, value, *options, **named)

    def _spend_on(
        self, value: Any, args: Any = None, kwargs: Any = None, *_: Any, **__: Any
    ) -> None:
        self.budget.spend(size(value) + size(list(args or ())) + size(dict(kwargs or {})))

    def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:
        self.budget.spend(size(left) + size(right))
        if operator == "+" and type(left) is type(right) and isinstance(left, str | list):
            return added(left, right)
        for operand in (left, right):
            demand(operand)
            if not isinstance(operand, int | float):
                fail(
                    wording.TEMPLATE_FAILED,
                    operator,
                    said=f"`{operator}` needs numbers (join texts with `~`)",
                )
        return finite(super().call_binop(context, operator, left, right))


_LOOP = jinja2.runtime.LoopContext
_LOOP_NAMES = frozenset(("index", "index0", "first", "last", "length", "revindex", "revindex0"))


_ENVIRONMENT = _Environment()


class Sandboxed:
    """One template, compiled by Jinja."""

    def __init__(self, text: str) -> None:
        tree = syntax_tree(text)
        self._parts = check(tree, 0)
        count_work(tree)
        tree.set_environment(_ENVIRONMENT)
        self._is_lone = is_lone(tree)
        if self._is_lone:
            # As Jinja's own compile_expression does it: the value is kept in a variable.
            (output,) = tree.body
            assert isinstance(output, nodes.Output)  # noqa: S101  # is_lone has just seen it
            line = output.nodes[0].lineno
            name = nodes.Name("result", "store", lineno=line)
            tree.body = [nodes.Assign(name, output.nodes[0], lineno=line)]
            tree.set_environment(_ENVIRONMENT)
        try:
            self._template = _ENVIRONMENT.from_string(tree)
        except (SyntaxError, RecursionError, MemoryError):
            # Python, which Jinja writes, allows only so many blocks in each other.
            fail_nested()

    def render(self, names: Names) -> Plain:
        """The rendered text, or the value of a lone expression; `TemplateError` where it fails."""
        outer = _BUDGET.set(names.budget)
        try:
            # That of compiling as well, whether or not another body has paid for it.
            names.budget.spend(self._parts * WORK_OF_A_PART)
            return self._rendered(names)
        except TemplateError as failure:
            failure.line = failure.line or self._line_of(failure)
            raise
        except jinja2.TemplateError as failure:
            fail(wording.TEMPLATE_FAILED, line=self._line_of(failure), said=_said_by(failure))
        except RecursionError:
            fail_nested()
        except _FAILURES as failure:
            fail(wording.TEMPLATE_FAILED, line=self._line_of(failure), said=_said_by(failure))
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
            value = listed(context.vars["result"])
            demand_all(value)
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


def _said_by(failure: Exception) -> str:
    return plainly(str(failure) or type(failure).__name__)


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
        tree = _ENVIRONMENT.parse(text)
    except jinja2.TemplateSyntaxError as failure:
        facts = {"said": str(failure.message).removesuffix(".")}
        raise TemplateError(wording.TEMPLATE_SYNTAX, facts, line=failure.lineno) from None
    except RecursionError:
        fail_nested()
    except ValueError:
        fail(wording.TEMPLATE_TOO_MUCH, what="a number beyond 64 bits")
    if "{#" in text or "raw" in text:
        _check_end(text)
    if not text.isascii():
        _name_in_one_form(tree)
    return tree


_UNENDED = MappingProxyType(
    {
        "comment_begin": "Missing end of comment tag",
        "raw_begin": "Missing end of raw directive",
    }
)
"""What Jinja says of what it finds to have no end, unless the text ends right behind it."""


def _check_end(text: str) -> None:
    """That a text does not end with the beginning of a remark, which Jinja takes for nothing."""
    *_, (line, kind, sign) = _ENVIRONMENT.lex(text)
    if kind in _UNENDED:
        fail(wording.TEMPLATE_SYNTAX, sign.strip(), line, said=_UNENDED[kind])


def _name_in_one_form(tree: nodes.Template) -> None:
    """Writes the names that are looked for in maps as the maps have them."""
    for dotted in tree.find_all(nodes.Getattr):
        dotted.attr = in_one_form(dotted.attr)
    looked_for: list[nodes.Node] = [item.arg for item in tree.find_all(nodes.Getitem)]
    for call in tree.find_all(nodes.Call):
        if isinstance(call.node, nodes.Getattr) and call.node.attr == "get":
            looked_for += call.args[:1]
    for compared in tree.find_all(nodes.Compare):
        among = compared.ops[0].expr
        if isinstance(among, nodes.Name) and among.name == "vars":  # others may be texts
            looked_for.append(compared.expr)
    for name in looked_for:
        if isinstance(name, nodes.Const) and isinstance(name.value, str):
            name.value = in_one_form(name.value)


def never_defined(text: str) -> Iterator[TemplateError]:
    """The errors for names that a template uses and that no vars and no heir can give it.

    One that it asks for in peace anywhere, by `default` or `is defined`, is left alone.
    """
    tree = syntax_tree(text)
    stored = {name.name for name in tree.find_all(nodes.Name) if name.ctx == "store"}
    asked = [
        worker.node
        for worker in tree.find_all((nodes.Filter, nodes.Test))
        if worker.name in IN_PEACE
    ]
    peaceful = {node.name for node in asked if isinstance(node, nodes.Name)}
    known = RESERVED | stored | peaceful | {"loop"}
    for name in tree.find_all(nodes.Name):
        if name.name not in known:
            error = undefined(name.name, name.name, RESERVED)
            error.line = name.lineno
            yield error
    for part in tree.find_all(nodes.Getattr):
        root = part.node.name if isinstance(part.node, nodes.Name) else ""
        known = frozenset(FIXED.get(root, (part.attr,))) | MAP_METHODS
        if part.attr not in known and part not in asked:
            error = undefined(f"{root}.{part.attr}", part.attr, FIXED[root])
            error.line = part.lineno
            yield error
