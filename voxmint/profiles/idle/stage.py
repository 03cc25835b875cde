"""The stage that finds what never has an effect, and says so."""

from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from typing import TYPE_CHECKING

from voxmint.origin import Origin, dotted
from voxmint.problems import MOST_PLACES, Body, Kind, Problem, Related, related_places
from voxmint.profiles import wording
from voxmint.profiles.directives import REPLACE
from voxmint.profiles.documents import Layer, LayerKind
from voxmint.profiles.idle.aliases import written_once
from voxmint.profiles.idle.bases import unused_bases
from voxmint.profiles.idle.dead import beneath, dead_entries, dead_labels
from voxmint.profiles.idle.entries import Entry, Keys, grouped, is_inner
from voxmint.profiles.idle.ground import Dead, Ground
from voxmint.profiles.idle.overlays import IdleItem, idle_items
from voxmint.profiles.idle.variables import (
    Shadow,
    below_vars,
    own_vars,
    shadowed_vars,
    unused_vars,
)
from voxmint.profiles.merge import Step
from voxmint.profiles.nodes import MapNode, plain
from voxmint.profiles.values import briefly

if TYPE_CHECKING:
    from voxmint.profiles.reading import Sources
    from voxmint.profiles.stages import AllChecked, AllMerged, AllRendered, Documents, Families

_MOST = 3
"""How many names are told."""


def idle_problems(
    sources: "Sources",
    documents: "Documents",
    families: "Families",
    merged: "AllMerged",
    rendered: "AllRendered",
    checked: "AllChecked",
) -> Iterator[Problem]:
    """A warning for each thing that never has an effect, in a compile of the whole project.

    Nothing is said where a profile or an environment could not be made out: it may be what the
    others are for.
    """
    if _is_something_lost(sources, families):
        return
    ground = Ground(documents, families, merged, checked)
    found = _Idle(ground, families, merged, rendered).problems()
    yield from written_once(found, (*sources.profiles.values(), *sources.environments.values()))
    unclear = _files_with_unclear_bases(documents)
    profiles = [one.lineage for one in families.profiles.values()]
    if unclear.isdisjoint(one[-1].file for one in profiles):
        yield from unused_bases("concrete profile", profiles, sources.profiles)
    environments = [one.lineage for one in families.environments.values()]
    if unclear.isdisjoint(one[-1].file for one in environments):
        yield from unused_bases("concrete environment", environments, sources.environments)


def _files_with_unclear_bases(documents: "Documents") -> Set[str]:
    """The files of which something in `extends`, or its key, is wrong: they may extend any base."""
    return {
        problem.at.file
        for problem in documents.problems
        if problem.at is not None
        and "extends" in (problem.facts.get("field"), problem.facts.get("nearest"))
    }


def _is_something_lost(sources: "Sources", families: "Families") -> bool:
    return not families.is_whole or any(problem.is_error for problem in sources.problems)


class _Idle:
    """What is idle in the layers of a project, each entry for one reason only."""

    def __init__(
        self, ground: Ground, families: "Families", merged: "AllMerged", rendered: "AllRendered"
    ) -> None:
        self._ground = ground
        self._families = families
        self._steps = merged.steps
        self._dead: Dead = dead_entries(merged.steps, merged.restating, ground)
        own = own_vars(ground, rendered.used_vars)
        self._unused = unused_vars(ground, own)
        self._shadowed = shadowed_vars(ground, own, self._unused, self._dead)

    def problems(self) -> Iterator[Problem]:
        """All of it; of an overlay item that is idle as a whole, nothing else is said."""
        environments = [one.document for one in self._families.environments.values()]
        items = list(idle_items(environments, self._ground, self._dead, self._unused))
        steps = self._steps_of({*self._dead})
        for item in items:
            yield self._item(item, steps)
        whole = {one.item.layer for one in items}
        concerned = self._dead.keys() | self._unused.keys() | self._shadowed.keys()
        for layer in self._ground.reach if concerned else ():
            if layer in concerned and layer not in whole:
                yield from self._entries(layer, steps.get(layer, ()))
        yield from self._labels()

    def _entries(self, layer: Layer, steps: Sequence[Step]) -> Iterator[Problem]:
        unused = self._unused.get(layer, frozenset())
        dead = self._dead.get(layer, {}).keys() - unused
        shadows = self._shadowed.get(layer, {})
        for entry in below_vars(layer, unused) if unused else ():
            yield self._unused_var(layer, entry)
        for entry in below_vars(layer, shadows.keys()) if shadows else ():
            yield self._shadowed_var(layer, entry, shadows)
        for entry in grouped(layer.tree, dead) if dead else ():
            yield self._dead_override(layer, entry, steps)

    def _steps_of(self, layers: Set[Layer]) -> Mapping[Layer, Sequence[Step]]:
        found: dict[Layer, list[Step]] = {layer: [] for layer in layers}
        for step in self._steps if layers else ():
            if step.layer in found:
                found[step.layer].append(step)
        return found

    # ── problems ─────────────────────────────────────────────────────────────────────────────────

    def _item(self, idle: IdleItem, steps: Mapping[Layer, Sequence[Step]]) -> Problem:
        layer = idle.item.layer
        places = dict.fromkeys(
            place
            for entry in grouped(layer.tree, idle.dead)
            for place in beneath(steps[layer], entry, self._dead)
        )
        related = (*related_places(places, "this is so already"), *idle.related[:MOST_PLACES])
        affects = self._ground.bodies_of(layer)
        at = layer.origin(idle.item.mark)
        return Problem(wording.IDLE_OVERLAY_ITEM, at, {}, related, None, affects)

    def _unused_var(self, layer: Layer, entry: Entry) -> Problem:
        return self._problem(wording.UNUSED_VAR, layer, entry, {"path": dotted(entry.path)})

    def _shadowed_var(self, layer: Layer, entry: Entry, shadows: Mapping[Keys, Shadow]) -> Problem:
        found = [by for path, by in shadows.items() if path[: len(entry.path)] == entry.path]
        names = dict.fromkeys(_short(one) for by in found for one in by.layers)
        places = dict.fromkeys(place for by in found for place in by.places)
        facts = {"path": dotted(entry.path), "by": _overriding(list(names))}
        related = related_places(places, "it is overridden here")
        return self._problem(wording.SHADOWED_VAR, layer, entry, facts, related)

    def _dead_override(self, layer: Layer, entry: Entry, steps: Iterable[Step]) -> Problem:
        related = related_places(dict.fromkeys(beneath(steps, entry, self._dead)), "it is set here")
        facts = {"what": _what(entry)}
        return self._problem(wording.DEAD_OVERRIDE, layer, entry, facts, related)

    def _labels(self) -> Iterator[Problem]:
        lineages = [one.lineage for one in self._families.profiles.values()]
        for label in dead_labels(lineages):
            files = {label.profile.file, *(place.file for place in label.beneath)}
            if files.isdisjoint(self._ground.wrong_files):
                at = Origin(label.profile.file, *label.entry.key)
                related = related_places(dict.fromkeys(label.beneath), "it is set here")
                path = dotted(label.entry.path)
                facts = {"what": _what(label.entry)}
                yield Problem(wording.DEAD_OVERRIDE, at, facts, related, path)

    def _problem(
        self,
        kind: Kind,
        layer: Layer,
        entry: Entry,
        facts: Mapping[str, object],
        related: tuple[Related, ...] = (),
    ) -> Problem:
        affects: tuple[Body, ...] = self._ground.bodies_of(layer)
        return Problem(kind, layer.origin(entry.key), facts, related, _shown(entry.path), affects)


def _shown(path: Keys) -> str:
    return dotted(path[1:] if path[0] == "session" and len(path) > 1 else path)


def _what(entry: Entry) -> str:
    """What is so already: a value, or a map and all that is set in it."""
    node = entry.node
    if is_inner(node):
        return f"all of `{_shown(entry.path)}` is set so"
    if isinstance(node, MapNode):
        if not node.entries:
            return f"`{_shown(entry.path)}` is a map"
        node = node.entries[REPLACE]
    return f"`{_shown(entry.path)}` is {briefly(plain(node))}"


def _short(layer: Layer) -> str:
    """A layer by its name; of an overlay, the places say which item it is."""
    return f"overlay of {layer.name}" if layer.kind is LayerKind.OVERLAY else str(layer)


def _overriding(names: Sequence[str]) -> str:
    """Who overrides something, as a sentence says it; of many, the first."""
    if len(names) == 1:
        return f"{names[0]} overrides it"
    if len(names) > _MOST:
        return f"{', '.join(names[:_MOST])} and {len(names) - _MOST} more override it"
    return f"{', '.join(names[:-1])} and {names[-1]} override it"
