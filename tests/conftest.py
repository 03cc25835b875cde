"""What all tests have in common: signals that are heeded, and examples that are the same each time.

A law is tried with the same examples in each run, so that a change fails for what it did and not
for what another would have found. `--hypothesis-profile=new` tries others.
"""

import signal

from hypothesis import settings

settings.register_profile("same", derandomize=True)
settings.register_profile("new", derandomize=False, print_blob=True)
settings.load_profile("same")


def pytest_configure() -> None:
    """Has signals heeded that were ignored where the tests were started, as by nohup or `&`.

    Every program that a test starts would ignore them, too, and a shell cannot trap them.
    """
    for number, handler in (
        (signal.SIGINT, signal.default_int_handler),
        (signal.SIGHUP, signal.SIG_DFL),
        (signal.SIGQUIT, signal.SIG_DFL),
    ):
        if signal.getsignal(number) is signal.SIG_IGN:
            signal.signal(number, handler)
