"""`voxmint sinks`: where tokens go, and whether programs read what is there alike."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from voxmint.cli.options import allow_store_host_option, environments_option, output_option
from voxmint.cli.parser import command as command_named

if TYPE_CHECKING:
    from voxmint.cli.list import Listing
    from voxmint.cli.world import World
    from voxmint.engine.sinks.looking import Look
    from voxmint.problems import Problem
    from voxmint.profiles.compiled import CompiledEnvironment

    Looks = Mapping[str, Sequence[Look]]

VERSION = 1
"""The version of the JSON's shape."""


@dataclass(frozen=True, slots=True)
class Options:
    """The environments to look at, all by default; whether files are read, and how to tell."""

    environments: tuple[str, ...] = ()
    check: bool = False
    allow_hosts: tuple[str, ...] = ()
    output: str = "text"
    strict: bool = False


def sinks(options: Options, world: "World") -> int:
    """Writes what the sinks are and hold; 1 where something is wrong with one.

    What is wrong in an environment's files counts: its sinks may not be those that are shown.
    """
    from voxmint.cli.display.sources import Sources
    from voxmint.cli.formats.problem_text import show_problems
    from voxmint.cli.list import listed
    from voxmint.engine.project import open_project
    from voxmint.engine.sinks.looking import looks_at
    from voxmint.problems import Severity, gathered

    project = open_project(world.cwd)
    listing = listed(project)
    looks: dict[str, list[Look]] = {}
    problems = list(listing.obstacles)
    for environment in _chosen(options, listing):
        problems += _errors_of(environment, listing)
        found, wrong = looks_at(
            project.root,
            environment,
            listing.profiles,
            world.environ,
            options.allow_hosts,
            checks=options.check,
        )
        looks[environment.name] = found
        problems += wrong
    told = gathered(problems)
    if options.output == "json":
        _write_json(looks, told, world)
    else:
        _write_text(looks, world)
        show_problems(world.err, told, Sources(listing.texts, project.root, world.cwd))
        if options.check and all(one.severity is Severity.NOTE for one in told):
            _write_checked(looks, world)
    failing = (Severity.ERROR, Severity.WARNING) if options.strict else (Severity.ERROR,)
    return int(any(one.severity in failing for one in told))


def _chosen(options: Options, listing: "Listing") -> "Iterator[CompiledEnvironment]":
    from voxmint.problems import UsageError, nearest

    for name in options.environments or listing.environments:
        environment = listing.environments.get(name)
        if environment is None and name in listing.lost:
            continue
        if environment is None:
            near = nearest(name, listing.environments).get("nearest")
            hint = f"did you mean `{near}`?" if near else "`voxmint list` shows those that are"
            raise UsageError(f"there is no environment `{name}`", hint)
        if not environment.document.abstract:
            yield environment


def _errors_of(environment: "CompiledEnvironment", listing: "Listing") -> "Iterator[Problem]":
    """What is wrong in an environment's own file and in those that it extends."""
    files = {one.file for one in environment.lineage}
    yield from (one for one in listing.errors if one.at is not None and one.at.file in files)


def _write_json(looks: "Looks", problems: "Sequence[Problem]", world: "World") -> None:
    from voxmint.cli.formats.json_text import write_json
    from voxmint.cli.formats.problem_json import problem_of

    environments = [
        {"name": name, "sinks": [one.to_json() for one in found]} for name, found in looks.items()
    ]
    told = [problem_of(one) for one in problems]
    write_json(world.out, {"version": VERSION, "environments": environments, "problems": told})


def _write_text(looks: "Looks", world: "World") -> None:
    from voxmint.cli.display.tables import show_table
    from voxmint.shown import shown

    if world.is_quiet:
        return
    rows = [
        [
            shown(one.environment),
            one.kind,
            shown(one.target) if one.is_own else "another package's",
            str(len(one.profiles)),
            _held(one),
        ]
        for found in looks.values()
        for one in found
    ]
    if rows:
        show_table(world.out, ["environment", "kind", "target", "profiles", "holds"], rows)


def _write_checked(looks: "Looks", world: "World") -> None:
    """What was looked at more closely, and found to be well."""
    from voxmint.cli.display.screen import Style
    from voxmint.cli.display.words import number

    if world.is_quiet:
        return
    every = [one for found in looks.values() for one in found]
    files = len({file for one in every for file in one.read})
    stores = sum(one.is_remote and one.is_asked for one in every)
    counted = ((files, "env file"), (stores, "store"))
    if parts := [number(count, what) for count, what in counted if count]:
        well = world.out.paint("no problems", Style.GREEN)
        world.out.line(f"checked {' and '.join(parts)}: {well}")
    else:
        world.out.line("nothing to check: there is no env file yet, and no store")


def _held(one: "Look") -> str:
    if not one.is_own:
        return "only a mint asks it"
    if one.is_only_by_name:
        return f"only with --sink {one.kind}"
    if one.is_silent:
        return "unknown"
    return str(len(one.holds)) if one.is_asked else "ask with --check"


@command_named(
    "sinks",
    "voxmint sinks -e production",
    "voxmint sinks --check",
)
@environments_option
@click.option(
    "--check", is_flag=True, help="Ask stores, and read env files as seventeen programs would."
)
@allow_store_host_option
@output_option("text", "json")
@click.option("--strict", is_flag=True, help="End with 1 where there are warnings, too.")
def command(world: "World", **given: Any) -> int:
    """Show where the tokens of each environment go, and how many are there.

    Knows names alone. With --check stores are asked what they hold, and env files are read: each
    line is told that Docker, shells, systemd, make, node or another of their readers takes
    otherwise than the rest, an error where it is voxmint's, a warning where it is somebody else's.
    """
    return sinks(Options(**given), world)
