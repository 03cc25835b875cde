"""How many examples a law is tried with, and without a watch on the time."""

from hypothesis import HealthCheck, settings


def law(examples: int = 60) -> settings:
    """Settings of a law: the same examples each time, as many as take little time.

    What is to be tried with more is marked `slow`, with settings of its own.
    """
    return settings(
        max_examples=examples,
        deadline=None,
        derandomize=True,
        suppress_health_check=[HealthCheck.too_slow],
    )
