"""Crowds, slow clients, floods and noise: the emulator keeps its bounds, and answers the rest."""

import random
import resource
import signal
import socket
import ssl
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.cli.running import environment
from tests.engine.emulator.talking import (
    COUNTS,
    FAULTS,
    FLAT,
    PATIENT,
    ask,
    bare,
    eventually,
    fixed,
    post,
    raw,
    received,
)
from voxmint.engine.emulator import Emulator, Fault, Limits

LABEL = "X-Client-Request-Id: run/late"

QUICK = Limits(
    connections=20,
    turned_away=5,
    idle_seconds=30,
    spare_seconds=0.05,
    request_seconds=0.5,
    answer_seconds=0.5,
    linger_seconds=0.05,
)


def mints(emulator: Emulator) -> bool:
    """Whether an honest client gets a token at its first attempt."""
    try:
        return post(emulator, FLAT, {}).status == 200
    except OSError:
        return False


def mints_again(emulator: Emulator) -> None:
    """An honest client gets a token, if it tries again where it is turned away."""
    eventually(lambda: mints(emulator))


@contextmanager
def many_descriptors(number: int) -> Iterator[None]:
    """Room for so many open connections in this process."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = max(soft, number + 1000)
    if hard != resource.RLIM_INFINITY and wanted > hard:
        pytest.skip(f"this machine lets a process have {hard} open files at most")
    resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


# ── how many ─────────────────────────────────────────────────────────────────────────────────────


def test_a_thousand_connections_that_say_nothing_give_way() -> None:
    number = 1000
    with (
        many_descriptors(2 * number),
        Emulator(fixed(limits=Limits(spare_seconds=0.01))) as running,
    ):
        with ExitStack() as stack:
            for _ in range(number):
                stack.enter_context(bare(running))
            mints_again(running)
            crowded = counts_at_last(running)["connections"]
        mints_again(running)

    assert crowded["accepted"] > number
    assert crowded["peak"] <= Limits().connections


def test_thousands_of_connections_that_wait_for_an_answer_keep_their_place() -> None:
    limits = replace(PATIENT, connections=50, turned_away=10)
    with many_descriptors(2000), Emulator(fixed(limits=limits, latency_ms=3_600_000)) as emulator:
        with ExitStack() as stack:
            first = stack.enter_context(bare(emulator))
            first.sendall(b"GET /v1/emulator HTTP/1.1\r\n")
            for _ in range(49):
                stack.enter_context(bare(emulator)).sendall(raw(FLAT))
            others = [stack.enter_context(bare(emulator)) for _ in range(500)]
            turned_away = [received(connection) for connection in others]
            first.sendall(b"Host: x\r\nConnection: close\r\n\r\n")
            served = received(first)
        found = counts_at_last(emulator)

    assert served.startswith(b"HTTP/1.1 200 OK\r\n")
    assert found["connections"]["turned_away"] >= 500
    assert {data[:12] for data in turned_away} <= {b"HTTP/1.1 503", b""}
    assert b"too many connections" in b"".join(turned_away)


def test_clients_that_did_not_wait_for_their_answer_give_way() -> None:
    limits = replace(PATIENT, connections=5)
    late = Fault("late", "3600", profile="late")
    with Emulator(fixed(limits=limits, faults=(late,))) as emulator:
        for _ in range(limits.connections):
            with bare(emulator) as connection:
                connection.sendall(raw(FLAT, b"{}", "Content-Length: 2", LABEL))
        mints_again(emulator)


def test_a_client_that_has_only_ended_its_side_is_answered(emulator: Emulator) -> None:
    post(emulator, FAULTS, {"fault": "slow-headers:0.01"})
    with bare(emulator) as connection:
        connection.sendall(raw(FLAT, b"{}", "Content-Length: 2", "Connection: close"))
        connection.shutdown(socket.SHUT_WR)
        assert received(connection).startswith(b"HTTP/1.1 200 OK\r\n")


def test_no_more_than_a_few_are_told_why_they_are_turned_away() -> None:
    limits = Limits(connections=1, turned_away=2, linger_seconds=60, spare_seconds=60)
    with Emulator(fixed(limits=limits)) as emulator, ExitStack() as stack:
        stack.enter_context(bare(emulator))
        answers = [stack.enter_context(bare(emulator)).recv(65536) for _ in range(5)]

    assert [answer[:12] for answer in answers] == [b"HTTP/1.1 503"] * 2 + [b""] * 3


def counts_at_last(emulator: Emulator) -> Any:
    """The counts, as soon as there is room for whoever asks."""
    found: list[Any] = []

    def is_admitted() -> bool:
        try:
            reply = ask(emulator, "GET", COUNTS, key=None)
        except OSError:
            return False
        found.append(reply.content)
        return reply.status == 200

    eventually(is_admitted)
    return found[-1]


def test_without_descriptors_it_waits_for_some(tmp_path: Path) -> None:
    command = f"ulimit -n 40; exec {sys.executable} -m voxmint emulator --port 0"
    with subprocess.Popen(
        ["sh", "-c", command],
        cwd=tmp_path,
        env=environment(tmp_path),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as running:
        assert running.stdout is not None
        host, port = running.stdout.readline().removeprefix("http://").split("/")[0].split(":")
        target = host, int(port)
        with ExitStack() as stack:
            for _ in range(200):
                stack.enter_context(socket.create_connection(target, timeout=120))
        with socket.create_connection(target, timeout=120) as connection:
            connection.sendall(raw(FLAT, b"{}", "Content-Length: 2", "Connection: close"))
            answer = received(connection)
        running.send_signal(signal.SIGTERM)
        assert running.wait(120) == 0

    assert answer.startswith(b"HTTP/1.1 200 OK\r\n")


# ── how slow ─────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "part",
    [
        b"P",
        b"POST /v1/realtime/transcription_sessions HTTP/1.1\r\nX: ",
        raw(FLAT, b"{", "Content-Length: 60000"),
        raw(FLAT, b"EA60\r\n{", "Transfer-Encoding: chunked"),
        raw(FLAT, b"", "Content-Length: 60000", "Expect: 100-continue"),
    ],
)
def test_clients_that_trickle_are_ended_and_others_come_in(part: bytes) -> None:
    with Emulator(fixed(limits=QUICK)) as emulator, ExitStack() as stack:
        slow = [stack.enter_context(bare(emulator)) for _ in range(QUICK.connections)]
        for connection in slow:
            connection.sendall(part)

        def is_over() -> bool:
            # A byte now and then does not give them more time.
            for connection in slow:
                with suppress(OSError):
                    connection.send(b" ")
            return mints(emulator)

        eventually(is_over)
        eventually(lambda: counts_at_last(emulator)["refused"].get("408", 0) >= 1)
        found = counts_at_last(emulator)

    assert found["connections"]["peak"] <= QUICK.connections


def test_clients_that_never_read_are_ended() -> None:
    limits = replace(QUICK, connections=5)
    with Emulator(fixed(limits=limits)) as emulator, ExitStack() as stack:
        for _ in range(limits.connections):
            greedy = stack.enter_context(bare(emulator))
            greedy.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            greedy.setblocking(False)
            for _ in range(100):
                try:
                    greedy.send(raw(FLAT) * 50)
                except OSError:
                    break
        mints_again(emulator)
        assert counts_at_last(emulator)["connections"]["peak"] <= limits.connections


# ── how large ────────────────────────────────────────────────────────────────────────────────────


def test_large_requests_share_a_store_and_small_ones_need_none() -> None:
    limits = Limits(store_bytes=256 * 1024, request_seconds=60, linger_seconds=0.05)
    with Emulator(fixed(limits=limits)) as emulator:
        with ExitStack() as stack:
            for _ in range(10):
                large = stack.enter_context(bare(emulator))
                large.sendall(b"GET / HTTP/1.1\r\nX: " + b"x" * 100_000)
            eventually(lambda: counts_at_last(emulator)["refused"].get("503", 0) >= 7)
            assert post(emulator, FLAT, {}).status == 200
            refused = post(emulator, FLAT, b" " * 60_000 + b"{}")
        eventually(lambda: post(emulator, FLAT, b" " * 60_000 + b"{}").status == 200)

    assert refused.status == 503
    assert refused.headers["retry-after"] == "1"
    assert "too many large requests" in refused.content["error"]["message"]


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="this system tells no peak")
def test_no_crowd_of_large_requests_takes_much_memory(tmp_path: Path) -> None:
    with (
        subprocess.Popen(
            [sys.executable, "-m", "voxmint", "-q", "emulator", "--port", "0"],
            cwd=tmp_path,
            env=environment(tmp_path),
            stdout=subprocess.PIPE,
            text=True,
        ) as running,
        many_descriptors(600),
        ExitStack() as stack,
    ):
        assert running.stdout is not None
        host, port = running.stdout.readline().removeprefix("http://").split("/")[0].split(":")
        before = peak_of(running.pid)
        heads = b"GET / HTTP/1.1\r\nX: " + b"x" * 120_000
        body = raw(FLAT, b" " * 60_000, "Content-Length: 65536")
        for number in range(500):
            connection = socket.create_connection((host, int(port)), timeout=120)
            stack.enter_context(connection)
            connection.setblocking(False)
            try:
                connection.sendall(body if number % 2 else heads)
            except OSError:
                continue
        with socket.create_connection((host, int(port)), timeout=120) as honest:
            honest.sendall(raw(FLAT, b"{}", "Content-Length: 2", "Connection: close"))
            answer = received(honest)
        after = peak_of(running.pid)
        running.send_signal(signal.SIGTERM)
        assert running.wait(120) == 0

    assert answer.startswith(b"HTTP/1.1 200 OK\r\n")
    # Less than the crowd has sent; more than the store holds, for buffers and small requests.
    assert after - before < 48 * 1024 * 1024


def peak_of(number: int) -> int:
    """The most memory that a process has had, in bytes."""
    lines = Path(f"/proc/{number}/status").read_text("ascii").splitlines()
    fields = dict(line.split(":", 1) for line in lines)
    return int(fields["VmHWM"].split()[0]) * 1024


# ── what is no HTTP ──────────────────────────────────────────────────────────────────────────────


def test_a_client_that_begins_with_tls_is_told_at_once(emulator: Emulator) -> None:
    context = ssl.create_default_context()
    with bare(emulator) as connection, pytest.raises(ssl.SSLError, match=r"(?i)wrong.version"):
        context.wrap_socket(connection, server_hostname="localhost")
    with bare(emulator) as connection:
        connection.sendall(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03")
        answer = received(connection)

    assert answer.startswith(b"HTTP/1.1 400 Bad Request\r\n")
    assert b"HTTP without TLS" in answer
    assert post(emulator, FLAT, {}).status == 200


def test_noise_of_any_kind_costs_nobody_else_anything() -> None:
    chance = random.Random(8)  # noise, and the same each time
    sound = raw(FLAT, b'{"input_audio_format": "pcm16"}')
    with Emulator(fixed(limits=QUICK)) as emulator:
        for turn in range(300):
            if turn % 3:
                noise = chance.randbytes(chance.randrange(1, 400))
            else:
                broken = bytearray(sound)
                for _ in range(chance.randrange(1, 6)):
                    broken[chance.randrange(len(broken))] = chance.randrange(256)
                noise = bytes(broken)
            with bare(emulator) as connection:
                try:
                    connection.sendall(noise + b"\r\n\r\n")
                    connection.shutdown(socket.SHUT_WR)
                except OSError:
                    continue
                answer = received(connection)
            assert answer == b"" or answer.startswith(b"HTTP/1.1 ")
            assert not answer.startswith(b"HTTP/1.1 500 ")
        mints_again(emulator)
        assert counts_at_last(emulator)["refused"].get("bug") is None


def test_endless_pipelining_lets_others_have_their_turn(emulator: Emulator) -> None:
    with bare(emulator) as flood:
        flood.sendall(raw(FLAT) * 200)
        assert post(emulator, FLAT, {}).status == 200
        flood.shutdown(socket.SHUT_WR)
        assert received(flood).count(b"HTTP/1.1 200 OK\r\n") == 200
