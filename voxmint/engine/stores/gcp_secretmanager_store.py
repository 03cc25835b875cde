"""Google Secret Manager as a store: versions, an alias that leads readers to one, annotations.

A new value is added as a version and read back; then one update moves the alias to it and sets the
annotations, by the etag of the secret that was looked at. `latest` is always the version added
last, so whoever reads that has the new value a little earlier; it may never lead to one that is
destroyed, since Google does not fall back to the one before.
"""

from collections.abc import Iterable, Mapping, Set
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from typing import TYPE_CHECKING, Any

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
from voxmint.engine.stores.gcp_secretmanager_client import (
    RIGHTS,
    Calls,
    RefusedError,
    held,
    is_lost,
    trouble_of,
)
from voxmint.engine.stores.gcp_secretmanager_versions import (
    LATEST,
    PAGE,
    Versions,
    number_of,
    text_of,
)
from voxmint.engine.stores.marks import (
    EXPIRES_AT,
    MANAGED_BY,
    OURS,
    marks_at,
    others_marks,
    own_marks,
    told_of,
)
from voxmint.secret import Secret

if TYPE_CHECKING:
    from voxmint.engine.stores.gcp_secretmanager_options import SecretManagerOptions

_NOTHING_YET = "0"
"""The version of a secret that was made for a run which ended before readers had any."""
_FIRST = "voxmint-first"
"""The annotation that tells from which version on they are voxmint's: not those of others before
it adopted the secret. It is no mark."""


@dataclass(frozen=True, slots=True)
class Ground:
    """What a change of a secret goes by.

    Its etag, all its aliases, the number from which on versions are voxmint's, and whether voxmint
    set when it is deleted.
    """

    etag: str
    aliases: Mapping[str, int]
    first: int | None
    has_own_end: bool


class SecretManager(Store):
    """The service, by its client."""

    def __init__(self, calls: Calls, parent: str, options: "SecretManagerOptions") -> None:
        from voxmint.engine.stores.gcp_secretmanager_options import PREVIOUS

        self._versions = Versions(calls, parent)
        self._calls = calls
        self._parent = parent
        self._options = options
        self._alias = options.alias
        self._previous = options.alias + PREVIOUS
        self._made: dict[str, Found] = {}
        # Switches whose answers were lost: perhaps readers have it, so none is taken away.
        self._unsure: set[tuple[str, str]] = set()

    def trouble_of(self, error: Exception) -> Trouble:
        return trouble_of(error)

    # ── reading ──────────────────────────────────────────────────────────────────────────────────

    def look(self, name: str) -> Found:
        try:
            return self._found(self._calls.read("get_secret", name=self._versions.path(name)))
        except RefusedError as error:
            if not error.is_missing:
                raise
        return MISSING

    def _found(self, secret: Any) -> Found:
        """What there is, by the description of a secret."""
        if not (secret.name and secret.etag):
            raise cut_short()
        aliases, marks = dict(secret.version_aliases), dict(secret.annotations)
        expires = secret.expire_time
        is_own = expires is not None and marks.get(EXPIRES_AT) == str(int(expires.timestamp()))
        first = marks.pop(_FIRST, "")
        ground = Ground(secret.etag, aliases, int(first) if first.isdecimal() else None, is_own)
        version = self._version_of(aliases, marks)
        return Found(Presence.THERE, version, told_of(marks, version), detail=ground)

    def _version_of(self, aliases: Mapping[str, int], marks: Mapping[str, str]) -> str | None:
        """What readers get: where the alias leads to. Without it, `None` is the latest version."""
        number = aliases.get(self._alias)
        if number is not None:
            return str(number)
        is_claimed = marks.get(MANAGED_BY) == OURS and EXPIRES_AT not in marks
        return _NOTHING_YET if is_claimed else None

    def read(self, name: str, version: str | None) -> Secret | None:
        if version == _NOTHING_YET:
            return None
        answer = self._versions.accessed(name, version or LATEST)
        return text_of(answer.payload.data) if answer else None

    # ── staging ──────────────────────────────────────────────────────────────────────────────────

    def stage(self, draft: Draft) -> str:
        if draft.found.presence is Presence.MISSING:
            self._made[draft.name] = self._create(draft)
        try:
            return str(held(lambda: self._add(draft), lambda: self._added(draft)))
        except Exception:
            with suppress(Exception):
                self._unmade(draft.name)
            raise

    def _create(self, draft: Draft) -> Found:
        def create() -> Found:
            secret = {
                **self._replication(),
                "labels": {**self._options.labels, MANAGED_BY: OURS},
                "annotations": {**draft.claim, _FIRST: "1"},
            }
            request = {"parent": self._parent, "secret_id": draft.name, "secret": secret}
            return self._found(self._calls.write("create_secret", **request))

        def created() -> Found | None:
            found = self.look(draft.name)
            return found if found.marks == draft.claim else None

        return held(create, created)

    def _replication(self) -> dict[str, Any]:
        """Where copies of a secret are kept, and by which keys."""
        options = self._options
        if options.location:
            return _encryption(options.key_in(options.location))
        if not options.replicas:
            return {"replication": {"automatic": _encryption(options.key_everywhere())}}
        replicas = [
            {"location": one, **_encryption(options.key_in(one))} for one in options.replicas
        ]
        return {"replication": {"user_managed": {"replicas": replicas}}}

    def _add(self, draft: Draft) -> int:
        return self._versions.add(draft.name, draft.content.text().encode())

    def _added(self, draft: Draft) -> int | None:
        """The number of the version that a lost answer was about, if it was added."""
        latest = self._versions.accessed(draft.name, LATEST)
        return number_of(latest.name) if latest and _is_of(draft, latest) else None

    # ── switching ────────────────────────────────────────────────────────────────────────────────

    def switch(self, draft: Draft, version: str) -> None:
        is_made = draft.found.presence is Presence.MISSING
        before = self._made[draft.name] if is_made else draft.found
        ground = _ground_of(before)
        # The one before the current one is taken away by the next switch.
        led = {to for alias, to in ground.aliases.items() if alias != self._previous}
        old = self._old(draft.name, ground, led, int(version))
        if old:
            self._check_right_to_take_away(draft.name)
        held(
            lambda: self._move(draft, before, version),
            lambda: self._moved(draft, before, version),
        )
        self._made.pop(draft.name, None)
        self._take_away(draft.name, old)

    def settle(self, name: str, version: str, found: Found) -> None:
        with suppress(Exception):
            ground = _ground_of(found)
            led = set(ground.aliases.values())
            self._take_away(name, self._old(name, ground, led, int(version)))

    def _take_away(self, name: str, versions: Iterable[int]) -> None:
        """Take away versions that nobody is led to by now.

        What is left all the same, the next switch takes away.
        """
        for one in versions:
            with suppress(Exception):
                self._versions.take_away(name, one, self._options.older)

    def _move(self, draft: Draft, before: Found, version: str) -> bool:
        """Let the alias lead to a version and set the annotations, in one update."""
        ground = _ground_of(before)
        aliases = {**ground.aliases, self._alias: int(version)}
        aliases.pop(self._previous, None)
        if self._alias in ground.aliases:
            aliases[self._previous] = ground.aliases[self._alias]
        marks = {**others_marks(before.marks), **marks_at(draft.marks, version)}
        secret = {
            "name": self._versions.path(draft.name),
            "etag": ground.etag,
            "version_aliases": aliases,
            "annotations": {**marks, _FIRST: str(ground.first or version)},
        }
        expiry = self._expiry(draft, before)
        paths = ["version_aliases", "annotations", *expiry]
        request = {"secret": {**secret, **_without_none(expiry)}, "update_mask": {"paths": paths}}
        updated = self._calls.write("update_secret", **request)
        if self._found(updated).version != version:
            raise cut_short()
        return True

    def _expiry(self, draft: Draft, before: Found) -> dict[str, datetime | None]:
        """When the secret is to end, if that is to be set; `None` takes away what voxmint set."""
        if self._options.expire and draft.is_all_ours:
            return {"expire_time": datetime.fromtimestamp(draft.expires_at, UTC)}
        return {"expire_time": None} if _ground_of(before).has_own_end else {}

    def _moved(self, draft: Draft, before: Found, version: str) -> bool | None:
        """Whether a move was made whose answer is lost; `None`: it was not."""
        self._unsure.add((draft.name, version))
        now = self.look(draft.name)
        if now.version == version and own_marks(now.marks) == draft.marks:
            return True
        if now.is_there and _ground_of(now).etag == _ground_of(before).etag:
            return None
        raise _changed("its alias or annotations were changed")

    def _old(self, name: str, ground: Ground, led: Set[int], number: int) -> list[int]:
        """Versions that nobody is to read once the alias leads to this number, nor is `led` to.

        These are voxmint's own: the one before the current one, and what runs left that were
        killed or took a write back. The current one stays, since Google tells some readers of the
        move only after a while. Nothing is taken away before the move went well: by another look
        at the aliases than Google's own, it could be the one that readers have. `StoreError` if a
        newer version came.
        """
        first = number if ground.first is None else ground.first
        listed = list(islice(self._versions.listed(name), PAGE))
        if not listed and self._alias in ground.aliases:
            raise cut_short()
        if any(version > number for version, _ in listed):
            raise _changed("a newer version was added")
        return [
            version
            for version, is_enabled in listed
            if is_enabled and first <= version < number and version not in led
        ]

    def _check_right_to_take_away(self, name: str) -> None:
        """`StoreError` where the right to it is missing: it is told while nothing has changed."""
        right = RIGHTS[f"{self._options.older}_secret_version"]
        request = {"resource": self._versions.path(name), "permissions": [right]}
        try:
            answer = self._calls.read("test_iam_permissions", **request)
        except RefusedError as error:
            if is_lost(error):
                raise
            return
        if right not in answer.permissions:
            raise StoreError(Trouble(What.DENIED, said=right))

    # ── taking back ──────────────────────────────────────────────────────────────────────────────

    def before(self, draft: Draft, version: str) -> str | None:  # noqa: ARG002  # as the contract has it
        return _NOTHING_YET if draft.found.presence is Presence.MISSING else draft.found.version

    def discard(self, draft: Draft, version: str) -> None:
        if self._unmade(draft.name) or (draft.name, version) in self._unsure:
            return
        found = self.look(draft.name)
        if found.is_there and found.version != version:
            self._withdraw(draft, found, int(version))

    def _withdraw(self, draft: Draft, found: Found, number: int) -> None:
        """Destroy a version that readers are not to have.

        If it is the latest, what they had is added once more before: `latest` has to lead to it.
        """
        name = draft.name
        newest = next(self._versions.listed(name), None)
        if newest is None or newest[0] <= number:
            before = self._had(draft, found, number)
            if before is not None:
                self._versions.add(name, before.payload.data)
        self._versions.take_away(name, number, "destroy")

    def _had(self, draft: Draft, found: Found, number: int) -> Any | None:
        """What whoever reads the latest version had before this one was added."""
        last = self._versions.accessed(draft.name, number - 1) if number > 1 else None
        if last is not None and not _is_of(draft, last):
            return last
        current = _ground_of(found).aliases.get(self._alias)
        return None if current is None else self._versions.accessed(draft.name, current)

    def _unmade(self, name: str) -> bool:
        """Delete a secret that was made for a write, unless something has changed it since."""
        made = self._made.pop(name, None)
        if made is None:
            return False
        try:
            self.remove(name, made)
        except RefusedError as error:
            if not error.is_out_of_place:
                raise
            return False
        return True

    def remove(self, name: str, found: Found) -> None:
        etag = _ground_of(found).etag
        try:
            self._calls.read("delete_secret", name=self._versions.path(name), etag=etag)
        except RefusedError as error:
            if not error.is_missing:
                raise


def _ground_of(found: Found) -> Ground:
    if not isinstance(found.detail, Ground):
        raise cut_short()
    return found.detail


def _is_of(draft: Draft, answer: Any) -> bool:
    """Whether a version that was read holds what is to be written."""
    found = text_of(answer.payload.data)
    return found is not None and draft.content.is_in(found)


def _changed(said: str) -> StoreError:
    return StoreError(Trouble(What.CHANGED, said=said))


def _encryption(key: str | None) -> dict[str, Any]:
    return {"customer_managed_encryption": {"kms_key_name": key}} if key else {}


def _without_none(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}
