"""How many examples a law is tried with, and without a watch on the time."""

from hypothesis import HealthCheck, settings


def law(examples: int = 60) -> settings:
    """Settings of a law: as many examples as take little time, the same ones each time.

    Where slow tests are left out it is a fifth of them, as `tests/conftest.py` has it. What is to
    be tried with more, or with new ones, is marked `slow`, with settings of its own.
    """
    share = settings().max_examples / settings.get_profile("new").max_examples
    return settings(
        max_examples=max(min(examples, 10), int(examples * share)),
        deadline=None,
        derandomize=True,
        suppress_health_check=[HealthCheck.too_slow],
    )
