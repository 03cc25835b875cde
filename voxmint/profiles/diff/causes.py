"""From a changed value back to the edits that made it: by the layers it is made of, on both sides.

A layer has a say in a value where it touches its path and nothing stronger is final there. Of such
a layer, what was edited at the path is a cause; where the other state has the layer and does not
lay it on this body, the cause is why: a selector, a label, an `extends`. Templates lead on to the
vars that they used, and what fell away with its variant to the type.
"""

from collections.abc import Iterable, Sequence, Set

from voxmint.origin import Path
from voxmint.profiles.cells import Cell, Gone, Leaf, ListCell, MapCell, chain, find
from voxmint.profiles.compiled import Compilation, CompiledEnvironment
from voxmint.profiles.diff.deltas import Delta
from voxmint.profiles.diff.edits import Edits
from voxmint.profiles.diff.inheritance import Extensions, Kin, Told
from voxmint.profiles.diff.matching import Matching
from voxmint.profiles.diff.pairs import Pair, Stacks, State
from voxmint.profiles.diff.result import ABSENT, Cause, Side
from voxmint.profiles.diff.scalars import ScalarCauses
from voxmint.profiles.diff.sheets import Sheets
from voxmint.profiles.diff.touches import effective, touches
from voxmint.profiles.diff.values import is_below, leaves
from voxmint.profiles.diff.written import in_order
from voxmint.profiles.documents import Layer, LayerKind, OverlayItem
from voxmint.profiles.render import Renderer, SharedParts, Subject
from voxmint.profiles.templates.template import is_template

FELL_AWAY = "fell away"

Found = dict[Cause, None]
"""Causes, each once, in the order in which they were found."""


class Causes:
    """Finds the causes of changed values."""

    def __init__(
        self,
        states: tuple[Compilation, Compilation],
        matching: Matching,
        edits: Edits,
        sheets: Sheets,
    ) -> None:
        self._matching = matching
        self._edits = edits
        self._sheets = sheets
        self._extensions = Extensions(edits.extends, matching, states)
        self._scalars = ScalarCauses(matching, edits)

    def of_value(self, pair: Pair, delta: Delta) -> tuple[Cause, ...]:
        """The causes of a change of a body's value; never none, where there is any edit.

        Where a map came, went or gave way, they are those of all that is in it.
        """
        known = self._scalars.of(pair, delta)
        return self.at_length(pair, delta) if known is None else known

    def at_length(self, pair: Pair, delta: Delta) -> tuple[Cause, ...]:
        """As `of_value`, but always by all layers and by rendering: the short way is held to it."""
        found: Found = {}
        stacks = pair.stacks
        for path in _ends(delta):
            self._value(pair, stacks, path, found)
            self._type(pair, stacks, path, found)
            for state in (pair.head, pair.base):
                self._templates(pair, state, stacks, path, found)
        if not found:
            self._anything(pair, stacks, delta.path, found)
        return in_order(found)

    def of_setting(
        self, base: CompiledEnvironment, head: CompiledEnvironment, path: Path
    ) -> tuple[Cause, ...]:
        """The causes of a change of an environment's setting."""
        found: Found = {}
        stacks = Stacks(
            [self._sheets.settings(one) for one in base.lineage],
            [self._sheets.settings(one) for one in head.lineage],
        )
        self._value(None, stacks, path, found)
        kin = Kin(base.lineage, head.lineage)
        speaking = {one.layer.name for one in effective(stacks.head, path)}
        speaking |= {
            self._environment_name(one.layer.name, Side.BASE)
            for one in effective(stacks.base, path)
        }
        _add(found, self._extensions.deciding(kin, _only(speaking)))
        if not found:
            _add(found, self._extensions.of(kin))
        return in_order(found)

    # ── statements ───────────────────────────────────────────────────────────────────────────────

    def _value(self, pair: Pair | None, stacks: Stacks, path: Path, found: Found) -> None:
        head, base = effective(stacks.head, path), effective(stacks.base, path)
        in_base, in_head = set(stacks.base), set(stacks.head)
        for touch in head:
            self._explain(pair, touch.layer, Side.HEAD, in_base, path, found)
        floor = head[-1].place if head and head[-1].is_final else -1
        for touch in base:
            other = self._other(touch.layer, Side.BASE)
            is_there = other is not None and other in in_head
            if not (is_there and stacks.head.index(other) < floor):
                self._explain(pair, touch.layer, Side.BASE, in_head, path, found)
        if pair is not None:
            self._orders(pair, stacks, path, found)

    def _other(self, layer: Layer, side: Side) -> Layer | None:
        return self._matching.other(layer, side) or self._sheets.other(layer)

    def _explain(
        self,
        pair: Pair | None,
        layer: Layer,
        side: Side,
        there: set[Layer],
        path: Path,
        found: Found,
    ) -> None:
        other = self._other(layer, side)
        if other is None or other in there:
            for edit in self._edits.of(layer):
                if is_below(path, edit.path):
                    found.setdefault(edit.cause)
            if other is not None or self._edits.of(layer):
                return
        if pair is not None:
            self._structure(pair, layer, side, found)

    def _is_aligned(self, stacks: Stacks) -> bool:
        """Whether both stacks have the same layers in the same places."""
        base, head = stacks
        if len(base) != len(head):
            return False
        to_head = self._matching.to_head.get
        return all(
            to_head(one) is other or self._other(one, Side.BASE) is other
            for one, other in zip(base, head, strict=True)
        )

    # ── which layers there are ───────────────────────────────────────────────────────────────────

    def _structure(self, pair: Pair, layer: Layer, side: Side, found: Found) -> None:
        """Why a layer is laid on the body on one side only."""
        why: Found = {}
        state, other = (pair.base, pair.head) if side is Side.BASE else (pair.head, pair.base)
        profiles, environments = self._lineages(other)
        match layer.kind:
            case LayerKind.PROFILE:
                self._extends(_profiles(pair), self._profile_name(layer.name, side), why)
            case LayerKind.ENVIRONMENT:
                self._extends(_environments(pair), self._environment_name(layer.name, side), why)
            case LayerKind.BLOCK:
                name = self._profile_name(layer.name, side)
                if name in profiles:
                    name = self._environment_name(layer.detail, side)
                    self._extends(_environments(pair), name, why)
                else:
                    self._extends(_profiles(pair), name, why)
            case LayerKind.OVERLAY:
                name = self._environment_name(layer.name, side)
                if name in environments:
                    self._selection(pair, state, layer, why)
                else:
                    self._extends(_environments(pair), name, why)
        if not why and layer in self._edits.files:
            why[self._edits.files[layer]] = None
        _add(found, why)

    def _lineages(self, state: State) -> tuple[set[str], set[str]]:
        """The names, as the head has them, of the body's lineage and of its environment's."""
        profiles = {self._profile_name(one.name, state.side) for one in state.profile.lineage}
        environments = {
            self._environment_name(one.name, state.side) for one in state.environment.lineage
        }
        return profiles, environments

    def _profile_name(self, name: str, side: Side) -> str:
        return self._matching.profile_in_head(name) if side is Side.BASE else name

    def _environment_name(self, name: str, side: Side) -> str:
        return self._matching.environment_in_head(name) if side is Side.BASE else name

    def _extends(self, kin: Kin, name: str, found: Found) -> None:
        """The edits of `extends` that bring a name of the head into a lineage, or take it out."""
        causes = self._extensions.of(kin)
        if len(causes) > 1:
            causes = self._extensions.deciding(kin, lambda lineage: name in lineage) or causes
        _add(found, causes)

    def _selection(self, pair: Pair, state: State, layer: Layer, found: Found) -> None:
        """Why an overlay item selects the profile on one side only."""
        if layer in self._edits.selectors:
            found.setdefault(self._edits.selectors[layer])
        item = self._item(state.environment, layer)
        for label in item.where.labels if item else ():
            if not pair.has_same_label(label):
                self._label(pair, label, found)

    def _item(self, environment: CompiledEnvironment, layer: Layer) -> OverlayItem | None:
        items = (item for one in environment.lineage for item in one.overlay)
        return next((item for item in items if item.layer is layer), None)

    def _label(self, pair: Pair, label: str, found: Found) -> None:
        stacks = Stacks(
            [self._sheets.labels(one) for one in pair.base.profile.lineage],
            [self._sheets.labels(one) for one in pair.head.profile.lineage],
        )
        self._value(pair, stacks, ("labels", label), found)

    # ── their order ──────────────────────────────────────────────────────────────────────────────

    def _orders(self, pair: Pair, stacks: Stacks, path: Path, found: Found) -> None:
        """Why layers of both stacks that have something at the path changed places, if they did."""
        if self._is_aligned(stacks):
            return
        before = [self._other(one.layer, Side.BASE) for one in touches(stacks.base, path)]
        after = [one.layer for one in touches(stacks.head, path)]
        kept = set(before) & set(after)
        was = [one for one in before if one is not None and one in kept]
        now = [one for one in after if one in kept]
        if was == now:
            return
        why: Found = {}
        if _overlays(was) != _overlays(now):
            _add(why, self._overlay_orders(pair))
        names = {name for layer in now for name in (layer.name, layer.detail)}
        for kin in (_profiles(pair), _environments(pair)):
            _add(why, self._extensions.deciding(kin, _only(names)))
        _add(found, why or self._any_order(pair))

    def _overlay_orders(self, pair: Pair) -> list[Cause]:
        """The edits that put overlay items of the body's environment into another order."""
        orders = self._edits.orders
        names = [one.name for one in pair.head.environment.lineage]
        return [orders[name] for name in names if name in orders]

    def _any_order(self, pair: Pair) -> list[Cause]:
        """All edits that may put layers into another order."""
        kins = _profiles(pair), _environments(pair)
        return [
            *self._overlay_orders(pair),
            *(cause for kin in kins for cause in self._extensions.of(kin)),
        ]

    # ── templates and variants ───────────────────────────────────────────────────────────────────

    def _templates(
        self, pair: Pair, state: State, stacks: Stacks, path: Path, found: Found
    ) -> None:
        """The edits of the vars, labels and descriptions that the value was rendered from."""
        cell = find(state.body.root, path)
        for leaf in _template_leaves(cell):
            used: dict[Path, Cell] = {}
            subject, looks = _subject(state), used.__setitem__
            Renderer(state.body.root, subject, SharedParts(), lambda _: "", looks).leaf(leaf)
            for name in used:
                self._value(pair, stacks, name, found)
            self._about_profile(pair, _texts_of((leaf, *used.values())), found)

    def _about_profile(self, pair: Pair, texts: str, found: Found) -> None:
        """The edits of what templates know of their profile."""
        if "profile" not in texts:
            return
        if "labels" in texts:
            for label in {**pair.base.profile.labels, **pair.head.profile.labels}:
                if not pair.has_same_label(label):
                    self._label(pair, label, found)
        description = self._edits.descriptions.get(pair.head.profile.document)
        if "description" in texts and description is not None:
            found.setdefault(description)
        renaming = self._edits.renamed.get(pair.head.profile.document)
        if "name" in texts and renaming is not None:
            found.setdefault(renaming)

    def _type(self, pair: Pair, stacks: Stacks, path: Path, found: Found) -> None:
        """The edits of a type, where what it lacks fell away."""
        cells = [find(state.body.root, path) for state in pair.states]
        if any(isinstance(cell, Gone) and cell.why.startswith(FELL_AWAY) for cell in cells):
            where: Path = (*path[:-1], "type")
            self._value(pair, stacks, where, found)
            for state in pair.states:
                self._templates(pair, state, stacks, where, found)

    def _anything(self, pair: Pair, stacks: Stacks, path: Path, found: Found) -> None:
        """What may have had a part in it, where nothing was found that surely had.

        A template can look at a var without its value being asked for, as in `is defined`.
        """
        is_rendered = any(_template_leaves(find(state.body.root, path)) for state in pair.states)
        related: list[Path] = [path, ("vars",)] if is_rendered else [path]
        edits = (edit for layer in (*stacks.head, *stacks.base) for edit in self._edits.of(layer))
        for edit in edits:
            if any(_is_on_the_way(edit.path, one) for one in related):
                found.setdefault(edit.cause)
        if not found:
            _add(found, self._any_order(pair))
        renaming = self._edits.renamed.get(pair.head.environment.document)
        if not found and renaming is not None:
            found.setdefault(renaming)


def _add(found: Found, causes: Iterable[Cause]) -> None:
    found.update(dict.fromkeys(causes))


def _only(names: Set[str]) -> Told:
    """Tells which of the names are in a lineage, and in which order."""
    return lambda lineage: [name for name in lineage if name in names]


def _overlays(layers: Sequence[Layer]) -> list[Layer]:
    return [one for one in layers if one.kind is LayerKind.OVERLAY]


def _profiles(pair: Pair) -> Kin:
    return Kin(pair.base.profile.lineage, pair.head.profile.lineage)


def _environments(pair: Pair) -> Kin:
    return Kin(pair.base.environment.lineage, pair.head.environment.lineage)


def _ends(delta: Delta) -> list[Path]:
    """The paths of all values that a change is about."""
    states = [state for state in (delta.after, delta.before) if state is not ABSENT]
    return list(dict.fromkeys(path for state in states for path, _ in leaves(state, delta.path)))


def _is_on_the_way(one: Path, other: Path) -> bool:
    """Whether one of two paths leads on to the other."""
    return is_below(one, other) or is_below(other, one)


def _subject(state: State) -> Subject:
    profile = state.profile
    return Subject.of(
        profile.name, state.environment.name, profile.document.description, profile.labels
    )


def _template_leaves(cell: Cell | None) -> list[Leaf]:
    """The templates that a value is made of."""
    if isinstance(cell, Leaf):
        return [cell] if isinstance(cell.value, str) and is_template(cell.value) else []
    inner: Sequence[Cell] = ()
    if isinstance(cell, MapCell):
        inner = tuple(cell.entries.values())
    elif isinstance(cell, ListCell):
        inner = cell.items
    return [leaf for one in inner for leaf in _template_leaves(one)]


def _texts_of(cells: Sequence[Cell]) -> str:
    """All that is written in the cells and below them."""
    texts = (one.value for cell in cells for one in chain(cell) if isinstance(one, Leaf))
    return "\n".join(text for text in texts if isinstance(text, str))
