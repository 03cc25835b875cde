"""GitHub's limits, a network that fails, and GitHub itself as far as TLS and a proxy can tell."""

import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from tests.engine.mints import desk, outcomes
from tests.night.certificates import authority
from tests.stores.destinations import PROFILES
from tests.stores.githubs import MARKS, NAME, PAGE, Github, failed, once, refused, written
from tests.stores.servers.connect import ConnectProxy, running_connect_proxy
from tests.stores.servers.faulty import Fault, Faulty, running_faulty
from tests.stores.servers.github import (
    Answer,
    GithubFake,
    Kept,
    running_github,
)
from tests.stores.store_contract import Line, StoreContract, through
from voxmint.engine.edge import Operator
from voxmint.engine.purging import purge, scope_of
from voxmint.engine.sinks.contract import Change
from voxmint.engine.sinks.looking import looks_at
from voxmint.engine.status import status_of
from voxmint.engine.stores.contract import StoreError, Trouble, What
from voxmint.engine.stores.github_secrets_api import Api, Call
from voxmint.engine.upstream.hosts import url_of
from voxmint.engine.upstream.http import upstream_to
from voxmint.problems import ProblemsError
from voxmint.testing.sink_contract import (
    WRITTEN,
    delivering,
    errors_of,
    known,
)

# ── limits, and answers that are no answers ──────────────────────────────────────────────────────


LIMITS = [
    (429, {"Retry-After": "7"}, "", 7.0),
    (403, {"Retry-After": "0"}, "", 0.0),
    (403, {"x-ratelimit-remaining": "0", "x-ratelimit-reset": "1893456042"}, "", 42.0),
    (403, {}, "You have exceeded a secondary rate limit", 60.0),
    (429, {"Retry-After": "soon"}, "", 60.0),
]


@pytest.mark.parametrize(("status", "headers", "message", "wait"), LIMITS)
@pytest.mark.parametrize("method", ["GET", "PUT", "POST", "PATCH"])
def test_where_github_asks_to_be_left_alone_that_is_waited_for(
    github: Github, method: str, status: int, headers: dict[str, str], message: str, wait: float
) -> None:
    with github.fake.answering(once(status, headers, method, message)):
        written(github)
        written(github, 2)
    assert github.waits == [wait]
    assert github.read()["clinic"] == known("clinic", 2)


def test_it_is_not_waited_for_longer_than_a_minute_or_so(github: Github) -> None:
    limit = Answer(429, {"message": "ek_canary"}, {"Retry-After": "3600"})
    with github.fake.answering(lambda _: limit):
        [problem] = errors_of(github.sink(*PROFILES))
        assert (problem.code, github.waits) == ("store-busy", [])
        assert "1 h" in problem.message
        assert "C0DE:1A2B:3C4D5E:6F7A8B:65A1B2C3" in problem.message
    again = Answer(403, {}, {"Retry-After": "40"})
    with github.fake.answering(lambda _: again):
        errors_of(github.sink("clinic"))
    assert github.waits == [40.0, 40.0]


def test_many_writes_are_a_second_apart(github: Github) -> None:
    profiles = [f"ward/{number}" for number in range(8)]
    outcomes = github.sink(*profiles).write(delivering(*profiles))
    assert set(outcomes.values()) == {WRITTEN}
    # A claim, the secret and its marks for each: the first twenty go at once.
    assert github.waits == [1.0] * 4


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (Answer(401, {"message": "ek_canary"}), "store-login-failed"),
        (Answer(403, {"message": "ek_canary"}), "store-denied"),
        (Answer(403, {}, {"X-GitHub-SSO": "required; url=https://x"}), "store-denied"),
        (Answer(404, {"message": "ek_canary"}), "store-denied"),
        (Answer(409, {"message": "ek_canary"}), "store-changed"),
        (Answer(413, {"message": "ek_canary"}), "store-too-large"),
        (Answer(422, {"message": "ek_canary"}), "store-refused"),
        (Answer(301, {}, {"Location": "https://evil.example"}), "store-refused"),
        (Answer(307, {}, {"Location": "/repositories/7"}), "store-refused"),
        (Answer(451, "ek_canary"), "store-refused"),
        (Answer(500, {"message": "ek_canary"}), "store-unreachable"),
        (Answer(200, {"message": "ek_canary"}), "store-refused"),
    ],
)
def test_an_error_is_told_by_its_status_and_never_by_its_text(
    github: Github, answer: Answer, code: str
) -> None:
    with github.fake.answering(lambda one: answer if one.method == "PUT" else None):
        assert failed(github).code == code
    assert github.place.secrets == {}


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("public-key", {"key_id": "1", "key": "AAAA"}),
        ("public-key", {"key_id": "1", "key": "not base64!"}),
        ("public-key", {"key": "AAAA"}),
        ("public-key", ["key"]),
        (f"secrets/{NAME}", {"name": NAME}),
        (f"variables/{MARKS}", {"name": MARKS, "value": 7}),
        (f"variables/{MARKS}", {"name": MARKS, "value": "x" * 2_000_000}),
    ],
)
def test_from_an_answer_that_is_not_whole_nothing_is_concluded(
    github: Github, path: str, body: Any
) -> None:
    with github.fake.answering(lambda one: Answer(200, body) if path in one.path else None):
        assert refused(github).code == "store-unreachable"
    assert {one.method for one in github.fake.requests} == {"GET"}


def test_a_token_that_sso_was_not_told_of_is_told(github: Github) -> None:
    answer = Answer(403, {"message": "ek_canary"}, {"X-GitHub-SSO": "required; url=https://x"})
    with github.fake.answering(lambda _: answer):
        assert "not authorized for the organization's SSO" in refused(github).message


def test_a_server_that_is_away_is_told(github: Github) -> None:
    github.environ["GITHUB_API_URL"] = "http://127.0.0.1:9"
    [problem] = errors_of(github.sink(*PROFILES))
    assert problem.code == "store-unreachable"
    assert github.waits[:3] == [1.0, 2.0, 4.0]


# ── a network that fails ─────────────────────────────────────────────────────────────────────────

LOOK = [f"GET secrets/{NAME}", f"GET variables/{MARKS}"]
GREETING = ["GET secrets/public-key", "GET variables?per_page=1"]
SWITCH = [*LOOK, f"PUT secrets/{NAME}", f"GET secrets/{NAME}"]
TELL = f"PATCH variables/{MARKS}"
MADE = [*GREETING, *LOOK, "POST variables", *SWITCH, TELL]
RENEWED = [*GREETING, *LOOK, *SWITCH, TELL]


def asked(github: Github, write: Callable[[], object]) -> list[str]:
    before = len(github.fake.requests)
    write()
    return [one.brief for one in github.fake.requests[before:]]


def test_a_write_asks_no_more_than_it_has_to(github: Github) -> None:
    assert asked(github, lambda: written(github)) == MADE
    assert asked(github, lambda: written(github, 2)) == RENEWED
    again = delivering("clinic", number=2)
    assert asked(github, lambda: github.sink("clinic").write(again)) == [*GREETING, *LOOK]


@pytest.fixture
def faulty(github: Github) -> Iterator[Faulty]:
    """What stands before the server, and is what this sink is led to."""
    with running_faulty(github.fake.address) as faulty:
        github.environ["GITHUB_API_URL"] = faulty.address
        yield faulty


@pytest.mark.parametrize(
    "fault",
    [
        Fault.APPLIED,
        *(pytest.param(one, marks=pytest.mark.slow) for one in Fault if one is not Fault.APPLIED),
    ],
)
@pytest.mark.parametrize("is_new", [True, False])
def test_a_request_that_fails_once_is_asked_again(
    faulty: Faulty, github: Github, fault: Fault, is_new: bool
) -> None:
    if not is_new:
        written(github)
    for number in range(len(MADE if is_new else RENEWED)):
        with faulty.failing(faulty.failing_number(number, fault)):
            written(github, number + 2)
        assert github.read() == {"clinic": known("clinic", number + 2)}
        assert github.told()["voxmint-session-id"] == f"sess_{number + 2}"
        if is_new:
            github.sink("clinic").write(Change(remove=frozenset({"clinic"})))
            assert (github.place.secrets, github.place.variables) == ({}, {})
    # An answer without content cannot be cut.
    assert set(github.waits) == {1.0}


@pytest.mark.slow
class TestOverANetworkThatFails(StoreContract):
    @pytest.fixture
    def line(self, faulty: Faulty, github: Github) -> Line:
        def session_of() -> str:
            return github.told()["voxmint-session-id"]

        return replace(through(faulty, github, session_of), lasts=True)


def failing_from(faulty: Faulty, number: int, fault: Fault) -> AbstractContextManager[None]:
    """All requests fail from one on, counted from now and from 0."""
    first = len(faulty.requests) + number
    return faulty.failing(lambda _: fault if len(faulty.requests) > first else None)


# ── a server that takes its time ─────────────────────────────────────────────────────────────────


@contextmanager
def slow_server(head: bytes, more: bytes) -> Iterator[str]:
    """Answers with the one at once, and goes on with the other for as long as it can."""

    def serve(connection: socket.socket) -> None:
        with connection, suppress(OSError):
            connection.recv(65536)
            connection.sendall(head)
            while more:
                connection.sendall(more)
            # Until the client hangs up.
            connection.recv(1)

    def accept() -> None:
        with suppress(OSError):
            while True:
                Thread(target=serve, args=listener.accept()[:1], daemon=True).start()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = Thread(target=accept, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        listener.shutdown(socket.SHUT_RDWR)
        thread.join()


_ENDLESS = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


@pytest.mark.parametrize(
    ("head", "more", "said"),
    [
        (b"", b"", "no answer came in time"),
        (_ENDLESS, b"", "no answer came in time"),
        (_ENDLESS, b"1\r\n \r\n", "its answer took too long"),
        (_ENDLESS, b"8000\r\n" + b" " * 0x8000 + b"\r\n", "its answer has no end"),
    ],
)
def test_no_answer_is_waited_for_without_end(head: bytes, more: bytes, said: str) -> None:
    with slow_server(head, more) as address:
        url = url_of(address)
        assert url is not None
        upstream = upstream_to(address, url.host, (), {}, None, 30)
        whole = 0.0 if "too long" in said else 60.0
        api = Api(
            upstream, "GH_TOKEN", 1, lambda _: None, read=0.02 if not more else 30, whole=whole
        )
        with pytest.raises(StoreError) as raised:
            api.ask(Call("GET", "/", "Secrets"))
    assert raised.value.trouble == Trouble(What.UNREACHABLE, said=said)


# ── in production settings ───────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class Production:
    """GitHub itself, as far as whoever is led by a proxy and trusts an authority can tell."""

    fake: GithubFake
    proxy: ConnectProxy
    environ: dict[str, str]


@pytest.fixture(scope="session")
def production_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Production]:
    folder = tmp_path_factory.mktemp("github")
    trusted = folder / "authority.pem"
    trusted.write_bytes(authority().pem)
    context = authority().server(folder, "api.github.com")
    with running_github(context) as fake:
        ports = {"api.github.com": int(fake.address.rpartition(":")[2])}
        with running_connect_proxy(ports) as proxy:
            environ = {
                "GH_TOKEN": "good",
                "GITHUB_REPOSITORY": "clinic/speech",
                "HTTPS_PROXY": proxy.address,
                "SSL_CERT_FILE": str(trusted),
            }
            yield Production(fake, proxy, environ)


@pytest.fixture
def production(production_server: Production) -> Production:
    production_server.fake.reset()
    production_server.proxy.asked.clear()
    return production_server


@pytest.fixture
def abroad(production: Production, tmp_path: Path) -> Github:
    github = Github(production.fake, tmp_path, payload="json")
    for name in ("GITHUB_API_URL", "GH_ENTERPRISE_TOKEN"):
        del github.environ[name]
    github.environ |= production.environ
    return github


def test_github_itself_is_asked_over_tls_and_through_the_operator_s_proxy(
    abroad: Github, production: Production
) -> None:
    written(abroad)
    assert abroad.read()["clinic"] == known("clinic")
    assert set(production.proxy.asked) == {"api.github.com"}
    [version] = {one.headers["x-github-api-version"] for one in production.fake.requests}
    assert version == "2022-11-28"
    assert {one.headers["authorization"] for one in production.fake.requests} == {"Bearer good"}


def test_a_server_that_nobody_vouches_for_is_sent_nothing(
    abroad: Github, production: Production, tmp_path: Path
) -> None:
    other = tmp_path / "other.pem"
    other.write_bytes(authority("another authority").pem)
    abroad.environ["SSL_CERT_FILE"] = str(other)
    [problem] = errors_of(abroad.sink("clinic"))
    assert (problem.code, production.fake.requests) == ("store-unreachable", [])
    assert "certificate cannot be trusted" in problem.message
    assert abroad.waits == []


def test_a_proxy_that_leads_nowhere_is_told(abroad: Github) -> None:
    abroad.environ["GH_HOST"] = "clinic.ghe.com"
    [problem] = errors_of(abroad.sink("clinic"))
    assert "the proxy does not lead to it" in problem.message


SINK = "sinks: [{kind: github-secrets}]\n"


def test_a_run_of_all_that_there_is(production: Production, tmp_path: Path) -> None:
    made = desk(tmp_path, ["clinic", "ward/a"], more=SINK)
    made.environ |= production.environ
    secrets = production.fake.repository.secrets
    assert outcomes(made.mint()) == {"clinic": "minted", "ward/a": "minted"}
    assert secrets.keys() == {"VOXMINT_LIVE_CLINIC", "VOXMINT_LIVE_WARD_A"}
    assert outcomes(made.mint()) == {"clinic": "kept", "ward/a": "kept"}

    order = made.project.order((), ["live"])
    [status] = status_of(made.project, order, Operator(), made.edge()).environments
    assert status.is_live

    # What a deleted profile left goes with the next mint, and what is missing is minted anew.
    (made.root / "profiles/ward/a.yaml").unlink()
    del secrets["VOXMINT_LIVE_CLINIC"]
    assert outcomes(made.mint()) == {"clinic": "minted"}
    assert secrets.keys() == {"VOXMINT_LIVE_CLINIC"}

    scope = scope_of(made.project, "live")
    assert purge(scope, (), Operator(), made.edge(), None).exit_code == 0
    assert (secrets, production.fake.repository.variables) == ({}, {})


def test_a_secret_of_others_stops_a_run_before_its_first_request(
    production: Production, tmp_path: Path
) -> None:
    made = desk(tmp_path, ["clinic", "ward"], more=SINK)
    made.environ |= production.environ
    secrets = production.fake.repository.secrets
    secrets["VOXMINT_LIVE_WARD"] = Kept("theirs", production.fake.now())
    with pytest.raises(ProblemsError) as raised:
        made.mint()
    assert [one.code for one in raised.value.problems if one.is_error] == ["store-foreign"]
    assert (list(secrets), made.sessions) == (["VOXMINT_LIVE_WARD"], {})
    assert outcomes(made.mint(adopt=True)) == {"clinic": "minted", "ward": "minted"}


def test_a_name_in_the_project_leads_no_token_elsewhere(
    production: Production, tmp_path: Path
) -> None:
    more = "sinks: [{kind: github-secrets, repository: clinic/other}]\n"
    made = desk(tmp_path, more=more)
    made.environ |= production.environ
    for run in (made.plan, made.mint):
        with pytest.raises(ProblemsError) as raised:
            run()
        assert [one.code for one in raised.value.problems] == ["store-repository-refused"]
    # Nor does a look.
    environment = made.project.compile_all().environments["live"]
    _, problems = looks_at(made.root, environment, {}, made.edge().environ, checks=True)
    assert [one.code for one in problems] == ["store-repository-refused"]
    assert production.fake.requests == []
    made.environ["VOXMINT_ALLOW_REPOSITORIES"] = "clinic/other"
    assert outcomes(made.mint()) == {"clinic": "minted"}
    assert production.fake.places["/repos/clinic/other"].secrets


@pytest.mark.slow
def test_the_whole_program_shows_no_token(production: Production, tmp_path: Path) -> None:
    made = desk(tmp_path, more=SINK)
    command = [sys.executable, "-m", "voxmint", "-C", str(made.root), "mint", "-e", "live"]
    environ = {**made.edge().environ, **production.environ, "PYTHONPATH": str(PAGE.parents[2])}
    done = subprocess.run(command, env=environ, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    [kept] = production.fake.repository.secrets.values()
    assert kept.value
    assert kept.value not in done.stdout + done.stderr
    assert "good" not in done.stdout + done.stderr
