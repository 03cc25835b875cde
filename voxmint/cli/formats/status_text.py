"""A status for a person: of each environment, what is live and what is not, and why."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from voxmint.cli.display.moments import clock_time, moment
from voxmint.cli.display.screen import Screen, Style
from voxmint.cli.display.tables import show_table
from voxmint.cli.display.widths import padded, width
from voxmint.cli.display.words import MOST_NAMES, counted_names, names
from voxmint.cli.formats.leftovers import leftovers
from voxmint.cli.formats.unseen import unseen
from voxmint.cli.world import World
from voxmint.engine.durations import spoken
from voxmint.engine.minting.clocks import WORTH_SAYING
from voxmint.engine.status import EnvironmentStatus, Held, Session, State, Status
from voxmint.shown import shown

_COLOR = {
    State.LIVE: Style.GREEN,
    State.EXPIRING: Style.YELLOW,
    State.STALE: Style.YELLOW,
    State.EXPIRED: Style.RED,
    State.MISSING: Style.RED,
    State.UNKNOWN: Style.YELLOW,
}
_SHORT = 7
_HEADS = ("profile", "state", "expires", "age", "commit", "session", "request", "sinks")
_IN_SINK = {Held.HELD: "", Held.LACKING: " lacks it", Held.UNKNOWN: " by the ledger"}


class _Row(NamedTuple):
    """A line: what is the case, for how many, which, and why."""

    label: str
    many: int
    who: str
    why: str
    style: Style


def write(screen: Screen, status: Status, world: World) -> None:
    """Writes the status, an environment after the other."""
    if status.is_without_ledger:
        screen.line("there is no ledger here: what was minted before, or elsewhere, is not known")
        screen.line()
    for place, environment in enumerate(status.environments):
        if place:
            screen.line()
        _write_environment(screen, environment, world)
    if not status.environments:
        screen.line("there are no environments")


def _write_environment(screen: Screen, environment: EnvironmentStatus, world: World) -> None:
    targets = ", ".join(dict.fromkeys(environment.targets))
    arrow = f" → {shown(targets)}" if targets else ""
    screen.line(screen.paint(shown(environment.environment), Style.BOLD) + arrow)
    if world.is_verbose and environment.sessions:
        skew = environment.skew
        show_table(screen, _HEADS, [_cells(one, world, skew) for one in environment.sessions])
    else:
        _write_rows(screen, [*_rows(environment, world)])
    if not environment.sessions:
        screen.line(f"  {environment.reason or 'no profiles'}")
    for line in _asides(environment, world):
        screen.line(f"  {line}")


def _write_rows(screen: Screen, rows: Sequence[_Row]) -> None:
    columns = max((width(row.who) for row in rows), default=0)
    for row in rows:
        label = screen.paint(f"{row.label:<8}", row.style)
        line = f"  {label} {row.many:>5,}   {padded(row.who, columns)}   {row.why}"
        screen.line(line.rstrip())


# ── in groups ────────────────────────────────────────────────────────────────────────────────────


def _rows(environment: EnvironmentStatus, world: World) -> Iterator[_Row]:
    groups: dict[tuple[State, str], list[Session]] = {}
    for session in environment.sessions:
        groups.setdefault((session.state, _shared(session)), []).append(session)
    order = list(State)
    for state, shared in sorted(groups, key=lambda key: (order.index(key[0]), key[1])):
        sessions = groups[state, shared]
        who = names([one.profile for one in sessions], MOST_NAMES)
        why = shared or _when(sessions, world, environment.skew)
        yield _Row(str(state), len(sessions), who, why, _COLOR[state])


def _shared(session: Session) -> str:
    """What sessions of a state must have in common to stand in one line."""
    if session.state is State.STALE:
        commit = _commit(session)
        start = f"minted from {commit}; " if commit else ""
        return start + shown(session.reason)
    return shown(session.reason) if session.state in {State.MISSING, State.UNKNOWN} else ""


def _when(sessions: Sequence[Session], world: World, skew: float) -> str:
    """When the tokens expire, or did."""
    moments = [one.record.expires_at for one in sessions if one.record is not None]
    first, last = min(moments), max(moments)
    if sessions[0].state is State.EXPIRED:
        return f"since {moment(first, world, skew)}"
    verb = "expires" if len(sessions) == 1 else "expire"
    if clock_time(first, world) == clock_time(last, world):
        return f"{verb} at {moment(first, world, skew)}"
    return f"{verb} {clock_time(first, world)} – {clock_time(last, world)}"


# ── one by one ───────────────────────────────────────────────────────────────────────────────────


def _cells(session: Session, world: World, skew: float) -> tuple[str, ...]:
    record = session.record
    start = (shown(session.profile), str(session.state))
    if record is None:
        return (*start, *("–",) * 5, _sinks(session))
    age = spoken(max(0.0, world.clock() - record.minted_at))
    ids = (shown(record.session_id or "–"), shown(record.request_id or "–"))
    expires = moment(record.expires_at, world, skew)
    return (*start, expires, age, _commit(session) or "–", *ids, _sinks(session))


def _commit(session: Session) -> str:
    record = session.record
    if record is None or record.commit is None:
        return ""
    return shown(record.commit[:_SHORT]) + (" with changes" if record.dirty else "")


def _sinks(session: Session) -> str:
    found = (shown(sink.called) + _IN_SINK[sink.held] for sink in session.sinks)
    return ", ".join(found) or "–"


# ── beside them ──────────────────────────────────────────────────────────────────────────────────


def _asides(environment: EnvironmentStatus, world: World) -> Iterator[str]:
    if world.is_verbose:
        for session in environment.sessions:
            if session.state not in {State.LIVE, State.EXPIRED}:
                yield f"{session.state}: {shown(session.profile)}: {shown(session.reason)}"
    for profiles, why in leftovers((), environment.misplaced, environment.environment):
        listed = counted_names(profiles, is_verbose=world.is_verbose)
        yield f"to prune: {listed}: {why}"
    for profiles, said in unseen(environment.unseen, world):
        yield f"unseen: {counted_names(profiles, is_verbose=world.is_verbose)}: {said}"
    if abs(environment.skew) >= WORTH_SAYING:
        way = "ahead of" if environment.skew > 0 else "behind"
        skew = spoken(abs(environment.skew))
        yield f"clock: the service's is {skew} {way} this machine's, and counts here"
    for problem in environment.problems:
        yield f"{problem.severity}: {problem.message}"
        yield from (f"  {hint}" for hint in (problem.hint,) if hint)
