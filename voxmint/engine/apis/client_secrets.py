"""`POST /realtime/client_secrets`: the answer is the token, with the session inside it."""

from collections.abc import Mapping
from typing import Any

from voxmint.engine.apis.contract import Answer, Api, expiry_in, id_in, token_in


def read(answer: Mapping[str, Any], request_id: str | None) -> Answer:
    """The token at the root, with the session beside it."""
    session = answer.get("session")
    if not isinstance(session, Mapping):
        session = {}
    return Answer(
        token_in(answer, "value"),
        expiry_in(answer, "expires_at"),
        id_in(session),
        session,
        request_id,
    )


API = Api("client_secrets", "/realtime/client_secrets", read)
