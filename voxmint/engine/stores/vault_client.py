"""The client of Vault and OpenBao: where it finds the server, and what its answers mean.

The server, its certificates and patience come from the variables that every user of Vault sets;
OpenBao's own (`BAO_…`) come before them. hvac reads some of them when it is imported, and others
never, so they are read here. A certificate is always checked, and a redirect never followed: it
would take the token along.
"""

import logging
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

import hvac
import requests
from hvac.adapters import RawAdapter
from requests import exceptions as known
from requests.adapters import HTTPAdapter
from urllib3.exceptions import ReadTimeoutError
from urllib3.util import Retry

from voxmint import __version__
from voxmint.engine.durations import parsed
from voxmint.engine.stores.asking import unexpected
from voxmint.engine.stores.contract import StoreError, Trouble, What, cut_short
from voxmint.engine.upstream.hosts import url_of

if TYPE_CHECKING:
    from urllib3 import BaseHTTPResponse

_CONNECT = 10.0
_READ = 30.0
_RETRIES = 2
_LONGEST_WAIT = 30.0
_TRIED_AGAIN = frozenset({412, 500, 502, 503, 504})

Environ = Mapping[str, str]


def variable(environ: Environ, name: str) -> str | None:
    """One of the client's variables, without its prefix; an empty one counts as none."""
    return environ.get(f"BAO_{name}") or environ.get(f"VAULT_{name}") or None


@dataclass(frozen=True, slots=True)
class Connection:
    """Where the server is, and how it is asked. `cert` names the client's own certificate."""

    address: str
    namespace: str | None = None
    verify: str | bool = True
    cert: tuple[str, str] | str | None = None
    patience: float = _READ
    retries: int = _RETRIES


def connection_of(address: str | None, namespace: str | None, environ: Environ) -> Connection:
    """The connection that settings and variables amount to; `StoreError` where they do not."""
    return Connection(
        _address(address or variable(environ, "ADDR")),
        _namespace(namespace, variable(environ, "NAMESPACE")),
        _trusted(environ),
        _own_certificate(environ),
        _number(environ, "CLIENT_TIMEOUT", _READ) or _READ,
        int(_number(environ, "MAX_RETRIES", _RETRIES)),
    )


def _address(text: str | None) -> str:
    if text is None:
        raise _wrong("no address is set: VAULT_ADDR, or `address` of the sink")
    url = url_of(text)
    if url is None:
        raise _wrong("VAULT_ADDR is no address such as https://vault.example:8200")
    return str(url)


def _namespace(own: str | None, operators: str | None) -> str | None:
    """The namespace of the settings, which has to be within the operator's where there is one."""
    if own is None or operators is None:
        return own or operators
    if not f"{own}/".startswith(f"{operators.strip('/')}/"):
        said = "the `namespace` is not within VAULT_NAMESPACE"
        raise StoreError(Trouble(What.DENIED, said=said))
    return own


def _trusted(environ: Environ) -> str | bool:
    for name in ("CACERT", "CAPATH"):
        path = variable(environ, name)
        if path is not None:
            return _there(path, name)
    return True


def _own_certificate(environ: Environ) -> tuple[str, str] | str | None:
    cert, key = variable(environ, "CLIENT_CERT"), variable(environ, "CLIENT_KEY")
    if cert is None:
        return None
    cert = _there(cert, "CLIENT_CERT")
    return cert if key is None else (cert, _there(key, "CLIENT_KEY"))


def _there(path: str, name: str) -> str:
    if not Path(path).exists():
        raise _wrong(f"VAULT_{name} names a file that is not there")
    return path


def _number(environ: Environ, name: str, usual: float) -> float:
    """A number, or a length of time in seconds."""
    text = variable(environ, name)
    try:
        return usual if text is None else parsed(text)
    except ValueError:
        raise _wrong(f"VAULT_{name} is no number, nor a time such as 30s") from None


def _wrong(said: str) -> StoreError:
    return StoreError(Trouble(What.UNREACHABLE, said=said))


# ── asking ───────────────────────────────────────────────────────────────────────────────────────


class _Patience(Retry):
    """Which requests are sent again: those that read or take away, and those that were put off."""

    def is_retry(self, method: str, status_code: int, has_retry_after: bool = False) -> bool:
        if status_code == requests.codes.too_many_requests:
            return bool(self.total)
        return super().is_retry(method, status_code, has_retry_after)

    def get_retry_after(self, response: "BaseHTTPResponse") -> float | None:
        asked = super().get_retry_after(response)
        return None if asked is None else min(asked, _LONGEST_WAIT)


def client_of(connection: Connection, workers: int) -> Any:
    """A client of hvac that has not logged in; it answers `requests.Response`s and raises none."""
    # A write is not sent again by itself: whether the first was done is looked at where it counts.
    retries = _Patience(
        total=connection.retries,
        status_forcelist=_TRIED_AGAIN,
        allowed_methods=frozenset({"GET", "DELETE"}),
        backoff_factor=0.5,
        raise_on_status=False,
    )
    # What is tried again is told where it fails for good; a warning for each try only disturbs.
    logging.getLogger("urllib3.connectionpool").setLevel(logging.ERROR)
    session = requests.Session()
    for scheme in ("https://", "http://"):
        session.mount(scheme, HTTPAdapter(max_retries=retries, pool_maxsize=workers))
    session.headers["User-Agent"] = f"voxmint/{__version__}"
    session.auth = _nobody
    session.verify, session.cert = connection.verify, connection.cert
    return hvac.Client(
        connection.address,
        token="",
        session=session,
        timeout=(min(_CONNECT, connection.patience), connection.patience),
        namespace=connection.namespace,
        adapter=RawAdapter,
        allow_redirects=False,
        ignore_exceptions=True,
        # Some proxies know no method LIST.
        strict_http=True,
    )


def _nobody(request: Any) -> Any:
    """Keeps requests from sending what ~/.netrc says of the host."""
    return request


# ── answers ──────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Answer:
    """What was answered, and when, by the server's own clock. Its body can hold a secret."""

    status: int
    body: Mapping[str, Any] = field(repr=False)
    at: datetime | None = None

    @property
    def data(self) -> Mapping[str, Any]:
        """Its `data`; `StoreError` for an answer that has none."""
        found = self.body.get("data")
        if not isinstance(found, dict):
            raise cut_short()
        return found


class RefusalError(Exception):
    """An answer that is an error. Its own text is looked at, and never shown."""

    def __init__(self, status: int, request: str, path: str, text: str) -> None:
        super().__init__(status)
        self.status = status
        self.request = request
        self.path = path
        self.text = text

    @property
    def is_unknown_token(self) -> bool:
        return self.status == 401 or (self.status == 403 and "invalid token" in self.text)


def answered(response: Any, *, absent: bool = False) -> Answer:
    """A response as an `Answer`; raises `RefusalError`.

    With `absent`, that nothing is there is an answer: one of status 404, without a body.
    """
    if response.is_redirect or response.is_permanent_redirect:
        said = (
            "it sends the request elsewhere, which is not followed: set the active node's address"
        )
        raise StoreError(Trouble(What.UNREACHABLE, str(response.status_code), said=said))
    at = _moment(response.headers.get("Date"))
    if response.status_code == 404 and absent and '"no handler' not in response.text:
        return Answer(404, {}, at)
    if not response.ok:
        path = unquote(response.request.path_url.partition("?")[0].partition("/v1/")[2])
        word = _WORDS.get(response.request.method, "use")
        word = "list" if "?list=true" in response.request.path_url else word
        raise RefusalError(response.status_code, word, path, response.text)
    if response.status_code == 204:
        return Answer(204, {}, at)
    try:
        body = response.json()
    except ValueError:
        raise cut_short() from None
    if not isinstance(body, dict):
        raise cut_short()
    return Answer(response.status_code, body, at)


_WORDS = MappingProxyType(
    {"GET": "read", "POST": "create or update", "PUT": "create or update", "DELETE": "delete"}
)
"""What a policy calls a request."""


def _moment(text: str | None) -> datetime | None:
    try:
        return parsedate_to_datetime(text) if text else None
    except ValueError:
        return None


# ── troubles ─────────────────────────────────────────────────────────────────────────────────────

_TOO_LARGE = re.compile(r"too large|exceeds (the )?(allowed|maximum)")
_TOO_LATE = "no answer came in time"


def trouble_of(error: Exception) -> Trouble:
    """What an error of the client means; nothing of what the server says of it is shown."""
    return _of_refusal(error) if isinstance(error, RefusalError) else _without_answer(error)


def _of_refusal(error: RefusalError) -> Trouble:
    what = _meaning(error)
    said = _SAID.get(what)
    if error.status == 503:
        said = "it is sealed, or not the active server"
    return Trouble(what, str(error.status), said=said or f"{error.request} on `{error.path}`")


_SAID = MappingProxyType(
    {
        What.LOGIN: "its token is not known, or has ended",
        What.BUSY: "a quota of requests is used up",
        What.UNREACHABLE: "it cannot answer now",
    }
)


def _meaning(error: RefusalError) -> What:
    if error.is_unknown_token:
        return What.LOGIN
    if error.status == 413 or _TOO_LARGE.search(error.text):
        return What.TOO_LARGE
    by_status = {403: What.DENIED, 412: What.UNREACHABLE, 429: What.BUSY}
    usual = What.UNREACHABLE if error.status >= 500 else What.REFUSED
    return by_status.get(error.status, usual)


def _without_answer(error: Exception) -> Trouble:
    said: tuple[tuple[type[Exception], str], ...] = (
        (known.SSLError, "its certificate cannot be trusted"),
        (known.ProxyError, "the proxy cannot be reached"),
        (known.ConnectTimeout, "no connection came about in time"),
        (known.ReadTimeout, _TOO_LATE),
        (known.ConnectionError, "the connection failed or broke off"),
        (known.ChunkedEncodingError, "its answer was cut short"),
        (known.ContentDecodingError, "its answer cannot be read"),
    )
    # Where requests are tried again, requests tells this one as any failed connection.
    if isinstance(getattr(next(iter(error.args), None), "reason", None), ReadTimeoutError):
        return Trouble(What.UNREACHABLE, said=_TOO_LATE)
    for kind, words in said:
        if isinstance(error, kind):
            return Trouble(What.UNREACHABLE, said=words)
    return unexpected(error)
