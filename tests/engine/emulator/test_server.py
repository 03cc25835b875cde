import json
import math
import socket
import threading
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection

import pytest
from syrupy.assertion import SnapshotAssertion

from tests.engine.emulator.talking import (
    FLAT,
    KEY,
    NESTED,
    address,
    answer_of,
    ask,
    bare,
    fixed,
    post,
    raw,
    received,
    spend,
)
from voxmint.engine.emulator import Access, Emulator, EmulatorError, Options, serve
from voxmint.problems import UsageError


def test_many_clients_at_once_get_a_token_each() -> None:
    def client(emulator: Emulator, number: int) -> list[str]:
        connection = HTTPConnection(*address(emulator), timeout=120)
        headers = {"Authorization": f"Bearer {KEY}", "Content-Type": "application/json"}
        found = []
        for turn in range(5):
            prompt = f"client {number}, turn {turn}"
            body = {"input_audio_transcription": {"model": "whisper-1", "prompt": prompt}}
            connection.request("POST", f"/v1{FLAT}", json.dumps(body), headers)
            content = answer_of(connection.getresponse()).content
            assert content["input_audio_transcription"]["prompt"] == prompt
            found.append(str(content["client_secret"]["value"]))
        connection.close()
        return found

    with Emulator() as emulator, ThreadPoolExecutor(20) as pool:
        futures = [pool.submit(client, emulator, number) for number in range(20)]
        found = [token for future in futures for token in future.result()]
        described = ask(emulator, "GET", "/emulator", key=None).content

    assert len(set(found)) == 100
    assert described["requests"] == {f"POST /v1{FLAT}": {"200": 100}}


def test_it_says_what_it_is_and_what_it_has_served(
    emulator: Emulator, snapshot: SnapshotAssertion
) -> None:
    post(emulator, FLAT, {})
    post(emulator, NESTED, {})
    post(emulator, NESTED, {}, key=None)
    post(emulator, "/nowhere", {})
    post(emulator, "/somewhere", {})
    spend(emulator, "ek_none")
    with bare(emulator) as connection:
        connection.sendall(b"nonsense\r\n\r\n")
        connection.shutdown(socket.SHUT_WR)
        received(connection)

    content = ask(emulator, "GET", "/emulator", key=None).content

    assert content.pop("connections") >= 1
    assert content == snapshot


def test_each_request_gives_one_line_without_secrets() -> None:
    lines: list[Access] = []
    with Emulator(fixed(on_request=lines.append)) as emulator:
        token = post(emulator, FLAT + f"?key={KEY}", {}).content["client_secret"]["value"]
        spend(emulator, token)
        ask(emulator, "GET", f"/{token}")
        ask(emulator, "GET", "/\x1b[31m%0a".replace("\x1b", "%1b") + "x" * 500)
        with bare(emulator) as connection:
            connection.sendall(f"{KEY}\r\n\r\n".encode())
            connection.shutdown(socket.SHUT_WR)
            received(connection)

    assert [(line.method, line.path[:40], line.status) for line in lines] == [
        ("POST", "/v1/realtime/transcription_sessions", 200),
        ("POST", "/v1/emulator/sessions", 200),
        ("GET", "/v1/ek_…", 404),
        ("GET", "/v1/%1b[31m%0a" + "x" * 26, 404),
        ("-", "-", 400),
    ]
    assert all(len(line.path) <= 200 for line in lines)
    assert len({line.request_id for line in lines}) == len(lines)
    assert token not in repr(lines)
    assert KEY not in repr(lines)


def test_a_request_to_mint_waits_for_the_latency_and_others_do_not() -> None:
    lines: list[Access] = []
    with Emulator(fixed(latency_ms=60, on_request=lines.append)) as emulator:
        post(emulator, FLAT, {})
        post(emulator, NESTED, {}, key=None)

    assert all(line.milliseconds >= 59 for line in lines)
    assert len(lines) == 2

    with Emulator(fixed(latency_ms=3_600_000)) as emulator:
        assert ask(emulator, "GET", "/emulator").status == 200


@pytest.mark.parametrize("latency", [-1, math.nan, math.inf, 3_600_001])
def test_a_latency_is_a_time_that_somebody_could_wait(latency: float) -> None:
    with pytest.raises(UsageError, match="a latency is 0 to 3600000 milliseconds"):
        Emulator(fixed(latency_ms=latency))


def test_stopping_cuts_connections_that_are_open() -> None:
    with Emulator(fixed(latency_ms=3_600_000)) as emulator:
        target = address(emulator)
        connections = [socket.create_connection(target, timeout=120) for _ in range(4)]
        idle, begun, waiting, served = connections
        begun.sendall(raw(FLAT, b"{", "Content-Length: 2"))
        waiting.sendall(raw(FLAT))
        served.sendall(b"GET /v1/emulator HTTP/1.1\r\nHost: x\r\n\r\n")
        assert served.recv(65536).startswith(b"HTTP/1.1 200 OK\r\n")

    for connection in connections:
        assert received(connection) == b""
        connection.close()
    assert idle.fileno() == -1
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(target, timeout=120)
    assert "voxmint-emulator" not in {thread.name for thread in threading.enumerate()}


def test_it_starts_again_and_stops_twice() -> None:
    emulator = Emulator(fixed())
    for _ in range(2):
        emulator.start()
        assert post(emulator, FLAT, {}).status == 200
        emulator.stop()
        emulator.stop()


def test_it_is_not_started_twice(emulator: Emulator) -> None:
    with pytest.raises(EmulatorError, match="the emulator runs already"):
        emulator.start()

    assert post(emulator, FLAT, {}).status == 200


def test_there_is_no_url_before_the_start() -> None:
    with pytest.raises(EmulatorError, match="the emulator has not been started"):
        _ = Emulator().url


def test_a_port_that_is_taken_is_named(emulator: Emulator) -> None:
    port = address(emulator)[1]

    with pytest.raises(EmulatorError) as raised:
        Emulator(Options(port=port)).start()

    assert str(raised.value) == (f"cannot listen on 127.0.0.1, port {port}: Address already in use")


@pytest.mark.parametrize("port", [-1, 65536])
def test_a_port_that_cannot_be_is_refused(port: int) -> None:
    with pytest.raises(UsageError, match=f"{port} is not a port"):
        Emulator(Options(port=port)).start()


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "::ffff:192.0.2.1"])
def test_a_host_that_others_reach_is_refused(host: str) -> None:
    with pytest.raises(UsageError) as raised:
        Emulator(Options(host=host)).start()

    assert str(raised.value) == f"other machines reach `{host}`, and the emulator answers anybody"
    assert raised.value.hint == "listen on 127.0.0.1, or allow it with --allow-remote"


def test_a_host_that_is_no_address_is_refused() -> None:
    with pytest.raises(UsageError, match=r"`emulator\.example` is not an address to listen on"):
        Emulator(Options(host="emulator.example")).start()


@pytest.mark.parametrize(
    ("host", "url"), [("localhost", "http://127.0.0.1:"), ("::1", "http://[::1]:")]
)
def test_other_names_of_loopback(host: str, url: str) -> None:
    try:
        socket.create_server(
            (host, 0), family=socket.AF_INET6 if ":" in host else socket.AF_INET
        ).close()
    except OSError:
        pytest.skip(f"this machine has no {host}")
    with Emulator(Options(host=host)) as emulator:
        assert emulator.url.startswith(url)
        assert emulator.url.endswith("/v1")
        assert post(emulator, FLAT, {}).status == 200


def test_a_host_that_others_reach_is_taken_where_it_is_meant() -> None:
    with Emulator(Options(host="0.0.0.0", allow_remote=True)) as emulator:
        assert emulator.url.startswith("http://0.0.0.0:")
        assert post(emulator, FLAT, {}).status == 200


def test_serve_answers_until_it_is_stopped() -> None:
    ready, stop = threading.Event(), threading.Event()
    urls: list[str] = []

    def on_ready(url: str) -> None:
        urls.append(url)
        ready.set()

    server = threading.Thread(target=serve, args=(fixed(), on_ready, stop))
    server.start()
    assert ready.wait(120)
    target = urls[0].removeprefix("http://").removesuffix("/v1").split(":")
    with socket.create_connection((target[0], int(target[1])), timeout=120) as connection:
        connection.sendall(raw(FLAT))
        assert connection.recv(65536).startswith(b"HTTP/1.1 200 OK\r\n")
        stop.set()
        server.join(30)

    assert not server.is_alive()
    assert len(urls) == 1


def test_a_retired_endpoint_is_gone_and_the_other_is_served() -> None:
    body = {"input_audio_transcription": {"model": "gpt-4o-transcribe"}}
    with Emulator(fixed(retired=frozenset(("transcription_sessions",)))) as emulator:
        gone = ask(emulator, "POST", FLAT, body)
        served = ask(emulator, "POST", NESTED, {"session": {"type": "transcription"}})

    assert gone.status == 404
    said = gone.content["error"]["message"]
    assert said == "Invalid URL (POST /v1/realtime/transcription_sessions)"
    assert served.status == 200
