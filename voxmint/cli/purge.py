"""`voxmint purge`: takes what voxmint wrote out of the sinks of an environment."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from voxmint.cli.options import (
    allow_store_host_option,
    environment_option,
    output_option,
    profiles_argument,
)
from voxmint.cli.parser import Duration, command as command_named

if TYPE_CHECKING:
    from voxmint.cli.compiling import Selection
    from voxmint.cli.world import World
    from voxmint.engine.purge_report import Purge, PurgeReport

_DECLINED = 1


@dataclass(frozen=True, slots=True)
class Options:
    """What to take out, whether to ask before, and in which form to tell.

    `lock_timeout` is in seconds, `None` as the engine has it.
    """

    selection: "Selection"
    yes: bool = False
    dry_run: bool = False
    lock_timeout: float | None = None
    allow_hosts: tuple[str, ...] = ()
    output: str = "text"


def purge(options: Options, world: "World") -> int:
    """Takes it out, and writes what came of it; 1 where the person says no."""
    from voxmint.cli.compiling import located, one_environment
    from voxmint.cli.display.problems import show_problem
    from voxmint.cli.display.sources import NO_SOURCES
    from voxmint.cli.mint import edge_of
    from voxmint.cli.progress import Progress
    from voxmint.engine import purging
    from voxmint.engine.edge import LOCK_TIMEOUT, Operator
    from voxmint.engine.project import open_project

    selection = options.selection
    one_environment(selection, world, "purge")
    project = open_project(world.cwd)
    wait = LOCK_TIMEOUT if options.lock_timeout is None else options.lock_timeout
    with located(project, selection, world), Progress(world) as progress:
        edge = edge_of(selection, world, progress, "purge")
        scope = purging.scope_of(project, selection.environments[0])
        operator = Operator(options.allow_hosts, lock_timeout=wait)
        found = purging.plan_purge(scope, selection.profiles, operator, edge)
        for problem in found.problems:
            show_problem(world.err, problem, NO_SOURCES)
        if options.dry_run or not found.items:
            _show(found, options, world)
            return int(not found.is_known)
        is_asked = not options.yes
        if is_asked and not _agreed(found, options, world):
            return _DECLINED
        agreed = found if is_asked else None
        report = purging.purge(scope, selection.profiles, operator, edge, agreed)
    _write(report, options, world, was_shown=is_asked)
    return report.exit_code


def _agreed(found: "Purge", options: Options, world: "World") -> bool:
    """Whether the person at the terminal says yes to what is shown."""
    from voxmint.cli.formats import purge_text
    from voxmint.problems import UsageError

    screen = world.err
    if options.output == "json" or not (world.stdin.isatty() and screen.is_terminal):
        raise UsageError(
            "purge asks before it takes anything out, and here is nobody to ask",
            "--yes goes ahead, --dry-run shows what would be taken out",
        )
    purge_text.write_plan(screen, found, world)
    screen.line("No service revokes a token: each lives on until it ends by itself.")
    screen.write("take them out? [y/N] ")
    screen.flush()
    if world.stdin.readline().strip().lower() in {"y", "yes"}:
        return True
    screen.line("nothing was taken out")
    return False


def _show(found: "Purge", options: Options, world: "World") -> None:
    from voxmint.cli.formats import purge_text
    from voxmint.cli.formats.json_text import write_json

    if options.output == "json":
        write_json(world.out, found.to_json())
    elif not world.is_quiet:
        purge_text.write_plan(world.out, found, world)


def _write(report: "PurgeReport", options: Options, world: "World", *, was_shown: bool) -> None:
    from voxmint.cli.formats import purge_text
    from voxmint.cli.formats.json_text import write_json

    if options.output == "json":
        write_json(world.out, report.to_json())
    elif world.is_quiet:
        purge_text.write_failures(world.err, report, world)
    else:
        purge_text.write(world.out, report, world, was_shown=was_shown)


@command_named(
    "purge",
    "voxmint purge -e staging                   # asks first",
    "voxmint purge -e production 'call-center/*' --yes",
    "voxmint purge -e production --dry-run -o json | jq '.results[].expires_at'",
)
@profiles_argument
@environment_option
@click.option("-y", "--yes", is_flag=True, help="Take it out without asking.")
@click.option("-n", "--dry-run", is_flag=True, help="Show what would be taken out, and end.")
@click.option(
    "--lock-timeout",
    metavar="DURATION",
    type=Duration(),
    help="How long another run of the environment is waited for.",
)
@allow_store_host_option
@output_option("text", "json")
def command(
    world: "World", profiles: tuple[str, ...], environments: tuple[str, ...], **given: Any
) -> int:
    """Take what voxmint wrote out of the sinks of an environment; other lines stay.

    Without PROFILE it is everything that voxmint wrote there, also of profiles that are gone. No
    service revokes a token: what is told is until when each one lives on. A mistake in a profile
    does not stop it. Asks first on a terminal, and elsewhere needs --yes. The next mint writes new
    tokens.

    Ends with 0 when all is out, 3 when some of it is or the ledger cannot be told, 1 when nothing
    is, or a sink cannot be asked.
    """
    from voxmint.cli.compiling import Selection

    return purge(Options(Selection(profiles, environments), **given), world)
