"""Findings for a person: each problem with its place and hint, and a line that counts them."""

from collections import Counter
from collections.abc import Sequence

from voxmint.cli.display.screen import Screen, Style
from voxmint.cli.display.sources import Sources
from voxmint.cli.display.words import number
from voxmint.cli.findings import Findings
from voxmint.problems import Problem, Severity

MOST = 20
"""How many problems are shown in full, unless all are asked for."""


def weighed(problems: Sequence[Problem], *, with_notes: bool) -> list[Problem]:
    """The problems in the order in which they are read: the heaviest first, each by place."""
    order = list(Severity)
    shown = [one for one in problems if with_notes or one.severity is not Severity.NOTE]
    return sorted(shown, key=lambda problem: order.index(problem.severity))


def show_problems(
    screen: Screen,
    problems: Sequence[Problem],
    sources: Sources,
    *,
    most: int = MOST,
    is_verbose: bool = False,
    otherwise: str = "`voxmint validate --all` shows them",
) -> None:
    """Writes the problems, of more than `most` only so many; `otherwise` tells of the rest."""
    listed = weighed(problems, with_notes=is_verbose)
    if not listed:
        return
    from voxmint.cli.display.problems import show_problem

    for problem in listed[:most]:
        show_problem(screen, problem, sources, is_verbose=is_verbose)
    rest = Counter(problem.code for problem in listed[most:])
    if rest:
        codes = ", ".join(f"{count:,} {code}" for code, count in rest.most_common())
        screen.line(f"and {rest.total():,} more: {codes}; {otherwise}")
        screen.line()


def write(screen: Screen, findings: Findings, *, most: int, is_verbose: bool) -> None:
    """Writes the problems and what they come to."""
    otherwise = "--all shows them"
    show_problems(
        screen,
        findings.problems,
        findings.sources,
        most=most,
        is_verbose=is_verbose,
        otherwise=otherwise,
    )
    screen.line(summary(screen, findings, is_verbose=is_verbose))
    listed = weighed(findings.problems, with_notes=is_verbose)
    if listed:
        screen.line(screen.paint(_explained({problem.code for problem in listed}), Style.DIM))


def _explained(codes: set[str]) -> str:
    """Where to read more, once for all problems."""
    [code] = codes if len(codes) == 1 else {"CODE"}
    return f"`voxmint explain {code}` says more"


def summary(screen: Screen, findings: Findings, *, is_verbose: bool) -> str:
    """The last line: what was found in how much."""
    told = list(Severity) if is_verbose else [Severity.ERROR, Severity.WARNING]
    counts = [_counted(screen, findings, severity) for severity in told]
    found = ", ".join(count for count in counts if count)
    hidden = "" if is_verbose else _hidden_notes(findings)
    profiles, environments, bodies = findings.checked
    if not found:
        parts = [
            number(profiles, "profile"),
            number(environments, "environment"),
            number(bodies, "body", "bodies"),
        ]
        return f"{', '.join(parts)}: {screen.paint('no problems', Style.GREEN)}{hidden}"
    if findings.reached:
        found += f" in {findings.reached:,} of {number(profiles, 'profile')}"
    return f"{found} ({number(bodies, 'body', 'bodies')} compiled){hidden}"


def _counted(screen: Screen, findings: Findings, severity: Severity) -> str:
    color = {Severity.ERROR: Style.RED, Severity.WARNING: Style.YELLOW, Severity.NOTE: Style.CYAN}
    count = findings.count(severity)
    return screen.paint(number(count, severity.value), color[severity]) if count else ""


def _hidden_notes(findings: Findings) -> str:
    count = findings.count(Severity.NOTE)
    return f"; {number(count, 'note')} with -v" if count else ""
