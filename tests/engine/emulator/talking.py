"""Talking to an emulator as clients do, over HTTP, and as no client should, over a bare socket."""

import json
import socket
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPResponse
from itertools import count
from threading import Event
from time import monotonic
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from voxmint.engine.emulator import Emulator, Limits, Options

FLAT = "/realtime/transcription_sessions"
NESTED = "/realtime/client_secrets"
SESSIONS = "/emulator/sessions"
FAULTS = "/_emulator/faults"
COUNTS = "/_emulator/counts"

KEY = "sk-test-0123456789abcdef"
NOW = 1_790_000_000
PATIENT = Limits(
    idle_seconds=600,
    spare_seconds=600,
    request_seconds=600,
    answer_seconds=600,
    linger_seconds=600,
)
"""No client is too slow, however busy the machine is."""


@dataclass
class Clock:
    """A clock that stands still until it is moved."""

    now: float = NOW + 0.75

    def __call__(self) -> float:
        return self.now


class Reply(NamedTuple):
    status: int
    headers: Mapping[str, str]
    content: Any


def fixed(clock: Callable[[], float] | None = None, **others: Any) -> Options:
    """Options with nothing random and no passing of time in them."""
    numbers = count(1)
    others.setdefault("limits", PATIENT)
    return Options(clock=clock or Clock(), ids=lambda: f"{next(numbers):024x}", **others)


def address(emulator: Emulator) -> tuple[str, int]:
    parts = urlsplit(emulator.url)
    assert parts.hostname is not None
    assert parts.port is not None
    return parts.hostname, parts.port


def ask(
    emulator: Emulator,
    method: str,
    path: str,
    body: object = None,
    *,
    key: str | None = KEY,
    **headers: str,
) -> Reply:
    """One request on a connection of its own; a body that is not bytes is sent as JSON.

    The path is below the emulator's base URL, or that of a control route.
    """
    data = body if isinstance(body, bytes | None) else json.dumps(body).encode()
    sent = {"Content-Type": "application/json"} if data is not None else {}
    sent |= {"Authorization": f"Bearer {key}"} if key is not None else {}
    sent |= {name.replace("_", "-"): value for name, value in headers.items()}
    with closing(HTTPConnection(*address(emulator), timeout=120)) as connection:
        connection.request(method, full_path(emulator, path), data, sent)
        return answer_of(connection.getresponse())


def full_path(emulator: Emulator, path: str) -> str:
    return path if path.startswith("/_emulator") else urlsplit(emulator.url).path + path


def counts(emulator: Emulator) -> Any:
    """What the emulator has counted."""
    return ask(emulator, "GET", COUNTS, key=None).content


def eventually(check: Callable[[], bool]) -> None:
    """Asks again and again until it is so, and fails where it does not come to be."""
    given_up, never = monotonic() + 120, Event()
    while not check():
        assert monotonic() < given_up, "it has not come to be"
        never.wait(0.005)


def post(emulator: Emulator, path: str, body: object = None, **others: Any) -> Reply:
    return ask(emulator, "POST", path, body, **others)


def answer_of(response: HTTPResponse) -> Reply:
    content = response.read()
    headers = {name.lower(): value for name, value in response.getheaders()}
    return Reply(response.status, headers, json.loads(content) if content else None)


def spend(emulator: Emulator, token: str) -> Reply:
    return post(emulator, SESSIONS, key=token)


@contextmanager
def bare(emulator: Emulator) -> Iterator[socket.socket]:
    """A connection without a client's manners."""
    with socket.create_connection(address(emulator), timeout=120) as connection:
        yield connection


def received(connection: socket.socket) -> bytes:
    """All that comes until the emulator closes the connection, or drops it."""
    parts = []
    try:
        while part := connection.recv(65536):
            parts.append(part)
    except ConnectionResetError:
        pass
    return b"".join(parts)


def raw(path: str, body: bytes = b"{}", *headers: str) -> bytes:
    """A request to mint, byte for byte; with its length unless a header says otherwise."""
    lines = [
        f"POST /v1{path} HTTP/1.1",
        "Host: emulator",
        f"Authorization: Bearer {KEY}",
        "Content-Type: application/json",
        *(headers or (f"Content-Length: {len(body)}",)),
    ]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body
