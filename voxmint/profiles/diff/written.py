"""What layers write at the path of a single value: which edits are in it, and which vars it names.

Told by the layers alone, it takes no cells and no rendering. Where it takes more to tell, such as a
template that only Jinja can read, nothing is said.
"""

from collections.abc import Iterable, Sequence
from enum import Enum
from typing import NamedTuple

from voxmint.origin import Path
from voxmint.profiles.diff.edits import Edits
from voxmint.profiles.diff.matching import Matching
from voxmint.profiles.diff.result import Cause, Side
from voxmint.profiles.diff.touches import Touch, touch
from voxmint.profiles.diff.values import is_below
from voxmint.profiles.documents import Layer
from voxmint.profiles.fields import UNIONS
from voxmint.profiles.nodes import ScalarNode
from voxmint.profiles.templates.template import TemplateError, is_template, template


class What(Enum):
    """What a layer sets at a path."""

    PLAIN = "a scalar that is no template"
    TEMPLATE = "a template"
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
    if found.path != path or not isinstance(node, ScalarNode):
        return What.OTHER
    is_text = isinstance(node.value, str) and is_template(node.value)
    return What.TEMPLATE if is_text else What.PLAIN


def _slots(found: Touch, what: What, path: Path) -> Slots | None:
    if what is not What.TEMPLATE or not isinstance(found.node, ScalarNode):
        return _NOTHING if what is What.PLAIN else None
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

    `words` are all that have a say in it in either.
    """

    causes: tuple[Cause, ...]
    is_rendered: bool
    words: Sequence[_Word]

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

    def of(self, path: Path, layers: Sequence[Layer]) -> Said | None:
        """What is written of a value in both states; `layers` are the head's.

        `None` where the strongest that speaks of it in either does not say a scalar, or none does.
        """
        words = self._words.get(path)
        if words is None:
            words = self._words[path] = _Words(path, self._matching, self._edits)
        before: list[_Word] = []
        after: list[_Word] = []
        counted: int | None = None
        for layer in reversed(layers):
            both = words[layer]
            if both is None:
                continue
            was, now = both
            if was is not None and not (before and before[-1].is_final):
                before.append(was)
            if now is not None and counted is None:
                after.append(now)
                if now.is_final:
                    # Below what is final now, it does not matter what there was.
                    counted = len(before)
        return _said(before, after, counted)

    def behind(self, slots: Slots, layers: Sequence[Layer]) -> Slots | None:
        """What is named, and all that is named in turn where that is written.

        `None` where that cannot be said.
        """
        names, is_about_profile, waiting = set(slots.names), slots.is_about_profile, [*slots.names]
        while waiting:
            said = self.of(waiting.pop(), layers)
            inner = None if said is None else said.slots
            if inner is None:
                return None
            waiting += inner.names - names
            names |= inner.names
            is_about_profile = is_about_profile or inner.is_about_profile
        return Slots(frozenset(names), is_about_profile)


def _said(before: list[_Word], after: list[_Word], counted: int | None) -> Said | None:
    if not (before and after):
        return None
    tops = before[0].what, after[0].what
    if What.OTHER in tops:
        return None
    causes = [cause for word in (*after, *before[:counted]) for cause in word.causes]
    return Said(in_order(causes), What.TEMPLATE in tops, (*before, *after))


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
