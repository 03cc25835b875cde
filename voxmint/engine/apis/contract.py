"""What an endpoint is: its path, and how its answer is read.

An answer is read once and never asked for again: a request that was answered with 200 may have
minted a token even where the answer says nothing of it.
"""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from voxmint.secret import Secret

_LATEST = 2**37
"""The year 6325: no token lives longer, and a moment in milliseconds is far beyond it."""
_HALF = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Answer:
    """A minted session. `expires_at` is in Unix seconds, as the server says.

    `session` is the effective session: what the server runs, with its defaults filled in, in the
    names of the endpoint that was asked. `answered_at` is the moment of the answer by the server's
    own clock, where it tells the time.
    """

    token: Secret
    expires_at: int
    session_id: str | None
    session: Mapping[str, Any] = field(repr=False)
    request_id: str | None = None
    answered_at: float | None = None


class BrokenAnswerError(Exception):
    """An answer without a token; it says what was found, to stand after "but"."""


@dataclass(frozen=True, slots=True)
class Api:
    """One endpoint: its name in `provider.api`, its path below the base URL, its answers.

    `read` takes the JSON object of an answer and its request id; `BrokenAnswerError` where it holds
    no token that can be used.
    """

    name: str
    path: str
    read: Callable[[Mapping[str, Any], str | None], Answer]


def read_answer(api: Api, content: bytes, request_id: str | None) -> Answer:
    """The session that an answer's content tells of; `BrokenAnswerError` where it tells of none."""
    answer = api.read(_object_in(content), request_id)
    return replace(
        answer,
        session_id=_beside_token(answer.session_id, answer.token),
        request_id=_beside_token(answer.request_id, answer.token),
    )


def _beside_token(text: str | None, token: Secret) -> str | None:
    """An id, which is shown and kept; none where it holds the token, which is neither."""
    return None if text is not None and token.is_in(text) else text


def _object_in(content: bytes) -> Mapping[str, Any]:
    try:
        found = json.loads(content)
    except (ValueError, RecursionError):
        raise BrokenAnswerError(f"what came is {_form(content)}, not JSON") from None
    if not isinstance(found, dict):
        raise BrokenAnswerError("what came is JSON, but not an object")
    return found


def _form(content: bytes) -> str:
    """What the content looks like; nothing of it is repeated, since it may hold a token."""
    start = content[:200].lstrip()
    if not start:
        return "empty"
    if start[:1] == b"<":
        return "a web page"
    return "cut short or damaged" if start[:1] == b"{" else "something else"


def token_in(holder: Mapping[str, Any], name: str) -> Secret:
    """The token below `value`; `name` is what the answer calls it."""
    value = _given(holder, "value", name)
    if not isinstance(value, str):
        raise BrokenAnswerError(f"its `{name}` is no text")
    if not value.strip():
        raise BrokenAnswerError(f"its `{name}` is empty")
    return Secret(value)


def expiry_in(holder: Mapping[str, Any], name: str) -> int:
    """The expiry below `expires_at`, in Unix seconds; `name` is what the answer calls it."""
    value = _given(holder, "expires_at", name)
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if not is_number or not 0 < value < _LATEST:
        raise BrokenAnswerError(f"its `{name}` is not a moment in Unix seconds")
    return int(value)


def _given(holder: Mapping[str, Any], key: str, name: str) -> Any:
    if key not in holder:
        raise BrokenAnswerError(f"it has no `{name}`")
    if holder[key] is None:
        raise BrokenAnswerError(f"its `{name}` is null")
    return holder[key]


def id_in(session: Mapping[str, Any]) -> str | None:
    """The session's id, where it has one that can be kept: half of a surrogate pair cannot."""
    found = session.get("id")
    return found if isinstance(found, str) and found and _HALF.search(found) is None else None
