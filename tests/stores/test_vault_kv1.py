"""Vault, the real one, with KV version 1, which has no versions, no check and no metadata."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

import pytest

from tests.stores.servers.faulty import Fault, Faulty, running_faulty
from tests.stores.servers.vault import Vault
from tests.stores.store_contract import Line, StoreContract, through
from tests.stores.vaults import QUOTA, VaultDestination, failed, refused, written
from voxmint.engine.sinks.contract import Change, Unfinished
from voxmint.engine.stores.sink import StoreSink
from voxmint.problems import ProblemsError
from voxmint.testing.sink_contract import (
    UNCHANGED,
    WRITTEN,
    Destination,
    SinkContract,
    delivering,
    errors_of,
    known,
    session,
)

pytestmark = pytest.mark.stores


class FirstVersion(VaultDestination):
    """As the other one, at a mount of KV version 1."""

    policy_on_page: ClassVar[int] = 1
    mount: ClassVar[str] = "kv"

    def path(self, name: str, kind: str = "data") -> str:
        del kind  # in this version a value and what is known of it have one path
        return f"{self.mount}/{name}"

    def value(self, name: str) -> dict[str, Any] | None:
        found: dict[str, Any] | None = self.server.ask("GET", self.path(name)).json().get("data")
        return found

    def put(self, name: str, value: Any, marks: Any = None) -> None:
        assert marks is None, "in this version there is no place for them"
        self.server.arrange(self.path(name), value)

    def state(self) -> object:
        return {name: self.value(name) for name in self.names()}

    def add_foreign(self) -> bool:
        self.put(self.others, {"theirs": "1"})
        return True

    def foreign(self) -> object:
        return self.value(self.others)

    def marks(self, name: str) -> dict[str, str]:
        return self.value(f"{name}.voxmint-marks") or {}


@pytest.fixture(scope="session")
def mounted(vault: Vault) -> Vault:
    vault.arrange("sys/mounts/kv", {"type": "kv", "options": {"version": "1"}})
    return vault


@pytest.fixture
def kv(mounted: Vault, tmp_path: Path) -> FirstVersion:
    return FirstVersion(mounted, tmp_path)


class TestASecretForEachProfile(SinkContract):
    @pytest.fixture
    def destination(self, kv: FirstVersion) -> Destination:
        return kv


class TestASecretForTheEnvironment(SinkContract):
    @pytest.fixture
    def destination(self, mounted: Vault, tmp_path: Path) -> Destination:
        return FirstVersion(mounted, tmp_path, name="all")


def test_the_marks_are_an_entry_beside_it(kv: FirstVersion) -> None:
    one = session("clinic")._replace(digest="v1:0f", commit="c0ffee")
    kv.sink("clinic").write(Change((one,)))
    assert kv.names() == [kv.name, f"{kv.name}.voxmint-marks"]
    assert {name: text for name, text in kv.marks(kv.name).items() if name != "version"} == {
        "managed-by": "voxmint",
        "voxmint-environment": "production",
        "voxmint-profile": "clinic",
        "voxmint-digest": "v1:0f",
        "voxmint-commit": "c0ffee",
        "voxmint-expires-at": str(one.expires_at),
        "voxmint-session-id": "sess_1",
    }


def test_what_voxmint_did_not_write_is_refused_and_with_adopt_taken_over(kv: FirstVersion) -> None:
    kv.put(kv.name, {"theirs": "1"})
    assert refused(kv).code == "store-foreign"
    assert kv.value(kv.name) == {"theirs": "1"}
    kv.around["adopts"] = True
    written(kv)
    kv.around["adopts"] = False
    written(kv, 2)


def test_a_value_that_somebody_deleted_is_written_anew(kv: FirstVersion) -> None:
    written(kv)
    kv.server.ask("DELETE", kv.path(kv.name))
    assert kv.sink("clinic").holds() == frozenset()
    written(kv)
    assert kv.read()["clinic"] == known("clinic")
    assert kv.sink("clinic").write(delivering("clinic")) == {"clinic": UNCHANGED}


def test_what_a_killed_run_staged_is_taken_over(kv: FirstVersion) -> None:
    written(kv)
    sink = kv.sink("clinic")
    sink.stage(delivering("clinic", number=2)).read_back()
    assert kv.staged in kv.names()
    assert isinstance(sink, StoreSink)
    assert sink.store.read(kv.name, "staged-by-another-run") is None
    written(kv, 3)
    assert kv.staged not in kv.names()
    assert kv.read()["clinic"] == known("clinic", 3)


def test_what_a_killed_run_staged_is_taken_out_with_the_secret(kv: FirstVersion) -> None:
    written(kv)
    kv.sink("clinic").stage(delivering("clinic", number=2)).read_back()
    kv.sink("clinic").write(Change(remove=frozenset({"clinic"})))
    assert kv.names() == []


def test_a_secret_that_a_killed_run_began_to_make_can_be_purged(kv: FirstVersion) -> None:
    claim = {"managed-by": "voxmint", "voxmint-environment": "production"}
    kv.put(f"{kv.name}.voxmint-marks", claim)
    assert kv.sink("clinic").holds() == frozenset()
    kv.sink("clinic").write(Change(remove=frozenset({"clinic"})))
    assert kv.names() == []


def test_a_later_run_switches_over_what_one_left(kv: FirstVersion) -> None:
    written(kv)
    sink = kv.sink("clinic")
    with sink.locked(), sink.stage(delivering("clinic", number=2)) as staged:
        with kv.letting({"cubbyhole/none": ("read",)}), pytest.raises(ProblemsError):
            staged.switch()
        [pending] = staged.pending
    assert kv.read()["clinic"] == known("clinic")
    left = Unfinished(session("clinic", 2), pending.version, pending.before)
    assert kv.sink("clinic").finish([left]).outcomes == {"clinic": WRITTEN}
    assert kv.read()["clinic"] == known("clinic", 2)
    assert kv.staged not in kv.names()
    assert kv.sink("clinic").finish([left]).outcomes == {"clinic": UNCHANGED}


def test_an_engine_that_is_taken_away_is_no_empty_one(kv: FirstVersion) -> None:
    kv.server.arrange(f"sys/mounts/{kv.prefix}", {"type": "kv", "options": {"version": "1"}})
    kv.settings["mount"] = kv.prefix
    kv.environ["VAULT_TOKEN"] = kv.server.token
    sink = kv.sink("clinic")
    assert sink.holds() == frozenset()
    assert kv.server.ask("DELETE", f"sys/mounts/{kv.prefix}").is_success
    with pytest.raises(ProblemsError) as raised:
        sink.holds()
    assert [problem.code for problem in raised.value.problems] == ["store-refused"]


def a_life(kv: FirstVersion) -> None:
    """Everything that a sink does with a secret; raises where it may not."""
    sink = kv.sink("clinic")
    problems = errors_of(sink)
    if problems:
        raise ProblemsError(problems)
    sink.write(delivering("clinic"))
    sink.write(delivering("clinic", number=2))
    sink.write(Change(remove=frozenset({"clinic"})))


def test_the_rights_that_the_page_lists_are_enough(kv: FirstVersion) -> None:
    assert [set(rights) for rights in kv.policy.values()] == [
        {"create", "update", "read", "delete", "list"}
    ]
    a_life(kv)
    assert kv.names() == []


@pytest.mark.parametrize("right", ["create", "update", "read", "delete", "list"])
def test_each_right_of_the_page_is_needed_and_named_where_it_is_missing(
    kv: FirstVersion, right: str
) -> None:
    [(path, rights)] = kv.policy.items()
    kv.let({path: tuple(one for one in rights if one != right)})
    with pytest.raises(ProblemsError) as raised:
        a_life(kv)
    [problem] = raised.value.problems
    assert problem.code == "store-denied"
    assert right in problem.message
    assert f"`kv/{kv.base}" in problem.message


# ── a network that fails ─────────────────────────────────────────────────────────────────────────


@pytest.fixture
def faulty(kv: FirstVersion) -> Iterator[Faulty]:
    with running_faulty(kv.server.address) as found:
        kv.environ |= {"VAULT_ADDR": found.address, "VAULT_MAX_RETRIES": "0"}
        yield found


RENEWAL = 10
"""Requests: what is mounted, a look of two, what is staged, a look, the writes and the tidying."""


def test_a_renewal_asks_no_more_than_it_has_to(kv: FirstVersion, faulty: Faulty) -> None:
    written(kv)
    before = len(faulty.requests)
    written(kv, 2)
    assert len(faulty.requests) - before == RENEWAL


def test_a_quota_that_is_used_up_at_any_request_leaves_the_old_value_or_the_new_one(
    limited: Vault, kv: FirstVersion
) -> None:
    kv.environ["VAULT_MAX_RETRIES"] = "0"
    codes = set()
    for rate in range(1, RENEWAL):
        written(kv, 2 * rate)
        limited.arrange(QUOTA, {"path": "kv/", "rate": rate, "interval": "1h"})
        try:
            assert kv.sink("clinic").write(delivering("clinic", number=2 * rate + 1))
        except ProblemsError as error:
            codes |= {problem.code for problem in error.problems}
        limited.ask("DELETE", QUOTA)
        assert kv.read()["clinic"] in (known("clinic", 2 * rate), known("clinic", 2 * rate + 1))
    assert codes == {"store-busy"}
    written(kv, 2 * RENEWAL)


@pytest.mark.slow
class TestOverANetworkThatFails(StoreContract):
    @pytest.fixture
    def line(self, kv: FirstVersion, faulty: Faulty) -> Line:
        def session_of() -> str:
            return kv.marks(kv.name)["voxmint-session-id"]

        def leftovers() -> set[str]:
            return {*kv.names()} - {kv.name, f"{kv.name}.voxmint-marks"}

        return replace(through(faulty, kv, session_of), leftovers=leftovers)


@pytest.mark.parametrize("fault", [Fault.APPLIED, Fault.BUSY])
def test_a_new_secret_whose_write_fails_is_taken_up_by_the_next(
    kv: FirstVersion, faulty: Faulty, fault: Fault
) -> None:
    with faulty.failing(
        lambda asked: fault if asked.method == "POST" and asked.path.endswith("/clinic") else None
    ):
        if fault is Fault.BUSY:
            assert failed(kv).code == "store-unreachable"
            assert kv.names() == [kv.staged]
        else:
            # The answer was lost, and the value is there.
            written(kv)
    written(kv, 2)
    assert kv.read()["clinic"] == known("clinic", 2)
