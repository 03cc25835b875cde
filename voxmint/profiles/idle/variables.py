"""Vars that nothing looks at: unused ones, and those that stronger layers override everywhere."""

from collections.abc import Collection, Iterator, Mapping, Sequence, Set
from typing import NamedTuple

from voxmint.origin import Origin
from voxmint.profiles.cells import MapCell, find
from voxmint.profiles.documents import Layer
from voxmint.profiles.idle.entries import Entry, Keys, grouped, is_inner, leaves, leaves_of
from voxmint.profiles.idle.ground import Dead, Ground, overrider
from voxmint.profiles.idle.references import (
    NOTHING,
    References,
    looks_at,
    named_by,
)
from voxmint.profiles.nodes import MapNode, Mark

Chosen = Mapping[Layer, Set[Keys]]
"""Some leaves of each layer, by their paths."""
Own = Mapping[Layer, Sequence[Keys]]
"""The paths of vars that layers set themselves."""


def vars_of(layer: Layer) -> MapNode | None:
    """The layer's vars, where it has any that are a map of their own."""
    node = layer.tree.entries.get("vars")
    return node if node is not None and is_inner(node) else None


def own_vars(ground: Ground, used: Set[tuple[Layer, Mark | None]]) -> Own:
    """The vars of each layer that can be judged, but for those that are known to be of use.

    What a template looked at in some body, where this very layer gives it, is neither unused nor
    overridden everywhere: nearly all vars are such.
    """
    found: dict[Layer, Sequence[Keys]] = {}
    for layer in ground.reach:
        node = vars_of(layer)
        if node is not None and not all((layer, key) in used for key in node.keys.values()):
            left = [one.path for one in leaves(node, ("vars",)) if (layer, one.key) not in used]
            if left:
                found[layer] = left
    return found


def unused_vars(ground: Ground, own: Own) -> Chosen:
    """For each layer its vars that no template looks at, in any body that it has a part in.

    What a template of an abstract base names stays, be it overridden by all heirs that there are:
    the next one may leave it as it is. Only a concrete profile's own vars are for nobody else.
    """
    found = {layer: _unused(layer, left, ground) for layer, left in own.items()}
    return {layer: paths for layer, paths in found.items() if paths}


def _unused(layer: Layer, left: Sequence[Keys], ground: Ground) -> Set[Keys]:
    for body in ground.reach[layer]:
        if not left:
            break
        used = ground.used(body)
        left = [path for path in left if not looks_at(used, path[1:])]
    if not left:
        return frozenset()
    meant = _meant_for_heirs(layer, ground)
    unused = frozenset(path for path in left if not looks_at(meant, path[1:]))
    return unused - _kept_for_their_maps(layer, unused, ground, meant)


def _meant_for_heirs(layer: Layer, ground: Ground) -> References:
    """The vars that the templates of abstract bases name, where the layer is not for itself."""
    if ground.is_of_concrete_profile(layer):
        return NOTHING
    return named_by([one.tree for one in ground.abstract_beside(layer)])


def _kept_for_their_maps(
    layer: Layer, unused: Set[Keys], ground: Ground, meant: References
) -> Set[Keys]:
    """The leaves whose map has to stay: all in it is unused, but a template looks into it.

    `{{ vars.audio.gain | default(1) }}` needs `vars.audio`, though not what else is in it.
    """
    return frozenset(
        leaf.path
        for inner in _maps(vars_of(layer), ("vars",))
        if all(leaf.path in unused for leaf in leaves_of(inner))
        and (
            looks_at(meant, inner.path[1:])
            or any(looks_at(ground.used(body), inner.path[1:]) for body in ground.reach[layer])
        )
        for leaf in leaves_of(inner)
    )


def _maps(node: MapNode | None, path: Keys) -> Iterator[Entry]:
    """Every map in the vars that leads to others."""
    if node is None:
        return
    for name, value in node.entries.items():
        if is_inner(value):
            yield Entry((*path, name), node.keys[name], value)
            yield from _maps(value, (*path, name))


# ── shadowed ─────────────────────────────────────────────────────────────────────────────────────


class Shadow(NamedTuple):
    """The layers that override an entry, and where they do."""

    layers: Sequence[Layer]
    places: Sequence[Origin]


def shadow(layer: Layer, path: Keys, ground: Ground, dead: Dead) -> Shadow | None:
    """What overrides a leaf in every body; `None` where it is seen in one of them.

    A var is also seen where a template takes the map that it is in as a whole: it may say
    in which order the map's entries come.
    """
    layers: dict[Layer, None] = {}
    places: dict[Origin, None] = {}
    for body in ground.reach[layer]:
        if _is_seen(body.root, layer, path):
            return None
        by = overrider(body, layer, path, dead)
        if by is None or (path[0] == "vars" and _is_taken_whole(ground.used(body), path[1:])):
            return None
        layers[by[0]] = None
        places[by[0].origin(by[1].key)] = None
    return Shadow(tuple(layers), tuple(places))


def _is_seen(root: MapCell, layer: Layer, path: Keys) -> bool:
    """Whether what stands at a path in a body is what the layer says there."""
    last = find(root, path)
    return last is not None and last.layer is layer


def _is_taken_whole(used: Collection[Keys], path: Keys) -> bool:
    return any(len(one) < len(path) and path[: len(one)] == one for one in used)


def shadowed_vars(
    ground: Ground, own: Own, passed: Chosen, dead: Dead
) -> Mapping[Layer, Mapping[Keys, Shadow]]:
    """For each layer its vars that are overridden wherever they go, those passed over apart.

    Not of what is abstract: a value there is for heirs, and the next one may leave it as it is.
    """
    found: dict[Layer, Mapping[Keys, Shadow]] = {}
    for layer, set_here in own.items():
        if ground.is_abstract(layer):
            continue
        first = ground.reach[layer][0].root
        # Most are seen in the first body already.
        left = [path for path in set_here if not _is_seen(first, layer, path)]
        if not left:
            continue
        skipped = (passed.get(layer, ()), dead.get(layer, ()))
        left = [path for path in left if not any(path in some for some in skipped)]
        shadows = {path: by for path in left if (by := shadow(layer, path, ground, dead))}
        if shadows:
            found[layer] = shadows
    return found


def below_vars(layer: Layer, paths: Collection[Keys]) -> Iterator[Entry]:
    """The chosen vars of a layer, whole maps of them as one; never all of `vars` as one."""
    node = vars_of(layer)
    return grouped(node, paths, ("vars",)) if node is not None else iter(())
