"""What is missing from a body only because it is wrong where it is written, which has been told.

A part of a file that is malformed, or that stands under a misspelt key, is left out of what is
merged. One mistake is one problem: what only follows from its absence is not told as well.
"""

from collections.abc import Iterator, Sequence

from voxmint.origin import Origin, Path
from voxmint.problems import Problem, nearest
from voxmint.profiles import wording
from voxmint.profiles.compiled import CompiledProfile
from voxmint.profiles.documents import Layer
from voxmint.profiles.fields import REQUEST, Field
from voxmint.profiles.nodes import ListNode, MapNode, Node

_DECIDING = ("extends", "where")
"""What decides on all of a layer: what it is laid over, or which bodies it has a part in."""
_OF_LAYERS = (*_DECIDING, "labels", "session", "vars", "expires_after")


def lacks(layers: Sequence[Layer], *paths: Path) -> bool:
    """Whether something was left out of the layers at one of the paths, above it or below it."""
    for layer in layers:
        for lost in _left_out(layer) if layer.incomplete else ():
            if any(_meet(lost, path) for path in paths):
                return True
    return False


def follows(problem: Problem, layers: Sequence[Layer], profile: CompiledProfile) -> bool:
    """Whether a template fails only since something that it asks for was left out.

    `layers` and `profile` are those of the body.
    """
    facts = problem.facts
    if problem.kind is wording.NO_SUPER and problem.at is not None:
        return lacks(layers, _path_at(problem.at, layers))
    if problem.kind is not wording.UNDEFINED_NAME or "unset" in facts:
        return False
    if "label" in facts:
        name = str(facts["label"])
        given = [one.labels for one in profile.lineage if one.labels is not None]
        is_wrong = any(name in one.keys and name not in one.entries for one in given)
        return is_wrong or lacks(layers, ("labels", name))
    return "var" in facts and lacks(layers, ("vars", *str(facts["var"]).split(".")))


def _meet(one: Path, other: Path) -> bool:
    length = min(len(one), len(other))
    return one[:length] == other[:length]


def _left_out(layer: Layer) -> Iterator[Path]:
    """The paths at which the layer lacks what is written, or is probably meant, there."""
    for name in _lost_keys(layer.tree, _OF_LAYERS):
        yield () if name in _DECIDING else (name,)
    for name, value in layer.tree.entries.items():
        yield from _below(value, REQUEST.by_name.get(name), (name,))


def _below(node: Node, field: Field | None, path: Path) -> Iterator[Path]:
    if not isinstance(node, MapNode):
        return
    fields = {} if field is None else field.by_name
    for name in _lost_keys(node, tuple(fields)):
        yield (*path, name)
    for name, value in node.entries.items():
        if name.startswith("$"):
            yield from _below(value, field, path)
        else:
            yield from _below(value, fields.get(name), (*path, name))


def _lost_keys(node: MapNode, known: tuple[str, ...]) -> Iterator[str]:
    """The keys of a map that it has no value for; of a misspelt one, what is meant.

    Where no keys are `known`, any will do.
    """
    for key in node.keys.keys() - node.entries.keys():
        name = nearest(key, known).get("nearest") if known and key not in known else key
        if name is not None:
            yield name


def _path_at(at: Origin, layers: Sequence[Layer]) -> Path:
    """The path of the value in which a place lies: of the last that begins there or before."""
    trees = (layer.tree for layer in layers if layer.file == at.file)
    found = (one for tree in trees for one in _places(tree, ()))
    begun = (one for one in found if one[0] <= (at.line, at.column))
    return max(begun, default=((0, 0), ()))[1]


def _places(node: Node, path: Path) -> Iterator[tuple[tuple[int, int], Path]]:
    if isinstance(node, MapNode):
        for name, value in node.entries.items():
            yield from _places(value, path if name.startswith("$") else (*path, name))
    elif isinstance(node, ListNode):
        for item in node.items:
            yield from _places(item, path)
    else:
        yield node.mark[:2], path
