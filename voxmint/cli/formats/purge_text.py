"""A purge for a person: what is taken out of where, and until when each token lives on."""

from collections.abc import Iterator

from voxmint.cli.display.moments import clock_time, moment
from voxmint.cli.display.screen import Screen, Style
from voxmint.cli.display.widths import padded, width
from voxmint.cli.display.words import counted_names, number
from voxmint.cli.formats.unseen import unseen
from voxmint.cli.world import World
from voxmint.engine.durations import spoken
from voxmint.engine.purge_report import OUT, Fate, Item, Purge, Purged, PurgeReport
from voxmint.problems import Problem
from voxmint.shown import shown

_LABEL = 10
_UNNOTED = "unnoted"
_COLOR = {
    Fate.REMOVED: Style.GREEN,
    Fate.LEFT: Style.YELLOW,
    Fate.FAILED: Style.RED,
    Fate.SKIPPED: Style.YELLOW,
}


def write_plan(screen: Screen, purge: Purge, world: World) -> None:
    """What would be taken out."""
    if not purge.items:
        limit = "" if purge.is_known else ", as far as its sinks could be asked"
        screen.line(shown(f"nothing of voxmint's is in a sink of {purge.environment}{limit}"))
    else:
        screen.line(f"{_count(purge)} in {shown(purge.environment)} → {_targets(purge)}")
    for item in purge.items:
        screen.line(
            f"  {padded(shown(item.profile), _widest(purge))}   {_until(item, purge, world)}"
        )
    for line in _asides(purge, world):
        screen.line(f"  {line}")


def write(screen: Screen, report: PurgeReport, world: World, *, was_shown: bool) -> None:
    """What was taken out; with `was_shown`, what stays to be said after the plan was."""
    purge = report.purge
    if not purge.items:
        write_plan(screen, purge, world)
        return
    screen.line(_headline(report))
    for text in () if was_shown else _removed(report, world):
        screen.line(_labelled(screen, Fate.REMOVED, text))
    for text in _left(report, world):
        screen.line(_labelled(screen, Fate.LEFT, text))
    write_failures(screen, report, world)
    for line in () if was_shown else _asides(purge, world):
        screen.line(line)
    if (last := _last(report)) is not None and last > world.clock() + purge.skew:
        when = moment(last, world, purge.skew)
        end = f"whoever has a copy can use it until then: the last one ends at {when}"
        screen.line(f"{'next':<{_LABEL}}  {end}")


def _removed(report: PurgeReport, world: World) -> Iterator[str]:
    for one in report.results:
        if one.fate is Fate.REMOVED:
            name = padded(shown(one.item.profile), _widest(report.purge))
            yield f"{name}   {_until(one.item, report.purge, world)}"


def _left(report: PurgeReport, world: World) -> Iterator[str]:
    """What is another's by now: each thing once, with the profiles that were there."""
    told: dict[str, dict[str, None]] = {}
    for one in report.results:
        for problem in one.left:
            told.setdefault(problem.message, {})[one.item.profile] = None
    for message, profiles in told.items():
        yield f"{counted_names([*profiles], is_verbose=world.is_verbose)}   {message}"


def write_failures(screen: Screen, report: PurgeReport, world: World) -> None:
    """Only what went wrong: each thing once, with the profiles that it kept."""
    groups: dict[tuple[Fate, str], list[Purged]] = {}
    for one in report.results:
        if one.fate not in OUT:
            message = one.problem.message if one.problem else "not tried"
            groups.setdefault((one.fate, message), []).append(one)
    for (fate, message), several in groups.items():
        profiles = counted_names([one.item.profile for one in several], is_verbose=world.is_verbose)
        screen.line(_labelled(screen, fate, f"{profiles}   {message}"))
        _write_hint(screen, several[0].problem)
    for problem in report.unnoted:
        label = screen.paint(_UNNOTED, Style.YELLOW)
        screen.line(f"{label}{' ' * (_LABEL - len(_UNNOTED))}  {problem.message}")
        _write_hint(screen, problem)


def _write_hint(screen: Screen, problem: Problem | None) -> None:
    if problem is not None and problem.hint:
        screen.line(" " * (_LABEL + 2) + problem.hint)


def _headline(report: PurgeReport) -> str:
    counts = [
        f"{fate} {count}"
        for fate in Fate
        if (count := sum(one.fate is fate for one in report.results))
    ]
    start = "interrupted: " if report.is_interrupted else ""
    where = f"{shown(report.purge.environment)} ({_targets(report.purge)})"
    return f"{start}{', '.join(counts)} in {where}"


def _until(item: Item, purge: Purge, world: World) -> str:
    """Until when a token lives, as far as anybody knows."""
    if item.expires_at is None:
        return "until when its token lives is not known: the ledger has nothing of it"
    left = item.expires_at - world.clock() - purge.skew
    if left <= 0:
        return f"its token ended at {clock_time(item.expires_at, world)} ({spoken(-left)} ago)"
    return f"its token lives until {moment(item.expires_at, world, purge.skew)}"


def _last(report: PurgeReport) -> int | None:
    ends = [one.item.expires_at for one in report.results if one.fate in OUT]
    return max((end for end in ends if end is not None), default=None)


def _asides(purge: Purge, world: World) -> Iterator[str]:
    """Tokens that live on, and that nothing here can take out of anywhere."""
    columns = max((width(shown(item.profile)) for item in purge.lingering), default=0)
    for item in purge.lingering:
        name = padded(shown(item.profile), columns)
        yield f"{'in no sink':<{_LABEL}}  {name}   {_until(item, purge, world)}"
    for profiles, said in unseen(purge.unseen, world):
        listed = counted_names(profiles, is_verbose=world.is_verbose)
        yield f"{'unseen':<{_LABEL}}  {listed}   {said}"


def _count(purge: Purge) -> str:
    return number(len(purge.items), "profile")


def _targets(purge: Purge) -> str:
    return shown(", ".join(purge.targets))


def _widest(purge: Purge) -> int:
    return max((width(shown(item.profile)) for item in purge.items), default=0)


def _labelled(screen: Screen, fate: Fate, text: str) -> str:
    return f"{screen.paint(fate, _COLOR[fate])}{' ' * (_LABEL - len(fate))}  {text}"
