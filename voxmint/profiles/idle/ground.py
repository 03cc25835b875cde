"""What can be judged: the bodies that are right, and the layers that have a part in no other."""

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from voxmint.problems import Body, Problem
from voxmint.profiles.cells import Cell, Leaf, chain, find
from voxmint.profiles.documents import Layer, LayerKind
from voxmint.profiles.fields import UNIONS
from voxmint.profiles.idle.entries import Entry, Keys, is_final, touched
from voxmint.profiles.idle.references import References, Used
from voxmint.profiles.templates.template import is_template

if TYPE_CHECKING:
    from voxmint.profiles.stages import AllChecked, AllMerged, Documents, Families, Merged


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
        sound = right.bodies.keys() - wrong
        unjudged: set[Layer] = set()
        for body in merged.bodies:
            layers = body.stack.layers
            for layer in layers:
                reached = self.reach.get(layer)
                if reached is None:
                    self.reach[layer] = [body]
                else:
                    reached.append(body)
            if body.stack.body not in sound:
                unjudged.update(layers)
        unjudged.update(self._beside_wrong_files())
        for layer in unjudged:
            del self.reach[layer]

    def _beside_wrong_files(self) -> Iterator[Layer]:
        """The layers of all bodies that a file with an error has a part in."""
        wrong = self.wrong_files
        for layer, bodies in self.reach.items() if wrong else ():
            if layer.file in wrong:
                for body in bodies:
                    yield from body.stack.layers

    def is_abstract(self, layer: Layer) -> bool:
        """Whether the layer is of a profile or environment that is there to be extended."""
        if layer.kind in (LayerKind.PROFILE, LayerKind.BLOCK):
            return self._families.profiles[layer.name].document.abstract
        return self._families.environments[layer.name].document.abstract

    def is_of_concrete_profile(self, layer: Layer) -> bool:
        """Whether the layer is a profile's that has bodies of its own."""
        is_profiles = layer.kind in (LayerKind.PROFILE, LayerKind.BLOCK)
        return is_profiles and not self.is_abstract(layer)

    def abstract_beside(self, layer: Layer) -> Sequence[Layer]:
        """The layers of abstract bases in the bodies that a judged layer has a part in."""
        layers = {one: None for body in self.reach[layer] for one in body.stack.layers}
        return [one for one in layers if self.is_abstract(one)]

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
    """Whether a field of a union might fall away if a weaker layer gave it.

    Only a type that does not have the field takes it away.
    """
    for union, field in UNIONS.items():
        depth = len(union)
        if path[:depth] == union and len(path) > depth and path[depth] != "type":
            kinds = chain(find(body.root, (*union, "type")))
            if any(_may_take(one, path[depth], field.variants_of_type) for one in kinds):
                return True
    return False


def _may_take(kind: Cell, name: str, variants: Mapping[str, frozenset[str]]) -> bool:
    """Whether what was written as a union's type takes a field away, as far as one can tell."""
    if type(kind) is not Leaf:
        return False
    if not isinstance(kind.value, str) or is_template(kind.value):
        return True
    return name not in variants.get(kind.value, (name,))


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
