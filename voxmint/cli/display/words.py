"""Small parts of sentences: counts with their nouns, lists of names."""

from collections.abc import Sequence

from voxmint.shown import shown

MOST_NAMES = 4
"""How many names stand in a line, unless all are asked for."""


def number(count: int, one: str, many: str = "") -> str:
    """A count with its noun: `1 profile`, `3 bodies`, `1,000 profiles`."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def names(listed: Sequence[str], most: int) -> str:
    """The names with commas between; of more than `most` the first, with `…` for the rest."""
    first = listed if len(listed) <= most else [*listed[: most - 1], "…"]
    return ", ".join(shown(name) for name in first)


def counted_names(listed: Sequence[str], *, is_verbose: bool) -> str:
    """The names, of many only the first with their count: `a, b, c, … (12)`."""
    most = len(listed) if is_verbose else MOST_NAMES
    return names(listed, most) + (f" ({len(listed):,})" if len(listed) > most else "")
