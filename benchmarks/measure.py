"""Measures whole processes, and takes several of them in turn.

What computes is measured by the time that the processor worked for it, itself and the kernel, all
threads and finished children together: on an idle machine that is the time that passes, and on a
busy one it is still the program's own. What waits for others is measured by the clock.
"""

import hashlib
import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryFile


@dataclass(frozen=True, slots=True)
class Run:
    """One measured run.

    `seconds` is its time, of the processor or, where it waits for others, by the clock; `elapsed`
    is by the clock in any case. `memory` is the peak of its memory in bytes, `grown` how much of
    that came while it was measured; `units` is how many things of a kind it made. `results` holds a
    digest of each thing that it made, by name, so that runs which should make the same can be
    compared.
    """

    seconds: float
    memory: int
    grown: int = 0
    units: int = 1
    results: Mapping[str, str] = field(default_factory=dict)
    elapsed: float = 0.0

    @property
    def seconds_each(self) -> float:
        """The time of one of the things that it made."""
        return self.seconds / self.units


Measured = Callable[[], Run]


def digest(data: bytes) -> str:
    """What stands for a result: equal for equal bytes."""
    return hashlib.sha256(data).hexdigest()[:16]


def process(command: Sequence[str], *, result: str = "", waits: bool = False) -> Measured:
    """Measures a whole process from its start to its end.

    Its output is thrown away; or kept as a result of that name, where there is one. With `waits`
    its time is that of the clock.
    """

    def run() -> Run:
        with TemporaryFile() as out, TemporaryFile() as err:
            begin = time.perf_counter()
            child = subprocess.Popen(command, stdout=out, stderr=err, env=_environment())
            _, status, usage = os.wait4(child.pid, 0)
            elapsed = time.perf_counter() - begin
            child.returncode = os.waitstatus_to_exitcode(status)
            if child.returncode != 0:
                err.seek(0)
                sys.exit(f"{' '.join(command)} failed:\n{err.read().decode()}")
            out.seek(0)
            results = {result: digest(out.read())} if result else {}
        seconds = elapsed if waits else usage.ru_utime + usage.ru_stime
        return Run(seconds, usage.ru_maxrss * 1024, results=results, elapsed=elapsed)

    return run


def inside(module: str, *arguments: str, units: int = 1, waits: bool = False) -> Measured:
    """Measures what a script of `benchmarks.inside` says of itself with `tell`.

    With `waits` its time is that of the clock.
    """

    def run() -> Run:
        command = [sys.executable, "-m", f"benchmarks.inside.{module}", *arguments]
        done = subprocess.run(
            command, capture_output=True, text=True, check=False, env=_environment()
        )
        if done.returncode != 0:
            sys.exit(f"{' '.join(command)} failed:\n{done.stderr}")
        said = json.loads(done.stdout.splitlines()[-1])
        processor = said.pop("processor")
        return Run(said["elapsed"] if waits else processor, **said, units=units)

    return run


def _environment() -> dict[str, str]:
    """The environment of what is measured: Python keeps bytecode, as pip does when it installs.

    Otherwise every start would compile those modules of this checkout that were changed.
    """
    return {name: text for name, text in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}


def together(*parts: Measured) -> Measured:
    """Measures several, one after the other, as if they were one."""

    def run() -> Run:
        runs = [part() for part in parts]
        return Run(
            sum(run.seconds for run in runs),
            max(run.memory for run in runs),
            elapsed=sum(run.elapsed for run in runs),
        )

    return run


def repeated(measured: Measured, times: int) -> Measured:
    """Measures the same several times in a row, as one run that makes so many times as much.

    For what is beside a run that takes as much longer: of two that are not equally long, the
    shorter one finds a moment without noise more easily.
    """

    def run() -> Run:
        runs = [measured() for _ in range(times)]
        return Run(
            sum(run.seconds for run in runs),
            max(run.memory for run in runs),
            max(run.grown for run in runs),
            sum(run.units for run in runs),
            runs[0].results,
            sum(run.elapsed for run in runs),
        )

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


def processor_seconds() -> float:
    """How long the processor has worked for this process so far, and for its finished children."""
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + children.ru_utime + children.ru_stime


def peak() -> int:
    """The peak of this process's memory so far, in bytes.

    Linux says it of the program that runs; what `getrusage` says may be that of the process that
    started it, whose memory it was before it became this program.
    """
    try:
        status = Path("/proc/self/status").read_text(encoding="ascii")
        return int(status.partition("VmHWM:")[2].split()[0]) * 1024
    except (OSError, IndexError, ValueError):
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
