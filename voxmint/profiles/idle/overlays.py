"""Overlay items of which nothing matters."""

from collections.abc import Iterable, Iterator, Set
from typing import NamedTuple

from voxmint.problems import Related
from voxmint.profiles.documents import Environment, OverlayItem
from voxmint.profiles.fields import UNIONS
from voxmint.profiles.idle.entries import Keys, leaves
from voxmint.profiles.idle.ground import Dead, Ground
from voxmint.profiles.idle.variables import Chosen, shadow


class IdleItem(NamedTuple):
    """An overlay item that changes nothing, with what makes each of its entries idle.

    `dead` are the paths of those that are so already; `related` are where others are overridden.
    """

    item: OverlayItem
    dead: Set[Keys]
    related: tuple[Related, ...]


def idle_items(
    environments: Iterable[Environment], ground: Ground, dead: Dead, unused: Chosen
) -> Iterator[IdleItem]:
    """The items that change nothing in any body that they are laid on."""
    for environment in environments:
        for item in environment.overlay:
            if item.layer in ground.reach:
                found = _judged(item, ground, dead, unused.get(item.layer, frozenset()))
                if found is not None:
                    yield found


def _judged(item: OverlayItem, ground: Ground, dead: Dead, unused: Set[Keys]) -> IdleItem | None:
    dead_here = dead.get(item.layer, {})
    related: dict[Related, None] = {}
    for leaf in leaves(item.layer.tree):
        if leaf.path in dead_here or leaf.path in unused:
            continue
        # A type that is overridden later has taken fields away before.
        is_type = leaf.path[-1] == "type" and leaf.path[:-1] in UNIONS
        by = None if is_type else shadow(item.layer, leaf.path, ground, dead)
        if by is None:
            return None
        related.update({Related(place, "it is overridden here"): None for place in by.places})
    return IdleItem(item, dead_here.keys() - unused, tuple(related))
