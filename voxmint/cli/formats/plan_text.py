"""A plan for a person: what a mint would do, and why."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from voxmint.cli.display.moments import moment
from voxmint.cli.display.screen import Screen, Style
from voxmint.cli.display.widths import padded, width
from voxmint.cli.display.words import MOST_NAMES, names, number
from voxmint.cli.formats.leftovers import leftovers
from voxmint.cli.formats.unseen import unseen
from voxmint.cli.world import World
from voxmint.engine.durations import spoken
from voxmint.engine.minting.clocks import WORTH_SAYING
from voxmint.engine.plan import Action, Entry, Plan
from voxmint.engine.sinks.namesakes import names_of
from voxmint.shown import shown

_COLOR = {
    Action.MINT: Style.GREEN,
    Action.RENEW: Style.YELLOW,
    Action.REWRITE: Style.YELLOW,
    Action.KEEP: Style.DIM,
}


class _Row(NamedTuple):
    """A line of the table: what is done, for how many, which, and why."""

    label: str
    many: int
    who: str
    why: str
    style: Style


def write(screen: Screen, plan: Plan, world: World, command: str) -> None:
    """Writes the plan: what is changed first, what is kept last; `command` would carry it out."""
    url = plan.target.url or "an emulator of its own"
    sinks = ", ".join(names_of(plan.sinks).values())
    count = number(len(plan.entries), "profile")
    # Of sinks that other packages bring nothing is known here.
    ways = [f"{count} in {plan.environment}", url, *([sinks] if sinks else [])]
    screen.line(shown(" → ".join(ways)))
    screen.line()
    rows = [
        *(_entry_row(entries, world, plan.skew) for entries in _groups(plan.entries)),
        *_other(plan, world),
    ]
    columns = max((width(row.who) for row in rows), default=0)
    for row in rows:
        start = screen.paint(f"{row.label:<7}", row.style)
        screen.line(f"{start} {row.many:>5,}   {padded(row.who, columns)}   {row.why}".rstrip())
    screen.line()
    if abs(plan.skew) >= WORTH_SAYING:
        way = "ahead of" if plan.skew > 0 else "behind"
        skew = spoken(abs(plan.skew))
        screen.line(f"clock the service's is {skew} {way} this machine's, and counts here")
    screen.line(f"next  {command}" if plan.has_changes else "nothing to do")


def _groups(entries: Sequence[Entry]) -> list[list[Entry]]:
    """Entries of one action and reason, in the order of the actions; the kept ones as a whole."""
    groups: dict[tuple[int, str], list[Entry]] = {}
    order = list(Action)
    for entry in entries:
        reason = "" if entry.is_kept else entry.reason
        groups.setdefault((order.index(entry.action), reason), []).append(entry)
    return [groups[key] for key in sorted(groups)]


def _entry_row(entries: Sequence[Entry], world: World, skew: float) -> _Row:
    first = entries[0]
    why = shown(first.reason)
    if first.is_kept and len(entries) > 1:
        moments = [entry.record.expires_at for entry in entries if entry.record]
        why = f"the first expires at {moment(min(moments), world, skew)}" if moments else ""
    who = _names([entry.profile for entry in entries], world)
    return _Row(first.action.value, len(entries), who, why, _COLOR[first.action])


def _other(plan: Plan, world: World) -> Iterator[_Row]:
    for profiles, why in leftovers(plan.leftovers, plan.misplaced, plan.environment):
        yield _Row("prune", len(profiles), _names(profiles, world), why, Style.YELLOW)
    for profiles, why in unseen(plan.unseen, world):
        yield _Row("unseen", len(profiles), _names(profiles, world), why, Style.YELLOW)


def _names(listed: Sequence[str], world: World) -> str:
    return names(listed, len(listed) if world.is_verbose else MOST_NAMES)
