"""A difference for a person: a summary, then edit by edit what each does and does not reach."""

from collections.abc import Iterator, Sequence

from voxmint.cli.display.pieces import painted
from voxmint.cli.display.screen import Screen, Style
from voxmint.cli.display.widths import padded, width
from voxmint.cli.display.words import names, number
from voxmint.cli.formats.diff_rows import Row, wrapped, write_rows
from voxmint.cli.formats.diff_told import (
    PARTLY_UNTOLD,
    UNTOLD,
    Edited,
    Effect,
    Layout,
    arrivals_of,
    bodies_of,
    dead_edits,
    edits_of,
    named_changes,
    next_mint,
    quiet_files,
    reason,
    state_name,
    summary,
    untold_edits,
)
from voxmint.cli.formats.diff_words import (
    changed,
    edited,
    is_wordy,
    named,
    place,
    place_of,
    plainly,
    reach,
)
from voxmint.engine.comparing import Comparison
from voxmint.problems import Problem, Severity
from voxmint.profiles.diff.result import Arrival, Cause, Difference, Shadow
from voxmint.shown import evident

_MOST_SHADOWS = 4
_MOST_IDLE = 20
_MOST_PROBLEMS = 20


def write(screen: Screen, comparison: Comparison, layout: Layout) -> None:
    """Writes the difference."""
    difference = comparison.difference
    states = f"{state_name(comparison.base)} → {state_name(comparison.head)}"
    screen.line(screen.paint(summary(comparison), Style.BOLD))
    screen.line(screen.paint(states, Style.DIM))
    edits = edits_of(difference, is_verbose=layout.is_verbose)
    if layout.is_stat:
        _write_stat(screen, edits)
    else:
        for one in edits:
            _write_edit(screen, one, layout)
        _write_idle(screen, comparison, layout)
    _write_arrivals(screen, comparison, layout)
    _write_validity(screen, difference, layout)
    if layout.is_full:
        _write_bodies(screen, difference)
    _write_moved(screen, difference, layout)
    _write_mint(screen, comparison)


def _write_stat(screen: Screen, edits: Sequence[Edited]) -> None:
    if not edits:
        return
    screen.line()
    rows = [(place_of(one.cause), evident(one.cause.path), f"{len(one.bodies):,}") for one in edits]
    places, paths, counts = (max(width(row[part]) for row in rows) for part in range(3))
    for where, path, count in rows:
        noun = "body" if count == "1" else "bodies"
        line = f"{padded(where, places)}   {padded(path, paths)}   {count:>{counts}} {noun}"
        screen.line(line)


# ── one edit ─────────────────────────────────────────────────────────────────────────────────────


def _write_edit(screen: Screen, one: Edited, layout: Layout) -> None:
    screen.line()
    screen.line(_edit_line(screen, one.cause))
    rows = [_row(screen, effect, layout) for effect in one.effects]
    write_rows(screen, [*rows, *_shadow_rows(one.shadows, layout)])


def _edit_line(screen: Screen, cause: Cause) -> str:
    return f"{screen.paint(place_of(cause), Style.BOLD)}   {painted(screen, edited(cause))}"


def _row(screen: Screen, effect: Effect, layout: Layout) -> Row:
    where = reach(effect.bodies, is_verbose=layout.is_verbose)
    if effect.ways > 1:
        # Such as a prompt that says something else in each.
        where += f", in {effect.ways:,} ways, such as {named(effect.first)} (-v lists them)"
    if effect.others:
        places = list(dict.fromkeys(place_of(cause) for cause in effect.others))
        where += f", together with {names(places, 4)}"
    return Row(evident(effect.path), painted(screen, effect.pieces), where, effect.is_wordy)


def _shadow_rows(shadows: Sequence[Shadow], layout: Layout) -> Iterator[Row]:
    most = len(shadows) if layout.is_verbose else _MOST_SHADOWS
    for shadow in shadows[:most]:
        bodies = reach(shadow.bodies, is_verbose=layout.is_verbose)
        yield Row("no effect", "", f"{bodies}: {reason(shadow)}")
    rest = sum(len(shadow.bodies) for shadow in shadows[most:])
    if rest:
        lines = number(len(shadows) - most, "other line")
        yield Row("no effect", "", f"{number(rest, 'body', 'bodies')} by {lines} (-v lists them)")


# ── what changes nothing ─────────────────────────────────────────────────────────────────────────


def _write_idle(screen: Screen, comparison: Comparison, layout: Layout) -> None:
    """A line for each edit that changes no body, and one for what only looks different."""
    difference = comparison.difference
    none = "changes no body" if comparison.is_everything else "changes none of these bodies"
    lines = [
        f"{_edit_line(screen, cause)}: no effect, "
        + "; ".join(_dead(shadow, layout) for shadow in listed)
        + (f"; {PARTLY_UNTOLD}" if cause in difference.untold else "")
        for cause, listed in dead_edits(difference).items()
    ]
    lines += [f"{_edit_line(screen, cause)}: {none}" for cause in difference.idle]
    lines += [f"{_edit_line(screen, cause)}: {UNTOLD}" for cause in untold_edits(difference)]
    if len(lines) > _MOST_IDLE and not layout.is_verbose:
        rest = number(len(lines) - _MOST_IDLE, "more edit")
        lines[_MOST_IDLE:] = [f"… and {rest} without effect (-v lists them)"]
    lines += [_quiet(what, files, layout) for what, files in quiet_files(difference)]
    if lines:
        screen.line()
    for line in lines:
        screen.line(line)


def _quiet(what: str, files: Sequence[str], layout: Layout) -> str:
    told = names(list(map(evident, files)), len(files) if layout.is_verbose else 4)
    return f"{told} {'differs' if len(files) == 1 else 'differ'} {what}"


def _dead(shadow: Shadow, layout: Layout) -> str:
    return f"{reason(shadow)} ({reach(shadow.bodies, is_verbose=layout.is_verbose)})"


# ── bodies that come and go ──────────────────────────────────────────────────────────────────────


def _write_arrivals(screen: Screen, comparison: Comparison, layout: Layout) -> None:
    rows = [
        *(_arrival(screen, what, one, layout) for what, one in arrivals_of(comparison)),
        *(
            Row("renamed", f"{evident(one.before)} → {evident(one.after)}", f"the {one.kind}")
            for one in comparison.difference.renamed
        ),
    ]
    if rows:
        screen.line()
        write_rows(screen, rows)


def _arrival(screen: Screen, what: str, arrival: Arrival, layout: Layout) -> Row:
    bodies = reach(arrival.bodies, is_verbose=layout.is_verbose)
    cause = f"{place_of(arrival.cause)}: {painted(screen, edited(arrival.cause))}"
    return Row(what, "", f"{bodies}   {cause}")


def _write_validity(screen: Screen, difference: Difference, layout: Layout) -> None:
    fates = (
        ("invalid now", difference.invalid),
        ("valid now", difference.valid),
        ("still invalid", difference.broken),
    )
    rows = [
        Row(what, "", reach(bodies, is_verbose=layout.is_verbose))
        for what, bodies in fates
        if bodies
    ]
    if rows:
        screen.line()
        write_rows(screen, rows)
    new, old, gone = (
        [one for one in listed if layout.is_verbose or one.severity is not Severity.NOTE]
        for listed in (difference.new, difference.old, difference.gone)
    )
    _write_problems(screen, "new", new, layout)
    if layout.is_verbose:
        _write_problems(screen, "gone", gone, layout)
        _write_problems(screen, "old", old, layout)
        return
    counts = [
        f"{number(len(listed), 'problem')} {told}"
        for listed, told in ((gone, "gone"), (old, "from before"))
        if listed
    ]
    if counts:
        screen.line()
        screen.line(screen.paint(f"{', '.join(counts)} (-v lists them)", Style.DIM))


def _write_problems(screen: Screen, what: str, problems: Sequence[Problem], layout: Layout) -> None:
    if not problems:
        return
    screen.line()
    most = len(problems) if layout.is_verbose else _MOST_PROBLEMS
    for problem in sorted(problems, key=lambda one: not one.is_error)[:most]:
        color = Style.RED if problem.is_error else Style.YELLOW
        label = screen.paint(f"{what} {problem.severity}[{problem.code}]", color)
        where = f"{place(problem.at)}: " if problem.at else ""
        screen.line(f"{label} {where}{evident(problem.message)}")
        if problem.hint:
            screen.line(f"  {screen.paint('└', Style.DIM)} {evident(problem.hint)}")
        if problem.affects:
            affected = f"affects {reach(problem.affects, is_verbose=layout.is_verbose)}"
            for line in wrapped(affected, screen.width - 4):
                screen.line(f"    {screen.paint(line, Style.DIM)}")
    if len(problems) > most:
        screen.line(f"… and {len(problems) - most:,} more; `voxmint validate` shows all")


# ── each body, and where values come from ────────────────────────────────────────────────────────


def _write_bodies(screen: Screen, difference: Difference) -> None:
    """Each body with its own changes, and the places of their causes."""
    for body, own in bodies_of(difference):
        screen.line()
        screen.line(screen.paint(named([body]), Style.BOLD))
        rows = [
            Row(
                evident(change.path),
                painted(screen, changed(change)),
                ", ".join(dict.fromkeys(map(place_of, causes))),
                is_wordy(change),
            )
            for change, causes in own
        ]
        write_rows(screen, rows)


def _write_moved(screen: Screen, difference: Difference, layout: Layout) -> None:
    if not difference.moved:
        return
    screen.line()
    screen.line(screen.paint("the same value, from another place", Style.BOLD))
    rows = [
        Row(
            evident(one.path),
            f"{plainly(one.value)}   {place(one.before)} → {place(one.after)}",
            reach(one.bodies, is_verbose=layout.is_verbose),
        )
        for one in difference.moved
    ]
    write_rows(screen, rows)


# ── the next mint ────────────────────────────────────────────────────────────────────────────────


def _write_mint(screen: Screen, comparison: Comparison) -> None:
    sentence = next_mint(comparison)
    if not sentence:
        return
    screen.line()
    for line in wrapped(sentence, screen.width):
        screen.line(line)
    for one in named_changes(comparison):
        remark = screen.paint(f", {one.remark}", Style.RED) if one.remark else ""
        screen.line(f"  {one.name} {painted(screen, one.pieces)}{remark}: {reach(one.bodies)}")
