"""A server that answers as it is told, also as no server should."""

import json
import socket
import socketserver
import ssl
import struct
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from types import TracebackType
from typing import Any, NamedTuple, Self

EXPIRES_AT = 1_800_000_600


class Asked(NamedTuple):
    """A request as it arrived; the names of `headers` are in lower case."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True)
class Answered:
    """An answer; `length` is what it claims to be long, where that is not the truth.

    `pause` is how many seconds pass before it is sent, `stall` after that before the connection
    ends. With `cut`, it is reset after that many bytes.
    """

    status: int = 200
    content: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    length: int | None = None
    pause: float = 0.0
    stall: float = 0.0
    cut: int | None = None


RESET = Answered(cut=0)
"""The request is read, and the connection reset."""


def minted(number: int = 1, *, expires_at: int = EXPIRES_AT, **others: Any) -> Answered:
    """A session of the flat endpoint, as it should be."""
    content = {
        "id": f"sess_{number}",
        "object": "realtime.transcription_session",
        "client_secret": {"value": f"ek_scripted{number:06}", "expires_at": expires_at},
    }
    return said(content, headers={"x-request-id": f"req_{number}"}, **others)


def said(content: object, status: int = 200, **others: Any) -> Answered:
    """An answer of JSON."""
    return Answered(status, json.dumps(content).encode(), **others)


def refused(status: int, code: str | None, message: str, **headers: str) -> Answered:
    """A refusal in the service's own form."""
    error = {"message": message, "type": "invalid_request_error", "param": None, "code": code}
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    return said({"error": error}, status, headers={"x-request-id": "req_refused", **sent})


Script = Callable[[int, Asked], Answered]


def each(*answers: Answered) -> Script:
    """One answer after another, and then the last one again and again."""
    return lambda number, _: answers[min(number, len(answers)) - 1]


class Scripted:
    """A server on loopback, in threads of its own, from `with` on.

    `script` is given the number of the request, from 1, and the request. `asked` are those that
    came.
    """

    def __init__(self, script: Script, trust: ssl.SSLContext | None = None) -> None:
        self.asked: list[Asked] = []
        self._script = script
        self._numbers = count(1)
        self._lock = threading.Lock()
        self._server = _Server(self, trust)

    @property
    def port(self) -> int:
        port: int = self._server.server_address[1]
        return port

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.port}"

    @property
    def url(self) -> str:
        return f"http://{self.host}/v1"

    def answer(self, asked: Asked) -> Answered:
        with self._lock:
            self.asked.append(asked)
            number = next(self._numbers)
        return self._script(number, asked)

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._server.server_close()


@contextmanager
def nobody() -> Iterator[int]:
    """A port of this machine at which nobody listens, and nobody else can begin to."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        port: int = held.getsockname()[1]
        yield port


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True
    block_on_close = False
    request_queue_size = 128

    def __init__(self, scripted: Scripted, trust: ssl.SSLContext | None) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.scripted = scripted
        self.trust = trust

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that leaves, or does not trust this server, is no news."""


class _Handler(socketserver.StreamRequestHandler):
    server: _Server

    def setup(self) -> None:
        if self.server.trust is not None:
            self.request = self.server.trust.wrap_socket(self.request, server_side=True)
        super().setup()

    def finish(self) -> None:
        super().finish()
        # The server closes only the socket that it accepted, which TLS has wrapped.
        self.request.close()

    def handle(self) -> None:
        while (asked := self._read()) is not None:
            answered = self.server.scripted.answer(asked)
            threading.Event().wait(answered.pause)
            if not self._send(answered):
                return

    def _read(self) -> Asked | None:
        try:
            method, path, _ = self.rfile.readline().decode("latin-1").split()
        except (ValueError, OSError):
            return None
        headers: dict[str, str] = {}
        while (line := self.rfile.readline().decode("latin-1").strip()) != "":
            name, _, value = line.partition(":")
            headers[name.lower()] = value.strip()
        return Asked(method, path, headers, self.rfile.read(int(headers.get("content-length", 0))))

    def _send(self, answered: Answered) -> bool:
        length = len(answered.content) if answered.length is None else answered.length
        lines = [f"HTTP/1.1 {answered.status} Scripted", f"Content-Length: {length}"]
        lines += [f"{name}: {value}" for name, value in answered.headers.items()]
        data = ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1") + answered.content
        try:
            self.wfile.write(data if answered.cut is None else data[: answered.cut])
        except OSError:
            return False
        threading.Event().wait(answered.stall)
        if answered.cut is not None:
            self._reset()
        return answered.cut is None and length == len(answered.content)

    def _reset(self) -> None:
        # Closed with data unsent or a linger of nothing, a connection is reset rather than ended.
        linger = struct.pack("ii", 1, 0)
        self.request.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        self.request.close()
