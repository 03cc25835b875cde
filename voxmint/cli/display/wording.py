"""Messages and hints without a problem at hand: what stands in them for names and values."""

from string import Formatter

_WORDLESS = frozenset(
    "because character detail found known orders reason said takes them walk what".split()
)
"""Facts that are a piece of a sentence; any other one stands for a name or value."""


def pattern(template: str) -> str:
    """A message or hint with its facts as a usage line writes them: `PROFILE extends itself: …`."""
    parts: list[str] = []
    for text, name, _, _ in Formatter().parse(template):
        parts.append(text)
        if name is not None:
            parts.append("…" if name in _WORDLESS else name.upper())
    return "".join(parts)
