"""KV version 1: no versions, no check-and-set and no metadata.

So the marks of a secret stand in an entry of their own beside it, and so does a value that is
staged. What is there is known from the list of names. What another run wrote is noticed by the
marks, looked at right before the write; between these two requests nothing holds it off.
"""

import json
from collections.abc import Mapping
from contextlib import suppress
from typing import Any
from uuid import uuid4

from voxmint.engine.stores.contract import (
    MISSING,
    Draft,
    Found,
    Presence,
    Store,
    StoreError,
    Trouble,
    What,
    cut_short,
)
from voxmint.engine.stores.marks import without_session
from voxmint.engine.stores.vault_client import Answer, trouble_of
from voxmint.engine.stores.vault_marks import (
    MARKS,
    RUN,
    STAGED,
    is_staged,
    new_run,
)
from voxmint.engine.stores.vault_session import Session
from voxmint.secret import Secret

_VERSION = "version"
_VALUE = "value"


class KV1(Store):
    """The engine at a mount."""

    def __init__(self, session: Session, mount: str) -> None:
        self._session = session
        self._mount = mount

    def trouble_of(self, error: Exception) -> Trouble:
        return trouble_of(error)

    # ── reading ──────────────────────────────────────────────────────────────────────────────────

    def look(self, name: str) -> Found:
        kept = self._get(name + MARKS) or {}
        marks = {key: str(text) for key, text in kept.items() if key != _VERSION}
        version = kept.get(_VERSION)
        if self._is_listed(name):
            return Found(Presence.THERE, version, marks)
        if not marks:
            return MISSING
        # The value was removed by hand, or never written: the marks tell whose the name is.
        return Found(Presence.THERE, version, without_session(marks))

    def _is_listed(self, name: str) -> bool:
        folder, _, last = name.rpartition("/")
        answer = self._ask("list_secrets", folder, absent=True)
        if answer.status == 404:
            return False
        keys = answer.data.get("keys")
        if not isinstance(keys, list):
            raise cut_short()
        return last in keys

    def read(self, name: str, version: str | None) -> Secret | None:
        if is_staged(version):
            kept = self._get(name + STAGED) or {}
            return Secret(json.dumps(kept.get(_VALUE))) if kept.get(RUN) == version else None
        found = self._get(name)
        return None if found is None else Secret(json.dumps(found))

    # ── writing ──────────────────────────────────────────────────────────────────────────────────

    def stage(self, draft: Draft) -> str:
        run = new_run()
        body = {**draft.claim, RUN: run, _VALUE: draft.content.values()}
        try:
            self._put(draft.name + STAGED, body)
        except Exception:
            with suppress(Exception):
                self._delete(draft.name + STAGED)
            raise
        return run

    def switch(self, draft: Draft, version: str) -> None:  # noqa: ARG002  # the value is at hand
        if self.look(draft.name).version != draft.found.version:
            said = "another run has written to it"
            raise StoreError(Trouble(What.CHANGED, said=said))
        if draft.found.presence is Presence.MISSING:
            self._put(draft.name + MARKS, draft.claim)
        self._replace(draft)
        self._put(draft.name + MARKS, {**draft.marks, _VERSION: uuid4().hex})
        with suppress(Exception):
            self._delete(draft.name + STAGED)

    def _replace(self, draft: Draft) -> None:
        try:
            self._put(draft.name, draft.content.values())
        except Exception:
            # The answer may be lost, and the write done.
            found = self.read(draft.name, None)
            if found is not None and draft.content.is_in(found):
                return
            if found is None:
                with suppress(Exception):
                    self._delete(draft.name + MARKS)
            raise

    def discard(self, draft: Draft, version: str) -> None:  # noqa: ARG002  # there is one
        self._delete(draft.name + STAGED)

    def settle(
        self,
        name: str,
        version: str,
        found: Found,  # noqa: ARG002  # the switch was whole: only the staged copy is looked at
    ) -> None:
        # As with a switch: what is left here all the same is taken up by the next write.
        with suppress(Exception):
            if is_staged(version) and self.read(name, version) is not None:
                self._delete(name + STAGED)

    def remove(self, name: str, found: Found) -> None:  # noqa: ARG002  # Vault knows no condition here
        for entry in (name, name + MARKS, name + STAGED):
            self._delete(entry)

    # ── single requests ──────────────────────────────────────────────────────────────────────────

    def _ask(self, call: str, name: str, *, absent: bool = False, **given: Any) -> Answer:
        def asked(client: Any) -> Any:
            kv = client.secrets.kv.v1
            return getattr(kv, call)(path=name, mount_point=self._mount, **given)

        return self._session.ask(asked, absent=absent)

    def _get(self, name: str) -> Mapping[str, Any] | None:
        answer = self._ask("read_secret", name, absent=True)
        return None if answer.status == 404 else answer.data

    def _put(self, name: str, body: Mapping[str, Any]) -> None:
        self._ask("create_or_update_secret", name, secret=body, method="POST")

    def _delete(self, name: str) -> None:
        self._ask("delete_secret", name, absent=True)
