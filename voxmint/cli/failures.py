"""How a run ends that cannot go on: what is said, and the exit code. The one place that decides.

    1    failed: problems in the project, or nothing was done
    3    some profiles were minted and some failed
    64   wrong usage
    130  interrupted
    141  whoever read the output has gone, as of a program that SIGPIPE ends

The codes of our own errors stand on their types. What nobody foresaw is a bug, and is said to be
one, without its message: that could hold anything, a secret too.
"""

from collections.abc import Iterator
from pathlib import PurePath
from types import TracebackType

import click

from voxmint.cli.display.problems import show_sentence
from voxmint.cli.display.screen import OutputError
from voxmint.cli.display.sources import NO_SOURCES
from voxmint.cli.located import LocatedProblemsError
from voxmint.cli.parser import called
from voxmint.cli.world import World
from voxmint.problems import ProblemsError, UsageError, VoxmintError, nearest
from voxmint.shown import shown

TRACEBACK = "VOXMINT_TRACEBACK"
"""The variable that asks for the calls that led to a bug."""

_FAILED, _WRONG_USAGE, _INTERRUPTED, _BROKEN_PIPE = 1, 64, 130, 141


def ended(error: BaseException, world: World) -> int:
    """Says what ended the run, and gives the exit code."""
    screen = world.err
    match error:
        case BrokenPipeError():
            code = _BROKEN_PIPE
        case KeyboardInterrupt():
            screen.line("interrupted")
            code = _INTERRUPTED
        case click.exceptions.NoArgsIsHelpError():
            screen.line(error.format_message())
            code = _WRONG_USAGE
        case click.UsageError():
            show_sentence(screen, *_usage(error))
            code = _WRONG_USAGE
        case VoxmintError():
            _show(error, world)
            code = error.exit_code
        case OutputError():
            show_sentence(screen, str(error))
            code = _FAILED
        case OSError():
            show_sentence(screen, _system(error))
            code = _FAILED
        case _:
            _show_bug(error, world)
            code = _FAILED
    screen.flush()
    return code


def _show(error: VoxmintError, world: World) -> None:
    if isinstance(error, ProblemsError):
        from voxmint.cli.formats.problem_text import show_problems

        sources = error.sources if isinstance(error, LocatedProblemsError) else NO_SOURCES
        problems = [one for one in error.problems if one.is_error or world.is_verbose]
        show_problems(world.err, problems, sources, is_verbose=world.is_verbose)
        return
    mistakes = (error, *error.also) if isinstance(error, UsageError) else (error,)
    for one in mistakes:
        hint = one.hint if isinstance(one, UsageError) else None
        show_sentence(world.err, shown(str(one)), hint)


# ── wrong usage ──────────────────────────────────────────────────────────────────────────────────


def _usage(error: click.UsageError) -> tuple[str, str]:
    """What click found, in our words, with a hint."""
    path = error.ctx.command_path if error.ctx else "voxmint"
    otherwise = f"see `{path} --help`"
    match error:
        case click.NoSuchOption():
            near = nearest(error.option_name.lstrip("-"), _options(error.ctx)).get("nearest")
            hint = f"did you mean `--{near}`?" if near else otherwise
            return f"there is no option `{shown(error.option_name)}`", hint
        case click.BadOptionUsage():
            return f"`{shown(error.option_name)}` needs a value", otherwise
        case click.MissingParameter():
            return f"{called(error.param)} is missing", _choice(error.param) or otherwise
        case click.BadParameter() if error.param is not None:
            return _wrong(error, error.param), otherwise
        case _ if error.message.startswith(_EXTRA):
            words = shown(error.message.partition("(")[2].removesuffix(")"))
            many = "are words" if " " in words else "is a word"
            return f"`{words}` {many} too many", _unnamed_environment(error.ctx) or otherwise
        case _:
            return _plain(error.format_message()), otherwise


def _wrong(error: click.BadParameter, parameter: click.Parameter) -> str:
    """What a value should be; click's own words where its type is none of those that we know."""
    name = called(parameter)
    match parameter.type:
        case click.IntRange() as range_:
            return f"{name} takes a whole number {_bounds(range_)}"
        case click.FloatRange() as range_:
            return f"{name} takes a number {_bounds(range_)}"
        case click.Path(file_okay=False):
            return f"{name} takes a folder, and that is none"
        case click.Path(dir_okay=False):
            return f"{name} takes a file, and that is none"
        case _:
            return f"{name}: {_plain(error.message)}"


def _bounds(range_: click.IntRange | click.FloatRange) -> str:
    return (
        f"of {range_.min} or more" if range_.max is None else f"from {range_.min} to {range_.max}"
    )


def _choice(parameter: click.Parameter | None) -> str | None:
    """What there is to choose from."""
    if parameter is None or not isinstance(parameter.type, click.Choice):
        return None
    return "it is one of " + ", ".join(f"`{word}`" for word in parameter.type.choices)


def _unnamed_environment(context: click.Context | None) -> str | None:
    """What is said where a word may be meant for the environment that no `-e` names."""
    if context is None or "-e" not in {name for one in context.command.params for name in one.opts}:
        return None
    if context.params.get("environments"):
        return None
    return "an environment is named with `-e`, as in `-e production`"


_EXTRA = "Got unexpected extra argument"
"""How click begins what it says of words that no argument takes."""


def _options(context: click.Context | None) -> list[str]:
    parameters = context.command.get_params(context) if context else []
    names = (name for parameter in parameters for name in parameter.opts)
    return [name.removeprefix("--") for name in names if name.startswith("--")]


def _plain(text: str) -> str:
    text = shown(text).rstrip(".")
    return text[:1].lower() + text[1:]


# ── what the system refuses, and bugs ────────────────────────────────────────────────────────────


def _system(error: OSError) -> str:
    said = (error.strerror or type(error).__name__).lower()
    return f"`{shown(str(error.filename))}`: {said}" if error.filename else said


def _show_bug(error: BaseException, world: World) -> None:
    message = f"this is a bug in voxmint ({reference(error)})"
    hint = f"please report it with this reference; {TRACEBACK}=1 adds the calls that led to it"
    show_sentence(world.err, message, hint)
    if world.environ.get(TRACEBACK, "0") not in {"", "0"}:
        for line in _calls(error):
            world.err.line(line)


def reference(error: BaseException) -> str:
    """What a bug is found by: the error's type, and the last place in voxmint it passed."""
    places = [place for place in _places(error.__traceback__) if place.startswith("voxmint/")]
    where = f" at {places[-1]}" if places else ""
    return type(error).__name__ + where


def _calls(error: BaseException) -> Iterator[str]:
    """The places of the error and of those that it came from; no message, no value."""
    cause: BaseException | None = error
    seen: set[int] = set()
    while cause is not None and id(cause) not in seen:
        seen.add(id(cause))
        yield type(cause).__name__
        yield from (f"  {place}" for place in _places(cause.__traceback__))
        cause = cause.__cause__ or cause.__context__


def _places(trace: TracebackType | None) -> Iterator[str]:
    while trace is not None:
        code = trace.tb_frame.f_code
        yield f"{_short(code.co_filename)}:{trace.tb_lineno} in {code.co_qualname}"
        trace = trace.tb_next


def _short(file: str) -> str:
    """A module's file, from its package on: the rest is the machine's own."""
    parts = PurePath(file).parts
    for package in ("voxmint", "site-packages"):
        if package in parts[:-1]:
            last = len(parts) - 1 - parts[::-1].index(package)
            return "/".join(parts[last + (package == "site-packages") :])
    return "/".join(parts[-2:])
