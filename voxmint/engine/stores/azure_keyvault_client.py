"""Azure Key Vault's client, and what its errors mean.

Credentials come from where every program with Azure's SDK finds them: variables, a pod's workload
identity, a machine's managed identity, the login of `az`. Nobody is asked to log in.
"""

import logging
import re
from collections.abc import Mapping
from json import JSONDecodeError
from types import MappingProxyType
from typing import Any

from voxmint import __version__
from voxmint.engine.stores.asking import unexpected
from voxmint.engine.stores.contract import StoreError, Trouble, What
from voxmint.engine.upstream.hosts import url_of

EXTRA = "azure"
LOGGERS = ("azure", "msal", "urllib3")
URL_VARIABLE = "AZURE_KEYVAULT_URL"
"""The operator's own word for the vault, where the project names none."""
ACTIONS = "Microsoft.KeyVault/vaults/secrets/"
"""What the names of rights begin with."""
DISABLED = "SecretDisabled"
"""The code for a version that nobody can read."""

_NETWORK = MappingProxyType({"connection_timeout": 10, "read_timeout": 30})
"""Seconds. The client's own are 300."""
PAUSE = 0.8
"""Seconds that its pauses between two tries begin with, as the client has them by itself."""
_ENTRA = re.compile(r"\bAADSTS[0-9]{4,9}\b")
_NO_CONNECTION = re.compile(
    r"Authentication failed: .*(HTTPSConnection|\[SSL|\bErrno\b|Connection aborted|timed out)"
)
"""A login that was begun and got no answer; the client passes on a text alone."""
_BAD_VARIABLES = "a variable of its client (AZURE_…) holds what it does not take"

_CODES: Mapping[str, tuple[What, str]] = MappingProxyType(
    {
        "ForbiddenByConnection": (What.DENIED, "the vault takes no requests from this network"),
        "ForbiddenByFirewall": (What.DENIED, "the vault's firewall does not let this address in"),
        "ObjectIsBeingDeleted": (What.DELETED, "it is just being deleted"),
        "ObjectIsBeingRecovered": (
            What.DELETED,
            "its deletion is just being taken back; run this again in a minute",
        ),
        "ObjectIsDeletedButRecoverable": (What.DELETED, "its name stays taken"),
        DISABLED: (What.REFUSED, "its current version is disabled"),
    }
)
"""Codes within an error that say more than its status."""
_STATUS: Mapping[int, What] = MappingProxyType(
    {
        401: What.LOGIN,
        403: What.DENIED,
        404: What.CHANGED,
        408: What.UNREACHABLE,
        409: What.CHANGED,
        413: What.TOO_LARGE,
        429: What.BUSY,
    }
)


def address_of(vault: str | None) -> str | None:
    """The URL of the vault that settings name, by its name or URL; `None` where they name none."""
    if vault is None or vault.startswith("https://"):
        return vault
    return f"https://{vault.lower()}.vault.azure.net"


def is_operators(url: str | None, environ: Mapping[str, str]) -> bool:
    """Whether a vault is the one of the operator's own variable."""
    own, told = url_of(environ.get(URL_VARIABLE, "")), url_of(url or "")
    return own is not None and told is not None and own.host == told.host


def url_asked(vault: str | None, environ: Mapping[str, str]) -> str:
    """The URL of the settings' vault, else of the operator's; `StoreError` for an unsound one."""
    url = address_of(vault) or environ.get(URL_VARIABLE)
    if not url:
        said = f"no vault is named: {URL_VARIABLE}, or `vault` in the project's file"
        raise StoreError(Trouble(What.UNREACHABLE, said=said))
    parts = url_of(url)
    if parts is None or parts.host.scheme != "https" or parts.path:
        said = f"{URL_VARIABLE} is not https:// and a host"
        raise StoreError(Trouble(What.UNREACHABLE, said=said))
    return str(parts)


def client_of(url: str, pause: float = PAUSE) -> Any:
    """A client of the vault at this address; `StoreError` where it cannot be set up.

    How often it tries, and how it waits, is its own rule: three times more, and for as long as the
    vault's `Retry-After` says; else for `pause` seconds, twice as long each time.
    """
    from azure.identity import DefaultAzureCredential
    from azure.keyvault.secrets import SecretClient

    # It warns of each place in which it found no credentials, with what was answered there.
    logging.getLogger("azure.identity").setLevel(logging.CRITICAL)
    try:
        credential = DefaultAzureCredential(
            exclude_interactive_browser_credential=True, exclude_broker_credential=True, **_NETWORK
        )
    except ValueError:
        trouble = Trouble(What.LOGIN, said=_BAD_VARIABLES)
    else:
        # A vault leads nobody elsewhere; what is written would go along.
        return SecretClient(
            url,
            credential,
            user_agent=f"voxmint/{__version__}",
            permit_redirects=False,
            retry_backoff_factor=pause,
            **_NETWORK,
        )
    raise StoreError(trouble)


def trouble_of(error: Exception, right: str | None = None) -> Trouble:
    """What an error of the client means; `right` is what was made use of.

    What Azure says of it is left out: it can name what was sent.
    """
    from azure.core import exceptions as known

    if isinstance(error, known.ClientAuthenticationError):
        return _login(error)
    if isinstance(error, known.HttpResponseError) and _status_of(error) >= 300:
        return _by_answer(error, right)
    return _without_answer(error)


def _status_of(error: Any) -> int:
    status = error.status_code
    return status if isinstance(status, int) else 0


def _login(error: Any) -> Trouble:
    """The trouble of an error of the login, or of a vault that does not take its token."""
    text = str(error)
    found = _ENTRA.search(text)
    if found is not None:
        return Trouble(What.LOGIN, found.group(), said="Microsoft Entra refuses the credentials")
    if _status_of(error) == 401:
        code, _ = _codes_of(error)
        said = "the vault does not take the token that Microsoft Entra gave"
        return Trouble(What.LOGIN, code, _request_id(error), said)
    if _NO_CONNECTION.search(text):
        return Trouble(What.UNREACHABLE, said="Microsoft Entra cannot be reached for the login")
    return Trouble(What.LOGIN, said="no credentials were found, or none that could be used")


def _by_answer(error: Any, right: str | None) -> Trouble:
    code, inner = _codes_of(error)
    status = _status_of(error)
    what, said = _CODES.get(inner or "", (None, None))
    if what is None:
        what = What.UNREACHABLE if status >= 500 else _STATUS.get(status, What.REFUSED)
        said = _said_of(what, right)
    return Trouble(what, inner or code or str(status), _request_id(error), said)


def _said_of(what: What, right: str | None) -> str | None:
    return f"it takes the right {ACTIONS}{right}" if what is What.DENIED and right else right


def _codes_of(error: Any) -> tuple[str | None, str | None]:
    """The code of an answered error, and the one within it, which is more exact."""
    told = error.error
    within = getattr(told, "innererror", None)
    inner = within.get("code") if isinstance(within, dict) else None
    code = getattr(told, "code", None)
    return (code if isinstance(code, str) else None, inner if isinstance(inner, str) else None)


def _request_id(error: Any) -> str | None:
    headers = getattr(error.response, "headers", None)
    found = headers.get("x-ms-request-id") if headers is not None else None
    return str(found) if found else None


def _without_answer(error: Exception) -> Trouble:
    """The trouble of an error that no answer of the vault is behind, as of a connection."""
    from azure.core import exceptions as known
    from requests import exceptions as below

    cause = getattr(error, "inner_exception", None)
    said: tuple[tuple[type[Exception] | tuple[type[Exception], ...], str], ...] = (
        (below.SSLError, "its certificate cannot be trusted"),
        (below.ProxyError, "the connection by way of the proxy failed or broke off"),
        (known.ServiceRequestTimeoutError, "no connection came about in time"),
        (known.ServiceResponseTimeoutError, "no answer came in time"),
        (
            (known.ServiceRequestError, known.ServiceResponseError),
            "the connection failed or broke off",
        ),
        (
            (known.DecodeError, known.DeserializationError, JSONDecodeError),
            "its answer cannot be read",
        ),
        (known.HttpResponseError, "its answer broke off or cannot be read"),
    )
    for kind, words in said:
        if isinstance(cause, kind) or isinstance(error, kind):
            return Trouble(What.UNREACHABLE, said=words)
    if isinstance(error, ValueError) and "challenge" in str(error):
        # The host asks for a token of another place: the client gives it none.
        return Trouble(What.LOGIN, said="the host asks for credentials that are not a vault's")
    return unexpected(error)
