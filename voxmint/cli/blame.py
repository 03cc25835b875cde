"""`voxmint blame`: which file and line set each value, and what it overrode."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from voxmint.cli.options import (
    environment_option,
    output_option,
    overrides_option,
    profile_argument,
)
from voxmint.cli.parser import command as command_named

if TYPE_CHECKING:
    from voxmint.cli.compiling import Compiled, Selection
    from voxmint.cli.formats.blame_text import Blame
    from voxmint.cli.world import World

_FAILED = 1


@dataclass(frozen=True, slots=True)
class Options:
    """Which body, which part of it, and how much of what was overridden."""

    selection: "Selection"
    path: str | None = None
    output: str = "text"
    is_all: bool = False


def blame(options: Options, world: "World") -> int:
    """Writes where the values of one body come from; fails where the body has an error."""
    from voxmint.cli.compiling import compile_selection, one_environment

    one_environment(options.selection, world, "blame")
    compiled = compile_selection(options.selection, world, settings=False)
    if compiled.has_errors:
        _show_errors(compiled, world)
        return _FAILED
    found = _found(compiled, options)
    if options.output == "json":
        from voxmint.cli.formats import blame_json

        blame_json.write(world.out, found)
    else:
        from voxmint.cli.formats import blame_text

        blame_text.write(world.out, found, is_all=options.is_all)
    return 0


def _found(compiled: "Compiled", options: Options) -> "Blame":
    from voxmint.cli.formats.blame_text import Blame
    from voxmint.problems import UsageError, nearest
    from voxmint.profiles.blame import absent, blame, nothing_at, order_of
    from voxmint.shown import shown

    compilation = compiled.compilation
    [body] = compilation.bodies.values()
    provider = compilation.environments[body.environment].provider_cell
    values = blame(body, compilation.profiles[body.profile], compilation.texts, provider)
    missing, order = absent(body), order_of(body)
    if options.path is None:
        return Blame(body.profile, body.environment, values, missing, order)
    path = options.path.removeprefix("session.")
    chosen = tuple(one for one in values if _is_below(one.path, path))
    left_out = tuple(one for one in missing if _is_below(one.path, path))
    if not (chosen or left_out):
        known = [*(one.path for one in values), *(one.path for one in missing)]
        near = nearest(path, [*known, *(name.partition(".")[0] for name in known)])
        hint = f"did you mean `{near['nearest']}`?" if near else "leave the path out to see all"
        hint = nothing_at(body, path.split(".")) or hint
        raise UsageError(f"the body has nothing at `{shown(options.path)}`", shown(hint))
    return Blame(body.profile, body.environment, chosen, left_out, order)


def _is_below(path: str, above: str) -> bool:
    if above == "session":
        return path.partition(".")[0] != "expires_after"
    return path == above or path.startswith(f"{above}.")


def _show_errors(compiled: "Compiled", world: "World") -> None:
    from voxmint.cli.formats.problem_text import show_problems

    errors = [problem for problem in compiled.problems if problem.is_error]
    show_problems(world.err, errors, compiled.sources, is_verbose=world.is_verbose)


@command_named(
    "blame",
    "voxmint blame clinic -e production",
    "voxmint blame clinic -e production turn_detection.threshold --all",
)
@profile_argument
@click.argument("path", metavar="[PATH]", required=False)
@environment_option
@overrides_option
@output_option("text", "json")
@click.option("--all", "is_all", is_flag=True, help="Show everything that was overridden.")
def command(
    world: "World",
    profile: str,
    environments: tuple[str, ...],
    overrides: tuple[str, ...],
    **given: Any,
) -> int:
    """Show which file and line set each value of a body, and what it overrode.

    PATH is dotted, list items by index: turn_detection.threshold, include.0.
    """
    from voxmint.cli.compiling import Selection

    selection = Selection((profile,), environments, overrides=overrides)
    return blame(Options(selection, **given), world)
