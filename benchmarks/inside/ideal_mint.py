"""The floor of a mint: waits as long as the server does, with that many requests at once."""

import json
import sys
import time

from benchmarks.measure import peak


def main(sessions: int, concurrency: int, latency: float) -> None:
    """Waits, and prints seconds and bytes."""
    begin = time.perf_counter()
    for _ in range(-(-sessions // concurrency)):
        time.sleep(latency)
    print(json.dumps({"seconds": time.perf_counter() - begin, "memory": peak()}))


main(int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3]))
