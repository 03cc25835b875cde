"""A keyring in a file, as the package `keyring` loads it in a process that tests start.

`TEST_KEYRING` names the file: JSON, the passwords by service and user. What was asked for is added
to the file `TEST_KEYRING_ASKED`.
"""

import json
import os
from pathlib import Path

from keyring.backend import KeyringBackend
from keyring.errors import KeyringLocked


class FileKeyring(KeyringBackend):
    """The keyring."""

    priority = 1

    def get_password(self, service: str, username: str) -> str | None:
        with Path(os.environ["TEST_KEYRING_ASKED"]).open("a") as asked:
            asked.write(f"{service} {username}\n")
        held = json.loads(Path(os.environ["TEST_KEYRING"]).read_text())
        found = held.get(service, {}).get(username)
        return found if found is None else str(found)

    def set_password(self, service: str, username: str, password: str) -> None:
        raise NotImplementedError

    def delete_password(self, service: str, username: str) -> None:
        raise NotImplementedError


class LockedKeyring(FileKeyring):
    """One that nobody unlocks."""

    def get_password(self, service: str, username: str) -> str | None:
        raise KeyringLocked(f"not for {service} {username}: sk-canary-of-the-keyring-0123")


class BrokenKeyring(FileKeyring):
    """One whose own package fails."""

    def get_password(self, service: str, username: str) -> str | None:
        raise OSError(f"not for {service} {username}: sk-canary-of-the-keyring-0123")


class LeavingKeyring(FileKeyring):
    """One that ends the program, as where nobody gives it a passphrase."""

    def get_password(self, service: str, username: str) -> str | None:
        raise SystemExit(f"not for {service} {username}: sk-canary-of-the-keyring-0123")
