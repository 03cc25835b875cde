"""Which parts of Jinja a template may have, and where work is counted in it.

A list of what is allowed, not of what is forbidden: what Jinja learns is not there by itself.
"""

from typing import Any, NoReturn, cast

from jinja2 import nodes

from voxmint.profiles import wording
from voxmint.profiles.templates.filters import FILTER_NAMES, TEST_NAMES, check_known, fail
from voxmint.profiles.templates.template import TemplateError, finite

MAX_NESTING = 64
"""How deep the parts of a template may stand in each other."""
MAX_PARTS = 10_000
"""How many parts a template may have."""
WORK_OF_A_PART = 8
"""To compile a part takes as long as many steps of rendering do."""

_PARTS: tuple[type[nodes.Node], ...] = (
    nodes.Template, nodes.Output, nodes.TemplateData, nodes.For, nodes.If, nodes.Assign,
    nodes.Name, nodes.Const, nodes.Tuple, nodes.List, nodes.Dict, nodes.Pair,
    nodes.CondExpr, nodes.Filter, nodes.Test, nodes.Call, nodes.Keyword, nodes.Getitem,
    nodes.Getattr, nodes.Slice, nodes.Concat, nodes.Compare, nodes.Operand, nodes.Not, nodes.And,
    nodes.Or, nodes.Neg, nodes.Pos, nodes.Add, nodes.Sub, nodes.Mul, nodes.Div, nodes.FloorDiv,
    nodes.Mod,
)  # fmt: skip
_NAMED = {
    nodes.Macro: "macros", nodes.CallBlock: "call blocks", nodes.Include: "include",
    nodes.Import: "import", nodes.FromImport: "import", nodes.Extends: "extends",
    nodes.Block: "blocks", nodes.Pow: "powers (`**`)", nodes.FilterBlock: "filter blocks",
    nodes.AssignBlock: "set blocks", nodes.NSRef: "`set` of a part", nodes.Scope: "autoescape",
}  # fmt: skip
RESERVED = frozenset(("vars", "env", "profile", "super"))


def fail_nested() -> NoReturn:
    """Raises the error of a template whose parts stand too deep in each other."""
    fail(wording.TEMPLATE_TOO_MUCH, what="it is nested too deep")


def check(node: nodes.Node, depth: int) -> int:
    """That every part of the template is one of those allowed; how many there are."""
    if depth > MAX_NESTING:
        fail_nested()
    if not isinstance(node, _PARTS):
        name = _NAMED.get(type(node), type(node).__name__.lower())
        fail(wording.TEMPLATE_FORBIDDEN, line=node.lineno, what=name)
    _check_itself(node)
    parts = 1
    for inner in node.iter_child_nodes():
        parts += check(inner, depth + 1)
        if parts > MAX_PARTS:
            fail(wording.TEMPLATE_TOO_MUCH, what=f"it has more than {MAX_PARTS} parts")
    return parts


def _check_itself(node: nodes.Node) -> None:
    match node:
        case nodes.Name():
            _check_name(node)
        case nodes.Filter() | nodes.Test():
            _check_worker(node)
        case nodes.Const(value=int() | float()):
            finite(node.value)
        case nodes.Call():
            _check_arguments(node.kwargs)
        case nodes.For(recursive=True):
            fail(wording.TEMPLATE_FORBIDDEN, "recursive", node.lineno, what="recursive loops")


def _check_name(name: nodes.Name) -> None:
    if name.name == "self":
        fail(wording.TEMPLATE_FORBIDDEN, "self", name.lineno, what="`self`")
    if name.ctx == "store" and name.name in RESERVED:
        what = f"`{name.name}` as a name"
        fail(wording.TEMPLATE_FORBIDDEN, f"set {name.name}", name.lineno, what=what)


def _check_worker(worker: nodes.Filter | nodes.Test) -> None:
    _check_arguments(worker.kwargs)
    if isinstance(worker, nodes.Filter):
        check_known("filter", worker.name, FILTER_NAMES, worker.lineno)
    else:
        check_known("test", worker.name, TEST_NAMES, worker.lineno)


def _check_arguments(named: list[Any]) -> None:
    """That no argument is given twice by its name, which Python says only when it compiles."""
    seen: set[str] = set()
    for argument in named:
        if argument.key in seen:
            said = f"the argument `{argument.key}` is given twice"
            raise TemplateError(
                wording.TEMPLATE_SYNTAX, {"said": said}, argument.key, argument.lineno
            )
        seen.add(argument.key)


def count_work(tree: nodes.Template) -> None:
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
            _demand_bounds(item.arg)
    for comparison in list(tree.find_all(nodes.Compare)):
        comparison.expr = _filter(comparison.expr, "weighed")
    for operand in list(tree.find_all(nodes.Operand)):
        operand.expr = _filter(operand.expr, "weighed")
    _replace(tree)


def _demand_bounds(part: nodes.Slice) -> None:
    for bound in ("start", "stop", "step"):
        given = getattr(part, bound)
        if given is not None:
            setattr(part, bound, _filter(given, "demanded"))


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


def is_lone(tree: nodes.Template) -> bool:
    """Whether the template is exactly one expression."""
    if len(tree.body) != 1 or not isinstance(tree.body[0], nodes.Output):
        return False
    parts = tree.body[0].nodes
    return len(parts) == 1 and not isinstance(parts[0], nodes.TemplateData)
