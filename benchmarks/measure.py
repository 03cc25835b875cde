"""Measures whole processes, and takes several of them in turn."""

import hashlib
import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from tempfile import TemporaryFile


@dataclass(frozen=True, slots=True)
class Run:
    """One measured run.

    `seconds` is its time, `memory` the peak of its memory in bytes, `grown` how much of that came
    while it was measured; `units` is how many things of a kind it made. `results` holds a digest
    of each thing that it made, by name, so that runs which should make the same can be compared.
    """

    seconds: float
    memory: int
    grown: int = 0
    units: int = 1
    results: Mapping[str, str] = field(default_factory=dict)

    @property
    def seconds_each(self) -> float:
        """The time of one of the things that it made."""
        return self.seconds / self.units


Measured = Callable[[], Run]


def digest(data: bytes) -> str:
    """What stands for a result: equal for equal bytes."""
    return hashlib.sha256(data).hexdigest()[:16]


def process(command: Sequence[str], *, result: str = "") -> Measured:
    """Measures a whole process from its start to its end.

    Its output is thrown away; or kept as a result of that name, where there is one.
    """

    def run() -> Run:
        with TemporaryFile() as out, TemporaryFile() as err:
            begin = time.perf_counter()
            child = subprocess.Popen(command, stdout=out, stderr=err)
            _, status, usage = os.wait4(child.pid, 0)
            seconds = time.perf_counter() - begin
            child.returncode = os.waitstatus_to_exitcode(status)
            if child.returncode != 0:
                err.seek(0)
                sys.exit(f"{' '.join(command)} failed:\n{err.read().decode()}")
            out.seek(0)
            results = {result: digest(out.read())} if result else {}
        return Run(seconds, usage.ru_maxrss * 1024, results=results)

    return run


def inside(module: str, *arguments: str, units: int = 1) -> Measured:
    """Measures what a script of `benchmarks.inside` says of itself with `tell`."""

    def run() -> Run:
        command = [sys.executable, "-m", f"benchmarks.inside.{module}", *arguments]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            sys.exit(f"{' '.join(command)} failed:\n{done.stderr}")
        return Run(**json.loads(done.stdout.splitlines()[-1]), units=units)

    return run


def together(*parts: Measured) -> Measured:
    """Measures several, one after the other, as if they were one."""

    def run() -> Run:
        runs = [part() for part in parts]
        return Run(sum(run.seconds for run in runs), max(run.memory for run in runs))

    return run


def in_turn(
    measured: Sequence[Measured], repeats: int, *, same: bool = False
) -> list[tuple[Run, ...]]:
    """The runs of each, taken in turn, after one uncounted run of each.

    With `same`, all must make the same things, or one of them those and more: the program ends
    where they do not, since then their times say nothing.
    """
    rounds: list[tuple[Run, ...]] = []
    for _ in range(repeats + 1):
        runs = tuple(one() for one in measured)
        if same:
            check_same(runs)
        rounds.append(tuple(replace(run, results={}) for run in runs))
    return list(zip(*rounds[1:], strict=True))


def check_same(runs: Sequence[Run]) -> None:
    """Ends the program where the runs did not make the same things."""
    most = max((run.results for run in runs), key=len)
    for results in (run.results for run in runs):
        if not results:
            sys.exit("a run that should make the same as another tells no results")
        for name, made in results.items():
            if most.get(name) != made:
                sys.exit(f"two runs that should make the same differ in {name}")


def peak() -> int:
    """The peak of this process's memory so far, in bytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
