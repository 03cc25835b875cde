"""Compares a project in two commits, as `voxmint diff` does, and shows nothing."""

import os
import sys
from pathlib import Path

from benchmarks.inside.telling import Watch
from voxmint.engine.comparing import compare_states
from voxmint.engine.states import find_states
from voxmint.profiles.order import EVERYTHING


def main(folder: str, base: str, head: str, bodies: int) -> None:
    """Compares the two, and tells what it took; `bodies` is how many of them change."""
    with Watch() as watch:
        asked = find_states([base, head], None, Path(folder), os.environ)
        comparison = compare_states(asked, EVERYTHING)
    changed = len(comparison.difference.changed)
    if changed != bodies:
        sys.exit(f"{changed} bodies changed instead of {bodies}")
    watch.tell()


main(sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4]))
