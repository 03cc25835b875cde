"""Checks profiles that no body is made of, as far as they go.

An abstract profile is there to be extended, and what it lacks may stand in its heirs; so may what a
template of it needs. What it does say can be wrong by itself: a value that its field does not take,
a directive over what it does not work on, a template that cannot be read or that uses a name which
nobody can define.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from typing import Any, NamedTuple

from voxmint.problems import Problem
from voxmint.profiles import wording
from voxmint.profiles.cells import Gone, Leaf, MapCell, find_nearest, value_of
from voxmint.profiles.check import check_field, check_part
from voxmint.profiles.compiled import CompiledProfile
from voxmint.profiles.consequences import without_consequences
from voxmint.profiles.documents import Layer
from voxmint.profiles.fields import EXPIRES_AFTER
from voxmint.profiles.findings import Finding
from voxmint.profiles.merge import Merger
from voxmint.profiles.nodes import texts_in
from voxmint.profiles.templates.template import (
    FIXED,
    TemplateError,
    is_template,
    template,
    undefined,
)
from voxmint.profiles.used_vars import is_templated
from voxmint.profiles.validate import Locator
from voxmint.profiles.variants import settled_in

_MAY_COME = (wording.EMPTY_LIST,)
"""What an heir may well fill: a list to append to."""


class _Root(NamedTuple):
    """Merged cells, none of which failed to render."""

    root: MapCell
    failed: Set[int] = frozenset()


def check_bodiless(
    profiles: Mapping[str, CompiledProfile],
    with_bodies: Set[str],
    text_of: Callable[[str], str],
) -> tuple[Problem, ...]:
    """What is wrong with the profiles that are not `with_bodies`; it affects no body by itself.

    `text_of` gives a file's text by its name.
    """
    merger = Merger()
    locator = Locator()
    of_templates: list[Problem] = []
    for profile in profiles.values():
        if profile.name in with_bodies:
            continue
        base = tuple(one.layer for one in profile.lineage)
        blocks = tuple(profile.document.blocks.values())
        for layers in (base, *((*base, block) for block in blocks)):
            _check_values(merger, layers, locator)
        for layer in (profile.document.layer, *blocks):
            of_templates += _of_templates(layer, text_of)
    of_values = [problem._replace(affects=()) for problem in locator.problems]
    return (*without_consequences([*merger.problems, *of_values]), *of_templates)


def _check_values(merger: Merger, layers: Sequence[Layer], locator: Locator) -> None:
    root = merger.fold(layers)
    if root is None:
        return
    root, _ = settled_in(root, layers, lambda cell: None if is_templated(cell) else cell.value)
    findings = [
        finding
        for finding in _findings(root)
        if finding.kind not in _MAY_COME and not is_templated(find_nearest(root, finding.path))
    ]
    locator.add(findings, _Root(root), layers, ("", ""))


def _findings(root: MapCell) -> Iterator[Finding]:
    session, lifetime = (_there(root, name) for name in ("session", EXPIRES_AFTER.name))
    for name, value in (session or {}).items():
        yield from check_part(name, value)
    if lifetime is not None:
        yield from check_field(lifetime, EXPIRES_AFTER, (EXPIRES_AFTER.name,))


def _there(root: MapCell, name: str) -> Mapping[str, Any] | None:
    cell = root.entries.get(name)
    return None if cell is None or isinstance(cell, Gone) else value_of(cell)  # type: ignore[return-value]  # parsing has kept maps only


def _of_templates(layer: Layer, text_of: Callable[[str], str]) -> Iterator[Problem]:
    for node in texts_in(layer.tree):
        text = str(node.value)
        if is_template(text):
            cell = Leaf(node.value, node.mark, None, layer, None, node.style)
            for failure in _failures(text):
                from voxmint.profiles.templates.problems import template_problem  # rarely needed

                yield template_problem(cell, failure, text_of)


def _failures(text: str) -> Iterator[TemplateError]:
    """What is wrong with a template, whatever the vars may be."""
    try:
        slots = template(text).slots
    except TemplateError as failure:
        yield failure
        return
    if slots is None:
        from voxmint.profiles.templates.sandbox import (
            never_defined,  # has been imported to compile it
        )

        yield from never_defined(text)
        return
    for root, name in dict.fromkeys(path[:2] for path in slots if path and path[0] in FIXED):
        if name not in FIXED[root]:
            yield undefined(f"{root}.{name}", name, FIXED[root])
