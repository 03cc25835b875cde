"""What sinks of the file system have in common: where they may write, and what git says of it."""

import grp
import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import ClassVar, Protocol

from voxmint.engine.failures import failure
from voxmint.engine.files import Target, target_within
from voxmint.engine.sinks.contract import Sink, Surroundings
from voxmint.engine.wording import (
    PATH_RESERVED,
    SINK_FILE_TRACKED,
    SINK_FILE_UNIGNORED,
    SINK_GROUP_UNKNOWN,
    SINK_UNGUARDED,
)
from voxmint.problems import Problem, ProblemsError


class Guarded(Protocol):
    """The settings that these sinks share, as `file_options.Guarded` has them."""

    @property
    def values(self) -> tuple[str, ...]: ...
    @property
    def group(self) -> str | int | None: ...
    @property
    def allow_tracked(self) -> bool: ...
    @property
    def allow_unignored(self) -> bool: ...
    @property
    def bits(self) -> int: ...


class FileSettings(Guarded, Protocol):
    """As `file_options.FileOptions` has them."""

    @property
    def path(self) -> str: ...


_YAML = frozenset({".yaml", ".yml"})


class GuardedSink(Sink):
    """A sink that writes at a path, inside the project or where the operator allows."""

    reserved: ClassVar[frozenset[str]] = _YAML
    """Ends of names that it leaves alone: its project's own files, or somebody else's tools'."""

    def __init__(self, options: Guarded, around: Surroundings) -> None:
        super().__init__(options, around)
        self.options: Guarded = options

    def reached(self, path: str) -> Target:
        """Where a path of the settings leads; `ProblemsError` where no sink may write there."""
        target = target_within(self.around.project, path, self.around.allowed)
        for part in target.path.parts:
            if part.casefold() == ".git":
                raise failure(PATH_RESERVED, path=path, folder=part)
        if target.path.suffix.lower() in self.reserved:
            raise failure(PATH_RESERVED, path=path, folder=target.path.name)
        for folder in self._kept_clear():
            if target.path.is_relative_to(folder):
                raise failure(PATH_RESERVED, path=path, folder=folder)
        return target

    def _kept_clear(self) -> Iterator[Path]:
        yield self.around.state.path
        yield from (self.around.project.resolve() / name for name in self.around.folders)

    def located(self, error: ProblemsError) -> Iterator[Problem]:
        """The problems of an error, at the sink's place."""
        return (problem._replace(at=self.around.at) for problem in error.problems)

    def group_id(self) -> int | None:
        """The number of the group that files are given to, if any; `ProblemsError` of no such."""
        group = self.options.group
        if group is None:
            return None
        try:
            number = group if isinstance(group, int) else grp.getgrnam(group).gr_gid
        except KeyError as error:
            raise self._no_group("this machine has no such group") from error
        if os.geteuid() != 0 and number not in {os.getegid(), *os.getgroups()}:
            raise self._no_group("this user does not belong to it")
        return number

    def _no_group(self, said: str) -> ProblemsError:
        return failure(SINK_GROUP_UNKNOWN, path=self.target, group=self.options.group, reason=said)

    def group_problems(self) -> Iterator[Problem]:
        """That the group cannot be given."""
        try:
            self.group_id()
        except ProblemsError as error:
            yield from self.located(error)

    def git_problems(self, targets: Sequence[tuple[str, Path]]) -> Iterator[Problem]:
        """What git says of files in one folder, each with its label: no token may be committed."""
        options = self.options
        if not targets or (options.allow_tracked and options.allow_unignored):
            return
        from voxmint.engine.git import Absence  # a look at settings alone asks no git

        git = self.around.git(targets[0][1].parent)
        if isinstance(git, Absence):
            # Not of this sink alone: it is said once for all of them.
            yield Problem(SINK_UNGUARDED, facts={"reason": git.value})
            return
        paths = [path for _, path in targets]
        tracked = git.any_tracked(paths)
        ignored = frozenset(paths) if options.allow_unignored else git.any_ignored(paths)
        labels = {path: label for label, path in targets}
        yield from self._committable(labels, tracked, ignored)

    def _committable(
        self, labels: dict[Path, str], tracked: Iterable[Path], ignored: frozenset[Path]
    ) -> Iterator[Problem]:
        known = frozenset(tracked)
        for path, label in labels.items():
            kind = SINK_FILE_TRACKED if path in known else SINK_FILE_UNIGNORED
            is_allowed = self.options.allow_tracked if path in known else path in ignored
            if not is_allowed:
                yield Problem(kind, self.around.at, {"path": label})
                # Of a thousand files of one kind, one says it.
                return
