"""How many columns of a terminal a text takes, and cutting a text to columns."""


def width(text: str) -> int:
    """The columns that a text takes: two for wide East Asian characters, none for marks."""
    return len(text) if text.isascii() else sum(map(_columns, text))


def _columns(character: str) -> int:
    if character.isascii():
        return 1
    from unicodedata import category, east_asian_width

    if category(character) in {"Mn", "Me", "Cf"}:
        return 0
    return 2 if east_asian_width(character) in {"W", "F"} else 1


def padded(text: str, columns: int) -> str:
    """The text with blanks after it, so that it takes at least so many columns."""
    return text + " " * (columns - width(text))


def cut(text: str, columns: int) -> str:
    """The text, or as much of its beginning as fits, with `…` for the rest."""
    if width(text) <= columns:
        return text
    kept, taken = "", 0
    for character in text:
        taken += _columns(character)
        if taken > columns - 1:
            break
        kept += character
    return kept.rstrip() + "…"
