"""Reads an upstream key from Azure Key Vault; it takes the right `getSecret/action` alone."""

from typing import TYPE_CHECKING

from voxmint.engine.stores import azure_keyvault_client as azure
from voxmint.engine.stores.azure_keyvault_client import EXTRA, LOGGERS, trouble_of
from voxmint.engine.stores.endpoints import UnallowedError
from voxmint.engine.upstream.hosts import ALLOW_HOSTS, allowed_hosts, is_allowed, url_of
from voxmint.secret import Secret

if TYPE_CHECKING:
    from voxmint.engine.upstream.keystores import Wanted
    from voxmint.profiles.key_stores import KeyInAzure

__all__ = ["EXTRA", "LOGGERS", "TITLE", "key_text", "trouble_of"]

TITLE = "Azure Key Vault"


def key_text(wanted: "Wanted[KeyInAzure]") -> Secret | None:
    """The text of a secret; `None` where there is no such secret."""
    from voxmint.engine.stores.azure_keyvault_options import KeyVaultOptions
    from voxmint.engine.stores.azure_keyvault_store import KeyVault

    place = wanted.place
    _check_vault(wanted)
    client = azure.client_of(azure.url_asked(place.vault, wanted.environ))
    return KeyVault(client, KeyVaultOptions(vault=place.vault)).read(place.secret, None)


def _check_vault(wanted: "Wanted[KeyInAzure]") -> None:
    """`UnallowedError` for a vault of the project's files that the operator did not allow."""
    address = azure.address_of(wanted.place.vault)
    parts = url_of(address or "")
    if parts is None or azure.is_operators(address, wanted.environ):
        return
    if not is_allowed(parts.host, allowed_hosts(wanted.environ, wanted.allow_hosts)):
        raise UnallowedError(str(parts.host), ALLOW_HOSTS)
