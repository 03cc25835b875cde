"""`voxmint render`: request bodies, exactly as they would be sent."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from voxmint.cli.options import environments_option, output_option, profiles_argument, selecting
from voxmint.cli.parser import command as command_named

if TYPE_CHECKING:
    from voxmint.cli.compiling import Compiled, Selection
    from voxmint.cli.display.screen import Screen
    from voxmint.cli.world import World
    from voxmint.profiles.compiled import CompiledBody, CompiledEnvironment


@dataclass(frozen=True, slots=True)
class Options:
    """Which bodies, in which form; `output_dir` is a folder for a file each.

    With `checks` that folder is only compared.
    """

    selection: "Selection"
    output: str = "json"
    output_dir: str | None = None
    checks: bool = False


@dataclass(frozen=True, slots=True)
class Request:
    """What is sent for one profile in one environment."""

    profile: str
    environment: "CompiledEnvironment"
    api: str
    body: Mapping[str, Any]


def render(options: Options, world: "World") -> int:
    """Writes the selected bodies; 1, and what is wrong, where one of them cannot be made."""
    _check_usage(options, world)
    compiled = _compiled(options, world)
    _show_problems(compiled, world)
    if compiled.has_errors:
        return 1
    requests = [_request(body, compiled) for body in compiled.compilation.bodies.values()]
    if options.output_dir is not None:
        return _in_folder(requests, compiled, options.output_dir, options, world)
    if options.output == "ndjson":
        _write_lines(requests, world.out)
    else:
        _write_one(_only(requests, options.output), options.output, world.out)
    return 0


def _compiled(options: Options, world: "World") -> "Compiled":
    """The selection, with the settings of providers only where they are needed.

    Checking those takes longer than a body does, and most bodies are the same without them.
    """
    from voxmint.cli.compiling import compile_selection

    if options.output not in {"curl", "ndjson"}:
        compiled = compile_selection(options.selection, world, settings=False)
        if not any(map(_maps_models, compiled.compilation.environments.values())):
            return compiled
    return compile_selection(options.selection, world)


def _maps_models(environment: "CompiledEnvironment") -> bool:
    """Whether the environment's provider puts something else in a model's place."""
    return "deployments" in getattr(environment.provider_cell, "entries", ())


def _in_folder(
    requests: Sequence[Request], compiled: "Compiled", folder: str, options: Options, world: "World"
) -> int:
    from voxmint.cli import rendered

    given = [rendered.Request(one.profile, one.environment.name, one.body) for one in requests]
    act = rendered.check_folder if options.checks else rendered.write_folder
    return act(given, compiled, options.output, folder, world)


def _check_usage(options: Options, world: "World") -> None:
    from voxmint.problems import UsageError

    if options.checks and options.output_dir is None:
        raise UsageError(
            "`--check` compares the files of a folder", "name it with `--output-dir DIR`"
        )
    if options.output_dir is None:
        _check_selection(options.selection, world)
    elif options.output not in {"json", "yaml"}:
        raise UsageError(
            f"`--output-dir` takes files of json or yaml, not {options.output}",
            "leave out one of the two",
        )


def _check_selection(selection: "Selection", world: "World") -> None:
    from voxmint.cli.compiling import environments_hint
    from voxmint.problems import UsageError

    if not (selection.profiles or selection.labels):
        raise UsageError("render needs a profile", "name some, or '*' for all of them")
    if not selection.environments:
        raise UsageError("render needs an environment", environments_hint(world))


def _show_problems(compiled: "Compiled", world: "World") -> None:
    problems = [one for one in compiled.problems if one.is_error or world.is_verbose]
    if problems:
        from voxmint.cli.formats.problem_text import show_problems

        show_problems(world.err, problems, compiled.sources, is_verbose=world.is_verbose)


def _request(body: "CompiledBody", compiled: "Compiled") -> Request:
    environment = compiled.compilation.environments[body.environment]
    sent = body.body
    if environment.provider is not None:
        from voxmint.engine.upstream.request import sent_body

        sent = sent_body(body, environment.provider).body
    return Request(body.profile, environment, body.api, sent)


def _only(requests: Sequence[Request], output: str) -> Request:
    from voxmint.problems import UsageError

    if len(requests) == 1:
        return requests[0]
    raise UsageError(
        f"{len(requests)} bodies are selected, and `-o {output}` is for one",
        "write them all with `-o ndjson`, or a file each with `--output-dir DIR`",
    )


def _write_one(request: Request, output: str, screen: "Screen") -> None:
    match output:
        case "yaml":
            from voxmint.cli.formats.yaml_text import as_yaml

            screen.write(as_yaml(request.body, is_unicode=screen.is_unicode))
        case "curl":
            from voxmint.cli.formats.curl import as_curl
            from voxmint.engine.upstream.target import provider_of, target_of

            target = target_of(request.environment, request.api)
            screen.line(as_curl(request.body, target, provider_of(request.environment)))
        case _:
            from voxmint.cli.formats.json_text import write_json

            write_json(screen, request.body)


def _write_lines(requests: Sequence[Request], screen: "Screen") -> None:
    from voxmint.cli.formats.json_text import in_a_line
    from voxmint.engine.upstream.target import target_of

    for request in requests:
        line = {
            "profile": request.profile,
            "environment": request.environment.name,
            "api": request.api,
            "url": target_of(request.environment, request.api).url,
            "body": request.body,
        }
        screen.line(in_a_line(line, is_unicode=screen.is_unicode))


@command_named(
    "render",
    "voxmint render clinic -e production",
    "voxmint render clinic -e production -o curl            # with the key left to a variable",
    "voxmint render --output-dir rendered                   # every body, a file each",
    "voxmint render --output-dir rendered --check           # in CI: fails if one is out of date",
)
@profiles_argument
@environments_option
@selecting
@output_option("json", "yaml", "curl", "ndjson")
@click.option(
    "--output-dir",
    metavar="DIR",
    help="Write DIR/ENV/PROFILE.json, a file for each body.",
)
@click.option("--check", "checks", is_flag=True, help="Only say which of those files are not so.")
def command(world: "World", **given: Any) -> int:
    """Show the request body of a profile in an environment, exactly as it would be sent.

    Several bodies go to `-o ndjson`, a line each, or to a folder: all of them, unless some are
    named. A file of a profile that is gone is removed from there if voxmint wrote it. With --check
    nothing is written, and it ends with 1 where a file differs, is missing or is left over.

    Reads no secret and needs no network.
    """
    from voxmint.cli.compiling import selection_in

    return render(Options(selection_in(given), **given), world)
