"""Connections made for httpcore: which address they lead to, what is known of them, what they take.

Servers are real ones of this machine, in the same event loop; a name is looked up by a loop that
tells what the test says.
"""

import asyncio
import errno
import socket
import ssl
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from os import environ
from typing import Any

import httpcore
import pytest

from tests.engine.scripted import nobody
from voxmint.engine.upstream.hosts import Host
from voxmint.engine.upstream.http import Channel, NoAnswer, Reply, Unsent, upstream_to
from voxmint.engine.upstream.streams import Backend, Progress

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


class Server:
    """A server of one script, as a context; `connections` counts those that came."""

    def __init__(self, serve: Serve) -> None:
        self._script = serve
        self._running: set[asyncio.Task[None]] = set()
        self.connections = 0

    async def __aenter__(self) -> "Server":
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self.port: int = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        for task in self._running:
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self._running.add(asyncio.create_task(self._serve(reader, writer)))

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            with suppress(ConnectionError, asyncio.IncompleteReadError):
                await self._script(reader, writer)
                writer.close()
                await writer.wait_closed()
        finally:
            writer.transport.abort()


async def request(reader: asyncio.StreamReader) -> bytes:
    """One request to the end of its body, which is `{}`."""
    return await reader.readuntil(b"\r\n\r\n{}")


def channel_to(port: int, scheme: str = "http") -> Channel:
    host = Host(scheme, "127.0.0.1", port)
    return upstream_to(f"{host.scheme}://{host}/v1", host, (), {}, None, 30).channel()


async def posted(channel: Channel, seconds: float | None = 30) -> Any:
    return await channel.post(b"{}", "a-run", asyncio.timeout(seconds))


# ── one request after another ────────────────────────────────────────────────────────────────────


def test_a_connection_is_kept_for_the_next_request_and_made_anew_where_it_was_closed() -> None:
    asyncio.run(asyncio.wait_for(_kept_and_made_anew(), 60))


async def _kept_and_made_anew() -> None:
    loop = asyncio.get_running_loop()
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setblocking(False)
        channel = channel_to(server.getsockname()[1])
        for _ in range(2):
            answered = asyncio.create_task(posted(channel))
            connection, _ = await loop.sock_accept(server)
            with connection:
                await answer(connection)
                assert isinstance(await answered, Reply)
                # The same one.
                answered = asyncio.create_task(posted(channel))
                await answer(connection)
                assert isinstance(await answered, Reply)
            # The loop has no turn in which it could notice that the server has gone; nothing is
            # sent there all the same, since that would be a request without an answer.
        await channel.close()


async def answer(connection: socket.socket) -> None:
    loop = asyncio.get_running_loop()
    await loop.sock_recv(connection, 65536)
    await loop.sock_sendall(connection, OK)


def test_a_request_comes_whole_and_names_its_host() -> None:
    asyncio.run(_whole())


async def _whole() -> None:
    heads: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heads.append(await reader.read(65536))
        writer.write(OK)

    async with Server(serve) as server:
        channel = channel_to(server.port)
        assert isinstance(await posted(channel), Reply)
        await channel.close()
        [head] = heads
        assert head.endswith(b"\r\n\r\n{}")
        assert f"Host: 127.0.0.1:{server.port}\r\n".encode() in head
        assert b"Content-Length: 2\r\n" in head


def test_fields_of_an_answer_are_read_whatever_they_hold() -> None:
    asyncio.run(_fields())


async def _fields() -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await request(reader)
        fields = b"X-One: 1\r\nx-one: 2\r\nX-Utf: \xc3\xa9\r\nX-Other: \xe9\r\n"
        writer.write(OK.replace(b"Content-", fields + b"Content-"))

    async with Server(serve) as server:
        channel = channel_to(server.port)
        reply = await posted(channel)
        await channel.close()
    found = {name: reply.headers[name] for name in ("x-one", "x-utf", "x-other")}
    assert found == {"x-one": "1, 2", "x-utf": "é", "x-other": "é"}


@pytest.mark.parametrize("word", [b"HTTP/1.1 100 Continue\r\n\r\n", b"HTTP/1.1 103 Hints\r\n\r\n"])
def test_a_server_that_goes_on_saying_wait_is_left_at_the_deadline(word: bytes) -> None:
    asyncio.run(_told_to_wait(word))


async def _told_to_wait(word: bytes) -> None:
    deadline, said = asyncio.timeout(None), 0

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal said
        await request(reader)
        while True:
            writer.write(word * 1000)
            await writer.drain()
            said += 1
            if said == 50:
                deadline.reschedule(0)

    async with Server(serve) as server:
        channel = channel_to(server.port)
        found = await channel.post(b"{}", "a-run", deadline)
        assert found == NoAnswer("no answer came in time")
        await channel.close()


def test_what_nobody_reads_is_not_taken_in() -> None:
    asyncio.run(_unread())


async def _unread() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        stream = await Backend(Progress()).connect_tcp(*server.getsockname())
        connection, _ = server.accept()
        with connection:
            connection.setblocking(False)
            turns_without_room = 0
            while turns_without_room < 100:
                try:
                    connection.send(b"x" * 65536)
                    turns_without_room = 0
                except BlockingIOError:
                    turns_without_room += 1
                await asyncio.sleep(0)
            assert len(await stream.read(1 << 30)) < 1024 * 1024
            await stream.aclose()


def test_a_bug_in_what_the_loop_calls_is_told_without_its_text(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def struck() -> None:
        channel_to(443)
        asyncio.get_running_loop().call_soon(environ.__getitem__, "ek_canary")
        await asyncio.sleep(0)

    asyncio.run(struck())
    assert [one.getMessage() for one in caplog.records] == [
        "unforeseen in the event loop: KeyError"
    ]
    assert "ek_canary" not in caplog.text


# ── connecting ───────────────────────────────────────────────────────────────────────────────────


def looked_up(
    addresses: Sequence[tuple[str, int]], silent: int | None = None
) -> asyncio.AbstractEventLoop:
    """An event loop in which a name has these addresses, and at one port nobody ever answers."""

    class Loop(asyncio.SelectorEventLoop):
        async def sock_connect(self, sock: socket.socket, address: Any) -> None:
            if address[1] == silent:
                await self.create_future()
            await super().sock_connect(sock, address)

        async def getaddrinfo(self, host: Any, port: Any, **_: Any) -> Any:
            if host != "gateway.example":
                return await super().getaddrinfo(host, port, **_)
            return [
                (socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", address)
                for address in addresses
            ]

    return Loop()


def test_an_address_that_refuses_is_not_the_last() -> None:
    async def connected() -> None:
        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await request(reader)
            writer.write(OK)

        async with Server(serve) as server:
            addresses[2:] = [("127.0.0.1", server.port)]
            progress = Progress()
            stream = await Backend(progress).connect_tcp("gateway.example", 443)
            assert (progress.is_connected, progress.has_begun) == (True, False)
            await stream.write(b"POST / HTTP/1.1\r\n\r\n{}")
            assert progress.has_begun
            assert await stream.read(65536) == OK
            await stream.aclose()

    with nobody() as one, nobody() as another:
        addresses = [("127.0.0.1", one), ("127.0.0.1", another)]
        with asyncio.Runner(loop_factory=lambda: looked_up(addresses)) as runner:
            runner.run(asyncio.wait_for(connected(), 60))


def test_where_all_refuse_it_is_said_why() -> None:
    async def refused() -> None:
        with pytest.raises(httpcore.ConnectError) as error:
            await Backend(Progress()).connect_tcp("gateway.example", 443)
        assert isinstance(error.value.__cause__, OSError)
        assert error.value.__cause__.errno == errno.ECONNREFUSED

    with nobody() as one, nobody() as another:
        addresses = [("127.0.0.1", one), ("127.0.0.1", another)]
        with asyncio.Runner(loop_factory=lambda: looked_up(addresses)) as runner:
            runner.run(refused())


def test_an_address_that_does_not_answer_keeps_no_other_waiting() -> None:
    async def connected() -> None:
        async def serve(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
            await reader.read()

        async with Server(serve) as server:
            addresses[1:] = [("127.0.0.1", server.port)]
            stream = await Backend(Progress()).connect_tcp("gateway.example", 443)
            assert stream.get_extra_info("peername")[1] == server.port
            await stream.aclose()

    with nobody() as silent:
        addresses = [("127.0.0.1", silent)]
        with asyncio.Runner(loop_factory=lambda: looked_up(addresses, silent)) as runner:
            runner.run(asyncio.wait_for(connected(), 60))


# ── TLS ──────────────────────────────────────────────────────────────────────────────────────────


def test_what_comes_before_tls_is_not_taken_for_what_comes_by_it() -> None:
    asyncio.run(_before_tls())


async def _before_tls() -> None:
    """As from a proxy that would answer in the service's place."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(OK + OK)
        await reader.read()

    async with Server(serve) as server:
        stream = await Backend(Progress()).connect_tcp("127.0.0.1", server.port)
        assert await stream.read(len(OK)) == OK
        with pytest.raises(httpcore.ConnectError):
            await stream.start_tls(ssl.create_default_context(), "gateway.example", 30)


def test_a_connection_that_ends_while_tls_is_agreed_on_was_none() -> None:
    asyncio.run(_ended())


async def _ended() -> None:
    async def serve(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
        await reader.read(1)

    async with Server(serve) as server:
        channel = channel_to(server.port, "https")
        assert isinstance(await posted(channel), Unsent)
        await channel.close()
