"""What layers write at the path of a single value: which edits are in it, and which vars it names.

Told by the layers alone, it takes no cells and no rendering. Where it takes more to tell, such as a
template that only Jinja can read, nothing is said.
"""

from collections.abc import Hashable, Iterable, Sequence
from enum import Enum
from typing import NamedTuple

from voxmint.origin import Path
from voxmint.profiles.diff.edits import Edits
from voxmint.profiles.diff.matching import Matching
from voxmint.profiles.diff.result import Cause, Side
from voxmint.profiles.diff.touches import Touch, touch
from voxmint.profiles.diff.values import is_below
from voxmint.profiles.directives import LIST_DIRECTIVES
from voxmint.profiles.documents import Layer
from voxmint.profiles.fields import UNIONS
from voxmint.profiles.nodes import ListNode, MapNode, Node, ScalarNode
from voxmint.profiles.templates.template import TemplateError, is_template, template


class What(Enum):
    """What a layer sets at a path."""

    PLAIN = "a scalar that is no template"
    TEMPLATE = "a template"
    LIST = "a list without templates, or items that are put to one or taken from it"
    OTHER = "anything else"


class Slots(NamedTuple):
    """What the templates of a value name: paths of vars, and whether they look at the profile."""

    names: frozenset[Path]
    is_about_profile: bool


_NOTHING = Slots(frozenset(), is_about_profile=False)


class _Word(NamedTuple):
    """What one layer writes at a path.

    `causes` are the edits in it; `slots` what its template names, `None` where that cannot be said.
    Where it `is_final`, nothing weaker is seen below it.
    """

    what: What
    is_final: bool
    causes: tuple[Cause, ...]
    slots: Slots | None


_Both = tuple[_Word | None, _Word | None]
"""What a layer writes in the base, and in the head."""


class _Words(dict[Layer, _Both | None]):
    """What each layer of the head writes at a path in both states, `None` where it is silent.

    Each is looked at once.
    """

    def __init__(self, path: Path, matching: Matching, edits: Edits) -> None:
        super().__init__()
        self._path = path
        self._matching = matching
        self._edits = edits

    def __missing__(self, layer: Layer) -> _Both | None:
        other = self._matching.other(layer, Side.HEAD)
        now = self._word(layer)
        was = now if other is layer else None if other is None else self._word(other)
        found = self[layer] = (was, now) if was or now else None
        return found

    def _word(self, layer: Layer) -> _Word | None:
        path = self._path
        found = touch(0, layer, path)
        if found is None:
            return None
        what = _what(found, path)
        causes = [edit.cause for edit in self._edits.of(layer) if is_below(path, edit.path)]
        return _Word(what, found.is_final, tuple(causes), _slots(found, what, path))


def _what(found: Touch, path: Path) -> What:
    node = found.node
    if found.path != path:
        return What.OTHER
    if not isinstance(node, ScalarNode):
        return What.LIST if _is_plain_list(node) else What.OTHER
    return What.TEMPLATE if _is_text(node) else What.PLAIN


def _is_plain_list(node: Node) -> bool:
    """Whether a node is a list of plain scalars, or nothing but directives that take such."""
    if isinstance(node, ListNode):
        return all(isinstance(item, ScalarNode) and not _is_text(item) for item in node.items)
    return (
        isinstance(node, MapNode)
        and bool(node.entries)
        and all(
            key in LIST_DIRECTIVES and _is_plain_list(inner) for key, inner in node.entries.items()
        )
    )


def _is_text(node: ScalarNode) -> bool:
    """Whether a scalar is a template."""
    return isinstance(node.value, str) and is_template(node.value)


def _slots(found: Touch, what: What, path: Path) -> Slots | None:
    if what is not What.TEMPLATE or not isinstance(found.node, ScalarNode):
        return None if what is What.OTHER else _NOTHING
    try:
        slots = template(str(found.node.value)).slots
    except TemplateError:
        slots = None
    if slots is None or (slots and path[:-1] in UNIONS):
        return None
    names = frozenset(slot for slot in slots if slot[:1] == ("vars",))
    return Slots(names, is_about_profile=any(slot[:1] == ("profile",) for slot in slots))


class Said(NamedTuple):
    """What is written of a value in two states: the edits, and whether a template is on top.

    `words` are all that have a say in it in either; `is_silent` says of which there is none.
    """

    causes: tuple[Cause, ...]
    is_rendered: bool
    words: Sequence[_Word]
    is_silent: tuple[bool, bool]

    @property
    def slots(self) -> Slots | None:
        """What its templates name by themselves; `None` where that cannot be said."""
        return _joined([word.slots for word in self.words])


class Written:
    """Looks up what is written in bodies that have the same layers in the same places."""

    def __init__(self, matching: Matching, edits: Edits) -> None:
        self._matching = matching
        self._edits = edits
        self._words: dict[Path, _Words] = {}
        # By the identity of what is written, which the words keep.
        self._known: dict[Hashable, tuple[Said | None]] = {}

    def of(self, path: Path, layers: Sequence[Layer]) -> Said | None:
        """What is written of a value in both states; `layers` are the head's.

        `None` where it takes more to say that, or where nothing is written in either.
        """
        words = self._words.get(path)
        if words is None:
            words = self._words[path] = _Words(path, self._matching, self._edits)
        speaking = tuple([both for layer in layers if (both := words[layer]) is not None])
        key = (path, *map(id, speaking))
        known = self._known.get(key)
        if known is None:
            known = self._known[key] = (_said_by(speaking),)
        return known[0]

    def behind(self, slots: Slots, layers: Sequence[Layer]) -> Slots | None:
        """What is named, and all that is named in turn where that is written.

        `None` where that cannot be said.
        """
        names, is_about_profile, waiting = set(slots.names), slots.is_about_profile, [*slots.names]
        while waiting:
            said = self.of(waiting.pop(), layers)
            inner = None if said is None or True in said.is_silent else said.slots
            if inner is None:
                return None
            waiting += inner.names - names
            names |= inner.names
            is_about_profile = is_about_profile or inner.is_about_profile
        return Slots(frozenset(names), is_about_profile)


def _said_by(speaking: Sequence[_Both]) -> Said | None:
    """What is said by layers that speak of a value, the weakest first."""
    before: list[_Word] = []
    after: list[_Word] = []
    counted: int | None = None
    for was, now in reversed(speaking):
        if was is not None and not (before and before[-1].is_final):
            before.append(was)
        if now is not None and counted is None:
            after.append(now)
            if now.is_final:
                # Below what is final now, it does not matter what there was.
                counted = len(before)
    return _said(before, after, counted)


def _said(before: list[_Word], after: list[_Word], counted: int | None) -> Said | None:
    words = (*before, *after)
    tops = [one[0].what for one in (before, after) if one]
    # A list is made of all that is laid over it; below a scalar it does not matter what there was.
    is_plain = What.OTHER not in tops
    if What.LIST in tops:
        is_plain = all(word.what is What.LIST for word in words)
    if not (tops and is_plain):
        return None
    causes = [cause for word in (*after, *before[:counted]) for cause in word.causes]
    is_silent = not before, not after
    return Said(in_order(causes), What.TEMPLATE in tops, words, is_silent)


def _joined(slots: Sequence[Slots | None]) -> Slots | None:
    """What several templates name together; `None` where one of them is in doubt."""
    joined = _NOTHING
    for one in slots:
        if one is None:
            return None
        if joined is _NOTHING:
            joined = one
        elif one is not _NOTHING:
            is_about_profile = joined.is_about_profile or one.is_about_profile
            joined = Slots(joined.names | one.names, is_about_profile)
    return joined


def in_order(causes: Iterable[Cause]) -> tuple[Cause, ...]:
    """Causes, each once, by their places."""
    found = tuple(dict.fromkeys(causes))
    return found if len(found) < 2 else tuple(sorted(found, key=lambda cause: cause.order))
