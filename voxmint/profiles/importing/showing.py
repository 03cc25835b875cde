"""What was pasted, as far as it may be shown: the same lines and columns, and no secret."""

from collections.abc import Iterable

from voxmint.profiles.importing.body_keys import Hidden
from voxmint.profiles.importing.pasted import Pasted
from voxmint.profiles.importing.secrets import HIDDEN, hidden
from voxmint.shown import key_places

_ODD_BREAKS = {0x0D: " ", 0x85: "?", 0x2028: "?", 0x2029: "?"}
"""What only some take for the end of a line: it would shift the lines that are shown."""
_BLANK = " \t\n"

Spans = Iterable[tuple[int, int]]


def showable(pasted: Pasted, spans: Spans | None, secrets: Hidden) -> str:
    """The text with all hidden that is or may be a secret, and what is outside of the spans.

    Without spans, all of the text may be shown.
    """
    signs = list(hidden(pasted.text, secrets.texts))
    if spans is not None:
        signs = _only(signs, spans)
    for mark in (*secrets.marks, *key_places(pasted.text)):
        start, end = pasted.span(mark)
        signs[start:end] = _stars(signs[start:end])
    return "".join(signs).translate(_ODD_BREAKS)


def _only(signs: list[str], spans: Spans) -> list[str]:
    kept = _stars(signs)
    for start, end in spans:
        kept[start:end] = signs[start:end]
    return kept


def _stars(signs: Iterable[str]) -> list[str]:
    return [sign if sign in _BLANK else HIDDEN for sign in signs]
