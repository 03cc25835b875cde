"""What can be judged: the bodies that are right, and the layers that have a part in no other."""

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from voxmint.problems import Body, Problem
from voxmint.profiles.cells import Leaf, MapCell, chain
from voxmint.profiles.documents import Layer, LayerKind
from voxmint.profiles.fields import TURN_DETECTION
from voxmint.profiles.idle.entries import DETECTION, Entry, Keys, is_final, touched
from voxmint.profiles.idle.references import References, Used
from voxmint.profiles.templates import is_template

if TYPE_CHECKING:
    from voxmint.profiles.stages import AllChecked, AllMerged, Documents, Families, Merged

_VARIANTS = TURN_DETECTION.variants_of_type


class Ground:
    """The bodies of a whole project, by the layers that have a part in them.

    A layer is judged where every body that it reaches is without an error: what is wrong, or what
    was left out because it was, may be the very thing that makes a value matter.
    """

    def __init__(
        self, documents: "Documents", families: "Families", merged: "AllMerged", right: "AllChecked"
    ) -> None:
        self.wrong_files = frozenset(_files_with_errors((*documents.problems, *families.problems)))
        self.reach: dict[Layer, list[Merged]] = {}
        self._families = families
        self._used = Used()
        self._used_by: dict[Body, References] = {}
        wrong = {body for one in merged.problems if one.is_error for body in one.affects}
        unjudged: set[Layer] = set()
        for body in merged.bodies:
            layers = body.stack.layers
            for layer in layers:
                self.reach.setdefault(layer, []).append(body)
            name = body.stack.body
            if name in wrong or name not in right.bodies or self._is_in_wrong_files(layers):
                unjudged.update(layers)
        for layer in unjudged:
            del self.reach[layer]

    def _is_in_wrong_files(self, layers: Sequence[Layer]) -> bool:
        wrong = self.wrong_files
        return bool(wrong) and any(layer.file in wrong for layer in layers)

    def is_abstract(self, layer: Layer) -> bool:
        """Whether the layer is of a profile or environment that is there to be extended."""
        if layer.kind in (LayerKind.PROFILE, LayerKind.BLOCK):
            return self._families.profiles[layer.name].document.abstract
        return self._families.environments[layer.name].document.abstract

    def bodies_of(self, layer: Layer) -> tuple[Body, ...]:
        """The names of the bodies that a judged layer has a part in."""
        return tuple(one.stack.body for one in self.reach[layer])

    def used(self, body: "Merged") -> References:
        """The vars that a body uses."""
        known = self._used_by.get(body.stack.body)
        if known is None:
            known = self._used_by[body.stack.body] = self._used.of_body(body.root)
        return known


def _files_with_errors(problems: Sequence[Problem]) -> Iterator[str]:
    return (one.at.file for one in problems if one.is_error and one.at is not None)


def may_fall(body: "Merged", path: Keys) -> bool:
    """Whether a field of `turn_detection` might fall away if a weaker layer gave it.

    Only a type that does not have the field takes it away.
    """
    if path[:2] != DETECTION or len(path) != 3 or path[2] == "type":
        return False
    session = body.root.entries.get("session")
    detection = session.entries.get("turn_detection") if isinstance(session, MapCell) else None
    kind = detection.entries.get("type") if isinstance(detection, MapCell) else None
    return any(
        path[2] not in _VARIANTS.get(cell.value, (path[2],))
        if isinstance(cell.value, str) and not is_template(cell.value)
        else True
        for cell in chain(kind)
        if type(cell) is Leaf
    )


Dead = Mapping[Layer, Mapping[Keys, Entry]]
"""The leaves of each layer that give what is so already."""


def overrider(body: "Merged", layer: Layer, path: Keys, dead: Dead) -> tuple[Layer, Entry] | None:
    """The stronger layer, and its entry, that decides on a path whatever a layer says there.

    `None` where what the layer says is seen: nothing overrides it, or what does merges with it, or
    looks at it through `super()`. What is dead overrides nothing: it could be removed.
    """
    layers = body.stack.layers
    for stronger in layers[layers.index(layer) + 1 :]:
        entry = touched(stronger.tree, path)
        if entry is None or entry.path in dead.get(stronger, ()):
            continue
        return (stronger, entry) if is_final(entry.node) else None
    return None
