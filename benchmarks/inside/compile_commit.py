"""The floor of a comparison: compiles a project of one commit, from git's objects."""

import os
import sys
from pathlib import Path

from benchmarks.inside.telling import Watch
from voxmint.engine.states import find_states
from voxmint.profiles.pipeline import compile_project


def main(folder: str, commit: str, bodies: int) -> None:
    """Compiles the project, and tells what it took."""
    with Watch() as watch:
        state = find_states([commit, commit], None, Path(folder), os.environ).head
        compilation = compile_project(state.source) if state.source else None
    if compilation is None or len(compilation.bodies) != bodies or compilation.errors:
        sys.exit(f"{commit} does not have {bodies} bodies")
    watch.tell()


main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
