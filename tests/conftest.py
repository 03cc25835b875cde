"""What all tests have in common: signals that are heeded."""

import signal


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
