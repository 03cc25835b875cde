"""What goes back to a client: an answer, or a refusal in the service's own shape."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from voxmint.shown import shown

Headers = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer whose content is sent as JSON. It can hold a token: it is never shown."""

    status: int
    content: Mapping[str, Any] = field(repr=False)
    headers: Headers = ()


class RefusedError(Exception):
    """A request that is answered with an error: `{"error": {message, type, param, code}}`.

    `param` is the dotted path of what is wrong in the body. What is repeated from the request is
    masked where it looks like a key.
    """

    def __init__(
        self,
        status: int,
        message: str,
        *,
        code: str | None = None,
        param: str | None = None,
        headers: Headers = (),
    ) -> None:
        super().__init__(message)
        self.status = status
        self.message = shown(message)
        self.code = code
        self.param = None if param is None else shown(param)
        self.headers = headers

    def answer(self) -> Answer:
        kind = "server_error" if self.status >= 500 else "invalid_request_error"
        error = {"message": self.message, "type": kind, "param": self.param, "code": self.code}
        return Answer(self.status, {"error": error}, self.headers)
