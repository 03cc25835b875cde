"""Selectors and patterns that select nothing, and what may have been meant instead."""

from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from functools import cached_property
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Protocol

from voxmint.origin import Origin
from voxmint.problems import Problem, nearest
from voxmint.profiles import wording
from voxmint.profiles.compiled import CompiledEnvironment, CompiledProfile
from voxmint.profiles.documents import Environment
from voxmint.profiles.nodes import ListNode, MapNode, Mark, Node
from voxmint.profiles.policies.wording import UNUSED_POLICY
from voxmint.profiles.selectors import Where, label_text, matches, nearest_name

if TYPE_CHECKING:
    from voxmint.profiles.policies.document import Policy


class Selecting(Protocol):
    """A part of a file that is for the profiles that its `where` selects."""

    @property
    def where(self) -> Where: ...
    @property
    def mark(self) -> Mark: ...
    def origin(self, mark: Mark) -> Origin: ...


def unmatched_patterns(
    environment: Environment, profiles: Mapping[str, CompiledProfile], lost: Sequence[str]
) -> Iterator[Problem]:
    """A warning for each name or pattern of `profiles:` that no profile with a body has.

    Those that were `lost`, since they cannot be read, may be meant too.
    """
    # Where there is no profile at all, that is the cause, and no pattern is to blame.
    if not environment.profiles or not profiles:
        return
    known = _Known(profiles)
    for reference in environment.profiles:
        if not _is_matched(reference.name, (*known.names, *lost)):
            at = Origin(environment.file, *reference.mark)
            yield Problem(wording.UNUSED_PATTERN, at, _facts_of_pattern(reference.name, known))


def unmatched_selectors(
    environments: Iterable[CompiledEnvironment],
    profiles: Mapping[str, CompiledProfile],
    used: Set[int],
) -> Iterator[Problem]:
    """A warning for each overlay item that selects nothing, and for each part of one.

    `used` are the ids of the layers that some body is made with.
    """
    if not profiles:
        return
    known = _Known(profiles)
    environments = tuple(environments)
    extended = {base.name for one in environments for base in one.lineage[:-1]}
    for environment in environments:
        document = environment.document
        # Either has been said: that its `profiles:` name none, or that nothing extends it.
        is_empty = _is_empty_by_mistake(document, known)
        is_bare = document.abstract and document.name not in extended
        for item in document.overlay:
            if id(item.layer) in used:
                yield from _useless_parts(item, known)
            elif _is_sound(item) and not is_empty and not (is_bare and item.where.is_everywhere):
                yield _useless(item, known, {_lacking(item): document.name})


def unmatched_policies(
    policies: "Iterable[Policy]", profiles: Mapping[str, CompiledProfile], used: Set[int]
) -> Iterator[Problem]:
    """A warning for each policy that is for no body, and for each part of its `where`.

    `used` are the ids of the policies that are for some body.
    """
    known = _Known(profiles)
    for policy in policies:
        if id(policy) in used:
            yield from _useless_parts(policy, known)
            continue
        problem = _useless(policy, known, _policy_lacks(policy))
        yield problem._replace(kind=UNUSED_POLICY, facts={"name": policy.name, **problem.facts})


def _policy_lacks(policy: "Policy") -> dict[str, object]:
    if policy.environments == ():
        return {"empty": "environments"}
    names = ", ".join(str(one.value) for one in policy.environments or ())
    return {_lacking(policy): names or "any environment"}


def _lacking(item: Selecting) -> str:
    """The fact that says what is lacking, where each part of a `where` is that of some profile."""
    return "bodiless" if item.where.is_everywhere else "environment"


class _Known:
    """The names and labels that profiles have; those of abstract ones can be used for nothing."""

    def __init__(self, profiles: Mapping[str, CompiledProfile]) -> None:
        self._concrete = [one for one in profiles.values() if not one.document.abstract]
        self.names = [one.name for one in self._concrete]
        self.abstract = profiles.keys() - set(self.names)

    @cached_property
    def values(self) -> Mapping[str, set[str]]:
        """The values of each label."""
        values: dict[str, set[str]] = {}
        for profile in self._concrete:
            for label, value in profile.labels.items():
                values.setdefault(label, set()).add(label_text(value))
        return values


def _is_empty_by_mistake(environment: Environment, known: _Known) -> bool:
    """Whether its `profiles:` name none that there is, which has been said."""
    names = [reference.name for reference in environment.profiles or ()]
    taking_in = [name for name in names if not name.startswith("!")]
    return bool(taking_in) and not any(_is_matched(name, known.names) for name in taking_in)


def _is_sound(item: Selecting) -> bool:
    """Whether the `where` is read as it is written; what could not be read has been said."""
    parts: list[tuple[tuple[str, ...], tuple[str, ...]]]
    parts = [(("labels", label), wanted) for label, wanted in item.where.labels.items()]
    parts += [] if item.where.names is None else [(("names",), item.where.names)]
    return all(wanted or _is_empty_list(_below(item, path)) for path, wanted in parts)


def _is_empty_list(node: Node | None) -> bool:
    return isinstance(node, ListNode) and not node.items


def _useless(item: Selecting, known: _Known, lacking: Mapping[str, object]) -> Problem:
    """The problem of an item that selects nothing, at the part of `where` that nothing has.

    `lacking` is the fact for one of which each part is that of some profile.
    """
    for mark, facts in _wholly_unmatched(item, known):
        return Problem(wording.UNUSED_SELECTOR, item.origin(mark), facts)
    at = item.origin(item.where.mark or item.mark)
    return Problem(wording.UNUSED_SELECTOR, at, lacking)


Missed = tuple[Mark, dict[str, object]]


def _wholly_unmatched(item: Selecting, known: _Known) -> Iterator[Missed]:
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
        yield _name(item, index), _facts_of_pattern(taking_in[0], known)


def _useless_parts(item: Selecting, known: _Known) -> Iterator[Problem]:
    """Values and names that select nothing, in an item that others of its parts save."""
    for label, wanted in item.where.labels.items():
        for index, value in enumerate(wanted):
            if value not in known.values[label]:
                at = item.origin(_value(item, label, index))
                yield Problem(wording.UNUSED_LABEL, at, _facts_of_value(label, value, known))
    for index, name in enumerate(item.where.names or ()):
        if not _is_matched(name, known.names):
            at = item.origin(_name(item, index))
            yield Problem(wording.UNUSED_PATTERN, at, _facts_of_pattern(name, known))


def _facts_of_value(label: str, value: str, known: _Known) -> dict[str, object]:
    return {"label": label, "value": value, **nearest(value, known.values[label])}


def _is_matched(pattern: str, names: Iterable[str]) -> bool:
    return any(matches(pattern, name) for name in names)


def _facts_of_pattern(pattern: str, known: _Known) -> dict[str, object]:
    """The pattern, and the name or folder that may have been meant."""
    sign = "!" if pattern.startswith("!") else ""
    name = pattern.removeprefix("!")
    if name in known.abstract:
        return {"pattern": pattern, "abstract": name}
    folders = {str(parent) for one in known.names for parent in PurePosixPath(one).parents}
    near = nearest_name(name, [*known.names, *(f"{one}/*" for one in folders if one != ".")])
    return {"pattern": pattern, **{fact: sign + word for fact, word in near.items()}}


# ── places ───────────────────────────────────────────────────────────────────────────────────────


def _key(item: Selecting, *path: str) -> Mark:
    """The key at a path below `where`."""
    *above, last = path
    node = _below(item, above)
    return node.keys[last] if isinstance(node, MapNode) else item.mark


def _value(item: Selecting, label: str, index: int) -> Mark:
    """One of the values of a label."""
    return _one_of(_below(item, ("labels", label)), index, item)


def _name(item: Selecting, index: int) -> Mark:
    """One of the names."""
    return _one_of(_below(item, ("names",)), index, item)


def _below(item: Selecting, path: Sequence[str]) -> Node | None:
    node: Node | None = item.where.written
    for part in path:
        node = node.entries.get(part) if isinstance(node, MapNode) else None
    return node


def _one_of(node: Node | None, index: int, item: Selecting) -> Mark:
    """An item of a list, or the only value that stands in place of one."""
    if isinstance(node, ListNode) and index < len(node.items):
        return node.items[index].mark
    return item.mark if node is None else node.mark
