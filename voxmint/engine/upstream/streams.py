"""Connections for httpcore, made by asyncio itself: what a run's time is spent on but for waiting.

The usual way, by anyio, took twice as long for a request. What of a request has left is known
here and nowhere else, so it is told here: see `Progress`.
"""

import asyncio
import errno
import select
import socket
import ssl
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from ipaddress import ip_address
from operator import itemgetter
from typing import Any, cast

import httpcore

_NEXT_ADDRESS_AFTER = 0.25
"""Seconds that an address of a host is given before the next one is tried beside it: RFC 8305."""
_MOST_UNREAD = 256 * 1024
"""Bytes that are taken in before somebody reads them."""


class Progress:
    """How far a request has come: until any of it has left, a server cannot have acted on it.

    One for each connection, which carries one request at a time: `restart` it for each.
    """

    def __init__(self) -> None:
        self.is_connected = False
        self.has_begun = False

    def restart(self) -> None:
        """A new request begins."""
        self.is_connected = self.has_begun = False


class Backend(httpcore.AsyncNetworkBackend):
    """Opens connections, and tells a `Progress` of them."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109  # as httpcore calls it
        local_address: str | None = None,  # noqa: ARG002  # as above
        socket_options: Any = None,  # noqa: ARG002  # as above
    ) -> httpcore.AsyncNetworkStream:
        with _told_as_unconnected():
            async with asyncio.timeout(timeout):
                wire = await _connected(host, port)
        self._progress.is_connected = True
        return Stream(wire, self._progress)


class Stream(httpcore.AsyncNetworkStream):
    """A connection. What is written leaves when an answer is read: head and body in one piece."""

    def __init__(self, wire: "_Wire", progress: Progress) -> None:
        self._wire = wire
        self._progress = progress
        self._unsent: list[bytes] = []

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ARG002, ASYNC109  # as httpcore calls it
        # To a proxy goes CONNECT, which is not the request.
        if buffer.startswith(b"POST "):
            self._progress.has_begun = True
        self._unsent.append(buffer)

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ARG002, ASYNC109  # as httpcore calls it
        if self._unsent:
            self._wire.write(b"".join(self._unsent))
            self._unsent.clear()
        try:
            return await self._wire.read(max_bytes)
        except OSError as error:
            raise httpcore.ReadError(str(error)) from error

    async def aclose(self) -> None:
        self._wire.abort()
        # The socket is closed by what the loop does next.
        await asyncio.sleep(0)

    async def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ASYNC109  # as httpcore calls it
    ) -> httpcore.AsyncNetworkStream:
        with _told_as_unconnected():
            async with asyncio.timeout(timeout):
                await self._wire.start_tls(ssl_context, server_hostname)
        return self

    def get_extra_info(self, info: str) -> Any:
        if info == "is_readable":
            return self._wire.is_readable
        return self._wire.transport.get_extra_info(info)


@contextmanager
def _told_as_unconnected() -> Iterator[None]:
    try:
        yield
    except TimeoutError as error:
        raise httpcore.ConnectTimeout from error
    except OSError as error:
        raise httpcore.ConnectError(str(error)) from error


class _Wire(asyncio.Protocol):
    """The two ends of a connection: what came in and was not read, and the way out."""

    transport: asyncio.Transport

    def __init__(self) -> None:
        self._unread = bytearray()
        self._is_paused = False
        self._is_over = False
        self._error: Exception | None = None
        self._reader: asyncio.Future[None] | None = None

    # ── as the loop calls it ─────────────────────────────────────────────────────────────────────

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        self._unread += data
        if len(self._unread) > _MOST_UNREAD and not self._is_paused:
            self._is_paused = True
            self.transport.pause_reading()
        self._wake()

    def eof_received(self) -> None:
        self._is_over = True
        self._wake()

    def connection_lost(self, exc: Exception | None) -> None:
        self._is_over = True
        self._error = exc
        self._wake()

    def _wake(self) -> None:
        if self._reader is not None and not self._reader.done():
            self._reader.set_result(None)

    # ── as the stream calls it ───────────────────────────────────────────────────────────────────

    def write(self, data: bytes) -> None:
        # What cannot be sent is noticed by the read that follows.
        self.transport.write(data)

    async def read(self, most: int) -> bytes:
        """What came in, up to so many bytes; nothing where the other end has ended it."""
        if not (self._unread or self._is_over):
            self._reader = asyncio.get_running_loop().create_future()
            try:
                await self._reader
            finally:
                self._reader = None
        if not self._unread and self._error is not None:
            raise self._error
        data = bytes(self._unread[:most])
        del self._unread[:most]
        if self._is_paused:
            self._is_paused = False
            self.transport.resume_reading()
        return data

    async def start_tls(self, context: ssl.SSLContext, name: str | None) -> None:
        """Agree on TLS; where that fails or is given up, the connection ends."""
        # What came before would be taken for what comes by TLS.
        if self._unread or self._is_over:
            self.abort()
            raise ConnectionAbortedError(errno.ECONNABORTED, "no TLS was begun")
        loop, plain = asyncio.get_running_loop(), self.transport
        try:
            secured = await loop.start_tls(plain, self, context, server_hostname=name)
            if secured is None:
                raise ConnectionAbortedError(errno.ECONNABORTED, "the connection ended")
        except BaseException:
            plain.abort()
            raise
        self.transport = secured

    def abort(self) -> None:
        self._is_over = True
        self.transport.abort()

    @property
    def is_readable(self) -> bool:
        """Whether something came that nobody asked for; most often it is the end."""
        if self._unread or self._is_over:
            return True
        descriptor = self.transport.get_extra_info("socket").fileno()
        return descriptor < 0 or _is_readable(descriptor)


def _is_readable(descriptor: int) -> bool:
    asked = select.poll()
    asked.register(descriptor, select.POLLIN)
    return bool(asked.poll(0))


# ── connecting ───────────────────────────────────────────────────────────────────────────────────

_Address = tuple[int, str, int]
"""A family, an address of it, and a port."""


async def _connected(host: str, port: int) -> _Wire:
    """A connection to the first address of a host that answers; `OSError` of the first of all."""
    return await _connected_to_any(await _addresses(host, port))


async def _addresses(host: str, port: int) -> Sequence[_Address]:
    """Where a host is reached, of the two families in turn: one of them may lead nowhere."""
    with suppress(ValueError):
        return [(0, str(ip_address(host)), port)]
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    count: Counter[int] = Counter()
    placed: list[tuple[int, _Address]] = []
    for family, _, _, _, address in found:
        placed.append((count[family], (family, str(address[0]), int(address[1]))))
        count[family] += 1
    return [address for _, address in sorted(placed, key=itemgetter(0))]


async def _connected_to_any(addresses: Sequence[_Address]) -> _Wire:
    """Connects to the first of these, or to any of the others, which begin a moment later."""
    first, *others = addresses
    if not others:
        return await _connected_to(first)
    head = asyncio.create_task(_connected_to(first))
    tasks = {head}
    try:
        await asyncio.wait(tasks, timeout=_NEXT_ADDRESS_AFTER)
        if not _has_gone_well(head):
            tasks.add(asyncio.create_task(_connected_to_any(others)))
        while not any(map(_has_gone_well, tasks)) and (open_ones := _not_done(tasks)):
            await asyncio.wait(open_ones, return_when=asyncio.FIRST_COMPLETED)
        winner = next(filter(_has_gone_well, tasks), head)
        tasks.discard(winner)
        return await winner
    finally:
        await _given_up(tasks)


async def _connected_to(address: _Address) -> _Wire:
    family, name, port = address
    loop = asyncio.get_running_loop()
    return (await loop.create_connection(_Wire, name, port, family=family))[1]


def _has_gone_well(task: asyncio.Task[_Wire]) -> bool:
    return task.done() and not task.cancelled() and task.exception() is None


def _not_done(tasks: Iterable[asyncio.Task[_Wire]]) -> list[asyncio.Task[_Wire]]:
    return [task for task in tasks if not task.done()]


async def _given_up(tasks: Iterable[asyncio.Task[_Wire]]) -> None:
    for task in tasks:
        task.cancel()
    for made in await asyncio.gather(*tasks, return_exceptions=True):
        if isinstance(made, _Wire):
            made.abort()
