"""`voxmint plan`: what a mint would do, and why."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from voxmint.cli.options import (
    adopt_option,
    environment_option,
    min_remaining_option,
    output_option,
    profiles_argument,
    selecting,
    sink_option,
)
from voxmint.cli.parser import command as command_named

if TYPE_CHECKING:
    from voxmint.cli.compiling import Selection
    from voxmint.cli.world import World
    from voxmint.engine.plan import Plan
    from voxmint.engine.planfile import Asked
    from voxmint.engine.selection import Selection as Selected

_CHANGES = 2


@dataclass(frozen=True, slots=True)
class Options:
    """What a mint would be asked, and whether the exit code says that it would change something.

    `out` is a file for the plan. With `refresh`, stores and sinks of other packages are asked, too.
    """

    selection: "Selection"
    force: bool = False
    min_remaining: float | None = None
    allow_hosts: tuple[str, ...] = ()
    output: str = "text"
    detailed_exitcode: bool = False
    out: str | None = None
    refresh: bool = False
    sinks: tuple[str, ...] = ()
    adopt: bool = False


def plan(options: Options, world: "World") -> int:
    """Writes the plan; with `detailed_exitcode`, 2 where it changes something."""
    from voxmint.cli.compiling import located, one_environment, order_of
    from voxmint.cli.formats import plan_text
    from voxmint.cli.formats.json_text import write_json
    from voxmint.cli.mint import edge_of
    from voxmint.cli.progress import Progress
    from voxmint.engine.edge import Operator
    from voxmint.engine.mint import planned
    from voxmint.engine.project import open_project

    selection = options.selection
    one_environment(selection, world, "plan")
    project = open_project(world.cwd)
    order = order_of(selection)
    operator = Operator(
        options.allow_hosts,
        force=options.force,
        min_remaining=options.min_remaining,
        sinks=options.sinks,
        adopt=options.adopt,
    )
    # A plan is where limits are found out in time; a mint would say so each time.
    with located(project, selection, world), Progress(world, tells_limits=True) as progress:
        edge = edge_of(selection, world, progress, "plan")
        made, found = planned(project, order, operator, edge, refresh=options.refresh)
        if options.out is not None:
            _write_file(options.out, made, found, options, world)
    if options.output == "json":
        write_json(world.out, made.to_json())
    elif not world.is_quiet:
        plan_text.write(world.out, made, world, _command(options))
    return _CHANGES if options.detailed_exitcode and made.has_changes else 0


def _write_file(
    path: str, made: "Plan", selected: "Selected", options: Options, world: "World"
) -> None:
    from voxmint.engine.planfile import may_replace, write_plan
    from voxmint.engine.sinks.destinations import others_in
    from voxmint.problems import UsageError
    from voxmint.shown import shown

    if not may_replace(world.cwd / path):
        raise UsageError(
            f"`{shown(path)}` holds something else than a plan, and is left as it is",
            "give another name with --out, or remove that file",
        )

    if not options.refresh and others_in(selected.environment):
        raise UsageError(
            "without `--refresh` this plan leaves out the sinks of other packages, and a mint does "
            "not",
            "give --refresh, too: the code of those packages is then run",
        )
    write_plan(world.cwd / path, made, _asked(options), selected)


def _asked(options: Options) -> "Asked":
    from voxmint.engine.planfile import Asked

    selection = options.selection
    return Asked.model_validate(
        {
            "environment": selection.environments[0],
            "profiles": selection.profiles,
            "labels": selection.labels,
            "overrides": selection.overrides,
            "api": selection.api,
            "force": options.force,
            "min_remaining": options.min_remaining,
            "sinks": options.sinks,
        }
    )


def _command(options: Options) -> str:
    """The command line that carries the plan out, as it would be typed."""
    from shlex import join

    from voxmint.engine.planfile import words_of
    from voxmint.shown import shown

    given = words_of(_asked(options)) if options.out is None else ["--plan", options.out]
    words = ["voxmint", "mint", *given]
    for host in options.allow_hosts:
        words += ["--allow-host", host]
    words += ["--adopt"] if options.adopt else []
    return shown(join(words))


@command_named(
    "plan",
    "voxmint plan -e production",
    "voxmint plan -e production --min-remaining 45m",
    "voxmint plan -e production --detailed-exitcode -q || echo changes",
    "voxmint plan -e production --out plan.json",
)
@profiles_argument
@environment_option
@selecting
@click.option("--force", is_flag=True, help="As `mint --force` would do it.")
@min_remaining_option
@sink_option
@adopt_option
@click.option(
    "--allow-host",
    "allow_hosts",
    metavar="HOST",
    multiple=True,
    help="A host that the key may be sent to, as with `mint`; can be repeated.",
)
@click.option(
    "--out",
    metavar="FILE",
    type=click.Path(),
    help="Write the plan to FILE, too, for `mint --plan FILE`.",
)
@click.option(
    "--refresh",
    is_flag=True,
    help="Ask stores over the network, and sinks of other packages, whose code this runs.",
)
@output_option("text", "json")
@click.option("--detailed-exitcode", is_flag=True, help="End with 2 where there are changes.")
def command(world: "World", **given: Any) -> int:
    """Show what `mint` would do now, and why; changes nothing anywhere.

    Knows the ledger, and the names in local files. Runs no command, reads no secret and needs no
    network. With --out, what was reviewed is what `mint --plan` does, or nothing.
    """
    from voxmint.cli.compiling import selection_in

    return plan(Options(selection_in(given), **given), world)
