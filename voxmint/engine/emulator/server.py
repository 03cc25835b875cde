"""The running emulator: a socket, a thread with an event loop, and a pipeline for each request.

One loop serves all connections, so that a thousand waiting clients cost no threads. The pipeline
is `receive → reply → interfere → answer`, in `_exchange`; answering records and writes.
"""

import asyncio
import contextlib
import os
import socket
import threading
from collections.abc import Callable
from email.utils import formatdate
from ipaddress import ip_address
from typing import Protocol, Self

from voxmint.engine.emulator.answers import RefusedError
from voxmint.engine.emulator.options import Access, Options
from voxmint.engine.emulator.routes import BASE_PATH, Reply, Tally, World, reply
from voxmint.engine.emulator.wire import Connection, Request, rendered
from voxmint.problems import UsageError, VoxmintError
from voxmint.shown import shown

_BACKLOG = 512
_LAST_PORT = 65535
_SHOWN_PATH = 200
_TOO_MANY = RefusedError(
    503, "The emulator has too many connections.", headers=(("Retry-After", "1"),)
)


class EmulatorError(VoxmintError):
    """The emulator cannot run here, such as on a port that is taken."""


class Stop(Protocol):
    """What ends `serve`: a `threading.Event`, or anything that waits like one."""

    def wait(self) -> object: ...


class Emulator:
    """An emulator that answers, in a thread of its own, from `start` to `stop`.

    As a context manager it starts and stops by itself. Raises `UsageError` for a host that other
    machines reach, and `EmulatorError` where it cannot listen. Stopping cuts open connections.
    """

    def __init__(self, options: Options | None = None) -> None:
        self._options = options or Options()
        self._world = World(self._options, Tally())
        self._conversations: set[asyncio.Task[None]] = set()
        self._thread: threading.Thread | None = None
        self._url = ""

    @property
    def url(self) -> str:
        """The base URL, such as `http://127.0.0.1:8080/v1`; the emulator must have been started."""
        if not self._url:
            raise EmulatorError("the emulator has not been started")
        return self._url

    def start(self) -> Self:
        """Listens, and returns as soon as requests are answered."""
        if self._thread is not None:
            raise EmulatorError("the emulator runs already")
        listener = _listener(self._options)
        host, port = listener.getsockname()[:2]
        self._url = f"http://{f'[{host}]' if ':' in host else host}:{port}{BASE_PATH}"
        self._loop = asyncio.new_event_loop()
        self._stopping = asyncio.Event()
        self._thread = threading.Thread(
            target=self._run, args=(listener,), name="voxmint-emulator", daemon=True
        )
        self._thread.start()
        return self

    def stop(self) -> None:
        """Closes the port and every connection; returns when that is done. Can be repeated."""
        if self._thread is None:
            return
        # A loop that has ended takes no calls any more, and needs none.
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._stopping.set)
        self._thread.join()
        self._thread = None

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    # ── the thread ───────────────────────────────────────────────────────────────────────────────

    def _run(self, listener: socket.socket) -> None:
        with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
            runner.run(self._serve(listener))

    async def _serve(self, listener: socket.socket) -> None:
        server = await asyncio.start_server(
            self._accept,
            sock=listener,
            backlog=_BACKLOG,
            limit=self._options.limits.head_bytes,
        )
        await self._stopping.wait()
        server.close()
        for conversation in self._conversations:
            conversation.cancel()
        await asyncio.gather(*self._conversations, return_exceptions=True)

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        tally = self._world.tally
        admitted = tally.connections < self._options.limits.connections
        tally.connections += admitted
        connection = Connection(reader, writer, self._options.limits)
        conversation = self._loop.create_task(self._converse(connection, admitted))
        self._conversations.add(conversation)

        def ended(_: asyncio.Task[None]) -> None:
            writer.transport.abort()
            self._conversations.discard(conversation)
            tally.connections -= admitted

        conversation.add_done_callback(ended)

    # ── a connection ─────────────────────────────────────────────────────────────────────────────

    async def _converse(self, connection: Connection, admitted: bool) -> None:
        # The client has left, does not read, or is stopped: there is nobody to tell.
        with contextlib.suppress(OSError):
            if not admitted:
                await self._turn_away(connection, _TOO_MANY, self._loop.time())
            else:
                while await self._exchange(connection):
                    pass
            await connection.close()

    async def _turn_away(
        self, connection: Connection, refused: RefusedError, arrived: float
    ) -> None:
        await self._answer(connection, None, Reply(refused.answer(), None), arrived)
        await connection.linger()

    async def _exchange(self, connection: Connection) -> bool:
        """One request and its answer; whether another may follow."""
        first = await connection.wait()
        if not first:
            return False
        arrived = self._loop.time()
        try:
            request = await connection.receive(first)
        except RefusedError as refused:
            await self._turn_away(connection, refused, arrived)
            return False
        answered = reply(request, self._world)
        await self._interfere(answered, arrived)
        await self._answer(connection, request, answered, arrived)
        return request.keep_alive

    async def _interfere(self, answered: Reply, arrived: float) -> None:
        """What stands between an answer and its sending: the latency of routes that mint."""
        latency = (
            self._options.latency_ms / 1000 if answered.route and answered.route.minting else 0
        )
        # Also without latency: a client that pipelines must let the others have their turn.
        await asyncio.sleep(max(0.0, arrived + latency - self._loop.time()))

    async def _answer(
        self, connection: Connection, request: Request | None, answered: Reply, arrived: float
    ) -> None:
        request_id = f"req_{self._options.ids()}"
        milliseconds = (self._loop.time() - arrived) * 1000
        headers = (
            ("Date", formatdate(self._options.clock(), usegmt=True)),
            ("Server", "voxmint-emulator"),
            ("x-request-id", request_id),
            ("openai-processing-ms", str(round(milliseconds))),
        )
        data = rendered(
            answered.answer,
            headers,
            keep_alive=request is not None and request.keep_alive,
            head_only=request is not None and request.method == "HEAD",
        )
        self._record(request, answered, request_id, milliseconds)
        await connection.send(data)

    def _record(
        self, request: Request | None, answered: Reply, request_id: str, milliseconds: float
    ) -> None:
        route, status = answered.route, answered.answer.status
        self._world.tally.count(f"{route.method} {route.path}" if route else "other", status)
        if self._options.on_request is None:
            return
        method, path = (request.method, request.path) if request else ("-", "-")
        line = Access(method, shown(path[:_SHOWN_PATH]), status, request_id, milliseconds)
        self._options.on_request(line)


def _listener(options: Options) -> socket.socket:
    host = _address(options)
    if not 0 <= options.port <= _LAST_PORT:
        raise UsageError(f"{options.port} is not a port", f"ports are 0 to {_LAST_PORT}")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, options.port), family=family, backlog=_BACKLOG)
    except OSError as error:
        said = os.strerror(error.errno) if error.errno else "no reason given"
        raise EmulatorError(f"cannot listen on {host}, port {options.port}: {said}") from None


def _address(options: Options) -> str:
    host = "127.0.0.1" if options.host == "localhost" else options.host
    try:
        address = ip_address(host)
    except ValueError:
        raise UsageError(
            f"`{shown(options.host)}` is not an address to listen on",
            "write an IP address, or localhost",
        ) from None
    if not address.is_loopback and not options.allow_remote:
        raise UsageError(
            f"other machines reach `{host}`, and the emulator answers anybody",
            "listen on 127.0.0.1, or allow it with --allow-remote",
        )
    return host


def serve(options: Options, on_ready: Callable[[str], None], stop: Stop) -> None:
    """Runs an emulator until `stop`, or an interrupt; `on_ready` is given its base URL."""
    with Emulator(options) as emulator:
        on_ready(emulator.url)
        stop.wait()
