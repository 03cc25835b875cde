"""What becomes of a group of tokens where some of its sinks do not take all of it."""

import json
import resource
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.engine.stores.memory import Server, sink_for, values_in
from tests.engine.worlds import no_file_above
from voxmint.engine.ledger.ledger import Ledger, Minted
from voxmint.engine.minting.delivery import Delivered, Deliverer
from voxmint.engine.sinks.contract import Delivery, SinkOutcome
from voxmint.engine.stores.contract import StoreError, Trouble, What
from voxmint.testing.sink_contract import FAILED, UNCHANGED, WRITTEN, session, sink_in

PROFILES = ("clinic", "lobby")


def delivered(
    folder: Path, servers: Mapping[str, Server], number: int = 1
) -> tuple[Delivered, ...]:
    """What became of a session of each profile in a sink of each of these stores."""
    sinks = [
        sink_in(folder, sink_for(server), {"name": f"{name}/{{profile}}"}, *PROFILES)
        for name, server in servers.items()
    ]
    with Ledger.open(folder / "ledger.db") as ledger:
        deliverer = Deliverer(ledger, "production", sinks)
        return deliverer.deliver([delivery_of(profile, number) for profile in PROFILES])


def delivery_of(profile: str, number: int = 1) -> Delivery:
    return session(profile, number)._replace(digest="d1")


def minted(profile: str) -> Minted:
    """What the ledger knows of the first session of a profile."""
    one = delivery_of(profile)
    return Minted(0, profile, "d1", one.expires_at, 0.0, one.session_id)


def sessions_in(server: Server) -> dict[str, str]:
    """The sessions that readers find, by name."""
    return {name: json.loads(value)["session_id"] for name, value in values_in(server).items()}


def denied(call: str, name: str) -> Callable[[str, str], None]:
    """One call of one secret is not allowed."""

    def failing(asked: str, of: str) -> None:
        if (asked, of) == (call, name):
            raise StoreError(Trouble(What.DENIED))

    return failing


@pytest.mark.parametrize("refusing", ["a", "b"])
def test_what_one_sink_refuses_before_the_switch_no_other_is_switched_over_to(
    tmp_path: Path, refusing: str
) -> None:
    servers = {"a": Server(), "b": Server()}
    delivered(tmp_path, servers)
    servers[refusing].failing = denied("stage", f"{refusing}/lobby")
    results = delivered(tmp_path, servers, 2)
    assert [one.outcomes for one in results] == [{"clinic": WRITTEN, "lobby": FAILED}] * 2
    # Each says why, in the words of the one that refused it.
    assert {one.refused["lobby"].facts["name"] for one in results} == {f"{refusing}/lobby"}
    for name, server in servers.items():
        assert sessions_in(server) == {f"{name}/clinic": "sess_2", f"{name}/lobby": "sess_1"}
        # Nor is anything staged left anywhere.
        assert {len(kept.values) for kept in server.kept.values()} == {1}


def test_what_one_sink_refuses_at_the_switch_the_others_have(tmp_path: Path) -> None:
    servers = {"a": Server(), "b": Server()}
    servers["b"].failing = denied("switch", "b/lobby")
    first, second = delivered(tmp_path, servers)
    assert first.outcomes == {"clinic": WRITTEN, "lobby": WRITTEN}
    assert second.outcomes == {"clinic": WRITTEN, "lobby": FAILED}
    assert second.staged == {"lobby"}
    assert set(sessions_in(servers["b"])) == {"b/clinic"}


@contextmanager
def full_from(call: str, server: Server) -> Iterator[None]:
    """The disk of the ledger has no room any more as soon as a store is called in this way."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)

    def filling(asked: str, _: str) -> None:
        if asked == call:
            resource.setrlimit(resource.RLIMIT_FSIZE, (100, hard))

    server.failing = filling
    with no_file_above(soft):
        yield


def test_a_token_that_the_ledger_does_not_know_to_be_there_counts_for_nothing(
    tmp_path: Path,
) -> None:
    server = Server()
    with Ledger.open(tmp_path / "ledger.db") as ledger:
        ledger.record("production", map(minted, PROFILES))
    with full_from("switch", server):
        [one] = delivered(tmp_path, {"a": server})
    assert one.outcomes == {"clinic": FAILED, "lobby": FAILED}
    assert one.problem is not None
    assert one.problem.code == "ledger-behind"
    assert "`a/{profile}` was changed, and the ledger could not be told: " in one.problem.message
    # It is there all the same, and the next run finds that.
    assert set(sessions_in(server)) == {"a/clinic", "a/lobby"}
    assert one.staged == frozenset()
    server.failing = lambda _call, _name: None
    with Ledger.open(tmp_path / "ledger.db") as ledger:
        sink = sink_in(tmp_path, sink_for(server), {"name": "a/{profile}"}, *PROFILES)
        records = [*ledger.sessions("production").values()]
        finished = Deliverer(ledger, "production", [sink]).finish(sink, records)
        assert finished.outcomes == dict.fromkeys(PROFILES, UNCHANGED)
        assert all(one.sinks for one in ledger.sessions("production").values())


def test_what_was_taken_out_is_out_whether_the_ledger_knows_it_or_not(tmp_path: Path) -> None:
    server = Server()
    delivered(tmp_path, {"a": server})
    sink = sink_in(tmp_path, sink_for(server), {"name": "a/{profile}"}, *PROFILES)
    with Ledger.open(tmp_path / "ledger.db") as ledger:
        deliverer = Deliverer(ledger, "production", [sink])
        with full_from("remove", server):
            [one] = deliverer.deliver((), remove=frozenset(PROFILES))
    assert one.outcomes == dict.fromkeys(PROFILES, SinkOutcome.REMOVED)
    assert one.problem is not None
    assert one.problem.code == "ledger-behind"
    assert one.problem.hint is not None
    assert one.problem.hint.startswith("make room on the ledger's disk, and run this again")
    assert values_in(server) == {}
