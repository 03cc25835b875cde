"""What is said of a store's errors: what they mean, never what they repeat.

A store's error can hold what it was sent, or what it keeps. So its own text is not shown; of it
only the code and the id of the request are, where they look like such.
"""

import base64
import re
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any

from voxmint.engine.stores.contract import Trouble, What
from voxmint.engine.stores.wording import (
    STORE_BUSY,
    STORE_CHANGED,
    STORE_DELETED,
    STORE_DENIED,
    STORE_FULL,
    STORE_LOCKED,
    STORE_LOGIN_FAILED,
    STORE_REFUSED,
    STORE_TOO_LARGE,
    STORE_UNREACHABLE,
)
from voxmint.origin import Origin
from voxmint.problems import Kind, Problem
from voxmint.secret import Secret

_KINDS: Mapping[What, Kind] = MappingProxyType(
    {
        What.UNREACHABLE: STORE_UNREACHABLE,
        What.LOGIN: STORE_LOGIN_FAILED,
        What.BUSY: STORE_BUSY,
        What.LOCKED: STORE_LOCKED,
        What.DENIED: STORE_DENIED,
        What.CHANGED: STORE_CHANGED,
        What.DELETED: STORE_DELETED,
        What.FULL: STORE_FULL,
        What.TOO_LARGE: STORE_TOO_LARGE,
        What.REFUSED: STORE_REFUSED,
    }
)
_CODE = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{0,79}|[1-5][0-9]{2}")
_REQUEST_ID = re.compile(r"[A-Za-z0-9:-]{8,64}")
_LONGEST = 200


def problem_of(
    trouble: Trouble, at: Origin | None, tokens: Iterable[Secret] = (), **facts: Any
) -> Problem:
    """The problem that a trouble is; `tokens` are what must not be in anything that is said.

    `facts` are `target`, `name` and `page`, for the words of the problem.
    """
    return Problem(_KINDS[trouble.what], at, {**facts, "said": said_of(trouble, tokens)})


def said_of(trouble: Trouble, tokens: Iterable[Secret] = ()) -> str:
    """What is told of a trouble, with none of the tokens in it."""
    return "; ".join(_parts(trouble, tuple(tokens))) or "it did not say why"


def _parts(trouble: Trouble, tokens: tuple[Secret, ...]) -> Iterable[str]:
    if trouble.said and not _repeats(trouble.said, tokens):
        yield trouble.said[:_LONGEST]
    if _is(_CODE, trouble.code) and not _repeats(str(trouble.code), tokens):
        yield str(trouble.code)
    if _is(_REQUEST_ID, trouble.request_id) and not _repeats(str(trouble.request_id), tokens):
        yield f"request {trouble.request_id}"


def _is(pattern: re.Pattern[str], text: str | None) -> bool:
    return text is not None and pattern.fullmatch(text) is not None


def _repeats(text: str, tokens: Iterable[Secret]) -> bool:
    """Whether a text holds one of the tokens, plain or in base64."""
    return any(form.is_in(text) for token in tokens for form in _forms(token))


def _forms(token: Secret) -> Iterable[Secret]:
    yield token
    # Within a longer text its base64 begins at one of three places, and its ends are others'.
    data = token.reveal().encode()
    for offset in range(3):
        coded = base64.b64encode(b"\0" * offset + data).decode()
        yield Secret(coded[4 if offset else 0 :].rstrip("=")[:-1])
