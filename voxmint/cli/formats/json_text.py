"""JSON as it is printed: the same values, and nothing in it that a terminal would act on."""

import json
import re

from voxmint.cli.display.screen import Screen

# In JSON these can only stand in strings, where an escape means the same.
_ACTING = re.compile(
    "[\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ud800-\udfff]"
)


def indented(value: object, *, is_unicode: bool = True) -> str:
    """The value as JSON of several lines."""
    return _safe(json.dumps(value, indent=2, ensure_ascii=not is_unicode))


def write_json(screen: Screen, value: object) -> None:
    """Writes the value, of several lines."""
    screen.line(indented(value, is_unicode=screen.is_unicode))


def in_a_line(value: object, *, is_unicode: bool = True) -> str:
    """The value as JSON of one line."""
    return _safe(json.dumps(value, ensure_ascii=not is_unicode))


def _safe(text: str) -> str:
    return _ACTING.sub(lambda found: f"\\u{ord(found.group()):04x}", text)
