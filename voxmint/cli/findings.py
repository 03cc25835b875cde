"""What a check found, apart from how it is shown."""

from collections.abc import Collection, Mapping
from typing import NamedTuple

from voxmint.cli.compiling import Compiled
from voxmint.cli.display.sources import NO_SOURCES, Sources
from voxmint.problems import Problem, Severity
from voxmint.profiles.bounds import bounded
from voxmint.profiles.compiled import CompiledEnvironment, CompiledProfile


class Checked(NamedTuple):
    """How much was looked at."""

    profiles: int
    environments: int
    bodies: int


class Findings(NamedTuple):
    """The problems of what was looked at, and where they stand.

    `reached` is how many of the profiles have an error; 0 where that cannot be said.
    """

    problems: tuple[Problem, ...]
    checked: Checked
    reached: int
    sources: Sources

    def count(self, severity: Severity) -> int:
        """How many of the problems weigh so much."""
        return sum(problem.severity is severity for problem in self.problems)

    def fails(self, *, strict: bool) -> bool:
        """Whether the check fails: at an error, and if it is strict at a warning."""
        return bool(self.count(Severity.ERROR) or (strict and self.count(Severity.WARNING)))


NOTHING = Findings((), Checked(0, 0, 0), 0, NO_SOURCES)
"""What a check finds that looked at nothing."""


def findings_of(compiled: Compiled) -> Findings:
    """The findings of a compile, as far as they are told."""
    told = tuple(bounded(compiled.problems))
    return Findings(told, _checked(compiled), _reached(compiled), compiled.sources)


def _checked(compiled: Compiled) -> Checked:
    """All there is, where everything was asked for; otherwise what was compiled."""
    compilation = compiled.compilation
    attempted = compilation.attempted
    if compiled.order.is_everything:
        return Checked(
            _concrete(compilation.profile_names, compilation.profiles),
            _concrete(compilation.environment_names, compilation.environments),
            len(attempted),
        )
    profiles = len({profile for profile, _ in attempted})
    return Checked(profiles, len({environment for _, environment in attempted}), len(attempted))


def _concrete(
    names: Collection[str], known: Mapping[str, CompiledProfile] | Mapping[str, CompiledEnvironment]
) -> int:
    """How many there are, without those that are known to be abstract."""
    return len(names) - sum(one.document.abstract for one in known.values())


def _reached(compiled: Compiled) -> int:
    """How many profiles an error reaches, or stands in the file of."""
    errors = [problem for problem in compiled.problems if problem.is_error]
    if not errors:
        return 0
    profiles = compiled.compilation.profiles
    files = {problem.at.file for problem in errors if problem.at is not None}
    reached = {profile for problem in errors for profile, _ in problem.affects}
    for name in compiled.compilation.profile_names:
        known = profiles.get(name)
        if known is None:
            # It could not be read, or what it extends: then its file is known by its name alone.
            is_reached = any(file.rpartition(".")[0].endswith(f"/{name}") for file in files)
        else:
            is_reached = known.document.file in files and not known.document.abstract
        reached |= {name} if is_reached else set()
    return len(reached)
