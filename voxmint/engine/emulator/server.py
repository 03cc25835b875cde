"""The running emulator: a socket, a thread with an event loop, and a pipeline for each request.

One loop serves all connections, so that a thousand waiting clients cost no threads. The pipeline
is `receive → reply → interfere → answer`, in `_exchange`; answering records and delivers.
"""

import asyncio
import contextlib
import os
import socket
import threading
from collections.abc import Callable, Iterator
from email.utils import formatdate
from ipaddress import ip_address
from typing import Protocol, Self

from voxmint.engine.emulator.answers import Answer, RefusedError
from voxmint.engine.emulator.arguments import LONGEST_PAUSE
from voxmint.engine.emulator.inbox import PIECE, Store
from voxmint.engine.emulator.options import Access, Options
from voxmint.engine.emulator.routes import Reply, reply, world_of
from voxmint.engine.emulator.services import SERVICES
from voxmint.engine.emulator.wire import Connection, Request, Streams, rendered
from voxmint.problems import UsageError, VoxmintError
from voxmint.shown import shown

_BACKLOG = 512
_LAST_PORT = 65535
_BUFFER = 64 * 1024
"""Bytes that the system keeps for a connection, each way: by itself it may keep megabytes."""
_SHOWN_PATH = 200
_BREATH = 0.05
"""Seconds before another connection is taken in, where one could not be."""
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
        if self._options.service not in SERVICES:
            known = ", ".join(f"`{name}`" for name in SERVICES)
            raise UsageError(f"there is no service `{shown(self._options.service)}`", known)
        # Written so that a NaN is refused, too.
        if not 0 <= self._options.latency_ms <= LONGEST_PAUSE * 1000:
            raise UsageError(f"a latency is 0 to {LONGEST_PAUSE * 1000} milliseconds")
        self._conversations: dict[asyncio.Task[None], Connection] = {}
        self._turned_away = 0
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
        self._world = world_of(self._options)
        self._store = Store(self._options.limits.store_bytes)
        listener = _listener(self._options)
        host, port = listener.getsockname()[:2]
        self._url = (
            f"http://{f'[{host}]' if ':' in host else host}:{port}{self._world.service.base_path}"
        )
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
        accepting = self._loop.create_task(self._accept_all(listener))
        await self._stopping.wait()
        tasks = [accepting, *self._conversations]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    # ── admission ────────────────────────────────────────────────────────────────────────────────

    async def _accept_all(self, listener: socket.socket) -> None:
        """Takes in one connection after another, for ever.

        One at a time, so that no burst takes more of the system's descriptors than there may be
        connections.
        """
        with listener:
            while True:
                try:
                    accepted, _ = await self._loop.sock_accept(listener)
                except OSError:
                    # The client has left already, or descriptors are used up: others free theirs.
                    await asyncio.sleep(_BREATH)
                    continue
                with contextlib.suppress(OSError):
                    await self._accept(accepted)

    async def _accept(self, accepted: socket.socket) -> None:
        tally, limits = self._world.tally, self._options.limits
        tally.accepted += 1
        is_admitted = tally.connections < limits.connections or self._make_room()
        if not is_admitted:
            tally.turned_away += 1
            if self._turned_away >= limits.turned_away:
                accepted.close()
                return
        streams = await _streams(self._loop, accepted)
        connection = Connection(streams, limits, self._store, tally)
        self._begin(connection, streams[1], is_admitted=is_admitted)

    def _begin(
        self, connection: Connection, writer: asyncio.StreamWriter, *, is_admitted: bool
    ) -> None:
        conversation = self._loop.create_task(self._converse(connection, is_admitted))
        self._conversations[conversation] = connection
        if is_admitted:
            self._world.tally.connected()
        else:
            self._turned_away += 1

        def ended(_: asyncio.Task[None]) -> None:
            writer.transport.abort()
            connection.let_go()
            del self._conversations[conversation]
            if is_admitted:
                self._world.tally.connections -= 1
            else:
                self._turned_away -= 1

        conversation.add_done_callback(ended)

    def _make_room(self) -> bool:
        """Ends a connection that nobody waits at, if there is one.

        One whose client has left, or else the one that has been silent for longest, and for long.
        """
        conversation = self._left() or self._silent()
        return conversation is not None and conversation.cancel()

    def _left(self) -> asyncio.Task[None] | None:
        for conversation, connection in self._conversations.items():
            if connection.is_left and not conversation.cancelling():
                return conversation
        return None

    def _silent(self) -> asyncio.Task[None] | None:
        latest = self._loop.time() - self._options.limits.spare_seconds
        silent = [
            (connection.silent_since, number, conversation)
            for number, (conversation, connection) in enumerate(self._conversations.items())
            if connection.silent_since <= latest and not conversation.cancelling()
        ]
        return min(silent)[2] if silent else None

    # ── a connection ─────────────────────────────────────────────────────────────────────────────

    async def _converse(self, connection: Connection, is_admitted: bool) -> None:
        # The client has left, does not read, or is stopped: there is nobody to tell.
        with contextlib.suppress(OSError):
            if not is_admitted:
                answer = self._world.service.refusal(_TOO_MANY)
                await self._turn_away(connection, answer, self._loop.time())
            else:
                while await self._exchange(connection):
                    pass
            await connection.close()

    async def _turn_away(self, connection: Connection, answer: Answer, arrived: float) -> None:
        await self._answer(connection, None, Reply(answer, None), arrived)
        await connection.linger()

    async def _exchange(self, connection: Connection) -> bool:
        """One request and its answer; whether another may follow."""
        if not await connection.wait():
            return False
        arrived = self._loop.time()
        try:
            request = await connection.receive()
        except RefusedError as refused:
            await self._turn_away(connection, self._world.refuse(refused), arrived)
            return False
        try:
            answered = reply(request, self._world)
            with self._counted(answered):
                await self._interfere(connection, answered, arrived)
                goes_on = await self._answer(connection, request, answered, arrived)
        finally:
            connection.let_go()
        return goes_on and request.keep_alive

    @contextlib.contextmanager
    def _counted(self, answered: Reply) -> Iterator[None]:
        """Counts a request to mint while it is under way."""
        if not (answered.route and answered.route.api):
            yield
            return
        self._world.tally.asked()
        try:
            yield
        finally:
            self._world.tally.done()

    async def _interfere(self, connection: Connection, answered: Reply, arrived: float) -> None:
        """What stands between an answer and its sending: the latency of routes that mint."""
        is_mint = answered.route is not None and answered.route.api
        latency = self._options.latency_ms / 1000 if is_mint else 0
        # Also without latency: a client that pipelines must let the others have their turn.
        await connection.hold_back(max(0.0, arrived + latency - self._loop.time()))

    async def _answer(
        self, connection: Connection, request: Request | None, answered: Reply, arrived: float
    ) -> bool:
        request_id = f"req_{self._options.ids()}"
        milliseconds = (self._loop.time() - arrived) * 1000
        now = self._options.clock() + answered.effect.shift
        headers = (
            ("Date", formatdate(now, usegmt=True)),
            ("Server", "voxmint-emulator"),
            *((name, request_id) for name in self._world.service.id_headers),
            ("openai-processing-ms", str(round(milliseconds))),
        )
        answer = rendered(
            answered.answer,
            headers,
            keep_alive=request is not None and request.keep_alive,
            head_only=request is not None and request.method == "HEAD",
        )
        self._record(request, answered, request_id, milliseconds)
        return await connection.deliver(answered.effect.deliver(answer))

    def _record(
        self, request: Request | None, answered: Reply, request_id: str, milliseconds: float
    ) -> None:
        route, status = answered.route, answered.answer.status
        self._world.tally.answered(f"{route.method} {route.path}" if route else "other", status)
        if self._options.on_request is None:
            return
        method, path = (request.method, request.path) if request else ("-", "-")
        path = shown(path[:_SHOWN_PATH])
        line = Access(method, path, status, request_id, milliseconds, answered.fault)
        self._options.on_request(line)


async def _streams(loop: asyncio.AbstractEventLoop, accepted: socket.socket) -> Streams:
    """What reads from a connection and writes to it; a write waits until it is with the system."""
    reader = asyncio.StreamReader(limit=PIECE, loop=loop)
    protocol = asyncio.StreamReaderProtocol(reader, loop=loop)
    transport, _ = await loop.connect_accepted_socket(lambda: protocol, accepted)
    transport.set_write_buffer_limits(0)
    return reader, asyncio.StreamWriter(transport, protocol, reader, loop)


def _listener(options: Options) -> socket.socket:
    host = _address(options)
    if not 0 <= options.port <= _LAST_PORT:
        raise UsageError(f"{options.port} is not a port", f"ports are 0 to {_LAST_PORT}")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listener = socket.create_server((host, options.port), family=family, backlog=_BACKLOG)
    except OSError as error:
        said = os.strerror(error.errno) if error.errno else "no reason given"
        raise EmulatorError(f"cannot listen on {host}, port {options.port}: {said}") from None
    for direction in (socket.SO_SNDBUF, socket.SO_RCVBUF):
        # Connections have what their listener has.
        listener.setsockopt(socket.SOL_SOCKET, direction, _BUFFER)
    listener.setblocking(False)
    return listener


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
