"""Mints every profile of a project in one environment, as the library does it, each anew.

With `sending`, what comes before the first request (compiling, for one) is not counted.
"""

import os
import sys

from benchmarks.inside.telling import Watch
from voxmint.engine.edge import Edge, Operator
from voxmint.engine.events import Event, Started
from voxmint.engine.mint import mint
from voxmint.engine.project import open_project

_TIMEOUT = 1800.0
"""Seconds: on a busy machine ten thousand take longer than a run usually may."""


def main(folder: str, environment: str, sessions: int, part: str) -> None:
    """Mints, and tells what it took."""
    project = open_project(folder)
    watch = Watch()

    def on_event(event: Event) -> None:
        if isinstance(event, Started) and part == "sending":
            watch.restart()

    with watch:
        edge = Edge(os.environ, on_event=on_event)
        operator = Operator(force=True, timeout=_TIMEOUT)
        report = mint(project, project.order((), [environment]), operator, edge)
    minted = sum(result.outcome == "minted" for result in report.results)
    if minted != sessions:
        sys.exit(f"{minted} sessions instead of {sessions}")
    watch.tell()


main(sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4])
