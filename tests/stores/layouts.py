"""The store in memory in the two other layouts that real ones have."""

from dataclasses import replace

from tests.engine.stores.memory import Kept, Memory, MemorySink, Server, sink_for
from voxmint.engine.stores.contract import Draft, Found, Presence, Store, StoreError, Trouble, What
from voxmint.engine.stores.marks import own_marks
from voxmint.secret import Secret

STAGED = "/staged"


class Siblings(Memory):
    """What is staged has a name of its own, and a version gets its number when it is switched."""

    def read(self, name: str, version: str | None) -> Secret | None:
        if version is None or not version.startswith("run-"):
            return super().read(name, version) if name in self.server.kept else None
        self.server.called("read", name)
        value = self.server.kept.get(name + STAGED, Kept()).values.get(version)
        return None if value is None else Secret(value)

    def stage(self, draft: Draft) -> str:
        self.server.called("stage", draft.name)
        self.server.count += 1
        version = f"run-{self.server.count}"
        text = draft.content.text()
        self.server.kept[draft.name + STAGED] = Kept({version: text}, marks=dict(draft.claim))
        return version

    def switch(self, draft: Draft, version: str) -> None:
        self.server.called("switch", draft.name)
        kept = self.server.kept.setdefault(draft.name, Kept())
        text = draft.content.text()
        if kept.current == draft.found.version:
            kept.current = str(int(kept.current or 0) + 1)
            kept.values = {kept.current: text}
        elif kept.value != text:
            raise StoreError(Trouble(What.CHANGED))
        kept.marks = dict(draft.marks)
        self._let_go(draft.name, version)

    def settle(self, name: str, version: str, found: Found) -> None:
        assert found.is_there
        self.server.called("settle", name)
        self._let_go(name, version)

    def discard(self, draft: Draft, version: str) -> None:
        self.server.called("discard", draft.name)
        self._let_go(draft.name, version)

    def _let_go(self, name: str, version: str) -> None:
        """Take away what was staged, unless another run has staged something since."""
        if version in self.server.kept.get(name + STAGED, Kept()).values:
            del self.server.kept[name + STAGED]


class Aliases(Memory):
    """Versions stay until they are swept, and a change is made on the ground of a look's etag."""

    def look(self, name: str) -> Found:
        found = super().look(name)
        return replace(found, detail=self._etag(name)) if found.is_there else found

    def _etag(self, name: str) -> object:
        kept = self.server.kept.get(name)
        return kept and (kept.current, tuple(kept.marks.items()))

    def stage(self, draft: Draft) -> str:
        self.server.called("stage", draft.name)
        self.server.count += 1
        version = f"v{self.server.count}"
        kept = self.server.kept.setdefault(draft.name, Kept(marks=dict(draft.claim)))
        kept.values[version] = draft.content.text()
        return version

    def switch(self, draft: Draft, version: str) -> None:
        self.server.called("switch", draft.name)
        is_new = draft.found.presence is Presence.MISSING
        if not is_new and draft.found.detail != self._etag(draft.name):
            raise StoreError(Trouble(What.CHANGED))
        kept = self.server.kept[draft.name]
        others = kept.marks.keys() - own_marks(kept.marks).keys()
        kept.marks = {**{name: kept.marks[name] for name in others}, **draft.marks}
        kept.current = version


def sink_of(store: type[Memory], server: Server) -> type[MemorySink]:
    """A sink of a server, asked as a store of this layout."""

    def opened(sink: MemorySink) -> Store:
        return store(sink.server)

    return sink_for(server, opened=opened)
