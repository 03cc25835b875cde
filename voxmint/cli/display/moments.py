"""Moments and lengths of time, as people read them: both when and how far."""

from datetime import UTC, datetime

from voxmint.cli.world import World
from voxmint.engine.durations import spoken


def moment(at: float, world: World, skew: float = 0.0) -> str:
    """A moment in Unix seconds: `14:32 (in 9 min 50 s)`, `2027-01-16 14:32 (in 1 d)`.

    Of a moment by a clock that is ahead of this machine's, `skew` is by how many seconds it is.
    """
    now = world.clock() + skew
    distance = f"in {spoken(at - now)}" if at >= now else f"{spoken(now - at)} ago"
    return f"{clock_time(at, world)} ({distance})"


def clock_time(at: float, world: World) -> str:
    """The time of a moment, with its date where that is another day."""
    then, now = (
        datetime.fromtimestamp(one, UTC).astimezone(world.zone) for one in (at, world.clock())
    )
    return f"{then:%H:%M}" if then.date() == now.date() else f"{then:%Y-%m-%d %H:%M}"


def second(at: float, world: World) -> str:
    """A moment to the second, with its date and zone: for what is written again and again."""
    return f"{datetime.fromtimestamp(at, UTC).astimezone(world.zone):%Y-%m-%d %H:%M:%S %z}"


def length(seconds: float) -> str:
    """How long something took: `9.4 s`, `2 min 3 s`."""
    return f"{seconds:.1f} s" if seconds < 60 else spoken(seconds)
