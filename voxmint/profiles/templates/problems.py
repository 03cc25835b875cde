"""Says of a template that fails where it fails, and what else has to do with it."""

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType

from voxmint.problems import Problem, Related
from voxmint.profiles import wording
from voxmint.profiles.cells import Cell, Gone, Leaf, MapCell, key_origin
from voxmint.profiles.scalar_places import ScalarPlaces, failing_part
from voxmint.profiles.templates.template import TemplateError

Texts = Callable[[str], str]
"""Gives a file's text by its name, so that a problem can point into a template."""

_NONE: Mapping[str, Cell] = MappingProxyType({})


def template_problem(
    cell: Leaf, failure: TemplateError, text_of: Texts, given: Mapping[str, Cell] = _NONE
) -> Problem:
    """The problem of a scalar whose template fails, at the part of it that fails.

    `given` are the vars, as they are merged: one that is not what the template takes it for is
    shown where it is set.
    """
    at = cell.layer.origin(cell.mark)
    part = failing_part(str(cell.value), failure.needle, failure.line)
    if part is not None:
        at = ScalarPlaces(text_of(at.file), at, cell.style, str(cell.value)).of(*part)
    related = _taken_away(cell.under) if failure.kind is wording.NO_SUPER else ()
    facts = failure.facts
    if failure.kind is wording.UNDEFINED_NAME:
        _, found = _nearest(str(facts.get("var", "")).split("."), given)
        related = _taken_away(found) if found and found.under else ()
        if related:
            facts = {**facts, "unset": f"{related[0].at.file}:{related[0].at.line}"}
    elif failure.path[:1] == ("vars",):
        related += _set_here(failure.path[1:], given)
    return Problem(failure.kind, at, facts, related)


def _taken_away(cell: Cell | None) -> tuple[Related, ...]:
    """Where the value was taken away that `super()` would else give."""
    if not isinstance(cell, Gone):
        return ()
    said = "it is unset here" if cell.why == "unset" else f"it {cell.why}"
    return (Related(key_origin(cell), said),)


def _set_here(path: Sequence[str], given: Mapping[str, Cell]) -> tuple[Related, ...]:
    """Where the var is set that a path leads to, or ends at before its time."""
    names, found = _nearest(path, given)
    if found is None:
        return ()
    said = f"`vars.{'.'.join(names)}` is set here ({found.layer})"
    return (Related(key_origin(found), said),)


def _nearest(path: Sequence[str], given: Mapping[str, Cell]) -> tuple[Sequence[str], Cell | None]:
    """The last cell on the way along a path, and the way to it."""
    found: Cell | None = None
    names: list[str] = []
    for name in path:
        if name not in given:
            break
        found = given[name]
        names.append(name)
        given = found.entries if isinstance(found, MapCell) else _NONE
    return names, found
