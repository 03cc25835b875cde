"""Google Secret Manager as a store: versions, an alias that leads readers to one, annotations.

A new value is added as a version and read back; then one update moves the alias to it and sets the
annotations, by the etag of the secret that was looked at. `latest` is always the version added
last, so whoever reads that has the new value a little earlier; it may never lead to one that is
destroyed, since Google does not fall back to the one before.
"""

from collections.abc import Callable, Iterator, Mapping
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

_LATEST = "latest"
_NOTHING_YET = "0"
"""The version of a secret that was made for a run which ended before readers had any."""
_FIRST = "voxmint-first"
"""The annotation that tells from which version on they are voxmint's: not those of others before
it adopted the secret. It is no mark."""
_PAGE = 250
"""How many versions are looked through: destroyed ones stay in the list for good."""


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
        import google_crc32c

        from voxmint.engine.stores.gcp_secretmanager_options import PREVIOUS

        self._checksum: Callable[[bytes], int] = google_crc32c.value
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

    def _path(self, name: str, version: str | int | None = None) -> str:
        path = f"{self._parent}/secrets/{name}"
        return path if version is None else f"{path}/versions/{version}"

    # ── reading ──────────────────────────────────────────────────────────────────────────────────

    def look(self, name: str) -> Found:
        try:
            return self._found(self._calls.read("get_secret", name=self._path(name)))
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
        answer = self._accessed(name, version or _LATEST)
        return _text_of(answer.payload.data) if answer else None

    def _accessed(self, name: str, version: str | int) -> Any | None:
        """A version with its data, held against its checksum; `None` where there is none to get."""
        path = self._path(name, version)
        try:
            answer = self._calls.read("access_secret_version", name=path)
        except RefusedError as error:
            if not (error.is_missing or error.is_out_of_place):
                raise
            return None
        if not answer.name or "data_crc32c" not in answer.payload:
            raise cut_short()
        if answer.payload.data_crc32c != self._checksum(answer.payload.data):
            raise cut_short("its answer does not match its checksum")
        return answer

    def _versions(self, name: str) -> Iterator[tuple[int, bool]]:
        """The numbers of a secret's versions and whether each is enabled; the newest first."""
        from google.cloud.secretmanager_v1 import SecretVersion

        about = {"parent": self._path(name), "page_size": _PAGE}
        for one in self._calls.read("list_secret_versions", **about):
            yield _number_of(one.name), one.state == SecretVersion.State.ENABLED

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
        return self._add_data(draft.name, draft.content.text().encode())

    def _add_data(self, name: str, data: bytes) -> int:
        """Add a version; its number."""
        payload = {"data": data, "data_crc32c": self._checksum(data)}
        version = self._calls.write("add_secret_version", parent=self._path(name), payload=payload)
        number = _number_of(version.name)
        if not version.client_specified_payload_checksum:
            raise cut_short("it did not take the checksum")
        return number

    def _added(self, draft: Draft) -> int | None:
        """The number of the version that a lost answer was about, if it was added."""
        latest = self._accessed(draft.name, _LATEST)
        return _number_of(latest.name) if latest and _is_of(draft, latest) else None

    # ── switching ────────────────────────────────────────────────────────────────────────────────

    def switch(self, draft: Draft, version: str) -> None:
        is_made = draft.found.presence is Presence.MISSING
        before = self._made[draft.name] if is_made else draft.found
        old = self._old(draft.name, before, int(version))
        if old:
            self._check_right_to_take_away(draft.name)
        held(
            lambda: self._move(draft, before, version),
            lambda: self._moved(draft, before, version),
        )
        self._made.pop(draft.name, None)
        for one in old:
            # By now nobody is led there. What is left all the same, the next switch takes away.
            with suppress(Exception):
                self._take_away(draft.name, one, self._options.older)

    def _move(self, draft: Draft, before: Found, version: str) -> bool:
        """Let the alias lead to a version and set the annotations, in one update."""
        ground = _ground_of(before)
        aliases = {**ground.aliases, self._alias: int(version)}
        aliases.pop(self._previous, None)
        if self._alias in ground.aliases:
            aliases[self._previous] = ground.aliases[self._alias]
        marks = {**others_marks(before.marks), **marks_at(draft.marks, version)}
        secret = {
            "name": self._path(draft.name),
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

    def _old(self, name: str, before: Found, number: int) -> list[int]:
        """Versions that nobody is to read once the alias has moved; `StoreError` if a newer came.

        These are voxmint's own: the one before the current one, and what runs left that were
        killed or took a write back. The current one stays, since Google tells some readers of the
        move only after a while. Nothing is taken away before the move went well: by another look
        at the aliases than Google's own, it could be the one that readers have.
        """
        ground = _ground_of(before)
        kept = {version for alias, version in ground.aliases.items() if alias != self._previous}
        first = number if ground.first is None else ground.first
        listed = list(islice(self._versions(name), _PAGE))
        if not listed and self._alias in ground.aliases:
            raise cut_short()
        if any(version > number for version, _ in listed):
            raise _changed("a newer version was added")
        return [
            version
            for version, is_enabled in listed
            if is_enabled and first <= version < number and version not in kept
        ]

    def _check_right_to_take_away(self, name: str) -> None:
        """`StoreError` where the right to it is missing: it is told while nothing has changed."""
        right = RIGHTS[f"{self._options.older}_secret_version"]
        request = {"resource": self._path(name), "permissions": [right]}
        try:
            answer = self._calls.read("test_iam_permissions", **request)
        except RefusedError as error:
            if is_lost(error):
                raise
            return
        if right not in answer.permissions:
            raise StoreError(Trouble(What.DENIED, said=right))

    def _take_away(self, name: str, version: int, how: str) -> None:
        """Destroy or disable a version; one that is not enabled any more is all right."""
        try:
            self._calls.read(f"{how}_secret_version", name=self._path(name, version))
        except RefusedError as error:
            if not (error.is_missing or error.is_out_of_place):
                raise

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
        newest = next(self._versions(name), None)
        if newest is None or newest[0] <= number:
            before = self._had(draft, found, number)
            if before is not None:
                self._add_data(name, before.payload.data)
        self._take_away(name, number, "destroy")

    def _had(self, draft: Draft, found: Found, number: int) -> Any | None:
        """What whoever reads the latest version had before this one was added."""
        last = self._accessed(draft.name, number - 1) if number > 1 else None
        if last is not None and not _is_of(draft, last):
            return last
        current = _ground_of(found).aliases.get(self._alias)
        return None if current is None else self._accessed(draft.name, current)

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
            self._calls.read("delete_secret", name=self._path(name), etag=etag)
        except RefusedError as error:
            if not error.is_missing:
                raise


def _ground_of(found: Found) -> Ground:
    if not isinstance(found.detail, Ground):
        raise cut_short()
    return found.detail


def _is_of(draft: Draft, answer: Any) -> bool:
    """Whether a version that was read holds what is to be written."""
    found = _text_of(answer.payload.data)
    return found is not None and draft.content.is_in(found)


def _changed(said: str) -> StoreError:
    return StoreError(Trouble(What.CHANGED, said=said))


def _encryption(key: str | None) -> dict[str, Any]:
    return {"customer_managed_encryption": {"kms_key_name": key}} if key else {}


def _without_none(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}


def _number_of(path: str) -> int:
    """The number at the end of a version's name."""
    number = path.rpartition("/")[2]
    if not number.isdecimal():
        raise cut_short()
    return int(number)


def _text_of(data: bytes) -> Secret | None:
    try:
        return Secret(data.decode())
    except UnicodeDecodeError:
        return None
