"""The services that an emulator can stand for: their paths, keys, errors and tokens.

| | openai | azure | gateway |
|---|---|---|---|
| base path | `/v1` | `/openai/v1` | `/v1` |
| serves | both endpoints | `client_secrets` | both endpoints |
| key | bearer | `api-key`, or bearer | bearer, or `api-key` |
| error | message, type, param, code | code, message | the service's error, in its message |
| token | `ek_…` | `ek_…` | another form |

Sources: the published schema; answers of services and gateways that their users have quoted.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from voxmint.engine.emulator.answers import Answer, RefusedError
from voxmint.engine.emulator.tokens import GATEWAY_PREFIX, PREFIX

FLAT_API = "transcription_sessions"
NESTED_API = "client_secrets"
BAD_KEY = "invalid_api_key"
"""The code with which a key is refused; each service has words of its own for it."""
PLAIN = "openai"
"""The service that stands behind all the others."""


@dataclass(frozen=True, slots=True)
class Service:
    """One service. `apis` are the endpoints that it serves, `path` is that of each.

    `error` makes the content of a refusal; `key_headers` are where a key is looked for, in order;
    `id_headers` name the id of an answer. `drops_nulls`: nulls at the root of a flat body are lost
    on the way, as a gateway's typed route loses them.
    """

    name: str
    base_path: str
    apis: tuple[str, ...]
    key_headers: tuple[str, ...]
    error: Callable[[RefusedError], Mapping[str, Any]]
    id_headers: tuple[str, ...] = ("x-request-id",)
    token_prefix: str = PREFIX
    drops_nulls: bool = False
    not_found: str = "Invalid URL ({method} {path})"
    bad_key: str = "Incorrect API key provided."

    def path(self, api: str) -> str:
        """Where an endpoint is, or would be."""
        return f"{self.base_path}/realtime/{api}"

    def refusal(self, refused: RefusedError) -> Answer:
        """A refusal as this service words it."""
        return Answer(refused.status, {"error": self.error(refused)}, refused.headers)


def _full(refused: RefusedError) -> Mapping[str, Any]:
    return {
        "message": refused.message,
        "type": refused.kind,
        "param": refused.param,
        "code": refused.code,
    }


_IN_FRONT = frozenset({BAD_KEY, "rate_limit_exceeded"})
"""What Azure refuses in front of the service, where a code is the status."""


def _azure(refused: RefusedError) -> Mapping[str, Any]:
    code = None if refused.code in _IN_FRONT else refused.code
    return {"code": code or str(refused.status), "message": refused.message}


def _folded(refused: RefusedError) -> Mapping[str, Any]:
    """What its upstream said, folded into a message; the rest are words that say nothing."""
    said = json.dumps({"error": _full(refused)})
    return {
        "message": f"The upstream service answered {refused.status}: {said}",
        "type": "None",
        "param": "None",
        "code": str(refused.status),
    }


SERVICES: Mapping[str, Service] = MappingProxyType(
    {
        service.name: service
        for service in (
            Service(PLAIN, "/v1", (FLAT_API, NESTED_API), ("authorization",), _full),
            Service(
                "azure",
                "/openai/v1",
                (NESTED_API,),
                ("api-key", "authorization"),
                _azure,
                id_headers=("x-request-id", "apim-request-id"),
                not_found="Resource not found",
                bad_key="Access denied due to invalid subscription key or wrong API endpoint. Make "
                "sure to provide a valid key for an active subscription and use a correct regional "
                "API endpoint for your resource.",
            ),
            Service(
                "gateway",
                "/v1",
                (FLAT_API, NESTED_API),
                ("authorization", "api-key"),
                _folded,
                token_prefix=GATEWAY_PREFIX,
                drops_nulls=True,
            ),
        )
    }
)
"""The services by their names."""
