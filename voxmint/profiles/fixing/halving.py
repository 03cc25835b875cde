"""Which of many things can be had together, when only asking for a whole lot is possible."""

from collections.abc import Callable, Sequence
from typing import TypeVar

T = TypeVar("T")


def acceptable(candidates: Sequence[T], holds: Callable[[Sequence[T]], bool]) -> list[T]:
    """The candidates, in order, without those with which it does not hold.

    `holds` is asked for all of them first, and where it does not hold for halves, down to single
    ones, each together with what was accepted before it. What is returned held when it was last
    asked for; nothing at all is taken to hold. Of many candidates a few bad ones take about twice
    the logarithm of their number of questions each.
    """
    accepted: list[T] = []
    waiting = [list(candidates)] if candidates else []
    while waiting:
        some = waiting.pop()
        if holds([*accepted, *some]):
            accepted += some
        elif len(some) > 1:
            middle = len(some) // 2
            waiting += [some[middle:], some[:middle]]
    return accepted
