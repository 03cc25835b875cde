"""HTTP/1.1 on a connection: requests are read within limits, answers are written at once.

Source: RFC 9112. What it allows and no client of this API sends is refused: folded headers, other
transfer codings than chunked, a length beside a coding.
"""

import asyncio
import contextlib
import fcntl
import re
import socket
import struct
import termios
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from http import HTTPStatus
from ipaddress import ip_address
from math import inf

from voxmint.engine.emulator.answers import Answer, Headers, RefusedError
from voxmint.engine.emulator.delivery import End, Pause, Rendered, Send, Step
from voxmint.engine.emulator.inbox import Inbox, Store, TooLongError
from voxmint.engine.emulator.limits import Limits
from voxmint.engine.emulator.tally import Tally

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]

_REQUEST_LINE = re.compile(rb"([A-Za-z_-]{1,32}) ([!-~]+) HTTP/([0-9])\.([0-9])")
_NAME = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_CHUNK_SIZE = re.compile(rb"[0-9A-Fa-f]{1,8}")
_LONGEST_CHUNK_LINE = 256
_SCRAP = 4096
_TLS_HANDSHAKE = b"\x16"


@dataclass(frozen=True, slots=True)
class Request:
    """A request as it arrived; `path` is without its query, headers' names are in lower case.

    `is_local`: the client is on this machine. `body` is `None` where it announced none. Headers and
    body can hold secrets.
    """

    method: str
    path: str
    headers: Mapping[str, str] = field(repr=False)
    keep_alive: bool
    is_local: bool
    body: bytes | None = field(default=None, repr=False)


def _parse_head(head: bytes, limits: Limits, *, is_local: bool) -> Request:
    first, *lines = head.lstrip(b"\r\n").removesuffix(b"\r\n\r\n").split(b"\r\n")
    found = _REQUEST_LINE.fullmatch(first)
    if found is None:
        raise RefusedError(400, "This is not the first line of an HTTP request.")
    method, target, major, minor = found.groups()
    if major != b"1":
        raise RefusedError(505, "The emulator speaks HTTP/1.1.")
    if not target.startswith(b"/"):
        raise RefusedError(400, "The emulator is no proxy: it is asked for a path alone.")
    if len(lines) > limits.headers:
        raise RefusedError(431, f"The request has more than {limits.headers} headers.")
    headers = _parse_headers(lines)
    wish = headers.get("connection", "").lower()
    persistent = minor != b"0" and "close" not in wish
    path = target.split(b"?", 1)[0].decode("ascii")
    return Request(method.decode("ascii").upper(), path, headers, persistent, is_local)


def _parse_headers(lines: list[bytes]) -> Mapping[str, str]:
    headers: dict[str, str] = {}
    for line in lines:
        name, colon, value = line.partition(b":")
        broken = b"\n" in value or b"\r" in value or b"\0" in value
        if not colon or broken or not _NAME.fullmatch(name):
            raise RefusedError(400, "A header of the request is malformed.")
        key, text = name.decode("ascii").lower(), value.strip(b" \t").decode("latin-1")
        headers[key] = f"{headers[key]}, {text}" if key in headers else text
    return headers


class Connection:
    """One client's connection: requests come in one after the other, each with its answer.

    A client that pipelines is read no further ahead than the inbox has room, until it is answered.
    """

    def __init__(self, streams: Streams, limits: Limits, store: Store, tally: Tally) -> None:
        self._reader, self._writer = streams
        self._limits = limits
        self._tally = tally
        self._inbox = Inbox(self._reader, limits, store, tally)
        self._is_local = _is_local(self._writer)
        self.silent_since = inf
        """Since when nothing has been heard, by the loop's clock; infinite while something is."""
        self._is_held_back = False

    async def wait(self) -> bool:
        """Whether a request begins; not when the client has left, or idles too long."""
        self.silent_since = asyncio.get_running_loop().time()
        try:
            async with asyncio.timeout(self._limits.idle_seconds):
                return await self._inbox.has_some()
        except TimeoutError:
            return False
        finally:
            self.silent_since = inf

    async def receive(self) -> Request:
        """The request that begins; `RefusedError` where it cannot be read."""
        try:
            async with asyncio.timeout(self._limits.request_seconds):
                head = await self._read_head()
                request = _parse_head(head, self._limits, is_local=self._is_local)
                return replace(request, body=await self._read_body(request.headers))
        except TimeoutError:
            raise RefusedError(408, "The request took too long to arrive.") from None
        except asyncio.IncompleteReadError:
            raise RefusedError(400, "The request ended before it was complete.") from None

    def let_go(self) -> None:
        """Gives the room back that a request took."""
        self._inbox.let_go()

    async def _read_head(self) -> bytes:
        if self._inbox.begins_with(_TLS_HANDSHAKE):
            # At once: such a client waits for an answer, and would take silence for a slow server.
            raise RefusedError(400, "The emulator speaks HTTP without TLS: its URL is http://.")
        try:
            return await self._inbox.until(b"\r\n\r\n", self._limits.head_bytes)
        except TooLongError:
            limit = self._limits.head_bytes
            raise RefusedError(431, f"The headers are longer than {limit} bytes.") from None

    async def _read_body(self, headers: Mapping[str, str]) -> bytes | None:
        coding, length = headers.get("transfer-encoding"), headers.get("content-length")
        if coding is None and length is None:
            return None
        if coding is not None and length is not None:
            raise RefusedError(400, "Content-Length and Transfer-Encoding contradict each other.")
        if coding is not None and coding.lower() != "chunked":
            raise RefusedError(501, "The only transfer coding that the emulator reads is chunked.")
        size = None if length is None else self._allowed(length)
        if headers.get("expect", "").lower() == "100-continue":
            self._writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        return await (self._read_chunks() if size is None else self._read_exactly(size))

    async def _read_exactly(self, size: int) -> bytes:
        # Parsed and answered, a body takes several times its own length.
        self._inbox.hold(4 * size)
        return await self._inbox.exactly(size)

    def _allowed(self, length: str) -> int:
        if not (length.isascii() and length.isdigit()):
            raise RefusedError(400, "The Content-Length is not a number.")
        # Before it is converted: Python refuses to read numbers of thousands of digits.
        if len(length) > 12 or int(length) > self._limits.body_bytes:
            raise self._too_large()
        return int(length)

    def _too_large(self) -> RefusedError:
        return RefusedError(413, f"The body is larger than {self._limits.body_bytes} bytes.")

    async def _read_chunks(self) -> bytes:
        parts: list[bytes] = []
        limit = room = self._limits.body_bytes
        for _ in range(self._limits.chunks):
            size = await self._read_chunk_size()
            room -= size
            if room < 0:
                raise self._too_large()
            if size == 0:
                await self._read_trailers()
                return b"".join(parts)
            self._inbox.hold(4 * (limit - room))
            parts.append(await self._inbox.exactly(size))
            if await self._inbox.exactly(2) != b"\r\n":
                raise RefusedError(400, "A chunk is longer than it said.")
        raise RefusedError(413, f"The body has more than {self._limits.chunks} chunks.")

    async def _read_chunk_size(self) -> int:
        line = await self._read_line()
        size = line.split(b";", 1)[0].strip(b" \t")
        if not _CHUNK_SIZE.fullmatch(size):
            raise RefusedError(400, "The size of a chunk is malformed.")
        return int(size, 16)

    async def _read_trailers(self) -> None:
        for _ in range(self._limits.headers):
            if not await self._read_line():
                return
        raise RefusedError(431, "The body has too many trailers.")

    async def _read_line(self) -> bytes:
        try:
            line = await self._inbox.until(b"\r\n", _LONGEST_CHUNK_LINE)
        except TooLongError:
            raise RefusedError(400, "A line between chunks is too long.") from None
        return line.removesuffix(b"\r\n")

    async def deliver(self, steps: Iterable[Step]) -> bool:
        """Carries out an answer's delivery, whether another request may follow.

        `OSError` when the client has left or does not read.
        """
        for step in steps:
            match step:
                case Send(data):
                    await self._send(data)
                case Pause(seconds):
                    await self.hold_back(seconds)
                case End():
                    await self._end(step)
                    return False
        return True

    async def hold_back(self, seconds: float) -> None:
        """Lets time pass in which the client waits for its answer."""
        # Without a pause there is nothing to give up: the answer is sent right away.
        self._is_held_back = seconds > 0
        try:
            await asyncio.sleep(seconds)
        finally:
            self._is_held_back = False

    @property
    def is_left(self) -> bool:
        """Whether the client has ended its side while its answer is held back.

        Mostly it has left. It may also wait for the answer: there is no telling before one is sent.
        """
        has_ended = self._reader.at_eof() or self._reader.exception() is not None
        return self._is_held_back and has_ended

    async def _send(self, data: bytes) -> None:
        async with asyncio.timeout(self._limits.answer_seconds):
            self._writer.write(data)
            await self._writer.drain()
        self._tally.sent += len(data)

    async def _end(self, end: End) -> None:
        if end is End.CLOSE:
            return
        if end is End.ARRIVED_RESET:
            await self._arrived()
        # With a linger of nothing, a connection is reset rather than ended.
        found = self._writer.get_extra_info("socket")
        found.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._writer.transport.abort()

    async def _arrived(self) -> None:
        """Waits until the client's side has all that was written, as far as this system tells."""
        found = self._writer.get_extra_info("socket")
        with contextlib.suppress(OSError):
            async with asyncio.timeout(self._limits.answer_seconds):
                while _unsent(self._writer, found.fileno()):  # noqa: ASYNC110  # no event tells
                    await asyncio.sleep(0.002)

    async def linger(self) -> None:
        """Reads away what a refused client still sends: closing now would cost it the answer."""
        self._writer.write_eof()
        try:
            async with asyncio.timeout(self._limits.linger_seconds):
                while await self._reader.read(_SCRAP):
                    pass
        except TimeoutError:
            return

    async def close(self) -> None:
        """Closes the connection, as soon as the client has the last answer or will not take it."""
        self._writer.close()
        try:
            async with asyncio.timeout(self._limits.answer_seconds):
                await self._writer.wait_closed()
        except OSError:
            self._writer.transport.abort()


def rendered(answer: Answer, headers: Headers, *, keep_alive: bool, head_only: bool) -> Rendered:
    """An answer as it goes over the wire."""
    body = answer.body
    lines = [f"HTTP/1.1 {answer.status} {_phrase(answer.status)}"]
    lines += [f"{name}: {value}" for name, value in (*headers, *answer.headers)]
    lines += [f"Content-Type: {answer.content_type}"]
    lines += [f"Content-Length: {len(body) + answer.padding}"]
    if not keep_alive:
        lines.append("Connection: close")
    head = "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n"
    return Rendered(head) if head_only else Rendered(head, body, answer.padding)


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Unknown"


def _is_local(writer: asyncio.StreamWriter) -> bool:
    """Whether the client is on this machine."""
    peer = writer.get_extra_info("peername")
    try:
        return bool(peer) and ip_address(str(peer[0]).partition("%")[0]).is_loopback
    except ValueError:
        return False


def _unsent(writer: asyncio.StreamWriter, number: int) -> bool:
    """Whether something was written that the client's side has not acknowledged."""
    if writer.transport.get_write_buffer_size():
        return True
    count = fcntl.ioctl(number, termios.TIOCOUTQ, struct.pack("i", 0))
    return struct.unpack("i", count) != (0,)
