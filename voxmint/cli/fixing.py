"""`voxmint validate --fix`: what never has an effect is removed, if that is proven to be so."""

from collections.abc import Callable
from dataclasses import dataclass

from voxmint.cli.compiling import Compiled, Selection
from voxmint.cli.display.sources import Sources
from voxmint.cli.findings import Findings
from voxmint.cli.formats import fix_text, unified
from voxmint.cli.formats.problem_json import place_of
from voxmint.cli.world import World
from voxmint.engine.rewriting import files_to_leave, rewrite
from voxmint.origin import Origin
from voxmint.problems import Problem, Severity, UsageError
from voxmint.profiles.fixing import Fix, fix

HAS_ERRORS = "nothing was removed: with errors, it cannot be proven that every body stays as it is"


@dataclass(frozen=True, slots=True)
class Fixed:
    """What was found in the project as it is now, and what was removed from it.

    `fix` is `None` where the project has errors. `sources` are the texts as they were before.
    """

    findings: Findings
    fix: Fix | None
    sources: Sources


def check_usage(selection: Selection, output: str, *, is_diff: bool) -> None:
    """That the whole project is looked at; `UsageError` where it is not."""
    option = "--diff" if is_diff else "--fix"
    if selection != Selection():
        raise UsageError(
            f"{option} takes no profiles or environments, and no -l, --set or --api",
            "only where everything is compiled is it known what has no effect",
        )
    if is_diff and output != "text":
        raise UsageError(f"--diff is a form of output itself, and takes no `-o {output}`")


def fixed(compiled: Compiled, found: Callable[[Compiled], Findings], *, is_diff: bool) -> Fixed:
    """Removes what has no effect; with `is_diff`, finds it out and writes nothing.

    `found` looks for what is wrong, in the project before and after. `ProblemsError` where a file
    cannot be written: none is, then.
    """
    findings = found(compiled)
    if findings.count(Severity.ERROR):
        return Fixed(findings, None, compiled.sources)
    compilation, root = compiled.compilation, compiled.project.root
    proven = fix(compilation, compiled.order, files_to_leave(root, compilation.texts))
    if proven.edits and not is_diff:
        rewrite(root, proven.edits)
        after = compiled._replace(
            compilation=proven.compilation,
            problems=proven.compilation.problems,
            sources=compiled.sources._replace(texts=proven.compilation.texts),
        )
        findings = found(after)
    return Fixed(findings, proven, compiled.sources)


def as_json(fix: Fix | None) -> dict[str, object]:
    """What was removed and what was left, as fields of a JSON object."""
    removed, left = (fix.removed, fix.left) if fix else ((), ())
    return {
        "fixed": [
            {"code": one.code, "message": one.message, "path": one.path, "at": _place(one)}
            for one in removed
        ],
        "left": [
            {"code": one.problem.code, "reason": one.reason, "at": _place(one.problem)}
            for one in left
        ],
    }


def _place(problem: Problem) -> dict[str, object] | None:
    return None if problem.at is None else place_of(problem.at)


def write_diff(result: Fixed, world: World) -> None:
    """Writes what would be removed as a unified diff; the files are counted from here."""
    for edit in result.fix.edits if result.fix else ():
        label = result.sources.label(Origin(edit.file, 1, 1)).rsplit(":", 2)[0]
        unified.write(world.out, label, edit.before, edit.after)


def write_summary(result: Fixed, world: World, *, is_diff: bool, on_out: bool) -> None:
    """Writes what was removed, for a person."""
    screen = world.out if on_out else world.err
    if result.fix is None:
        screen.line(HAS_ERRORS)
        return
    fix_text.write(
        screen, result.fix, result.sources, is_verbose=world.is_verbose, is_done=not is_diff
    )
