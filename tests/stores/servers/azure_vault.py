"""A fake of Azure Key Vault's secrets: what it keeps, and what it answers.

It is ours, and behaves as Microsoft's documentation of the REST API (7.x and later) and threads of
its users describe it: times are whole seconds; versions are listed by their ids, not by their age,
25 at a time; a disabled version cannot be read and is listed all the same; tags belong to a
version; a deleted secret keeps its name, and 409 tells why. It was never compared with Azure
itself. Its errors repeat what was sent, which those of Azure are not known to do.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

ACTIONS = (
    *("delete", "getSecret/action", "purge/action", "readMetadata/action", "recover/action"),
    *("setSecret/action", "update/action"),
)
_NAME = re.compile(r"[0-9A-Za-z-]{1,127}")
_LARGEST = 25 * 1024
_MOST_TAGS = 15
_RETENTION = 90 * 24 * 3600


class RefusedError(Exception):
    """An answer that is an error."""

    def __init__(self, status: int, code: str, within: str | None = None) -> None:
        super().__init__(code)
        self.status = status
        self.code = code
        self.within = within


@dataclass
class Version:
    """One version of a secret."""

    number: str
    value: str
    created: int
    updated: int
    is_enabled: bool = True
    expires: int | None = None
    tags: dict[str, str] = field(default_factory=dict)
    content_type: str | None = None


@dataclass
class Kept:
    """A secret; `deleted_at` is set for one that is deleted and not yet purged."""

    name: str
    versions: list[Version] = field(default_factory=list)
    deleted_at: int | None = None

    @property
    def latest(self) -> Version:
        return self.versions[-1]

    def version(self, number: str) -> Version:
        found = [one for one in self.versions if number in ("", one.number)]
        if not found:
            raise RefusedError(404, "SecretNotFound")
        return found[-1]


@dataclass
class FakeVault:
    """The secrets of one vault, who may do what, and its clock.

    `may` are the actions that its users have a right to, but for secrets that are `closed` to them.
    `stands`: its clock stands still; else it
    goes on a second with each write. `polls` is how often a secret that is being recovered is not
    yet there. With `has_access_policies`, the older way to give rights, a deleted secret is only
    shown to those who may read one; a list of them is still shown to those who may list.
    """

    kept: dict[str, Kept] = field(default_factory=dict)
    may: frozenset[str] = frozenset(ACTIONS)
    closed: frozenset[str] = frozenset()
    clock: int = 1_790_000_000
    stands: bool = False
    page: int = 25
    polls: int = 0
    has_access_policies: bool = False

    def answer(self, method: str, url: str, host: str, body: bytes) -> tuple[int, Any]:
        """The status of an answer, and what it holds."""
        parts = urlsplit(url)
        query = parse_qs(parts.query)
        try:
            if "api-version" not in query:
                raise RefusedError(400, "BadParameter")
            path = parts.path.strip("/").split("/")
            if self.closed.intersection(path):
                raise RefusedError(403, "Forbidden", "ForbiddenByRbac")
            return self._answer(method, path, query, f"https://{host}", body)
        except RefusedError as error:
            within = {"innererror": {"code": error.within}} if error.within else {}
            said = f"It was {method} {parts.path} with {body.decode()}"
            return error.status, {"error": {"code": error.code, "message": said, **within}}

    def _answer(
        self, method: str, path: list[str], query: Mapping[str, list[str]], base: str, body: bytes
    ) -> tuple[int, Any]:
        sent = json.loads(body) if body else {}
        match method, path:
            case "GET", ["secrets", name, "versions"]:
                said = self._listed(name, query, base)
            case "GET", ["secrets", name, *number]:
                said = self._read(name, "".join(number), base)
            case "PUT", ["secrets", name]:
                said = self._set(name, sent, base)
            case "PATCH", ["secrets", name, *number]:
                said = self._update(name, "".join(number), sent, base)
            case "DELETE", ["secrets", name]:
                said = self._delete(name, base)
            case _, ["deletedsecrets", *rest]:
                said = self._answer_of_deleted(method, rest, base)
            case _:
                raise RefusedError(405, "MethodNotAllowed")
        return 200, said

    def _answer_of_deleted(self, method: str, path: list[str], base: str) -> Any:
        match method, path:
            case "GET", []:
                self._demand("readMetadata/action")
                gone = [one for one in self.kept.values() if one.deleted_at is not None]
                return {"value": [self._deleted(one, base) for one in gone]}
            case "GET", [name]:
                has_policies = self.has_access_policies
                self._demand("getSecret/action" if has_policies else "readMetadata/action")
                return self._deleted(self._gone(name), base)
            case "POST", [name, "recover"]:
                return self._recover(name, base)
        raise RefusedError(405, "MethodNotAllowed")

    def _demand(self, action: str) -> None:
        if action not in self.may:
            raise RefusedError(403, "Forbidden", "ForbiddenByRbac")

    def _there(self, name: str) -> Kept:
        found = self.kept.get(name.lower())
        if found is None or found.deleted_at is not None:
            raise RefusedError(404, "SecretNotFound")
        return found

    def _gone(self, name: str) -> Kept:
        found = self.kept.get(name.lower())
        if found is None or found.deleted_at is None:
            raise RefusedError(404, "SecretNotFound")
        return found

    def _tick(self) -> int:
        self.clock += not self.stands
        return self.clock

    # ── calls ────────────────────────────────────────────────────────────────────────────────────

    def _listed(self, name: str, query: Mapping[str, list[str]], base: str) -> Any:
        self._demand("readMetadata/action")
        kept = self.kept.get(name.lower())
        if kept is None or kept.deleted_at is not None:
            # A name that nobody has is an empty list here, and not a 404.
            return {"value": [], "nextLink": None}
        start = int(query.get("$skiptoken", ["0"])[0])
        ordered = sorted(kept.versions, key=lambda one: one.number)
        shown = ordered[start : start + self.page]
        is_last = start + self.page >= len(ordered)
        link = f"{base}/secrets/{name}/versions?api-version=x&$skiptoken={start + self.page}"
        items = [self._about(kept, one, base) for one in shown]
        return {"value": items, "nextLink": None if is_last else link}

    def _read(self, name: str, number: str, base: str) -> Any:
        self._demand("getSecret/action")
        kept = self._there(name)
        if self.polls:
            self.polls -= 1
            raise RefusedError(404, "SecretNotFound")
        version = kept.version(number)
        if not version.is_enabled:
            raise RefusedError(403, "Forbidden", "SecretDisabled")
        return {"value": version.value, **self._about(kept, version, base)}

    def _set(self, name: str, sent: Any, base: str) -> Any:
        self._demand("setSecret/action")
        kept = self.kept.get(name.lower(), Kept(name))
        if kept.deleted_at is not None:
            raise RefusedError(409, "Conflict", "ObjectIsDeletedButRecoverable")
        tags = sent.get("tags") or {}
        is_fit = _NAME.fullmatch(name) and len(tags) <= _MOST_TAGS
        if not is_fit or any(max(len(one), len(tags[one])) > 256 for one in tags):
            raise RefusedError(400, "BadParameter")
        if len(sent["value"].encode()) > _LARGEST:
            raise RefusedError(400, "BadParameter")
        now = self._tick()
        number = sha256(f"{name} {len(kept.versions)} {now}".encode()).hexdigest()[:32]
        attributes = sent.get("attributes") or {}
        version = Version(
            number,
            sent["value"],
            now,
            now,
            is_enabled=attributes.get("enabled", True),
            expires=attributes.get("exp"),
            tags=dict(tags),
            content_type=sent.get("contentType"),
        )
        kept.versions.append(version)
        self.kept[name.lower()] = kept
        return {"value": version.value, **self._about(kept, version, base)}

    def _update(self, name: str, number: str, sent: Any, base: str) -> Any:
        self._demand("update/action")
        kept = self._there(name)
        version = kept.version(number)
        attributes = sent.get("attributes") or {}
        version.is_enabled = attributes.get("enabled", version.is_enabled)
        version.expires = attributes.get("exp", version.expires)
        version.tags = sent.get("tags") or version.tags
        version.content_type = sent.get("contentType") or version.content_type
        version.updated = self._tick()
        return self._about(kept, version, base)

    def _delete(self, name: str, base: str) -> Any:
        self._demand("delete")
        kept = self._there(name)
        kept.deleted_at = self._tick()
        return self._deleted(kept, base)

    def _recover(self, name: str, base: str) -> Any:
        self._demand("recover/action")
        kept = self._gone(name)
        kept.deleted_at = None
        return self._about(kept, kept.latest, base)

    # ── forms ────────────────────────────────────────────────────────────────────────────────────

    def _about(self, kept: Kept, one: Version, base: str) -> dict[str, Any]:
        attributes = {
            "enabled": one.is_enabled,
            "created": one.created,
            "updated": one.updated,
            "recoveryLevel": "Recoverable+Purgeable",
            "recoverableDays": 90,
        }
        if one.expires is not None:
            attributes["exp"] = one.expires
        about = {
            "id": f"{base}/secrets/{quote(kept.name)}/{one.number}",
            "attributes": attributes,
            "tags": dict(one.tags),
        }
        return about | ({"contentType": one.content_type} if one.content_type else {})

    def _deleted(self, kept: Kept, base: str) -> dict[str, Any]:
        at = kept.deleted_at or 0
        return {
            **self._about(kept, kept.latest, base),
            "recoveryId": f"{base}/deletedsecrets/{quote(kept.name)}",
            "deletedDate": at,
            "scheduledPurgeDate": at + _RETENTION,
        }
