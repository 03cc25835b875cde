"""The wire: one request, and what came of it. What it is told is told by what it returns.

Each `Channel` is one connection of its own. A pool that many share looks through all of its
connections for every request: with fifty of them that took ten times the work of the request.

Nothing follows a redirect, answers a challenge, keeps a cookie or repeats a request by itself, and
proxies and authorities are those of the environment that is handed in, not of the process.
"""

import asyncio
import logging
import os
import socket
import ssl
from collections.abc import Iterator, Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, Final

import httpx

from voxmint import __version__
from voxmint.engine.failures import failure, reason
from voxmint.engine.providers import Header
from voxmint.engine.upstream.hosts import Host
from voxmint.engine.upstream.proxies import proxy_for
from voxmint.engine.wording import CA_FILE_UNUSABLE, CERTIFICATES_UNUSABLE, PROXY_UNUSABLE
from voxmint.engine.worktree import WorkTree
from voxmint.origin import Origin
from voxmint.profiles.source import SourceError
from voxmint.secret import Secret
from voxmint.shown import masked

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
    headers: tuple[Header, ...] = field(repr=False)
    trust: ssl.SSLContext = field(repr=False)
    proxy: httpx.Proxy | None = field(repr=False)
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
    return Upstream(url, (*_CONSTANT, *headers), trust, proxy, connect)


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
        return httpx.create_ssl_context(trust_env=False)
    try:
        return ssl.create_default_context(cafile=file or None, capath=folder or None)
    except OSError as error:
        variable = "SSL_CERT_FILE" if file else "SSL_CERT_DIR"
        raise failure(CERTIFICATES_UNUSABLE, variable=variable, reason=reason(error)) from error


def _no_trust() -> ssl.SSLContext:
    """Trusts nobody: where TLS is not spoken, reading the world's certificates is wasted time."""
    return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


def _proxy(url: Secret | None) -> httpx.Proxy | None:
    try:
        return httpx.Proxy(url.reveal()) if url is not None else None
    except (ValueError, httpx.InvalidURL):
        # Not chained: the error repeats the URL, which may hold a password.
        raise failure(PROXY_UNUSABLE, variable="HTTPS_PROXY", reason="it is not a URL") from None


class Channel:
    """One connection, kept alive from request to request, and made anew where it was closed."""

    def __init__(self, upstream: Upstream) -> None:
        _IS_OURS.set(True)
        self._url = httpx.URL(upstream.url)
        self._headers = upstream.headers
        self._transport = httpx.AsyncHTTPTransport(
            verify=upstream.trust,
            trust_env=False,
            limits=httpx.Limits(max_connections=1),
            proxy=upstream.proxy,
        )
        self._connect = upstream.connect
        self._by_proxy = upstream.proxy is not None

    async def post(self, content: bytes, label: str, deadline: asyncio.Timeout) -> Outcome:
        """Send a body; `label` is an id for this very request, for the server's own records.

        Returns at the deadline at the latest, also when that is moved meanwhile.
        """
        sent = _Sent(by_proxy=self._by_proxy)
        request = httpx.Request(
            "POST",
            self._url,
            headers=[*self._headers, (b"X-Client-Request-Id", label.encode("ascii"))],
            content=content,
            extensions={
                "timeout": {"connect": _before(deadline, self._connect)},
                "trace": sent.trace,
            },
        )
        response: httpx.Response | None = None
        try:
            async with deadline:
                response = await self._transport.handle_async_request(request)
                return await _read(response)
        except TimeoutError:
            if not sent.has_begun:
                return Unsent(sent.told(_NO_CONNECTION))
            if response is None:
                return NoAnswer("no answer came in time")
            return _reply(response, b"", "it did not come to its end in time")
        except _NOT_SENT as error:
            return _unsent(error, sent)
        except Exception as error:  # noqa: BLE001  # whatever the stack raises, others go on
            return NoAnswer(_why(error)) if sent.has_begun else _unsent(error, sent)

    async def close(self) -> None:
        """Let the connection go."""
        await self._transport.aclose()


def _before(deadline: asyncio.Timeout, connect: float) -> float:
    """Seconds for connecting that end before the deadline does, so that it is said what took long.

    They hold for TCP and for TLS each, and a deadline can be moved: it may come first all the same.
    """
    when = deadline.when()
    if when is None:
        return connect
    return max(0.0, min(connect, when - asyncio.get_running_loop().time() - _MARGIN))


class _Sent:
    """Whether any of a request has left: until then the server cannot have made anything of it."""

    def __init__(self, *, by_proxy: bool = False) -> None:
        self.has_begun = False
        self._by_proxy = by_proxy
        self._stream: Any = None

    def told(self, why: str) -> str:
        """Why a connection failed, with whose it is: the only one that is opened to a proxy."""
        is_of_proxy = self._by_proxy and self._stream is None
        return f"the proxy on the way to it does not answer: {why}" if is_of_proxy else why

    async def trace(self, event: str, info: Mapping[str, Any]) -> None:
        """What httpcore says of its progress; a proxy is asked by CONNECT, which is not it."""
        match event.split(".", 1)[1]:
            case "send_request_headers.started":
                self.has_begun = self.has_begun or info["request"].method == b"POST"
            case "connect_tcp.complete":
                self._stream = info["return_value"]
            case "start_tls.failed":
                # The stack itself leaves it open where the deadline comes while TLS is agreed on.
                await self._stream.aclose()


async def _read(response: httpx.Response) -> Reply:
    chunks: list[bytes] = []
    size = 0
    try:
        async for chunk in response.aiter_raw():
            size += len(chunk)
            if size > LONGEST_ANSWER:
                return _reply(response, b"", f"it has more than {LONGEST_ANSWER} bytes")
            chunks.append(chunk)
    except httpx.TransportError:
        return _reply(response, b"".join(chunks), "it broke off")
    finally:
        await response.aclose()
    return _reply(response, b"".join(chunks), None)


def _reply(response: httpx.Response, content: bytes, flaw: str | None) -> Reply:
    return Reply(response.status_code, dict(response.headers.items()), content, flaw)


# ── what the stack raises ────────────────────────────────────────────────────────────────────────

_NOT_SENT = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.ProxyError,
    httpx.UnsupportedProtocol,
    httpx.LocalProtocolError,
)


def _unsent(error: Exception, sent: _Sent) -> Unsent:
    is_final = any(isinstance(one, ssl.SSLCertVerificationError) for one in _chain(error))
    if isinstance(error, httpx.ProxyError):
        return Unsent(f"the proxy on the way to it refuses: {_why(error)}", is_final)
    return Unsent(sent.told(_why(error)), is_final)


def _why(error: BaseException) -> str:
    """What went wrong, in words; what a proxy's URL holds does not come into them."""
    for one in _chain(error):
        match one:
            case ssl.SSLCertVerificationError():
                return f"its certificate is not trusted: {one.verify_message}"
            case ssl.SSLError() if one.reason:
                return f"no TLS could be agreed on ({one.reason})"
            case socket.gaierror() | httpx.ConnectTimeout():
                is_name = isinstance(one, socket.gaierror)
                return _NO_NAME if is_name else _NO_CONNECTION
            case httpx.RemoteProtocolError():
                return _broken_off(one)
            case OSError() if one.errno:
                # Not its own text, which asyncio replaces with one that repeats the address.
                return os.strerror(one.errno).lower()
    return str(error) or type(error).__name__


def _broken_off(error: httpx.RemoteProtocolError) -> str:
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
