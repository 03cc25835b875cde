"""Where the characters of a scalar's value stand in its file.

A value is not written as it is read: lines are folded, indentation falls away, quotes are doubled,
escapes are short for others. What is never moved is the order of the characters that are no white
space, so the n-th of the value is the n-th that is written.
"""

import re
from collections.abc import Iterator

from voxmint.origin import Origin

_BLANK = " \t\r\n"
_PROPERTY = re.compile(r"[&!][^\s]*|#[^\n]*|\s+")
_HEADER = re.compile(r"[|>][^\n]*")
_ESCAPE = re.compile(r"\\(?:x(?P<x>.{2})|u(?P<u>.{4})|U(?P<U>.{8})|(?P<one>.))", re.DOTALL)
_SHORT = {
    "0": "\0", "a": "\a", "b": "\b", "t": "\t", "n": "\n", "v": "\v", "f": "\f", "r": "\r",
    "e": "\x1b", "N": "\x85", "_": "\xa0", "L": "\u2028", "P": "\u2029",
}  # fmt: skip


class ScalarPlaces:
    """The places of one scalar's characters.

    `text` is its file's, `at` its place there (from its first sign to its last, anchor and tag
    included), `style` its sign: `'`, `"`, `|`, `>`, or "" for a plain one.
    """

    def __init__(self, text: str, at: Origin, style: str, value: str) -> None:
        self._text = text
        self._at = at
        self._value = value
        begin = _offset(text, at.line, at.column)
        written = text[begin : begin + at.length]
        units = [
            (begin + start, begin + end, character)
            for start, end, character in _units(written, style)
            if character not in _BLANK
        ]
        solid = [character for character in value if character not in _BLANK]
        fits = [character for _, _, character in units[: len(solid)]] == solid
        self._units = units if fits else []

    def of(self, begin: int, end: int) -> Origin:
        """The place of a part of the value, by its indexes; the scalar's own where it has none."""
        first = _solid(self._value[:begin])
        count = _solid(self._value[begin:end])
        taken = self._units[first : first + count]
        if not taken:
            return self._at
        start, stop = taken[0][0], taken[-1][1]
        before = self._text[:start]
        line = before.count("\n") + 1
        return Origin(self._at.file, line, start - before.rfind("\n"), stop - start)


def _solid(text: str) -> int:
    return sum(character not in _BLANK for character in text)


def _units(written: str, style: str) -> Iterator[tuple[int, int, str]]:
    """What is written for each character: its first index, the one after its last, and it."""
    position = _after_properties(written)
    if style in ("|", ">"):
        header = _HEADER.match(written, position)
        position = header.end() if header else position
    elif style:
        position, written = position + 1, written[:-1]
    while position < len(written):
        end, character = _unit(written, position, style)
        yield position, end, character
        position = end


def _unit(written: str, position: int, style: str) -> tuple[int, str]:
    if style == '"':
        escape = _ESCAPE.match(written, position)
        if escape:
            return escape.end(), _meant(escape)
    length = 2 if style == "'" and written.startswith("''", position) else 1
    return position + length, written[position]


def _meant(escape: re.Match[str]) -> str:
    """The character that an escape in double quotes stands for; an escaped line end for none."""
    number = escape["x"] or escape["u"] or escape["U"]
    if number:
        try:
            return chr(int(number, 16))
        except (ValueError, OverflowError):
            return "\ufffd"
    return _SHORT.get(escape["one"], escape["one"])


def _after_properties(written: str) -> int:
    """Where the scalar itself begins, behind its anchor and tag and what stands between."""
    position = 0
    if written[:1] in ("&", "!"):
        while found := _PROPERTY.match(written, position):
            position = found.end()
    return position


def _offset(text: str, line: int, column: int) -> int:
    offset = 0
    for _ in range(line - 1):
        offset = text.find("\n", offset) + 1
    return offset + column - 1


# ── which part of a value a failure is about ─────────────────────────────────────────────────────

_LINE_END = re.compile(r"\r\n|\r|\n")
_SIGN = re.compile(r"\{[{%#]|[}%#]\}")


def failing_part(value: str, needle: str, line: int | None) -> tuple[int, int] | None:
    """Where in a value its template fails: the indexes of its begin and its end.

    `needle` is the piece that fails, or ""; `line` the line of the value, from 1, as far as it is
    known. `None` where nothing better is known than all of the value.
    """
    begin, end = _line_bounds(value, line)
    starts = (begin, 0) if line else (0,)
    for text in (_code(value), value) if needle else ():
        for start in starts:
            found = _word(text, needle, start)
            if found:
                return found
    regions = list(_regions(value))
    if line is None:
        return regions[0] if len(regions) == 1 else None
    on_line = [(max(one, begin), min(other, end)) for one, other in regions]
    on_line = [(one, other) for one, other in on_line if one < other]
    if on_line:
        return on_line[0][0], on_line[-1][1]
    before = [region for region in regions if region[0] < begin]
    return before[-1] if before else None


def _line_bounds(value: str, line: int | None) -> tuple[int, int]:
    ends = [found.span() for found in _LINE_END.finditer(value)]
    starts = [0, *(after for _, after in ends)]
    stops = [*(before for before, _ in ends), len(value)]
    index = min((line or 1) - 1, len(stops) - 1)
    return starts[index], stops[index]


def _word(value: str, needle: str, start: int) -> tuple[int, int] | None:
    """The first place in a template, from an index on, where a piece stands.

    As a whole word; else as an attribute, or a part of another word.
    """
    before = r"(?<![\w.])" if needle[0].isidentifier() else ""
    after = r"(?!\w)" if needle[-1].isidentifier() else ""
    piece = re.escape(needle)
    for word in (re.compile(before + piece + after), re.compile(piece)):
        for begin, end in _regions(value):
            found = word.search(value, max(begin, start), end)
            if found:
                return found.span()
    return None


_HIDDEN = re.compile(
    r"\{#.*?(?:#\}|\Z)|\{%[-+]?\s*raw\s*[-+]?%\}.*?(?:\{%[-+]?\s*endraw\s*[-+]?%\}|\Z)", re.DOTALL
)
_QUOTED = re.compile(r"'(?:\\.|[^'\\])*(?:'|\Z)|\"(?:\\.|[^\"\\])*(?:\"|\Z)", re.DOTALL)


def _code(value: str) -> str:
    """The value with blanks for what only looks evaluated: remarks, raw text, quoted text."""
    shown = _HIDDEN.sub(_blank, value)
    pieces: list[str] = []
    position = 0
    for begin, end in _regions(shown):
        pieces += (shown[position:begin], _QUOTED.sub(_blank, shown[begin:end]))
        position = end
    return "".join((*pieces, shown[position:]))


def _blank(found: re.Match[str]) -> str:
    return " " * len(found.group())


def _regions(value: str) -> Iterator[tuple[int, int]]:
    """The templates in a value, with their signs."""
    begin = None
    for sign in _SIGN.finditer(value):
        if sign.group().startswith("{"):
            begin = sign.start() if begin is None else begin
        elif begin is not None:
            yield begin, sign.end()
            begin = None
    if begin is not None:
        yield begin, len(value)
