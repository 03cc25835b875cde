"""Compiles every profile of a project in every environment, as the library does it."""

import json
import sys
import time

from benchmarks.measure import peak
from voxmint.engine.project import open_project


def main(folder: str, bodies: int) -> None:
    """Compiles the project, and prints seconds and bytes."""
    project = open_project(folder)
    begin = time.perf_counter()
    compilation = project.compile_all()
    seconds = time.perf_counter() - begin
    if len(compilation.bodies) != bodies or compilation.errors:
        sys.exit(f"{len(compilation.bodies)} bodies instead of {bodies}")
    print(json.dumps({"seconds": seconds, "memory": peak()}))


main(sys.argv[1], int(sys.argv[2]))
