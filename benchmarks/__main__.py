"""Runs the benchmarks: prints a table and writes the figures as JSON."""

import argparse
import json
import os
import platform
from pathlib import Path

from benchmarks import compiling, minting, startup
from benchmarks.measure import Comparison

_SUITES = {"startup": startup.measure, "compile": compiling.measure, "mint": minting.measure}


def main() -> None:
    """Runs what was asked for, by default all of it."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("suite", nargs="*", help=f"any of {', '.join(_SUITES)}")
    parser.add_argument("--repeats", type=int, default=7, help="counted runs of each (default 7)")
    parser.add_argument("--json", type=Path, default=Path("build/benchmarks.json"))
    arguments = parser.parse_args()
    unknown = [name for name in arguments.suite if name not in _SUITES]
    if unknown:
        parser.error(f"there is no suite {unknown[0]!r}: choose from {', '.join(_SUITES)}")
    print(f"{platform.python_implementation()} {platform.python_version()}, {os.cpu_count()} cores")
    print("ratio: of the shortest runs; median: of neighbouring runs; noise: of the floor\n")
    print(f"{'':46} {'ratio':>6} {'median':>6} {'aim':>6} {'noise':>6} {'seconds':>8} {'peak':>8}")
    found: list[Comparison] = []
    for name in arguments.suite or _SUITES:
        for comparison in _SUITES[name](arguments.repeats):
            _print(comparison)
            found.append(comparison)
    _write(arguments.json, found)


def _print(one: Comparison) -> None:
    seconds = min(run.seconds for run in one.subject)
    memory = max(run.memory for run in one.subject) / 1e6
    print(
        f"{one.name:46} {one.ratio:6.2f} {one.median_ratio:6.2f} {one.aim:6.2f} "
        f"{one.noise:6.0%} {seconds:7.3f}s {memory:6.0f}MB"
    )
    print(f"{'':4}against {one.floor_name}{f'; {one.note}' if one.note else ''}")


def _write(path: Path, found: list[Comparison]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    data = {"version": 1, "comparisons": [comparison.to_json() for comparison in found]}
    path.write_text(json.dumps(data, indent=2) + "\n", encoding="utf-8")
    print(f"\nfigures: {path}")


main()
