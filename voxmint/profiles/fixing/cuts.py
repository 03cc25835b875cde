"""Which characters of a YAML text go where parts of it are taken out, and which stay.

Lines go as a whole where they hold nothing else. A comment on a line of its own stays.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Collection, Iterator, Sequence, Set
from itertools import pairwise

from voxmint.profiles.fixing.spans import Layout, Part, Written, holders

_BLANK = " \t"
_BREAK = "\r\n"

Range = tuple[int, int]
"""Characters of a text: the index of the first, and of the one after the last."""


def goes(node: Written, going: Set[Part]) -> bool:
    """Whether a node stands in something that goes."""
    return any(part in going for part in holders(node))


def is_emptied(node: Written, going: Set[Part]) -> bool:
    """Whether a map or list had parts, and all of them go."""
    return bool(node.parts) and all(part in going for part in node.parts)


class Lines:
    """The lines of a text, and how parts lie on them."""

    def __init__(self, layout: Layout) -> None:
        self._text = layout.text
        self._layout = layout
        self._starts = [*line_starts(layout.text), len(layout.text)]

    def _first_of(self, index: int) -> int:
        """The number, from 0, of the line that an index is on."""
        return bisect_right(self._starts, index, hi=len(self._starts) - 1) - 1

    def _margin(self, number: int) -> int:
        """Where the first character of a line stands that is no blank, its break included."""
        return self._skip(self._starts[number])

    def _skip(self, index: int) -> int:
        while index < len(self._text) and self._text[index] in _BLANK:
            index += 1
        return index

    def _skip_back(self, index: int) -> int:
        while index > 0 and self._text[index - 1] in _BLANK:
            index -= 1
        return index

    def _is_comment(self, number: int) -> bool:
        margin = self._margin(number)
        return self._text[margin : margin + 1] == "#" and self._layout.is_outside_of_signs(margin)

    def _is_blank(self, number: int) -> bool:
        start, end = self._starts[number : number + 2]
        return start < end and not self._text[start:end].strip(_BLANK + _BREAK)

    def begins_line(self, index: int) -> bool:
        """Whether nothing but blanks stands before it on its line."""
        return self._margin(self._first_of(index)) == index

    def _ends_line(self, index: int) -> bool:
        """Whether nothing but a comment stands behind it on its line."""
        index = self._skip(index)
        return index == len(self._text) or self._text[index] in "#\r\n"

    def has_comment(self, start: int, end: int) -> bool:
        """Whether a comment stands between two indexes."""
        found = self._text.find("#", start, end)
        while found >= 0:
            if self._layout.is_outside_of_signs(found):
                return True
            found = self._text.find("#", found + 1, end)
        return False

    def whole(self, start: int, end: int) -> Iterator[Range]:
        """The lines from one index to another, without comments that have a line of their own.

        Those that are indented more than what goes move out to its margin, those below it, too:
        behind a block scalar they would become a part of that.
        """
        first, last = self._first_of(start), self._first_of(end - 1)
        comments = [number for number in range(first, last + 1) if self._is_comment(number)]
        for number in range(first, last + 1):
            if number not in comments:
                yield self._starts[number], self._starts[number + 1]
        margin = start - self._starts[first]
        for number in (*comments, *self._comments_below(last + 1)):
            yield self._starts[number] + margin, self._margin(number)

    def _comments_below(self, number: int) -> Iterator[int]:
        """The lines of comments from a line on, as far as only blank ones are between."""
        while number < len(self._starts) - 1:
            if self._is_comment(number):
                yield number
            elif not self._is_blank(number):
                return
            number += 1

    def around_comments(self, start: int, end: int) -> Iterator[Range]:
        """What is between two indexes, without comments that have a line of their own."""
        first, last = self._first_of(start) + 1, self._first_of(end - 1)
        comments = [number for number in range(first, last + 1) if self._is_comment(number)]
        if not comments:
            yield start, end
            return
        before = self._starts[comments[0]]
        yield self._skip_back(start), before - len(_line_break(self._text, before))
        for number, following in pairwise(comments):
            yield self._starts[number + 1], self._starts[following]
        yield self._starts[comments[-1] + 1], self._starts[last]
        yield min(self._margin(last), end), end

    def in_flow(self, start: int, end: int, *, is_tail: bool) -> Iterator[Range]:
        """What is between two indexes inside brackets; `is_tail` where nothing stays behind it."""
        if self.begins_line(start) and self._ends_line(end):
            yield from self.whole(start, end)
            return
        if is_tail or self._ends_line(end):
            before = self._skip_gap_back(start) if is_tail else self._skip_back(start)
            yield from self.around_comments(before, end)
            return
        yield from self.around_comments(start, self._skip(end))

    def _skip_gap_back(self, start: int) -> int:
        """The end of the sign before an index; the index itself where a comment is between."""
        index = start
        while self._text[index - 1] in _BLANK + _BREAK:
            index -= 1
        return start if self._layout.is_outside_of_signs(index - 1) else index

    def empty_map(self, root: Written, going: Set[Part]) -> tuple[int, str] | None:
        """Where to write `{}`, with its line's end, for a document that is left with nothing."""
        if root.is_flow or not is_emptied(root, going):
            return None
        number = self._first_of(root.parts[0].start)
        following = self._starts[number + 1]
        return self._starts[number], "{}" + _line_break(self._text, following)

    def with_blank_lines(self, cuts: Sequence[Range]) -> Iterator[Range]:
        """The ranges, and the blank lines that would double, or be left at the end of the text."""
        begins = set(self._starts)
        for start, end in cuts:
            is_whole = start in begins and end in begins
            yield self._widened(start, end) if is_whole else (start, end)

    def _widened(self, start: int, end: int) -> Range:
        before, after = bisect_left(self._starts, start), bisect_left(self._starts, end)
        last = len(self._starts) - 1
        if before == 0 or self._is_blank(before - 1):
            while after < last and self._is_blank(after):
                after += 1
        while after == last and before > 0 and self._is_blank(before - 1):
            before -= 1
        return self._starts[before], self._starts[after]


def ranges(going: Set[Part], layout: Layout, lines: Lines) -> Iterator[Range]:
    """The characters to take out, collection by collection; ranges may overlap."""
    owners = {id(part.owner): part.owner for part in going if not goes(part.owner, going)}
    for owner in owners.values():
        if owner.is_flow:
            yield from _flow_ranges(owner, going, layout, lines)
        else:
            yield from _block_ranges(owner, going, lines)


def _block_ranges(owner: Written, going: Set[Part], lines: Lines) -> Iterator[Range]:
    staying = [part for part in owner.parts if part not in going]
    for part in owner.parts:
        if part not in going:
            continue
        if lines.begins_line(part.start):
            yield from lines.whole(part.start, part.end)
        elif part is owner.parts[0] and staying:
            # The first of a list or map that begins behind a `-`: the next one takes its place.
            yield from lines.around_comments(part.start, staying[0].start)


def _flow_ranges(owner: Written, going: Set[Part], layout: Layout, lines: Lines) -> Iterator[Range]:
    if is_emptied(owner, going) and not lines.has_comment(*owner.inner):
        yield owner.inner
        return
    staying = [part for part in owner.parts if part not in going]
    last = owner.parts[-1]
    for part in owner.parts:
        if part in going:
            comma = layout.comma_after(part.end)
            is_tail = bool(staying) and part.start > staying[-1].start
            yield from lines.in_flow(part.start, comma[1] if comma else part.end, is_tail=is_tail)
    if last in going and staying and layout.comma_after(last.end) is None:
        comma = layout.comma_after(staying[-1].end)
        if comma is not None:
            yield comma


def line_starts(text: str) -> list[int]:
    """Where each line begins; after a last line break none does."""
    starts = [0]
    while (found := text.find("\n", starts[-1])) >= 0:
        starts.append(found + 1)
    if len(starts) > 1 and starts[-1] == len(text):
        starts.pop()
    return starts


def _line_break(text: str, index: int) -> str:
    """The line break that ends before an index; "" where none does."""
    found = (sign for sign in ("\r\n", "\n") if text.endswith(sign, 0, index))
    return next(found, "")


def merged(ranges: Collection[Range]) -> list[Range]:
    """The ranges in order, those that meet as one."""
    found: list[Range] = []
    for start, end in sorted(ranges):
        if start >= end:
            continue
        if found and start <= found[-1][1]:
            found[-1] = (found[-1][0], max(found[-1][1], end))
        else:
            found.append((start, end))
    return found
