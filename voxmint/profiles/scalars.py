"""YAML 1.2's core schema: which plain scalars are null, true, false or a number.

`no`, `on`, `1:30` and `2024-01-01` are texts; `010` is ten. Source: YAML 1.2.2, section 10.3.2.
"""

import math
import re
from functools import lru_cache

from voxmint.profiles.values import Scalar

CONSTANTS: dict[str, bool | None] = {
    "": None, "~": None, "null": None, "Null": None, "NULL": None,
    "true": True, "True": True, "TRUE": True,
    "false": False, "False": False, "FALSE": False,
}  # fmt: skip
_INTEGER = re.compile(r"[-+]?[0-9]+\Z")
_OCTAL = re.compile(r"0o[0-7]+\Z")
_HEXADECIMAL = re.compile(r"0x[0-9a-fA-F]+\Z")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?\Z")
_NOT_FINITE = re.compile(r"(?:[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))\Z")
_NUMERIC_START = frozenset("+-.0123456789")
_LARGEST = 2**63
_LONGEST = 64

NOT_TEXT_START = _NUMERIC_START | {"<"}
"""The characters that a number, or the merge key of YAML 1.1, can begin with.

A plain scalar that begins with another one, and is none of the constants, is a text.
"""
_NOT_SURELY_TEXT = NOT_TEXT_START | frozenset("~nNtTfF")


def is_surely_text(plain: str) -> bool:
    """Whether the first character alone says that a plain scalar is a text, as it mostly does."""
    return plain != "" and plain[0] not in _NOT_SURELY_TEXT


class BadNumberError(ValueError):
    """A plain scalar that YAML calls a number and JSON cannot hold, or that is absurdly large."""


def resolve(text: str) -> Scalar:
    """The value of a plain scalar; `BadNumberError` for what is no number that JSON has."""
    if text in CONSTANTS:
        return CONSTANTS[text]
    if text[0] not in _NUMERIC_START:
        return text
    # The same few numbers stand in file after file; a text that is no number may be long.
    return _known_number(text) if len(text) <= _LONGEST else _number(text)


def is_text(plain: str) -> bool:
    """Whether a plain scalar is a text, so that a text needs no quotes to stay one."""
    try:
        return plain != "" and isinstance(resolve(plain), str)
    except BadNumberError:
        return False


@lru_cache(maxsize=1024)
def _known_number(text: str) -> Scalar:
    return _number(text)


def _number(text: str) -> Scalar:
    if _NOT_FINITE.match(text):
        raise BadNumberError(text)
    is_integer = _INTEGER.match(text) or _OCTAL.match(text) or _HEXADECIMAL.match(text)
    if not is_integer and not _FLOAT.match(text):
        return text
    if len(text) > _LONGEST:
        raise BadNumberError(text)
    return _integer(text) if is_integer else _decimal(text)


def _integer(text: str) -> int:
    base = {"0o": 8, "0x": 16}.get(text[:2], 10)
    value = int(text[2:] if base != 10 else text, base)
    if not -_LARGEST <= value < _LARGEST:
        raise BadNumberError(text)
    return value


def _decimal(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise BadNumberError(text)
    return value
