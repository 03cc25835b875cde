"""How an emulator is set up, and what it gives away at most."""

import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import NamedTuple

from voxmint.engine.emulator.faults import Fault
from voxmint.engine.emulator.limits import Limits
from voxmint.engine.emulator.pacing import Pace
from voxmint.secret import Secret


class Access(NamedTuple):
    """One answered request, for a line in a log; it holds no key, token, query or body.

    `fault` is the kind of the fault that struck it, or empty.
    """

    method: str
    path: str
    status: int
    request_id: str
    milliseconds: float
    fault: str = ""


def new_id() -> str:
    """The random part of a session's or a request's id."""
    return secrets.token_hex(12)


_NO_DEPLOYMENTS: Mapping[str, str | None] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Options:
    """How an emulator is set up.

    `host` is an address of this machine or `localhost`; one that other machines reach is
    refused unless `allow_remote`. Port 0 takes a free one. `latency_ms` is how long after its
    arrival a request to mint is answered, at the earliest. With a `key`, no other is accepted.
    `retired` are endpoints that are gone, by name, answered as OpenAI does since.

    `service` is which one it stands for, by its name in `services.SERVICES`. `deployments` are
    those of Azure, each with the model behind it, or `None` where that is not known; where none are
    named, each name is one. `faults` are there from the start, `pace` is a limit of its own, and
    without `control` nobody can change either.

    `clock` gives Unix seconds, and `ticks` seconds that never go back; `ids` gives a new text at
    each call. `on_request` is called in the emulator's own thread after each answer: it should be
    quick and must not raise.
    """

    host: str = "127.0.0.1"
    port: int = 0
    allow_remote: bool = False
    latency_ms: float = 0
    key: Secret | None = None
    retired: frozenset[str] = frozenset()
    service: str = "openai"
    deployments: Mapping[str, str | None] = field(default_factory=lambda: _NO_DEPLOYMENTS)
    faults: tuple[Fault, ...] = ()
    pace: Pace | None = None
    control: bool = True
    clock: Callable[[], float] = time.time
    ticks: Callable[[], float] = time.monotonic
    ids: Callable[[], str] = new_id
    on_request: Callable[[Access], None] | None = None
    limits: Limits = field(default_factory=Limits)
