"""Composes every profile of a project in every environment, without provenance."""

import sys
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path

from benchmarks.inside.telling import Watch
from benchmarks.plain.composing import compose
from voxmint.engine.worktree import WorkTree


def main(folder: str, bodies: int) -> None:
    """Composes the project, and tells what it took."""
    source = WorkTree(Path(folder))
    with Watch() as watch, ExitStack() as stack:
        if isinstance(source, AbstractContextManager):
            # Where a work tree reads many files for less as a context, so it does here.
            stack.enter_context(source)
        made = compose(source)
    if len(made) != bodies:
        sys.exit(f"{len(made)} bodies instead of {bodies}")
    watch.tell({name: one.body for name, one in made.items()})


main(sys.argv[1], int(sys.argv[2]))
