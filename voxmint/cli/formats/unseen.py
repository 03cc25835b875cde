"""Tokens that may live though nobody has them: of whom, how many, and until when."""

from collections.abc import Iterator, Sequence

from voxmint.cli.display.moments import moment
from voxmint.cli.world import World
from voxmint.engine.plan import Unseen


def unseen(found: Sequence[Unseen], world: World) -> Iterator[tuple[list[str], str]]:
    """The profiles that have as many of them, and what is to be said, with the last end."""
    ends: dict[str, list[int]] = {}
    for one in found:
        ends.setdefault(one.profile, []).append(one.last_expiry)
    groups: dict[int, list[str]] = {}
    for profile, its_ends in ends.items():
        groups.setdefault(len(its_ends), []).append(profile)
    for count, profiles in groups.items():
        until = moment(max(max(ends[profile]) for profile in profiles), world)
        tokens = "a token" if count == 1 else f"{count} tokens"
        each = " of each" if len(profiles) > 1 else ""
        yield profiles, f"{tokens}{each} that nobody has may live until {until}"
