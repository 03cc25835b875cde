"""The secrets and variables of one place at GitHub, as a store.

GitHub gives no secret back. So what a secret is stands beside it, in a variable that has its name
and `_MARKS` at the end: voxmint's marks, and when GitHub says the secret was written. Where GitHub
says another time by now, the secret is still voxmint's, and what it holds is not known any more.
"""

import json
from base64 import b64decode, b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from threading import Lock
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from nacl.public import PublicKey, SealedBox

from voxmint.engine.stores.asking import unexpected
from voxmint.engine.stores.content import Content
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
from voxmint.engine.stores.github_secrets_api import Answer, Api, Call
from voxmint.engine.stores.github_secrets_places import BESIDE, Place
from voxmint.engine.stores.marks import ENVIRONMENT, MANAGED_BY, SESSION_ID, own_marks
from voxmint.secret import Secret

if TYPE_CHECKING:
    from voxmint.engine.stores.github_secrets_options import GithubSecretsOptions

_UPDATED_AT, _FORM, _WRITE = "github-updated-at", "github-form", "github-write"
"""What a variable holds besides marks: when the secret was written, in which form, by which run."""

_Key = tuple[str, PublicKey]
"""The key that GitHub can open what is sealed with, and its id."""


@dataclass(frozen=True, slots=True)
class There:
    """What GitHub tells of a name: when the secret was written, and the text of its variable."""

    updated_at: str | None = None
    text: str | None = None


def there_of(found: Found) -> There:
    """What GitHub told when this was found."""
    return found.detail if isinstance(found.detail, There) else There()


class GithubSecrets(Store):
    """The secrets and variables of one place."""

    def __init__(
        self,
        api: Api,
        place: Place,
        options: "GithubSecretsOptions",
        members: Mapping[str, str],
    ) -> None:
        self._api = api
        self._place = place
        self._options = options
        self._form = _fingerprint([options.payload, members])
        self._greeting = Lock()
        self._key: _Key | None = None
        self._unknown: Trouble | None = None
        self._reach: Mapping[str, Any] = {}

    def trouble_of(self, error: Exception) -> Trouble:
        return unexpected(error)

    # ── looking ──────────────────────────────────────────────────────────────────────────────────

    def look(self, name: str) -> Found:
        self._greet()
        there = self._seen(name)
        if there == There():
            return MISSING
        told = _told(there.text)
        marks = {one: text for one, text in told.items() if one not in (_FORM, _UPDATED_AT, _WRITE)}
        if there.updated_at is None or told.get(_UPDATED_AT) != there.updated_at:
            # Whose it is stays true; what it holds was written by a run that ended before it could
            # tell, or by somebody else.
            marks = {one: marks[one] for one in (MANAGED_BY, ENVIRONMENT) if one in marks}
        return Found(Presence.THERE, there.updated_at, marks, detail=there)

    def read(self, name: str, version: str | None) -> Secret | None:  # noqa: ARG002  # nothing can be
        return None

    def has(self, name: str, found: Found, content: Content) -> bool:  # noqa: ARG002  # as said there
        """The marks are the same, so the value is, too, if they vouch for it."""
        return self.vouches(found)

    def vouches(self, found: Found) -> bool:
        """They do if they name its session, and its form."""
        return SESSION_ID in found.marks and _told(there_of(found).text).get(_FORM) == self._form

    def verify(self, draft: Draft, version: str) -> bool:  # noqa: ARG002  # nothing can be read
        """GitHub gives nothing back, so there is nothing to compare with.

        That it took the value as it was sent is known from its answer alone.
        """
        return True

    def _seen(self, name: str) -> There:
        return There(self._updated_at(name), self._variable(name))

    def _updated_at(self, name: str) -> str | None:
        path, right = self._place.secret(name), self._place.secrets_right
        answer = self._ask("GET", path, right, takes=(200, 404))
        return answer.text("updated_at") if answer.status == 200 else None

    def _variable(self, name: str) -> str | None:
        path = self._place.variable(f"{name}{BESIDE}")
        answer = self._ask("GET", path, self._place.variables_right, takes=(200, 404))
        return answer.text("value") if answer.status == 200 else None

    def _greet(self) -> _Key:
        """The public key; asks once for what only whoever may look is told.

        GitHub answers 404 for what is missing, and for what a token may not know of. After this a
        404 means that it is missing.
        """
        with self._greeting:
            if self._unknown is not None:
                raise StoreError(self._unknown)
            if self._key is None:
                try:
                    self._key = self._greeted()
                except StoreError as error:
                    # Of other failures the next one to ask may hear something better.
                    self._unknown = error.trouble if error.trouble.what is What.DENIED else None
                    raise
            return self._key

    def _greeted(self) -> _Key:
        key = self._public_key()
        self._ask("GET", f"{self._place.variable()}?per_page=1", self._place.variables_right)
        self._reach = self._reached()
        return key

    def _public_key(self) -> _Key:
        place = self._place
        answer = self._ask("GET", place.key, place.secrets_right, takes=(200, 404))
        if answer.status == 404:
            said = f"it shows this token no secrets of {place.said}: wrong name, or no right"
            raise StoreError(Trouble(What.DENIED, "404", said=said))
        try:
            return answer.text("key_id"), PublicKey(b64decode(answer.text("key"), validate=True))
        except ValueError:
            raise cut_short("what it gave is no public key") from None

    def _reached(self) -> Mapping[str, Any]:
        """Who may use an organization's secrets, as a write has to say."""
        options = self._options
        if not options.organization:
            return {}
        if options.visibility != "selected":
            return {"visibility": options.visibility}
        ids = [self._id_of(f"{options.organization}/{one}") for one in options.repositories]
        return {"visibility": "selected", "selected_repository_ids": ids}

    def _id_of(self, repository: str) -> int:
        found = self._ask("GET", f"/repos/{repository}", "Metadata").fields.get("id")
        if not isinstance(found, int):
            raise cut_short()
        return found

    # ── writing ──────────────────────────────────────────────────────────────────────────────────

    def stage(self, draft: Draft) -> str:
        self._greet()
        version = str(uuid4())
        there = there_of(draft.found)
        if there.updated_at is None:
            # Before there is a secret, somebody has to know whose it will be.
            self._tell(draft.name, there.text, self._claim(draft, version))
        return version

    def switch(self, draft: Draft, version: str) -> None:
        name, before = draft.name, there_of(draft.found)
        if before.updated_at is None:
            before = There(None, self._claim(draft, version))
        # GitHub knows no condition on a write: what others write from here on is not seen.
        if self._seen(name) != before:
            said = "its secret or its variable is another than it was"
            raise StoreError(Trouble(What.CHANGED, said=said))
        self._put(draft)
        updated_at = self._updated_at(name)
        if updated_at is None:
            raise StoreError(Trouble(What.CHANGED, said="it was removed meanwhile"))
        marks = {**draft.marks, _UPDATED_AT: updated_at, _FORM: self._form}
        self._tell(name, before.text, _text(marks, version))

    def _claim(self, draft: Draft, version: str) -> str:
        return _text(draft.claim, version)

    def _put(self, draft: Draft) -> None:
        path, right = self._place.secret(draft.name), self._place.secrets_right
        body = self._sealed(draft, self._greet())
        answer = self._ask("PUT", path, right, body, takes=(201, 204, 422))
        if answer.status == 422:
            # GitHub may have another key by now.
            with self._greeting:
                self._key = key = self._public_key()
            self._ask("PUT", path, right, self._sealed(draft, key), takes=(201, 204))

    def _sealed(self, draft: Draft, key: _Key) -> Mapping[str, Any]:
        key_id, public = key
        sealed = SealedBox(public).encrypt(draft.content.text().encode())
        return {"encrypted_value": b64encode(sealed).decode(), "key_id": key_id, **self._reach}

    def _tell(self, name: str, before: str | None, text: str) -> None:
        """Write the variable of a secret, which held `before` a moment ago."""
        is_told = self._made(name, text) if before is None else self._changed(name, text)
        if not is_told:
            said = f"{name}{BESIDE} was made or removed meanwhile"
            raise StoreError(Trouble(What.CHANGED, said=said))

    def _made(self, name: str, text: str) -> bool:
        """Whether the variable is new, and says this."""
        body: dict[str, Any] = {"name": f"{name}{BESIDE}", "value": text}
        if self._options.organization:
            # No job needs it: none of the repositories is given it.
            body |= {"visibility": "selected", "selected_repository_ids": []}
        path, right = self._place.variable(), self._place.variables_right
        answer = self._ask("POST", path, right, body, takes=(201, 409))
        # What was sent twice, since its first answer was lost, is there already.
        return answer.status == 201 or self._variable(name) == text

    def _changed(self, name: str, text: str) -> bool:
        """Whether the variable is still there, and says this now."""
        path, right = self._place.variable(f"{name}{BESIDE}"), self._place.variables_right
        answer = self._ask("PATCH", path, right, {"value": text}, takes=(204, 404))
        if answer.status == 404 and self._variable(name) is not None:
            raise _denied(right)
        return answer.status == 204

    def discard(self, draft: Draft, version: str) -> None:
        claim = There(None, self._claim(draft, version))
        if there_of(draft.found).updated_at is None and self._seen(draft.name) == claim:
            self._remove_variable(draft.name)

    def remove(self, name: str, found: Found) -> None:  # noqa: ARG002  # GitHub knows no condition
        right = self._place.secrets_right
        answer = self._ask("DELETE", self._place.secret(name), right, takes=(204, 404))
        if answer.status == 404 and self._updated_at(name) is not None:
            raise _denied(right)
        self._remove_variable(name)

    def _remove_variable(self, name: str) -> None:
        path, right = self._place.variable(f"{name}{BESIDE}"), self._place.variables_right
        answer = self._ask("DELETE", path, right, takes=(204, 404))
        if answer.status == 404 and self._variable(name) is not None:
            raise _denied(right)

    def _ask(
        self,
        method: str,
        path: str,
        right: str,
        body: Mapping[str, Any] | None = None,
        *,
        takes: tuple[int, ...] = (200,),
    ) -> Answer:
        return self._api.ask(Call(method, path, right, takes, body))


def _denied(right: str) -> StoreError:
    """The error for a write to what can be seen, which GitHub answers as if it were not there."""
    said = f"it needs the permission `{right}: write`"
    return StoreError(Trouble(What.DENIED, "404", said=said))


def _text(marks: Mapping[str, str], version: str) -> str:
    """The text of a variable, as people read it on GitHub's page."""
    return json.dumps({**marks, _WRITE: version}, indent=2, sort_keys=True)


def _told(text: str | None) -> Mapping[str, str]:
    """What a variable says; nothing where it is not one of voxmint's."""
    try:
        found = json.loads(text or "{}")
    except (ValueError, RecursionError):
        return {}
    is_marks = isinstance(found, dict) and all(isinstance(one, str) for one in found.values())
    return found if is_marks and own_marks(found) else {}


def _fingerprint(known: object) -> str:
    return sha256(json.dumps(known, sort_keys=True).encode()).hexdigest()[:16]
