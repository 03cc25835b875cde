"""What goes back to a client: an answer, or a refusal before it has a shape.

Which shape a refusal takes is for the service that is emulated to say: see `services`.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from voxmint.shown import shown

Headers = tuple[tuple[str, str], ...]

JSON = "application/json"


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer whose content is sent as JSON. It can hold a token: it is never shown.

    `raw` is sent instead of the content, where there is one; after either come `padding` spaces.
    """

    status: int
    content: Mapping[str, Any] = field(repr=False)
    headers: Headers = ()
    content_type: str = JSON
    raw: bytes | None = field(default=None, repr=False)
    padding: int = 0

    @property
    def body(self) -> bytes:
        """What is sent after the headers, without the padding."""
        if self.raw is not None:
            return self.raw
        return json.dumps(self.content, separators=(",", ":")).encode("ascii")

    def beside(self, headers: Headers) -> "Answer":
        """The same answer with more headers."""
        return replace(self, headers=(*self.headers, *headers)) if headers else self


class RefusedError(Exception):
    """A request that is answered with an error.

    `param` is the dotted path of what is wrong in the body; `kind` is the error's `type`, by
    default the one that goes with its status. What is repeated from the request is masked where it
    looks like a key.
    """

    def __init__(
        self,
        status: int,
        message: str,
        *,
        code: str | None = None,
        param: str | None = None,
        kind: str | None = None,
        headers: Headers = (),
    ) -> None:
        super().__init__(message)
        self.status = status
        self.message = shown(message)
        self.code = code
        self.param = None if param is None else shown(param)
        self.kind = kind or ("server_error" if status >= 500 else "invalid_request_error")
        self.headers = headers
