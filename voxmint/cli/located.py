"""Problems on their way to the edge, with the texts that they are about."""

from voxmint.cli.display.sources import Sources
from voxmint.problems import ProblemsError, UsageError


class LocatedProblemsError(ProblemsError):
    """Problems, with the texts that their places are in."""

    def __init__(self, failure: ProblemsError, sources: Sources) -> None:
        super().__init__(failure.problems)
        self.sources = sources


class WrongSetError(LocatedProblemsError):
    """What `--set` was given cannot be read."""

    exit_code = UsageError.exit_code
