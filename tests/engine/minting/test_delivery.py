"""What becomes of a group of tokens where some of its sinks do not take all of it."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from tests.engine.stores.memory import Server, sink_for, values_in
from voxmint.engine.ledger.ledger import Ledger
from voxmint.engine.minting.delivery import Delivered, Deliverer
from voxmint.engine.stores.contract import StoreError, Trouble, What
from voxmint.testing.sink_contract import FAILED, WRITTEN, session, sink_in

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
        return deliverer.deliver([session(profile, number) for profile in PROFILES])


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
