"""Parts of Markdown that hold text from files, as GitHub and GitLab read it.

All such text stands in code: there neither markup nor HTML, no mention, reference, address or emoji
is looked for. What nobody sees is written out.
"""

import re
from collections.abc import Callable, Sequence
from html import escape
from typing import NamedTuple, TypeVar

from voxmint.shown import evident

T = TypeVar("T")

_MOST = 200
"""How many characters of a text are shown, unless told otherwise."""
_TICKS = re.compile("`+")


def code(text: str, most: int = _MOST) -> str:
    """The text as a span of code, also in a cell of a table."""
    text = clipped(text, most)
    fence = "`" * (max(map(len, _TICKS.findall(text)), default=0) + 1)
    is_padded = text[:1] in "` " or text[-1:] in "` "
    inner = f" {text} " if is_padded else text
    # A cell is cut at `|` before anything else is looked at.
    return f"{fence}{inner}{fence}".replace("|", "\\|")


def html_code(text: str, most: int = _MOST) -> str:
    """The text as an HTML element, for where Markdown is not looked for."""
    return f"<code>{escape(clipped(text, most))}</code>"


def linked(shown: str, address: str | None) -> str:
    """What is shown, leading to an address where there is one."""
    return f"[{shown}]({address})" if address else shown


def html_linked(shown: str, address: str | None) -> str:
    """The same as HTML."""
    return f'<a href="{escape(address)}">{shown}</a>' if address else shown


def clipped(text: str, most: int) -> str:
    """The beginning of a text in one line, with `…` for the rest; an empty one as `""`."""
    told = evident(text) or '""'
    # Not by columns: marks take none, and there may be any number of them.
    return told if len(told) <= most else told[: most - 1] + "…"


def table(heads: Sequence[str], rows: Sequence[Sequence[str]], ends: str = "") -> str:
    """A table; `ends` names the columns of numbers, by their heads' first letters."""
    lines = [heads, ["--:" if head[:1] in ends and ends else "---" for head in heads], *rows]
    return "\n".join(map(table_row, lines))


def table_row(cells: Sequence[str]) -> str:
    """A row of a table, as it stands below its heads."""
    return f"| {' | '.join(cells)} |"


def folded(title: str, body: str) -> str:
    """A part that is shown when it is asked for; the title is HTML, the body Markdown."""
    return f"<details>\n<summary>{title}</summary>\n\n{body}\n\n</details>"


# ── what fits ────────────────────────────────────────────────────────────────────────────────────


class Section(NamedTuple):
    """A part of a text that can be cut by its items, in order.

    There are `items` of them, and `written` gives the text for the first so many. `rank` says which
    sections are filled first.
    """

    items: int
    written: Callable[[int], str]
    rank: int = 0


def drawn(items: Sequence[T], draw: Callable[[T], str]) -> Callable[[int], list[str]]:
    """Gives the texts of the first so many items; of what does not fit, none is ever made."""
    texts: list[str] = []

    def first(count: int) -> list[str]:
        texts.extend(map(draw, items[len(texts) : count]))
        return texts[:count]

    return first


def fitted(sections: Sequence[Section], most: int) -> str:
    """The sections with as many of their items as fit into a text of so many characters."""
    texts = [section.written(0) for section in sections]
    used = length("\n\n".join(filter(None, texts)))
    for place in sorted(range(len(sections)), key=lambda place: sections[place].rank):
        section = sections[place]
        free = most - used + length(texts[place]) - len("\n\n")
        texts[place] = section.written(_most(section, free))
        used = length("\n\n".join(filter(None, texts)))
    return "\n\n".join(filter(None, texts))


def _most(section: Section, free: int) -> int:
    """How many items of a section fit; sought from few to many."""
    low, high = 0, min(1, section.items)
    while low < high and length(section.written(high)) <= free:
        low, high = high, min(2 * high, section.items)
    while low < high:
        middle = (low + high + 1) // 2
        if length(section.written(middle)) <= free:
            low = middle
        else:
            high = middle - 1
    return low


def length(text: str) -> int:
    """The characters of a text, those beyond Unicode's first plane counted twice.

    So no host counts more, whether by characters, by UTF-16 or by four bytes for each.
    """
    return len(text) + sum(character > "\uffff" for character in text)
