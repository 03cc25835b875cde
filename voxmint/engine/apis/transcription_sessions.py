"""`POST /realtime/transcription_sessions`: the answer is the session, with the token inside it.

The published example has a null `client_secret`, although the schema requires it.
"""

from collections.abc import Mapping
from typing import Any

from voxmint.engine.apis.contract import (
    Answer,
    Api,
    BrokenAnswerError,
    expiry_in,
    id_in,
    token_in,
)


def read(answer: Mapping[str, Any], request_id: str | None) -> Answer:
    """The session, with the token of its `client_secret`."""
    session = {name: value for name, value in answer.items() if name != "client_secret"}
    if "client_secret" not in answer:
        raise BrokenAnswerError("it has no `client_secret`")
    holder = answer["client_secret"]
    if holder is None:
        raise BrokenAnswerError("its `client_secret` is null")
    if not isinstance(holder, Mapping):
        raise BrokenAnswerError("its `client_secret` is not an object")
    return Answer(
        token_in(holder, "client_secret.value"),
        expiry_in(holder, "client_secret.expires_at"),
        id_in(session),
        session,
        request_id,
    )


API = Api("transcription_sessions", "/realtime/transcription_sessions", read)
