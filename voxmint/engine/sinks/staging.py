"""A change to the files of a sink, staged as a whole before the first of them is switched over."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from voxmint.engine.failures import failure
from voxmint.engine.files import Existing, Place, Staged as StagedFile, Target, is_already
from voxmint.engine.sinks.contract import Change, Receipt, SinkOutcome, Staged
from voxmint.engine.wording import FILE_CHANGING, SINK_UNVERIFIED
from voxmint.problems import Problem, ProblemsError

if TYPE_CHECKING:
    from voxmint.engine.sinks.filed import FileSink

_TRIES = 5
"""How often a file that somebody else changes meanwhile is read and merged again."""


@dataclass(frozen=True, slots=True)
class Part:
    """What a change does to one file: what it sets for which profiles, and what it takes out."""

    target: Target
    entries: Mapping[str, Any] = field(repr=False)
    gone: frozenset[str]
    profiles: tuple[str, ...]


class StagedFiles(Staged):
    """New contents, each beside its file; merged again if a file changes before the switch."""

    def __init__(
        self,
        sink: "FileSink",
        change: Change,
        parts: Sequence[Part],
        receipts: Sequence[Receipt],
        refused: Mapping[str, Problem],
    ) -> None:
        self._sink = sink
        self._change = change
        self.receipts = tuple(receipts)
        self.refused: Mapping[str, Problem] = dict(refused)
        self._group = sink.group_id()
        self._folder = Place(sink.file())
        self._files: list[_StagedPart] = []
        try:
            # Another sink's files may lie beside them, staged for this very change.
            self._folder.sweep(sink.files() | {part.target.name for part in parts})
            failures = [error for part in parts if (error := self._failure_of(part)) is not None]
            if failures and not self._files:
                raise failures[0]
        except BaseException:
            self.discard()
            raise

    def _failure_of(self, part: Part) -> ProblemsError | None:
        """Stages a part; why it cannot be, where that is a matter of its own profiles alone."""
        file = _StagedPart(self._sink, part, self._folder, self._group)
        self._files.append(file)
        try:
            file.prepare()
        except ProblemsError as error:
            own = self._profiles_of(part)
            if not own:
                raise
            self._files.remove(file)
            file.discard()
            self._refuse(own, error)
            return error
        return None

    def _profiles_of(self, part: Part) -> tuple[str, ...]:
        """The profiles that a file is of, where each has its own."""
        if not self._sink.is_divided:
            return ()
        name = part.target.name
        gone = (one for one in sorted(self._change.remove) if self._sink.file_of(one) == name)
        return (*part.profiles, *gone)

    def _refuse(self, profiles: Iterable[str], error: ProblemsError) -> None:
        failed = dict.fromkeys(profiles, error.problems[0])
        self.refused = {**self.refused, **failed}
        self.receipts = tuple(one for one in self.receipts if one.profile not in failed)

    def read_back(self) -> None:
        for file in self._files:
            file.read_back()

    def switch(self) -> Mapping[str, SinkOutcome]:
        outcomes: dict[str, SinkOutcome] = dict.fromkeys(
            sorted(self._change.remove), SinkOutcome.REMOVED
        )
        failures = list(self._switched(outcomes))
        if failures and len(failures) == len(self._files):
            raise failures[0]
        return {**outcomes, **dict.fromkeys(self.refused, SinkOutcome.FAILED)}

    def _switched(self, outcomes: dict[str, SinkOutcome]) -> Iterator[ProblemsError]:
        """Switches each file over; gives what went wrong with single ones."""
        for file in self._files:
            try:
                outcome = SinkOutcome.WRITTEN if file.switch() else SinkOutcome.UNCHANGED
            except ProblemsError as error:
                # The others are right all the same; the ledger must not say that these are.
                self._refuse(self._profiles_of(file.part) or file.part.profiles, error)
                yield error
            else:
                outcomes.update(dict.fromkeys(file.part.profiles, outcome))

    def discard(self) -> None:
        for file in self._files:
            file.discard()
        self._folder.close()


class _StagedPart:
    """One file's new content."""

    def __init__(self, sink: "FileSink", part: Part, folder: Place, group: int | None) -> None:
        self.part = part
        self._sink = sink
        self._group = group
        self._place = Place(part.target, beside=folder)
        self._existing: Existing | None = None
        self._staged: StagedFile | None = None
        self._is_deleted = False

    def prepare(self) -> None:
        existing = self._place.read()
        data = self._sink.merge_into(existing.data if existing else b"", self.part)
        mode = self._sink.options.bits
        # A file of one profile alone goes with the last of what was in it.
        self._is_deleted = (
            self._sink.is_divided and existing is not None and self._sink.is_blank(data)
        )
        unchanged = is_already(existing, data, mode, self._group) or (existing is None and not data)
        self._existing = existing
        self._staged = None
        if not (unchanged or self._is_deleted):
            self._staged = self._place.stage(data, mode, self._group)

    def read_back(self) -> None:
        if self._staged and not self._staged.reads_back():
            raise failure(SINK_UNVERIFIED, target=self.part.target.label)

    def switch(self) -> bool:
        """Puts the content in place; whether that changed anything."""
        for _ in range(_TRIES):
            if self._staged is None and not self._is_deleted:
                return False
            if self._place.is_still(self._existing):
                if self._staged:
                    self._staged.switch()
                else:
                    self._place.delete()
                return True
            self._discard_content()
            self.prepare()
            self.read_back()
        raise failure(FILE_CHANGING, path=self.part.target.label)

    def _discard_content(self) -> None:
        if self._staged:
            self._staged.discard()

    def discard(self) -> None:
        self._discard_content()
        self._place.close()
