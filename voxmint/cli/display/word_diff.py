"""Two texts as one, with what was taken out and put in marked word by word."""

import re
from collections.abc import Iterator
from difflib import SequenceMatcher

from voxmint.cli.display.screen import Screen, Style
from voxmint.shown import masked, shown

_WORD = re.compile(r"\s+|\w+|[^\w\s]")
_KEPT = 6
"""How many words are shown on either side of a change."""
_MOST_WORDS = 4_000


def word_diff(screen: Screen, before: str, after: str) -> str:
    """The texts in one line: `Speak [-slowly-]{+clearly+}.`, with colour where there is any.

    What stays the same is cut to the words next to a change; line breaks are escaped.
    """
    # Before it is taken apart: half of a key does not look like one.
    before, after = masked(before), masked(after)
    old, new = _WORD.findall(before), _WORD.findall(after)
    if len(old) + len(new) > _MOST_WORDS:
        return _out(screen, before[:200] + "…") + _in(screen, after[:200] + "…")
    return "".join(_parts(screen, old, new))


def _parts(screen: Screen, old: list[str], new: list[str]) -> Iterator[str]:
    codes = SequenceMatcher(None, old, new, autojunk=False).get_opcodes()
    for place, (tag, begin, end, start, stop) in enumerate(codes):
        if tag == "equal":
            yield _same(old[begin:end], is_first=place == 0, is_last=place == len(codes) - 1)
            continue
        if begin < end:
            yield _out(screen, "".join(old[begin:end]))
        if start < stop:
            yield _in(screen, "".join(new[start:stop]))


def _same(words: list[str], *, is_first: bool, is_last: bool) -> str:
    """Words that stay, with `…` for those far from any change."""
    most = _KEPT if is_first or is_last else 2 * _KEPT
    if len(words) <= most + 1:
        return shown("".join(words))
    left = "" if is_first else "".join(words[:_KEPT])
    right = "" if is_last else "".join(words[-_KEPT:])
    return shown(f"{left}…{right}")


def _out(screen: Screen, text: str) -> str:
    return screen.paint(f"[-{shown(text)}-]", Style.RED)


def _in(screen: Screen, text: str) -> str:
    return screen.paint(f"{{+{shown(text)}+}}", Style.GREEN)
