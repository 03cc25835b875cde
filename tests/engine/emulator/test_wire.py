"""Clients that make mistakes, or mean harm: each gets its answer, and no other client notices."""

import json
import socket
from dataclasses import replace

import pytest

from tests.engine.emulator.talking import (
    FLAT,
    KEY,
    PATIENT,
    ask,
    bare,
    fixed,
    post,
    raw,
    received,
)
from voxmint.engine.emulator import Emulator, Limits

CHUNKED = "Transfer-Encoding: chunked"


def exchanged(emulator: Emulator, data: bytes) -> bytes:
    """What comes back for these bytes, after which the client says no more."""
    with bare(emulator) as connection:
        connection.sendall(data)
        connection.shutdown(socket.SHUT_WR)
        return received(connection)


def statuses(answers: bytes) -> list[int]:
    """The statuses of all answers in a stream; the body of each is read by its length."""
    found = []
    while answers:
        head, _, rest = answers.partition(b"\r\n\r\n")
        lines = head.split(b"\r\n")
        found.append(int(lines[0].split()[1]))
        fields = dict(line.lower().split(b": ", 1) for line in lines[1:])
        length = int(fields.get(b"content-length", b"0"))
        json.loads(rest[:length] or b"null")
        answers = rest[length:]
    return found


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (b"\r\n\r\n\r\n\r\n", 400),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", 400),
        (b"GET\r\n\r\n", 400),
        (b"GET /v1/emulator\r\n\r\n", 400),
        (b"GET /v1/emulator HTTP/1.1 \r\n\r\n", 400),
        (b"GET http://example.com/ HTTP/1.1\r\n\r\n", 400),
        (b"GET /v1/\xff HTTP/1.1\r\n\r\n", 400),
        (b"GET " + b"/" * 1000 + b"\r\n\r\n", 400),
        (b"A" * 40 + b" / HTTP/1.1\r\n\r\n", 400),
        (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505),
        (b"GET / HTTP/2.0\r\n\r\n", 505),
        (b"GET / HTTP/0.9\r\n\r\n", 505),
        (b"GET / HTTP/1.1\r\nno colon\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nA: 1\r\n folded\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nA : 1\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\n: 1\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nA: 1\nB: 2\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nA: \x00\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\n" + b"A: 1\r\n" * 101 + b"\r\n", 431),
        (b"GET / HTTP/1.1\r\nA: " + b"a" * 300_000, 431),
        (b"GET / HTTP/1.1\r\nA: a", 400),
        (b"G" * 300_000, 431),
    ],
)
def test_what_is_no_request_gets_an_answer_and_the_door(
    emulator: Emulator, data: bytes, status: int
) -> None:
    answer = exchanged(emulator, data)

    assert statuses(answer) == [status]
    assert b"\r\nConnection: close\r\n" in answer


@pytest.mark.parametrize(
    "first", [b"CONNECT api.openai.com:443", b"POST http://api.openai.com/v1/x", b"OPTIONS *"]
)
def test_a_client_that_takes_it_for_a_proxy_is_told(emulator: Emulator, first: bytes) -> None:
    answer = exchanged(emulator, first + b" HTTP/1.1\r\nHost: x\r\n\r\n")

    assert statuses(answer) == [400]
    assert b"The emulator is no proxy" in answer
    assert post(emulator, FLAT, {}).status == 200


@pytest.mark.parametrize(
    ("headers", "body", "status"),
    [
        (["Content-Length: -1"], b"", 400),
        (["Content-Length: 2, 2"], b"{}", 400),
        (["Content-Length: 2", "Content-Length: 3"], b"{}", 400),
        (["Content-Length: two"], b"{}", 400),
        (["Content-Length: 0x2"], b"{}", 400),
        (["Content-Length: +2"], b"{}", 400),
        (["Content-Length: \xb2"], b"{}", 400),
        (["Content-Length: "], b"{}", 400),
        (["Content-Length: 50"], b"{}", 400),
        (["Content-Length: 65537"], b" " * 65537, 413),
        (["Content-Length: " + "9" * 5000], b"{}", 413),
        (["Content-Length: 2", CHUNKED], b"2\r\n{}\r\n0\r\n\r\n", 400),
        (["Transfer-Encoding: gzip, chunked"], b"2\r\n{}\r\n0\r\n\r\n", 501),
        (["Transfer-Encoding: identity"], b"{}", 501),
        ([CHUNKED], b"", 400),
        ([CHUNKED], b"2\r\n{}", 400),
        ([CHUNKED], b"2\r\n{}\r\n", 400),
        ([CHUNKED], b"2\r\n{}}}0\r\n\r\n", 400),
        ([CHUNKED], b"-2\r\n{}\r\n0\r\n\r\n", 400),
        ([CHUNKED], b"two\r\n{}\r\n0\r\n\r\n", 400),
        ([CHUNKED], b"\r\n{}\r\n0\r\n\r\n", 400),
        ([CHUNKED], b"FFFFFFFFF\r\n", 400),
        ([CHUNKED], b"FFFFFFFF\r\n", 413),
        ([CHUNKED], b"8000\r\n" + b" " * 0x8000 + b"\r\n8001\r\n", 413),
        ([CHUNKED], b"1\r\n \r\n" * 1025, 413),
        ([CHUNKED], b"2;" + b"x" * 300 + b"\r\n{}\r\n0\r\n\r\n", 400),
        ([CHUNKED], b"2" * 300_000, 400),
        ([CHUNKED], b"2\r\n{}\r\n0\r\n" + b"A: 1\r\n" * 101 + b"\r\n", 431),
    ],
)
def test_a_body_that_is_not_as_announced_is_refused(
    emulator: Emulator, headers: list[str], body: bytes, status: int
) -> None:
    head = raw(FLAT, b"", *headers).decode().encode("latin-1")

    answer = exchanged(emulator, head + body)

    assert statuses(answer) == [status]
    assert post(emulator, FLAT, {}).status == 200


@pytest.mark.parametrize(
    "body",
    [
        b"2\r\n{}\r\n0\r\n\r\n",
        b"1\r\n{\r\n001\r\n}\r\n0\r\n\r\n",
        b"2;name=value\r\n{}\r\n0\r\nTrailer: x\r\n\r\n",
    ],
)
def test_a_chunked_body_is_read(emulator: Emulator, body: bytes) -> None:
    sent = raw(FLAT, body, CHUNKED) + raw(FLAT)

    assert statuses(exchanged(emulator, sent)) == [200, 200]


def test_a_request_to_mint_without_a_body_needs_one(emulator: Emulator) -> None:
    request = raw(FLAT, b"", "Accept: */*")

    assert statuses(exchanged(emulator, request)) == [411]


def test_requests_sent_at_once_are_answered_in_order(emulator: Emulator) -> None:
    nowhere = b"GET /v1/nowhere HTTP/1.1\r\nHost: x\r\n\r\n"
    sent = raw(FLAT) + nowhere + raw(FLAT, b"[]") + raw(FLAT)

    assert statuses(exchanged(emulator, sent)) == [200, 404, 400, 200]


def test_a_request_in_many_pieces_is_read(emulator: Emulator) -> None:
    with bare(emulator) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for byte in raw(FLAT, b"{}", "Content-Length: 2", "Connection: close"):
            connection.sendall(bytes([byte]))
        assert statuses(received(connection)) == [200]


@pytest.mark.parametrize(
    "request_",
    [raw(FLAT, b"{}", "Content-Length: 2", "Connection: close"), b"GET / HTTP/1.0\r\n\r\n"],
)
def test_the_connection_closes_where_the_client_wants_it(
    emulator: Emulator, request_: bytes
) -> None:
    with bare(emulator) as connection:
        connection.sendall(request_)
        answer = received(connection)

    assert b"\r\nConnection: close\r\n" in answer


def test_a_client_that_waits_for_permission_gets_it(emulator: Emulator) -> None:
    with bare(emulator) as connection:
        head = raw(FLAT, b"", "Content-Length: 2", "Expect: 100-continue", "Connection: close")
        connection.sendall(head)
        assert connection.recv(1000) == b"HTTP/1.1 100 Continue\r\n\r\n"
        connection.sendall(b"{}")
        assert statuses(received(connection)) == [200]


def test_a_client_that_waits_for_permission_is_spared_a_body_too_large(
    emulator: Emulator,
) -> None:
    with bare(emulator) as connection:
        connection.sendall(raw(FLAT, b"", "Content-Length: 70000", "Expect: 100-continue"))
        connection.shutdown(socket.SHUT_WR)
        assert statuses(received(connection)) == [413]


def test_head_has_no_body(emulator: Emulator) -> None:
    answer = exchanged(emulator, b"HEAD /v1/emulator HTTP/1.1\r\nHost: x\r\n\r\n")

    assert answer.startswith(b"HTTP/1.1 405 ")
    assert answer.endswith(b"\r\n\r\n")


def test_an_answer_to_a_body_too_large_arrives_while_the_client_still_sends(
    emulator: Emulator,
) -> None:
    reply = post(emulator, FLAT, b" " * 3_000_000)

    assert reply.status == 413


@pytest.mark.parametrize("length", [0, 1, 30, 200])
def test_a_client_may_leave_at_any_point(emulator: Emulator, length: int) -> None:
    request = raw(FLAT, b"{}", "Content-Length: 500")
    for _ in range(20):
        with bare(emulator) as connection:
            connection.sendall(request[:length])
            # A reset rather than a polite end.
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")

    assert post(emulator, FLAT, {}).status == 200


def test_a_request_that_takes_too_long_is_refused() -> None:
    with Emulator(fixed(limits=Limits(request_seconds=0.05))) as emulator:
        for part in (b"POST", raw(FLAT, b"{", "Content-Length: 2")):
            with bare(emulator) as connection:
                connection.sendall(part)
                assert statuses(received(connection)) == [408]


def test_a_connection_that_idles_too_long_is_closed() -> None:
    with Emulator(fixed(limits=Limits(idle_seconds=0.05))) as emulator, bare(emulator) as idle:
        assert received(idle) == b""


def test_a_client_that_does_not_read_is_dropped() -> None:
    limits = Limits(answer_seconds=0.05)
    with Emulator(fixed(limits=limits)) as emulator, bare(emulator) as greedy:
        with pytest.raises(OSError, match=r"reset|pipe"):
            send_for_ever(greedy, raw(FLAT))

        assert post(emulator, FLAT, {}).status == 200


def send_for_ever(connection: socket.socket, data: bytes) -> None:
    while True:
        connection.sendall(data * 100)


def test_one_connection_too_many_is_turned_away() -> None:
    with Emulator(fixed(limits=replace(PATIENT, connections=2))) as emulator:
        with bare(emulator) as first, bare(emulator) as second:
            for connection in (first, second):
                connection.sendall(raw(FLAT))
                assert connection.recv(65536).startswith(b"HTTP/1.1 200 OK\r\n")
            with bare(emulator) as third:
                answer = received(third)
            assert statuses(answer) == [503]
            assert b"\r\nRetry-After: 1\r\n" in answer
            first.sendall(raw(FLAT, b"{}", "Content-Length: 2", "Connection: close"))
            assert statuses(received(first)) == [200]
        while ask(emulator, "GET", "/emulator").status != 200:
            pass


def test_a_header_may_come_in_any_case_and_with_any_space(emulator: Emulator) -> None:
    request = (
        f"POST /v1{FLAT} HTTP/1.1\r\nhost:x\r\nAUTHORIZATION: \t BEARER {KEY} \r\n"
        "content-TYPE:application/json\r\ncontent-length:2\r\n\r\n{}"
    )

    assert statuses(exchanged(emulator, request.encode())) == [200]
