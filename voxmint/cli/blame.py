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
    from collections.abc import Sequence

    from voxmint.cli.compiling import Compiled, Selection
    from voxmint.cli.formats.blame_text import Blame
    from voxmint.cli.world import World
    from voxmint.problems import UsageError
    from voxmint.profiles.compiled import CompiledBody

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
    from voxmint.profiles.asked_paths import chosen
    from voxmint.profiles.blame import absent, blame, order_of

    compilation = compiled.compilation
    [body] = compilation.bodies.values()
    provider = compilation.environments[body.environment].provider_cell
    values = blame(body, compilation.profiles[body.profile], compilation.texts, provider)
    missing, order = absent(body), order_of(body)
    if options.path is not None:
        paths = [*(one.path for one in values), *(one.path for one in missing)]
        asked = chosen(body, options.path, paths)
        if not asked:
            raise _nothing_at(body, options.path, paths)
        values = tuple(one for one in values if one.path in asked)
        missing = tuple(one for one in missing if one.path in asked)
    return Blame(body.profile, body.environment, values, missing, order)


def _nothing_at(body: "CompiledBody", path: str, paths: "Sequence[str]") -> "UsageError":
    """Why there is nothing to tell of a path."""
    from voxmint.problems import UsageError, nearest
    from voxmint.profiles.asked_paths import as_profiles, is_sent, place_of
    from voxmint.profiles.blame import nothing_at
    from voxmint.shown import shown

    if is_sent(body, path):
        hint = f"it is a fixed part of the body for {body.api}"
        return UsageError(f"no file sets `{shown(path)}`", hint)
    own = path.removeprefix("session.")
    for meant in (own, *as_profiles(body, path)):
        why = nothing_at(body, meant.split("."))
        if why:
            return UsageError(f"the body has nothing at `{shown(path)}`", shown(why))
    places = [place for one in paths if (place := place_of(body, one))]
    groups = [one.partition(".")[0] for one in paths]
    near = nearest(own, [*paths, *groups]) or nearest(path, places)
    hint = f"did you mean `{near['nearest']}`?" if near else "leave the path out to see all"
    return UsageError(f"the body has nothing at `{shown(path)}`", shown(hint))


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

    PATH is dotted, list items by index: turn_detection.threshold, include.0. It is the profile's,
    or where render shows the value: session.audio.input.turn_detection.
    """
    from voxmint.cli.compiling import Selection

    selection = Selection((profile,), environments, overrides=overrides)
    return blame(Options(selection, **given), world)
