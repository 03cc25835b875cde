"""A KV engine of Vault or OpenBao, of whichever version it turns out to be."""

from functools import cached_property
from threading import Lock

from voxmint.engine.stores.contract import (
    Draft,
    Found,
    Store,
    StoreError,
    Trouble,
    What,
)
from voxmint.engine.stores.vault_client import RefusalError, trouble_of
from voxmint.engine.stores.vault_kv1 import KV1
from voxmint.engine.stores.vault_kv2 import KV2
from voxmint.engine.stores.vault_session import Session
from voxmint.secret import Secret


class KV(Store):
    """The engine at a mount. Its version is asked for once, as Vault's own program does."""

    def __init__(self, session: Session, mount: str, versions: int) -> None:
        self._session = session
        self._mount = mount
        self._versions = versions
        self._lock = Lock()

    @property
    def _engine(self) -> Store:
        with self._lock:
            return self._known_engine

    @cached_property
    def _known_engine(self) -> Store:
        about = self._about_mount()
        options = about.get("options")
        version = options.get("version", "1") if isinstance(options, dict) else "1"
        if about.get("type") not in ("kv", "generic") or version not in ("1", "2"):
            raise _no_engine(f"what is mounted at `{self._mount}` is no KV engine")
        if version == "1":
            return KV1(self._session, self._mount)
        return KV2(self._session, self._mount, self._versions)

    def _about_mount(self) -> dict[str, object]:
        path = f"/v1/sys/internal/ui/mounts/{self._mount}"
        try:
            found = dict(self._session.ask(lambda client: client.adapter.get(path)).data)
        except RefusalError as error:
            if error.status not in (403, 404) or error.is_unknown_token:
                raise
            code = str(error.status)
        else:
            # Of a path below a mount it tells the mount.
            if str(found.get("path", "")).strip("/") == self._mount:
                return found
            raise _no_engine(f"nothing is mounted at `{self._mount}`")
        said = f"there is no mount `{self._mount}`, or this user has no right on anything in it"
        raise StoreError(Trouble(What.DENIED, code, said=said))

    def trouble_of(self, error: Exception) -> Trouble:
        return trouble_of(error)

    def look(self, name: str) -> Found:
        return self._engine.look(name)

    def read(self, name: str, version: str | None) -> Secret | None:
        return self._engine.read(name, version)

    def stage(self, draft: Draft) -> str:
        return self._engine.stage(draft)

    def verify(self, draft: Draft, version: str) -> bool:
        return self._engine.verify(draft, version)

    def switch(self, draft: Draft, version: str) -> None:
        self._engine.switch(draft, version)

    def discard(self, draft: Draft, version: str) -> None:
        self._engine.discard(draft, version)

    def settle(self, name: str, version: str, found: Found) -> None:
        self._engine.settle(name, version, found)

    def remove(self, name: str, found: Found) -> None:
        self._engine.remove(name, found)


def _no_engine(said: str) -> StoreError:
    return StoreError(Trouble(What.REFUSED, said=said))
