"""What the command line is made of: the program, its commands, and the global options.

A command's module is imported when that command is called; the program's own help and completion
read the registry alone.
"""

# ruff: noqa: ARG002  # the signatures of methods that click calls

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from importlib import import_module
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import click

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

    from voxmint.problems import UsageError

F = TypeVar("F", bound=Callable[..., Any])

_MOST_COLUMNS = 100
_LEAST_COLUMNS = 40
"""What the meaning of an option is written in beside it; in less, it stands below."""
FOLDER = "voxmint.folder"
"""Where a context keeps what `-C` was given: completion runs without a world."""


class Entry(NamedTuple):
    """A command in the registry: where its `click.Command` is, and what it does in a line."""

    where: str
    summary: str


# ── the program and its commands ─────────────────────────────────────────────────────────────────


class _Formatter(click.HelpFormatter):
    """Writes help; on a narrow screen what a word means stands below it, so that no word breaks."""

    def write_dl(
        self, rows: Iterable[tuple[str, str]], col_max: int = 30, col_spacing: int = 2
    ) -> None:
        rows = list(rows)
        widest = min(max(len(term) for term, _ in rows), col_max)
        if self.width - self.current_indent - widest - col_spacing >= _LEAST_COLUMNS:
            super().write_dl(rows, col_max, col_spacing)
            return
        margin = " " * self.current_indent
        for term, meaning in rows:
            self.write(f"{margin}{term}\n")
            indent = margin + " " * 4
            self.write(click.wrap_text(meaning, self.width, indent, indent) + "\n")


class _Context(click.Context):
    formatter_class = _Formatter


class Command(click.Command):
    """A command: its help goes where its world says, and global options may stand after its name.

    The callback's first argument is the world.
    """

    context_class = _Context

    def __init__(self, *args: Any, **settings: Any) -> None:
        super().__init__(*args, **settings)
        self.params += [_again(option) for option in _global_options()]
        self._own_help = _help_option()

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        try:
            return super().parse_args(ctx, args)
        except click.UsageError as error:
            # Of an option without its value click does not say whose it is.
            error.ctx = error.ctx or ctx
            raise

    def get_help_option(self, ctx: click.Context) -> click.Option:
        return self._own_help

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        _write_examples(self.epilog, formatter)


class Program(click.Group):
    """The program: it knows its commands by name and summary, and imports one when it is called."""

    context_class = _Context

    def __init__(self, registry: Mapping[str, Entry], **settings: Any) -> None:
        params = [*_global_options(), _version_option()]
        super().__init__(no_args_is_help=True, params=params, **settings)
        self._registry = registry
        self._own_help = _help_option()

    def get_help_option(self, ctx: click.Context) -> click.Option:
        return self._own_help

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self._registry)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in self._registry:
            return None
        module, _, attribute = self._registry[cmd_name].where.partition(":")
        found: click.Command = getattr(import_module(module), attribute)
        return found

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args[0] in self._registry or ctx.resilient_parsing:
            return super().resolve_command(ctx, args)
        otherwise = "`voxmint --help` lists the commands"
        raise missed("there is no command `{}`", args[0], self._registry, otherwise)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, entry.summary) for name, entry in self._registry.items()])

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        _write_examples(self.epilog, formatter)

    def shell_complete(self, ctx: click.Context, incomplete: str) -> "list[CompletionItem]":
        from click.shell_completion import CompletionItem

        commands = [
            CompletionItem(name, help=entry.summary)
            for name, entry in self._registry.items()
            if name.startswith(incomplete)
        ]
        return [*commands, *click.Command.shell_complete(self, ctx, incomplete)]


def command(
    name: str, *examples: str, cls: type[Command] = Command
) -> Callable[[Callable[..., int]], Command]:
    """Makes a command of a function that takes the world and the options, and gives an exit code.

    The function's docstring is the help; `examples` are command lines, shown at its end.
    """

    def made(function: Callable[..., int]) -> Command:
        decorate = click.command(name, cls=cls, epilog="\n".join(examples))
        return decorate(click.pass_obj(function))

    return made


def _write_examples(epilog: str | None, formatter: click.HelpFormatter) -> None:
    if epilog:
        with formatter.section("Examples"):
            for line in epilog.splitlines():
                formatter.write(f"{'':>{formatter.current_indent}}{line}\n")


# ── global options ───────────────────────────────────────────────────────────────────────────────


def _global_options() -> list[click.Parameter]:
    """The options of the program; their values go into the world."""
    return [
        click.Option(
            ["-C", "start_folder"],
            metavar="DIR",
            type=click.Path(file_okay=False),
            help="Run as if started in DIR.",
            callback=_enter,
            expose_value=False,
            is_eager=True,
        ),
        click.Option(
            ["--color"],
            type=Word("auto", "always", "never"),
            help="When to use colour; by default on a terminal, unless NO_COLOR is set.",
            callback=_changes("color", lambda given: given),
            expose_value=False,
            is_eager=True,
        ),
        click.Option(
            ["-q", "--quiet"],
            is_flag=True,
            help="Say nothing but errors.",
            callback=_changes("verbosity", lambda _: -1),
            expose_value=False,
            is_eager=True,
        ),
        click.Option(
            ["-v", "--verbose"],
            is_flag=True,
            help="Say more: notes, and names in full.",
            callback=_changes("verbosity", lambda _: 1),
            expose_value=False,
            is_eager=True,
        ),
    ]


def _again(option: click.Parameter) -> click.Parameter:
    """A global option as a command takes it: without a word in that command's help."""
    if isinstance(option, click.Option):
        option.hidden = True
    return option


def _changes(
    name: str, value: Callable[[Any], object]
) -> Callable[[click.Context, click.Parameter, Any], None]:
    def change(ctx: click.Context, _: click.Parameter, given: Any) -> None:
        if given and ctx.obj is not None:
            ctx.obj = replace(ctx.obj, **{name: value(given)})

    return change


def _enter(ctx: click.Context, _: click.Parameter, folder: str | None) -> None:
    if folder is None:
        return
    ctx.meta[FOLDER] = folder
    if ctx.obj is None:
        return
    there = ctx.obj.cwd / folder
    if not there.is_dir():
        from voxmint.problems import UsageError
        from voxmint.shown import shown

        raise UsageError(f"there is no folder `{shown(folder)}`")
    ctx.obj = replace(ctx.obj, cwd=there.resolve())


def _help_option() -> click.Option:
    return click.Option(
        ["-h", "--help"],
        is_flag=True,
        is_eager=True,
        expose_value=False,
        help="Show this and end.",
        callback=_show_help,
    )


def _show_help(ctx: click.Context, _: click.Parameter, wanted: bool) -> None:
    if wanted and not ctx.resilient_parsing:
        screen = ctx.obj.out
        ctx.terminal_width = min(screen.width, _MOST_COLUMNS)
        screen.line(ctx.get_help())
        ctx.exit()


def _version_option() -> click.Option:
    return click.Option(
        ["--version"],
        is_flag=True,
        is_eager=True,
        expose_value=False,
        help="Show the version and end.",
        callback=_show_version,
    )


def _show_version(ctx: click.Context, _: click.Parameter, wanted: bool) -> None:
    if wanted and not ctx.resilient_parsing:
        from voxmint import __version__

        ctx.obj.out.line(f"voxmint {__version__}")
        ctx.exit()


# ── values ────────────────────────────────────────────────────────────────────────────────────────


class Word(click.Choice[str]):
    """One of a few words; a wrong one gets a near miss."""

    def __init__(self, *words: str) -> None:
        super().__init__(words)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        if value in self.choices:
            return str(value)
        known = ", ".join(f"`{word}`" for word in self.choices)
        raise missed(
            f"{called(param)} does not take `{{}}`", value, self.choices, f"it takes {known}"
        )


if TYPE_CHECKING:
    _OfSeconds = click.ParamType[float]
else:
    # Older versions of click cannot be told what it gives.
    _OfSeconds = click.ParamType


class Duration(_OfSeconds):
    """A length of time: `45m`, `1h30m`, `90s`, or a plain number of seconds; gives seconds.

    With `is_some` it is more than nothing.
    """

    name = "duration"

    def __init__(self, *, is_some: bool = False) -> None:
        self._is_some = is_some

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        from voxmint.engine.durations import parsed
        from voxmint.problems import UsageError
        from voxmint.shown import shown

        try:
            seconds = parsed(str(value))
            if seconds == 0 and self._is_some:
                raise ValueError("nothing is no length of time")
            return seconds
        except ValueError:
            some = " of more than 0 s" if self._is_some else ""
            message = f"{called(param)} takes a length of time{some}, not `{shown(str(value))}`"
            raise UsageError(message, "for example: 45m, 1h30m, 90s, or seconds") from None


def called(parameter: click.Parameter | None) -> str:
    """What a person calls a parameter: `--output` in backquotes, or PROFILE."""
    if isinstance(parameter, click.Option):
        return f"`{max(parameter.opts, key=len)}`"
    name = getattr(parameter, "metavar", None) or getattr(parameter, "name", None) or "argument"
    return str(name).strip("[].").upper()


def missed(message: str, name: str, known: Iterable[str], otherwise: str) -> "UsageError":
    """The error for a name that there is not: its hint is the nearest one, or `otherwise`.

    `message` has a place for the name.
    """
    from voxmint.problems import UsageError, nearest
    from voxmint.shown import shown

    near = nearest(name, known).get("nearest")
    return UsageError(message.format(shown(name)), f"did you mean `{near}`?" if near else otherwise)
