"""What sinks hold and are no longer for: which profiles, and why."""

from collections.abc import Iterator, Sequence

from voxmint.engine.plan import Misplaced
from voxmint.shown import shown


def leftovers(
    pruned: Sequence[str], misplaced: Sequence[Misplaced], environment: str
) -> Iterator[tuple[list[str], str]]:
    """The profiles that have a reason in common, and the reason."""
    kept = {one.profile for one in misplaced}
    if gone := [profile for profile in pruned if profile not in kept]:
        yield gone, f"no longer in {shown(environment)}"
    for sink in dict.fromkeys(one.called for one in misplaced):
        profiles = [one.profile for one in misplaced if one.called == sink]
        them = "it" if len(profiles) == 1 else "them"
        yield profiles, f"`{shown(sink)}` is no longer for {them}"
