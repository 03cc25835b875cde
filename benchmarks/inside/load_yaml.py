"""The floor of a compile: loads every file of a project with libyaml's own safe loader."""

import json
import sys
import time
from pathlib import Path

import yaml

from benchmarks.measure import peak


def main(folder: str) -> None:
    """Loads the files, and prints seconds and bytes."""
    texts = [path.read_bytes() for path in sorted(Path(folder).rglob("*.yaml"))]
    begin = time.perf_counter()
    kept = [yaml.load(text, Loader=yaml.CSafeLoader) for text in texts]
    seconds = time.perf_counter() - begin
    print(json.dumps({"seconds": seconds, "memory": peak(), "files": len(kept)}))


main(sys.argv[1])
