"""A real toxiproxy: a TCP proxy before any server, whose faults a test switches on and off."""

import json
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

import httpx

from tests.stores.servers.processes import answers, found, on_a_port, own_folder, running


@dataclass(frozen=True)
class Proxy:
    """One that leads to a server: the server's own address, but with the proxy's port.

    Each fault lasts as long as its block. It concerns connections that stand already, too; but of
    these, one that is reset ends as if it was closed.
    """

    address: str
    _api: str

    @contextmanager
    def slow(self, milliseconds: int) -> Iterator[None]:
        """Each piece of an answer comes later."""
        with self._toxic("latency", latency=milliseconds):
            yield

    @contextmanager
    def silent(self) -> Iterator[None]:
        """Requests arrive and are applied; no answer comes, and the connection stays open."""
        # The toxic `timeout` would end with the server's patience.
        with self.slow(3_600_000):
            yield

    @contextmanager
    def requests_reset(self) -> Iterator[None]:
        """The connection is reset before a request arrives: nothing is applied."""
        with self._toxic("reset_peer", stream="upstream", timeout=0):
            yield

    @contextmanager
    def answers_reset(self) -> Iterator[None]:
        """Requests arrive and are applied; the connection is reset instead of the answer."""
        with self._toxic("reset_peer", timeout=0):
            yield

    @contextmanager
    def answers_lost(self) -> Iterator[None]:
        """Requests arrive and are applied; the connection is closed instead of the answer."""
        with self.answers_cut(0):
            yield

    @contextmanager
    def answers_cut(self, after: int) -> Iterator[None]:
        """Each connection is closed once it has brought that many bytes.

        Over TLS these include the handshake.
        """
        with self._toxic("limit_data", bytes=after):
            yield

    @contextmanager
    def down(self) -> Iterator[None]:
        """Nothing listens; connections that stand are closed."""
        self._set(enabled=False)
        try:
            yield
        finally:
            self._set(enabled=True)

    @contextmanager
    def _toxic(self, kind: str, stream: str = "downstream", **attributes: int) -> Iterator[None]:
        toxic = {"name": kind, "type": kind, "stream": stream, "attributes": attributes}
        _ask("POST", f"{self._api}/toxics", toxic)
        try:
            yield
        finally:
            _ask("DELETE", f"{self._api}/toxics/{kind}")

    def _set(self, *, enabled: bool) -> None:
        _ask("POST", self._api, {"enabled": enabled})


@dataclass(frozen=True)
class Toxiproxy:
    """Where it is told what to do."""

    address: str

    @contextmanager
    def before(self, address: str) -> Iterator[Proxy]:
        """A proxy before the server at a URL. A certificate for the host remains valid."""
        url = urlsplit(address)
        name = secrets.token_hex(8)
        wanted = {"name": name, "listen": f"{url.hostname}:0", "upstream": url.netloc}
        made = _ask("POST", f"{self.address}/proxies", wanted).json()
        try:
            own = url._replace(netloc=made["listen"]).geturl()
            yield Proxy(own, f"{self.address}/proxies/{name}")
        finally:
            _ask("DELETE", f"{self.address}/proxies/{name}")


@contextmanager
def running_toxiproxy() -> Iterator[Toxiproxy]:
    with own_folder() as folder, on_a_port(partial(toxiproxy_at, folder)) as toxiproxy:
        yield toxiproxy


@contextmanager
def toxiproxy_at(folder: Path, port: int) -> Iterator[Toxiproxy]:
    """One in a folder and at a port of its own; `PortTakenError` where another program has that."""
    address = f"http://127.0.0.1:{port}"
    # Another toxiproxy at the port would answer as well; it does not know this name.
    mark, config = secrets.token_hex(8), folder / "proxies.json"
    first = {"name": mark, "listen": "127.0.0.1:0", "upstream": "127.0.0.1:9", "enabled": False}
    config.write_text(json.dumps([first]))
    where = ("-host", "127.0.0.1", "-port", str(port), "-config", config)
    ready = partial(answers, f"{address}/proxies/{mark}")
    with running([found("toxiproxy-server"), *where], folder=folder, ready=ready):
        yield Toxiproxy(address)


def _ask(method: str, url: str, body: object = None) -> httpx.Response:
    answer = httpx.request(method, url, json=body, trust_env=False, timeout=30)
    answer.raise_for_status()
    return answer
