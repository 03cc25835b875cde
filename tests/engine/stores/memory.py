"""A store in this process's memory: as a real one behaves, and failing where it is told to."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from voxmint.engine.sinks.contract import OptionsWhenNeeded
from voxmint.engine.stores.contract import (
    MISSING,
    Draft,
    Found,
    Presence,
    Store,
    StoreError,
    Trouble,
    What,
)
from voxmint.engine.stores.marks import own_marks
from voxmint.engine.stores.naming import NameForm
from voxmint.engine.stores.sink import StoreSink
from voxmint.secret import Secret


@dataclass
class Kept:
    """One object: its values by version, the version that readers get, and its marks."""

    values: dict[str, str] = field(default_factory=dict)
    current: str | None = None
    marks: dict[str, str] = field(default_factory=dict)
    is_deleted: bool = False

    @property
    def value(self) -> str | None:
        return self.values.get(self.current or "")


@dataclass
class Server:
    """What is kept, what was called, and what fails: `failing` may raise at a call of a name."""

    kept: dict[str, Kept] = field(default_factory=dict)
    calls: list[tuple[str, str]] = field(default_factory=list)
    failing: Callable[[str, str], None] = lambda _call, _name: None
    count: int = 0

    def called(self, call: str, name: str) -> None:
        self.calls.append((call, name))
        self.failing(call, name)


class Memory(Store):
    """The server, as its client reaches it."""

    def __init__(self, server: Server) -> None:
        self.server = server

    def trouble_of(self, error: Exception) -> Trouble:
        return Trouble(What.REFUSED, type(error).__name__)

    def look(self, name: str) -> Found:
        self.server.called("look", name)
        kept = self.server.kept.get(name)
        if kept is None:
            return MISSING
        if kept.is_deleted:
            return Found(Presence.DELETED, marks=dict(kept.marks), until="tomorrow")
        return Found(Presence.THERE, kept.current, dict(kept.marks))

    def read(self, name: str, version: str | None) -> Secret | None:
        self.server.called("read", name)
        value = self.server.kept[name].values.get(version or "")
        return None if value is None else Secret(value)

    def stage(self, draft: Draft) -> str:
        self.server.called("stage", draft.name)
        self.server.count += 1
        version = f"v{self.server.count}"
        kept = self.server.kept.setdefault(draft.name, Kept(marks=dict(draft.claim)))
        for left in kept.values.keys() - {kept.current}:
            del kept.values[left]
        kept.values[version] = draft.content.text()
        return version

    def switch(self, draft: Draft, version: str) -> None:
        self.server.called("switch", draft.name)
        kept = self.server.kept[draft.name]
        if kept.current != draft.found.version:
            raise StoreError(Trouble(What.CHANGED))
        others = {
            name: text for name, text in kept.marks.items() if name not in own_marks(kept.marks)
        }
        kept.values = {version: kept.values[version]}
        kept.current, kept.marks = version, {**others, **draft.marks}

    def discard(self, draft: Draft, version: str) -> None:
        self.server.called("discard", draft.name)
        kept = self.server.kept[draft.name]
        kept.values.pop(version, None)
        if draft.found.presence is Presence.MISSING and not kept.values:
            del self.server.kept[draft.name]

    def remove(self, name: str, found: Found) -> None:
        assert found.is_there
        self.server.called("remove", name)
        self.server.kept.pop(name, None)

    def recover(self, name: str) -> None:
        self.server.called("recover", name)
        self.server.kept[name].is_deleted = False


class MemorySink(StoreSink):
    """Writes to the server that its class was given."""

    kind: ClassVar[str] = "memory"
    Options = OptionsWhenNeeded("voxmint.engine.stores.options:Deletable")
    title = "the store"
    extra = "memory"
    page = "docs/stores/memory.md"
    form = NameForm(r"a-z0-9/\-", 60, "small letters, digits, / and -", is_caseless=True)
    largest = 1000
    server: ClassVar[Server]
    address_set: ClassVar[str | None] = None

    def opened(self) -> Store:
        return Memory(self.server)

    def endpoint(self) -> str | None:
        return self.address_set


def sink_for(server: Server, **attributes: Any) -> type[MemorySink]:
    """A sink of this server, with other attributes where they are given."""
    made: type[MemorySink] = type("OwnSink", (MemorySink,), {"server": server, **attributes})
    return made


def values_in(server: Server) -> Mapping[str, str]:
    """What readers find, by name."""
    return {
        name: kept.value
        for name, kept in server.kept.items()
        if kept.value is not None and not kept.is_deleted
    }
