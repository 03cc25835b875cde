"""`voxmint mint`: tokens for profiles, written where the application reads them."""

import threading
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import click

from voxmint.cli.options import (
    adopt_option,
    environment_option,
    min_remaining_option,
    output_option,
    profiles_argument,
    selecting,
    sending,
    sink_option,
)
from voxmint.cli.parser import Duration, command as command_named

if TYPE_CHECKING:
    from voxmint.cli.compiling import Selection
    from voxmint.cli.world import World
    from voxmint.engine.edge import Operator
    from voxmint.engine.events import Listener
    from voxmint.engine.report import Report
    from voxmint.engine.reviewing import Review


@dataclass(frozen=True, slots=True)
class Options:
    """What to mint, what its operator wants and allows, and how to tell; times are in seconds.

    What is `None` is as the environment's file, or the engine, has it. With a `plan`, a file of
    `plan --out`, what to mint stands there.
    """

    selection: "Selection"
    force: bool = False
    min_remaining: float | None = None
    allow_hosts: tuple[str, ...] = ()
    allow_key_command: bool = False
    concurrency: int | None = None
    timeout: float | None = None
    request_timeout: float | None = None
    connect_timeout: float | None = None
    attempts: int | None = None
    retry_unanswered: int | None = None
    lock_timeout: float | None = None
    masks: bool | None = None
    output: str = "text"
    strict: bool = False
    plan: str | None = None
    sinks: tuple[str, ...] = ()
    adopt: bool = False

    @property
    def prints(self) -> bool:
        """Whether tokens are printed, so that the report has to stand elsewhere."""
        from voxmint.engine.sinks import own_sink

        found = (own_sink(kind) for kind in self.sinks)
        return any(sink is not None and sink.prints for sink in found)


def mint(options: Options, world: "World") -> int:
    """Mints what needs it and writes what came of it; the exit code is the report's."""
    from voxmint.cli.compiling import located, one_environment, order_of
    from voxmint.cli.progress import Progress
    from voxmint.engine.mint import mint as mint_order
    from voxmint.engine.project import open_project

    options, review = _reviewed(options, world)
    selection = options.selection
    one_environment(selection, world, "mint")
    if options.strict and has_warnings(options, world):
        return 1
    project = open_project(world.cwd)
    order = order_of(selection)
    with located(project, selection, world), Progress(world, masks=options.masks) as progress:
        edge = edge_of(selection, world, progress, "mint")
        report = mint_order(project, order, operator_of(options), edge, review)
    _write(report, options, world)
    return report.exit_code


def _reviewed(options: Options, world: "World") -> "tuple[Options, Review | None]":
    """The options with what the plan's file asks for, and the plan; without one, as they are."""
    if options.plan is None:
        return options, None
    from voxmint.cli.compiling import Selection
    from voxmint.engine.planfile import read_plan
    from voxmint.engine.reviewing import Review
    from voxmint.problems import UsageError

    given = options.selection != Selection() or options.force or options.sinks
    if given or options.min_remaining is not None:
        raise UsageError(
            "a plan's file says what is minted, and where",
            "give --plan alone; another choice is another plan, made with `voxmint plan --out`",
        )
    review = Review(options.plan, read_plan(world.cwd, options.plan))
    asked = review.file.asked
    selection = Selection(
        asked.profiles, (asked.environment,), asked.labels, asked.overrides, asked.api
    )
    changed = replace(
        options,
        selection=selection,
        force=asked.force,
        min_remaining=asked.min_remaining,
        sinks=asked.sinks,
    )
    return changed, review


def has_warnings(options: Options, world: "World") -> bool:
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
        options.min_remaining,
        options.attempts,
        options.retry_unanswered,
        options.request_timeout,
        options.connect_timeout,
        options.sinks,
        options.adopt,
    )


def edge_of(selection: "Selection", world: "World", listener: "Listener", name: str) -> Any:
    """The world as the engine takes it."""
    from voxmint.engine.edge import Edge
    from voxmint.engine.sinks.contract import Console

    return Edge(
        world.environ,
        now=world.clock,
        on_event=listener,
        command=f"voxmint {name} -e {selection.environments[0]}",
        # Only there can Python be told what to do at a signal.
        signals=threading.current_thread() is threading.main_thread(),
        console=Console(world.stdout, world.stderr),
    )


def _write(report: "Report", options: Options, world: "World") -> None:
    from voxmint.cli.display.problems import show_problem
    from voxmint.cli.display.sources import NO_SOURCES
    from voxmint.cli.formats import report_text
    from voxmint.cli.formats.json_text import write_json
    from voxmint.cli.formats.problem_json import problem_of

    out = world.err if options.prints else world.out
    for problem in report.problems:
        show_problem(world.err, problem, NO_SOURCES)
    if options.output == "json":
        problems = [problem_of(problem) for problem in report.problems]
        write_json(out, {**report.to_json(), "problems": problems})
    elif world.is_quiet:
        report_text.write_failures(world.err, report, world)
    else:
        report_text.write(out, report, world)


@command_named(
    "mint",
    "voxmint mint -e local",
    "voxmint mint -e production 'call-center/*' -l tier=gold",
    "voxmint mint -e production --min-remaining 45m",
    "voxmint mint --plan plan.json",
    "voxmint mint -e production clinic --sink stdout | the-program",
    "voxmint mint -e production -o json | jq -r '.results[] | select(.error).profile'",
)
@profiles_argument
@environment_option
@selecting
@click.option("--force", is_flag=True, help="Renew every token, also those that are still good.")
@min_remaining_option
@click.option(
    "--plan",
    metavar="FILE",
    type=click.Path(),
    help="Do exactly what was reviewed, a plan of `plan --out`, or nothing.",
)
@sending
@sink_option
@adopt_option
@click.option(
    "--lock-timeout",
    metavar="DURATION",
    type=Duration(),
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
