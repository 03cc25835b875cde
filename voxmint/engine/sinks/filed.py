"""What sinks have in common that keep values among other people's in a file, or in several.

A file's form says how it is merged; everything else is here: which names are whose, what is taken
out, and how all files of a change are staged before the first is switched over.
"""

import re
from abc import abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from contextlib import AbstractContextManager
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from voxmint.engine.failures import failure
from voxmint.engine.files import Place, Target
from voxmint.engine.sinks.contract import Change, Delivery, Receipt, Staged, Surroundings
from voxmint.engine.sinks.guarded import FileSettings, GuardedSink
from voxmint.engine.sinks.naming import clashes
from voxmint.engine.sinks.variables import PROFILE
from voxmint.engine.wording import (
    FOLDER_UNWRITABLE,
    SINK_FILE_CLASH,
    SINK_FILE_UNPARSABLE,
)
from voxmint.problems import Problem, ProblemsError

if TYPE_CHECKING:
    from voxmint.engine.sinks.staging import Part

_CONSTANTS = "constants"
_UNSAFE = r"[^A-Za-z0-9._-]"

Entry = str | int | Mapping[str, str | int]
"""What stands under a name in a file."""


class Owned(NamedTuple):
    """A name in one of a sink's files."""

    file: str
    name: str


class FileSink(GuardedSink):
    """A sink that keeps its values in a file, or in one for each profile."""

    def __init__(self, options: FileSettings, around: Surroundings) -> None:
        super().__init__(options, around)
        self.options: FileSettings = options

    # ── what each form says for itself ───────────────────────────────────────────────────────────

    @abstractmethod
    def entries_of(self, delivery: Delivery) -> Mapping[str, Entry]:
        """What a delivery sets, by name; `ProblemsError` where a value cannot be written."""

    @abstractmethod
    def names_of(self, profile: str) -> Sequence[str]:
        """All names that a profile's values can have."""

    @abstractmethod
    def merged(self, existing: bytes, entries: Mapping[str, Entry], gone: Set[str]) -> bytes:
        """The file with these entries set and those names gone; everything else stays.

        `ProblemsError` where the file cannot be added to.
        """

    @abstractmethod
    def held_in(self, existing: bytes, profiles: Iterable[str]) -> Iterator[str]:
        """Those of the profiles whose values the file has, by their names."""

    @abstractmethod
    def flaw_in(self, existing: bytes) -> tuple[int, str] | None:
        """What keeps the file from being added to, if anything: the line, and what it does."""

    @abstractmethod
    def naming(self) -> Mapping[str, str]:
        """What `{profile}` stands for instead, by profile."""

    def name_problems(self) -> Iterator[Problem]:
        """What is wrong with single names; clashes are looked for in any case."""
        return iter(())

    def is_blank(self, data: bytes) -> bool:
        """Whether nothing stands in a file: one of a profile's own is then removed."""
        return not data.strip()

    def constants(self) -> Mapping[str, str]:
        """Names that are set beside those of profiles, with their values."""
        return {}

    # ── where ────────────────────────────────────────────────────────────────────────────────────

    @property
    def target(self) -> str:
        return self.options.path

    @property
    def address(self) -> str:
        return self.around.state.address(self.file().path)

    @property
    def is_divided(self) -> bool:
        """Whether each profile has a file of its own."""
        return PROFILE in self.options.path

    def places(self) -> Iterable[str]:
        if not self.is_divided:
            return (self.address,)
        folder = self.file().folder
        return [self.around.state.address(folder / name) for name in sorted(self.files())]

    def files(self) -> Set[str]:
        """The names of all files that hold values, in their folder."""
        if not self.is_divided:
            return {self._file_name}
        return {self.file_of(profile) for profile in self.around.profiles}

    def file(self) -> Target:
        """The file as the settings name it, wherever its path leads."""
        return self.reached(self.options.path)

    def file_of(self, profile: str) -> str:
        """The name of the file that holds a profile's values, in its folder."""
        name = self._file_name
        return name.replace(PROFILE, self.safe(profile)) if self.is_divided else name

    @property
    def _file_name(self) -> str:
        return self.options.path.rpartition("/")[2]

    def safe(self, profile: str) -> str:
        """What `{profile}` stands for in a file's name."""
        return re.sub(_UNSAFE, "-", self.naming().get(profile, profile))

    def target_of(self, file: str) -> Target:
        """One of the sink's files, by its name."""
        return self.file()._replace(name=file, label=self._label_of(file))

    @cached_property
    def file_pattern(self) -> str:
        """The names that files of this sink can have: a ledger cannot make it touch others."""
        return r"[A-Za-z0-9._-]+".join(map(re.escape, self._file_name.split(PROFILE)))

    # ── what is wrong ────────────────────────────────────────────────────────────────────────────

    def flaws(self) -> Iterator[Problem]:
        yield from self.naming_problems()
        try:
            self.file()
        except ProblemsError as error:
            yield from self.located(error)

    def preflight(self) -> Iterator[Problem]:
        yield from self.naming_problems()
        yield from self.group_problems()
        try:
            target = self.file()
            targets = [self.target_of(name) for name in sorted(self.files())]
            with Place(target) as place:
                yield from self._file_problems(place, targets)
            yield from self.git_problems([(one.label, one.path) for one in targets])
        except ProblemsError as error:
            yield from self.located(error)

    def naming_problems(self) -> Iterator[Problem]:
        """What is wrong with names, of variables and of files."""
        yield from self.name_problems()
        yield from self._clashes()
        if self.is_divided:
            yield from self._file_clashes()

    def _clashes(self) -> Iterator[Problem]:
        """Names that two values would share in one file."""
        constants = tuple(self.constants())
        own = [(profile, self.names_of(profile)) for profile in self.around.profiles]
        if self.is_divided:
            for profile, names in own:
                yield from clashes(self, [(profile, (*constants, *names))])
        else:
            yield from clashes(self, [*own, *([(_CONSTANTS, constants)] if constants else [])])

    def _file_clashes(self) -> Iterator[Problem]:
        owners: dict[str, str] = {}
        for profile in self.around.profiles:
            file = self.file_of(profile)
            # Where capitals do not count, two such names are one file.
            owner = owners.setdefault(file.casefold(), profile)
            if owner != profile:
                facts = {"one": owner, "other": profile, "path": self._label_of(file)}
                affected = tuple((name, self.around.environment) for name in (owner, profile))
                yield Problem(SINK_FILE_CLASH, self.around.at, facts, affects=affected)

    def _label_of(self, file: str) -> str:
        folder, sign, _ = self.options.path.rpartition("/")
        return folder + sign + file

    def _file_problems(self, place: Place, targets: Sequence[Target]) -> Iterator[Problem]:
        at = self.around.at
        for target in targets:
            existing = Place(target, beside=place).read()
            flaw = self.flaw_in(existing.data) if existing else None
            if flaw:
                facts = {"path": target.label, "line": flaw[0], "found": flaw[1]}
                yield Problem(SINK_FILE_UNPARSABLE, at, facts)
        if not place.may_write():
            facts = {"path": self.target, "folder": place.target.folder}
            yield Problem(FOLDER_UNWRITABLE, at, facts)

    # ── what it holds ────────────────────────────────────────────────────────────────────────────

    def holds(self) -> frozenset[str]:
        target = self.file()
        if not target.folder.is_dir():
            return frozenset()
        with Place(target) as place:
            return frozenset(self._held(place))

    def _held(self, place: Place) -> Iterator[str]:
        for file, profiles in self.by_file(self.around.profiles).items():
            existing = Place(self.target_of(file), beside=place).read()
            if existing:
                yield from self.held_in(existing.data, profiles)

    def by_file(self, profiles: Iterable[str]) -> dict[str, list[str]]:
        """The profiles by the file that holds their values."""
        found: dict[str, list[str]] = {}
        for profile in profiles:
            found.setdefault(self.file_of(profile), []).append(profile)
        return found

    # ── what is written ──────────────────────────────────────────────────────────────────────────

    def locked(self) -> AbstractContextManager[None]:
        return self.around.locks.held_on_file(self.file().path)

    def stage(self, change: Change) -> Staged:
        from voxmint.engine.sinks.staging import StagedFiles  # only what writes needs it

        entries: dict[str, Mapping[str, Entry]] = {}
        refused: dict[str, Problem] = {}
        for delivery in change.deliveries:
            try:
                entries[delivery.profile] = self.entries_of(delivery)
            except ProblemsError as error:
                refused[delivery.profile] = error.problems[0]
        parts = self._parts(change, entries)
        address = self.address
        receipts = [
            Receipt(profile, self.kind, address, self.receipt_names(profile, names))
            for profile, names in entries.items()
        ]
        return StagedFiles(self, change, parts, receipts, refused)

    def _parts(
        self, change: Change, entries: Mapping[str, Mapping[str, Entry]]
    ) -> "tuple[Part, ...]":
        from voxmint.engine.sinks.staging import Part

        gone = self._gone(change, entries)
        parts: list[Part] = []
        written = self.by_file(entries)
        for file in dict.fromkeys((*written, *(one.file for one in gone))):
            profiles = written.get(file, [])
            values: dict[str, Entry] = dict(self.constants()) if profiles else {}
            for profile in profiles:
                values.update(entries[profile])
            out = frozenset(one.name for one in gone if one.file == file)
            parts.append(Part(self.target_of(file), values, out, tuple(profiles)))
        return tuple(parts)

    def receipt_names(self, profile: str, names: Iterable[str]) -> tuple[str, ...]:
        """A profile's names as the ledger keeps them.

        With a file for each profile, after the file's own name. A constant of a file that all
        share is each profile's: it stays for as long as one of them is there.
        """
        if self.is_divided:
            file = self.file_of(profile)
            return tuple(f"{file}/{name}" for name in (*self.constants(), *names))
        return (*names, *(f"{name} {profile}" for name in self.constants()))

    def _owned(self, receipt: Receipt, name: str) -> Owned | None:
        if not self.is_divided:
            suffix = f" {receipt.profile}"
            return Owned(self._file_name, name.removesuffix(suffix))
        file, sign, inner = name.partition("/")
        return Owned(file, inner) if sign and re.fullmatch(self.file_pattern, file) else None

    def _gone(self, change: Change, entries: Mapping[str, Mapping[str, Entry]]) -> list[Owned]:
        """The names that a change takes out: voxmint's by the receipts, and no longer in use."""
        touched = change.remove | entries.keys()
        here = (self.kind, self.address)
        known = [one for one in change.receipts if (one.kind, one.target) == here]
        ours = set(self.around.profiles)
        gone = {
            owned
            for receipt in known
            if receipt.profile in touched
            for name in receipt.names
            if (owned := self._owned(receipt, name))
        }
        gone.update(one for profile in ours & touched for one in self._all_names(profile))
        for profile, names in entries.items():
            gone -= {Owned(self.file_of(profile), name) for name in (*names, *self.constants())}
        if gone:
            gone -= self._kept(known, ours - touched, touched)
        return sorted(gone, key=lambda one: (one.file, one.name))

    def _all_names(self, profile: str) -> set[Owned]:
        file = self.file_of(profile)
        constants = self.constants() if self.is_divided else ()
        return {Owned(file, name) for name in (*self.names_of(profile), *constants)}

    def _kept(self, known: Sequence[Receipt], others: Set[str], touched: Set[str]) -> set[Owned]:
        """Names that a profile bears which the change is not about."""
        # Another profile may have come to bear the same names.
        kept = {one for profile in others for one in self._all_names(profile)}
        if not self.is_divided and any(one.profile not in touched for one in known):
            kept.update(Owned(self._file_name, name) for name in self.constants())
        return kept

    def merge_into(self, existing: bytes, part: "Part") -> bytes:
        """A file with its part of a change; `ProblemsError` where it cannot be added to."""
        flaw = self.flaw_in(existing)
        if flaw:
            raise failure(SINK_FILE_UNPARSABLE, path=part.target.label, line=flaw[0], found=flaw[1])
        return self.merged(existing, part.entries, part.gone)
