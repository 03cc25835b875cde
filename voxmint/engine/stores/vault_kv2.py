"""KV version 2: versions, check-and-set, custom metadata, and an end for each version.

A secret's settings count for what is written after them, so they go first: how many versions stay,
and after what time a version is deleted. Then comes the value, by check-and-set, and then the marks
that tell of it. A secret that is made has its claim before it has a value.
"""

import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from voxmint.engine.stores.contract import (
    Draft,
    Found,
    Presence,
    Store,
    StoreError,
    Trouble,
    What,
    cut_short,
)
from voxmint.engine.stores.marks import (
    Marks,
    marks_at,
    others_marks,
    told_of,
    without_session,
)
from voxmint.engine.stores.vault_client import Answer, RefusalError, trouble_of
from voxmint.engine.stores.vault_marks import RUN, STAGED, is_staged, new_run
from voxmint.engine.stores.vault_session import Session
from voxmint.secret import Secret

_MARGIN = 300
"""Seconds that a version outlives its token: the clocks of two services differ."""
_FOR_EVER = "0s"
"""As a life of versions it says that they have no end."""
_A_SECOND = timedelta(seconds=1)
_CONFLICT = 400


@dataclass(frozen=True, slots=True)
class _Settings:
    """What of a secret's metadata counts for its next version; the time is as Vault writes it."""

    max_versions: int
    delete_version_after: str


@dataclass(frozen=True, slots=True)
class _Detail:
    """What else a look tells. `marks` are all; a look leaves out those of a value that is gone."""

    at: datetime | None
    settings: _Settings | None = None
    marks: Marks = field(default_factory=dict)
    live: tuple[int, ...] = ()


class KV2(Store):
    """The engine at a mount; `versions` are how many of a secret's stay."""

    def __init__(self, session: Session, mount: str, versions: int) -> None:
        self._session = session
        self._mount = mount
        self._versions = versions

    def trouble_of(self, error: Exception) -> Trouble:
        return trouble_of(error)

    def _ask(self, call: str, name: str, *, absent: bool = False, **given: Any) -> Answer:
        def asked(client: Any) -> Any:
            kv = client.secrets.kv.v2
            return getattr(kv, call)(path=name, mount_point=self._mount, **given)

        return self._session.ask(asked, absent=absent)

    # ── reading ──────────────────────────────────────────────────────────────────────────────────

    def look(self, name: str) -> Found:
        answer = self._ask("read_secret_metadata", name, absent=True)
        if answer.status == 404:
            return Found(Presence.MISSING, detail=_Detail(answer.at))
        about = answer.data
        if not isinstance(about.get("versions"), dict) or "current_version" not in about:
            raise cut_short()
        live = tuple(_live(about["versions"], answer.at))
        current = int(about["current_version"])
        marks = _texts(about.get("custom_metadata"))
        settings = _Settings(
            int(about.get("max_versions") or 0), str(about.get("delete_version_after"))
        )
        detail = _Detail(answer.at, settings, marks, live)
        shown = told_of(marks, str(current)) if current in live else without_session(marks)
        return Found(Presence.THERE, str(current) if current else None, shown, detail=detail)

    def read(self, name: str, version: str | None) -> Secret | None:
        if is_staged(version):
            return self._value(name + STAGED, 0, run=version)
        return self._value(name, int(version or 0))

    def _value(self, name: str, number: int, run: str | None = None) -> Secret | None:
        """A version's value; 0 is the latest. With `run`, only if that run wrote it."""
        answer = self._ask(
            "read_secret_version",
            name,
            absent=True,
            version=number,
            raise_on_deleted_version=True,
        )
        if answer.status == 404:
            return None
        about = answer.data.get("metadata")
        if not isinstance(about, dict):
            raise cut_short()
        if run is not None and _texts(about.get("custom_metadata")).get(RUN) != run:
            return None
        value = answer.data.get("data")
        return None if value is None else Secret(json.dumps(value))

    # ── staging ──────────────────────────────────────────────────────────────────────────────────

    def stage(self, draft: Draft) -> str:
        run = new_run()
        try:
            self._put_aside(draft, run)
        except Exception:
            with suppress(Exception):
                self._remove_all(draft.name + STAGED)
            raise
        return run

    def _put_aside(self, draft: Draft, run: str) -> None:
        name = draft.name + STAGED
        marks = {**draft.claim, RUN: run}
        # It may be a later run that switches it over.
        settings = _Settings(1, _life(draft.expires_at, _detail_of(draft.found).at))
        self._set(name, settings, marks)
        try:
            self._write(name, draft, 0)
        except RefusalError as error:
            if error.status != _CONFLICT:
                raise
            # A run that was killed left it.
            self._remove_all(name)
            self._set(name, settings, marks)
            self._write(name, draft, 0)

    def discard(self, draft: Draft, version: str) -> None:
        self._let_go(draft.name, version)

    def settle(
        self,
        name: str,
        version: str,
        found: Found,  # noqa: ARG002  # the switch was whole: only the staged copy is looked at
    ) -> None:
        # As with a switch: what is left here all the same is taken up by the next write.
        with suppress(Exception):
            self._let_go(name, version)

    def _let_go(self, name: str, version: str) -> None:
        # Another run may have put its own there meanwhile.
        if self.look(name + STAGED).marks.get(RUN) == version:
            self._remove_all(name + STAGED)

    # ── switching ────────────────────────────────────────────────────────────────────────────────

    def switch(self, draft: Draft, version: str) -> None:  # noqa: ARG002  # the value is at hand
        self._prepare(draft)
        self._replace(draft)
        others = others_marks(_detail_of(draft.found).marks)
        marks = marks_at(draft.marks, str(int(draft.found.version or 0) + 1))
        self._set(draft.name, None, {**others, **marks})
        # What is left here ends by itself, or is taken up by the next write.
        with suppress(Exception):
            self._destroy_old(draft)
        with suppress(Exception):
            self._remove_all(draft.name + STAGED)

    def _prepare(self, draft: Draft) -> None:
        """Let the settings be right for the next version, and a new secret be marked as ours."""
        detail = _detail_of(draft.found)
        # What others keep in it does not end with its tokens.
        life = _life(draft.expires_at, detail.at) if draft.is_all_ours else _FOR_EVER
        settings = _Settings(self._versions, life)
        if draft.found.presence is Presence.MISSING:
            if self.look(draft.name).is_there:
                raise _changed()
            self._set(draft.name, settings, draft.claim)
        elif detail.settings != settings:
            self._set(draft.name, settings, detail.marks)

    def _replace(self, draft: Draft) -> None:
        """Write the value, after the version that was looked at and no other one."""
        before = int(draft.found.version or 0)
        try:
            self._write(draft.name, draft, before)
        except Exception:
            # The answer may be lost, and the write done; asked again, it would be refused.
            now = self.look(draft.name)
            if self._is_ours(draft, now, before):
                return
            if draft.found.presence is Presence.MISSING:
                self._give_back(draft, now)
            if int(now.version or 0) != before:
                raise _changed() from None
            raise

    def _is_ours(self, draft: Draft, now: Found, before: int) -> bool:
        """Whether the version after the one that was looked at holds the value."""
        if int(now.version or 0) != before + 1:
            return False
        found = self.read(draft.name, now.version)
        return found is not None and draft.content.is_in(found)

    def _give_back(self, draft: Draft, now: Found) -> None:
        """Undo the claim to a secret that could not be made, or that somebody else has made."""
        with suppress(Exception):
            if now.version is None:
                self._remove_all(draft.name)
            elif _detail_of(now).marks == draft.claim:
                self._set(draft.name, None, {})

    def _destroy_old(self, draft: Draft) -> None:
        """Destroy versions that Vault keeps all the same, where the mount says to keep more."""
        live = _detail_of(draft.found).live
        newest = int(draft.found.version or 0) + 1
        old = [one for one in live if one <= newest - self._versions]
        if len(live) > self._versions and old:
            self._ask("destroy_secret_versions", draft.name, versions=old)

    # ── taking out ───────────────────────────────────────────────────────────────────────────────

    def remove(self, name: str, found: Found) -> None:  # noqa: ARG002  # Vault knows no condition here
        self._remove_all(name)
        # What a killed run left beside it has no other end than this or its token's.
        self._remove_all(name + STAGED)

    # ── single requests ──────────────────────────────────────────────────────────────────────────

    def _write(self, name: str, draft: Draft, before: int) -> None:
        values = draft.content.values()
        answer = self._ask("create_or_update_secret", name, secret=values, cas=before)
        if not answer.data.get("version"):
            raise cut_short()

    def _set(self, name: str, settings: _Settings | None, marks: Marks) -> None:
        """Set the metadata. Without `settings` they stay; hvac would reset one of them."""
        body: dict[str, Any] = {"custom_metadata": dict(marks)}
        if settings is not None:
            body["max_versions"] = settings.max_versions
            body["delete_version_after"] = settings.delete_version_after
        path = f"/v1/{self._mount}/metadata/{name}"
        self._session.ask(lambda client: client.adapter.post(path, json=body))

    def _remove_all(self, name: str) -> None:
        self._ask("delete_metadata_and_all_versions", name, absent=True)


def _changed() -> StoreError:
    said = "another version is the current one"
    return StoreError(Trouble(What.CHANGED, said=said))


def _detail_of(found: Found) -> _Detail:
    return found.detail if isinstance(found.detail, _Detail) else _Detail(None)


def _texts(found: object) -> dict[str, str]:
    return {str(name): str(text) for name, text in found.items()} if isinstance(found, dict) else {}


def _live(versions: Mapping[str, Mapping[str, Any]], at: datetime | None) -> list[int]:
    """The numbers of the versions that can be read; an end in the future is no end yet."""
    return sorted(
        int(number)
        for number, about in versions.items()
        if not about.get("destroyed") and not _has_passed(str(about.get("deletion_time") or ""), at)
    )


def _has_passed(moment: str, at: datetime | None) -> bool:
    """Whether a moment is no later than `at`, which is in whole seconds, rounded down."""
    try:
        return bool(moment) and at is not None and datetime.fromisoformat(moment) < at + _A_SECOND
    except ValueError:
        return False


def _life(expires_at: int, at: datetime | None) -> str:
    """How long a version lives that is written now, by the server's clock, in whole minutes.

    So tokens that are asked to live equally long lead to the same setting each time.
    """
    if at is None:
        return _FOR_EVER
    left = max(0, expires_at - int(at.timestamp())) + _MARGIN
    minutes = -(-left // 60)
    hours, rest = divmod(minutes, 60)
    return f"{hours}h{rest}m0s" if hours else f"{rest}m0s"
