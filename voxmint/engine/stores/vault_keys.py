"""Reads an upstream key from Vault or OpenBao; it takes the right `read` on its path alone."""

from typing import TYPE_CHECKING

from voxmint.engine.stores.contract import StoreError, Trouble, What
from voxmint.secret import Secret

if TYPE_CHECKING:
    from voxmint.engine.upstream.keystores import Wanted
    from voxmint.profiles.key_stores import KeyInVault

TITLE = "Vault"
EXTRA = "vault"
LOGGERS = ("hvac", "requests", "urllib3")


def key_text(wanted: "Wanted[KeyInVault]") -> Secret | None:
    """A secret's members as a JSON object; `None` where there is no such secret."""
    # They import hvac, which may not be there.
    from voxmint.engine.stores.vault_client import variable
    from voxmint.engine.stores.vault_kv import KV
    from voxmint.engine.stores.vault_options import VaultOptions
    from voxmint.engine.stores.vault_session import session_for

    if variable(wanted.environ, "ADDR") is None:
        raise StoreError(Trouble(What.UNREACHABLE, said="no address is set: VAULT_ADDR"))
    place = wanted.place
    options = VaultOptions(**place.model_dump(exclude={"secret", "field"}))
    session = session_for(options, wanted.environ, 1)
    return KV(session, options.mount, options.versions).read(place.secret, None)


def trouble_of(error: Exception) -> Trouble:
    """What an error means; nothing of what the server says of it is shown."""
    from voxmint.engine.stores import vault_client

    return vault_client.trouble_of(error)
