"""A server in front of another, plain HTTP on loopback, that fails the requests it is told to."""

import socket
import struct
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import httpx


class Fault(StrEnum):
    """What is done with one request."""

    LOST = "lost"
    """The connection is reset, and the server behind never hears of it."""
    APPLIED = "applied"
    """The server behind does it, and the connection is reset before the answer."""
    CUT = "cut"
    """The server behind does it, and the answer ends after a few bytes."""
    BUSY = "busy"
    """It is answered with 503."""


@dataclass(frozen=True)
class Request:
    """A request as a rule sees it; names of headers are in lower case."""

    method: str
    path: str
    headers: Mapping[str, str]
    content: bytes


Rule = Callable[[Request], Fault | None]


@dataclass(frozen=True)
class Answer:
    """What a request is answered with, and the server behind never hears of it."""

    status: int
    content: bytes
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass
class Faulty:
    """Where it listens, what came by, and the rule by which requests fail."""

    behind: str
    address: str = ""
    rule: Rule = lambda _: None
    instead: Callable[[Request], Answer | None] = lambda _: None
    requests: list[Request] = field(default_factory=list)

    @contextmanager
    def answering(self, instead: Callable[[Request], Answer | None]) -> Iterator[None]:
        """For a while requests are answered by this, where it answers them."""
        usual, self.instead = self.instead, instead
        try:
            yield
        finally:
            self.instead = usual

    @contextmanager
    def failing(self, rule: Rule) -> Iterator[None]:
        """Requests fail by this rule for a while."""
        usual, self.rule = self.rule, rule
        try:
            yield
        finally:
            self.rule = usual

    def failing_number(self, number: int, fault: Fault) -> Rule:
        """The rule that fails one request alone, counted from now and from 0."""
        first = len(self.requests)

        def rule(_: Request) -> Fault | None:
            return fault if len(self.requests) - 1 == first + number else None

        return rule


_NOT_PASSED_ON = frozenset(
    {"connection", "content-encoding", "content-length", "transfer-encoding"}
)


@contextmanager
def running_faulty(behind: str) -> Iterator[Faulty]:
    """Such a server in front of the one at this address."""
    faulty = Faulty(behind)
    with httpx.Client(base_url=behind, trust_env=False, timeout=30, verify=False) as client:
        server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(faulty, client))
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        faulty.address = f"http://127.0.0.1:{server.server_address[1]}"
        try:
            yield faulty
        finally:
            server.shutdown()
            server.server_close()
            thread.join()


def _handler(faulty: Faulty, client: httpx.Client) -> type["Handler"]:
    return type("OwnHandler", (Handler,), {"faulty": faulty, "client": client})


class Handler(BaseHTTPRequestHandler):
    """Takes one request of a connection, and passes it on or does not."""

    faulty: Faulty
    client: httpx.Client

    def handle_one_request(self) -> None:
        self.close_connection = True
        self.raw_requestline = self.rfile.readline(65537)
        if not self.raw_requestline or not self.parse_request():
            return
        self.close_connection = True
        content = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        headers = {name.lower(): value for name, value in self.headers.items()}
        request = Request(self.command, self.path, headers, content)
        self.faulty.requests.append(request)
        self._answer(request, self.faulty.rule(request))

    def _answer(self, request: Request, fault: Fault | None) -> None:
        own = self.faulty.instead(request)
        if own is not None:
            self._send(own.status, own.headers, own.content, len(own.content))
            return
        if fault is Fault.BUSY:
            self._send(503, {}, b"", 0)
            return
        answer = None if fault is Fault.LOST else self._passed_on(request)
        if answer is None or fault is Fault.APPLIED:
            self._reset()
            return
        content = answer.content[:10] if fault is Fault.CUT else answer.content
        self._send(answer.status_code, answer.headers, content, len(answer.content))

    def _passed_on(self, request: Request) -> httpx.Response:
        headers = {name: value for name, value in request.headers.items() if name != "connection"}
        return self.client.request(
            request.method, request.path, headers=headers, content=request.content
        )

    def _send(self, status: int, headers: Mapping[str, str], content: bytes, length: int) -> None:
        self.send_response_only(status)
        for name, value in headers.items():
            if name.lower() not in _NOT_PASSED_ON:
                self.send_header(name, value)
        self.send_header("Content-Length", str(length))
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(content)

    def _reset(self) -> None:
        # Without anything to linger for, closing resets the connection.
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()

    def finish(self) -> None:
        if self.connection.fileno() >= 0:
            super().finish()
