"""Vault, the real one, with KV version 2: what is written, by whom, and what stands in the way."""

import time
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from tests.stores.destinations import PROFILES
from tests.stores.servers.vault import Vault, running_vault
from tests.stores.vaults import VaultDestination, failed, is_readers, refused, written
from voxmint.engine.sinks.contract import Change, Unfinished
from voxmint.engine.stores.content import OneSession
from voxmint.engine.stores.contract import Draft, Presence, StoreError, What
from voxmint.engine.stores.marks import claim_of, session_marks
from voxmint.engine.stores.sink import StoreSink
from voxmint.engine.stores.vault_client import RefusalError
from voxmint.problems import ProblemsError
from voxmint.secret import Secret
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


class TestASecretForEachProfile(SinkContract):
    @pytest.fixture
    def destination(self, vault: Vault, tmp_path: Path) -> Destination:
        found = VaultDestination(vault, tmp_path)
        assert found.kind == "vault"
        return found


class TestASecretForTheEnvironment(SinkContract):
    @pytest.fixture
    def destination(self, vault: Vault, tmp_path: Path) -> Destination:
        return VaultDestination(vault, tmp_path, name="all")


@pytest.fixture
def kv(vault: Vault, tmp_path: Path) -> VaultDestination:
    return VaultDestination(vault, tmp_path)


# ── what a secret is ─────────────────────────────────────────────────────────────────────────────


def test_custom_metadata_tells_what_a_secret_is_without_reading_it(kv: VaultDestination) -> None:
    one = session("clinic")._replace(digest="v1:0f", commit="c0ffee")
    kv.sink("clinic").write(Change((one,)))
    assert kv.marks(kv.name) == {
        "managed-by": "voxmint",
        "voxmint-environment": "production",
        "voxmint-profile": "clinic",
        "voxmint-digest": "v1:0f",
        "voxmint-commit": "c0ffee",
        "voxmint-expires-at": str(one.expires_at),
        "voxmint-session-id": "sess_1",
        "voxmint-version": "1",
    }


def test_a_version_that_somebody_else_wrote_is_not_taken_for_the_session(
    kv: VaultDestination,
) -> None:
    written(kv)
    sink = kv.sink("clinic")
    kv.put(kv.name, {"client_secret": "theirs"})
    assert sink.holds() == frozenset()
    # It is still voxmint's, and written anew.
    written(kv)
    assert sink.holds() == {"clinic"}
    assert kv.value(kv.name) == {**known("clinic"), "expires_at": session("clinic").expires_at}


def test_a_secret_for_an_environment_that_others_write_too_still_holds_its_sessions(
    vault: Vault, tmp_path: Path
) -> None:
    kv = VaultDestination(vault, tmp_path, name="all")
    name = f"{kv.base}/all"
    sink = kv.sink(*PROFILES)
    sink.write(delivering(*PROFILES))
    kv.put(name, {**(kv.value(name) or {}), "theirs": "1"})
    assert sink.holds() == set(PROFILES)


def test_marks_of_an_earlier_session_go_and_those_of_others_stay(kv: VaultDestination) -> None:
    written(kv)
    marks = {**kv.marks(kv.name), "team": "them"}
    kv.server.arrange(kv.path(kv.name, "metadata"), {"custom_metadata": marks})
    kv.sink("clinic").write(Change((session("clinic", 2)._replace(session_id=None),)))
    assert "voxmint-session-id" not in kv.marks(kv.name)
    assert kv.marks(kv.name)["team"] == "them"


def test_nothing_staged_is_left_after_a_switch(kv: VaultDestination) -> None:
    written(kv)
    written(kv, 2)
    assert kv.names() == [kv.name]


def test_a_version_ends_some_minutes_after_its_token(kv: VaultDestination) -> None:
    written(kv)
    about = kv.metadata(kv.name)
    [version] = about["versions"].values()
    end = datetime.fromisoformat(version["deletion_time"]).timestamp()
    assert 240 <= end - session("clinic").expires_at <= 420
    # The setting counts for what is written next, too, and need not be set again for equal lives.
    assert about["delete_version_after"].endswith("m0s")


def test_the_end_that_counts_is_that_of_the_latest_token(kv: VaultDestination) -> None:
    written(kv)
    later = session("clinic", 2)._replace(expires_at=session("clinic").expires_at + 86400)
    kv.sink("clinic").write(Change((later,)))
    versions = kv.metadata(kv.name)["versions"]
    ends = [datetime.fromisoformat(versions[one]["deletion_time"]) for one in ("1", "2")]
    assert 86000 <= (ends[1] - ends[0]).total_seconds() <= 86800


def test_what_others_keep_in_an_environment_s_secret_does_not_end_with_its_tokens(
    vault: Vault, tmp_path: Path
) -> None:
    kv = VaultDestination(vault, tmp_path, name="all", names={"profiles": {"clinic": "renamed"}})
    name = f"{kv.base}/all"
    sink = kv.sink(*PROFILES)

    def ends() -> bool:
        metadata = kv.metadata(name)
        current = metadata["versions"][str(metadata["current_version"])]
        return bool(current["deletion_time"])

    sink.write(delivering(*PROFILES))
    assert ends()
    value = kv.value(name)
    assert value is not None
    kv.put(name, {**value, "theirs": "1"})
    sink.write(delivering(*PROFILES, number=2))
    assert not ends()
    # Nor where what is staged is switched over later, or taken out.
    sink.finish(unfinished(kv, *PROFILES, number=3))
    assert set(kv.value(name) or {}) == {"renamed", "ward/7", "theirs"}
    assert not ends()
    sink.write(Change(remove=frozenset(PROFILES)))
    assert kv.value(name) == {"theirs": "1"}
    assert not ends()


def test_a_version_that_has_ended_is_not_there_and_its_name_is_still_ours(
    kv: VaultDestination,
) -> None:
    written(kv)
    kv.server.arrange(kv.path(kv.name, "metadata"), {"delete_version_after": "1s"})
    kv.put(kv.name, {"client_secret": "soon gone"})
    wait_until(lambda: kv.value(kv.name) is None)
    wait_until(lambda: kv.sink("clinic").holds() == frozenset())
    assert errors_of(kv.sink("clinic")) == []
    written(kv, 2)
    assert kv.read()["clinic"] == known("clinic", 2)
    assert kv.sink("clinic").holds() == {"clinic"}


def wait_until(condition: Any) -> None:
    """Asks until something is so, which Vault's clock brings about; forever would be a failure."""
    end = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < end, "it did not come to be so"
        time.sleep(0.05)


def test_a_version_that_somebody_deleted_is_written_anew(kv: VaultDestination) -> None:
    written(kv)
    assert kv.server.ask("DELETE", kv.path(kv.name)).is_success
    assert kv.sink("clinic").holds() == frozenset()
    # The very same session, too: its marks alone do not put it there.
    written(kv)
    assert kv.read()["clinic"] == known("clinic")


@pytest.mark.parametrize("versions", [1, 3])
def test_so_many_versions_stay(vault: Vault, tmp_path: Path, versions: int) -> None:
    kv = VaultDestination(vault, tmp_path, versions=versions)
    for number in range(1, 6):
        written(kv, number)
    live = [one for one in kv.metadata(kv.name)["versions"].values() if not one["destroyed"]]
    assert len(live) == versions


@pytest.fixture
def generous(vault: Vault) -> Iterator[Vault]:
    """A mount that keeps twenty versions of each secret, whatever a secret says."""
    vault.arrange("secret/config", {"max_versions": 20})
    yield vault
    vault.arrange("secret/config", {"max_versions": 0})


def test_what_the_mount_keeps_beyond_that_is_destroyed(generous: Vault, tmp_path: Path) -> None:
    kv = VaultDestination(generous, tmp_path)
    for number in range(1, 7):
        written(kv, number)
    versions = kv.metadata(kv.name)["versions"]
    assert len(versions) == 6
    live = [int(one) for one, about in versions.items() if not about["destroyed"]]
    assert max(live) == 6
    # What is one too many goes with the next write.
    assert len(live) <= 3


def test_what_a_killed_run_staged_is_taken_over(kv: VaultDestination) -> None:
    written(kv)
    # Never left: as a run that was killed leaves it.
    kv.sink("clinic").stage(delivering("clinic", number=2)).read_back()
    assert kv.names() == [kv.name, kv.staged]
    assert kv.marks(kv.staged)["managed-by"] == "voxmint"
    assert kv.metadata(kv.staged)["delete_version_after"] != "0s"
    written(kv, 3)
    assert kv.names() == [kv.name]
    assert kv.read()["clinic"] == known("clinic", 3)


def test_what_a_killed_run_staged_is_taken_out_with_the_secret(kv: VaultDestination) -> None:
    written(kv)
    kv.sink("clinic").stage(delivering("clinic", number=2)).read_back()
    kv.sink("clinic").write(Change(remove=frozenset({"clinic"})))
    assert kv.names() == []


def test_a_run_does_not_take_away_what_another_one_staged_after_it(kv: VaultDestination) -> None:
    written(kv)
    first, second = kv.sink("clinic"), kv.sink("clinic")
    with first.locked(), first.stage(delivering("clinic", number=2)):
        other = second.stage(delivering("clinic", number=3))
    other.read_back()
    assert other.switch() == {"clinic": WRITTEN}
    assert kv.read()["clinic"] == known("clinic", 3)


def test_a_secret_that_a_killed_run_began_to_make_is_taken_over(kv: VaultDestination) -> None:
    claim = {"managed-by": "voxmint", "voxmint-environment": "production"}
    kv.server.arrange(kv.path(kv.name, "metadata"), {"custom_metadata": claim})
    assert kv.sink("clinic").holds() == frozenset()
    written(kv, 2)
    assert kv.sink("clinic").holds() == {"clinic"}


def test_a_mount_may_demand_a_check_for_each_write(vault: Vault, tmp_path: Path) -> None:
    vault.arrange("secret/config", {"cas_required": True})
    try:
        kv = VaultDestination(vault, tmp_path)
        written(kv)
        kv.sink("clinic").stage(delivering("clinic", number=2)).read_back()
        written(kv, 3)
    finally:
        vault.arrange("secret/config", {"cas_required": False})
    assert kv.read()["clinic"] == known("clinic", 3)


def unfinished(kv: VaultDestination, *profiles: str, number: int = 2) -> tuple[Unfinished, ...]:
    """What a run leaves that may not write any longer once it has staged, as the ledger has it."""
    sink = kv.sink(*profiles)
    with sink.locked(), sink.stage(delivering(*profiles, number=number)) as staged:
        staged.read_back()
        with kv.letting({"cubbyhole/none": ("read",)}), pytest.raises(ProblemsError):
            staged.switch()
        pending = staged.pending
    return tuple(
        Unfinished(session(one.profile, number), one.version, one.before) for one in pending
    )


@pytest.mark.parametrize("name", ["{profile}", "all"])
@pytest.mark.parametrize("is_new", [True, False])
def test_a_later_run_switches_over_what_one_left(
    vault: Vault, tmp_path: Path, name: str, is_new: bool
) -> None:
    kv = VaultDestination(vault, tmp_path, name=name)
    if not is_new:
        kv.sink(*PROFILES).write(delivering(*PROFILES))
    before = kv.read()
    left = unfinished(kv, *PROFILES)
    assert len(left) == 2
    assert kv.read() == before
    sink = kv.sink(*PROFILES)
    finished = sink.finish(left)
    assert (finished.problems, finished.outcomes) == ({}, dict.fromkeys(PROFILES, WRITTEN))
    assert kv.read() == {one: known(one, 2) for one in PROFILES}
    assert sink.holds() == set(PROFILES)
    assert [one for one in kv.names() if not is_readers(one)] == []
    assert sink.finish(left).outcomes == dict.fromkeys(PROFILES, UNCHANGED)


def test_what_another_run_staged_since_is_not_taken_for_ours(kv: VaultDestination) -> None:
    written(kv)
    left = unfinished(kv, "clinic")
    kv.sink("clinic").stage(delivering("clinic", number=3)).read_back()
    sink = kv.sink("clinic")
    assert isinstance(sink, StoreSink)
    assert sink.store.read(kv.name, left[0].version) is None
    finished = sink.finish(left)
    assert (finished.outcomes, finished.problems) == ({}, {})
    assert kv.read()["clinic"] == known("clinic")


# ── what stands in the way ───────────────────────────────────────────────────────────────────────


def test_what_voxmint_did_not_write_is_refused_and_with_adopt_taken_over(
    kv: VaultDestination,
) -> None:
    kv.put(kv.name, {"theirs": "1"}, {"team": "them"})
    before = kv.state()
    problem = refused(kv)
    assert problem.code == "store-foreign"
    assert kv.name in problem.message
    assert kv.state() == before
    kv.around["adopts"] = True
    written(kv)
    assert kv.read()["clinic"] == known("clinic")
    assert kv.marks(kv.name)["team"] == "them"
    kv.around["adopts"] = False
    written(kv, 2)


def test_what_changes_while_it_is_taken_over_is_not_claimed(kv: VaultDestination) -> None:
    kv.put(kv.name, {"theirs": "1"}, {"team": "them"})
    kv.around["adopts"] = True
    sink = kv.sink("clinic")
    with sink.locked(), sink.stage(delivering("clinic")) as staged:
        staged.read_back()
        kv.put(kv.name, {"theirs": "2"})
        with pytest.raises(ProblemsError) as raised:
            staged.switch()
    assert [problem.code for problem in raised.value.problems] == ["store-changed"]
    assert kv.value(kv.name) == {"theirs": "2"}
    assert kv.marks(kv.name) == {"team": "them"}


def test_somebody_else_s_deleted_secret_is_no_missing_one(kv: VaultDestination) -> None:
    kv.put(kv.name, {"theirs": "1"})
    kv.server.ask("DELETE", kv.path(kv.name))
    assert refused(kv).code == "store-foreign"


def test_another_environment_s_secret_is_refused(kv: VaultDestination) -> None:
    written(kv)
    kv.settings["name"] = kv.settings["name"].replace("{environment}", "production")
    kv.around["environment"] = "staging"
    assert "for the environment `production`" in refused(kv).message
    assert kv.sink("clinic").holds() == frozenset()


def test_what_somebody_else_made_meanwhile_is_neither_lost_nor_claimed(
    kv: VaultDestination,
) -> None:
    """Even in the moment between the claim and the value."""
    sink = kv.sink("clinic")
    assert isinstance(sink, StoreSink)
    found = sink.store.look(kv.name)
    assert found.presence is Presence.MISSING
    kv.put(kv.name, {"theirs": "1"}, {"managed-by": "voxmint", "voxmint-environment": "production"})
    draft = drafted(kv, found)
    engine: Any = sink.store._engine  # type: ignore[attr-defined]  # the moment cannot be had otherwise
    with pytest.raises(StoreError) as raised:
        engine._replace(draft)
    assert raised.value.trouble.what is What.CHANGED
    assert kv.value(kv.name) == {"theirs": "1"}
    assert kv.marks(kv.name) == {}


def drafted(kv: VaultDestination, found: Any, number: int = 2, token: str | None = None) -> Draft:
    """A draft as the sink makes it."""
    one = session("clinic", number)
    if token is not None:
        one = one._replace(token=Secret(token))
    content = OneSession(one, {"client_secret": "client_secret", "expires_at": "expires_at"})
    marks = session_marks("production", one)
    return Draft(kv.name, found, content, marks, claim_of("production"), one.expires_at)


def test_the_server_s_own_refusal_of_a_large_value_is_understood(kv: VaultDestination) -> None:
    sink = kv.sink("clinic")
    assert isinstance(sink, StoreSink)
    draft = drafted(kv, sink.store.look(kv.name), token="ek_canary" + "x" * (2 << 20))
    with pytest.raises(RefusalError) as raised:
        sink.store.stage(draft)
    trouble = sink.store.trouble_of(raised.value)
    assert trouble.what is What.TOO_LARGE
    assert "canary" not in str(trouble)
    assert kv.names() == []


def test_a_value_that_is_too_large_is_refused_before_anything_is_staged(
    kv: VaultDestination,
) -> None:
    large = session("clinic")._replace(token=Secret("ek_" + "x" * 1_000_000))
    sink = kv.sink("clinic", "ward/7")
    with sink.locked(), sink.stage(Change((large, session("ward/7")))) as staged:
        assert staged.refused["clinic"].code == "store-too-large"
        staged.switch()
    assert kv.names() == [f"{kv.base}/ward/7"]


def test_a_seal_is_told(tmp_path: Path) -> None:
    with running_vault() as server:
        kv = VaultDestination(server, tmp_path)
        kv.environ["VAULT_MAX_RETRIES"] = "0"
        sink = kv.sink("clinic")
        written(kv)
        assert server.ask("PUT", "sys/seal").is_success
        [problem] = errors_of(sink)
    assert problem.code == "store-unreachable"
    assert "sealed" in problem.message


# ── who may ──────────────────────────────────────────────────────────────────────────────────────


def a_life(kv: VaultDestination) -> None:
    """Everything that a sink does with a secret, in several runs; raises where it may not."""
    sink = kv.sink("clinic")
    problems = errors_of(sink)
    if problems:
        raise ProblemsError(problems)
    sink.write(delivering("clinic"))
    later = session("clinic", 2)._replace(expires_at=session("clinic").expires_at + 86400)
    sink.write(Change((later,)))
    assert sink.holds() == {"clinic"}
    sink.write(Change(remove=frozenset({"clinic"})))


def test_the_rights_that_the_page_lists_are_enough(generous: Vault, tmp_path: Path) -> None:
    kv = VaultDestination(generous, tmp_path)
    a_life(kv)
    assert kv.names() == []


RIGHTS = [
    *(("metadata", one) for one in ("create", "update", "read", "delete")),
    *(("data", one) for one in ("update", "read")),
]


def without(kv: VaultDestination, kind: str, right: str) -> Mapping[str, tuple[str, ...]]:
    return {
        path: tuple(one for one in rights if (kind, one) != (path.split("/")[1], right))
        or ("deny",)
        for path, rights in kv.policy.items()
    }


def test_these_are_all_that_the_page_lists(kv: VaultDestination) -> None:
    listed = [(path.split("/")[1], one) for path, found in kv.policy.items() for one in found]
    assert sorted(listed) == sorted([*RIGHTS, ("destroy", "update")])


@pytest.mark.parametrize(("kind", "right"), RIGHTS)
def test_each_of_them_is_needed_and_named_where_it_is_missing(
    kv: VaultDestination, kind: str, right: str
) -> None:
    kv.let(without(kv, kind, right))
    with pytest.raises(ProblemsError) as raised:
        a_life(kv)
    [problem] = raised.value.problems
    assert problem.code == "store-denied", problem.message
    assert f"{right}" in problem.message
    assert f"`secret/{kind}/{kv.name}" in problem.message
    assert "docs/stores/vault.md" in str(problem.hint)


def test_the_right_to_destroy_is_needed_where_the_mount_keeps_more(
    generous: Vault, tmp_path: Path
) -> None:
    kv = VaultDestination(generous, tmp_path)
    kv.let(without(kv, "destroy", "update"))
    for number in range(1, 6):
        written(kv, number)
    versions = kv.metadata(kv.name)["versions"].values()
    assert len([one for one in versions if not one["destroyed"]]) == 5


def test_a_look_needs_one_right_alone(kv: VaultDestination) -> None:
    written(kv)
    with kv.letting({f"secret/metadata/{kv.base}/*": ("read",)}):
        assert kv.sink("clinic").holds() == {"clinic"}


def test_a_missing_right_to_write_leaves_nothing_of_a_new_secret(kv: VaultDestination) -> None:
    with kv.letting(without(kv, "data", "update")):
        assert failed(kv).code == "store-denied"
    assert kv.names() == []


def test_the_same_again_is_not_written(kv: VaultDestination) -> None:
    written(kv)
    assert kv.sink("clinic").write(delivering("clinic")) == {"clinic": UNCHANGED}
    assert kv.metadata(kv.name)["current_version"] == 1


def test_all_profiles_are_asked_about_at_once(kv: VaultDestination) -> None:
    profiles = [*PROFILES, *(f"bed/{number}" for number in range(20))]
    outcomes = kv.sink(*profiles).write(delivering(*profiles))
    assert set(outcomes.values()) == {WRITTEN}
    assert kv.sink(*profiles).holds() == set(profiles)
