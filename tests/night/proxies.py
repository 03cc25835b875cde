"""A real TCP proxy that lets so much through, and then does what bad networks do."""

import socket
import struct
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from enum import Enum
from types import TracebackType
from typing import Self


class End(Enum):
    """What comes when no more is let through: a reset, an orderly end, or nothing at all."""

    RESET = "reset"
    CLOSE = "close"
    STALL = "stall"


@dataclass(frozen=True)
class Way:
    """How one connection fares.

    `up` and `down` are the bytes of requests and answers that are let through, all where it is
    `None`; then comes the `end`. With a `pace`, each byte takes that many seconds. `flipped` is
    the byte of the answers that arrives changed.
    """

    up: int | None = None
    down: int | None = None
    end: End = End.RESET
    pace: float = 0.0
    flipped: int | None = None


OPEN = Way()
"""All gets through."""


class Between:
    """Leads connections to a port of this machine: the first by the first way, and so on.

    Those beyond the ways are open. `taken` is how many connections came.
    """

    def __init__(self, port: int, ways: Sequence[Way]) -> None:
        self.taken = 0
        self._upstream = port
        self._ways = list(ways)
        self._open: list[socket.socket] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self.port: int = self._listener.getsockname()[1]

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(5)
        for one in self._open:
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()

    def reset(self) -> None:
        """Reset all connections that are open now: whoever is cut off may be back at once."""
        for one in tuple(self._open):
            _end(one, End.RESET)

    def _serve(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                way = self._ways[self.taken] if self.taken < len(self._ways) else OPEN
                self.taken += 1
                self._lead(client, way)

    def _lead(self, client: socket.socket, way: Way) -> None:
        upstream = socket.create_connection(("127.0.0.1", self._upstream))
        self._open += (client, upstream)
        if way.up == 0:
            _end(client, way.end)
            return
        for source, target, limit, flipped in (
            (client, upstream, way.up, None),
            (upstream, client, way.down, way.flipped),
        ):
            pump = _Pump(source, target, client, way, limit, flipped)
            threading.Thread(target=pump.run, daemon=True).start()


@dataclass
class _Pump:
    """Carries what comes one way."""

    source: socket.socket
    target: socket.socket
    client: socket.socket
    way: Way
    left: int | None
    flipped: int | None
    carried: int = 0

    def run(self) -> None:
        with suppress(OSError):
            while data := self.source.recv(65536):
                if self.left is not None and len(data) >= self.left:
                    if self.target is self.client:
                        # Whoever has the last byte may send more at once, and that is not led on.
                        self.source.shutdown(socket.SHUT_WR)
                    self._carry(data[: self.left])
                    _end(self.client, self.way.end)
                    return
                self._carry(data)
            self.target.shutdown(socket.SHUT_WR)

    def _carry(self, data: bytes) -> None:
        changed = bytearray(data)
        if self.flipped is not None and 0 <= self.flipped - self.carried < len(data):
            changed[self.flipped - self.carried] ^= 0xFF
        self.carried += len(data)
        if self.left is not None:
            self.left -= len(data)
        for piece in [changed] if not self.way.pace else [bytes([one]) for one in changed]:
            self.target.sendall(piece)
            time.sleep(self.way.pace)


def _end(client: socket.socket, end: End) -> None:
    with suppress(OSError):
        if end is End.RESET:
            # Closed with a linger of nothing, a connection is reset rather than ended.
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            # A thread that waits in `recv` would keep it open.
            client.shutdown(socket.SHUT_RD)
            client.close()
        elif end is End.CLOSE:
            client.shutdown(socket.SHUT_RDWR)
