"""HTTP/1.1 on a connection: requests are read within limits, answers are written at once.

Source: RFC 9112. What it allows and no client of this API sends is refused: folded headers, other
transfer codings than chunked, a length beside a coding.
"""

import asyncio
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from http import HTTPStatus

from voxmint.engine.emulator.answers import Answer, Headers, RefusedError
from voxmint.engine.emulator.options import Limits

_REQUEST_LINE = re.compile(rb"([A-Za-z_-]{1,32}) (/[!-~]*) HTTP/([0-9])\.([0-9])")
_NAME = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_CHUNK_SIZE = re.compile(rb"[0-9A-Fa-f]{1,8}")
_LONGEST_CHUNK_LINE = 256
_SCRAP = 4096


@dataclass(frozen=True, slots=True)
class Request:
    """A request as it arrived; `path` is without its query, headers' names are in lower case.

    `body` is `None` where the client announced none. Headers and body can hold secrets.
    """

    method: str
    path: str
    headers: Mapping[str, str] = field(repr=False)
    keep_alive: bool
    body: bytes | None = field(default=None, repr=False)


def _parse_head(head: bytes, limits: Limits) -> Request:
    first, *lines = head.lstrip(b"\r\n").removesuffix(b"\r\n\r\n").split(b"\r\n")
    found = _REQUEST_LINE.fullmatch(first)
    if found is None:
        raise RefusedError(400, "This is not the first line of an HTTP request.")
    method, target, major, minor = found.groups()
    if major != b"1":
        raise RefusedError(505, "The emulator speaks HTTP/1.1.")
    if len(lines) > limits.headers:
        raise RefusedError(431, f"The request has more than {limits.headers} headers.")
    headers = _parse_headers(lines)
    wish = headers.get("connection", "").lower()
    persistent = minor != b"0" and "close" not in wish
    path = target.split(b"?", 1)[0].decode("ascii")
    return Request(method.decode("ascii").upper(), path, headers, persistent)


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
    """One client's connection: requests come in one after the other, each with its answer."""

    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, limits: Limits
    ) -> None:
        self._reader = reader
        self._writer = writer
        self._limits = limits

    async def wait(self) -> bytes:
        """The first byte of the next request; none when the client has left, or idles too long."""
        try:
            async with asyncio.timeout(self._limits.idle_seconds):
                return await self._reader.read(1)
        except TimeoutError:
            return b""

    async def receive(self, first: bytes) -> Request:
        """The request that begins with this byte; `RefusedError` where it cannot be read."""
        try:
            async with asyncio.timeout(self._limits.request_seconds):
                request = _parse_head(first + await self._read_head(), self._limits)
                return replace(request, body=await self._read_body(request.headers))
        except TimeoutError:
            raise RefusedError(408, "The request took too long to arrive.") from None
        except asyncio.IncompleteReadError:
            raise RefusedError(400, "The request ended before it was complete.") from None

    async def _read_head(self) -> bytes:
        try:
            return await self._reader.readuntil(b"\r\n\r\n")
        except asyncio.LimitOverrunError:
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
        return await (self._read_chunks() if size is None else self._reader.readexactly(size))

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
        room = self._limits.body_bytes
        for _ in range(self._limits.chunks):
            size = await self._read_chunk_size()
            room -= size
            if room < 0:
                raise self._too_large()
            if size == 0:
                await self._read_trailers()
                return b"".join(parts)
            parts.append(await self._reader.readexactly(size))
            if await self._reader.readexactly(2) != b"\r\n":
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
            line = await self._reader.readuntil(b"\r\n")
        except asyncio.LimitOverrunError:
            line = b" " * _LONGEST_CHUNK_LINE
        if len(line) >= _LONGEST_CHUNK_LINE:
            raise RefusedError(400, "A line between chunks is too long.")
        return line.removesuffix(b"\r\n")

    async def send(self, data: bytes) -> None:
        """Writes an answer; `OSError` when the client has left or does not read."""
        async with asyncio.timeout(self._limits.answer_seconds):
            self._writer.write(data)
            await self._writer.drain()

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


def rendered(answer: Answer, headers: Headers, *, keep_alive: bool, head_only: bool) -> bytes:
    """An answer as it goes over the wire, in one piece."""
    content = json.dumps(answer.content, separators=(",", ":")).encode("ascii")
    lines = [f"HTTP/1.1 {answer.status} {HTTPStatus(answer.status).phrase}"]
    lines += [f"{name}: {value}" for name, value in (*headers, *answer.headers)]
    lines += ["Content-Type: application/json", f"Content-Length: {len(content)}"]
    if not keep_alive:
        lines.append("Connection: close")
    head = "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n"
    return head if head_only else head + content
