"""Entries and items taken out of a YAML text, the rest left byte for byte as it is.

- What is taken out goes with its own lines, and with the comment at the end of them. A comment on a
  line of its own always stays. Inside of what goes, and indented deeper directly below it, it moves
  out to the margin of that.
- A map or list that loses its last part goes too, and so on upwards; a document becomes `{}`.
- Where blank lines above and below would meet, those below go.
- What an alias elsewhere stands for stays. So does what cannot be taken out without another value
  changing: every edit is read again and compared before it is given out.
"""

from bisect import bisect_right
from collections import Counter
from collections.abc import Collection, Mapping, Sequence, Set
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

import yaml

from voxmint.profiles.fixing.cuts import Lines, Range, goes, line_starts, merged, ranges
from voxmint.profiles.fixing.halving import acceptable
from voxmint.profiles.fixing.spans import Layout, Part, Written
from voxmint.profiles.idle import Unit


class Removal(NamedTuple):
    """What is to be taken out: the place of the key or item, counted from 1 in characters."""

    line: int
    column: int
    unit: Unit = Unit.ENTRY


class Reason(StrEnum):
    """Why something was not taken out, to stand after a colon."""

    NOT_THERE = "there is no such entry or item"
    ANCHORED = "an alias elsewhere in the file repeats it"
    LAYOUT = "it cannot be taken out without the lines around it meaning something else"


@dataclass(frozen=True, slots=True)
class Edited:
    """A text without what was to go. `left` is what had to stay, and why."""

    text: str
    left: Mapping[Removal, Reason]
    _before: str
    _kept: tuple[Range, ...]

    def place_before(self, line: int, column: int) -> tuple[int, int]:
        """Where a character of the new text stood in the old one: line and column from 1."""
        index = line_starts(self.text)[line - 1] + column - 1
        for start, end in self._kept:
            if index < end - start:
                break
            index -= end - start
        else:
            start = len(self._before)
        starts = line_starts(self._before)
        number = bisect_right(starts, start + index)
        return number, start + index - starts[number - 1] + 1


def without(text: str, removals: Collection[Removal]) -> Edited:
    """The text without these entries and items, of which some may have to stay.

    The text is one that `read_document` has no problem with.
    """
    editor = _Editor(text)
    left = {one: Reason.NOT_THERE for one in removals if one not in editor.parts}
    wanted = sorted(one for one in set(removals) if one not in left)
    cut = _Cut(text, ((0, len(text)),))
    if wanted:
        accepted = acceptable(wanted, lambda some: editor.cut(some) is not None)
        kept = set(accepted)
        left |= {one: editor.why_not(one) for one in wanted if one not in kept}
        cut = editor.cut(accepted) or cut
    return Edited(cut.text, left, text, cut.kept)


class _Cut(NamedTuple):
    text: str
    kept: tuple[Range, ...]


class _Editor:
    """Takes parts out of one text."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._layout = Layout(text)
        self._lines = Lines(self._layout)
        self.parts = _by_place(self._layout)

    def cut(self, removals: Sequence[Removal]) -> _Cut | None:
        """The text without all of these; `None` where that cannot be."""
        going = _going([self.parts[one] for one in removals])
        if self._is_repeated(going):
            return None
        return self._without(going)

    def _without(self, going: Set[Part]) -> _Cut | None:
        cuts = [*ranges(going, self._layout, self._lines)]
        inserted = self._lines.empty_map(self._layout.root, going)
        meant = _said(self._layout.root, going)
        tidy = cuts if inserted else [*self._lines.with_blank_lines(merged(cuts))]
        for some in (tidy, cuts):
            cut = _taken_out(self._text, merged(some), inserted)
            if _says(cut.text, meant):
                return cut
        return None

    def why_not(self, removal: Removal) -> Reason:
        """Why this alone, or with others, cannot go."""
        is_repeated = self._is_repeated(_going([self.parts[removal]]))
        return Reason.ANCHORED if is_repeated else Reason.LAYOUT

    def _is_repeated(self, going: Set[Part]) -> bool:
        """Whether an alias that stays stands for something that goes."""
        return any(
            alias.of is not None and goes(alias.of, going) and not goes(alias, going)
            for alias in self._layout.aliases
        )


def _by_place(layout: Layout) -> dict[Removal, Part]:
    """Each part, the first one where an alias repeats it.

    An item that is a map or list is also found where one of its later parts begins: when the
    earlier ones are gone, that is its place.
    """
    found: dict[Removal, Part] = {}
    for part in layout.parts:
        unit = Unit.ITEM if part.key is None else Unit.ENTRY
        found.setdefault(Removal(*part.at, unit), part)
    starts = line_starts(layout.text)
    for part in layout.parts:
        for inner in part.value.parts if part.key is None else ():
            number = bisect_right(starts, inner.start)
            place = number, inner.start - starts[number - 1] + 1
            found.setdefault(Removal(*place, Unit.ITEM), part)
    return found


# ── what goes ────────────────────────────────────────────────────────────────────────────────────


def _going(parts: Collection[Part]) -> Set[Part]:
    """These parts, and those that are left with nothing in them."""
    going = set(parts)
    gone: Counter[int] = Counter()
    waiting = list(going)
    while waiting:
        owner = waiting.pop().owner
        gone[id(owner)] += 1
        holder = owner.holder
        if gone[id(owner)] == len(owner.parts) and holder is not None and holder not in going:
            going.add(holder)
            waiting.append(holder)
    return going


def _said(node: Written, going: Set[Part]) -> tuple[object, ...]:
    """All that a node says without what goes."""
    parts = (
        (part.key and _said(part.key, going), _said(part.value, going))
        for part in node.parts
        if part not in going
    )
    return (*node.says, *parts)


def _says(text: str, meant: tuple[object, ...]) -> bool:
    try:
        return _said(Layout(text).root, frozenset()) == meant
    except yaml.YAMLError:
        return False


def _taken_out(text: str, cuts: Sequence[Range], inserted: tuple[int, str] | None) -> _Cut:
    starts = [0, *(end for _, end in cuts)]
    ends = [*(start for start, _ in cuts), len(text)]
    kept = tuple((start, end) for start, end in zip(starts, ends, strict=True) if start < end)
    if inserted is None:
        return _Cut("".join(text[start:end] for start, end in kept), kept)
    at, new = inserted
    before = "".join(text[start : min(end, at)] for start, end in kept if start < at)
    after = "".join(text[max(start, at) : end] for start, end in kept if end > at)
    return _Cut(before + new + after, kept)
