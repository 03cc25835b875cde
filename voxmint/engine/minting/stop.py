"""How a run is asked to stop: once to finish what is under way, twice to drop it."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from voxmint.problems import InterruptedRunError

_PAUSE = 0.05


class Stop:
    """A request to stop. `ask` may be called from any thread, and from a signal's handler."""

    def __init__(self) -> None:
        self._asked = 0
        self._listener: Callable[[], None] | None = None

    @property
    def is_asked(self) -> bool:
        """Whether nothing new is to be begun."""
        return self._asked > 0

    @property
    def is_urgent(self) -> bool:
        """Whether what is under way is to be dropped, too."""
        return self._asked > 1

    def ask(self) -> None:
        """Ask once more."""
        self._asked += 1
        listener = self._listener
        if listener is not None:
            listener()

    @contextmanager
    def heard_by(self, listener: Callable[[], None]) -> Iterator[None]:
        """Have the listener called at each `ask`, in whatever thread that is."""
        self._listener = listener
        try:
            if self.is_asked:
                listener()
            yield
        finally:
            self._listener = None

    def sleep(self, seconds: float) -> None:
        """Sleep in a thread; `InterruptedRunError` where the run is urgently asked to stop."""
        self._sleep(seconds, lambda: self.is_urgent)

    def sleep_unasked(self, seconds: float) -> None:
        """As `sleep`, but one `ask` is enough: for a wait before anything has begun."""
        self._sleep(seconds, lambda: self.is_asked)

    def _sleep(self, seconds: float, is_over: Callable[[], bool]) -> None:
        end = time.monotonic() + seconds
        while not is_over():
            left = end - time.monotonic()
            if left <= 0:
                return
            time.sleep(min(left, _PAUSE))
        raise InterruptedRunError("stopped while waiting for another run")
