"""The floor of a compile: loads every file of a project with libyaml's own safe loader."""

import sys
from pathlib import Path

import yaml

from benchmarks.inside.telling import Watch


def main(folder: str) -> None:
    """Loads the files, and tells what it took."""
    texts = [path.read_bytes() for path in sorted(Path(folder).rglob("*.yaml"))]
    with Watch() as watch:
        kept = [yaml.load(text, Loader=yaml.CSafeLoader) for text in texts]
    if not all(kept):
        sys.exit("a file is empty")
    watch.tell()


main(sys.argv[1])
