"""How a script tells what was measured in it: one line of JSON, the last that it prints."""

import json
import time
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Any, Self

from benchmarks.measure import digest, peak, processor_seconds


class Watch:
    """Measures the block that it is the context of; `tell` prints what it measured."""

    def __enter__(self) -> Self:
        self._before = peak()
        self.restart()
        return self

    def restart(self) -> None:
        """Forgets the time so far."""
        self._begin, self._worked = time.perf_counter(), processor_seconds()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._processor = processor_seconds() - self._worked
        self._elapsed = time.perf_counter() - self._begin
        self._peak = peak()

    def tell(self, bodies: Mapping[tuple[str, str], Any] | None = None) -> None:
        """Prints time and memory, and a digest of each body by its profile and environment."""
        results = {
            f"{profile} in {environment}": digest(_canonical(body))
            for (profile, environment), body in (bodies or {}).items()
        }
        said = {
            "processor": self._processor,
            "elapsed": self._elapsed,
            "memory": self._peak,
            "grown": self._peak - self._before,
            "results": results,
        }
        print(json.dumps(said))


def _canonical(body: Any) -> bytes:
    """The body's JSON, with the keys of maps in order: equal for equal bodies, types included."""
    dumps: Callable[..., str] = json.dumps
    return dumps(body, sort_keys=True).encode()
