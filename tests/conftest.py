"""What all tests have in common: signals that are heeded, and examples that are the same each time.

A law is tried with the same examples in each run, so that a change fails for what it did and not
for what another would have found; with a fifth of them where slow tests are left out.
`--hypothesis-profile=new` tries others.
"""

import gc
import signal
from collections.abc import Generator

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.internal.conjecture import providers
from hypothesis.internal.constants_ast import Constants

# How long an example takes is the machine's affair.
AT_ANY_SPEED = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("same", AT_ANY_SPEED, derandomize=True)
settings.register_profile("fewer", settings.get_profile("same"), max_examples=20)
settings.register_profile("new", AT_ANY_SPEED, derandomize=False, print_blob=True)
settings.load_profile("same")


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Has no garbage looked for while tests are collected: all that is made then is kept.

    Afterwards what was made is passed over, and the rest is looked through more seldom than usual.
    """
    gc.disable()
    gc.set_threshold(20_000)
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


def pytest_configure(config: pytest.Config) -> None:
    """Has signals heeded that were ignored where the tests were started, as by nohup or `&`.

    Every program that a test starts would ignore them, too, and a shell cannot trap them.
    """
    if not config.getoption("--hypothesis-profile") and "not slow" in config.option.markexpr:
        settings.load_profile("fewer")
    if config.getoption("--hypothesis-profile") != "new":
        _make_no_examples_of_sources()
    for number, handler in (
        (signal.SIGINT, signal.default_int_handler),
        (signal.SIGHUP, signal.SIG_DFL),
        (signal.SIGQUIT, signal.SIG_DFL),
    ):
        if signal.getsignal(number) is signal.SIG_IGN:
            signal.signal(number, handler)


def _make_no_examples_of_sources() -> None:
    """Has no constant of our modules among the examples.

    Hypothesis takes those of the modules that are imported by then, and which these are depends on
    the tests that ran before in the same process: the same law would try others in each run.
    """
    nothing = Constants()
    providers._get_local_constants = lambda: nothing
