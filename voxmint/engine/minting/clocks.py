"""The service's clock beside this machine's, measured from the dates of answers.

A token expires by the service's clock. Where this machine's is off, what is left of a token is
counted by the service's, and whoever runs this is told.
"""

from collections.abc import Iterable

from voxmint.engine.durations import spoken
from voxmint.engine.wording import CLOCK_OFF
from voxmint.problems import Problem

WORTH_SAYING = 5.0
"""From how many seconds on a difference of the clocks is told."""


def skew_of(sent_at: float, received_at: float, answered_at: float | None) -> float | None:
    """By how many seconds the service's clock is ahead of this machine's, at the least.

    `sent_at` and `received_at` are this machine's Unix seconds before the request left and after
    its answer came; `answered_at` is the answer's date, in whole seconds of the service's clock.
    Between these the answer was made, so what they allow for is no difference: 0. `None` where the
    answer has no date.
    """
    if answered_at is None:
        return None
    least, most = answered_at - received_at, answered_at + 1 - sent_at
    if least > 0:
        return least
    return min(most, 0.0)


def last_of(skews: Iterable[float | None]) -> float | None:
    """The last that was measured; `None` where none was."""
    measured = [skew for skew in skews if skew is not None]
    return measured[-1] if measured else None


def clock_problems(skew: float | None, host: str) -> tuple[Problem, ...]:
    """A warning where the clocks are found to differ by more than a little."""
    if skew is None or abs(skew) < WORTH_SAYING:
        return ()
    way = "behind" if skew > 0 else "ahead of"
    return (Problem(CLOCK_OFF, facts={"length": spoken(abs(skew)), "way": way, "host": host}),)
