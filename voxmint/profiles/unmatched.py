"""Selectors and patterns that select nothing, and what may have been meant instead."""

from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from pathlib import PurePosixPath

from voxmint.origin import Origin
from voxmint.problems import Problem, nearest
from voxmint.profiles import wording
from voxmint.profiles.compiled import CompiledEnvironment, CompiledProfile
from voxmint.profiles.documents import Environment, OverlayItem
from voxmint.profiles.nodes import ListNode, MapNode, Mark, Node
from voxmint.profiles.selectors import label_text, matches


def unmatched_patterns(environment: Environment, names: Sequence[str]) -> Iterator[Problem]:
    """A warning for each name or pattern of `profiles:` that no profile has."""
    for reference in environment.profiles or ():
        if not _is_matched(reference.name, names):
            at = Origin(environment.file, *reference.mark)
            yield Problem(wording.UNUSED_PATTERN, at, _facts_of_pattern(reference.name, names))


def unmatched_selectors(
    environments: Iterable[CompiledEnvironment],
    profiles: Mapping[str, CompiledProfile],
    used: Set[int],
) -> Iterator[Problem]:
    """A warning for each overlay item that selects nothing, and for each part of one.

    `used` are the ids of the layers that some body is made with.
    """
    known = _Known([one for one in profiles.values() if not one.document.abstract])
    for environment in environments:
        for item in environment.document.overlay:
            if id(item.layer) in used:
                yield from _useless_parts(item, known)
            elif _is_sound(item):
                yield _useless(item, known, environment.name)


class _Known:
    """The names and labels that profiles have."""

    def __init__(self, profiles: Sequence[CompiledProfile]) -> None:
        self.names = [one.name for one in profiles]
        self.values: dict[str, set[str]] = {}
        for profile in profiles:
            for label, value in profile.labels.items():
                self.values.setdefault(label, set()).add(label_text(value))


def _is_sound(item: OverlayItem) -> bool:
    """Whether the `where` is read as it is written; what could not be read has been said."""
    parts: list[tuple[tuple[str, ...], tuple[str, ...]]]
    parts = [(("labels", label), wanted) for label, wanted in item.where.labels.items()]
    parts += [] if item.where.names is None else [(("names",), item.where.names)]
    return all(wanted or _is_empty_list(_below(item, path)) for path, wanted in parts)


def _is_empty_list(node: Node | None) -> bool:
    return isinstance(node, ListNode) and not node.items


def _useless(item: OverlayItem, known: _Known, environment: str) -> Problem:
    """The problem of an item that selects nothing, at the part of `where` that nothing has."""
    for mark, facts in _wholly_unmatched(item, known):
        return Problem(wording.UNUSED_SELECTOR, item.layer.origin(mark), facts)
    lacking: dict[str, object] = {"environment": environment}
    return Problem(
        wording.UNUSED_SELECTOR, item.layer.origin(item.where.mark or item.mark), lacking
    )


Missed = tuple[Mark, dict[str, object]]


def _wholly_unmatched(item: OverlayItem, known: _Known) -> Iterator[Missed]:
    """The parts of a `where` that rule out every profile by themselves."""
    for label, wanted in item.where.labels.items():
        mark = _key(item, "labels", label)
        if label not in known.values:
            yield mark, {"label": label, **nearest(label, known.values)}
        elif not known.values[label].intersection(wanted):
            for value in wanted[:1]:
                yield _value(item, label, 0), _facts_of_value(label, value, known)
            if not wanted:
                yield mark, {"empty": "values"}
    names = item.where.names
    if names == ():
        yield _key(item, "names"), {"empty": "names"}
    taking_in = [name for name in names or () if not name.startswith("!")]
    if taking_in and not any(_is_matched(name, known.names) for name in taking_in):
        index = (names or ()).index(taking_in[0])
        yield _name(item, index), _facts_of_pattern(taking_in[0], known.names)


def _useless_parts(item: OverlayItem, known: _Known) -> Iterator[Problem]:
    """Values and names that select nothing, in an item that others of its parts save."""
    for label, wanted in item.where.labels.items():
        for index, value in enumerate(wanted):
            if value not in known.values[label]:
                at = item.layer.origin(_value(item, label, index))
                yield Problem(wording.UNUSED_LABEL, at, _facts_of_value(label, value, known))
    for index, name in enumerate(item.where.names or ()):
        if not _is_matched(name, known.names):
            at = item.layer.origin(_name(item, index))
            yield Problem(wording.UNUSED_PATTERN, at, _facts_of_pattern(name, known.names))


def _facts_of_value(label: str, value: str, known: _Known) -> dict[str, object]:
    return {"label": label, "value": value, **nearest(value, known.values[label])}


def _is_matched(pattern: str, names: Iterable[str]) -> bool:
    return any(matches(pattern, name) for name in names)


def _facts_of_pattern(pattern: str, names: Sequence[str]) -> dict[str, object]:
    """The pattern, and the name or folder that may have been meant."""
    sign = "!" if pattern.startswith("!") else ""
    folders = {str(parent) for name in names for parent in PurePosixPath(name).parents}
    known = [*names, *(f"{folder}/*" for folder in folders if folder != ".")]
    near = nearest(pattern.removeprefix("!"), known)
    return {"pattern": pattern, **{fact: sign + word for fact, word in near.items()}}


# ── places ───────────────────────────────────────────────────────────────────────────────────────


def _key(item: OverlayItem, *path: str) -> Mark:
    """The key at a path below `where`."""
    *above, last = path
    node = _below(item, above)
    return node.keys[last] if isinstance(node, MapNode) else item.mark


def _value(item: OverlayItem, label: str, index: int) -> Mark:
    """One of the values of a label."""
    return _one_of(_below(item, ("labels", label)), index, item)


def _name(item: OverlayItem, index: int) -> Mark:
    """One of the names."""
    return _one_of(_below(item, ("names",)), index, item)


def _below(item: OverlayItem, path: Sequence[str]) -> Node | None:
    node: Node | None = item.where.written
    for part in path:
        node = node.entries.get(part) if isinstance(node, MapNode) else None
    return node


def _one_of(node: Node | None, index: int, item: OverlayItem) -> Mark:
    """An item of a list, or the only value that stands in place of one."""
    if isinstance(node, ListNode) and index < len(node.items):
        return node.items[index].mark
    return item.mark if node is None else node.mark
