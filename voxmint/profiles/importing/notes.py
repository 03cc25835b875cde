"""Problems of one pasted text, as they are found."""

from collections.abc import Iterable
from typing import NamedTuple

from voxmint.origin import Origin, Path, dotted
from voxmint.problems import Kind, Problem, Related
from voxmint.profiles.nodes import Mark


class Notes(NamedTuple):
    """Collects the problems of one text; `file` is what their places are called by."""

    file: str
    problems: list[Problem]

    def add(
        self,
        kind: Kind,
        mark: Mark,
        path: Path = (),
        related: tuple[Related, ...] = (),
        /,
        **facts: object,
    ) -> None:
        """Notes what is wrong at the mark; `path` is the one that is told to a program."""
        at = Origin(self.file, *mark)
        self.problems.append(Problem(kind, at, facts, related, dotted(path) or None))

    def take(self, problems: Iterable[Problem]) -> None:
        """Notes what others found."""
        self.problems.extend(problems)

    @property
    def has_errors(self) -> bool:
        return any(problem.is_error for problem in self.problems)
