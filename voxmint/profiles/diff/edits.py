"""Every edit of the files that could matter, as a cause, whether it changes a body or not."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from voxmint.origin import Origin, Path, dotted
from voxmint.profiles.compiled import Compilation
from voxmint.profiles.diff.matching import Matching, match_items
from voxmint.profiles.diff.policy_edits import policy_edits
from voxmint.profiles.diff.result import ABSENT, Cause, CauseKind, Side, State
from voxmint.profiles.diff.sheets import Sheets
from voxmint.profiles.diff.values import (
    frozen,
    is_plain_map,
    is_same,
    is_same_node,
    shown_path,
)
from voxmint.profiles.documents import Environment, Layer, OverlayItem, Profile, Reference
from voxmint.profiles.nodes import MapNode, Mark, Node, ScalarNode, plain
from voxmint.profiles.parse import parse_project
from voxmint.profiles.reader import read_document
from voxmint.profiles.reading import PROJECT_FILE
from voxmint.profiles.roster import Roster

_TOP: Mark = (1, 1, 1)

Document = Profile | Environment


class Edit(NamedTuple):
    """A cause, and the path in its layer's tree that it is about."""

    cause: Cause
    path: Path


@dataclass(slots=True)
class Edits:
    """The edits between two states, to be found by what they are edits of.

    `statements` are by layer, of either state; `labels` and `settings` likewise, by the layers
    that `Sheets` makes of them. `selectors` are by an overlay item's layer, `extends` by a
    document, `files` by the layer of a file that only one state has, `orders` by the name that an
    environment has in the head. A file that was `renamed` is no edit by itself. `untouched` are the
    files whose text is the same in both. What stands behind an anchor is one edit wherever an alias
    brings it to: `known` are the causes by what they are alike in then.
    """

    statements: dict[Layer, list[Edit]] = field(default_factory=dict)
    selectors: dict[Layer, Cause] = field(default_factory=dict)
    extends: dict[Document, Cause] = field(default_factory=dict)
    descriptions: dict[Document, Cause] = field(default_factory=dict)
    abstracts: dict[Document, Cause] = field(default_factory=dict)
    profiles: dict[Environment, Cause] = field(default_factory=dict)
    files: dict[Layer, Cause] = field(default_factory=dict)
    orders: dict[str, Cause] = field(default_factory=dict)
    renamed: dict[Document, Cause] = field(default_factory=dict)
    other: list[Cause] = field(default_factory=list)
    known: dict[tuple[object, ...], Cause] = field(default_factory=dict)
    untouched: frozenset[str] = frozenset()

    def of(self, layer: Layer) -> Sequence[Edit]:
        """What was edited in a layer."""
        return self.statements.get(layer, ())

    def once(self, cause: Cause) -> Cause:
        """The cause, or the one of the same place and values that is known already."""
        values = frozen(cause.before), frozen(cause.after)
        return self.known.setdefault((cause.at, cause.side, cause.was, *values), cause)

    def all(self) -> list[Cause]:
        """Each edit once, by place."""
        causes: dict[Cause, None] = {}
        for edits in self.statements.values():
            causes.update(dict.fromkeys(edit.cause for edit in edits))
        named: tuple[Mapping[Any, Cause], ...] = (
            self.selectors,
            self.extends,
            self.descriptions,
            self.abstracts,
            self.profiles,
            self.files,
            self.orders,
        )
        for mapping in named:
            causes.update(dict.fromkeys(mapping.values()))
        causes.update(dict.fromkeys(self.other))
        return sorted(causes, key=lambda cause: cause.order)


def find_edits(base: Compilation, head: Compilation, matching: Matching, sheets: Sheets) -> Edits:
    """All edits between two states."""
    texts = base.texts, head.texts
    untouched = (file for file, text in texts[0].items() if text == texts[1].get(file))
    found = Edits(untouched=frozenset(untouched))
    _profile_edits(base, head, matching, sheets, found)
    _environment_edits(base, head, matching, sheets, found)
    for layer, other in matching.to_head.items():
        _note_statements(found, layer, other)
    found.other += (*_folder_edits(base, head), *policy_edits(base, head))
    return found


# ── statements ───────────────────────────────────────────────────────────────────────────────────


class _Written(NamedTuple):
    """A part of a layer's tree, and the mark of its key where it stands under one."""

    node: Node
    key: Mark | None

    def at(self, layer: Layer) -> Origin:
        is_scalar = isinstance(self.node, ScalarNode) and self.node.mark[2] > 0
        return layer.origin(self.node.mark if is_scalar or self.key is None else self.key)


def _note_statements(found: Edits, layer: Layer, other: Layer) -> None:
    """The edits between two layers that are the same one in the two states."""
    is_same_part = layer.file == other.file and layer.detail == other.detail
    if is_same_part and layer.file in found.untouched:
        return
    for path, before, after in _between((), _Written(layer.tree, None), _Written(other.tree, None)):
        cause = found.once(_statement(path, before, after, layer, other))
        for one in (layer, other):
            found.statements.setdefault(one, []).append(Edit(cause, path))


def _note_sheets(found: Edits, sheets: Sheets, one: Layer, other: Layer) -> None:
    sheets.pair(one, other)
    _note_statements(found, one, other)


def _between(
    path: Path, before: _Written | None, after: _Written | None
) -> Iterator[tuple[Path, _Written | None, _Written | None]]:
    if before and after and is_plain_map(before.node) and is_plain_map(after.node):
        for name in dict.fromkeys((*_names(before), *_names(after))):
            one, other = _inner(before, name), _inner(after, name)
            if not path:
                one, other = _section(one, other), _section(other, one)
            yield from _between((*path, name), one, other)
    elif not (before and after and is_same_node(before.node, after.node)):
        yield path, before, after


def _section(written: _Written | None, other: _Written | None) -> _Written | None:
    """A part of a layer, `session` or `vars`: where only one state has it, empty in the other."""
    if written or not other or not is_plain_map(other.node):
        return written
    return other._replace(node=MapNode({}, {}, other.node.mark))


def _names(written: _Written) -> Iterable[str]:
    return written.node.entries if isinstance(written.node, MapNode) else ()


def _inner(written: _Written, name: str) -> _Written | None:
    node = written.node
    if not isinstance(node, MapNode) or name not in node.entries:
        return None
    return _Written(node.entries[name], node.keys.get(name))


def _statement(
    path: Path, before: _Written | None, after: _Written | None, layer: Layer, other: Layer
) -> Cause:
    kinds = {
        "vars": CauseKind.VARIABLE,
        "labels": CauseKind.LABEL,
        **dict.fromkeys(("provider", "mint", "sinks"), CauseKind.SETTING),
    }
    kind = kinds.get(str(path[0]) if path else "", CauseKind.VALUE)
    was = before.at(layer) if before else None
    values = _state(before), _state(after)
    name = shown_path(path)
    if after:
        return Cause(kind, name, *values, after.at(other), Side.HEAD, was, str(other))
    assert was is not None  # noqa: S101  # a statement stands in one of the two states
    return Cause(kind, name, *values, was, Side.BASE, was, str(layer))


def _state(written: _Written | None) -> State:
    return plain(written.node) if written else ABSENT


# ── files ────────────────────────────────────────────────────────────────────────────────────────


def _profile_edits(
    base: Compilation, head: Compilation, matching: Matching, sheets: Sheets, found: Edits
) -> None:
    is_renamed = any(name != other for name, other in matching.profiles.items())
    for name, other in matching.profiles.items():
        one, two = base.profiles[name].document, head.profiles[other].document
        if one is two and not one.blocks and not is_renamed:
            # The very same file, as nearly all are, and all that it names is called what it was.
            sheets.share(one)
            continue
        _note_document(found, one, two, matching.profiles)
        _note_sheets(found, sheets, sheets.labels(one), sheets.labels(two))
        for layer in one.blocks.values():
            if layer not in matching.to_head:
                _note_lone(found, layer, CauseKind.BLOCK, Side.BASE)
        for layer in two.blocks.values():
            if layer not in matching.to_base:
                _note_lone(found, layer, CauseKind.BLOCK, Side.HEAD)
    # A file that is there and cannot be read is neither gone nor new.
    known = Roster(matching.profiles) | head.profile_names
    gone = [one.document for name, one in base.profiles.items() if name not in known]
    known = Roster(matching.profiles.values()) | base.profile_names
    new = [one.document for name, one in head.profiles.items() if name not in known]
    _note_files(found, gone, new)


def _environment_edits(
    base: Compilation, head: Compilation, matching: Matching, sheets: Sheets, found: Edits
) -> None:
    for name, other in matching.environments.items():
        one, two = base.environments[name].document, head.environments[other].document
        _note_document(found, one, two, matching.environments)
        _note_sheets(found, sheets, sheets.settings(one), sheets.settings(two))
        _note_profiles(found, one, two)
        _note_overlay(found, one, two, matching)
    known = Roster(matching.environments) | head.environment_names
    gone = [one.document for name, one in base.environments.items() if name not in known]
    known = Roster(matching.environments.values()) | base.environment_names
    new = [one.document for name, one in head.environments.items() if name not in known]
    _note_files(found, gone, new)


def _note_files(found: Edits, gone: Sequence[Document], new: Sequence[Document]) -> None:
    for document in gone:
        file, at, layer = document.file, Origin(document.file, *_TOP), str(document.layer)
        cause = Cause(CauseKind.FILE, "", file, ABSENT, at, Side.BASE, at, layer)
        found.files[document.layer] = cause
    for document in new:
        file, at, layer = document.file, Origin(document.file, *_TOP), str(document.layer)
        found.files[document.layer] = Cause(CauseKind.FILE, "", ABSENT, file, at, layer=layer)


def _note_document(found: Edits, one: Document, two: Document, names: Mapping[str, str]) -> None:
    """The edits of what a file says of itself."""
    before, after = _listed(one.extends), _listed(two.extends)
    if [names.get(name, name) for name in before] != after:
        cause = _edit(
            CauseKind.EXTENDS,
            "extends",
            (one, before or ABSENT, _first(one.extends)),
            (two, after or ABSENT, _first(two.extends)),
        )
        found.extends[one] = found.extends[two] = cause
    if one.description != two.description:
        cause = _edit(
            CauseKind.DESCRIPTION,
            "description",
            (one, ABSENT if one.description is None else one.description, _TOP),
            (two, ABSENT if two.description is None else two.description, _TOP),
        )
        found.descriptions[one] = found.descriptions[two] = cause
    if one.name != two.name:
        at, was = Origin(two.file, *_TOP), Origin(one.file, *_TOP)
        cause = Cause(CauseKind.FILE, "", one.file, two.file, at, Side.HEAD, was, str(two.layer))
        found.renamed[one] = found.renamed[two] = cause
    if one.abstract != two.abstract:
        before_after = (one, one.abstract, _TOP), (two, two.abstract, _TOP)
        cause = _edit(CauseKind.ABSTRACT, "abstract", *before_after)
        found.abstracts[one] = found.abstracts[two] = cause


def _edit(
    kind: CauseKind,
    path: str,
    base: tuple[Document, State, Mark],
    head: tuple[Document, State, Mark],
) -> Cause:
    """An edit of a part that either document may lack; then the place is in the other one."""
    (one, before, mark), (two, after, other) = base, head
    was = None if before is ABSENT else Origin(one.file, *mark)
    if after is ABSENT and was is not None:
        return Cause(kind, path, before, after, was, Side.BASE, was, str(one.layer))
    return Cause(
        kind, path, before, after, Origin(two.file, *other), Side.HEAD, was, str(two.layer)
    )


def _listed(references: Sequence[Reference]) -> list[str]:
    return [reference.name for reference in references]


def _first(references: Sequence[Reference]) -> Mark:
    return references[0].mark if references else _TOP


def _note_profiles(found: Edits, one: Environment, two: Environment) -> None:
    before, after = one.profiles, two.profiles
    named = [None if given is None else _listed(given) for given in (before, after)]
    if named[0] != named[1]:
        cause = _edit(
            CauseKind.PROFILES,
            "profiles",
            (one, ABSENT if named[0] is None else named[0], _first(before or ())),
            (two, ABSENT if named[1] is None else named[1], _first(after or ())),
        )
        found.profiles[one] = found.profiles[two] = cause


# ── overlays ─────────────────────────────────────────────────────────────────────────────────────


def _note_overlay(found: Edits, one: Environment, two: Environment, matching: Matching) -> None:
    pairs = match_items(one.overlay, two.overlay)
    for item, other in pairs:
        before, after = selector_of(item), selector_of(other)
        if not is_same(before, after):
            path = dotted(("overlay", two.overlay.index(other), "where"))
            marks = item.where.mark or item.mark, other.where.mark or other.mark
            cause = _edit(CauseKind.SELECTOR, path, (one, before, marks[0]), (two, after, marks[1]))
            found.selectors[item.layer] = found.selectors[other.layer] = cause
    for item in one.overlay:
        if item.layer not in matching.to_head:
            _note_lone(found, item.layer, CauseKind.OVERLAY, Side.BASE)
    for item in two.overlay:
        if item.layer not in matching.to_base:
            _note_lone(found, item.layer, CauseKind.OVERLAY, Side.HEAD)
    _note_order(found, one, two, pairs)


def _note_order(
    found: Edits,
    one: Environment,
    two: Environment,
    pairs: Sequence[tuple[OverlayItem, OverlayItem]],
) -> None:
    items = dict(pairs)
    before = [items[item] for item in one.overlay if item in items]
    kept = set(before)
    after = [item for item in two.overlay if item in kept]
    moved = [item for item, other in zip(after, before, strict=True) if item is not other]
    if moved:
        found.orders[two.name] = Cause(
            CauseKind.ORDER,
            "overlay",
            [str(item.layer) for item in before],
            [str(item.layer) for item in after],
            moved[0].layer.origin(moved[0].mark),
            layer=str(two.layer),
        )


def selector_of(item: OverlayItem) -> State:
    """Whom an overlay item selects, as it would be written; absent where it selects everybody."""
    labels = {
        name: values[0] if len(values) == 1 else list(values)
        for name, values in item.where.labels.items()
    }
    parts = {"labels": labels} if labels else {}
    names = {} if item.where.names is None else {"names": list(item.where.names)}
    return {**parts, **names} or ABSENT


def _note_lone(found: Edits, layer: Layer, kind: CauseKind, side: Side) -> None:
    """An edit for a part of a file that only one state has; the file itself is in both."""
    at = layer.origin(layer.tree.mark)
    value = plain(layer.tree)
    path = "overlay" if kind is CauseKind.OVERLAY else dotted(("environments", layer.detail))
    if side is Side.BASE:
        cause = Cause(kind, path, value, ABSENT, at, side, at, str(layer))
    else:
        cause = Cause(kind, path, ABSENT, value, at, side, None, str(layer))
    found.statements.setdefault(layer, []).append(Edit(cause, ()))


def _folder_edits(base: Compilation, head: Compilation) -> Iterator[Cause]:
    """The edits of the project's own file: where its folders are."""
    texts = [state.texts.get(PROJECT_FILE, "") for state in (base, head)]
    if not all(texts) or texts[0] == texts[1]:
        return
    one, two = (parse_project(read_document(PROJECT_FILE, text.encode()))[0] for text in texts)
    for name in ("profiles", "environments"):
        before, after = getattr(one, name), getattr(two, name)
        if before != after:
            at = Origin(PROJECT_FILE, *two.marks.get(name, _TOP))
            yield Cause(CauseKind.FOLDER, name, before, after, at)
