"""`voxmint exec`: runs a command with fresh tokens in its environment, and nowhere else."""

from collections.abc import Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

import click

from voxmint.cli.options import (
    environment_option,
    profiles_argument,
    selecting,
    sending,
)
from voxmint.cli.parser import Command, Duration, command as command_named

if TYPE_CHECKING:
    from voxmint.cli.mint import Options as MintOptions
    from voxmint.cli.world import World
    from voxmint.engine.executing import Launch

_FAILED, _INTERRUPTED = 1, 130
_WORDS = "voxmint.words"
"""Where a context keeps what stood after `--`; nothing where there was none."""


@dataclass(frozen=True, slots=True)
class Options:
    """What to mint, how, and what to start with it.

    `words` are those of the command. `names` are templates of variables, by value; `only` clears
    the rest of the environment, but for what any program needs and what `keep` names.
    """

    mint: "MintOptions"
    words: tuple[str, ...]
    prefix: str = ""
    names: tuple[tuple[str, str], ...] = ()
    only: bool = False
    keep: tuple[str, ...] = ()


def exec_(options: Options, world: "World") -> int:
    """Becomes the command; gives an exit code only where that was not started."""
    from voxmint.cli.compiling import located, one_environment, order_of
    from voxmint.cli.mint import edge_of, has_warnings, operator_of
    from voxmint.cli.progress import Progress
    from voxmint.engine.executing import Start, prepared
    from voxmint.engine.handing import Wishes
    from voxmint.engine.project import open_project

    selection = options.mint.selection
    one_environment(selection, world, "exec")
    _check(options)
    if options.mint.strict and has_warnings(options.mint, world):
        return _FAILED
    project, order = open_project(world.cwd), order_of(selection)
    wishes = Wishes(options.prefix, dict(options.names), options.only, options.keep)
    start = Start(options.words, world.cwd, wishes)
    with located(project, selection, world), ExitStack() as stack:
        with Progress(world, is_brief=True, masks=options.mint.masks) as progress:
            edge = edge_of(selection, world, progress, "exec")
            launching = prepared(project, order, start, operator_of(options.mint), edge)
            launch = stack.enter_context(launching)
        _tell(launch, world)
        if launch.is_ready:
            _flush(world)
            launch.go()
    return _INTERRUPTED if launch.report.is_interrupted else _FAILED


def _check(options: Options) -> None:
    """That there is a command, and that somebody said which profiles it is to have."""
    from voxmint.problems import UsageError

    selection = options.mint.selection
    example = "for example: voxmint exec -e local clinic -- ./app --port 80"
    if not options.words:
        raise UsageError("exec needs a command, after `--`", example)
    if not (selection.profiles or selection.labels):
        hint = "name profiles before the `--`, or '*' for all that the environment has"
        raise UsageError("exec needs a profile", hint)


def _tell(launch: "Launch", world: "World") -> None:
    """Says what went wrong, and what the service did otherwise than it was asked."""
    from voxmint.cli.display.problems import show_problem
    from voxmint.cli.display.sources import NO_SOURCES
    from voxmint.cli.formats import report_text

    screen = world.err
    for problem in launch.report.problems:
        show_problem(screen, problem, NO_SOURCES)
    report_text.write_failures(screen, launch.report, world)
    if not launch.is_ready:
        from shlex import join

        from voxmint.shown import shown

        screen.line(f"not started: `{shown(join(launch.start.words))}`")


def _flush(world: "World") -> None:
    """What this process has still to write, before it is another one."""
    for stream in (world.stdout, world.stderr):
        with suppress(OSError, ValueError):
            stream.flush()


class _ExecCommand(Command):
    """Takes what stands after the first `--` as the command, whatever it looks like."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if "--" in args:
            place = args.index("--")
            ctx.meta[_WORDS] = tuple(args[place + 1 :])
            args = args[:place]
        return super().parse_args(ctx, args)

    def format_usage(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        words = f"[OPTIONS] {'PROFILE...'} -- COMMAND [ARGUMENT]..."
        formatter.write_usage(ctx.command_path, words)


def _templates(
    _: click.Context, __: click.Parameter, given: Sequence[str]
) -> tuple[tuple[str, str], ...]:
    from voxmint.cli.parser import missed
    from voxmint.engine.handing import VALUES
    from voxmint.problems import UsageError
    from voxmint.shown import shown

    pairs = [text.partition("=") for text in given]
    for text, (value, sign, name) in zip(given, pairs, strict=True):
        if not (sign and name):
            hint = "for example: --name client_secret=SPEECH_TOKEN"
            raise UsageError(f"`--name` takes VALUE=NAME, not `{shown(text)}`", hint)
        if value not in VALUES:
            known = ", ".join(f"`{one}`" for one in VALUES)
            raise missed(
                "`--name` does not know the value `{}`", value, VALUES, f"there is {known}"
            )
    return tuple((value, name) for value, _, name in pairs)


@command_named(
    "exec",
    "voxmint exec -e local clinic -- ./app --port 80",
    "voxmint exec -e production 'call-center/*' --min-remaining 5m -- ./dial",
    "voxmint exec -e production clinic --only --name client_secret=SPEECH_TOKEN -- ./app",
    "voxmint exec -e production clinic -- sh -c 'app \"$CLINIC_CLIENT_SECRET\" < in.wav'",
    cls=_ExecCommand,
)
@profiles_argument
@environment_option
@selecting
@click.option(
    "--min-remaining",
    metavar="DURATION",
    type=Duration(),
    help="How long every token must live on when the command starts, such as 5m; what grew too "
    "old while others were minted is minted again.",
)
@click.option(
    "--prefix", metavar="TEXT", default="", help="What stands before the name of each variable."
)
@click.option(
    "--name",
    "names",
    metavar="VALUE=NAME",
    multiple=True,
    callback=_templates,
    help="The variable of client_secret, expires_at or session_id; {profile} in it stands for the "
    "profile's name in capitals. Can be repeated.",
)
@click.option(
    "--only",
    is_flag=True,
    help="Give the command nothing else of this environment, but for PATH, HOME, TERM, the "
    "language and their like.",
)
@click.option(
    "--keep",
    metavar="NAME",
    multiple=True,
    help="A variable that --only leaves, such as HTTPS_PROXY or 'APP_*'; can be repeated.",
)
@sending
@click.option("--strict", is_flag=True, help="Start nothing if there are warnings.")
@click.pass_context
def command(ctx: click.Context, /, world: "World", **given: Any) -> int:
    """Run a command with fresh tokens in its environment, and nowhere else.

    Every profile that is named gets a token of its own; no sink is read or written, and no file
    holds the tokens. The variables are called as the environment's env file calls them, else
    NAME_CLIENT_SECRET, NAME_EXPIRES_AT and NAME_SESSION_ID. voxmint becomes the command: its
    signals, terminal and exit code are the command's own. The upstream key never reaches it.

    Ends with 1 where a token could not be had, 127 where there is no such command, 126 where it
    cannot be run, and 130 when it was interrupted; then nothing was started.
    """
    from voxmint.cli.compiling import selection_in
    from voxmint.cli.mint import Options as MintOptions

    selection = selection_in(given)
    own = {one.name for one in fields(Options)}
    mine = {name: given.pop(name) for name in list(given) if name in own}
    return exec_(Options(MintOptions(selection, **given), ctx.meta.get(_WORDS, ()), **mine), world)
