"""GitHub's secrets and variables: a fake of ours, HTTP/1.1 on loopback, in this process.

There is no emulator of GitHub. This one was written by GitHub's own description of its REST API, of
2022-11-28: the paths, the fields that are asked for and given, the statuses, the names that are
taken, and the headers of its limits. What is put is opened with the private key, as GitHub does at
a job's start. It was not compared with GitHub itself.
"""

import json
import re
import ssl
import sys
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from threading import RLock, Thread
from typing import Any, NamedTuple
from urllib.parse import quote, unquote, urlsplit

from nacl.exceptions import CryptoError
from nacl.public import PrivateKey, SealedBox

BEGIN = datetime(2030, 1, 1, tzinfo=UTC)
_NAME = re.compile(r"(?!GITHUB_)[A-Z_][A-Z0-9_]*")
_KEYS = (PrivateKey(b"1" * 32), PrivateKey(b"2" * 32))
_SECRETS = {"repos": "Secrets", "environments": "Environments", "orgs": "organization Secrets"}
_VARIABLES = {
    "repos": "Variables",
    "environments": "Environments",
    "orgs": "organization Variables",
}


class Answer(NamedTuple):
    """What a request is answered with; `body` is JSON, and nothing for 204."""

    status: int
    body: Any = None
    headers: Mapping[str, str] = {}


@dataclass(frozen=True)
class Request:
    """What came in; the names of headers are in lower case."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: Any

    @property
    def brief(self) -> str:
        """What is asked for, its owner left out: `PUT secrets/NAME`."""
        return f"{self.method} {re.sub(r'.*?/(?=secrets|variables)', '', self.path, count=1)}"


@dataclass
class Kept:
    """A secret or a variable; `more` is who may use it, where it is an organization's."""

    value: str
    updated_at: str
    more: dict[str, Any] = field(default_factory=dict)


@dataclass
class Place:
    """A repository, an environment or an organization, with its secrets and variables by name."""

    kind: str
    key_number: int = 0
    secrets: dict[str, Kept] = field(default_factory=dict)
    variables: dict[str, Kept] = field(default_factory=dict)

    @property
    def key_id(self) -> str:
        return f"56838067976{self.key_number}"

    @property
    def key(self) -> PrivateKey:
        return _KEYS[self.key_number]


Rule = Callable[[Request], Answer | None]


class GithubFake:
    """What it knows, what it was asked, and the rule by which it refuses."""

    def __init__(self) -> None:
        self.address = ""
        self.lock = RLock()
        self.reset()

    def reset(self) -> None:
        """It knows one repository with an environment, an organization, and nothing in them."""
        self.places = {
            "/repos/clinic/speech": Place("repos"),
            "/repos/clinic/other": Place("repos"),
            "/repos/clinic/speech/environments/the ward%2f7": Place("environments"),
            "/orgs/clinic": Place("orgs"),
        }
        self.tokens: dict[str, frozenset[str] | None] = {"good": None}
        """Rights by token; `None` are all of them."""
        self.hides = False
        """Whether a right that is missing looks like a thing that is missing."""
        self.rule: Rule = lambda _: None
        self.requests: list[Request] = []
        self.seconds = count(1)

    @property
    def repository(self) -> Place:
        return self.places["/repos/clinic/speech"]

    @contextmanager
    def answering(self, rule: Rule) -> Iterator[None]:
        """Requests are answered by this rule for a while, where it has an answer."""
        usual, self.rule = self.rule, rule
        try:
            yield
        finally:
            self.rule = usual

    def stand_still(self) -> None:
        """From now on all that is written is written in the same second."""
        now = next(self.seconds)
        self.seconds = count(now, 0)

    def now(self) -> str:
        moment = BEGIN + timedelta(seconds=next(self.seconds))
        return moment.strftime("%Y-%m-%dT%H:%M:%SZ")

    # ── answering ────────────────────────────────────────────────────────────────────────────────

    def answer(self, request: Request) -> Answer:
        self.requests.append(request)
        ruled = self.rule(request)
        with self.lock:
            return ruled or self._known(request)

    def _known(self, request: Request) -> Answer:
        if not request.headers.get("user-agent"):
            return _said(403, "Request forbidden by administrative rules")
        token = request.headers.get("authorization", "").removeprefix("Bearer ")
        if token not in self.tokens:
            return _said(401, "Bad credentials")
        parts = [unquote(one) for one in urlsplit(request.path).path.strip("/").split("/")]
        if parts[0] == "repos" and len(parts) == 3:
            return self._repository("/".join(parts).casefold())
        return self._allowed(request, parts, self.tokens[token])

    def _allowed(self, request: Request, parts: list[str], rights: frozenset[str] | None) -> Answer:
        place, kind, rest = self._place(parts)
        if place is None or rights == frozenset():
            return _said(404, "Not Found")
        right = (_SECRETS if kind == "secrets" else _VARIABLES)[place.kind]
        level = "read" if request.method == "GET" else "write"
        if rights is not None and not {f"{right}: {level}", f"{right}: write"} & rights:
            told = "Resource not accessible by personal access token"
            return _said(404, "Not Found") if self.hides else _said(403, told)
        do = self._secret if kind == "secrets" else self._variable
        return do(place, request, rest)

    def _repository(self, path: str) -> Answer:
        paths = sorted(one for one in self.places if one.count("/") == 3)
        if f"/{path}" not in paths:
            return _said(404, "Not Found")
        return Answer(200, {"id": 1000 + paths.index(f"/{path}"), "full_name": path})

    def _place(self, parts: list[str]) -> tuple[Place | None, str, list[str]]:
        """Whose things a path means, of which kind, and what follows in it."""
        for kind in ("secrets", "variables"):
            if kind in parts:
                at = parts.index(kind)
                base = [quote(one, safe=" ") for one in parts[:at] if one != "actions"]
                return self.places.get("/" + "/".join(base).casefold()), kind, parts[at + 1 :]
        return None, "", []

    def _secret(self, place: Place, request: Request, rest: list[str]) -> Answer:
        name = rest[0].upper() if rest else ""
        if name == "PUBLIC-KEY":
            key = b64encode(bytes(place.key.public_key)).decode()
            return Answer(200, {"key_id": place.key_id, "key": key})
        if request.method == "PUT":
            return self._put(place, name, request.body)
        if name not in place.secrets:
            return _said(404, "Not Found")
        if request.method == "DELETE":
            del place.secrets[name]
            return Answer(204)
        kept = place.secrets[name]
        return Answer(200, {"name": name, "updated_at": kept.updated_at, **kept.more})

    def _put(self, place: Place, name: str, body: Any) -> Answer:
        sealed, key_id = body.get("encrypted_value"), body.get("key_id")
        more = {one: body[one] for one in body.keys() - {"encrypted_value", "key_id"}}
        if not _NAME.fullmatch(name) or (place.kind == "orgs") != ("visibility" in more):
            return _said(422, f"Invalid request for {name}: {sealed}")
        if key_id != place.key_id:
            return _said(422, f"Bad request - key ID does not match: {sealed}")
        try:
            value = SealedBox(place.key).decrypt(b64decode(sealed)).decode()
        except CryptoError:
            return _said(422, f"Bad request - it cannot be opened: {sealed}")
        is_new = name not in place.secrets
        place.secrets[name] = Kept(value, self.now(), more)
        return Answer(201, {}) if is_new else Answer(204)

    def _variable(self, place: Place, request: Request, rest: list[str]) -> Answer:
        if not rest:
            if request.method == "POST":
                return self._made(place, request.body)
            return Answer(200, {"total_count": len(place.variables), "variables": []})
        name = rest[0].upper()
        if name not in place.variables:
            return _said(404, "Not Found")
        if request.method == "DELETE":
            del place.variables[name]
            return Answer(204)
        kept = place.variables[name]
        if request.method == "PATCH":
            place.variables[name] = Kept(request.body["value"], self.now(), kept.more)
            return Answer(204)
        return Answer(200, {"name": name, "value": kept.value, "updated_at": kept.updated_at})

    def _made(self, place: Place, body: Any) -> Answer:
        name = body["name"].upper()
        more = {one: body[one] for one in body.keys() - {"name", "value"}}
        if not _NAME.fullmatch(name) or (place.kind == "orgs") != ("visibility" in more):
            return _said(422, f"Invalid request: {body}")
        if name in place.variables:
            return _said(409, f"Already exists - {name}")
        place.variables[name] = Kept(body["value"], self.now(), more)
        return Answer(201, {})


def _said(status: int, message: str) -> Answer:
    return Answer(status, {"message": message, "documentation_url": "https://docs.github.com/rest"})


# ── the wire ─────────────────────────────────────────────────────────────────────────────────────


@contextmanager
def running_github(trust: ssl.SSLContext | None = None) -> Iterator[GithubFake]:
    """Such a server; with `trust`, a server's context, it speaks TLS."""
    fake = GithubFake()
    server = _Server(("127.0.0.1", 0), type("Own", (_Handler,), {"fake": fake}))
    if trust is not None:
        server.socket = trust.wrap_socket(server.socket, server_side=True)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    scheme = "https" if trust else "http"
    fake.address = f"{scheme}://127.0.0.1:{server.server_address[1]}"
    try:
        yield fake
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Server(ThreadingHTTPServer):
    def handle_error(self, request: Any, client_address: Any) -> None:
        # Clients may hang up, as before the end of an answer that has none.
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1
    fake: GithubFake

    def _do(self) -> None:
        content = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        headers = {name.lower(): value for name, value in self.headers.items()}
        body = json.loads(content) if content else {}
        answer = self.fake.answer(Request(self.command, self.path, headers, body))
        content = b"" if answer.body is None else json.dumps(answer.body).encode()
        self.send_response_only(answer.status)
        sent = {
            "Content-Length": str(len(content)),
            "Content-Type": "application/json; charset=utf-8",
            "Date": format_datetime(BEGIN, usegmt=True),
            "X-GitHub-Request-Id": "C0DE:1A2B:3C4D5E:6F7A8B:65A1B2C3",
            **answer.headers,
        }
        if answer.status == 204:
            del sent["Content-Length"], sent["Content-Type"]
        for name, value in sent.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_PUT = do_POST = do_PATCH = do_DELETE = _do  # noqa: N815  # as the library calls them

    def log_message(self, *_: object) -> None:
        """Nothing is printed."""
