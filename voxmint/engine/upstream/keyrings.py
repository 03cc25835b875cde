"""Reads a key from the keyring of whoever runs voxmint, by the package `keyring`.

The service is always `voxmint`, and the project's files name an entry of it: so a pull request
that changes the name cannot have other secrets of the keyring sent as a key.

The package chooses the machine's keyring by its own settings and this process's environment.
"""

import time
from collections.abc import Callable

from voxmint.engine.failures import failure
from voxmint.engine.stores.keyring_backends import patiently
from voxmint.engine.wording import KEY_KEYRING_FAILED, KEY_KEYRING_LACKS, KEY_KEYRING_MISSING
from voxmint.origin import Origin

SERVICE = "voxmint"
"""The service of a keyring under which keys for voxmint are kept."""


def from_keyring(entry: str, at: Origin | None, pause: Callable[[float], None] = time.sleep) -> str:
    """What the keyring holds at an entry of voxmint's; `ProblemsError` where that is nothing.

    `pause` waits for so many seconds where it is too busy to be reached.
    """
    try:
        import keyring
    except ImportError as error:
        raise failure(KEY_KEYRING_MISSING, at=at, entry=entry) from error
    try:
        found = patiently(lambda: keyring.get_password(SERVICE, entry), pause)
    except (Exception, SystemExit) as error:  # a keyring's own package can raise anything
        # Its text is not repeated: what it holds is not ours to know.
        raise failure(KEY_KEYRING_FAILED, at=at, entry=entry, said=_said(error)) from error
    if found is None:
        raise failure(KEY_KEYRING_LACKS, at=at, entry=entry, service=SERVICE)
    return found


def _said(error: BaseException) -> str:
    from keyring.errors import InitError, KeyringLocked, NoKeyringError

    match error:
        case NoKeyringError():
            return "this machine has none that the package `keyring` knows"
        case KeyringLocked():
            return "it is locked"
        case InitError():
            return "it cannot be opened"
        case _:
            return f"it failed with {type(error).__name__}"
