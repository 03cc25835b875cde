"""Fakes of Azure Key Vault and Microsoft Entra, for the real client in its production settings.

The proxy of `connect.py` leads every host to a server certified by an authority of its own;
so the program is given no more than what an operator may set: HTTPS_PROXY, REQUESTS_CA_BUNDLE and
AZURE_…. What the login answers is what azure-identity 1.27 asks for; nothing here was compared with
Azure itself. See `azure_vault.py` for the vault.
"""

import json
import socket
import ssl
import struct
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import cached_property
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Lock, Thread
from typing import Any
from urllib.parse import parse_qs
from uuid import uuid4

from tests.night.certificates import authority
from tests.stores.servers.azure_vault import FakeVault
from tests.stores.servers.connect import ConnectProxy, running_connect_proxy
from tests.stores.servers.faulty import Fault, Request, Rule
from tests.stores.servers.processes import own_folder

TENANT = "11111111-2222-3333-4444-555555555555"
CLIENT = "66666666-7777-8888-9999-000000000000"
LOGIN = "login.microsoftonline.com"
VAULT = "voxmint-test.vault.azure.net"
PASSWORD = "made-up-for-tests"
_UNAVAILABLE = {"error": {"code": "ServiceUnavailable", "message": "ek_canary"}}


@dataclass
class Azure:
    """The proxy to it, what came by, and by which rule requests to a vault fail.

    `requests` are those that a vault took, of somebody it knows. The next `throttled` of them are
    answered with 429. `resource` is what a vault asks a token for, and `elsewhere` a host that it
    leads to instead of answering. A request that fails breaks its connection, and Azure's client
    waits for seconds before it repeats that; with `hurries` the answer is an error that says to
    repeat it at once.
    """

    folder: Path
    proxy: ConnectProxy
    vaults: dict[str, FakeVault] = field(default_factory=dict)
    requests: list[Request] = field(default_factory=list)
    tokens: set[str] = field(default_factory=set)
    rule: Rule = lambda _: None
    throttled: int = 0
    resource: str = "https://vault.azure.net"
    elsewhere: str = ""
    knows_us: bool = True
    hurries: bool = False
    lock: Lock = field(default_factory=Lock)

    @property
    def address(self) -> str:
        """Where the proxy is."""
        return self.proxy.address

    @property
    def hosts(self) -> set[str]:
        """The hosts that were asked for."""
        return {*self.proxy.asked}

    @property
    def vault(self) -> FakeVault:
        return self.vaults[VAULT]

    @cached_property
    def environ(self) -> dict[str, str | None]:
        """What its user's shell would hold, with nothing taken from a home or a machine's role."""
        bundle = self.folder / "ca.pem"
        bundle.write_bytes(authority().pem)
        return {
            "HTTPS_PROXY": self.address,
            "NO_PROXY": None,
            "no_proxy": None,
            "https_proxy": None,
            "REQUESTS_CA_BUNDLE": str(bundle),
            "AZURE_TENANT_ID": TENANT,
            "AZURE_CLIENT_ID": CLIENT,
            "AZURE_CLIENT_SECRET": PASSWORD,
            "AZURE_TOKEN_CREDENTIALS": "EnvironmentCredential",
            "AZURE_AUTHORITY_HOST": None,
        }

    def reset(self) -> None:
        """Forgets all that it holds and has seen, and who is logged in."""
        self.vaults = {VAULT: FakeVault()}
        self.requests.clear()
        self.proxy.asked.clear()
        self.tokens.clear()
        self.rule, self.throttled, self.knows_us = lambda _: None, 0, True
        self.hurries = False
        self.resource, self.elsewhere = "https://vault.azure.net", ""

    @contextmanager
    def failing(self, rule: Rule) -> Iterator[None]:
        """Requests to a vault fail by this rule for a while."""
        usual, self.rule = self.rule, rule
        try:
            yield
        finally:
            self.rule = usual

    def failing_from(self, number: int, fault: Fault, times: int = 1) -> Rule:
        """The rule that fails so many requests after this one, counted from now and from 0."""
        first = len(self.requests) + number

        def rule(_: Request) -> Fault | None:
            return fault if first <= len(self.requests) - 1 < first + times else None

        return rule

    @contextmanager
    def knowing_nobody(self) -> Iterator[None]:
        """The credentials are not good for anything, nor is any token given before."""
        self.knows_us = False
        self.tokens.clear()
        try:
            yield
        finally:
            self.knows_us = True

    @cached_property
    def contexts(self) -> dict[str, ssl.SSLContext]:
        return {}

    def context(self, host: str) -> ssl.SSLContext:
        """What a host shows of itself; made once."""
        with self.lock:
            if host not in self.contexts:
                self.contexts[host] = authority().server(self.folder, host)
            return self.contexts[host]

    @cached_property
    def front(self) -> ssl.SSLContext:
        """Shows of each host what is its own."""

        def chosen(connection: Any, host: str | None, _: ssl.SSLContext) -> None:
            connection.context = self.context(host or LOGIN)

        front = authority().server(self.folder, "front")
        front.sni_callback = chosen
        return front


class _EveryHost(Mapping[str, int]):
    """Whatever the host, there is one port."""

    def __init__(self) -> None:
        self.port = 0

    def __getitem__(self, host: str) -> int:
        return self.port

    def __iter__(self) -> Iterator[str]:
        return iter(())

    def __len__(self) -> int:
        return 0


@contextmanager
def running_azure() -> Iterator[Azure]:
    ports = _EveryHost()
    with own_folder() as folder, running_connect_proxy(ports) as proxy:
        azure = Azure(folder, proxy)
        server = _Server(("127.0.0.1", 0), type("Own", (_Handler,), {"azure": azure}))
        ports.port = server.server_address[1]
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        azure.reset()
        try:
            yield azure
        finally:
            server.shutdown()
            server.server_close()
            thread.join()


class _Server(ThreadingHTTPServer):
    def handle_error(self, request: Any, client_address: Any) -> None:
        # A client that does not trust the certificate hangs up.
        if not isinstance(sys.exc_info()[1], OSError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    """Speaks TLS, and answers as the host that was asked for."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1
    azure: Azure
    host = ""

    def log_message(self, *_: Any) -> None: ...

    def setup(self) -> None:
        self.request = self.azure.front.wrap_socket(self.request, server_side=True)
        super().setup()

    def handle(self) -> None:
        # A client that has waited for long enough hangs up, too.
        with suppress(OSError):
            super().handle()

    def finish(self) -> None:
        with suppress(OSError):
            super().finish()
        self.connection.close()

    def _asked(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        content = self.rfile.read(length)
        headers = {name.lower(): value for name, value in self.headers.items()}
        request = Request(self.command, self.path, headers, content)
        self.host = headers["host"].partition(":")[0]
        answer = self._login if self.host == LOGIN else self._vault
        answer(request)

    do_GET = do_PUT = do_POST = do_PATCH = do_DELETE = _asked  # noqa: N815  # the base class's names

    # ── the vault ────────────────────────────────────────────────────────────────────────────────

    def _vault(self, request: Request) -> None:
        azure = self.azure
        token = request.headers.get("authorization", "").removeprefix("Bearer ")
        with azure.lock:
            is_known = token in azure.tokens
        if not is_known:
            asked = f'Bearer authorization="https://{LOGIN}/{TENANT}", resource="{azure.resource}"'
            said = {"error": {"code": "Unauthorized", "message": "AKV10000: no token"}}
            self._send(401, said, {"WWW-Authenticate": asked})
            return
        with azure.lock:
            azure.requests.append(request)
        # A rule may wait for other requests.
        fault = azure.rule(request)
        status, said = self._answered(request, fault)
        is_lost = fault in (Fault.LOST, Fault.APPLIED)
        if is_lost and not azure.hurries:
            self._reset()
            return
        headers = {"Retry-After": "1"} if status == 429 else {}
        if is_lost:
            status, said, headers = 503, _UNAVAILABLE, {"Retry-After": "0.001"}
        if self.azure.elsewhere:
            status, headers = 307, {"Location": f"https://{self.azure.elsewhere}{request.path}"}
        self._send(status, said, headers, cut=fault is Fault.CUT)

    def _answered(self, request: Request, fault: Fault | None) -> tuple[int, Any]:
        azure = self.azure
        with azure.lock:
            if azure.throttled:
                azure.throttled -= 1
                return 429, {"error": {"code": "Throttled", "message": "ek_canary was sent"}}
            if fault in (Fault.LOST, Fault.BUSY):
                return 503, _UNAVAILABLE
            vault = azure.vaults.setdefault(self.host, FakeVault())
            return vault.answer(request.method, request.path, self.host, request.content)

    # ── the login ────────────────────────────────────────────────────────────────────────────────

    def _login(self, request: Request) -> None:
        base = f"https://{LOGIN}/{TENANT}"
        if request.path.startswith("/common/discovery/instance"):
            endpoint = f"{base}/v2.0/.well-known/openid-configuration"
            self._send(200, {"tenant_discovery_endpoint": endpoint, "metadata": []})
        elif request.path.endswith("/.well-known/openid-configuration"):
            endpoints = {
                "token_endpoint": f"{base}/oauth2/v2.0/token",
                "authorization_endpoint": f"{base}/oauth2/v2.0/authorize",
                "issuer": f"{base}/v2.0",
            }
            self._send(200, endpoints)
        else:
            self._token(request)

    def _token(self, request: Request) -> None:
        sent = parse_qs(request.content.decode())
        is_right = sent.get("client_secret") == [PASSWORD] and self.azure.knows_us
        if not is_right:
            said = "AADSTS7000215: Invalid client secret provided, ek_canary was sent."
            self._send(401, {"error": "invalid_client", "error_description": said})
            return
        token = f"ey.{uuid4().hex}"
        with self.azure.lock:
            self.azure.tokens.add(token)
        self._send(200, {"token_type": "Bearer", "expires_in": 3599, "access_token": token})

    # ── on the wire ──────────────────────────────────────────────────────────────────────────────

    def _send(
        self, status: int, said: Any, headers: dict[str, str] | None = None, *, cut: bool = False
    ) -> None:
        content = json.dumps(said).encode()
        self.send_response_only(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Type", "application/json; charset=utf-8")
        self.send_header("x-ms-request-id", str(uuid4()))
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content[:10] if cut else content)
        self.close_connection = cut

    def _reset(self) -> None:
        # Without anything to linger for, closing resets the connection.
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close_connection = True
