"""`voxmint validate`: everything that is wrong, where, and what to do about it."""

from typing import TYPE_CHECKING, Any, NamedTuple

import click

from voxmint.cli.options import environments_option, output_option, profiles_argument, selecting
from voxmint.cli.parser import command as command_named

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from voxmint.cli.compiling import Compiled, Selection
    from voxmint.cli.findings import Findings
    from voxmint.cli.world import World


class Options(NamedTuple):
    """What to look at, in which form to tell, whether warnings fail, and what to do about it.

    With `fixes`, what has no effect is removed; with `shows_diff`, only shown. With `files`, the
    selection's profiles are files, of which the projects are looked at. With `changed`, a revision,
    only what differs from it is looked at, and what that can reach.
    """

    selection: "Selection"
    output: str = "text"
    strict: bool = False
    show_all: bool = False
    fixes: bool = False
    shows_diff: bool = False
    files: bool = False
    changed: str | None = None


def validate(options: Options, world: "World") -> int:
    """Compiles what is selected and writes what is wrong with it; 1 where that fails."""
    from voxmint.cli.compiling import compile_selection

    if options.files:
        return _validate_touched(options, world)
    if options.changed is not None:
        return _validate_changed(options, options.changed, world)
    if options.fixes or options.shows_diff:
        return _fix(options, world)
    findings = _found(compile_selection(options.selection, world, idle=True), world)
    _write(findings, options, world)
    return int(findings.fails(strict=options.strict))


def _validate_changed(options: Options, base: str, world: "World") -> int:
    """Looks at what the files reach that differ from the base, and says how that is known."""
    from voxmint.cli import reached
    from voxmint.cli.findings import NOTHING
    from voxmint.problems import UsageError

    if options.fixes or options.shows_diff:
        raise UsageError(
            "what has no effect is only known of the whole project",
            "leave out `--changed`, or `--fix` and `--diff`",
        )
    known = reached.compile_reached(options.selection, base, world)
    findings = NOTHING if known.compiled is None else _found(known.compiled, world)
    fails = findings.fails(strict=options.strict)
    if known.compiled is not None or options.output != "text":
        _write(findings, options, world, reached.as_json(known))
    if options.output != "json" and not (world.is_quiet and not fails):
        screen = world.out if options.output == "text" else world.err
        reached.tell(screen, known, is_verbose=world.is_verbose)
    return int(fails)


def _validate_touched(options: Options, world: "World") -> int:
    """Looks at each project that one of the files is of, as at a whole."""
    from voxmint.cli.compiling import Selection
    from voxmint.engine.touched import touched_projects
    from voxmint.problems import UsageError

    selection = options.selection
    files = selection.profiles
    is_more = options.changed or options.output not in {"text", "github"}
    if (
        is_more
        or options.fixes
        or options.shows_diff
        or selection._replace(profiles=()) != Selection()
    ):
        raise UsageError(
            "`--files` looks at whole projects, and tells what is wrong as text or for GitHub",
            "leave out what selects, mends or writes another form",
        )
    whole = options._replace(selection=Selection(), files=False)
    code = 0
    for root in touched_projects(files, world.cwd, world.environ):
        # What is said is counted from where the hook runs.
        found = _found(_compiled_in(root, world), world)
        _write(found, whole, world)
        code |= int(found.fails(strict=options.strict))
    return code


def _compiled_in(root: "Path", world: "World") -> "Compiled":
    from dataclasses import replace

    from voxmint.cli.compiling import Selection, compile_selection

    compiled = compile_selection(Selection(), replace(world, cwd=root), idle=True)
    return compiled._replace(sources=compiled.sources._replace(cwd=world.cwd))


def _found(compiled: "Compiled", world: "World") -> "Findings":

    from voxmint.cli.findings import findings_of
    from voxmint.engine.checks import settings_problems
    from voxmint.problems import gathered

    attempted = frozenset(compiled.compilation.attempted)
    environments = {name for _, name in attempted}
    checked = (compiled.compilation.environments[name] for name in sorted(environments))
    found = settings_problems(
        compiled.project.root, checked, world.environ, compiled.compilation.profiles
    )
    more = (
        one._replace(affects=tuple(body for body in one.affects if body in attempted))
        for one in found
    )
    return findings_of(compiled._replace(problems=gathered((*compiled.problems, *more))))


def _fix(options: Options, world: "World") -> int:
    """Removes what has no effect, and writes what is wrong with the rest."""
    from voxmint.cli import fixing
    from voxmint.cli.compiling import compile_selection

    is_diff = options.shows_diff
    fixing.check_usage(options.selection, options.output, is_diff=is_diff)
    compiled = compile_selection(options.selection, world, idle=True)
    result = fixing.fixed(compiled, lambda one: _found(one, world), is_diff=is_diff)
    fails = result.findings.fails(strict=options.strict)
    if is_diff and result.fix is not None:
        fixing.write_diff(result, world)
    else:
        _write(result.findings, options, world, fixing.as_json(result.fix))
    if options.output != "json" and not (world.is_quiet and not fails):
        on_out = options.output == "text" and not is_diff
        fixing.write_summary(result, world, is_diff=is_diff, on_out=on_out)
    return int(fails)


def _write(
    findings: "Findings",
    options: Options,
    world: "World",
    more: "Mapping[str, object] | None" = None,
) -> None:
    """Writes the findings; `more` is what a program is told besides."""
    match options.output:
        case "json":
            from voxmint.cli.formats import problem_json

            problem_json.write(world.out, findings, more or {})
        case "sarif":
            from voxmint.cli.formats import sarif

            sarif.write(world.out, findings, _repository(findings, world))
        case "github":
            _write_notes(findings, world)
        case _:
            _write_text(findings, options, world)


def _repository(findings: "Findings", world: "World") -> "Path":
    """The folder that a code host counts paths from."""
    from voxmint.cli.formats.repository import repository_root

    return repository_root(findings.sources.root or world.cwd, world.environ)


def _write_notes(findings: "Findings", world: "World") -> None:
    from voxmint.cli.formats import github, problem_text

    root, is_verbose = _repository(findings, world), world.is_verbose
    github.write(world.out, findings, root, is_verbose=is_verbose)
    world.err.line(problem_text.summary(world.err, findings, is_verbose=is_verbose))
    if more := github.note_of_limit(findings):
        world.err.line(more)


def _write_text(findings: "Findings", options: Options, world: "World") -> None:
    from voxmint.cli.formats import problem_text

    if world.is_quiet and not findings.fails(strict=options.strict):
        return
    most = len(findings.problems) if options.show_all else problem_text.MOST
    problem_text.write(world.out, findings, most=most, is_verbose=world.is_verbose)
    if not options.fixes and not options.changed and _looks_at_all(options.selection):
        count = _removable(findings)
        if count:
            world.out.line(f"{count:,} of these can be removed with --fix")


def _looks_at_all(selection: "Selection") -> bool:
    from voxmint.cli.compiling import Selection

    return selection == Selection()


def _removable(findings: "Findings") -> int:
    """How many of the problems `--fix` may remove; none where there are errors."""
    from voxmint.problems import Severity
    from voxmint.profiles.idle import REMOVABLE

    if findings.count(Severity.ERROR):
        return 0
    return sum(problem.kind in REMOVABLE for problem in findings.problems)


@command_named(
    "validate",
    "voxmint validate",
    "voxmint validate 'call-center/*' -e production --strict",
    "voxmint validate -o github                # in a workflow: notes beside the lines",
    "voxmint validate --diff                   # what --fix would remove",
    "voxmint validate --changed main...        # what this branch can reach",
)
@profiles_argument
@environments_option
@selecting
@output_option("text", "json", "sarif", "github")
@click.option("--strict", is_flag=True, help="Fail at warnings, too.")
@click.option("--all", "show_all", is_flag=True, help="Show every problem in full.")
@click.option("--fix", "fixes", is_flag=True, help="Remove the lines that have no effect.")
@click.option("--diff", "shows_diff", is_flag=True, help="Show what --fix would remove.")
@click.option(
    "--changed",
    metavar="BASE",
    help="Check only what can be reached by files that differ from this revision.",
)
@click.option(
    "--files",
    is_flag=True,
    help="Take names of files, as a hook: check the projects that have them.",
)
def command(world: "World", **given: Any) -> int:
    """Say what is wrong in the project, and where.

    Looks at everything, unless profiles or environments are named. Runs no command, reads no secret
    and needs no network. Ends with 1 where there are errors.

    --fix takes out lines that never have an effect, such as an override that says what its base
    says. It compiles everything again and writes only if every body is as it was; comments that
    have a line of their own stay.

    --changed asks git which files differ from a revision (`main...`: where this branch left main),
    and checks the bodies that are made of one of them. Where that is not known, as where a file was
    deleted, it checks everything and says why. What has no effect is only looked for in a whole.
    """
    from voxmint.cli.compiling import selection_in

    return validate(Options(selection_in(given), **given), world)
