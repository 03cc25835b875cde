"""What was found in values as they are written, and where the same is found in another state."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import NamedTuple

from voxmint.origin import Path
from voxmint.problems import Body, Problem
from voxmint.profiles.cells import Cell, Leaf, key_origin, origin
from voxmint.profiles.compiled import CompiledBody
from voxmint.profiles.documents import Layer
from voxmint.profiles.nodes import MapNode, Mark, Node, ScalarNode
from voxmint.profiles.used_vars import is_templated
from voxmint.profiles.validate import Located


class Note(NamedTuple):
    """A problem that is about one written value, and about nothing else; its bodies."""

    problem: Problem
    path: Path
    layer: Layer
    at_key: bool
    bodies: tuple[Body, ...]


def note_of(located: Located) -> Note | None:
    """What was found, where it can be found again by its layer alone."""
    finding, [cell, *others] = located.finding, located.cells
    is_plain = isinstance(cell, Leaf) and not is_templated(cell)
    if others or located.used or not is_plain:
        return None
    again = _leaf(cell.layer, finding.path)
    if again is None or again.mark != cell.mark:
        return None
    bodies = tuple(located.bodies)
    return Note(located.problem, finding.path, cell.layer, finding.at_key, bodies)


def moved(
    notes: Iterable[Note],
    before: Mapping[Body, CompiledBody],
    made: Mapping[Body, tuple[Layer, ...]],
) -> Iterator[Problem]:
    """The problems of `notes` as they are in the bodies of other layers that were made."""
    for note in notes:
        found: dict[Layer, list[Body]] = {}
        for body in note.bodies:
            if body in made:
                place = before[body].layers.index(note.layer)
                found.setdefault(made[body][place], []).append(body)
        for layer, bodies in found.items():
            yield _moved(note, layer, bodies)


def _moved(note: Note, layer: Layer, bodies: Collection[Body]) -> Problem:
    problem = note.problem._replace(affects=tuple(bodies))
    leaf = _leaf(layer, note.path)
    if layer is note.layer or leaf is None:
        return problem
    return problem._replace(at=key_origin(leaf) if note.at_key else origin(leaf))


def _leaf(layer: Layer, path: Path) -> Cell | None:
    """The scalar that a layer itself writes at a path; `None` where it does so by directives."""
    node: Node = layer.tree
    key: Mark | None = None
    for part in path:
        if not (isinstance(node, MapNode) and isinstance(part, str) and part in node.entries):
            return None
        key = node.keys[part]
        node = node.entries[part]
    if not isinstance(node, ScalarNode):
        return None
    return Leaf(node.value, node.mark, key, layer, None, node.style)


def paths_with_notes(notes: Iterable[Note]) -> Mapping[Body, frozenset[Path]]:
    """The paths in each body at which anything was found."""
    found: dict[Body, frozenset[Path]] = {}
    for note in notes:
        alone = frozenset((note.path,))
        for body in note.bodies:
            known = found.get(body)
            found[body] = alone if known is None or known == alone else known | alone
    return found
