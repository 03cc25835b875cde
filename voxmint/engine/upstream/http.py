"""The wire: one request, and what came of it. What it is told is told by what it returns.

Each `Channel` is one connection of its own, of httpcore's, which is what httpx sends by. A pool
that many share looks through all of its connections for every request: with fifty of them that took
ten times the work of the request. What httpx lays round a request and its answer took half of it.

Nothing follows a redirect, answers a challenge, keeps a cookie or repeats a request by itself, and
proxies and authorities are those of the environment that is handed in, not of the process.
"""

import asyncio
import logging
import os
import socket
import ssl
from collections.abc import Iterable, Iterator, Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import httpcore

from voxmint import __version__
from voxmint.engine.failures import failure, reason
from voxmint.engine.providers import Header
from voxmint.engine.upstream.hosts import Host
from voxmint.engine.upstream.proxies import proxy_for
from voxmint.engine.upstream.streams import Backend, Progress
from voxmint.engine.wording import CA_FILE_UNUSABLE, CERTIFICATES_UNUSABLE, PROXY_UNUSABLE
from voxmint.engine.worktree import WorkTree
from voxmint.origin import Origin
from voxmint.profiles.source import SourceError
from voxmint.secret import Secret
from voxmint.shown import masked

if TYPE_CHECKING:
    import httpx

_IS_OURS: ContextVar[bool] = ContextVar("_IS_OURS", default=False)


class _Silence(logging.Filter):
    """Keeps what the stack logs of our requests out of every log: headers can repeat a key."""

    def filter(self, record: logging.LogRecord) -> bool:  # noqa: ARG002  # as logging calls it
        return not _IS_OURS.get()


for _part in ("connection", "http11", "proxy"):
    logging.getLogger(f"httpcore.{_part}").addFilter(_Silence())

LONGEST_ANSWER: Final = 1024 * 1024
"""Bytes of an answer that are read; a longer one is no answer of this API."""

_MARGIN = 0.05
"""Seconds by which connecting ends before a deadline."""
_LONGEST_IDLE = 5.0
"""Seconds that a connection is kept for the next request: servers close idle ones, too."""
_LONGEST_CA_FILE = 1024 * 1024
_CONSTANT: tuple[Header, ...] = (
    (b"Accept", b"application/json"),
    # A compressed answer could unpack to any size.
    (b"Accept-Encoding", b"identity"),
    (b"Content-Type", b"application/json"),
    (b"User-Agent", f"voxmint/{__version__}".encode("ascii")),
)


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer; the names of `headers` are in lower case.

    `flaw` says what is wrong with a content that did not come as a whole. It can hold a token.
    """

    status: int
    headers: Mapping[str, str] = field(repr=False)
    content: bytes = field(repr=False)
    flaw: str | None = None

    @property
    def request_id(self) -> str | None:
        """What to quote to the service's support."""
        found = self.headers.get("x-request-id") or self.headers.get("apim-request-id")
        # It is kept and shown: a server could repeat in it what it was sent, or gave.
        return masked(found[:200]) if found else None


@dataclass(frozen=True, slots=True)
class Unsent:
    """The request did not reach the server. `is_final`: nor will it, such as without trust."""

    reason: str
    is_final: bool = False


@dataclass(frozen=True, slots=True)
class NoAnswer:
    """The request may have reached the server, and no answer came."""

    reason: str


Outcome = Reply | Unsent | NoAnswer


@dataclass(frozen=True, slots=True)
class Upstream:
    """What every request of a run has in common. `connect` is in seconds."""

    url: str
    host: Host
    headers: tuple[Header, ...] = field(repr=False)
    trust: ssl.SSLContext = field(repr=False)
    proxy: "httpx.Proxy | None" = field(repr=False)
    connect: float

    def channel(self) -> "Channel":
        """A connection of its own, opened when its first request is sent."""
        return Channel(self)


def upstream_to(
    url: str,
    host: Host,
    headers: tuple[Header, ...],
    environ: Mapping[str, str],
    authority: str | None,
    connect: float,
) -> Upstream:
    """Where a run sends its requests; `authority` are the certificates that a host is trusted by.

    Without one they are those of `SSL_CERT_FILE` or `SSL_CERT_DIR`, or else the usual ones.
    `ProblemsError` where certificates or the proxy cannot be used.
    """
    trust = _no_trust() if host.scheme == "http" else _trust(environ, authority)
    proxy = _proxy(proxy_for(host, environ))
    return Upstream(url, host, (*_CONSTANT, *headers), trust, proxy, connect)


def authority_in(project: WorkTree, path: str, at: Origin | None) -> str:
    """The certificates in a file of the project; `ProblemsError` where there are none."""
    try:
        text = project.read(path, _LONGEST_CA_FILE).decode("ascii")
        ssl.create_default_context(cadata=text)
    except SourceError as error:
        raise failure(CA_FILE_UNUSABLE, at=at, path=path, reason=error.detail) from error
    except (ssl.SSLError, ValueError) as error:
        said = "it holds no certificates in PEM form"
        raise failure(CA_FILE_UNUSABLE, at=at, path=path, reason=said) from error
    return text


def _trust(environ: Mapping[str, str], authority: str | None) -> ssl.SSLContext:
    if authority is not None:
        return ssl.create_default_context(cadata=authority)
    file, folder = environ.get("SSL_CERT_FILE"), environ.get("SSL_CERT_DIR")
    if not (file or folder):
        # Slow to import, and needed for nothing else but a proxy.
        import httpx

        return httpx.create_ssl_context(trust_env=False)
    try:
        return ssl.create_default_context(cafile=file or None, capath=folder or None)
    except OSError as error:
        variable = "SSL_CERT_FILE" if file else "SSL_CERT_DIR"
        raise failure(CERTIFICATES_UNUSABLE, variable=variable, reason=reason(error)) from error


def _no_trust() -> ssl.SSLContext:
    """Trusts nobody: where TLS is not spoken, reading the world's certificates is wasted time."""
    return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


def _proxy(url: Secret | None) -> "httpx.Proxy | None":
    if url is None:
        return None
    import httpx

    try:
        return httpx.Proxy(url.reveal())
    except (ValueError, httpx.InvalidURL):
        # Not chained: the error repeats the URL, which may hold a password.
        raise failure(PROXY_UNUSABLE, variable="HTTPS_PROXY", reason="it is not a URL") from None


class Channel:
    """One connection, kept alive from request to request, and made anew where it was closed."""

    def __init__(self, upstream: Upstream) -> None:
        _IS_OURS.set(True)
        asyncio.get_running_loop().set_exception_handler(_told_without_text)
        self._url = httpcore.URL(upstream.url)
        self._headers = [(b"Host", str(upstream.host).encode("ascii")), *upstream.headers]
        self._connect = upstream.connect
        self._by_proxy = upstream.proxy is not None
        self._progress = Progress()
        # Of it nothing is used but how it connects: it is never asked to send anything itself.
        self._connector = httpcore.AsyncConnectionPool(
            ssl_context=upstream.trust,
            proxy=_proxy_of(upstream),
            keepalive_expiry=_LONGEST_IDLE,
            network_backend=Backend(self._progress),
        )
        self._connection: httpcore.AsyncConnectionInterface | None = None

    async def post(self, content: bytes, label: str, deadline: asyncio.Timeout) -> Outcome:
        """Send a body; `label` is an id for this very request, for the server's own records.

        Returns at the deadline at the latest, also when that is moved meanwhile.
        """
        request = httpcore.Request(
            "POST",
            self._url,
            headers=[
                *self._headers,
                (b"Content-Length", b"%d" % len(content)),
                (b"X-Client-Request-Id", label.encode("ascii")),
            ],
            content=content,
            extensions={"timeout": {"connect": _before(deadline, self._connect)}},
        )
        self._progress.restart()
        response: httpcore.Response | None = None
        try:
            async with deadline:
                connection = await self._ready()
                response = await connection.handle_async_request(request)
                return await _read(response)
        except TimeoutError:
            if response is None:
                await self.close()
            return self._out_of_time(response)
        except Exception as error:  # noqa: BLE001  # whatever the stack raises, others go on
            await self.close()
            return self._failed(error)

    async def _ready(self) -> httpcore.AsyncConnectionInterface:
        """The connection as it was left, or a new one where the other end has closed that."""
        if self._connection is not None and self._connection.has_expired():
            await self.close()
        if self._connection is None or self._connection.is_closed():
            self._connection = self._connector.create_connection(self._url.origin)
        return self._connection

    def _out_of_time(self, response: httpcore.Response | None) -> Outcome:
        if not self._progress.has_begun:
            return Unsent(self._told(_NO_CONNECTION))
        if response is None:
            return NoAnswer("no answer came in time")
        return _reply(response, b"", "it did not come to its end in time")

    def _failed(self, error: Exception) -> Outcome:
        why = _why(error)
        if self._progress.has_begun and not isinstance(error, _NOT_SENT):
            return NoAnswer(why)
        is_final = any(isinstance(one, ssl.SSLCertVerificationError) for one in _chain(error))
        if isinstance(error, httpcore.ProxyError):
            return Unsent(f"the proxy on the way to it refuses: {why}", is_final)
        return Unsent(self._told(why), is_final)

    def _told(self, why: str) -> str:
        """Why a connection failed, with whose it is: the only one that is opened to a proxy."""
        is_of_proxy = self._by_proxy and not self._progress.is_connected
        return f"the proxy on the way to it does not answer: {why}" if is_of_proxy else why

    async def close(self) -> None:
        """Let the connection go."""
        connection, self._connection = self._connection, None
        if connection is not None:
            await connection.aclose()


def _told_without_text(_: asyncio.AbstractEventLoop, about: Mapping[str, object]) -> None:
    """Logs a bug in what the event loop calls by its type: its text could hold what was read."""
    said = type(about.get("exception")).__name__
    logging.getLogger(__name__).error("unforeseen in the event loop: %s", said)


def _proxy_of(upstream: Upstream) -> httpcore.Proxy | None:
    """The proxy as httpcore takes it."""
    proxy = upstream.proxy
    if proxy is None:
        return None
    url = httpcore.URL(
        scheme=proxy.url.raw_scheme,
        host=proxy.url.raw_host,
        port=proxy.url.port,
        target=proxy.url.raw_path,
    )
    return httpcore.Proxy(url, proxy.raw_auth, proxy.headers.raw, proxy.ssl_context)


def _before(deadline: asyncio.Timeout, connect: float) -> float:
    """Seconds for connecting that end before the deadline does, so that it is said what took long.

    They hold for TCP and for TLS each, and a deadline can be moved: it may come first all the same.
    """
    when = deadline.when()
    if when is None:
        return connect
    return max(0.0, min(connect, when - asyncio.get_running_loop().time() - _MARGIN))


async def _read(response: httpcore.Response) -> Reply:
    chunks: list[bytes] = []
    size = 0
    try:
        async for chunk in response.aiter_stream():
            size += len(chunk)
            if size > LONGEST_ANSWER:
                return _reply(response, b"", f"it has more than {LONGEST_ANSWER} bytes")
            chunks.append(chunk)
    except _BROKEN_OFF:
        return _reply(response, b"".join(chunks), "it broke off")
    finally:
        await response.aclose()
    return _reply(response, b"".join(chunks), None)


def _reply(response: httpcore.Response, content: bytes, flaw: str | None) -> Reply:
    return Reply(response.status, _named(response.headers), content, flaw)


def _named(headers: Iterable[tuple[bytes, bytes]]) -> Mapping[str, str]:
    """The fields of an answer by their names in lower case; those of one name are joined."""
    found: dict[str, str] = {}
    for raw_name, raw in headers:
        name, value = raw_name.decode("ascii", "replace").lower(), _text(raw)
        found[name] = f"{found[name]}, {value}" if name in found else value
    return found


def _text(raw: bytes) -> str:
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return raw.decode("latin-1")


# ── what the stack raises ────────────────────────────────────────────────────────────────────────

_NOT_SENT = (
    httpcore.ConnectError,
    httpcore.ConnectTimeout,
    httpcore.ProxyError,
    httpcore.UnsupportedProtocol,
    httpcore.LocalProtocolError,
)
_BROKEN_OFF = (httpcore.NetworkError, httpcore.ProtocolError)


def _why(error: BaseException) -> str:
    """What went wrong, in words; what a proxy's URL holds does not come into them."""
    for one in _chain(error):
        match one:
            case ssl.SSLCertVerificationError():
                return f"its certificate is not trusted: {one.verify_message}"
            case ssl.SSLError() if one.reason:
                return f"no TLS could be agreed on ({one.reason})"
            case socket.gaierror() | httpcore.ConnectTimeout():
                is_name = isinstance(one, socket.gaierror)
                return _NO_NAME if is_name else _NO_CONNECTION
            case httpcore.RemoteProtocolError():
                return _broken_off(one)
            case OSError() if one.errno:
                # Not its own text, which asyncio replaces with one that repeats the address.
                return os.strerror(one.errno).lower()
    return str(error) or type(error).__name__


def _broken_off(error: httpcore.RemoteProtocolError) -> str:
    """What came instead of an answer; the error's own text can hold what the server sent."""
    if "disconnected" in str(error):
        return "the connection ended without an answer"
    return "what came is no HTTP"


_NO_NAME = "its name is not known to the name service"
_NO_CONNECTION = "no connection came about in time"


def _chain(error: BaseException) -> Iterator[BaseException]:
    """The error and all that led to it, the deepest last."""
    waiting: list[BaseException | None] = [error]
    seen: set[int] = set()
    while waiting:
        one = waiting.pop()
        if one is None or id(one) in seen:
            continue
        seen.add(id(one))
        yield one
        waiting += (one.__context__, one.__cause__)
        if isinstance(one, BaseExceptionGroup):
            waiting += one.exceptions
