"""`voxmint mint`: tokens for profiles, written where the application reads them."""

import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from voxmint.cli.options import environment_option, output_option, profiles_argument, selecting
from voxmint.cli.parser import command as command_named

if TYPE_CHECKING:
    from voxmint.cli.compiling import Selection
    from voxmint.cli.world import World
    from voxmint.engine.edge import Operator
    from voxmint.engine.events import Listener
    from voxmint.engine.report import Report


@dataclass(frozen=True, slots=True)
class Options:
    """What to mint, what its operator allows, and in which form to tell; times are in seconds.

    What is `None` is as the environment's file, or the engine, has it.
    """

    selection: "Selection"
    force: bool = False
    allow_hosts: tuple[str, ...] = ()
    allow_key_command: bool = False
    concurrency: int | None = None
    timeout: float | None = None
    lock_timeout: float | None = None
    output: str = "text"
    strict: bool = False


def mint(options: Options, world: "World") -> int:
    """Mints what needs it and writes what came of it; the exit code is the report's."""
    from voxmint.cli.compiling import located, one_environment, order_of
    from voxmint.cli.progress import Progress
    from voxmint.engine.mint import mint as mint_order
    from voxmint.engine.project import open_project

    selection = options.selection
    one_environment(selection, world, "mint")
    if options.strict and _has_warnings(options, world):
        return 1
    project = open_project(world.cwd)
    order = order_of(selection)
    with located(project, selection, world), Progress(world) as progress:
        edge = edge_of(selection, world, progress, "mint")
        report = mint_order(project, order, operator_of(options), edge)
    _write(report, options, world)
    return report.exit_code


def _has_warnings(options: Options, world: "World") -> bool:
    """Whether something is wrong by a strict reading, which is then shown."""
    from voxmint.cli.compiling import compile_selection
    from voxmint.cli.formats.problem_text import show_problems
    from voxmint.problems import Severity

    compiled = compile_selection(options.selection, world)
    wrong = [one for one in compiled.problems if one.severity is not Severity.NOTE]
    show_problems(world.err, wrong, compiled.sources, is_verbose=world.is_verbose)
    return bool(wrong)


def operator_of(options: Options) -> "Operator":
    """What the command line decides, in the engine's words."""
    from voxmint.engine.edge import LOCK_TIMEOUT, Operator

    return Operator(
        options.allow_hosts,
        options.allow_key_command,
        options.force,
        LOCK_TIMEOUT if options.lock_timeout is None else options.lock_timeout,
        options.concurrency,
        options.timeout,
    )


def edge_of(selection: "Selection", world: "World", listener: "Listener", name: str) -> Any:
    """The world as the engine takes it."""
    from voxmint.engine.edge import Edge

    return Edge(
        world.environ,
        now=world.clock,
        on_event=listener,
        command=f"voxmint {name} -e {selection.environments[0]}",
        # Only there can Python be told what to do at a signal.
        signals=threading.current_thread() is threading.main_thread(),
    )


def _write(report: "Report", options: Options, world: "World") -> None:
    from voxmint.cli.display.problems import NO_SOURCES, show_problem
    from voxmint.cli.formats import report_text
    from voxmint.cli.formats.json_text import write_json
    from voxmint.cli.formats.problem_json import problem_of

    for problem in report.problems:
        show_problem(world.err, problem, NO_SOURCES)
    if options.output == "json":
        problems = [problem_of(problem) for problem in report.problems]
        write_json(world.out, {**report.to_json(), "problems": problems})
    elif world.is_quiet:
        report_text.write_failures(world.err, report, world)
    else:
        report_text.write(world.out, report, world)


@command_named(
    "mint",
    "voxmint mint -e local",
    "voxmint mint -e production 'call-center/*' -l tier=gold",
    "voxmint mint -e production -o json | jq -r '.results[] | select(.error).profile'",
)
@profiles_argument
@environment_option
@selecting
@click.option("--force", is_flag=True, help="Renew every token, also those that are still good.")
@click.option(
    "--allow-host",
    "allow_hosts",
    metavar="HOST",
    multiple=True,
    help="A host that the key may be sent to, besides OpenAI's own; can be repeated.",
)
@click.option(
    "--allow-key-command", is_flag=True, help="Run the command by which the project gets its key."
)
@click.option(
    "--concurrency", metavar="N", type=click.IntRange(1, 256), help="How many requests at once."
)
@click.option(
    "--timeout",
    metavar="SECONDS",
    type=click.FloatRange(0, min_open=True),
    help="How long the whole run may take.",
)
@click.option(
    "--lock-timeout",
    metavar="SECONDS",
    type=click.FloatRange(0),
    help="How long another run of the environment is waited for.",
)
@output_option("text", "json")
@click.option("--strict", is_flag=True, help="Mint nothing if there are warnings.")
def command(world: "World", **given: Any) -> int:
    """Mint a token for each profile that needs one, and write it where the application reads it.

    A token that is good for a while yet is kept. Nothing is sent unless everything compiles, the
    host is allowed and the sinks can be written to. Ends with 0 when all is done, 1 when nothing
    was minted, 3 when some profiles were minted and some failed, 130 when it was interrupted.
    """
    from voxmint.cli.compiling import selection_in

    return mint(Options(selection_in(given), **given), world)
