"""How many examples a law is tried with, and without a watch on the time."""

from hypothesis import HealthCheck, settings


def law(examples: int = 60) -> settings:
    """Settings of a law: as many examples as take little time, the same ones each time.

    What is to be tried with more, or with new ones, is marked `slow`, with settings of its own.
    """
    return settings(
        max_examples=examples,
        deadline=None,
        derandomize=True,
        suppress_health_check=[HealthCheck.too_slow],
    )
