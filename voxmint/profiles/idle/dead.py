"""Dead overrides: what a layer sets although the weaker layers give the same value already."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence, Set
from typing import NamedTuple

from voxmint.origin import Origin
from voxmint.profiles.cells import find, origin
from voxmint.profiles.directives import REPLACE
from voxmint.profiles.documents import Layer, Profile, given_labels
from voxmint.profiles.idle.entries import Entry, Keys, is_same, leaves_of, restated, restates
from voxmint.profiles.idle.ground import Dead, Ground, may_fall
from voxmint.profiles.merge import Step
from voxmint.profiles.nodes import MapNode, Node, ScalarNode


def dead_entries(steps: Collection[Step], restating: Set[Layer], ground: Ground) -> Dead:
    """For each layer the leaves that change nothing in any body that it has a part in.

    Looks at each step of the merge once, however many bodies share it; a leaf is dead where every
    step of its layer leaves it as it is. No layer but those that are `restating` has any.
    """
    suspects = restating & ground.reach.keys()
    found: dict[Layer, Sequence[Entry]] = {}
    for step in steps if suspects else ():
        layer, under = step.layer, step.under
        known = found.get(layer)
        if known is None:
            found[layer] = restated(layer.tree, under) if layer in suspects else ()
        elif known:
            found[layer] = [
                one for one in known if restates(one.node, find(under, one.path), one.path)
            ]
    certain = {layer: _certain(layer, known, ground) for layer, known in found.items() if known}
    return {layer: entries for layer, entries in certain.items() if entries}


def _certain(layer: Layer, entries: Sequence[Entry], ground: Ground) -> Mapping[Keys, Entry]:
    return {
        one.path: one
        for one in entries
        if not any(may_fall(body, one.path) for body in ground.reach[layer])
    }


def beneath(steps: Iterable[Step], entry: Entry, dead: Dead) -> Iterator[Origin]:
    """Where the weaker layers set what the entry sets again, given the steps of its layer.

    What is dead itself is passed over: it may be removed as well.
    """
    for step in steps:
        for leaf in leaves_of(entry):
            cell = find(step.under, leaf.path)
            while cell is not None and leaf.path in dead.get(cell.layer, ()):
                cell = cell.under
            if cell is not None:
                yield origin(cell)


# ── labels ───────────────────────────────────────────────────────────────────────────────────────


class DeadLabel(NamedTuple):
    """A profile's label that its bases give already, and where they do."""

    profile: Profile
    entry: Entry
    beneath: Sequence[Origin]


def dead_labels(lineages: Iterable[Sequence[Profile]]) -> Iterator[DeadLabel]:
    """The labels that change nothing in any lineage that their profile is in."""
    found: dict[tuple[Profile, str], list[Origin] | None] = {}
    inherited: dict[tuple[Profile, ...], _Given] = {}
    for lineage in lineages:
        bases, profile = tuple(lineage[:-1]), lineage[-1]
        if bases not in inherited:
            # Once for all that extend the same: what is noted of bases is the same for each.
            inherited[bases] = {}
            for base in bases:
                _note_labels(base, inherited[bases], found)
        _note_labels(profile, dict(inherited[bases]), found)
    for (profile, name), places in found.items():
        labels = given_labels(profile.labels)
        if places:
            entry = Entry(("labels", name), labels.keys[name], labels.entries[name])
            yield DeadLabel(profile, entry, places)


_Given = dict[str, tuple[Profile, ScalarNode]]
"""The labels that a lineage has so far, each with who gave it."""


def _note_labels(
    profile: Profile, given: _Given, found: dict[tuple[Profile, str], list[Origin] | None]
) -> None:
    """Notes of each label of a profile where it is given already; `None` once it is not.

    `given` is what its bases give; the profile's own are added.
    """
    labels = given_labels(profile.labels)
    if labels is not profile.labels and profile.labels is not None:
        given.clear()  # what the bases give is replaced, or unset
    for name, node in labels.entries.items():
        before, value = given.pop(name, None), _label(node)
        if value is not None:
            given[name] = (profile, value)
        places = found.setdefault((profile, name), [])
        if before is None or value is None or not is_same(before[1].value, value.value):
            found[profile, name] = None
        elif places is not None:
            places.append(before[0].layer.origin(before[1].mark))


def _label(node: Node) -> ScalarNode | None:
    """What a label is set to; `None` where it is unset."""
    if isinstance(node, MapNode):
        node = node.entries.get(REPLACE, node)
    return node if isinstance(node, ScalarNode) else None
