"""Compiles every profile of a project in every environment, as the library does it."""

import sys

from benchmarks.inside.telling import Watch
from voxmint.engine.project import open_project


def main(folder: str, bodies: int) -> None:
    """Compiles the project, and tells what it took."""
    project = open_project(folder)
    with Watch() as watch:
        compilation = project.compile_all()
    if len(compilation.bodies) != bodies or compilation.errors:
        sys.exit(f"{len(compilation.bodies)} bodies instead of {bodies}")
    watch.tell({name: one.body for name, one in compilation.bodies.items()})


main(sys.argv[1], int(sys.argv[2]))
