"""The sink for env files: bare `KEY=value` lines among whatever else a file holds.

```yaml
sinks:
  - kind: dotenv
    path: .env.production             # relative to the project
    mode: "0640"                      # 0600 unless said otherwise
    group: app                        # the group that the mode is widened for
    names:
      client_secret: "{profile}_TOKEN"          # {profile}: the profile's name in capitals
      profiles: {call-center/german: GERMAN}    # what {profile} stands for, for one profile
    allow_unignored: true             # write even where git does not ignore the file
```

The file is always given the mode that is set here, also where it had a wider one.
"""

import grp
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar

from voxmint.engine.failures import failure
from voxmint.engine.files import (
    Existing,
    Place,
    Staged as StagedFile,
    Target,
    is_already,
    target_within,
)
from voxmint.engine.git import Absence
from voxmint.engine.sinks import variables
from voxmint.engine.sinks.contract import (
    Change,
    Delivery,
    Receipt,
    Sink,
    SinkOutcome,
    Staged,
    Surroundings,
)
from voxmint.engine.sinks.dotenv_plain import PlainOptions, plain_options
from voxmint.engine.sinks.envfile import flaws_in, merge_env, names_held
from voxmint.engine.wording import (
    FILE_CHANGING,
    FOLDER_UNWRITABLE,
    PATH_RESERVED,
    SINK_FILE_TRACKED,
    SINK_FILE_UNIGNORED,
    SINK_FILE_UNPARSABLE,
    SINK_GROUP_UNKNOWN,
    SINK_NAME_CLASH,
    SINK_NAME_INVALID,
    SINK_NAME_REFUSED,
    SINK_UNGUARDED,
    SINK_UNVERIFIED,
    SINK_VALUE_UNFIT,
)
from voxmint.problems import Kind, Problem, ProblemsError

if TYPE_CHECKING:
    from voxmint.engine.sinks.dotenv_options import DotenvOptions

_TRIES = 5
"""How often a file that somebody else changes meanwhile is read and merged again."""


class _OptionsWhenNeeded:
    """`DotenvOptions`, imported when it is asked for: settings right at a glance need none."""

    def __get__(self, sink: Sink | None, owner: type[Sink]) -> "type[DotenvOptions]":
        from voxmint.engine.sinks.dotenv_options import DotenvOptions

        return DotenvOptions


class DotenvSink(Sink):
    """An env file that holds the values of an environment's profiles."""

    kind: ClassVar[str] = "dotenv"
    Options = _OptionsWhenNeeded()

    def __init__(self, options: "DotenvOptions | PlainOptions", around: Surroundings) -> None:
        super().__init__(options, around)
        self.options: DotenvOptions | PlainOptions = options

    @classmethod
    def plain_options(cls, settings: Mapping[str, object]) -> PlainOptions | None:
        # What another package makes of this sink may have settings of its own.
        return plain_options(settings) if cls is DotenvSink else None

    @property
    def target(self) -> str:
        return self.options.path

    @property
    def address(self) -> str:
        return self.around.state.address(self.file().path)

    def file(self) -> Target:
        """The file, wherever its path leads; `ProblemsError` where that is not allowed."""
        path = self.options.path
        target = target_within(self.around.project, path, self.around.allowed)
        for part in target.path.parts:
            if part.casefold() == ".git":
                raise failure(PATH_RESERVED, path=path, folder=part)
        if target.path.suffix.lower() in (".yaml", ".yml"):
            # One of the project's own files, or of somebody else's tools: no env file is YAML.
            raise failure(PATH_RESERVED, path=path, folder=target.path.name)
        if target.path.is_relative_to(self.around.state.path):
            raise failure(PATH_RESERVED, path=path, folder=self.around.state.path)
        return target

    def names_of(self, profile: str) -> tuple[str, str, str]:
        """The names under which a profile's token, expiry and session id are written."""
        names = self.options.names
        stem = names.profiles.get(profile, variables.stem(profile))
        templates = (names.client_secret, names.expires_at, names.session_id)
        token, expires_at, session_id = (text.replace("{profile}", stem) for text in templates)
        return token, expires_at, session_id

    def flaws(self) -> Iterator[Problem]:
        yield from self._name_problems()
        try:
            self.file()
        except ProblemsError as error:
            yield from (replace(problem, at=self.around.at) for problem in error.problems)

    def preflight(self) -> Iterator[Problem]:
        yield from self._name_problems()
        yield from self._group_problems()
        try:
            target = self.file()
            with Place(target) as place:
                yield from self._file_problems(place)
            yield from self._git_problems(target)
        except ProblemsError as error:
            yield from self._located(error)

    def _located(self, error: ProblemsError) -> Iterator[Problem]:
        return (replace(problem, at=self.around.at) for problem in error.problems)

    def holds(self) -> frozenset[str]:
        target = self.file()
        if not target.folder.is_dir():
            return frozenset()
        with Place(target) as place:
            existing = place.read()
        held = names_held(existing.data) if existing else frozenset()
        return frozenset(
            profile for profile in self.around.profiles if held.issuperset(self._needed(profile))
        )

    def _needed(self, profile: str) -> Sequence[str]:
        # Not every service gives a session an id.
        return self.names_of(profile)[:2]

    def locked(self) -> AbstractContextManager[None]:
        return self.around.locks.held_on_file(self.file().path)

    def stage(self, change: Change) -> Staged:
        return _StagedEnv(self, change)

    def _name_problems(self) -> Iterator[Problem]:
        owners: dict[str, str] = {}
        clashes: dict[tuple[str, str], str] = {}
        for profile in self.around.profiles:
            for name in self.names_of(profile):
                if not variables.is_name(name):
                    yield self._name_problem(SINK_NAME_INVALID, profile, name)
                elif variables.is_refused(name):
                    yield self._name_problem(SINK_NAME_REFUSED, profile, name)
                elif name in owners:
                    clashes.setdefault((owners[name], profile), name)
                owners.setdefault(name, profile)
        for (one, other), name in clashes.items():
            facts = {"one": one, "other": other, "name": name, "target": self.target}
            affected = tuple((profile, self.around.environment) for profile in (one, other))
            yield Problem(SINK_NAME_CLASH, self.around.at, facts, affects=affected)

    def _name_problem(self, kind: Kind, profile: str, name: str) -> Problem:
        affected = ((profile, self.around.environment),)
        return Problem(kind, self.around.at, {"profile": profile, "name": name}, affects=affected)

    def _group_problems(self) -> Iterator[Problem]:
        try:
            _group_id(self.options)
        except ProblemsError as error:
            yield from self._located(error)

    def _file_problems(self, place: Place) -> Iterator[Problem]:
        path, at = self.target, self.around.at
        existing = place.read()
        flaw = next(flaws_in(existing.data), None) if existing else None
        if flaw:
            facts = {"path": path, "line": flaw[0], "found": flaw[1]}
            yield Problem(SINK_FILE_UNPARSABLE, at, facts)
        if not place.may_write():
            facts = {"path": path, "folder": place.target.folder}
            yield Problem(FOLDER_UNWRITABLE, at, facts)

    def _git_problems(self, target: Target) -> Iterator[Problem]:
        options, facts = self.options, {"path": self.target}
        if options.allow_tracked and options.allow_unignored:
            return
        git = self.around.git(target.folder)
        if isinstance(git, Absence):
            # Not of this sink alone: it is said once for all of them.
            yield Problem(SINK_UNGUARDED, facts={"reason": git.value})
        elif git.tracked(target.path):
            if not options.allow_tracked:
                yield Problem(SINK_FILE_TRACKED, self.around.at, facts)
        elif not (options.allow_unignored or git.ignored(target.path)):
            yield Problem(SINK_FILE_UNIGNORED, self.around.at, facts)

    def values(self, delivery: Delivery) -> dict[str, str]:
        """The variables that a delivery sets; `ProblemsError` where a value cannot be written."""
        token, expires_at, session_id = self.names_of(delivery.profile)
        values = {token: delivery.token.reveal(), expires_at: str(delivery.expires_at)}
        if delivery.session_id is not None:
            values[session_id] = delivery.session_id
        for name, value in values.items():
            if not variables.is_plain(value):
                raise failure(SINK_VALUE_UNFIT, name=name)
        return values

    def stale(self, change: Change, assigned: Mapping[str, Sequence[str]]) -> frozenset[str]:
        """The names that a change takes out: voxmint's by the receipts, and no longer in use.

        `assigned` are the names that it writes, by profile.
        """
        touched = change.remove | assigned.keys()
        here = (self.kind, self.address)
        known = [receipt for receipt in change.receipts if (receipt.kind, receipt.target) == here]
        gone = {name for held in known if held.profile in touched for name in held.names}
        ours = set(self.around.profiles)
        gone.update(name for profile in ours & touched for name in self.names_of(profile))
        gone.difference_update(*assigned.values())
        # Another profile may have come to bear the same names.
        kept = (name for profile in ours - touched for name in self.names_of(profile))
        return frozenset(gone.difference(kept) if gone else ())


class _StagedEnv(Staged):
    """An env file's new content, beside it; merged again if the file changes before the switch."""

    def __init__(self, sink: DotenvSink, change: Change) -> None:
        self._sink = sink
        self._change = change
        self._sort_out(change.deliveries)
        self._group = _group_id(sink.options)
        self._place = Place(sink.file())
        self._existing: Existing | None = None
        self._staged: StagedFile | None = None
        try:
            self._place.sweep()
            self._prepare()
        except BaseException:
            self.discard()
            raise

    def _sort_out(self, deliveries: Sequence[Delivery]) -> None:
        names: dict[str, tuple[str, ...]] = {}
        refused: dict[str, Problem] = {}
        for delivery in deliveries:
            try:
                names[delivery.profile] = tuple(self._sink.values(delivery))
            except ProblemsError as error:
                refused[delivery.profile] = error.problems[0]
        kind, target = self._sink.kind, self._sink.address
        self.receipts = tuple(Receipt(name, kind, target, held) for name, held in names.items())
        self.refused = refused
        self._stale = self._sink.stale(self._change, names)

    def _prepare(self) -> None:
        existing = self._place.read()
        data = self._merged(existing.data if existing else b"")
        mode = self._sink.options.bits
        unchanged = is_already(existing, data, mode, self._group) or (existing is None and not data)
        self._existing = existing
        self._staged = None if unchanged else self._place.stage(data, mode, self._group)

    def _merged(self, existing: bytes) -> bytes:
        values: dict[str, str] = {}
        for delivery in self._change.deliveries:
            if delivery.profile not in self.refused:
                values |= self._sink.values(delivery)
        return merge_env(existing, values, self._stale)

    def read_back(self) -> None:
        if self._staged and not self._staged.reads_back():
            raise failure(SINK_UNVERIFIED, target=self._sink.target)

    def switch(self) -> Mapping[str, SinkOutcome]:
        for _ in range(_TRIES):
            if self._staged is None:
                return self._outcomes(SinkOutcome.UNCHANGED)
            if self._place.is_still(self._existing):
                self._staged.switch()
                return self._outcomes(SinkOutcome.WRITTEN)
            self._staged.discard()
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
        if self._staged:
            self._staged.discard()
        self._place.close()


def _group_id(options: "DotenvOptions | PlainOptions") -> int | None:
    """The number of the group that the file is given to, if any."""
    group = options.group
    if group is None:
        return None
    try:
        number = group if isinstance(group, int) else grp.getgrnam(group).gr_gid
    except KeyError as error:
        raise _no_group(options, "this machine has no such group") from error
    if os.geteuid() != 0 and number not in {os.getegid(), *os.getgroups()}:
        raise _no_group(options, "this user does not belong to it")
    return number


def _no_group(options: "DotenvOptions | PlainOptions", said: str) -> ProblemsError:
    return failure(SINK_GROUP_UNKNOWN, path=options.path, group=options.group, reason=said)
