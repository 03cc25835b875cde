"""Which file, and which layer, of the one state is which of the other.

Lines move and files are renamed; what stays is what a thing is called and what it says. Overlay
items have no names: they are matched by all they say, then by whom they select, then by what they
set, then by their place in the list.
"""

from collections import Counter
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from voxmint.profiles.compiled import Compilation
from voxmint.profiles.diff.result import Side
from voxmint.profiles.diff.values import frozen
from voxmint.profiles.documents import Environment, Layer, LayerKind, OverlayItem, Profile
from voxmint.profiles.nodes import plain

T = TypeVar("T")

_ALIKE = 0.5
"""The share of lines that two files must have in common to be taken for one that was renamed."""
_MOST_COMPARED = 40_000
"""How many pairs of files are compared for that."""


@dataclass(frozen=True, slots=True)
class Matching:
    """The base's names as the head's, and the layers of each as those of the other.

    `profiles` and `environments` lead from names of the base to names of the head, for all that
    are in both.
    """

    profiles: Mapping[str, str]
    environments: Mapping[str, str]
    to_head: Mapping[Layer, Layer]
    to_base: Mapping[Layer, Layer]

    def other(self, layer: Layer, side: Side) -> Layer | None:
        """The layer in the other state, of one in this; `--set` is laid over both alike."""
        if layer.kind is LayerKind.SET:
            return layer
        return (self.to_head if side is Side.BASE else self.to_base).get(layer)

    def is_aligned(self, base: Sequence[Layer], head: Sequence[Layer]) -> bool:
        """Whether two stacks have the same layers in the same places."""
        if len(base) != len(head):
            return False
        # As it mostly is: nothing came from the command line.
        return list(map(self.to_head.get, base)) == list(head) or all(
            self.other(one, Side.BASE) is other for one, other in zip(base, head, strict=True)
        )

    def profile_in_head(self, name: str) -> str:
        """What a profile of the base is called in the head, or would be."""
        return self.profiles.get(name, name)

    def environment_in_head(self, name: str) -> str:
        """What an environment of the base is called in the head, or would be."""
        return self.environments.get(name, name)


def match(base: Compilation, head: Compilation) -> Matching:
    """Matches two states of a project."""
    profiles = _names(
        {name: one.document.file for name, one in base.profiles.items()},
        {name: one.document.file for name, one in head.profiles.items()},
        (base, head),
    )
    environments = _names(
        {name: one.document.file for name, one in base.environments.items()},
        {name: one.document.file for name, one in head.environments.items()},
        (base, head),
    )
    pairs: list[tuple[Layer, Layer]] = []
    for name, other in profiles.items():
        pairs += _profile_layers(
            base.profiles[name].document, head.profiles[other].document, environments
        )
    for name, other in environments.items():
        pairs += _environment_layers(
            base.environments[name].document, head.environments[other].document
        )
    to_head = dict(pairs)
    return Matching(profiles, environments, to_head, {other: one for one, other in pairs})


# ── names ────────────────────────────────────────────────────────────────────────────────────────


def _names(
    base: Mapping[str, str], head: Mapping[str, str], states: tuple[Compilation, Compilation]
) -> dict[str, str]:
    """Each name that is in both, and each that was given up with the one that took its place.

    A name that there still is, though its file cannot be read, was not given up.
    """
    known = {name: name for name in base if name in head}
    all_base, all_head = (one.profile_names | one.environment_names for one in states)
    lost = {name: states[0].texts.get(base[name], "") for name in base if name not in all_head}
    found = {name: states[1].texts.get(head[name], "") for name in head if name not in all_base}
    return known | dict(_renamed(lost, found))


def _renamed(lost: Mapping[str, str], found: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Pairs of names whose texts are the same, then of those that are most alike."""
    same = _paired(list(lost.items()), list(found.items()), lambda one: one[1])
    yield from ((one[0], other[0]) for one, other in same)
    taken = {one[0] for one, _ in same} | {other[0] for _, other in same}
    rest = {name: _lines(text) for name, text in lost.items() if name not in taken}
    new = {name: _lines(text) for name, text in found.items() if name not in taken}
    if len(rest) * len(new) > _MOST_COMPARED:
        return
    alike = sorted(
        (-_likeness(lines, others), name, other)
        for name, lines in rest.items()
        for other, others in new.items()
    )
    used: set[str] = set()
    for likeness, name, other in alike:
        # A name of the base and one of the head are never the same here: both were given up.
        if -likeness >= _ALIKE and not used & {name, other}:
            used |= {name, other}
            yield name, other


def _lines(text: str) -> Counter[str]:
    return Counter(line.strip() for line in text.splitlines() if line.strip())


def _likeness(one: Counter[str], other: Counter[str]) -> float:
    """The characters in lines that both have, as a share of the longer text."""
    shared = sum(len(line) * count for line, count in (one & other).items())
    longer = max(sum(len(line) * count for line, count in lines.items()) for lines in (one, other))
    return shared / longer if longer else 0.0


# ── layers ───────────────────────────────────────────────────────────────────────────────────────


def _profile_layers(
    base: Profile, head: Profile, environments: Mapping[str, str]
) -> Iterator[tuple[Layer, Layer]]:
    yield base.layer, head.layer
    for name, layer in base.blocks.items():
        other = head.blocks.get(environments.get(name, name))
        if other is not None:
            yield layer, other


def _environment_layers(base: Environment, head: Environment) -> Iterator[tuple[Layer, Layer]]:
    yield base.layer, head.layer
    for item, other in match_items(base.overlay, head.overlay):
        yield item.layer, other.layer


def match_items(
    base: Sequence[OverlayItem], head: Sequence[OverlayItem]
) -> list[tuple[OverlayItem, OverlayItem]]:
    """The overlay items that are in both lists, the ones that were edited included."""
    found: list[tuple[OverlayItem, OverlayItem]] = []
    left, right = list(enumerate(base)), list(enumerate(head))
    keys: tuple[Callable[[tuple[int, OverlayItem]], Hashable], ...] = (
        lambda one: (_selector(one[1]), _setting(one[1])),
        lambda one: _selector(one[1]),
        lambda one: _setting(one[1]),
    )
    for key in keys:
        pairs = _paired(left, right, key)
        found += [(one[1], other[1]) for one, other in pairs]
        left = [one for one in left if all(one is not taken for taken, _ in pairs)]
        right = [one for one in right if all(one is not taken for _, taken in pairs)]
    if len(base) == len(head):
        # Nothing was added or taken away: what stands at the same place was rewritten.
        found += [(one[1], other[1]) for one, other in _paired(left, right, lambda one: one[0])]
    return found


def _selector(item: OverlayItem) -> Hashable:
    labels = item.where.labels.items()
    return tuple(sorted((name, tuple(sorted(values))) for name, values in labels)), item.where.names


def _setting(item: OverlayItem) -> Hashable:
    return frozen(plain(item.layer.tree))


def _paired(
    base: Sequence[T], head: Sequence[T], key: Callable[[T], Hashable]
) -> list[tuple[T, T]]:
    """The first of the one with the first of the other that has the same key, and so on."""
    waiting: dict[Hashable, list[T]] = {}
    for other in head:
        waiting.setdefault(key(other), []).append(other)
    pairs: list[tuple[T, T]] = []
    for one in base:
        others = waiting.get(key(one))
        if others:
            pairs.append((one, others.pop(0)))
    return pairs
