"""How figures are shown: as text while they are measured, and as the tables of `docs/speed.md`."""

import os
import platform
import re
from collections.abc import Iterable, Sequence
from importlib import metadata

from benchmarks import others
from benchmarks.figures import Comparison, Figure, seconds_each

MARKS = ("<!-- python -m benchmarks --page docs/speed.md -->", "<!-- end of the figures -->")
"""What the tables of a page stand between."""

_EACH = (others.OMEGACONF, others.HYDRA)
HEAD = (
    f"{'':46} {'figure':>8} {'aim':>9} {'median':>7} {'noise':>6} {'seconds':>9} {'peak':>7}\n"
    f"{'-' * 98}"
)


def machine() -> str:
    """What it was measured with, in a line."""
    python = f"{platform.python_implementation()} {platform.python_version()}"
    tools = [f"{tool} {version}" for tool, version in others.versions().items()]
    libraries = [f"PyYAML {metadata.version('pyyaml')}", *tools]
    system = f"{platform.system()} on {platform.machine()}, {os.cpu_count()} cores"
    return f"{python}, {', '.join(libraries)}; {system}"


def row(figure: Figure) -> str:
    """A figure as two lines of text."""
    claim = figure.claim
    median, noise = "", ""
    if isinstance(figure, Comparison):
        median, noise = claim.shown(figure.median), f"{figure.noise:.0%}"
    missed = "" if claim.is_met_by(figure.value) else "  missed"
    seconds = min(run.seconds for run in figure.subject)
    return (
        f"{_bare(claim.name):46} {claim.shown(figure.value):>8} {claim.shown_aim:>9} {median:>7} "
        f"{noise:>6} {seconds:8.3f}s {_peak(figure):>7}{missed}\n"
        f"    against {_bare(claim.against)}{f'; {claim.note}' if claim.note else ''}"
    )


def markdown(figures: Sequence[Figure]) -> str:
    """The figures as Markdown: one table of all, and one of the other tools' beside voxmint's."""
    lines = [f"Measured with {machine()}.", ""]
    lines += _table(
        ("what", "against", "figure", "aim", "time", "peak memory"),
        ((one.claim.name, one.claim.against, *_columns(one)) for one in figures),
    )
    tools = [one for one in figures if isinstance(one, Comparison) and one.claim in _EACH]
    if tools:
        lines += ["", *_tools_table(tools)]
    return "\n".join(lines) + "\n"


def put_into(page: str, tables: str) -> str:
    """The page with these tables in the place of its own; `ValueError` where it has no marks."""
    begin, end = MARKS
    pattern = re.compile(f"(?<={re.escape(begin)}\n).*?(?={re.escape(end)})", re.DOTALL)
    if not pattern.search(page):
        raise ValueError(f"the page has no `{begin}` with `{end}` after it")
    return pattern.sub(lambda _: f"\n{tables}\n", page, count=1)


def _columns(figure: Figure) -> tuple[str, ...]:
    claim = figure.claim
    value = claim.shown(figure.value)
    time = _time(min(run.seconds for run in figure.subject))
    met = value if claim.is_met_by(figure.value) else f"{value} (missed)"
    return (met, claim.shown_aim, time, _peak(figure))


def _tools_table(tools: Iterable[Comparison]) -> list[str]:
    versions = others.versions()
    rows: list[tuple[str, ...]] = []
    for (tool, version), one in zip(versions.items(), tools, strict=True):
        if not rows:
            rows.append(("voxmint", _time(seconds_each(one.floor)), str(one.floor[0].units), "1"))
        each = _time(seconds_each(one.subject))
        rows.append((f"{tool} {version}", each, str(one.subject[0].units), f"{one.value:.0f}"))
    return _table(("tool", "time of one body", "bodies", "times voxmint's"), rows)


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    lines = [head, ["---"] * len(head), *rows]
    return [f"| {' | '.join(cells)} |" for cells in lines]


def _time(seconds: float) -> str:
    """A time with a fit unit and three digits."""
    for unit, factor in (("s", 1.0), ("ms", 1e3)):
        if seconds * factor >= 1:
            return f"{seconds * factor:.3g} {unit}"
    return f"{seconds * 1e6:.3g} µs"


def _peak(figure: Figure) -> str:
    return f"{max(run.memory for run in figure.subject) / 1e6:.0f} MB"


def _bare(text: str) -> str:
    return text.replace("`", "")
