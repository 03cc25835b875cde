"""The service's phrases for what is wrong with a body, each with its code.

Source: answers of the service that its users have quoted.
"""

from voxmint.engine.emulator.answers import RefusedError
from voxmint.origin import Path, dotted
from voxmint.profiles.values import briefly


def unknown(path: Path) -> RefusedError:
    """A parameter that the endpoint does not have."""
    param = dotted(path)
    message = f"Unknown parameter: '{param}'."
    return RefusedError(400, message, code="unknown_parameter", param=param)


def missing(path: Path) -> RefusedError:
    """A parameter that has to be there."""
    param = dotted(path)
    message = f"Missing required parameter: '{param}'."
    return RefusedError(400, message, code="missing_required_parameter", param=param)


def wrong_type(value: object, path: Path, expected: str) -> RefusedError:
    """A value of another type; `expected` as in `an integer`."""
    param = dotted(path)
    message = f"Invalid type for '{param}': expected {expected}, but got {_kind(value)} instead."
    return RefusedError(400, message, code="invalid_type", param=param)


def not_one_of(value: object, path: Path, values: tuple[str, ...]) -> RefusedError:
    """A value that should be one of a few words, or is no word at all."""
    if not isinstance(value, str):
        return wrong_type(value, path, "a string")
    message = f"Invalid value: {quoted(value)}. Supported values are: {_listed(values)}."
    return RefusedError(400, message, code="invalid_value", param=dotted(path))


def _listed(values: tuple[str, ...]) -> str:
    *others, last = (f"'{value}'" for value in values)
    comma = "," if len(others) > 1 else ""
    return f"{', '.join(others)}{comma} and {last}" if others else last


def quoted(value: object) -> str:
    """A value in the service's quotes, cut to a line."""
    return f"'{briefly(value)[1:-1]}'" if isinstance(value, str) else briefly(value)


_KINDS = {
    type(None): "null",
    bool: "a boolean",
    str: "a string",
    int: "an integer",
    float: "a decimal",
    list: "an array",
    dict: "an object",
}


def _kind(value: object) -> str:
    return _KINDS[type(value)]
