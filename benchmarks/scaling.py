"""What a project ten times as large costs: all of it, and one profile of it."""

import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks import fleet
from benchmarks.figures import Claim, Comparison, Figure, MemoryEach, Suite, compare
from benchmarks.measure import Measured, in_turn, inside, process, repeated

FEW, MANY = 1000, 10_000
_ENVIRONMENTS = len(fleet.ENVIRONMENTS)
_REPEATS = 3
"""At most so many: one run compiles 30,000 bodies."""
_ONE = 5000
"""The profile that is rendered alone: it has both bases, and an overlay is laid on it."""
_VOXMINT = (sys.executable, "-m", "voxmint")

TIME = Claim(
    f"compile {MANY:,} profiles, time of one",
    f"the same for {FEW:,} profiles, compiled {MANY // FEW} times in a row",
    aim=1.0,
    note=f"in {_ENVIRONMENTS} environments each",
)
MEMORY = tuple(
    Claim(
        f"compile {profiles:,} profiles, memory of one body",
        "what the process had taken before the call",
        # Measured: 14.5 kB; the rest is room for other versions of Python.
        aim=16.0,
        unit="kB",
        note="imports that the call makes included",
    )
    for profiles in (FEW, MANY)
)
RENDER = Claim(
    f"`voxmint render`, one profile of {MANY:,}",
    "the same profile, in a project of its bases and its environment",
    aim=1.15,
    note="the whole process; the same output",
)


def _measure(repeats: int) -> list[Figure]:
    with TemporaryDirectory() as few, TemporaryDirectory() as many, TemporaryDirectory() as lone:
        fleet.write(Path(few), fleet.files(range(FEW)))
        fleet.write(Path(many), fleet.files(range(MANY)))
        fleet.write(Path(lone), fleet.files([_ONE], ["production"]))
        one = _compiling(few, FEW)
        calls = [repeated(one, MANY // FEW), _compiling(many, MANY)]
        few_runs, many_runs = in_turn(calls, min(repeats, _REPEATS), same=True)
        return [
            Comparison(TIME, many_runs, few_runs),
            MemoryEach(MEMORY[0], (one(),)),
            MemoryEach(MEMORY[1], many_runs),
            compare(RENDER, _rendering(many), _rendering(lone), repeats, same=True),
        ]


def _compiling(folder: str, profiles: int) -> Measured:
    bodies = profiles * _ENVIRONMENTS
    return inside("compile_project", folder, str(bodies), units=bodies)


def _rendering(folder: str) -> Measured:
    profile = f"wards/{fleet.ward(_ONE).name}"
    command = (*_VOXMINT, "-C", folder, "render", profile, "-e", "production")
    return process(command, result=profile)


SUITE = Suite((TIME, *MEMORY, RENDER), _measure)
