"""Plain values, as JSON has them, and how a person reads them."""

from collections.abc import Mapping, Sequence
from typing import TypeAlias

Scalar: TypeAlias = bool | int | float | str | None
Plain: TypeAlias = "Scalar | Mapping[str, Plain] | Sequence[Plain]"
"""A value without places: what a body is made of. Never changed once it is built."""

_SHOWN_LENGTH = 60


def briefly(value: object) -> str:
    """A value as it would be written in YAML's flow style, cut to a line."""
    from json import dumps  # mostly there is nothing to show

    text = dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= _SHOWN_LENGTH else text[: _SHOWN_LENGTH - 1] + "…"


def described(value: object) -> str:
    """What a value is, for a person: `text "0.5"`, `the number 3`, `null`, `a list`."""
    match value:
        case None:
            return "null"
        case bool():
            return str(value).lower()
        case str():
            return f"the text {briefly(value)}"
        case int() | float():
            return f"the number {briefly(value)}"
        case Mapping():
            return "a map"
        case _:
            return "a list"
