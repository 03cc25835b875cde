"""`voxmint validate`: everything that is wrong, where, and what to do about it."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from voxmint.cli.options import environments_option, output_option, profiles_argument, selecting
from voxmint.cli.parser import command as command_named

if TYPE_CHECKING:
    from voxmint.cli.compiling import Selection
    from voxmint.cli.findings import Findings
    from voxmint.cli.world import World


@dataclass(frozen=True, slots=True)
class Options:
    """What to look at, in which form to tell, and whether warnings fail."""

    selection: "Selection"
    output: str = "text"
    strict: bool = False
    show_all: bool = False


def validate(options: Options, world: "World") -> int:
    """Compiles what is selected and writes what is wrong with it; 1 where that fails."""
    from dataclasses import replace

    from voxmint.cli.compiling import compile_selection
    from voxmint.cli.findings import findings_of
    from voxmint.engine.checks import settings_problems
    from voxmint.problems import gathered

    compiled = compile_selection(options.selection, world)
    environments = {name for _, name in compiled.compilation.attempted}
    checked = (compiled.compilation.environments[name] for name in sorted(environments))
    more = settings_problems(compiled.project.root, checked, world.environ)
    findings = findings_of(replace(compiled, problems=gathered((*compiled.problems, *more))))
    _write(findings, options, world)
    return int(findings.fails(strict=options.strict))


def _write(findings: "Findings", options: Options, world: "World") -> None:
    from voxmint.cli.formats import github, problem_json, problem_text, sarif
    from voxmint.cli.formats.repository import repository_root

    root = repository_root(findings.sources.root or world.cwd, world.environ)
    match options.output:
        case "json":
            problem_json.write(world.out, findings)
        case "sarif":
            sarif.write(world.out, findings, root)
        case "github":
            github.write(world.out, findings, root, is_verbose=world.is_verbose)
            world.err.line(problem_text.summary(world.err, findings, is_verbose=world.is_verbose))
        case _:
            _write_text(findings, options, world)


def _write_text(findings: "Findings", options: Options, world: "World") -> None:
    from voxmint.cli.formats import problem_text

    if world.is_quiet and not findings.fails(strict=options.strict):
        return
    most = len(findings.problems) if options.show_all else problem_text.MOST
    problem_text.write(world.out, findings, most=most, is_verbose=world.is_verbose)


@command_named(
    "validate",
    "voxmint validate",
    "voxmint validate 'call-center/*' -e production --strict",
    "voxmint validate -o github                # in a workflow: notes beside the lines",
)
@profiles_argument
@environments_option
@selecting
@output_option("text", "json", "sarif", "github")
@click.option("--strict", is_flag=True, help="Fail at warnings, too.")
@click.option("--all", "show_all", is_flag=True, help="Show every problem in full.")
def command(world: "World", output: str, strict: bool, show_all: bool, **selection: Any) -> int:
    """Say what is wrong in the project, and where.

    Looks at everything, unless profiles or environments are named. Runs no command, reads no secret
    and needs no network. Ends with 1 where there are errors.
    """
    from voxmint.cli.compiling import Selection

    return validate(Options(Selection(**selection), output, strict, show_all), world)
