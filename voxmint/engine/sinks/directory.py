"""The sink for folders: a file for each value, in the form of mounted secrets.

```yaml
sinks:
  - kind: directory
    path: run/tokens                  # made if need be, in a folder that is there
    mode: "0640"                      # of files; folders are 0700, or as open as their files
    group: app
    names: {client_secret: "{profile}.token"}   # and values, prefix, allow_… as `dotenv` has them
```

All files change at once: each lies in a version of the folder, and a link leads to the one that
holds. A program that opens `run/tokens/CLINIC_CLIENT_SECRET` reads one whole value, with no line
break at its end.
"""

import re
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, ClassVar

from voxmint.engine.failures import failure
from voxmint.engine.files import Target
from voxmint.engine.git import Absence
from voxmint.engine.sinks.contract import (
    Change,
    Delivery,
    OptionsWhenNeeded,
    Receipt,
    SinkOutcome,
    Staged,
    Surroundings,
)
from voxmint.engine.sinks.guarded import GuardedSink
from voxmint.engine.sinks.naming import clashes, variable_names
from voxmint.engine.sinks.values import needed, written_values
from voxmint.engine.sinks.versions import DATA, Access, Versions
from voxmint.engine.wording import (
    FILE_CHANGING,
    FILE_NOT_REGULAR,
    FOLDER_MISSING,
    FOLDER_UNWRITABLE,
    SINK_FILE_NAME_INVALID,
    SINK_FILE_TRACKED,
    SINK_UNVERIFIED,
    SINK_VALUE_UNFIT,
)
from voxmint.problems import Problem, ProblemsError

if TYPE_CHECKING:
    from voxmint.engine.sinks.directory_options import DirectoryOptions

_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,250}")
_TRIES = 5


class DirectorySink(GuardedSink):
    """A folder with a file for each value of an environment's profiles."""

    kind: ClassVar[str] = "directory"
    Options = OptionsWhenNeeded("voxmint.engine.sinks.directory_options:DirectoryOptions")

    def __init__(self, options: "DirectoryOptions", around: Surroundings) -> None:
        super().__init__(options, around)
        self.options: DirectoryOptions = options

    @property
    def target(self) -> str:
        return self.options.path

    @property
    def address(self) -> str:
        return self.around.state.address(self.folder().path)

    def folder(self) -> Target:
        """The folder, as the way there really is."""
        return self.reached(self.options.path.rstrip("/"))

    def access(self) -> Access:
        """Who may read; `ProblemsError` where the group cannot be given."""
        return Access(self.options.bits, self.group_id())

    def files_of(self, profile: str) -> dict[str, str]:
        """The file of each value that is written of a profile."""
        options = self.options
        return variable_names(profile, options.names, options.values, options.prefix)

    def values_of(self, delivery: Delivery) -> dict[str, bytes]:
        """What a delivery writes, by file; `ProblemsError` where a value cannot be written."""
        values = written_values(delivery, self.files_of(delivery.profile))
        for name, value in values.items():
            if not str(value).isprintable():
                raise failure(SINK_VALUE_UNFIT, name=name)
        return {name: str(value).encode() for name, value in values.items()}

    # ── what is wrong ────────────────────────────────────────────────────────────────────────────

    def flaws(self) -> Iterator[Problem]:
        yield from self._name_problems()
        try:
            self.folder()
        except ProblemsError as error:
            yield from self.located(error)

    def preflight(self) -> Iterator[Problem]:
        yield from self._name_problems()
        yield from self.group_problems()
        try:
            target = self.folder()
            yield from self._folder_problems(target)
            yield from self._tracked(target)
            named = [name for profile in self.around.profiles for name in self.files_of(profile)]
            targets = [DATA, *named[:1]]
            yield from self.git_problems([(self.target, target.path / one) for one in targets])
        except ProblemsError as error:
            yield from self.located(error)

    def _name_problems(self) -> Iterator[Problem]:
        own = [(one, tuple(self.files_of(one).values())) for one in self.around.profiles]
        for profile, names in own:
            for name in names:
                if not _NAME.fullmatch(name):
                    facts = {"profile": profile, "name": name}
                    affected = ((profile, self.around.environment),)
                    at = self.around.at
                    yield Problem(SINK_FILE_NAME_INVALID, at, facts, affects=affected)
        yield from clashes(self, own)

    def _folder_problems(self, target: Target) -> Iterator[Problem]:
        at = self.around.at
        if not target.folder.is_dir():
            facts = {"path": self.target, "folder": target.folder}
            yield Problem(FOLDER_MISSING, at, facts)
            return
        try:
            versions = Versions(target)
        except FileNotFoundError:
            return
        with versions:
            versions.current()
            if not versions.may_write():
                yield Problem(FOLDER_UNWRITABLE, at, {"path": self.target, "folder": target.path})
            for profile in self.around.profiles:
                for name in self.files_of(profile).values():
                    found = versions.obstacle(name)
                    if found:
                        facts = {"path": f"{self.target}/{name}", "found": found}
                        yield Problem(FILE_NOT_REGULAR, at, facts)

    def _tracked(self, target: Target) -> Iterator[Problem]:
        if self.options.allow_tracked:
            return
        git = self.around.git(target.folder)
        if not isinstance(git, Absence) and git.tracked(target.path):
            yield Problem(SINK_FILE_TRACKED, self.around.at, {"path": self.target})

    # ── what it holds, and what is written ───────────────────────────────────────────────────────

    def holds(self) -> frozenset[str]:
        target = self.folder()
        if not target.path.is_dir():
            return frozenset()
        with Versions(target) as versions:
            names = versions.names()
        return frozenset(
            profile
            for profile in self.around.profiles
            if names.issuperset(needed(self.files_of(profile)))
        )

    def locked(self) -> AbstractContextManager[None]:
        return self.around.locks.held_on_file(self.folder().path)

    def stage(self, change: Change) -> Staged:
        if not change.deliveries and not self.folder().path.exists():
            return _NothingStaged(change)
        return _StagedFolder(self, change)

    def gone(self, change: Change, values: Mapping[str, Mapping[str, bytes]]) -> frozenset[str]:
        """The files that a change takes out: voxmint's by the receipts, and no longer in use."""
        touched = change.remove | values.keys()
        here = (self.kind, self.address)
        known = [one for one in change.receipts if (one.kind, one.target) == here]
        ours = set(self.around.profiles)
        gone = {name for one in known if one.profile in touched for name in one.names}
        gone.update(name for one in ours & touched for name in self.files_of(one).values())
        kept = {name for one in ours - touched for name in self.files_of(one).values()}
        return frozenset(gone.difference(kept, *values.values()))


class _NothingStaged(Staged):
    """What is taken out of a folder that is not there."""

    def __init__(self, change: Change) -> None:
        self._change = change

    def read_back(self) -> None:
        """There is nothing to look at."""

    def switch(self) -> Mapping[str, SinkOutcome]:
        return dict.fromkeys(sorted(self._change.remove), SinkOutcome.REMOVED)

    def discard(self) -> None:
        """There is nothing to remove."""


class _StagedFolder(Staged):
    """A version of the folder that nothing leads to yet."""

    def __init__(self, sink: DirectorySink, change: Change) -> None:
        self._sink = sink
        self._change = change
        self._gone = sink.gone(change, self._sort_out(change))
        self._access = sink.access()
        self._folder = Versions(sink.folder(), makes=True)
        self._version: str | None = None
        self._before: str | None = None
        try:
            self._folder.sweep()
            self._prepare()
        except BaseException:
            self.discard()
            raise

    def _sort_out(self, change: Change) -> dict[str, dict[str, bytes]]:
        values: dict[str, dict[str, bytes]] = {}
        refused: dict[str, Problem] = {}
        for delivery in change.deliveries:
            try:
                values[delivery.profile] = self._sink.values_of(delivery)
            except ProblemsError as error:
                refused[delivery.profile] = error.problems[0]
        kind, address = self._sink.kind, self._sink.address
        self.receipts = tuple(
            Receipt(one, kind, address, tuple(held)) for one, held in values.items()
        )
        self.refused = refused
        return values

    @property
    def _values(self) -> dict[str, bytes]:
        """What is written, by file; made when it is needed, so that it is nowhere else to see."""
        return {
            name: data
            for one in self._change.deliveries
            if one.profile not in self.refused
            for name, data in self._sink.values_of(one).items()
        }

    def _prepare(self) -> None:
        folder, access = self._folder, self._access
        self._version = None
        self._before = folder.current()
        if not folder.is_already(self._values, self._gone, access):
            self._version = folder.stage(self._values, self._gone, access)

    def read_back(self) -> None:
        version = self._version
        if version and not self._folder.holds(version, self._values, self._access):
            raise failure(SINK_UNVERIFIED, target=self._sink.target)

    def switch(self) -> Mapping[str, SinkOutcome]:
        for _ in range(_TRIES):
            if self._version is None:
                return self._outcomes(SinkOutcome.UNCHANGED)
            if self._folder.current() == self._before:
                self._folder.switch(self._version, self._access)
                self._version = None
                return self._outcomes(SinkOutcome.WRITTEN)
            self._folder.remove(self._version)
            self._prepare()
            self.read_back()
        raise failure(FILE_CHANGING, path=self._sink.target)

    def _outcomes(self, delivered: SinkOutcome) -> Mapping[str, SinkOutcome]:
        return {
            **dict.fromkeys(sorted(self._change.remove), SinkOutcome.REMOVED),
            **{receipt.profile: delivered for receipt in self.receipts},
            **dict.fromkeys(self.refused, SinkOutcome.FAILED),
        }

    def discard(self) -> None:
        if self._version is not None:
            self._folder.discard(self._version)
            self._version = None
        self._folder.close()
