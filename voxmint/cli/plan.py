"""`voxmint plan`: what a mint would do, and why."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from voxmint.cli.options import environment_option, output_option, profiles_argument, selecting
from voxmint.cli.parser import command as command_named

if TYPE_CHECKING:
    from voxmint.cli.compiling import Selection
    from voxmint.cli.world import World

_CHANGES = 2


@dataclass(frozen=True, slots=True)
class Options:
    """What a mint would be asked, and whether the exit code says that it would change something."""

    selection: "Selection"
    force: bool = False
    allow_hosts: tuple[str, ...] = ()
    output: str = "text"
    detailed_exitcode: bool = False


def plan(options: Options, world: "World") -> int:
    """Writes the plan; with `detailed_exitcode`, 2 where it changes something."""
    from voxmint.cli.compiling import located, one_environment, order_of
    from voxmint.cli.formats import plan_text
    from voxmint.cli.formats.json_text import write_json
    from voxmint.cli.mint import edge_of
    from voxmint.cli.progress import Progress
    from voxmint.engine.edge import Operator
    from voxmint.engine.mint import plan_profiles
    from voxmint.engine.project import open_project

    selection = options.selection
    one_environment(selection, world, "plan")
    project = open_project(world.cwd)
    order = order_of(selection)
    operator = Operator(options.allow_hosts, force=options.force)
    with located(project, selection, world), Progress(world) as progress:
        edge = edge_of(selection, world, progress, "plan")
        made = plan_profiles(project, order, operator, edge)
    if options.output == "json":
        write_json(world.out, made.to_json())
    elif not world.is_quiet:
        plan_text.write(world.out, made, world, _command(options))
    return _CHANGES if options.detailed_exitcode and made.has_changes else 0


def _command(options: Options) -> str:
    """The command line that carries the plan out, as it would be typed."""
    from shlex import join

    from voxmint.shown import shown

    selection = options.selection
    words = ["voxmint", "mint", "-e", *selection.environments, *selection.profiles]
    for name, value in selection.labels:
        words += ["-l", f"{name}={value}"]
    for override in selection.overrides:
        words += ["--set", override]
    for host in options.allow_hosts:
        words += ["--allow-host", host]
    words += ["--api", selection.api] if selection.api else []
    words += ["--force"] if options.force else []
    return shown(join(words))


@command_named(
    "plan",
    "voxmint plan -e production",
    "voxmint plan -e production --detailed-exitcode -q || echo changes",
)
@profiles_argument
@environment_option
@selecting
@click.option("--force", is_flag=True, help="As `mint --force` would do it.")
@click.option(
    "--allow-host",
    "allow_hosts",
    metavar="HOST",
    multiple=True,
    help="A host that the key may be sent to, as with `mint`; can be repeated.",
)
@output_option("text", "json")
@click.option("--detailed-exitcode", is_flag=True, help="End with 2 where there are changes.")
def command(world: "World", **given: Any) -> int:
    """Show what `mint` would do now, and why; changes nothing anywhere.

    Knows the ledger, and the names in local files. Runs no command, reads no secret and needs no
    network.
    """
    from voxmint.cli.compiling import selection_in

    return plan(Options(selection_in(given), **given), world)
