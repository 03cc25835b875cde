"""The sink for the desktop's own keyring, for people: an entry for each profile, or one for all.

```yaml
sinks:
  - kind: keyring
    name: "{environment}/{profile}"     # without {profile}: one entry for all of them
```

The package `keyring` knows texts by a service and a name, and no more: no versions, no marks, and
no question whether there is an entry but for its value. So the marks are an entry of a service of
their own, and they stand for a version; what is staged is one of another service. A look has to
take the value in hand, and lets it go at once. What it keeps in its place is a print of it that
only this object can make, to tell whether somebody changed it since, who left the marks alone.

The services are fixed, so that no change of a project's files can lead to other entries.
"""

import hmac
import json
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from hashlib import sha256
from secrets import token_bytes, token_hex
from typing import TYPE_CHECKING, ClassVar

from voxmint.engine.failures import failure
from voxmint.engine.sinks.contract import OptionsWhenNeeded, Surroundings
from voxmint.engine.stores.asking import unexpected
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
from voxmint.engine.stores.keyring_backends import QuitError, Steady, UnfitError, chosen
from voxmint.engine.stores.marks import own_marks
from voxmint.engine.stores.naming import NameForm
from voxmint.engine.stores.sink import StoreSink
from voxmint.engine.stores.wording import STORE_KEYRING_UNFIT
from voxmint.secret import Secret

if TYPE_CHECKING:
    from voxmint.engine.stores.keyring_options import KeyringOptions

TOKENS, MARKS, STAGED = "voxmint-tokens", "voxmint-marks", "voxmint-staged"
"""The services of the entries."""


class KeyringSink(StoreSink):
    """Entries of the keyring of whoever runs voxmint."""

    kind: ClassVar[str] = "keyring"
    Options = OptionsWhenNeeded("voxmint.engine.stores.keyring_options:KeyringOptions")
    title = "the keyring"
    extra = "keyring"
    page = "docs/stores/keyring.md"
    form = NameForm(
        r"A-Za-z0-9/_.@+\-",
        200,
        "ASCII letters, digits and / _ . @ + -, at most 200 of them",
    )
    # A locked one asks the person, who is to be asked once.
    workers = 1
    loggers = ("keyring", "secretstorage", "jeepney")
    pause: ClassVar[Callable[[float], None]] = staticmethod(time.sleep)
    """What waits for so many seconds where the keyring is too busy to be reached."""

    def __init__(self, options: "KeyringOptions", around: Surroundings) -> None:
        super().__init__(options, around)
        self.options: KeyringOptions = options

    def opened(self) -> Store:
        try:
            return _Keyring(chosen(type(self).pause))
        except UnfitError as error:
            facts = {"said": error.said, "page": self.page}
            raise failure(STORE_KEYRING_UNFIT, at=self.around.at, **facts) from None


class _Keyring(Store):
    """One keyring, as the package `keyring` reaches it."""

    def __init__(self, backend: Steady) -> None:
        self._backend = backend
        self._key = token_bytes(32)

    # ── reading ──────────────────────────────────────────────────────────────────────────────────

    def look(self, name: str) -> Found:
        held = self._print(name)
        if held is None:
            return MISSING
        text = self._backend.get_password(MARKS, name)
        return Found(Presence.THERE, _version_of(text), _marks_in(text), detail=held)

    def _print(self, name: str) -> str | None:
        """What tells two values apart; its key is nowhere else, so it says nothing of them."""
        text = self._backend.get_password(TOKENS, name)
        return None if text is None else hmac.digest(self._key, text.encode(), "sha256").hex()

    def read(self, name: str, version: str | None) -> Secret | None:
        """As `Store.read`; the version of what was staged stands before it in its entry."""
        if version is not None and version.startswith(STAGED):
            is_it, text = self._staged(name, version)
            return Secret(text) if is_it else None
        if version is not None and _version_of(self._backend.get_password(MARKS, name)) != version:
            return None
        held = self._backend.get_password(TOKENS, name)
        return None if held is None else Secret(held)

    def _staged(self, name: str, version: str) -> tuple[bool, str]:
        """Whether this version is what is staged; and what is."""
        found, _, text = (self._backend.get_password(STAGED, name) or "").partition("\n")
        return found == version, text

    # ── writing ──────────────────────────────────────────────────────────────────────────────────

    def stage(self, draft: Draft) -> str:
        version = f"{STAGED}-{token_hex(8)}"
        self._backend.set_password(STAGED, draft.name, f"{version}\n{draft.content.text()}")
        return version

    def switch(self, draft: Draft, version: str) -> None:
        now = self.look(draft.name)
        if (now.version, now.detail) != (draft.found.version, draft.found.detail):
            raise StoreError(Trouble(What.CHANGED, said="it holds something else"))
        self._write(draft)
        own = own_marks(draft.found.marks)
        others = {one: text for one, text in draft.found.marks.items() if one not in own}
        self._mark(draft.name, {**others, **draft.marks})
        # What is left is replaced by the next run that stages the same entry.
        with suppress(Exception):
            self.discard(draft, version)

    def _write(self, draft: Draft) -> None:
        """Write the value, claimed before: a run that ends now leaves it as voxmint's."""
        is_claimed = draft.claim.items() <= draft.found.marks.items()
        if not is_claimed:
            self._mark(draft.name, {**draft.found.marks, **draft.claim})
        try:
            self._backend.set_password(TOKENS, draft.name, draft.content.text())
        except Exception:
            with suppress(Exception):
                if self._is_written(draft):
                    # Its answer alone was lost.
                    return
                if not is_claimed and self._print(draft.name) == draft.found.detail:
                    self._mark(draft.name, draft.found.marks)
            raise

    def _is_written(self, draft: Draft) -> bool:
        text = self._backend.get_password(TOKENS, draft.name)
        return text is not None and draft.content.is_in(Secret(text))

    def _mark(self, name: str, marks: Mapping[str, str]) -> None:
        if marks:
            self._backend.set_password(MARKS, name, json.dumps(marks, sort_keys=True))
        else:
            self._delete(MARKS, name)

    def discard(self, draft: Draft, version: str) -> None:
        if self._staged(draft.name, version)[0]:
            self._backend.delete_password(STAGED, draft.name)

    def remove(self, name: str, found: Found) -> None:  # noqa: ARG002  # there is no condition
        # The marks last: without its value an entry is missing, whatever marks are left.
        for service in (TOKENS, STAGED, MARKS):
            self._delete(service, name)

    def _delete(self, service: str, name: str) -> None:
        """Delete an entry, if it is there."""
        if self._backend.get_password(service, name) is not None:
            self._backend.delete_password(service, name)

    # ── troubles ─────────────────────────────────────────────────────────────────────────────────

    def trouble_of(self, error: Exception) -> Trouble:
        from keyring import errors as known

        said: tuple[tuple[type[Exception], What, str], ...] = (
            (known.KeyringLocked, What.LOCKED, "nobody unlocked it"),
            (known.NoKeyringError, What.UNREACHABLE, "it is gone"),
            (known.InitError, What.UNREACHABLE, "it cannot be opened"),
            (known.PasswordSetError, What.REFUSED, "it took no entry"),
            (known.PasswordDeleteError, What.REFUSED, "it deleted no entry"),
            (OSError, What.UNREACHABLE, "its service cannot be asked"),
            (QuitError, What.UNREACHABLE, "its backend wanted to end voxmint"),
        )
        for kind, what, words in said:
            if isinstance(error, kind):
                return Trouble(what, said=words)
        return _of_the_desktop(error) or unexpected(error)


def _marks_in(text: str | None) -> dict[str, str]:
    """The marks in an entry; none where it is not of their form."""
    try:
        found = json.loads(text or "{}")
    except (ValueError, RecursionError):
        return {}
    marks = found if isinstance(found, dict) else {}
    return {mark: value for mark, value in marks.items() if isinstance(value, str)}


def _version_of(marks: str | None) -> str:
    """What an entry with these marks is told by; each session has others."""
    return f"marked-{sha256(marks.encode()).hexdigest()[:16]}" if marks else "unmarked"


def _of_the_desktop(error: Exception) -> Trouble | None:
    """What an error of the packages below `keyring` means, on a Linux desktop."""
    package = type(error).__module__.partition(".")[0]
    if package not in ("secretstorage", "jeepney"):
        return None
    if type(error).__name__ in ("LockedException", "PromptDismissedException"):
        return Trouble(What.LOCKED, said="nobody unlocked it")
    return Trouble(What.UNREACHABLE, said=f"its service cannot be asked: {type(error).__name__}")
