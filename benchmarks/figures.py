"""What is claimed of the speed, and the figures that were measured for it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any, NamedTuple, TypeAlias

from benchmarks.measure import Measured, Run, in_turn


@dataclass(frozen=True, slots=True)
class Claim:
    """One thing that is measured, and what it should come to.

    `against` says what it is measured against, `note` what is in it. `aim` is the most it should
    be, or the least where `at_least` is true; `unit` is that of the figure, "" for a ratio.
    """

    name: str
    against: str
    aim: float
    note: str = ""
    unit: str = ""
    at_least: bool = False

    def shown(self, value: float) -> str:
        """A value of this kind, for a person."""
        if self.unit:
            return f"{value:.1f} {self.unit}"
        return f"{value:.0f}" if self.at_least else f"{value:.2f}"

    @property
    def shown_aim(self) -> str:
        """The aim, for a person: `≤ 1.30`."""
        return f"{'≥' if self.at_least else '≤'} {self.shown(self.aim)}"

    def is_met_by(self, value: float) -> bool:
        """Whether a figure is as it should be."""
        return value >= self.aim if self.at_least else value <= self.aim


@dataclass(frozen=True, slots=True)
class Comparison:
    """A subject's runs beside its floor's, taken in turn; the figure is a ratio of times."""

    claim: Claim
    subject: tuple[Run, ...]
    floor: tuple[Run, ...]

    @property
    def value(self) -> float:
        """The ratio of the shortest runs, for each thing made: what noise has least part in."""
        return seconds_each(self.subject) / seconds_each(self.floor)

    @property
    def median(self) -> float:
        """The median of the ratios of runs that were taken one after the other."""
        pairs = zip(self.subject, self.floor, strict=True)
        return median(one.seconds_each / other.seconds_each for one, other in pairs)

    @property
    def noise(self) -> float:
        """How far the floor's own runs lie apart: the median above the shortest, as a share."""
        seconds = [run.seconds for run in self.floor]
        return median(seconds) / min(seconds) - 1

    def to_json(self) -> dict[str, Any]:
        """The figures as data."""
        return {
            **_common(self),
            "median_ratio": round(self.median, 3),
            "noise": round(self.noise, 3),
            "floor_units": self.floor[0].units,
            "floor_seconds": [round(run.seconds, 4) for run in self.floor],
            "floor_elapsed": [round(run.elapsed, 4) for run in self.floor],
            "floor_peak_bytes": max(run.memory for run in self.floor),
        }


@dataclass(frozen=True, slots=True)
class MemoryEach:
    """The memory that a run takes for each thing it makes; the figure is in units of 1000 bytes."""

    claim: Claim
    subject: tuple[Run, ...]

    @property
    def value(self) -> float:
        """Of all runs the most that the peak grew by, for each thing made."""
        return max(run.grown / run.units for run in self.subject) / 1000

    def to_json(self) -> dict[str, Any]:
        """The figures as data."""
        return {**_common(self), "grown_bytes": [run.grown for run in self.subject]}


@dataclass(frozen=True, slots=True)
class MemoryPeak:
    """The memory of a process; the figure is in units of a million bytes."""

    claim: Claim
    subject: tuple[Run, ...]

    @property
    def value(self) -> float:
        """The highest peak of all runs."""
        return _highest(self.subject) / 1e6

    def to_json(self) -> dict[str, Any]:
        """The figures as data."""
        return _common(self)


@dataclass(frozen=True, slots=True)
class Counted:
    """What was counted in one run, beside what it could have come to; the figure is a share."""

    claim: Claim
    subject: tuple[Run, ...]
    count: float
    whole: float

    @property
    def value(self) -> float:
        """The share, in hundredths."""
        return 100 * self.count / self.whole

    def to_json(self) -> dict[str, Any]:
        """The figures as data."""
        return {**_common(self), "count": self.count, "of": round(self.whole, 3)}


@dataclass(frozen=True, slots=True)
class MemoryRatio:
    """The memory of a process beside that of another; the figure is a ratio of peaks."""

    claim: Claim
    subject: tuple[Run, ...]
    floor: tuple[Run, ...]

    @property
    def value(self) -> float:
        """The highest peak of the one, by the highest of the other."""
        return _highest(self.subject) / _highest(self.floor)

    def to_json(self) -> dict[str, Any]:
        """The figures as data."""
        return {**_common(self), "floor_peak_bytes": _highest(self.floor)}


def _highest(runs: Sequence[Run]) -> int:
    return max(run.memory for run in runs)


Figure: TypeAlias = Comparison | MemoryEach | MemoryPeak | MemoryRatio | Counted


class Suite(NamedTuple):
    """Claims that are measured together; `measure` takes a number of repeats.

    `lacks` says in a sentence what is not installed that the suite needs; "" where all is.
    """

    claims: tuple[Claim, ...]
    measure: Callable[[int], list[Figure]]
    lacks: Callable[[], str] = str


def compare(
    claim: Claim, subject: Measured, floor: Measured, repeats: int, *, same: bool = False
) -> Comparison:
    """Runs both in turn; with `same`, they must make the same things."""
    floors, subjects = in_turn([floor, subject], repeats, same=same)
    return Comparison(claim, subjects, floors)


def seconds_each(runs: Sequence[Run]) -> float:
    """The time of one of the things made, in the shortest run."""
    return min(run.seconds_each for run in runs)


def _common(figure: Figure) -> dict[str, Any]:
    claim, runs = figure.claim, figure.subject
    return {
        "name": claim.name,
        "against": claim.against,
        "note": claim.note,
        "unit": claim.unit or "ratio",
        "aim": claim.aim,
        "at_least": claim.at_least,
        "value": round(figure.value, 3),
        "is_met": claim.is_met_by(figure.value),
        "units": runs[0].units,
        "seconds": [round(run.seconds, 4) for run in runs],
        "elapsed": [round(run.elapsed, 4) for run in runs],
        "peak_bytes": max(run.memory for run in runs),
    }
