"""A body as YAML that reads back as the same by YAML 1.1 and 1.2, so also by every reader between.

What is plain in one version may be something else in the other: `no` is false in 1.1, `1e3` a
number in 1.2, `0o17` fifteen. So a text is written plain only if it can be nothing but a text; as a
block where it has several lines and no character that the versions disagree about; and otherwise
quoted as JSON has it.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

_PLAIN = re.compile(r"\$?[A-Za-z][A-Za-z0-9_]*(?:[-./][A-Za-z0-9_]+)*")
_WORDS = frozenset("y n yes no on off true false null".split())
"""Plain words that are no text in one version or the other."""

_ESCAPED = re.compile(
    "[\x7f-\xa0\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ud800-\udfff\ufffe\uffff]"
)
"""What the versions, or terminals, do not all take as it is."""

_BLOCK = re.compile(r"[^\s#].*(?:\n(?:[^\s].*)?)*", re.ASCII)


def as_yaml(value: Mapping[str, Any], *, is_unicode: bool = True) -> str:
    """The value as a document in block style, with the line break at its end."""
    return "".join(line + "\n" for line in _map(value, 0, is_unicode))


def _map(value: Mapping[str, Any], depth: int, is_unicode: bool) -> Iterator[str]:
    indent = "  " * depth
    for key, inner in value.items():
        yield from _entry(f"{indent}{_text(key, is_unicode)}:", inner, depth, is_unicode)


def _list(value: Sequence[Any], depth: int, is_unicode: bool) -> Iterator[str]:
    for inner in value:
        yield from _entry(f"{'  ' * depth}-", inner, depth, is_unicode)


def _entry(start: str, value: Any, depth: int, is_unicode: bool) -> Iterator[str]:
    """What comes after a key or a dash: in the same line, or in lines of its own below."""
    if isinstance(value, Mapping) and value:
        yield start
        yield from _map(value, depth + 1, is_unicode)
    elif isinstance(value, list | tuple) and value:
        yield start
        yield from _list(value, depth + 1, is_unicode)
    elif isinstance(value, str) and _is_block(value, is_unicode):
        yield f"{start} {'|' if value.endswith(chr(10)) else '|-'}"
        indent = "  " * (depth + 1)
        yield from (indent + line if line else "" for line in value.removesuffix("\n").split("\n"))
    else:
        yield f"{start} {_scalar(value, is_unicode)}"


def _scalar(value: Any, is_unicode: bool) -> str:
    match value:
        case str():
            return _text(value, is_unicode)
        case float():
            return _number(value)
        case Mapping():
            return "{}"
        case list() | tuple():
            return "[]"
        case _:
            return json.dumps(value)


def _number(value: float) -> str:
    """A float: YAML 1.1 takes one with an exponent for a text unless it has a point, too."""
    text = repr(value)
    mantissa, sign, exponent = text.partition("e")
    return f"{mantissa}.0e{exponent}" if sign and "." not in mantissa else text


def _text(value: str, is_unicode: bool) -> str:
    if _PLAIN.fullmatch(value) and value.lower() not in _WORDS:
        return value
    quoted = _ESCAPED.sub(_escape, json.dumps(value, ensure_ascii=False))
    return quoted if is_unicode else re.sub("[^\x00-\x7f]", _escape, quoted)


def _escape(found: re.Match[str]) -> str:
    code = ord(found.group())
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def _is_block(value: str, is_unicode: bool) -> bool:
    """Whether a text of several lines can stand as it is, below `|`."""
    body = value.removesuffix("\n")
    return (
        "\n" in body
        and not body.endswith("\n")
        and (is_unicode or value.isascii())
        and _BLOCK.fullmatch(body) is not None
        and not any(character < " " and character != "\n" for character in body)
        and _ESCAPED.search(body) is None
    )
