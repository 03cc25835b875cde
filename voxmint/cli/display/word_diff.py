"""Two texts as one, with what was taken out and put in marked word by word."""

import re
from collections.abc import Iterator
from difflib import SequenceMatcher

from voxmint.cli.display.pieces import Piece, Pieces, Tone
from voxmint.shown import evident, masked

_WORD = re.compile(r"\s+|\w+|[^\w\s]")
_KEPT = 6
"""How many words are shown on either side of a change."""
_MOST_WORDS = 4_000


def word_diff(before: str, after: str) -> Pieces:
    """The texts in one line, what goes and what comes in pieces of their own.

    What stays the same is cut to the words next to a change; what nobody sees is escaped.
    """
    # Before it is taken apart: half of a key does not look like one.
    before, after = masked(before), masked(after)
    old, new = _WORD.findall(before), _WORD.findall(after)
    if len(old) + len(new) > _MOST_WORDS:
        return _out(before[:200] + "…"), _in(after[:200] + "…")
    return tuple(_parts(old, new))


def _parts(old: list[str], new: list[str]) -> Iterator[Piece]:
    codes = SequenceMatcher(None, old, new, autojunk=False).get_opcodes()
    for place, (tag, begin, end, start, stop) in enumerate(codes):
        if tag == "equal":
            yield _same(old[begin:end], is_first=place == 0, is_last=place == len(codes) - 1)
            continue
        if begin < end:
            yield _out("".join(old[begin:end]))
        if start < stop:
            yield _in("".join(new[start:stop]))


def _same(words: list[str], *, is_first: bool, is_last: bool) -> Piece:
    """Words that stay, with `…` for those far from any change."""
    most = _KEPT if is_first or is_last else 2 * _KEPT
    if len(words) <= most + 1:
        return Piece(evident("".join(words)))
    left = "" if is_first else "".join(words[:_KEPT])
    right = "" if is_last else "".join(words[-_KEPT:])
    return Piece(evident(f"{left}…{right}"))


def _out(text: str) -> Piece:
    return Piece(evident(text), Tone.OUT)


def _in(text: str) -> Piece:
    return Piece(evident(text), Tone.IN)
