"""The JSON in a request's body."""

import json
from math import isfinite
from typing import Any, NoReturn

from voxmint.engine.emulator.answers import JSON, RefusedError
from voxmint.engine.emulator.wire import Request

_LARGEST = 2**63


def json_in(request: Request) -> Any:
    """What the body says; `RefusedError` where it is missing, no JSON, or not called so."""
    if request.body is None:
        raise RefusedError(411, "The request has no body, and does not announce one.")
    _require_json(request.headers.get("content-type", ""))
    try:
        return json.loads(
            request.body.decode("utf-8"),
            parse_constant=_refuse_constant,
            parse_float=_decimal,
            parse_int=_integer,
        )
    except (ValueError, RecursionError):
        message = "We could not parse the JSON body of your request: it is not valid JSON."
        raise RefusedError(400, message) from None


def _require_json(content_type: str) -> None:
    if content_type.split(";", 1)[0].strip().lower() != JSON:
        message = (
            f"Unsupported content type: '{content_type[:100]}'. "
            "This API method only accepts 'application/json' requests."
        )
        raise RefusedError(400, message, code="unsupported_content_type")


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def _decimal(text: str) -> float:
    """A decimal; without bounds it would be answered as `Infinity`, which is not JSON."""
    value = float(text)
    if not isfinite(value):
        raise ValueError("the number is too large")
    return value


def _integer(text: str) -> int:
    """An integer of 64 bits: a file of a project can hold no other one either."""
    value = int(text)
    if not -_LARGEST <= value < _LARGEST:
        raise ValueError("the number is too large")
    return value
