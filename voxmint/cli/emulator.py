"""`voxmint emulator`: the endpoints on this machine, for development and tests."""

import contextlib
import gc
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import click

from voxmint.cli.options import output_option
from voxmint.cli.parser import command as command_named
from voxmint.secret import Secret

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from voxmint.cli.world import World
    from voxmint.engine.emulator import Access

DEFAULT_PORT = 8650
VERSION = 1
"""The version of the shapes of `-o json`."""
_NEW_OBJECTS = 2_000
"""After how many new objects the garbage collector looks at them."""
_NO_DEPLOYMENTS: Mapping[str, str | None] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Options:
    """Where to listen, and how to answer; the latency is in milliseconds.

    `service` is `openai`, `azure` or `gateway`; `faults` are texts such as `429:retry-after=2`.
    Without `burst`, a whole minute's requests may come at once. `output` is how the base URL is
    told: `text` or `json`.
    """

    host: str = "127.0.0.1"
    port: int = DEFAULT_PORT
    allow_remote: bool = False
    latency: float = 0
    key: Secret | None = None
    retired: frozenset[str] = frozenset()
    service: str = "openai"
    deployments: Mapping[str, str | None] = field(default_factory=lambda: _NO_DEPLOYMENTS)
    faults: tuple[str, ...] = ()
    requests_per_minute: float | None = None
    burst: int | None = None
    control: bool = True
    output: str = "text"
    stop: threading.Event = field(default_factory=threading.Event)


def emulate(options: Options, world: "World") -> int:
    """Serves until it is told to stop, or interrupted: the way to end a server, so 0.

    `UsageError` for a fault or a limit that cannot be.
    """
    from voxmint.engine import emulator

    def ready(url: str) -> None:
        _tell(url, options.output, world)
        world.out.flush()

    setup = emulator.Options(
        host=options.host,
        port=options.port,
        allow_remote=options.allow_remote,
        latency_ms=options.latency,
        key=options.key,
        retired=options.retired,
        service=options.service,
        deployments=options.deployments,
        faults=emulator.faults_of(options.faults),
        pace=emulator.pace_of(options.requests_per_minute, options.burst),
        control=options.control,
        clock=world.clock,
        on_request=None if world.is_quiet else _log_of(world),
    )
    with contextlib.suppress(KeyboardInterrupt), _collecting():
        emulator.serve(setup, ready, options.stop)
    return 0


@contextlib.contextmanager
def _collecting() -> "Iterator[None]":
    """Has garbage collected now and then, which commands that end by themselves seldom need.

    What each connection leaves behind would grow to tens of megabytes before it is looked at.
    """
    usual = gc.get_threshold()
    gc.set_threshold(_NEW_OBJECTS)
    try:
        yield
    finally:
        gc.set_threshold(*usual)


def _tell(url: str, output: str, world: "World") -> None:
    """Writes the base URL, in one line."""
    if output == "json":
        from voxmint.cli.formats.json_text import in_a_line

        url = in_a_line({"version": VERSION, "url": url}, is_unicode=world.out.is_unicode)
    world.out.line(url)


def _log_of(world: "World") -> "Callable[[Access], None]":
    """What writes a line for each answered request."""
    from datetime import UTC, datetime

    def log(access: "Access") -> None:
        now = datetime.fromtimestamp(world.clock(), UTC).astimezone(world.zone)
        fault = f"  fault {access.fault}" if access.fault else ""
        world.err.line(
            f"{now:%H:%M:%S}  {access.status}  {access.method} {access.path}  "
            f"{access.milliseconds:.0f} ms  {access.request_id}{fault}"
        )
        world.err.flush()

    return log


def _deployments(
    _: click.Context, __: click.Parameter, given: tuple[str, ...]
) -> Mapping[str, str | None]:
    """Each deployment with its model, where that is said."""
    pairs = [text.partition("=") for text in given]
    if not all(name for name, _, _ in pairs):
        from voxmint.problems import UsageError

        raise UsageError("a deployment has a name: `--deployment NAME[=MODEL]`")
    return {name: model or None for name, _, model in pairs}


def _service(*, azure: bool, gateway: bool) -> str:
    if azure and gateway:
        from voxmint.problems import UsageError

        raise UsageError("`--azure` and `--gateway` exclude each other")
    return "azure" if azure else "gateway" if gateway else "openai"


def _stop_at_termination(stop: threading.Event) -> None:
    """Makes an ordinary `kill` end the server as an interrupt does."""
    import signal

    signal.signal(signal.SIGTERM, lambda *_: stop.set())


@command_named(
    "emulator",
    "voxmint emulator                        # prints its base URL: http://127.0.0.1:8650/v1",
    "voxmint emulator --port 0 --latency 100 # a free port; each token takes 100 ms",
    "voxmint emulator --fault 429:retry-after=2@every=3",
    "voxmint emulator --requests-per-minute 600 --burst 50",
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
@click.option("--azure", is_flag=True, help="Answer as Azure does: other paths, keys, errors.")
@click.option("--gateway", is_flag=True, help="Answer as a gateway does: tokens of another form.")
@click.option(
    "--deployment",
    "deployments",
    metavar="NAME[=MODEL]",
    multiple=True,
    callback=_deployments,
    help="A deployment, and the model behind it; can be repeated. Without any, all names are.",
)
@click.option("--key", metavar="KEY", help="Take this made-up key and no other; any by default.")
@click.option(
    "--fault",
    "faults",
    metavar="KIND[:ARGUMENT][@SELECTOR=VALUE,...]",
    multiple=True,
    help="Let requests go wrong, all or some; can be repeated.",
)
@click.option(
    "--list-faults", is_flag=True, help="Show the kinds and selectors of faults, and end."
)
@click.option(
    "--requests-per-minute",
    metavar="N",
    type=float,
    help="Refuse with 429 what comes faster.",
)
@click.option(
    "--burst", metavar="N", type=int, help="How many may come at once; by default a minute's."
)
@click.option("--no-control", is_flag=True, help="Serve no control routes below /_emulator.")
@output_option("text", "json")
def command(world: "World", **given: Any) -> int:
    """Answer like the service, on this machine: both endpoints that mint, and what they refuse.

    The first line on the output is the base URL; a line for each request goes to the error output.
    An environment with `provider: {kind: emulator}` needs none of this, and starts its own. Its
    tokens open no session at the real service. Ctrl-C ends it.
    """
    if given.pop("list_faults"):
        return list_faults(world, given["output"])
    options = _options(**given)
    _stop_at_termination(options.stop)
    return emulate(options, world)


def _options(
    *,
    seed_endpoint: str,
    azure: bool,
    gateway: bool,
    key: str | None,
    no_control: bool,
    **others: Any,
) -> Options:
    """What the command line asks for."""
    retired = seed_endpoint == "retired"
    return Options(
        key=Secret(key) if key is not None else None,
        retired=frozenset(("transcription_sessions",)) if retired else frozenset(),
        service=_service(azure=azure, gateway=gateway),
        control=not no_control,
        **others,
    )


def list_faults(world: "World", output: str = "text") -> int:
    """Shows the kinds of faults, each with its argument, and how requests are selected."""
    from voxmint.engine.emulator.effects import ARGUMENTS, KINDS
    from voxmint.engine.emulator.faults import SELECTORS

    if output == "json":
        _write_faults(world)
        return 0
    kinds = {kind.called(name): kind.about for name, kind in KINDS.items()}
    width = max(map(len, (*kinds, *SELECTORS)))
    parts = (("KIND[:ARGUMENT]", kinds), ("@SELECTOR=VALUE[,SELECTOR=VALUE…]", SELECTORS))
    for title, rows in parts:
        world.out.line(title)
        for name, about in rows.items():
            world.out.line(f"  {name:{width}}  {about}")
        world.out.line("")
    for line in ARGUMENTS.split("\n"):
        world.out.line(line)
    return 0


def _write_faults(world: "World") -> None:
    from voxmint.cli.formats.json_text import write_json
    from voxmint.engine.emulator.effects import KINDS
    from voxmint.engine.emulator.faults import SELECTORS

    kinds = [
        {
            "kind": name,
            "argument": kind.argument or None,
            "needs_argument": kind.needs_argument,
            "about": kind.about,
        }
        for name, kind in KINDS.items()
    ]
    selectors = [
        {"selector": name.partition("=")[0], "value": name.partition("=")[2], "about": about}
        for name, about in SELECTORS.items()
    ]
    write_json(world.out, {"version": VERSION, "kinds": kinds, "selectors": selectors})
