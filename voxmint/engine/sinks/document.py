"""What the sinks for JSON and YAML have in common: keys instead of variables."""

from abc import abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from typing import TYPE_CHECKING

from voxmint.engine.failures import failure
from voxmint.engine.sinks.contract import Delivery, Surroundings
from voxmint.engine.sinks.filed import Entry, FileSink
from voxmint.engine.sinks.jsonfile import FlawError
from voxmint.engine.sinks.values import needed, written_values
from voxmint.engine.wording import SINK_FILE_UNPARSABLE, SINK_VALUE_UNFIT

if TYPE_CHECKING:
    from voxmint.engine.sinks.document_options import DocumentOptions


class DocumentSink(FileSink):
    """A file of keys: one for each profile, or the values themselves in a profile's own file."""

    def __init__(self, options: "DocumentOptions", around: Surroundings) -> None:
        super().__init__(options, around)
        self.options: DocumentOptions = options

    @abstractmethod
    def merge(self, existing: bytes, entries: Mapping[str, Entry], gone: Set[str]) -> bytes:
        """As `merged`; `FlawError` where the file cannot be added to."""

    @abstractmethod
    def found_in(self, existing: bytes) -> Mapping[str, object]:
        """What stands under each key; `FlawError` where the file cannot be read."""

    def naming(self) -> Mapping[str, str]:
        return self.options.names.profiles

    def _keys(self) -> dict[str, str]:
        """The key of each value that is written."""
        return {which: getattr(self.options.names, which) for which in self.options.values}

    def key_of(self, profile: str) -> str:
        """The key that a profile's values stand under, in a file that profiles share."""
        return self.naming().get(profile, profile)

    def names_of(self, profile: str) -> Sequence[str]:
        return tuple(self._keys().values()) if self.is_divided else (self.key_of(profile),)

    def entries_of(self, delivery: Delivery) -> Mapping[str, Entry]:
        keys = self._keys()
        values = written_values(delivery, keys)
        for name, value in values.items():
            if not str(value).isprintable():
                raise failure(SINK_VALUE_UNFIT, name=f"{delivery.profile}.{name}")
        return values if self.is_divided else {self.key_of(delivery.profile): values}

    def merged(self, existing: bytes, entries: Mapping[str, Entry], gone: Set[str]) -> bytes:
        try:
            return self.merge(existing, entries, gone)
        except FlawError as error:
            raise failure(
                SINK_FILE_UNPARSABLE, path=self.target, line=error.line, found=error.found
            ) from None

    def held_in(self, existing: bytes, profiles: Iterable[str]) -> Iterator[str]:
        try:
            found = self.found_in(existing)
        except FlawError:
            return
        required = needed(self._keys())
        for profile in profiles:
            values = found if self.is_divided else found.get(self.key_of(profile))
            if isinstance(values, Mapping) and all(values.get(name) for name in required):
                yield profile

    def flaw_in(self, existing: bytes) -> tuple[int, str] | None:
        try:
            self.found_in(existing)
        except FlawError as error:
            return error.line, error.found
        return None
