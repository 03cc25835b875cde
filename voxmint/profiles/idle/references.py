"""Which vars a template looks at, as far as its text tells: never too few.

Paths are without the leading `vars`. The empty path is all of them: where a template takes `vars`
as a whole, as in a loop or `vars[name]`, any of them may be meant.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from voxmint.profiles.cells import Cell, Gone, Leaf, ListCell, MapCell, chain
from voxmint.profiles.directives import has_directives
from voxmint.profiles.idle.entries import Keys
from voxmint.profiles.nodes import MapNode, Node, texts_in
from voxmint.profiles.templates.template import (
    MAP_METHODS,
    TEXT_METHODS,
    TemplateError,
    asks_super,
    is_template,
    template,
)

if TYPE_CHECKING:
    from jinja2 import nodes

References = frozenset[Keys]

NOTHING: References = frozenset()
EVERYTHING: References = frozenset(((),))
_METHODS = MAP_METHODS | TEXT_METHODS


def looks_at(references: References, path: Keys) -> bool:
    """Whether one of the references is to the path, to something below it or to all above it."""
    if path in references:
        return True  # as it is for most
    for reference in references:
        length = min(len(reference), len(path))
        if reference[:length] == path[:length]:
            return True
    return False


def named_by(trees: Sequence[MapNode]) -> References:
    """The vars that templates of layers name, whatever overrides them; as `Used` of one body."""
    parts = [tree.entries.get(name) for tree in trees for name in ("session", "expires_after")]
    own_vars = [tree.entries["vars"] for tree in trees if "vars" in tree.entries]
    found = NOTHING.union(*map(_in_texts, parts))
    waiting = list(found)
    while waiting:
        path = waiting.pop()
        more = NOTHING.union(*(_in_texts(_decisive_node(node, path)) for node in own_vars))
        waiting += more - found
        found |= more
    return found


def _in_texts(node: Node | None) -> References:
    texts = () if node is None else texts_in(node)
    named = (text.value for text in texts if isinstance(text.value, str) and "{" in text.value)
    return NOTHING.union(*map(references, named))


def _decisive_node(node: Node, path: Keys) -> Node | None:
    """What of a layer's vars has a say on the value at a path, as `_decisive` of cells."""
    for name in path:
        if not isinstance(node, MapNode) or has_directives(node):
            break
        inner = node.entries.get(name)
        if inner is None:
            return None
        node = inner
    return node


class Used:
    """Finds the vars that bodies use: those of their templates, and of vars that these use.

    What bodies share is looked at once, and is recognised by its identity: the cells must live as
    long as this does.
    """

    def __init__(self) -> None:
        self._texts: dict[str, References] = {}
        self._cells: dict[int, References] = {}

    def of_body(self, root: MapCell) -> References:
        """The vars that a body's session and lifetime use."""
        entries = root.entries
        used = self._of_cell(entries.get("session"))
        lifetime = self._of_cell(entries.get("expires_after"))
        used = used | lifetime if lifetime else used
        vars_cell = entries.get("vars")
        return used if vars_cell is None else self._with_used_by_vars(used, vars_cell)

    def _with_used_by_vars(self, used: References, vars_cell: Cell) -> References:
        waiting, seen = list(used), used
        while waiting:
            more = self._of_cell(_decisive(vars_cell, waiting.pop()))
            if more:
                waiting += more - seen
                seen |= more
        return seen

    def _of_cell(self, cell: Cell | None) -> References:
        if type(cell) is Leaf:
            return self._in_leaf(cell) if _may_be_template(cell) else NOTHING
        if cell is None or type(cell) is Gone:
            return NOTHING
        known = self._cells.get(id(cell))
        if known is None:
            known = NOTHING
            for inner in _within(cell):
                if type(inner) is Leaf and (type(inner.value) is not str or "{" not in inner.value):
                    continue  # as most are
                more = self._of_cell(inner)
                if more:
                    known = known | more if known else more
            self._cells[id(cell)] = known
        return known

    def _in_leaf(self, cell: Leaf) -> References:
        """The leaf's own, and what `super()` brings in: without recursion, layers may be many."""
        found: set[Keys] = set()
        while isinstance(cell.value, str) and is_template(cell.value):
            found |= self._in_text(cell.value)
            under = cell.under
            if under is None or not asks_super(cell.value):
                break
            if type(under) is not Leaf:
                found |= self._of_cell(under)
                break
            cell = under
        return frozenset(found)

    def _in_text(self, text: str) -> References:
        known = self._texts.get(text)
        if known is None:
            known = self._texts[text] = references(text)
        return known


def _may_be_template(cell: Leaf) -> bool:
    return type(cell.value) is str and "{" in cell.value


def references(text: str) -> References:
    """The vars that a template's text names."""
    if "vars" not in text:
        return NOTHING
    try:
        paths = template(text).slots
        if paths is not None:
            return frozenset([path[1:] for path in paths if path and path[0] == "vars"])
        from voxmint.profiles.templates.sandbox import syntax_tree

        return frozenset(_in_tree(syntax_tree(text)))
    except (TemplateError, RecursionError):
        return EVERYTHING


def _in_tree(node: "nodes.Node") -> Iterator[Keys]:
    """The paths below the name `vars`, each as far as its parts are constants."""
    from jinja2 import nodes

    parts: list[str] = []
    below: list[nodes.Node] = []
    inner: nodes.Node = node
    while isinstance(inner, nodes.Getattr | nodes.Getitem):
        part = _part(inner)
        parts = [] if part is None else [part, *parts]
        below += [inner.arg] if isinstance(inner, nodes.Getitem) else []
        inner = inner.node
    if isinstance(inner, nodes.Name) and inner.name == "vars":
        yield tuple(parts)
    else:
        below = list(node.iter_child_nodes())
    for child in below:
        yield from _in_tree(child)


def _part(node: "nodes.Getattr | nodes.Getitem") -> str | None:
    """The key that is looked up; `None` where it is not a constant, or names a method."""
    from jinja2 import nodes

    if isinstance(node, nodes.Getattr):
        return None if node.attr in _METHODS else node.attr
    key = node.arg.value if isinstance(node.arg, nodes.Const) else None
    return key if isinstance(key, str) else None


def _within(cell: Cell) -> Iterable[Cell]:
    """What is in a map or a list.

    Of a map with a type all the types that it has had: a change is found by looking at them.
    """
    if type(cell) is ListCell:
        return cell.items
    if type(cell) is not MapCell:
        return ()
    kind = cell.entries.get("type")
    if kind is None or kind.under is None:
        return cell.entries.values()
    before = (one for one in chain(kind.under) if type(one) is Leaf)
    return (*cell.entries.values(), *before)


def _decisive(cell: Cell, path: Keys) -> Cell | None:
    """What has to be worked out for the value at a path: a var above it, or it and all below."""
    for name in path:
        if not isinstance(cell, MapCell):
            break
        inner = cell.entries.get(name)
        if inner is None:
            return None
        cell = inner
    return cell
