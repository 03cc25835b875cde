"""`voxmint emulator`: the endpoints on this machine, for development and tests."""

import contextlib
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import click

from voxmint.cli.parser import command as command_named
from voxmint.secret import Secret

if TYPE_CHECKING:
    from collections.abc import Callable

    from voxmint.cli.world import World
    from voxmint.engine.emulator import Access

DEFAULT_PORT = 8650


@dataclass(frozen=True, slots=True)
class Options:
    """Where to listen, and how to answer; the latency is in milliseconds."""

    host: str = "127.0.0.1"
    port: int = DEFAULT_PORT
    allow_remote: bool = False
    latency: float = 0
    key: Secret | None = None
    retired: frozenset[str] = frozenset()
    stop: threading.Event = field(default_factory=threading.Event)


def emulate(options: Options, world: "World") -> int:
    """Serves until it is told to stop, or interrupted: the way to end a server, so 0."""
    from voxmint.engine import emulator

    def ready(url: str) -> None:
        world.out.line(url)
        world.out.flush()

    setup = emulator.Options(
        host=options.host,
        port=options.port,
        allow_remote=options.allow_remote,
        latency_ms=options.latency,
        key=options.key,
        retired=options.retired,
        clock=world.clock,
        on_request=None if world.is_quiet else _log_of(world),
    )
    with contextlib.suppress(KeyboardInterrupt):
        emulator.serve(setup, ready, options.stop)
    return 0


def _log_of(world: "World") -> "Callable[[Access], None]":
    """What writes a line for each answered request."""
    from datetime import UTC, datetime

    def log(access: "Access") -> None:
        now = datetime.fromtimestamp(world.clock(), UTC).astimezone(world.zone)
        world.err.line(
            f"{now:%H:%M:%S}  {access.status}  {access.method} {access.path}  "
            f"{access.milliseconds:.0f} ms  {access.request_id}"
        )
        world.err.flush()

    return log


def _stop_at_termination(stop: threading.Event) -> None:
    """Makes an ordinary `kill` end the server as an interrupt does."""
    import signal

    signal.signal(signal.SIGTERM, lambda *_: stop.set())


@command_named(
    "emulator",
    "voxmint emulator                        # prints its base URL: http://127.0.0.1:8650/v1",
    "voxmint emulator --port 0 --latency 100 # a free port; each token takes 100 ms",
)
@click.option(
    "--host",
    metavar="HOST",
    default="127.0.0.1",
    show_default=True,
    help="The address to listen on.",
)
@click.option(
    "--port",
    metavar="PORT",
    type=click.IntRange(0, 65535),
    default=DEFAULT_PORT,
    show_default=True,
    help="The port; 0 takes a free one.",
)
@click.option("--allow-remote", is_flag=True, help="Listen where other machines reach it, too.")
@click.option(
    "--latency", metavar="MS", type=click.FloatRange(0), default=0, help="How long minting takes."
)
@click.option(
    "--seed-endpoint",
    type=click.Choice(("served", "retired")),
    default="served",
    is_flag=False,
    flag_value="served",
    help="Whether transcription_sessions is served, or gone as at OpenAI: 404.",
)
@click.option("--key", metavar="KEY", help="Take this made-up key and no other; any by default.")
def command(
    world: "World",
    host: str,
    port: int,
    allow_remote: bool,
    latency: float,
    seed_endpoint: str,
    key: str | None,
) -> int:
    """Answer like the service, on this machine: both endpoints that mint, and what they refuse.

    The first line on the output is the base URL; a line for each request goes to the error output.
    An environment with `provider: {kind: emulator}` needs none of this, and starts its own. Its
    tokens open no session at the real service. Ctrl-C ends it.
    """
    options = Options(
        host,
        port,
        allow_remote,
        latency,
        Secret(key) if key is not None else None,
        frozenset(("transcription_sessions",)) if seed_endpoint == "retired" else frozenset(),
    )
    _stop_at_termination(options.stop)
    return emulate(options, world)
