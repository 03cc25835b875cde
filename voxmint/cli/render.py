"""`voxmint render`: request bodies, exactly as they would be sent."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
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
    """Which bodies, in which form; `output_dir` is a folder for a file each."""

    selection: "Selection"
    output: str = "json"
    output_dir: str | None = None


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
        _write_files(requests, options.output, Path(options.output_dir), world)
    elif options.output == "ndjson":
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


def _check_usage(options: Options, world: "World") -> None:
    from voxmint.cli.compiling import environments_hint
    from voxmint.problems import UsageError

    selection = options.selection
    if not (selection.profiles or selection.labels):
        raise UsageError("render needs a profile", "name some, or '*' for all of them")
    if not selection.environments:
        raise UsageError("render needs an environment", environments_hint(world))
    if options.output_dir is not None and options.output not in {"json", "yaml"}:
        raise UsageError(
            f"`--output-dir` takes files of json or yaml, not {options.output}",
            "leave out one of the two",
        )


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


# ── files ────────────────────────────────────────────────────────────────────────────────────────


def _write_files(requests: Sequence[Request], output: str, folder: Path, world: "World") -> None:
    """Writes each body to `DIR/ENV/PROFILE.json`; a file that is right already is left alone."""
    from voxmint.cli.display.words import number
    from voxmint.shown import shown

    written = 0
    for request in requests:
        path = folder / request.environment.name / f"{request.profile}.{output}"
        changed = _write_file(world.cwd / path, _file_of(request.body, output))
        written += changed
        if changed and world.is_verbose:
            world.err.line(shown(str(path)))
    if not world.is_quiet:
        same = len(requests) - written
        unchanged = f", {same} unchanged" if same else ""
        world.err.line(f"wrote {number(written, 'file')}{unchanged} → {shown(str(folder))}")


def _file_of(body: Mapping[str, Any], output: str) -> bytes:
    from voxmint.cli.formats.json_text import indented
    from voxmint.cli.formats.yaml_text import as_yaml

    text = as_yaml(body) if output == "yaml" else indented(body) + "\n"
    return text.encode()


def _write_file(path: Path, data: bytes) -> bool:
    from voxmint.engine.files import write_atomically

    path.parent.mkdir(parents=True, exist_ok=True)
    # A body holds no secret: everybody may read it, as any file of a repository.
    return write_atomically(path, data, mode=0o644)


@command_named(
    "render",
    "voxmint render clinic -e production",
    "voxmint render clinic -e production -o curl            # with the key left to a variable",
    "voxmint render '*' '!*-test' -e staging -e production --output-dir rendered",
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
def command(world: "World", output: str, output_dir: str | None, **selection: Any) -> int:
    """Show the request body of a profile in an environment, exactly as it would be sent.

    Several bodies go to `-o ndjson`, a line each, or to files. Reads no secret and needs no
    network.
    """
    from voxmint.cli.compiling import Selection

    return render(Options(Selection(**selection), output, output_dir), world)
