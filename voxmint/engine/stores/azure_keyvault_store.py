"""Azure Key Vault as a store: secrets that are staged in another one beside them.

Whoever reads a secret by its name gets its latest version, so a new value is staged in a secret
beside it (`NAME-voxmint-staged`), read back and disabled there, and then written. A run that
finishes what an earlier one staged enables it for as long as it reads it. That neighbour is never
deleted as long as the secret is there: its name would stay taken. Nor can a single version be
deleted; those before the latest are disabled.
"""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from threading import Lock
from typing import TYPE_CHECKING, Any

from voxmint.engine.stores import azure_keyvault_client as azure
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
from voxmint.engine.stores.marks import MANAGED_BY, OURS, own_marks
from voxmint.secret import Secret

if TYPE_CHECKING:
    from voxmint.engine.stores.azure_keyvault_options import KeyVaultOptions

STAGED = "-voxmint-staged"
"""What the name of the secret beside one ends in."""
MOST_TAGS = 15
_RECOVERY = 60
"""Seconds in which a deletion should be taken back."""


@dataclass(frozen=True, slots=True)
class Versions:
    """The versions of a secret: all, those that can be read, and whether the latest cannot."""

    ids: frozenset[str]
    readable: tuple[str, ...]
    is_off: bool


class KeyVault(Store):
    """The vault, by its client."""

    def __init__(self, client: Any, options: "KeyVaultOptions") -> None:
        self._client = client
        self._options = options
        self._first = Lock()
        self._is_known = False
        self._failed: Trouble | None = None

    def trouble_of(self, error: Exception) -> Trouble:
        return azure.trouble_of(error)

    def _ask(self, right: str, call: Any, *args: Any, **given: Any) -> Any:
        """What a call gives; `None` where there is no such secret. `right` is what it needs.

        Calls come one at a time until one was answered: that one logs in. Threads that find out at
        the same time that they have to would take away each other's token. Those that waited for
        one that could not reach the vault, or not log in, fail like it.
        """
        if self._is_known:
            return self._asked(right, call, *args, **given)
        before = self._failed
        with self._first:
            if self._failed is not None and self._failed is not before:
                raise StoreError(self._failed)
            try:
                result = self._asked(right, call, *args, **given)
            except StoreError as error:
                if error.trouble.what.is_of_the_store:
                    self._failed = error.trouble
                else:
                    self._is_known = True
                raise
            self._is_known = True
        return result

    def _asked(self, right: str, call: Any, *args: Any, **given: Any) -> Any:
        from azure.core.exceptions import ResourceNotFoundError

        try:
            return call(*args, **given)
        except ResourceNotFoundError:
            return None
        except Exception as error:  # noqa: BLE001  # the client's, those of the login, and of what is below
            trouble = azure.trouble_of(error, right)
        raise StoreError(trouble)

    # ── reading ──────────────────────────────────────────────────────────────────────────────────

    def look(self, name: str) -> Found:
        versions = self._versions(name)
        return _found(versions) if versions else self._deleted(name)

    def _versions(self, name: str) -> Sequence[Any]:
        def listed() -> list[Any]:
            return list(self._client.list_properties_of_secret_versions(name))

        versions = self._ask("readMetadata/action", listed) or []
        if not all(one.version and one.created_on for one in versions):
            raise cut_short()
        return versions

    def _deleted(self, name: str) -> Found:
        """A secret that is deleted and keeps its name for some time, or none."""
        try:
            about = self._ask("readMetadata/action", self._client.get_deleted_secret, name)
        except StoreError as error:
            if error.trouble.what is not What.DENIED:
                raise
            about = self._listed_deleted(name)
        if about is None:
            return MISSING
        until = about.scheduled_purge_date
        told = until.strftime("%Y-%m-%d") if until else None
        return Found(Presence.DELETED, marks=dict(about.properties.tags or {}), until=told)

    def _listed_deleted(self, name: str) -> Any:
        """As a vault with access policies lets it be seen: by `list`, without `get`."""

        def listed() -> Any:
            every = self._client.list_deleted_secrets()
            return next((one for one in every if one.name.casefold() == name.casefold()), None)

        return self._ask("readMetadata/action", listed)

    def read(self, name: str, version: str | None) -> Secret | None:
        where, _, number = (version or "").rpartition("/")
        if not where:
            return self._value(name, number)
        return self._staged(where, number) if where == name + STAGED else None

    def _value(self, name: str, number: str) -> Secret | None:
        answer = self._ask("getSecret/action", self._client.get_secret, name, number)
        if answer is None:
            return None
        if answer.value is None:
            raise cut_short()
        return Secret(answer.value)

    def _staged(self, name: str, number: str) -> Secret | None:
        """A value that was staged; whether it could be read before or not, nobody can after this.

        Should the right to see to that be missing, nothing is switched yet.
        """
        try:
            value = self._value(name, number)
        except StoreError as error:
            if error.trouble.code != azure.DISABLED:
                raise
            value = self._enabled(name, number)
        if value is not None:
            self._let(name, number, is_readable=False)
        return value

    def _enabled(self, name: str, number: str) -> Secret | None:
        """The value of a version that is disabled: nobody else can read it if that fails."""
        self._let(name, number, is_readable=True)
        try:
            return self._value(name, number)
        except StoreError:
            with suppress(StoreError):
                self._let(name, number, is_readable=False)
            raise

    # ── writing ──────────────────────────────────────────────────────────────────────────────────

    def stage(self, draft: Draft) -> str:
        tags = self._tags(draft, draft.found.marks)
        if len(tags) > MOST_TAGS:
            raise StoreError(Trouble(What.TOO_LARGE, said=too_many(tags)))
        name = draft.name + STAGED
        self._disable(name, self._neighbour(name).readable)
        try:
            return f"{name}/{self._set(name, draft, draft.claim)}"
        except StoreError:
            # It may have been written, and the answer lost.
            with suppress(StoreError):
                self._disable(name, self._neighbour(name).readable)
            raise

    def _neighbour(self, name: str) -> Versions:
        """What is in the secret that values are staged in; `StoreError` where it is another's."""
        found = self.look(name)
        if found.presence is not Presence.MISSING and not _is_own(found.marks):
            said = f"`{name}` is there or was deleted, and voxmint did not write it"
            raise StoreError(Trouble(What.REFUSED, said=said))
        if found.presence is Presence.DELETED:
            self.recover(name)
            found = self.look(name)
        return found.detail if isinstance(found.detail, Versions) else _NONE

    def _tags(self, draft: Draft, before: Mapping[str, str]) -> dict[str, str]:
        """The tags of a new version: tags are a version's own, so those of others go along."""
        is_new = draft.found.presence is Presence.MISSING
        others = {name: text for name, text in before.items() if name not in own_marks(before)}
        return {**(self._options.tags if is_new else {}), **others, **draft.marks}

    def _set(self, name: str, draft: Draft, tags: Mapping[str, str]) -> str:
        """Write a version, which is the latest from then on."""
        made = self._ask(
            "setSecret/action",
            self._client.set_secret,
            name,
            draft.content.text(),
            enabled=True,
            tags=dict(tags),
            content_type="text/plain" if self._options.payload == "token" else "application/json",
            expires_on=datetime.fromtimestamp(draft.expires_at, UTC),
        )
        version = made.properties.version if made else None
        if not version:
            raise cut_short()
        return str(version)

    def switch(self, draft: Draft, version: str) -> None:  # noqa: ARG002  # the value is at hand
        before = self._versions(draft.name)
        known = draft.found.detail
        if {one.version for one in before} != (known.ids if isinstance(known, Versions) else set()):
            raise StoreError(Trouble(What.CHANGED, said="there is another version of it"))
        try:
            self._set(draft.name, draft, self._tags(draft, _tags_now(before)))
        except StoreError:
            if not self._is_written(draft, before):
                raise
        # What cannot be disabled now is with the next write.
        with suppress(StoreError):
            self._disable(draft.name, _outdated(before))

    def _is_written(self, draft: Draft, before: Sequence[Any]) -> bool:
        """Whether a version was written all the same, of which the answer was lost."""
        with suppress(StoreError):
            now = self.look(draft.name).version
            if now is not None and now not in {one.version for one in before}:
                value = self.read(draft.name, now)
                return value is not None and draft.content.is_in(value)
        return False

    def settle(self, name: str, version: str, found: Found) -> None:  # noqa: ARG002  # it is disabled
        # As with a switch: what cannot be disabled now is with the next write.
        with suppress(StoreError):
            versions = self._versions(name)
            self._disable(name, _outdated(one for one in versions if one.version != found.version))

    def discard(self, draft: Draft, version: str) -> None:
        name, _, number = version.rpartition("/")
        if name == draft.name + STAGED:
            self._let(name, number, is_readable=False)

    def _disable(self, name: str, versions: Iterable[str]) -> None:
        for one in versions:
            self._let(name, one, is_readable=False)

    def _let(self, name: str, version: str, *, is_readable: bool) -> None:
        """Let a version be read by those with the right to it, or by nobody."""
        self._ask(
            "update/action",
            self._client.update_secret_properties,
            name,
            version,
            enabled=is_readable,
            # Done twice it is the same; the client cannot know that of a PATCH.
            retry_on_methods=("PATCH",),
        )

    def remove(self, name: str, found: Found) -> None:  # noqa: ARG002  # Azure knows no condition here
        # The neighbour first: what is left is found by the secret's own name.
        staged = name + STAGED
        neighbour = self.look(staged)
        if neighbour.is_there and _is_own(neighbour.marks):
            self._ask("delete", self._client.begin_delete_secret, staged)
        self._ask("delete", self._client.begin_delete_secret, name)

    def recover(self, name: str) -> None:
        poller = self._ask("recover/action", self._client.begin_recover_deleted_secret, name)
        if poller is not None:
            self._ask("getSecret/action", poller.wait, _RECOVERY)


_NONE = Versions(frozenset(), (), is_off=False)


def _is_own(marks: Any) -> bool:
    return bool((marks or {}).get(MANAGED_BY) == OURS)


def _age(one: Any) -> tuple[Any, bool, bool]:
    """What is largest for the latest version. Azure counts in seconds.

    Of two versions of voxmint's in one second, the earlier one is disabled; and in doubt a secret
    is somebody else's.
    """
    return one.created_on, bool(one.enabled), not _is_own(one.tags)


def _found(versions: Sequence[Any]) -> Found:
    latest = max(versions, key=_age)
    readable = tuple(sorted(one.version for one in versions if one.enabled))
    detail = Versions(
        frozenset(one.version for one in versions), readable, is_off=not latest.enabled
    )
    marks = dict(latest.tags or {})
    return Found(Presence.THERE, latest.version, marks, detail=detail)


def _tags_now(versions: Sequence[Any]) -> dict[str, str]:
    return dict(max(versions, key=_age).tags or {}) if versions else {}


def _outdated(versions: Iterable[Any]) -> list[str]:
    """Of versions that another one follows, those that can be read and are voxmint's."""
    return sorted(one.version for one in versions if one.enabled and _is_own(one.tags))


def too_many(tags: Mapping[str, str]) -> str:
    """What is said of more tags than a secret can have."""
    return f"{len(tags)} tags, and at most {MOST_TAGS} are taken"
