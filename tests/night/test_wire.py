"""What networks do at night, by a real proxy between, and what certificates are not trusted."""

import socket
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.engine.mints import KEY, QUICK, Brief, Desk, against, desk, outcomes
from tests.engine.scripted import Answered, Asked, Scripted, each, minted, nobody
from tests.night.certificates import Authority, authority
from tests.night.nights import FOREIGN, untidy
from tests.night.proxies import OPEN, Between, End, Way
from voxmint.engine.report import Report, Result

pytestmark = pytest.mark.slow

HEAD = 60
"""Bytes of a request that is far from whole, and of an answer whose head is."""
MOST = 160
"""Bytes of an answer that has come to its body and not to its end."""


class Came(NamedTuple):
    """What came of one profile: how it ended, in how many attempts, how many reached the server.

    `unseen` is how many tokens the report says may live though nobody has them.
    """

    outcome: str
    attempts: int
    reached: int
    unseen: int
    said: str = ""


def lost(reached: int, said: str) -> Came:
    """Twice no answer."""
    told = f"{said}, and the request may have arrived: up to 2 unseen tokens may live"
    return Came("failed", 2, reached, 2, told)


def spoiled(said: str) -> Came:
    """A 200 that is never asked for again."""
    return Came("failed", 1, 1, 1, said)


RESET = "connection reset by peer"
SILENCE = "no answer came in time"
EARLY = "the connection ended without an answer"

WAYS = {
    "open": (OPEN, Came("minted", 1, 1, 0)),
    "reset at the first byte": (Way(up=1), lost(0, RESET)),
    "ended at the first byte": (Way(up=1, end=End.CLOSE), lost(0, EARLY)),
    "never taken": (Way(up=0, end=End.STALL), lost(0, SILENCE)),
    "reset in the request": (Way(up=HEAD), lost(0, RESET)),
    "ended in the request": (Way(up=HEAD, end=End.CLOSE), lost(0, EARLY)),
    "stalled in the request": (Way(up=HEAD, end=End.STALL), lost(0, SILENCE)),
    "reset before the answer": (Way(down=0), lost(2, RESET)),
    "ended before the answer": (Way(down=0, end=End.CLOSE), lost(2, EARLY)),
    "half open before the answer": (Way(down=0, end=End.STALL), lost(2, SILENCE)),
    "reset in the answer's head": (Way(down=HEAD), lost(2, RESET)),
    "stalled in the answer's head": (Way(down=HEAD, end=End.STALL), lost(2, SILENCE)),
    "reset in the answer's body": (Way(down=MOST), spoiled("it broke off")),
    "ended in the answer's body": (Way(down=MOST, end=End.CLOSE), spoiled("it broke off")),
    "stalled in the answer's body": (
        Way(down=MOST, end=End.STALL),
        spoiled("it did not come to its end in time"),
    ),
    "trickling": (Way(pace=0.0002), Came("minted", 1, 1, 0)),
}
"""How every connection fares, and what comes of it."""


def only(report: Report) -> Result:
    [result] = report.results
    return result


def came(report: Report, server: Scripted) -> Came:
    result = only(report)
    said = result.problem.message if result.problem else ""
    found = Came(str(result.outcome), result.attempts, len(server.asked), len(report.unseen), said)
    # Whatever reached the server is known, or named as possible.
    assert found.reached <= found.unseen + (found.outcome == "minted")
    return found


def through(port: int, server: Scripted, made: Desk) -> Desk:
    """The project minting at the server by the proxy at a port, which it takes for the service."""
    against(server, made)
    text = (made.root / "environments/live.yaml").read_text()
    url = f"http://localhost:{port}/v1"
    made.write("environments/live.yaml", text.replace(server.url, url))
    made.environ["VOXMINT_ALLOW_HOSTS"] = "localhost"
    made.env_file.write_text(FOREIGN)
    return made


@pytest.mark.parametrize("name", WAYS)
def test_a_way_that_all_connections_fare(tmp_path: Path, name: str) -> None:
    way, expected = WAYS[name]
    with Scripted(each(minted())) as server, Between(server.port, [way] * 9) as between:
        made = through(between.port, server, desk(tmp_path))
        made.patience = replace(QUICK, request=4.0 if way.end is End.STALL else 60.0)
        report = made.mint()
        found = came(report, server)
        assert found._replace(said="") == expected._replace(said="")
        assert expected.said in found.said
    check(made, report)


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=[pytest.mark.slow] if way.end is End.STALL else [])
        for name, (way, expected) in WAYS.items()
        if expected.attempts == 2
    ],
)
def test_a_way_that_the_first_connection_fares(tmp_path: Path, name: str) -> None:
    way, always = WAYS[name]
    with Scripted(each(minted())) as server, Between(server.port, [way]) as between:
        made = through(between.port, server, desk(tmp_path))
        made.patience = replace(QUICK, request=Brief(4.0) if way.end is End.STALL else 60.0)
        report = made.mint()
        assert came(report, server) == Came("minted", 2, 1 + bool(always.reached), 1)
        assert between.taken == 2
    check(made, report)


def check(made: Desk, report: Report) -> None:
    """That files and ledger say what the report does."""
    text = made.env_file.read_text()
    assert text.startswith(FOREIGN)
    assert ("CLINIC_CLIENT_SECRET=ek_scripted000001" in text) == (report.exit_code == 0)
    assert (text == FOREIGN) == (report.exit_code == 1)
    assert untidy(made.root) == []
    assert made.open_intents == [one.profile for one in report.unseen]
    assert set(made.sessions) == ({"clinic"} if report.exit_code == 0 else set())


def test_nobody_listens(tmp_path: Path) -> None:
    with Scripted(each(minted())) as server, nobody() as port:
        made = through(port, server, desk(tmp_path))
        report = made.mint()
        found = came(report, server)
    assert found == Came("failed", 5, 0, 0, found.said)
    assert found.said == f"localhost:{port} cannot be reached: connection refused"
    check(made, report)


@pytest.mark.parametrize("end", [End.RESET, End.CLOSE])
def test_a_connection_that_ends_between_two_requests(tmp_path: Path, end: End) -> None:
    with Scripted(each(minted())) as server:
        way = Way(down=length_of_an_answer(server), end=end)
        with Between(server.port, [way]) as between:
            made = desk(tmp_path, ["a", "b"], more="mint: {concurrency: 1}\n")
            made = through(between.port, server, made)
            report = made.mint()
            assert between.taken == 2
        assert set(outcomes(report).values()) == {"minted"}
        # Whether that is met before the second request leaves or after, all is accounted for.
        assert len(server.asked) - 1 == 2
        assert report.requests - 2 == len(report.unseen)


def length_of_an_answer(server: Scripted) -> int:
    """How many bytes the server sends for one request; it is asked once."""
    with socket.create_connection(("127.0.0.1", server.port)) as connection:
        connection.sendall(b"POST / HTTP/1.1\r\nContent-Length: 0\r\n\r\n")
        # Whoever says that no more will come is sent what is there, and then the end.
        connection.shutdown(socket.SHUT_WR)
        with connection.makefile("rb") as answer:
            return len(answer.read())


# ── TLS ──────────────────────────────────────────────────────────────────────────────────────────


def over_tls(folder: Path, port: int, trusted: Authority | None, host: str = "localhost") -> Desk:
    """A project whose service is there, by TLS, trusted through `SSL_CERT_FILE`."""
    provider = f"{{kind: compatible, url: 'https://{host}:{port}/v1', key: {{env: THE_KEY}}}}"
    made = desk(folder, ["a", "b"], provider, more="mint: {concurrency: 1}\n")
    made.environ |= {"THE_KEY": KEY, "VOXMINT_ALLOW_HOSTS": host}
    made.env_file.write_text(FOREIGN)
    if trusted is not None:
        made.write("../ca.pem", trusted.pem.decode())
        made.environ["SSL_CERT_FILE"] = str(made.root / "../ca.pem")
    return made


@dataclass(frozen=True)
class Shown:
    """What a server shows of itself, and what is said of it."""

    said: str
    of: str = "localhost"
    asked_as: str = "localhost"
    begins: int = -1
    ends: int = 2
    is_trusted: bool = True


NOT_TRUSTED = {
    "of another host": Shown(
        "Hostname mismatch, certificate is not valid for 'localhost'.", of="other.example"
    ),
    "of a name for an address": Shown(
        "IP address mismatch, certificate is not valid for '127.0.0.1'.", asked_as="127.0.0.1"
    ),
    "expired": Shown("certificate has expired", begins=-9, ends=-1),
    "of tomorrow": Shown("certificate is not yet valid", begins=1),
    "of an unknown authority": Shown("unable to get local issuer certificate", is_trusted=False),
}


@pytest.mark.parametrize("name", NOT_TRUSTED)
def test_a_certificate_that_is_not_trusted_gets_nothing(tmp_path: Path, name: str) -> None:
    shown = NOT_TRUSTED[name]
    trusted = authority() if shown.is_trusted else authority("another one")
    context = authority().server(tmp_path, shown.of, shown.begins, shown.ends)
    with Scripted(each(minted()), context) as server:
        made = over_tls(tmp_path, server.port, trusted, shown.asked_as)
        report = made.mint()
        assert server.asked == []
    first, second = report.results
    # Once, since waiting does not heal it, and nothing else is tried.
    assert (first.outcome, first.attempts, second.outcome, second.attempts) == (
        *("failed", 1, "skipped", 0),
    )
    assert first.problem is not None
    assert first.problem.message == (
        f"{shown.asked_as}:{server.port} cannot be reached: its certificate is not trusted: "
        f"{shown.said}"
    )
    assert (report.exit_code, report.unseen, made.open_intents) == (1, (), [])
    assert (made.env_file.read_text(), made.sessions) == (FOREIGN, {})


def test_the_same_server_is_trusted_once_somebody_vouches_for_it(tmp_path: Path) -> None:
    with Scripted(each(minted()), authority().server(tmp_path)) as server:
        made = over_tls(tmp_path, server.port, authority("another one"))
        assert made.mint().exit_code == 1
        made.write("../ca.pem", authority().pem.decode())
        assert made.mint().exit_code == 0
        assert len(server.asked) == 2


HELLO = 5
"""Bytes after which TLS is not yet agreed on."""


@pytest.mark.parametrize(
    "way",
    [
        Way(up=0),
        Way(up=0, end=End.CLOSE),
        Way(up=HELLO),
        Way(down=HELLO),
        Way(down=HELLO, end=End.CLOSE),
        Way(flipped=HELLO + 6),
        Way(flipped=400),
    ],
)
def test_what_happens_before_tls_is_agreed_on_leaves_no_doubt(tmp_path: Path, way: Way) -> None:
    with Scripted(each(minted()), authority().server(tmp_path)) as server:
        with Between(server.port, [way] * 9) as between:
            made = over_tls(tmp_path, between.port, authority())
            report = made.mint()
            assert (report.exit_code, report.unseen, server.asked) == (1, (), [])
        assert made.open_intents == []
        with Between(server.port, [way]) as between:
            made = over_tls(tmp_path / "again", between.port, authority())
            report = made.mint()
            assert outcomes(report) == {"a": "minted", "b": "minted"}
            assert (report.requests, report.unseen) == (3, ())


@pytest.mark.parametrize("way", [Way(down=HELLO, end=End.STALL), Way(up=0, end=End.STALL)])
def test_tls_that_is_never_agreed_on_leaves_no_doubt(tmp_path: Path, way: Way) -> None:
    with (
        Scripted(each(minted()), authority().server(tmp_path)) as server,
        Between(server.port, [way]) as between,
    ):
        made = over_tls(tmp_path, between.port, authority())
        made.patience = replace(QUICK, connect=4.0)
        report = made.mint()
    assert outcomes(report) == {"a": "minted", "b": "minted"}
    assert (report.requests, report.unseen) == (3, ())


def test_tls_that_breaks_after_the_request_leaves_a_doubt(tmp_path: Path) -> None:
    def script(number: int, _: Asked) -> Answered:
        if number == 1:
            between.reset()
        return minted(number)

    with (
        Scripted(script, authority().server(tmp_path)) as server,
        Between(server.port, []) as between,
    ):
        made = over_tls(tmp_path, between.port, authority())
        report = made.mint()
    assert outcomes(report) == {"a": "minted", "b": "minted"}
    assert (report.requests, [one.profile for one in report.unseen]) == (3, ["a"])
    assert made.open_intents == ["a"]
