"""A problem as a person reads it: what is the case, where, and what to do.

error[unknown-key]: `turn_detektion` is not a field of a session
  ┌ profiles/clinic.yaml:14:3
  │
14│   turn_detektion: null
  │   ^^^^^^^^^^^^^^
  └ did you mean `turn_detection`?
    affects clinic in local, production
"""

from collections.abc import Iterator, Sequence
from types import MappingProxyType

from voxmint.cli.display.excerpt import excerpt
from voxmint.cli.display.screen import Screen, Style
from voxmint.cli.display.sources import Sources
from voxmint.cli.display.words import MOST_NAMES, names
from voxmint.origin import Origin
from voxmint.problems import Body, Problem, Severity
from voxmint.profiles.wording import LITERAL_KEY
from voxmint.shown import shown

_COLOR = MappingProxyType(
    {Severity.ERROR: Style.RED, Severity.WARNING: Style.YELLOW, Severity.NOTE: Style.CYAN}
)
_GROUPS_SHOWN = 2
_INDENT = 2
"""How far the lines of a long message are indented, after the first."""


def show_sentence(
    screen: Screen, message: str, hint: str | None = None, severity: Severity = Severity.ERROR
) -> None:
    """Writes what is wrong where no file is to blame."""
    _show_headline(screen, severity, severity.value, message)
    for number, line in enumerate(screen.folded(hint, 4) if hint else ()):
        screen.line(f"  {screen.paint(' ' if number else '└', Style.DIM)} {line}")


def show_problem(
    screen: Screen, problem: Problem, sources: Sources, *, is_verbose: bool = False
) -> None:
    """Writes one problem, with a blank line after it."""
    label = f"{problem.severity}[{problem.code}]"
    _show_headline(screen, problem.severity, label, problem.message)
    places = _places_of(problem)
    gutter = max([2, *(len(str(at.line)) for at, _ in places)])
    for at, remark in places:
        label = screen.paint(f"{' ' * gutter}┌ {sources.label(at)}", Style.DIM)
        screen.line(label + ("   " + remark if remark else ""))
        _show_line(screen, problem, sources.line(at), at, gutter)
    corner = "└"
    for text, styles in _closing(problem, is_verbose=is_verbose):
        for line in screen.folded(text, gutter + 2):
            side = f"{' ' * gutter}{screen.paint(corner, Style.DIM)}"
            screen.line(f"{side} {screen.paint(line, *styles) if styles else line}")
            corner = " "
    screen.line()


def _show_headline(screen: Screen, severity: Severity, label: str, message: str) -> None:
    first, *more = screen.folded(f"{label}: {message}", _INDENT)
    screen.line(screen.paint(label, _COLOR[severity], Style.BOLD) + first.removeprefix(label))
    for line in more:
        screen.line(" " * _INDENT + line)


def _places_of(problem: Problem) -> list[tuple[Origin, str]]:
    """The places that a problem is about, each with a remark or an empty one."""
    own = [] if problem.at is None else [(problem.at, shown(problem.remark))]
    return [*own, *((related.at, shown(related.message)) for related in problem.related)]


def _show_line(screen: Screen, problem: Problem, line: str | None, at: Origin, gutter: int) -> None:
    if line is None:
        return
    columns = screen.width - gutter - 2
    secret = problem.code == LITERAL_KEY.code
    drawn = excerpt(line, at.column, at.length, columns, screen.fitting, secret=secret)
    carets = drawn.carets.lstrip()
    indent = " " * (len(drawn.carets) - len(carets))
    side = screen.paint(f"{' ' * gutter}│", Style.DIM)
    screen.line(side)
    screen.line(f"{screen.paint(f'{at.line:>{gutter}}│', Style.DIM)} {drawn.source}")
    screen.line(f"{side} {indent}{screen.paint(carets, _COLOR[problem.severity])}")


def _closing(problem: Problem, *, is_verbose: bool) -> Iterator[tuple[str, tuple[Style, ...]]]:
    """What stands below the places: each sentence with the way it is written."""
    if problem.hint:
        yield problem.hint, ()
    reach = [affected(problem.affects, is_verbose=is_verbose)] if problem.affects else []
    source = [shown(problem.kind.source)] if problem.kind.source else []
    if reach or source:
        yield " · ".join(reach + source), (Style.DIM,)


def affected(bodies: Sequence[Body], *, is_verbose: bool = False) -> str:
    """Which bodies a problem reaches: `affects clinic, live in local, staging`."""
    groups = _by_environments(bodies)
    most = len(bodies) if is_verbose else MOST_NAMES
    if len(groups) > _GROUPS_SHOWN and not is_verbose:
        profiles = {profile for profile, _ in bodies}
        return f"affects {len(bodies):,} bodies of {len(profiles):,} profiles"
    parts: list[str] = []
    for environments, profiles_there in groups.items():
        count = len(profiles_there)
        total = f" ({count:,} profiles)" if count > most else ""
        parts.append(f"{names(profiles_there, most)}{total} in {names(environments, most)}")
    return "affects " + "; ".join(parts)


def _by_environments(bodies: Sequence[Body]) -> dict[tuple[str, ...], list[str]]:
    """Profiles that are affected in the same environments stand together."""
    environments: dict[str, list[str]] = {}
    for profile, environment in bodies:
        environments.setdefault(profile, []).append(environment)
    groups: dict[tuple[str, ...], list[str]] = {}
    for profile, there in environments.items():
        groups.setdefault(tuple(sorted(there)), []).append(profile)
    return groups
