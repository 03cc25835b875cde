"""`voxmint status`: what is in place, and for how long yet."""

import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NoReturn

import click

from voxmint.cli.options import (
    allow_store_host_option,
    environments_option,
    min_remaining_option,
    output_option,
)
from voxmint.cli.parser import Duration, command as command_named

if TYPE_CHECKING:
    from voxmint.cli.world import World
    from voxmint.engine.status import Status

_CHANGES = 2
_CLEAR = "\x1b[H\x1b[2J"


@dataclass(frozen=True, slots=True)
class Options:
    """Which environments, all of them where there is none; `interval` is in seconds."""

    environments: tuple[str, ...] = ()
    min_remaining: float | None = None
    allow_hosts: tuple[str, ...] = ()
    output: str = "text"
    detailed_exitcode: bool = False
    watch: bool = False
    interval: float = 5.0


def status(options: Options, world: "World") -> int:
    """Writes the status; with `detailed_exitcode`, 2 where a mint would change something."""
    if options.watch:
        _watch(options, world)
    found = _status(options, world)
    _write(found, options, world)
    return _CHANGES if options.detailed_exitcode and not found.is_live else 0


def _status(options: Options, world: "World") -> "Status":
    from voxmint.cli.compiling import Selection, located, order_of
    from voxmint.engine.edge import Edge, Operator
    from voxmint.engine.project import open_project
    from voxmint.engine.status import status_of

    selection = Selection(environments=options.environments)
    project = open_project(world.cwd)
    operator = Operator(options.allow_hosts, min_remaining=options.min_remaining)
    edge = Edge(world.environ, now=world.clock, command="voxmint status")
    with located(project, selection, world):
        return status_of(project, order_of(selection), operator, edge)


def _write(found: "Status", options: Options, world: "World") -> None:
    from voxmint.cli.formats import status_text
    from voxmint.cli.formats.json_text import in_a_line, write_json

    if options.output == "json" and options.watch:
        world.out.line(in_a_line(found.to_json(), is_unicode=world.out.is_unicode))
    elif options.output == "json":
        write_json(world.out, found.to_json())
    elif not world.is_quiet:
        status_text.write(world.out, found, world)


def _watch(options: Options, world: "World") -> NoReturn:
    """Writes the status again and again, until the person ends it."""
    from voxmint.cli.display.moments import second
    from voxmint.cli.failures import ended
    from voxmint.problems import VoxmintError

    is_first = True
    while True:
        try:
            found = _status(options, world)
        except VoxmintError as error:
            if is_first:
                raise
            # A file may be half saved, or the ledger in use: the next look will tell.
            ended(error, world)
        else:
            if options.output == "text" and not world.is_quiet:
                world.out.write(_CLEAR if world.out.is_terminal else "" if is_first else "\n")
                world.out.line(second(world.clock(), world))
            _write(found, options, world)
        world.out.flush()
        is_first = False
        threading.Event().wait(options.interval)


@command_named(
    "status",
    "voxmint status",
    "voxmint status -e production -v",
    "voxmint status -e production --detailed-exitcode -q || voxmint mint -e production",
    "voxmint status --watch",
)
@environments_option
@min_remaining_option
@allow_store_host_option
@output_option("text", "json")
@click.option("--detailed-exitcode", is_flag=True, help="End with 2 unless everything is live.")
@click.option("--watch", is_flag=True, help="Show it again and again, until it is interrupted.")
@click.option(
    "--interval",
    metavar="DURATION",
    type=Duration(is_some=True),
    default="5s",
    show_default=True,
    help="How long --watch waits between two looks.",
)
def command(world: "World", **given: Any) -> int:
    """Show what is in place: live, expiring, expired, stale, missing or unknown, and since when.

    Knows the ledger, the names in local files, and what stores tell of the secrets that they keep.
    Reads no token and runs no command. What is live is what `mint` would keep; stale is what was
    minted from another profile than there is now. With -v, a line for each session.
    """
    return status(Options(**given), world)
