"""The kinds of providers and the endpoints, by the names that an environment's file uses."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal, get_args

Kind = Literal["openai", "azure", "compatible", "emulator"]
Api = Literal["client_secrets", "transcription_sessions"]

KINDS: tuple[str, ...] = get_args(Kind)
APIS: tuple[str, ...] = get_args(Api)

DEFAULT_API: Mapping[str, Api] = MappingProxyType(
    {
        "openai": "client_secrets",
        "azure": "client_secrets",
        "compatible": "transcription_sessions",
        "emulator": "transcription_sessions",
    }
)
"""What each kind of provider is asked by default: OpenAI retired the flat endpoint in May 2026,
Azure never had it; gateways still serve it, and it is the emulator's first."""


def asked_api(provider: Mapping[str, object]) -> Api | None:
    """The endpoint that a provider's settings choose; `None` where they cannot be right.

    Only what chooses the form of a body is looked at, so that rendering one does not need all
    settings to be checked.
    """
    kind, api = provider.get("kind"), provider.get("api")
    if kind not in KINDS or (api is not None and api not in APIS):
        return None
    return next((known for known in get_args(Api) if known == api), DEFAULT_API[str(kind)])
