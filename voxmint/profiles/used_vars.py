"""The vars behind a value that a template gave: where they are set, should it be wrong."""

from collections.abc import Sequence
from typing import NamedTuple, TypeGuard

from voxmint.origin import dotted
from voxmint.profiles.cells import Cell, Gone, Leaf, MapCell, find
from voxmint.profiles.idle.references import references
from voxmint.profiles.templates.template import is_template

MOST = 3
"""How many are told: with more, where they are set explains nothing."""


class UsedVar(NamedTuple):
    """A var by its name, such as `vars.limits.low`, and the value that it has in a body."""

    name: str
    cell: Cell


def vars_behind(cell: Cell, root: MapCell) -> Sequence[UsedVar]:
    """The vars that a template names, and those that they use; none of what is no template."""
    found: list[UsedVar] = []
    waiting = [cell]
    for one in waiting:
        for used in _named_in(one, root):
            if used not in found and len(found) < MOST:
                found.append(used)
                waiting.append(used.cell)
    return found


def is_templated(cell: Cell) -> TypeGuard[Leaf]:
    """Whether a template stands here, which is yet to be rendered."""
    return type(cell) is Leaf and isinstance(cell.value, str) and is_template(cell.value)


def _named_in(cell: Cell, root: MapCell) -> Sequence[UsedVar]:
    if not is_templated(cell):
        return ()
    paths = (("vars", *path) for path in sorted(references(str(cell.value))) if path)
    cells = ((path, find(root, path)) for path in paths)
    return [
        UsedVar(dotted(path), one)
        for path, one in cells
        if one is not None and type(one) is not Gone
    ]
