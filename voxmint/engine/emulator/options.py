"""How an emulator is set up, and what it gives away at most."""

import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple

from voxmint.secret import Secret


class Access(NamedTuple):
    """One answered request, for a line in a log; it holds no key, token, query or body."""

    method: str
    path: str
    status: int
    request_id: str
    milliseconds: float


@dataclass(frozen=True, slots=True)
class Limits:
    """What clients can take at most; beyond it they are refused, and nobody else suffers.

    A head must have room for the longest token that the longest body can make.
    """

    connections: int = 512
    head_bytes: int = 128 * 1024
    headers: int = 100
    body_bytes: int = 64 * 1024
    chunks: int = 1024
    idle_seconds: float = 60
    request_seconds: float = 10
    answer_seconds: float = 10
    linger_seconds: float = 1


def new_id() -> str:
    """The random part of a session's or a request's id."""
    return secrets.token_hex(12)


@dataclass(frozen=True, slots=True)
class Options:
    """How an emulator is set up.

    `host` is an address of this machine or `localhost`; one that other machines reach is
    refused unless `allow_remote`. Port 0 takes a free one. `latency_ms` is how long after its
    arrival a request to mint is answered, at the earliest. With a `key`, no other is accepted.
    `retired` are endpoints that are gone, by name, answered as OpenAI does since. `clock` gives
    Unix seconds; `ids` gives a new text at each call. `on_request` is called in the emulator's
    own thread after each answer: it should be quick and must not raise.
    """

    host: str = "127.0.0.1"
    port: int = 0
    allow_remote: bool = False
    latency_ms: float = 0
    key: Secret | None = None
    retired: frozenset[str] = frozenset()
    clock: Callable[[], float] = time.time
    ids: Callable[[], str] = new_id
    on_request: Callable[[Access], None] | None = None
    limits: Limits = field(default_factory=Limits)
