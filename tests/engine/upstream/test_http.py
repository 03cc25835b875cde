"""Trust and proxies, over real TLS; certificates are made by the `openssl` of this machine."""

import asyncio
import json
import shutil
import socket
import ssl
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple, Self

import pytest

from tests.engine.mints import KEY, Desk, desk, only
from tests.engine.scripted import Answered, Asked, Scripted, each, minted, nobody
from tests.engine.worlds import problem_of
from voxmint.engine.upstream.hosts import Host
from voxmint.engine.upstream.http import Unsent, upstream_to
from voxmint.engine.upstream.proxies import proxy_for
from voxmint.problems import ProblemsError

needs_openssl = pytest.mark.skipif(
    shutil.which("openssl") is None, reason="no `openssl`; get it with: apt-get install openssl"
)


class Certificate(NamedTuple):
    """A certificate that vouches for itself, and a server's context with it."""

    file: Path
    context: ssl.SSLContext


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    """For `localhost` and `gateway.example`, and not for 127.0.0.1."""
    folder = tmp_path_factory.mktemp("certificate")
    file, key = folder / "ca.pem", folder / "key.pem"
    request = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2"
    names = "subjectAltName=DNS:localhost,DNS:gateway.example"
    usage = "keyUsage=critical,digitalSignature,keyCertSign"
    command = [*request.split(), "-subj", "/CN=test", "-addext", names, "-addext", usage]
    subprocess.run(
        [*command, "-keyout", str(key), "-out", str(file)], check=True, capture_output=True
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file, key)
    return Certificate(file, context)


@pytest.fixture
def server(certificate: Certificate) -> Iterator[Scripted]:
    with Scripted(each(minted()), certificate.context) as running:
        yield running


def over_tls(folder: Path, authority: str, more: str = "") -> Desk:
    """A project whose gateway is at this host and port, by TLS."""
    provider = f"{{kind: compatible, url: 'https://{authority}/v1', key: {{env: THE_KEY}}{more}}}"
    made = desk(folder, ["clinic", "ward"], provider, more="mint: {concurrency: 1}\n")
    made.environ |= {"THE_KEY": KEY, "VOXMINT_ALLOW_HOSTS": authority}
    return made


# ── trust ────────────────────────────────────────────────────────────────────────────────────────


@needs_openssl
def test_a_certificate_that_nobody_vouches_for_gets_no_key(
    tmp_path: Path, server: Scripted
) -> None:
    made = over_tls(tmp_path, f"localhost:{server.port}")
    first, second = made.mint().results
    assert server.asked == []
    # It is tried once: waiting does not heal it.
    assert (first.outcome, first.attempts, second.outcome) == ("failed", 1, "skipped")
    assert first.problem is not None
    assert first.problem.message == (
        f"localhost:{server.port} cannot be reached: its certificate is not trusted: "
        "self-signed certificate"
    )


@needs_openssl
def test_the_operator_can_vouch_for_it(
    tmp_path: Path, server: Scripted, certificate: Certificate
) -> None:
    made = over_tls(tmp_path, f"localhost:{server.port}")
    made.environ["SSL_CERT_FILE"] = str(certificate.file)
    assert made.mint().exit_code == 0


@needs_openssl
def test_the_project_can_vouch_for_a_host_that_the_operator_named(
    tmp_path: Path, server: Scripted, certificate: Certificate
) -> None:
    made = over_tls(tmp_path, f"localhost:{server.port}", ", ca_file: ca.pem")
    shutil.copy(certificate.file, made.root / "ca.pem")
    assert made.mint().exit_code == 0
    del made.environ["VOXMINT_ALLOW_HOSTS"]
    with pytest.raises(ProblemsError) as error:
        made.mint(force=True)
    assert problem_of(error).code == "host-not-allowed"


@needs_openssl
def test_a_certificate_for_another_name_is_not_trusted(
    tmp_path: Path, server: Scripted, certificate: Certificate
) -> None:
    made = over_tls(tmp_path, f"127.0.0.1:{server.port}")
    made.environ["SSL_CERT_FILE"] = str(certificate.file)
    problem = made.mint().results[0].problem
    assert server.asked == []
    assert problem is not None
    assert "IP address mismatch" in problem.message


class Plain:
    """A server that speaks no TLS: to whoever connects it says one thing, or nothing at all.

    `on_received` is called when a client has said something.
    """

    def __init__(self, says: bytes, on_received: Callable[[], None] = lambda: None) -> None:
        self.received: list[bytes] = []
        self._says = says
        self._on_received = on_received
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self._thread.join(5)

    def _serve(self) -> None:
        kept: list[socket.socket] = []
        with suppress(OSError):
            while True:
                connection, _ = self._socket.accept()
                kept.append(connection)
                self.received.append(connection.recv(4096))
                self._on_received()
                if self._says:
                    connection.sendall(self._says)
                    connection.close()
        for connection in kept:
            connection.close()


def test_a_server_without_tls_gets_no_key(tmp_path: Path) -> None:
    with Plain(b"HTTP/1.1 400 Bad Request\r\n\r\n") as plain:
        report = over_tls(tmp_path, f"localhost:{plain.port}").mint()
        assert [data for data in plain.received if KEY.encode() in data] == []
    problem = report.results[0].problem
    assert problem is not None
    assert "cannot be reached: no TLS could be agreed on (" in problem.message
    assert report.unseen == ()


def test_what_never_left_can_have_made_no_token(tmp_path: Path) -> None:
    def drop() -> None:
        for _ in range(2):
            made.stop.ask()

    with Plain(b"", drop) as silent:
        made = over_tls(tmp_path, f"localhost:{silent.port}")
        report = made.mint()
        assert [data for data in silent.received if KEY.encode() in data] == []
    assert [str(result.outcome) for result in report.results] == ["failed", "skipped"]
    assert silent.received != []
    assert report.unseen == ()


def test_certificates_are_read_before_anything_is_sent(tmp_path: Path) -> None:
    made = over_tls(tmp_path, "localhost:1", ", ca_file: ca.pem")
    (tmp_path / "outside.pem").write_text("-----BEGIN CERTIFICATE-----\n")
    found = []
    for text in (None, "no certificate\n", "-----BEGIN CERTIFICATE-----\nAA\n"):
        if text is not None:
            made.write("ca.pem", text)
        found.append(refusal(made))
    (made.root / "ca.pem").unlink()
    (made.root / "ca.pem").symlink_to(tmp_path / "outside.pem")
    found.append(refusal(made))
    assert found == [
        "the certificates in `ca.pem` cannot be used: there is no such file",
        "the certificates in `ca.pem` cannot be used: it holds no certificates in PEM form",
        "the certificates in `ca.pem` cannot be used: it holds no certificates in PEM form",
        "the certificates in `ca.pem` cannot be used: it leads out of the project",
    ]


def test_what_the_operators_variable_names_must_be_there(tmp_path: Path) -> None:
    made = over_tls(tmp_path, "localhost:1")
    made.environ["SSL_CERT_FILE"] = str(tmp_path / "none.pem")
    assert refusal(made) == (
        "the certificates that SSL_CERT_FILE names cannot be used: no such file or directory"
    )


def refusal(made: Desk) -> str:
    with pytest.raises(ProblemsError) as error:
        made.mint()
    return problem_of(error).message


@pytest.mark.parametrize("by_proxy", [False, True])
def test_a_deadline_that_comes_while_tls_is_agreed_on_ends_the_connection(by_proxy: bool) -> None:
    """As where a run is interrupted: its deadlines are moved."""
    asyncio.run(_given_up(by_proxy=by_proxy))


async def _given_up(*, by_proxy: bool) -> None:
    deadline = asyncio.timeout(None)
    ended = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if by_proxy:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        # The first word of TLS, to which there is no answer.
        await reader.read(1)
        deadline.reschedule(0)
        with suppress(ConnectionError):
            await reader.read()
        ended.set()
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        # No proxy is asked for what is on this machine.
        host = Host("https", "gateway.example" if by_proxy else "127.0.0.1", port)
        environ = {"HTTPS_PROXY": f"http://127.0.0.1:{port}"}
        upstream = upstream_to(f"https://{host}/v1", host, (), environ, None, 30)
        channel = upstream.channel()
        assert await channel.post(b"{}", "a-run", deadline) == Unsent(
            "no connection came about in time"
        )
        await channel.close()
        async with asyncio.timeout(30):
            await ended.wait()


# ── proxies ──────────────────────────────────────────────────────────────────────────────────────


class Tunnel:
    """A proxy that leads the first host it is asked for to a port of this machine."""

    def __init__(self, port: int) -> None:
        self.asked: list[str] = []
        self._port = port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._thread = threading.Thread(target=self._serve, daemon=True)

    @property
    def url(self) -> str:
        return f"http://user:canary-password@127.0.0.1:{self._listener.getsockname()[1]}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._thread.join(timeout=120)

    def _serve(self) -> None:
        with self._listener, self._listener.accept()[0] as client:
            head = b""
            while not head.endswith(b"\r\n\r\n"):
                head += client.recv(1)
            self.asked.append(head.decode())
            with socket.create_connection(("127.0.0.1", self._port)) as upstream:
                client.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
                back = threading.Thread(target=_pump, args=(upstream, client), daemon=True)
                back.start()
                _pump(client, upstream)
                back.join(timeout=120)


def _pump(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(65536):
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)


@needs_openssl
def test_a_proxy_carries_what_it_cannot_read(
    tmp_path: Path, server: Scripted, certificate: Certificate
) -> None:
    with Tunnel(server.port) as tunnel:
        made = over_tls(tmp_path, "gateway.example")
        made.environ |= {"SSL_CERT_FILE": str(certificate.file), "HTTPS_PROXY": tunnel.url}
        report = made.mint()
    assert report.exit_code == 0
    [first] = tunnel.asked
    assert first.startswith("CONNECT gateway.example:443 HTTP/1.1\r\n")
    assert KEY not in first
    assert {asked.headers["authorization"] for asked in server.asked} == {f"Bearer {KEY}"}
    assert "canary-password" not in f"{report!r}{made.events!r}"


def test_a_proxy_that_refuses_is_said_to_and_leaves_no_doubt(tmp_path: Path) -> None:
    def script(_: int, asked: Asked) -> Answered:
        return Answered(407 if asked.method == "CONNECT" else 200)

    with Scripted(script) as proxy:
        made = over_tls(tmp_path, "gateway.example")
        made.environ["https_proxy"] = f"http://user:canary-password@{proxy.host}"
        report = made.mint()
    problem = report.results[0].problem
    assert problem is not None
    assert problem.message == (
        "gateway.example cannot be reached: the proxy on the way to it refuses: 407 Scripted"
    )
    assert report.unseen == ()


def test_a_proxy_that_is_not_there_is_what_is_said_to_be_missing(tmp_path: Path) -> None:
    made = over_tls(tmp_path, "gateway.example")
    with nobody() as port:
        made.environ["https_proxy"] = f"http://user:canary-password@127.0.0.1:{port}"
        report = made.mint()
    assert report.unseen == ()
    problem = report.results[0].problem
    assert problem is not None
    assert problem.message == (
        "gateway.example cannot be reached: the proxy on the way to it does not answer: "
        "connection refused"
    )


@pytest.mark.parametrize(
    ("environ", "found"),
    [
        ({}, None),
        ({"https_proxy": "http://a:1"}, "http://a:1"),
        ({"HTTPS_PROXY": "http://a:1", "https_proxy": "http://b:1"}, "http://b:1"),
        ({"HTTPS_PROXY": "a:1"}, "http://a:1"),
        ({"ALL_PROXY": "http://a:1"}, "http://a:1"),
        ({"all_proxy": "http://a:1", "HTTPS_PROXY": "http://b:1"}, "http://b:1"),
        ({"http_proxy": "http://a:1"}, None),
        ({"HTTPS_PROXY": ""}, None),
        ({"HTTPS_PROXY": "http://a:1", "NO_PROXY": "*"}, None),
        ({"HTTPS_PROXY": "http://a:1", "no_proxy": "x, gateway.example"}, None),
        ({"HTTPS_PROXY": "http://a:1", "no_proxy": ".example"}, None),
        ({"HTTPS_PROXY": "http://a:1", "no_proxy": "*.example"}, None),
        ({"HTTPS_PROXY": "http://a:1", "no_proxy": "Gateway.Example:443"}, None),
        ({"HTTPS_PROXY": "http://a:1", "no_proxy": "way.example"}, "http://a:1"),
        ({"HTTPS_PROXY": "http://a:1", "no_proxy": "gateway.example:8443"}, "http://a:1"),
    ],
)
def test_the_usual_variables_name_the_proxy(environ: dict[str, str], found: str | None) -> None:
    proxy = proxy_for(Host("https", "gateway.example", 443), environ)
    assert (None if proxy is None else proxy.reveal()) == found


def test_a_proxy_of_a_kind_that_is_not_spoken_is_refused(tmp_path: Path) -> None:
    made = over_tls(tmp_path, "gateway.example")
    for url, reason in (
        ("socks5://user:canary-password@a:1", "it is of the kind socks5"),
        ("http://user:canary-password@a:port", "it is not a URL"),
    ):
        made.environ["HTTPS_PROXY"] = url
        assert refusal(made) == f"HTTPS_PROXY names a proxy that cannot be used: {reason}"


def test_no_cookie_is_kept_and_the_emulator_gets_no_key(tmp_path: Path) -> None:
    cookie = Answered(500, headers={"Set-Cookie": "session=1; Path=/"})
    with Scripted(each(cookie, minted())) as server:
        made = desk(tmp_path, provider=f"{{kind: emulator, url: '{server.url}'}}")
        assert only(made.mint()).outcome == "minted"
        assert all("cookie" not in asked.headers for asked in server.asked)
        assert {asked.headers["authorization"] for asked in server.asked} == {"Bearer emulator"}
        assert json.loads(server.asked[0].body) == made.project.compile("clinic", "live").body
