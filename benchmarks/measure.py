"""Measures whole processes, a subject and its floor in turn, and reports ratios."""

import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any


@dataclass(frozen=True, slots=True)
class Run:
    """One measured run: seconds, and the peak of its memory in bytes."""

    seconds: float
    memory: int


Measured = Callable[[], Run]


def process(command: Sequence[str]) -> Measured:
    """Measures a whole process from its start to its end; its output is thrown away."""

    def run() -> Run:
        begin = time.perf_counter()
        with subprocess.Popen(
            command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
        ) as child:
            assert child.stderr is not None
            said = child.stderr.read()
            _, status, usage = os.wait4(child.pid, 0)
            child.returncode = status
        seconds = time.perf_counter() - begin
        if status != 0:
            sys.exit(f"{' '.join(command)} failed:\n{said}")
        return Run(seconds, usage.ru_maxrss * 1024)

    return run


def inside(module: str, *arguments: str) -> Measured:
    """Measures what a script of `benchmarks.inside` says of itself: `{"seconds": …}`."""

    def run() -> Run:
        command = [sys.executable, "-m", f"benchmarks.inside.{module}", *arguments]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            sys.exit(f"{' '.join(command)} failed:\n{done.stderr}")
        said = json.loads(done.stdout.splitlines()[-1])
        return Run(said["seconds"], said["memory"])

    return run


def peak() -> int:
    """The peak of this process's memory, in bytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


@dataclass(frozen=True, slots=True)
class Comparison:
    """A subject's runs beside its floor's, taken in turn."""

    name: str
    aim: float
    floor_name: str
    subject: tuple[Run, ...]
    floor: tuple[Run, ...]
    note: str = ""

    @property
    def ratio(self) -> float:
        """The ratio of the shortest runs: what noise has least part in."""
        return min(self._seconds(self.subject)) / min(self._seconds(self.floor))

    @property
    def median_ratio(self) -> float:
        """The median of the ratios of runs that were taken one after the other."""
        return median(
            one.seconds / other.seconds for one, other in zip(self.subject, self.floor, strict=True)
        )

    @property
    def noise(self) -> float:
        """How far the floor's own runs lie apart: the median above the shortest, as a share."""
        seconds = self._seconds(self.floor)
        return median(seconds) / min(seconds) - 1

    @staticmethod
    def _seconds(runs: Sequence[Run]) -> list[float]:
        return [run.seconds for run in runs]

    def to_json(self) -> dict[str, Any]:
        """The figures as data."""
        return {
            "name": self.name,
            "floor": self.floor_name,
            "aim": self.aim,
            "ratio": round(self.ratio, 3),
            "median_ratio": round(self.median_ratio, 3),
            "noise": round(self.noise, 3),
            "subject_seconds": [round(run.seconds, 4) for run in self.subject],
            "floor_seconds": [round(run.seconds, 4) for run in self.floor],
            "subject_peak_bytes": max(run.memory for run in self.subject),
            "floor_peak_bytes": max(run.memory for run in self.floor),
            "note": self.note,
        }


def compare(
    name: str,
    subject: Measured,
    floor: Measured,
    *,
    aim: float,
    floor_name: str,
    repeats: int,
    note: str = "",
) -> Comparison:
    """Runs both in turn, after one uncounted run of each."""
    floor()
    subject()
    pairs = [(floor(), subject()) for _ in range(repeats)]
    floors, subjects = zip(*pairs, strict=True)
    return Comparison(name, aim, floor_name, subjects, floors, note)
