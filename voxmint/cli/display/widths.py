"""How many columns of a terminal a text takes, and cutting a text to columns."""

from collections.abc import Iterator, Sequence

_JOINER = "\u200d"
_AS_EMOJI = "\ufe0f"
_SKINS = frozenset(map(chr, range(0x1F3FB, 0x1F400)))


def width(text: str) -> int:
    """The columns that a text takes: two for wide East Asian characters, none for marks.

    An emoji made of several characters takes two columns as a whole, as terminals draw it.
    """
    return len(text) if text.isascii() else sum(columns(text))


def columns(pieces: Sequence[str]) -> Iterator[int]:
    """The columns that each piece of a text takes: its characters, or what stands for them."""
    before, taken = "", 0
    for piece in pieces:
        taken = _joined(piece, before, taken)
        yield taken
        before = piece


def _joined(piece: str, before: str, taken: int) -> int:
    """The columns of a piece after another, which took so many."""
    if (before == _JOINER and _is_sign(piece)) or (taken == 2 and piece in _SKINS):
        return 0
    if piece == _AS_EMOJI:
        return int(taken == 1 and not before.isascii())
    return len(piece) if piece.isascii() else sum(map(_columns, piece))


def _columns(character: str) -> int:
    if character.isascii():
        return 1
    from unicodedata import category, east_asian_width

    if category(character) in {"Mn", "Me", "Cf"}:
        return 0
    return 2 if east_asian_width(character) in {"W", "F"} else 1


def _is_sign(piece: str) -> bool:
    """Whether it is a sign such as an emoji: letters may be joined, too, and keep their width."""
    from unicodedata import category

    return len(piece) == 1 and category(piece) == "So"


def padded(text: str, least: int) -> str:
    """The text with blanks after it, so that it takes at least so many columns."""
    return text + " " * (least - width(text))


def cut(text: str, most: int) -> str:
    """The text, or as much of its beginning as fits, with `…` for the rest."""
    if width(text) <= most:
        return text
    kept, taken = "", 0
    for character, more in zip(text, columns(text), strict=True):
        taken += more
        if taken > most - 1:
            break
        kept += character
    return kept.rstrip() + "…"


def folded(text: str, most: int) -> list[str]:
    """The text on lines of so many columns, broken between words; longer words stay whole."""
    lines: list[str] = []
    for word in text.split(" "):
        if lines and width(lines[-1]) + 1 + width(word) <= most:
            lines[-1] += f" {word}"
        else:
            lines.append(word)
    return lines
