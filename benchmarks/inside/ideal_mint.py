"""The floor of a mint: waits as long as the server does, with that many requests at once."""

import sys
import time

from benchmarks.inside.telling import Watch


def main(sessions: int, concurrency: int, latency: float) -> None:
    """Waits, and tells what it took."""
    with Watch() as watch:
        for _ in range(-(-sessions // concurrency)):
            time.sleep(latency)
    watch.tell()


main(int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3]))
