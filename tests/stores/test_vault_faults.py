"""Vault, the real one, behind a network that fails: each request in turn, in each way."""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.stores.destinations import PROFILES
from tests.stores.servers.faulty import Fault, Faulty, Request, running_faulty
from tests.stores.servers.toxiproxy import Toxiproxy
from tests.stores.servers.vault import Vault
from tests.stores.store_contract import Line, StoreContract, through
from tests.stores.vaults import QUOTA, VaultDestination, failed, is_readers, written
from voxmint.engine.sinks.contract import Unfinished
from voxmint.problems import ProblemsError
from voxmint.testing.sink_contract import (
    UNCHANGED,
    WRITTEN,
    delivering,
    errors_of,
    known,
    session,
)

pytestmark = pytest.mark.stores

# ── what is asked ────────────────────────────────────────────────────────────────────────────────

FIRST = ["GET mounts", "GET metadata"]
STAGED = ["POST metadata staged", "POST data staged", "GET data staged"]
MADE = ["GET metadata", "POST metadata", "POST data", "POST metadata", "DELETE metadata staged"]
RENEWED = ["POST data", "POST metadata", "DELETE metadata staged"]


@pytest.fixture
def kv(vault: Vault, tmp_path: Path) -> VaultDestination:
    return VaultDestination(vault, tmp_path)


@pytest.fixture
def faulty(kv: VaultDestination) -> Iterator[Faulty]:
    """What stands before the server; nothing is repeated by itself."""
    with running_faulty(kv.server.address) as found:
        kv.environ |= {"VAULT_ADDR": found.address, "VAULT_MAX_RETRIES": "0"}
        yield found


def requests_of(faulty: Faulty, write: Callable[[], object]) -> list[str]:
    """What a write asks the server."""
    before = len(faulty.requests)
    write()
    return [called(one) for one in faulty.requests[before:]]


def called(asked: Request) -> str:
    parts = asked.path.partition("?")[0].split("/")
    place = "mounts" if parts[2] == "sys" else parts[3]
    staged = " staged" if asked.path.partition("?")[0].endswith(".voxmint-staged") else ""
    return f"{asked.method} {place}{staged}"


def test_a_write_asks_no_more_than_it_has_to(kv: VaultDestination, faulty: Faulty) -> None:
    assert requests_of(faulty, lambda: written(kv)) == [*FIRST, *STAGED, *MADE]
    assert requests_of(faulty, lambda: written(kv, 2)) == [*FIRST, *STAGED, *RENEWED]
    again = delivering("clinic", number=2)
    same = requests_of(faulty, lambda: kv.sink("clinic").write(again))
    assert same == [*FIRST, "GET data"]


# ── each request in turn ─────────────────────────────────────────────────────────────────────────


@pytest.mark.slow
class TestOverANetworkThatFails(StoreContract):
    @pytest.fixture
    def line(self, kv: VaultDestination, faulty: Faulty) -> Line:
        def session_of() -> str:
            return kv.marks(kv.name)["voxmint-session-id"]

        def leftovers() -> list[str]:
            return [one for one in kv.names() if one != kv.name]

        return replace(through(faulty, kv, session_of), leftovers=leftovers)


@pytest.mark.parametrize("fault", [Fault.APPLIED, Fault.CUT])
@pytest.mark.parametrize("is_new", [True, False])
def test_a_write_whose_answer_is_lost_is_found_to_be_done(
    kv: VaultDestination, faulty: Faulty, fault: Fault, is_new: bool
) -> None:
    if not is_new:
        written(kv)
    with faulty.failing(lambda asked: fault if called(asked) == "POST data" else None):
        written(kv, 2)
    assert kv.read()["clinic"] == known("clinic", 2)
    assert kv.metadata(kv.name)["current_version"] == (1 if is_new else 2)


@pytest.mark.parametrize("fault", [Fault.LOST, Fault.BUSY])
def test_a_new_secret_whose_write_fails_leaves_nothing(
    kv: VaultDestination, faulty: Faulty, fault: Fault
) -> None:
    with faulty.failing(lambda asked: fault if called(asked) == "POST data" else None):
        assert failed(kv).code == "store-unreachable"
    assert [one for one in kv.names() if is_readers(one)] == []


@pytest.mark.parametrize("name", ["{profile}", "all"])
@pytest.mark.parametrize("is_new", [True, False])
def test_a_value_whose_marks_could_not_be_set_is_finished_by_the_next_run(
    vault: Vault, tmp_path: Path, name: str, is_new: bool
) -> None:
    kv = VaultDestination(vault, tmp_path, name=name)
    if not is_new:
        kv.sink(*PROFILES).write(delivering(*PROFILES))
    with running_faulty(vault.address) as faulty:
        kv.environ |= {"VAULT_ADDR": faulty.address, "VAULT_MAX_RETRIES": "0"}
        [left] = cut_before_marks(kv, faulty)
    kv.environ["VAULT_ADDR"] = vault.address
    # What is there is what was staged, and nothing tells of it.
    assert kv.read()["clinic"] == known("clinic", 2)
    sink = kv.sink(*PROFILES)
    assert sink.finish([left]).outcomes == {"clinic": WRITTEN}
    assert kv.read()["clinic"] == known("clinic", 2)
    assert sink.holds() == ({"clinic"} if is_new else set(PROFILES))
    assert [one for one in kv.names() if not is_readers(one)] == []
    assert sink.finish([left]).outcomes == {"clinic": UNCHANGED}


def test_a_value_that_somebody_wrote_since_is_not_taken_for_the_staged_one(
    kv: VaultDestination, faulty: Faulty
) -> None:
    written(kv)
    [left] = cut_before_marks(kv, faulty)
    value = kv.value(kv.name)
    assert value is not None
    # Once as it is, and once with another value: neither is what the run wrote.
    for theirs in (value, {"theirs": "1"}):
        kv.put(kv.name, theirs)
        number = kv.metadata(kv.name)["current_version"]
        finished = kv.sink("clinic").finish([left])
        assert (finished.outcomes, finished.problems) == ({}, {})
        assert kv.metadata(kv.name)["current_version"] == number
        assert kv.value(kv.name) == theirs
        assert kv.marks(kv.name)["voxmint-session-id"] == "sess_1"


def cut_before_marks(kv: VaultDestination, faulty: Faulty) -> list[Unfinished]:
    """What a run leaves that wrote its value, and could not set the marks that tell of it."""
    first = len(faulty.requests)

    def after_the_value(asked: Request) -> Fault | None:
        before = map(called, faulty.requests[first:])
        return Fault.LOST if called(asked) == "POST metadata" and "POST data" in before else None

    sink = kv.sink(*PROFILES)
    with sink.locked(), sink.stage(delivering("clinic", number=2)) as staged:
        staged.read_back()
        pending = staged.pending
        with faulty.failing(after_the_value), pytest.raises(ProblemsError):
            staged.switch()
    return [Unfinished(session("clinic", 2), one.version, one.before) for one in pending]


# ── trying again ─────────────────────────────────────────────────────────────────────────────────


def test_what_reads_is_tried_again_and_what_writes_is_not(
    kv: VaultDestination, faulty: Faulty, caplog: pytest.LogCaptureFixture
) -> None:
    written(kv)
    kv.environ["VAULT_MAX_RETRIES"] = "1"
    seen: Counter[str] = Counter()

    def first_of_each(asked: Request) -> Fault | None:
        seen[called(asked)] += 1
        is_first = asked.method == "GET" and seen[called(asked)] == 1
        return Fault.BUSY if is_first else None

    with faulty.failing(first_of_each):
        written(kv, 2)
    assert all(count == 2 for name, count in seen.items() if name.startswith("GET"))
    assert all(count == 1 for name, count in seen.items() if name.startswith("POST"))
    assert caplog.text == ""


def test_a_connection_that_breaks_is_tried_again_in_silence(
    kv: VaultDestination, faulty: Faulty, caplog: pytest.LogCaptureFixture
) -> None:
    written(kv)
    kv.environ["VAULT_MAX_RETRIES"] = "1"
    with faulty.failing(faulty.failing_number(1, Fault.LOST)):
        written(kv, 2)
    assert caplog.text == ""


def test_a_quota_that_is_used_up_is_told_and_waited_for(
    limited: Vault, kv: VaultDestination
) -> None:
    written(kv)
    limited.arrange(QUOTA, {"path": "secret/", "rate": 1, "interval": "60s"})
    kv.environ["VAULT_MAX_RETRIES"] = "0"
    assert failed(kv).code == "store-busy"
    limited.arrange(QUOTA, {"path": "secret/", "rate": 4, "interval": "1s"})
    kv.environ["VAULT_MAX_RETRIES"] = "9"
    written(kv, 2)
    limited.ask("DELETE", QUOTA)
    assert kv.read()["clinic"] == known("clinic", 2)


# ── a real proxy, with TLS ───────────────────────────────────────────────────────────────────────


def test_a_slow_network_is_no_trouble(kv: VaultDestination, toxiproxy: Toxiproxy) -> None:
    with toxiproxy.before(kv.server.address) as proxy:
        kv.environ["VAULT_ADDR"] = proxy.address
        with proxy.slow(20):
            written(kv)


def test_a_server_that_never_answers_is_given_up(
    kv: VaultDestination, toxiproxy: Toxiproxy
) -> None:
    written(kv)
    with toxiproxy.before(kv.server.address) as proxy:
        kv.environ |= {
            "VAULT_ADDR": proxy.address,
            "VAULT_CLIENT_TIMEOUT": "0.3",
            "VAULT_MAX_RETRIES": "0",
        }
        with proxy.silent():
            [problem] = errors_of(kv.sink("clinic"))
    assert problem.code == "store-unreachable"
    assert "no answer came in time" in problem.message
    assert kv.read()["clinic"] == known("clinic")


def test_answers_that_are_lost_on_the_way_through_tls_are_told(
    kv: VaultDestination, toxiproxy: Toxiproxy
) -> None:
    written(kv)
    with toxiproxy.before(kv.server.address) as proxy:
        kv.environ |= {"VAULT_ADDR": proxy.address, "VAULT_MAX_RETRIES": "0"}
        for fault in (proxy.answers_lost, proxy.answers_reset, proxy.requests_reset, proxy.down):
            with fault():
                assert failed(kv).code == "store-unreachable"
        written(kv, 2)
    assert kv.read()["clinic"] == known("clinic", 2)
