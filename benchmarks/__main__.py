"""Runs the benchmarks: prints a table and writes the figures as JSON."""

import argparse
import json
import sys
from collections.abc import Iterable
from pathlib import Path

from benchmarks import tables
from benchmarks.figures import Figure
from benchmarks.suites import SUITES


def main() -> int:
    """Runs what was asked for, by default all of it."""
    parser = _parser()
    options = parser.parse_args()
    unknown = [name for name in options.suite if name not in SUITES]
    if unknown:
        parser.error(f"there is no suite {unknown[0]!r}: choose from {', '.join(SUITES)}")
    if options.page and options.suite:
        parser.error("--page takes the figures of all suites")
    if options.repeats < 1:
        parser.error("--repeats takes 1 or more")
    names = options.suite or tuple(SUITES)
    for lack in filter(None, (SUITES[name].lacks() for name in names)):
        sys.exit(lack)
    figures = _measured(names, options.repeats)
    _write(options.json, figures)
    text = tables.markdown(figures)
    if options.markdown:
        print(f"\n{text}")
    if options.page:
        page = options.page.read_text(encoding="utf-8")
        options.page.write_text(tables.put_into(page, text), encoding="utf-8")
    missed = [one for one in figures if not one.claim.is_met_by(one.value)]
    return int(options.strict and bool(missed))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("suite", nargs="*", help=f"any of {', '.join(SUITES)}; by default all")
    parser.add_argument("--repeats", type=int, default=7, help="counted runs of each (default 7)")
    parser.add_argument("--json", type=Path, default=Path("build/benchmarks.json"))
    parser.add_argument("--markdown", action="store_true", help="print the tables as Markdown, too")
    parser.add_argument("--page", type=Path, help="put the tables into this page")
    parser.add_argument("--strict", action="store_true", help="end with 1 where an aim is missed")
    return parser


def _measured(names: Iterable[str], repeats: int) -> list[Figure]:
    print(f"{tables.machine()}\n")
    print("figure: a ratio of the shortest runs, or with its unit; median: of the ratios of")
    print("neighbouring runs; noise: how far the runs of what it is measured against lie apart;")
    print("seconds: of the processor, of a mint by the clock\n")
    print(tables.HEAD, flush=True)
    figures: list[Figure] = []
    for name in names:
        suite = SUITES[name]
        found = suite.measure(repeats)
        if tuple(figure.claim for figure in found) != suite.claims:
            raise AssertionError(f"the suite {name!r} does not measure what it claims")
        for figure in found:
            print(tables.row(figure), flush=True)
        figures += found
    return figures


def _write(path: Path, figures: Iterable[Figure]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    data = {
        "version": 2,
        "machine": tables.machine(),
        "figures": [figure.to_json() for figure in figures],
    }
    path.write_text(json.dumps(data, indent=2) + "\n", encoding="utf-8")
    print(f"\nfigures: {path}")


sys.exit(main())
