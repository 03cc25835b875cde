"""What comes into a run from its edge: the world it runs in, and what its operator decides."""

import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from voxmint.engine.events import Listener, ignore
from voxmint.engine.minting.retry import Patience
from voxmint.engine.minting.stop import Stop
from voxmint.engine.sinks.contract import Console

LOCK_TIMEOUT = 300.0
"""How long another run of the same environment is waited for unless said otherwise, in seconds."""


@dataclass(frozen=True, slots=True)
class Operator:
    """What whoever runs voxmint decides, and no file of the project can.

    `allow_hosts` are hosts that the key may be sent to, besides those of `VOXMINT_ALLOW_HOSTS`.
    `force` renews every token. `concurrency`, `timeout` (seconds for the whole run), `attempts`,
    `retry_unanswered` and the two timeouts of a request, in seconds, replace those of the
    environment's file. `min_remaining` is how many seconds every token must have left
    at the end of the run, as for a deploy that takes so long. `sinks` are kinds of sink that are
    written only where they are asked for by name. With `adopt`, secrets in stores that
    voxmint did not write are taken over.
    """

    allow_hosts: tuple[str, ...] = ()
    allow_key_command: bool = False
    force: bool = False
    lock_timeout: float = LOCK_TIMEOUT
    concurrency: int | None = None
    timeout: float | None = None
    min_remaining: float | None = None
    attempts: int | None = None
    retry_unanswered: int | None = None
    request_timeout: float | None = None
    connect_timeout: float | None = None
    sinks: tuple[str, ...] = ()
    adopt: bool = False


@dataclass(frozen=True, slots=True)
class Edge:
    """The world that a run touches.

    `now` gives Unix seconds and `chance` a number from 0 to 1. `command` is what this run is, for
    other runs that wait for it. With `signals`, the run turns SIGINT and SIGTERM into `stop.ask`
    while it sends; that takes the main thread. `console` is where sinks may print, if anywhere.
    """

    environ: Mapping[str, str] = field(repr=False)
    now: Callable[[], float] = time.time
    chance: Callable[[], float] = random.random
    patience: Patience = field(default_factory=Patience)
    on_event: Listener = ignore
    stop: Stop = field(default_factory=Stop)
    command: str = "voxmint"
    signals: bool = False
    console: Console | None = None
