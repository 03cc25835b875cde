"""`voxmint try`: sends one request, and shows what came of it."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from voxmint.cli.options import (
    allow_host_option,
    allow_key_command_option,
    api_option,
    environment_option,
    output_option,
    overrides_option,
    profile_argument,
)
from voxmint.cli.parser import Duration, command as command_named

if TYPE_CHECKING:
    from voxmint.cli.compiling import Selection
    from voxmint.cli.world import World
    from voxmint.engine.trying import Trial


@dataclass(frozen=True, slots=True)
class Options:
    """What to try, what its operator allows, and in which form to tell.

    `timeout` is how long the answer may take, in seconds; `None` as the engine has it.
    """

    selection: "Selection"
    allow_hosts: tuple[str, ...] = ()
    allow_key_command: bool = False
    timeout: float | None = None
    output: str = "text"
    strict: bool = False


def try_(options: Options, world: "World") -> int:
    """Sends the request and writes what came of it; 1 where it was no token."""
    from voxmint.cli.compiling import located, one_environment, order_of, sources_of
    from voxmint.cli.display.problems import show_problem
    from voxmint.cli.mint import edge_of
    from voxmint.cli.progress import Progress
    from voxmint.engine.edge import Operator
    from voxmint.engine.project import open_project
    from voxmint.engine.trying import try_profile

    selection = options.selection
    one_environment(selection, world, "try")
    project = open_project(world.cwd)
    order = order_of(selection)
    operator = Operator(options.allow_hosts, options.allow_key_command, timeout=options.timeout)
    with located(project, selection, world), Progress(world) as progress:
        trial = try_profile(project, order, operator, edge_of(selection, world, progress, "try"))
    told = trial.warnings if trial.problem is None else (trial.problem,)
    _write(trial, options, world)
    for problem in told:
        sources = sources_of(told, project, selection, world)
        show_problem(world.err, problem, sources, is_verbose=world.is_verbose)
    return int(trial.problem is not None or (options.strict and trial.deviates))


def _write(trial: "Trial", options: Options, world: "World") -> None:
    if options.output == "json":
        from voxmint.cli.formats import try_json

        try_json.write(world.out, trial)
    elif not world.is_quiet:
        from voxmint.cli.formats import try_text

        try_text.write(world.out, trial, world)


@command_named(
    "try",
    "voxmint try clinic -e production",
    "voxmint try clinic -e local -o json | jq '.echo[] | select(.fate == \"changed\")'",
    "voxmint try clinic -e production --set session.turn_detection=null",
)
@profile_argument
@environment_option
@overrides_option
@api_option
@allow_host_option
@allow_key_command_option
@click.option(
    "--timeout",
    metavar="DURATION",
    type=Duration(is_some=True),
    help="How long the answer may take; 30s unless set.",
)
@output_option("text", "json")
@click.option(
    "--strict",
    is_flag=True,
    help="Fail where the service changes or ignores anything, or the body has no place for it.",
)
def command(
    world: "World",
    profile: str,
    environments: tuple[str, ...],
    overrides: tuple[str, ...],
    api: str | None,
    **given: Any,
) -> int:
    """Send a profile's request once, and show what the service makes of it.

    Shows the answer without its token, and for each setting whether the service keeps it, changes
    it, ignores it, or fills in a default, or whether the endpoint has no place for it. Writes
    nothing: no sink, no ledger. The token that comes of it is thrown away, and lives until it
    expires; there is no way to revoke it. Ends with 1 where the service gives no token.
    """
    from voxmint.cli.compiling import Selection

    selection = Selection((profile,), environments, overrides=overrides, api=api)
    return try_(Options(selection, **given), world)
