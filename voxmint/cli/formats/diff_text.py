"""A difference for a person: a summary, then edit by edit what each does and does not reach."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from voxmint.cli.display.screen import Screen, Style
from voxmint.cli.display.widths import padded, width
from voxmint.cli.display.words import names, number
from voxmint.cli.formats.diff_rows import Row, wrapped, write_rows
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
from voxmint.engine.comparing import Comparison, Renewal
from voxmint.engine.states import State
from voxmint.problems import Body, Problem, Severity
from voxmint.profiles.diff.result import Arrival, Cause, Change, Difference, Group, Shadow
from voxmint.profiles.diff.values import frozen
from voxmint.shown import shown

_MOST_VARIANTS = 3
"""How many different changes of one path by one edit are told one by one."""
_MOST_SHADOWS = 4
_MOST_IDLE = 20
_MOST_PROBLEMS = 20
_NAMED = {
    "input_audio_transcription.model": "model",
    "expires_after.seconds": "lifetime in seconds",
    "expires_after": "lifetime",
}
"""What is told again of the next mint: what costs differently, and what lives otherwise."""


@dataclass(frozen=True, slots=True)
class Layout:
    """How much is told: each body, counts alone, all names."""

    is_full: bool = False
    is_stat: bool = False
    is_verbose: bool = False


def write(screen: Screen, comparison: Comparison, layout: Layout) -> None:
    """Writes the difference."""
    difference = comparison.difference
    screen.line(screen.paint(_summary(comparison), Style.BOLD))
    screen.line(screen.paint(_compared(comparison), Style.DIM))
    by_cause = _by_cause(difference.groups)
    shadows = _by_cause_of_shadow(difference.shadowed)
    if layout.is_stat:
        _write_stat(screen, by_cause)
    else:
        for cause, groups in by_cause.items():
            _write_cause(screen, cause, groups, shadows.get(cause, []), layout)
        _write_idle(screen, comparison, by_cause.keys(), layout)
    _write_arrivals(screen, difference, layout)
    _write_validity(screen, difference, layout)
    if layout.is_full:
        _write_bodies(screen, difference)
    _write_moved(screen, difference, layout)
    _write_mint(screen, comparison)


def _by_cause(groups: Sequence[Group]) -> dict[Cause, list[Group]]:
    """The groups of each edit, the edits that reach most bodies first."""
    found: dict[Cause, list[Group]] = {}
    for group in groups:
        found.setdefault(group.cause, []).append(group)
    ranked = sorted(found, key=lambda cause: (-len(_bodies_of(found[cause])), cause.order))
    return {cause: found[cause] for cause in ranked}


def _by_cause_of_shadow(shadows: Sequence[Shadow]) -> dict[Cause, list[Shadow]]:
    found: dict[Cause, list[Shadow]] = {}
    for shadow in shadows:
        found.setdefault(shadow.cause, []).append(shadow)
    return found


def _bodies_of(groups: Sequence[Group]) -> list[Body]:
    return sorted({body for group in groups for body in group.bodies})


# ── the summary ──────────────────────────────────────────────────────────────────────────────────


def _summary(comparison: Comparison) -> str:
    difference = comparison.difference
    if comparison.is_same:
        return "Nothing changed: both have the same files."
    parts = list(_summed(difference))
    if not parts:
        return f"No body changes ({number(difference.bodies, 'body', 'bodies')} compared)."
    return f"{', '.join(parts)}."


def _summed(difference: Difference) -> Iterator[str]:
    causes = {group.cause for group in difference.groups}
    count, total = len(difference.changed), difference.bodies
    if causes:
        verb = "changes" if len(causes) == 1 else "change"
        yield f"{number(len(causes), 'edit')} {verb} {count:,} of {number(total, 'body', 'bodies')}"
        shadowed = {body for one in difference.shadowed if one.by for body in one.bodies}
        only = len(shadowed - difference.changed)
        if only:
            yield f"{only:,} more {'is' if only == 1 else 'are'} shadowed"
    added, removed = (
        sum(len(one.bodies) for one in arrivals)
        for arrivals in (difference.added, difference.removed)
    )
    counts = (
        (added, "is new", "are new"),
        (removed, "is gone", "are gone"),
        (len(difference.invalid), "becomes invalid", "become invalid"),
        (len(difference.valid), "becomes valid", "become valid"),
    )
    for count, one, many in counts:
        if count:
            noun = "" if causes else f" {'body' if count == 1 else 'bodies'}"
            yield f"{count:,}{noun} {one if count == 1 else many}"
    if difference.renamed:
        yield f"{number(len(difference.renamed), 'file')} renamed"


def _compared(comparison: Comparison) -> str:
    return f"{_state(comparison.base)} → {_state(comparison.head)}"


def _state(state: State) -> str:
    why = f" ({state.why})" if state.why else ""
    lacks = "" if state.source is not None or state.commit is None else ", without a project"
    return shown(f"{state.name}{why}{lacks}")


def _write_stat(screen: Screen, by_cause: dict[Cause, list[Group]]) -> None:
    if not by_cause:
        return
    screen.line()
    rows = [
        (place_of(cause), shown(cause.path), f"{len(_bodies_of(groups)):,}")
        for cause, groups in by_cause.items()
    ]
    places, paths, counts = (max(width(row[part]) for row in rows) for part in range(3))
    for where, path, count in rows:
        noun = "body" if count == "1" else "bodies"
        line = f"{padded(where, places)}   {padded(path, paths)}   {count:>{counts}} {noun}"
        screen.line(line)


# ── one edit ─────────────────────────────────────────────────────────────────────────────────────


def _write_cause(
    screen: Screen,
    cause: Cause,
    groups: Sequence[Group],
    shadows: Sequence[Shadow],
    layout: Layout,
) -> None:
    screen.line()
    screen.line(f"{screen.paint(place_of(cause), Style.BOLD)}   {edited(screen, cause)}")
    rows = [*_rows(screen, groups, layout), *_shadow_rows(shadows, layout)]
    write_rows(screen, rows)


def _rows(screen: Screen, groups: Sequence[Group], layout: Layout) -> Iterator[Row]:
    by_path: dict[str, list[Group]] = {}
    for group in groups:
        by_path.setdefault(group.change.path, []).append(group)
    for path, listed in by_path.items():
        listed.sort(key=lambda group: (-len(group.bodies), group.bodies))
        if len(_alike(screen, listed)) > _MOST_VARIANTS and not layout.is_verbose:
            yield _variants(screen, path, listed)
            continue
        for how, alike in _alike(screen, listed).items():
            bodies = reach(_bodies_of(alike), is_verbose=layout.is_verbose)
            where = bodies + _together(alike[0].others)
            yield Row(shown(path), how[0], where, is_wordy(alike[0].change))


def _alike(
    screen: Screen, groups: Sequence[Group]
) -> dict[tuple[str, tuple[Cause, ...]], list[Group]]:
    """The groups that are told in the same words: an item taken out of several lists."""
    found: dict[tuple[str, tuple[Cause, ...]], list[Group]] = {}
    for group in groups:
        found.setdefault((changed(screen, group.change), group.others), []).append(group)
    return found


def _variants(screen: Screen, path: str, groups: Sequence[Group]) -> Row:
    """One row for many changes of one path, such as a prompt that says something else in each."""
    first = groups[0]
    kinds = len({(frozen(one.change.before), frozen(one.change.after)) for one in groups})
    such = f"in {kinds:,} ways, such as {named(first.bodies[:1])} (-v lists them)"
    where = f"{reach(_bodies_of(groups))}, {such}"
    return Row(shown(path), changed(screen, first.change), where, is_wordy(first.change))


def _together(others: Sequence[Cause]) -> str:
    if not others:
        return ""
    return f", together with {names([place_of(cause) for cause in others], 4)}"


def _shadow_rows(shadows: Sequence[Shadow], layout: Layout) -> Iterator[Row]:
    most = len(shadows) if layout.is_verbose else _MOST_SHADOWS
    for shadow in shadows[:most]:
        bodies = reach(shadow.bodies, is_verbose=layout.is_verbose)
        yield Row("no effect", "", f"{bodies}: {_reason(shadow)}")
    rest = sum(len(shadow.bodies) for shadow in shadows[most:])
    if rest:
        lines = number(len(shadows) - most, "other line")
        yield Row("no effect", "", f"{number(rest, 'body', 'bodies')} by {lines} (-v lists them)")


def _reason(shadow: Shadow) -> str:
    if shadow.by is None:
        return shown(shadow.why)
    _, _, where = shadow.layer.partition(", where ")
    selected = f" where {shown(where)}" if where else ""
    return f"{place(shadow.by)} sets {plainly(shadow.value)}{selected}"


# ── what changes nothing ─────────────────────────────────────────────────────────────────────────


def _write_idle(
    screen: Screen, comparison: Comparison, told: Collection[Cause], layout: Layout
) -> None:
    """A line for each edit that changes no body, and one for what only looks different."""
    difference = comparison.difference
    none = "changes no body" if comparison.is_everything else "changes none of these bodies"
    shadows = _by_cause_of_shadow(difference.shadowed)
    lines = [
        f"{screen.paint(place_of(cause), Style.BOLD)}   {edited(screen, cause)}: no effect, "
        + "; ".join(_dead(shadow, layout) for shadow in listed)
        for cause, listed in shadows.items()
        if cause not in told
    ]
    lines += [
        f"{screen.paint(place_of(cause), Style.BOLD)}   {edited(screen, cause)}: {none}"
        for cause in difference.idle
    ]
    lines += [
        f"{screen.paint(place_of(cause), Style.BOLD)}   {edited(screen, cause)}: only in bodies "
        "that are invalid"
        for cause in difference.untold
    ]
    if len(lines) > _MOST_IDLE and not layout.is_verbose:
        rest = number(len(lines) - _MOST_IDLE, "more edit")
        lines[_MOST_IDLE:] = [f"… and {rest} without effect (-v lists them)"]
    if difference.layout:
        files = names(difference.layout, len(difference.layout) if layout.is_verbose else 4)
        verb = "differs" if len(difference.layout) == 1 else "differ"
        lines.append(f"{files} {verb} in comments and layout alone")
    if lines:
        screen.line()
    for line in lines:
        screen.line(line)


def _dead(shadow: Shadow, layout: Layout) -> str:
    return f"{_reason(shadow)} ({reach(shadow.bodies, is_verbose=layout.is_verbose)})"


# ── bodies that come and go ──────────────────────────────────────────────────────────────────────


def _write_arrivals(screen: Screen, difference: Difference, layout: Layout) -> None:
    rows = [
        *(_arrival(screen, "added", one, layout) for one in difference.added),
        *(_arrival(screen, "removed", one, layout) for one in difference.removed),
        *(
            Row("renamed", f"{shown(one.before)} → {shown(one.after)}", f"the {one.kind}")
            for one in difference.renamed
        ),
    ]
    if rows:
        screen.line()
        write_rows(screen, rows)


def _arrival(screen: Screen, what: str, arrival: Arrival, layout: Layout) -> Row:
    bodies = reach(arrival.bodies, is_verbose=layout.is_verbose)
    cause = f"{place_of(arrival.cause)}: {edited(screen, arrival.cause)}"
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
    for problem in problems[:most]:
        color = Style.RED if problem.is_error else Style.YELLOW
        label = screen.paint(f"{what} {problem.severity}[{problem.code}]", color)
        where = f"{place(problem.at)}: " if problem.at else ""
        screen.line(f"{label} {where}{problem.message}")
        if problem.hint:
            screen.line(f"  {screen.paint('└', Style.DIM)} {problem.hint}")
    if len(problems) > most:
        screen.line(f"… and {len(problems) - most:,} more; `voxmint validate` shows all")


# ── each body, and where values come from ────────────────────────────────────────────────────────


def _write_bodies(screen: Screen, difference: Difference) -> None:
    """Each body with its own changes, and the places of their causes."""
    found: dict[Body, dict[tuple[object, ...], tuple[Change, list[Cause]]]] = {}
    for group in difference.groups:
        change = group.change
        key = (change.path, frozen(change.before), frozen(change.after))
        for body in group.bodies:
            found.setdefault(body, {}).setdefault(key, (change, []))[1].append(group.cause)
    for body in sorted(found):
        screen.line()
        screen.line(screen.paint(named([body]), Style.BOLD))
        rows = [
            Row(
                shown(change.path),
                changed(screen, change),
                ", ".join(dict.fromkeys(map(place_of, causes))),
                is_wordy(change),
            )
            for change, causes in found[body].values()
        ]
        write_rows(screen, rows)


def _write_moved(screen: Screen, difference: Difference, layout: Layout) -> None:
    if not difference.moved:
        return
    screen.line()
    screen.line(screen.paint("the same value, from another place", Style.BOLD))
    rows = [
        Row(
            shown(one.path),
            f"{plainly(one.value)}   {place(one.before)} → {place(one.after)}",
            reach(one.bodies, is_verbose=layout.is_verbose),
        )
        for one in difference.moved
    ]
    write_rows(screen, rows)


# ── the next mint ────────────────────────────────────────────────────────────────────────────────


def _write_mint(screen: Screen, comparison: Comparison) -> None:
    told = [_told(one, comparison.renewals) for one in ("renewed", "minted", "pruned")]
    sentences = [one for one in told if one]
    if not sentences:
        return
    screen.line()
    for line in wrapped(f"The next mint {', '.join(sentences)}.", screen.width):
        screen.line(line)
    for line in _named_changes(screen, comparison.difference):
        screen.line(f"  {line}")


_VERBS = {"renewed": "renews", "minted": "adds", "pruned": "drops"}


def _told(what: str, renewals: Sequence[Renewal]) -> str:
    """How many sessions in which environments: `renews 30 sessions in staging and 19 in prod`."""
    counts = [(one.environment, getattr(one, what)) for one in renewals if getattr(one, what)]
    if not counts:
        return ""
    first, *others = counts
    parts = [f"{number(first[1], 'session')} in {shown(first[0])}"]
    parts += [f"{count:,} in {shown(name)}" for name, count in others]
    listed = " and ".join((", ".join(parts[:-1]), parts[-1])) if others else parts[0]
    return f"{_VERBS[what]} {listed}"


def _named_changes(screen: Screen, difference: Difference) -> Iterator[str]:
    """The changes of models and lifetimes, whatever caused them."""
    found: dict[tuple[object, ...], tuple[Change, set[Body]]] = {}
    for group in difference.groups:
        change = group.change
        if change.path in _NAMED:
            key = (change.path, frozen(change.before), frozen(change.after))
            found.setdefault(key, (change, set()))[1].update(group.bodies)
    for change, bodies in found.values():
        yield f"{_NAMED[change.path]} {changed(screen, change)}: {reach(sorted(bodies))}"
