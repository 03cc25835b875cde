"""`voxmint import`: a request body, or the curl command that sends one, as a profile."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from voxmint.cli.options import output_option
from voxmint.cli.parser import command as command_named

if TYPE_CHECKING:
    from voxmint.cli.display.sources import Sources
    from voxmint.cli.new_profile import Destination
    from voxmint.cli.world import World
    from voxmint.engine.project import Project
    from voxmint.profiles.bodies.form import Form, Request
    from voxmint.profiles.importing.rendering import Given, Setting
    from voxmint.profiles.importing.request import Imported

STDIN = "<stdin>"
_FAILED = 1
_MAX_BYTES = 256 * 1024


@dataclass(frozen=True, slots=True)
class Options:
    """What to import, and where the profile goes: by default to the output.

    `against` is the profile it is to extend, `name` the one it gets, `file` a path of its own.
    """

    source: str = "-"
    against: str | None = None
    name: str | None = None
    file: str | None = None
    output: str = "yaml"


@dataclass(frozen=True, slots=True)
class Made:
    """The profile: what it says, as plain values and as its file's text, and where that goes."""

    tree: dict[str, Any]
    text: str
    destination: "Destination | None"

    @property
    def label(self) -> str | None:
        return self.destination.label if self.destination else None


def import_(options: Options, world: "World") -> int:
    """Writes the profile that renders to what was pasted; 1, and what is wrong, otherwise."""
    from voxmint.profiles.importing.request import read_request

    project = _project(options, world)
    destination = _destination(options, project, world)
    file, data = _read(options, world)
    imported = read_request(file, data)
    if imported.request is None:
        _report(options, world, imported, file, None)
        return _FAILED
    tree, request = _tree(imported, options, project, world)
    made = Made(tree, _text(tree), destination)
    _check(made.text, request, _setting(options, project), project, world)
    if destination is not None:
        destination.write(made.text)
    _report(options, world, imported, file, made)
    return 0


# ── where it comes from ──────────────────────────────────────────────────────────────────────────


def _project(options: Options, world: "World") -> "Project | None":
    """The project, where a base or a name needs one."""
    from voxmint.engine.project import open_project
    from voxmint.problems import UsageError

    if options.name is not None and options.file is not None:
        raise UsageError(
            "`--name` and `--output-file` both say where the profile goes", "leave out one of them"
        )
    is_needed = options.against is not None or options.name is not None
    return open_project(world.cwd) if is_needed else None


def _destination(
    options: Options, project: "Project | None", world: "World"
) -> "Destination | None":
    """The file that is to be written, if any; that it is not there yet is known then."""
    from voxmint.cli.new_profile import at_path, of_name

    if options.file is not None:
        return at_path(world.cwd, options.file)
    return of_name(project, options.name) if project and options.name is not None else None


def _read(options: Options, world: "World") -> tuple[str, bytes]:
    """What is imported, and the name that places in it bear."""
    from voxmint.problems import UsageError
    from voxmint.shown import shown

    if options.source == "-":
        if world.stdin.isatty() and not world.is_quiet:
            world.err.line("paste a body or a curl command, then end it with Ctrl-D")
        return STDIN, _bounded(_input(world), STDIN)
    path = world.cwd / options.source
    if path.is_dir():
        raise UsageError(
            f"`{shown(options.source)}` is a folder", "name a file, or - for the input"
        )
    with path.open("rb") as file:
        return options.source, _bounded(file.read(_MAX_BYTES + 1), options.source)


def _input(world: "World") -> bytes:
    # Bytes, where there are any: what they are not is then told as of a file.
    buffer = getattr(world.stdin, "buffer", None)
    if buffer is None:
        return world.stdin.read(_MAX_BYTES + 1).encode("utf-8", "surrogatepass")
    data: bytes = buffer.read(_MAX_BYTES + 1)
    return data


def _bounded(data: bytes, name: str) -> bytes:
    from voxmint.problems import UsageError
    from voxmint.shown import shown

    if len(data) > _MAX_BYTES:
        raise UsageError(f"`{shown(name)}` has more than {_MAX_BYTES} bytes: that is no body")
    return data


# ── the profile ──────────────────────────────────────────────────────────────────────────────────


def _tree(
    imported: "Imported", options: Options, project: "Project | None", world: "World"
) -> "tuple[dict[str, Any], Request]":
    """What the profile says: all of the request, or what its base does not give.

    And the request that it comes to: with a base, what the body has no place for is the base's.
    """
    from voxmint.profiles.importing.tree import tree_of, written

    request, form = imported.request, imported.form
    if request is None or form is None:
        raise ValueError("only what was read has a profile")
    if options.against is None or project is None:
        return written(tree_of(request)), request
    from voxmint.cli.new_profile import profile_names
    from voxmint.cli.parser import missed
    from voxmint.profiles.importing.against import beside, difference

    names = profile_names(project)
    if options.against not in names:
        otherwise = "`voxmint list` shows the profiles there are"
        raise missed("there is no profile `{}`", options.against, names, otherwise)
    extends = {"extends": options.against}
    given = _rendered(_text(extends), _setting(options, project), project, world)
    request = beside(request, given, form)
    return {**extends, **written(difference(given, request))}, request


def _text(tree: dict[str, Any]) -> str:
    from voxmint.cli.formats.yaml_text import as_yaml

    return as_yaml(tree) if tree else "{}\n"


def _setting(options: Options, project: "Project | None") -> "Setting":
    from voxmint.profiles.importing.rendering import ALONE, Setting

    if project is None:
        return ALONE
    from voxmint.engine.worktree import WorkTree

    return Setting(WorkTree(project.root), options.name)


def _rendered(text: str, setting: "Setting", project: "Project | None", world: "World") -> "Given":
    """What a profile's text gives; `LocatedProblemsError` where its bases are wrong."""
    from voxmint.cli.display.sources import Sources
    from voxmint.cli.located import LocatedProblemsError
    from voxmint.problems import ProblemsError
    from voxmint.profiles.importing.rendering import NotRenderedError, rendered

    try:
        given = rendered(text, setting)
        problems, texts = given.problems, given.texts
    except NotRenderedError as failure:
        problems, texts = failure.problems, failure.texts
    if problems:
        root = project.root if project else None
        raise LocatedProblemsError(ProblemsError(problems), Sources(texts, root, world.cwd))
    return given


def _check(
    text: str,
    request: "Request",
    setting: "Setting",
    project: "Project | None",
    world: "World",
) -> None:
    """That the profile renders to what was pasted: it is compiled before anything is written."""
    from voxmint.problems import VoxmintError
    from voxmint.profiles.importing.against import is_same
    from voxmint.profiles.importing.tree import lifetime_of

    given = _rendered(text, setting, project, world)
    lifetimes = lifetime_of(given.expires_after), lifetime_of(request.expires_after)
    if not (is_same(given.session, request.session) and is_same(*lifetimes)):
        raise VoxmintError("the profile would not give this body again, so nothing was written")


# ── what is said ─────────────────────────────────────────────────────────────────────────────────


def _report(
    options: Options, world: "World", imported: "Imported", file: str, made: Made | None
) -> None:
    from voxmint.cli.display.sources import Sources

    sources = Sources({file: imported.text})
    if options.output == "json":
        _write_json(world, imported, made)
        return
    _show_problems(world, imported, sources)
    if made is None:
        return
    if made.destination is None:
        from voxmint.cli.formats.yaml_text import as_yaml

        text = as_yaml(made.tree, is_unicode=world.out.is_unicode) if made.tree else made.text
        world.out.write(text)
    if not world.is_quiet:
        _tell(world, imported, made, options)


def _show_problems(world: "World", imported: "Imported", sources: "Sources") -> None:
    problems = [one for one in imported.problems if one.is_error or not world.is_quiet]
    if problems:
        from voxmint.cli.formats.problem_text import show_problems

        show_problems(
            world.err,
            problems,
            sources,
            is_verbose=world.is_verbose,
            otherwise="`-o json` shows them",
        )


def _tell(world: "World", imported: "Imported", made: Made, options: Options) -> None:
    from voxmint.shown import shown

    if imported.form is not None:
        world.err.line(_summary(imported.form, imported))
    if made.label is not None:
        world.err.line(f"wrote {shown(made.label)}")
        if options.name is not None:
            world.err.line(f"next  voxmint validate {shown(options.name)}")


def _summary(form: "Form", imported: "Imported") -> str:
    """What was read; of a command, where it sends that, which no profile says."""
    from voxmint.profiles.importing.shapes import api_of
    from voxmint.shown import shown

    said = f"read a {form.name} body, as `{api_of(form)}` takes it"
    if imported.asked is None:
        return said
    at = f" at {shown(imported.host)}" if imported.host else ""
    return f"{said}, sent to `{imported.asked}`{at}: an environment says where a profile goes"


def _write_json(world: "World", imported: "Imported", made: Made | None) -> None:
    from voxmint.cli.formats.json_text import write_json
    from voxmint.cli.formats.problem_json import VERSION, problem_of
    from voxmint.profiles.importing.shapes import api_of

    content = {
        "version": VERSION,
        "form": imported.form.name if imported.form else None,
        "api": api_of(imported.form) if imported.form else None,
        "asked": imported.asked,
        "host": imported.host,
        "profile": made.tree if made else None,
        "text": made.text if made else None,
        "file": made.label if made else None,
        "problems": [problem_of(problem) for problem in imported.problems],
    }
    write_json(world.out, content)


def _complete(ctx: click.Context, _: click.Parameter, incomplete: str) -> list[Any]:
    from click.shell_completion import CompletionItem

    from voxmint.cli.names import names_in
    from voxmint.cli.parser import FOLDER

    names = names_in(Path(ctx.meta.get(FOLDER, ".")), "profiles")
    return [CompletionItem(name) for name in names if name.startswith(incomplete)]


@command_named(
    "import",
    "voxmint import body.json                        # prints the profile",
    "pbpaste | voxmint import - --name call-center/german",
    "voxmint import body.json --against base         # only what differs from it",
)
@click.argument("source", metavar="[FILE|-]", default="-", type=click.Path(allow_dash=True))
@click.option(
    "--against",
    metavar="BASE",
    shell_complete=_complete,
    help="Extend this profile, and write only what differs from what it gives.",
)
@click.option("--name", metavar="NAME", help="Write it to the project, as the profile NAME.")
@click.option(
    "-O",
    "--output-file",
    "file",
    metavar="FILE",
    type=click.Path(dir_okay=False),
    help="Write it to FILE, which must not be there.",
)
@output_option("yaml", "json")
def command(world: "World", **given: Any) -> int:
    """Turn a request body, or the curl command that sends one, into a profile.

    FILE holds a body of either endpoint, as JSON or YAML, or a command line that was copied from a
    shell or a browser; without it, the input is read. To render the profile gives the body again.
    No key is kept or shown, and nothing that the command names is run or opened.
    """
    return import_(Options(**given), world)
