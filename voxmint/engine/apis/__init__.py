"""The endpoints that mint: one file each, and a line here."""

from collections.abc import Mapping
from types import MappingProxyType

from voxmint.engine.apis import client_secrets, transcription_sessions
from voxmint.engine.apis.contract import Answer, Api, BrokenAnswerError, read_answer

APIS: Mapping[str, Api] = MappingProxyType(
    {api.name: api for api in (transcription_sessions.API, client_secrets.API)}
)
"""The endpoints by their names in `provider.api`."""

__all__ = ["APIS", "Answer", "Api", "BrokenAnswerError", "read_answer"]
