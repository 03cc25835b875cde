"""Azure Key Vault, faked by a server of our own and asked by Azure's SDK in its usual settings.

A write is eight requests of a client that works hard for each, so most of these tests are marked
slow; a few of all kinds are not.
"""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.stores.azure_keyvaults import (
    NAME,
    OTHERS,
    STAGED,
    KeyVault,
    failing_write,
    refused,
    written,
)
from tests.stores.destinations import in_environment
from tests.stores.servers.azure import VAULT, Azure
from voxmint.engine.sinks.contract import Change, Finished, Unfinished
from voxmint.problems import ProblemsError
from voxmint.testing.sink_contract import (
    UNCHANGED,
    WRITTEN,
    Destination,
    SinkContract,
    delivering,
    known,
    session,
)


@pytest.fixture
def server(azure: Azure) -> Iterator[Azure]:
    """The server, as this process's environment leads to it."""
    with in_environment(azure.environ):
        yield azure


@pytest.mark.slow
class TestASecretForEachProfile(SinkContract):
    @pytest.fixture
    def destination(self, server: Azure, tmp_path: Path) -> Destination:
        return KeyVault(server, tmp_path)


@pytest.mark.slow
class TestASecretForTheEnvironment(SinkContract):
    @pytest.fixture
    def destination(self, server: Azure, tmp_path: Path) -> Destination:
        return KeyVault(server, tmp_path, name="voxmint-{environment}")


@pytest.fixture
def secrets(server: Azure, tmp_path: Path) -> KeyVault:
    return KeyVault(server, tmp_path)


# ── what a secret is ─────────────────────────────────────────────────────────────────────────────


def test_tags_and_expiry_tell_what_a_secret_is_without_reading_it(secrets: KeyVault) -> None:
    one = session("clinic")._replace(digest="v1:0f", commit="c0ffee")
    sink = secrets.sink("clinic")
    assert (sink.kind, sink.address) == (
        "azure-keyvault",
        f"{VAULT} voxmint-production-{{profile}}",
    )
    sink.write(Change((one,)))
    latest = secrets.there()[NAME].latest
    assert latest.tags == {
        "managed-by": "voxmint",
        "voxmint-environment": "production",
        "voxmint-profile": "clinic",
        "voxmint-digest": "v1:0f",
        "voxmint-commit": "c0ffee",
        "voxmint-expires-at": str(one.expires_at),
        "voxmint-session-id": "sess_1",
    }
    assert (latest.expires, latest.content_type) == (one.expires_at, "application/json")


@pytest.mark.slow
def test_a_version_that_somebody_else_wrote_is_not_taken_for_the_session(
    secrets: KeyVault,
) -> None:
    written(secrets)
    sink = secrets.sink("clinic")
    secrets.add(NAME)
    assert sink.holds() == frozenset()
    # Tags are a version's own: with none it is somebody else's, and is not lost.
    assert refused(secrets).code == "store-foreign"
    assert secrets.value(NAME) == "theirs"


@pytest.mark.slow
def test_tags_of_an_earlier_session_go_and_those_of_others_stay(
    server: Azure, tmp_path: Path
) -> None:
    secrets = KeyVault(server, tmp_path, tags={"cost-center": "7"})
    written(secrets)
    secrets.there()[NAME].latest.tags["team"] = "them"
    secrets.sink("clinic").write(Change((session("clinic", 2)._replace(session_id=None),)))
    tags = secrets.tags(NAME)
    assert "voxmint-session-id" not in tags
    assert (tags["cost-center"], tags["team"]) == ("7", "them")
    assert tags["voxmint-expires-at"] == str(session("clinic", 2).expires_at)


@pytest.mark.slow
def test_it_may_be_the_token_alone(server: Azure, tmp_path: Path) -> None:
    secrets = KeyVault(server, tmp_path, payload="token")
    written(secrets)
    assert secrets.value(NAME) == known("clinic")["client_secret"]
    assert secrets.there()[NAME].latest.content_type == "text/plain"
    assert secrets.sink("clinic").write(delivering("clinic")) == {"clinic": UNCHANGED}


@pytest.mark.slow
def test_only_the_latest_version_can_be_read(secrets: KeyVault) -> None:
    for number in (1, 2, 3):
        written(secrets, number)
    assert len(secrets.there()[NAME].versions) == 3
    assert [one.value for one in secrets.readable(NAME)] == [secrets.value(NAME)]
    # What was staged beside it is not there to be read, and never was under the secret's own name.
    assert secrets.readable(NAME + STAGED) == []
    assert len(secrets.there()[NAME + STAGED].versions) == 3


@pytest.mark.slow
def test_of_two_versions_in_one_second_the_one_that_can_be_read_counts(secrets: KeyVault) -> None:
    secrets.vault.stands = True
    for number in range(1, 6):
        written(secrets, number)
        again = secrets.sink("clinic").write(delivering("clinic", number=number))
        assert again == {"clinic": UNCHANGED}


@pytest.mark.slow
def test_many_versions_are_listed_page_by_page(secrets: KeyVault) -> None:
    secrets.vault.page = 2
    for number in range(1, 6):
        written(secrets, number)
    assert secrets.sink("clinic").holds() == {"clinic"}
    assert secrets.read()["clinic"] == known("clinic", 5)
    assert len(secrets.readable(NAME)) == 1


@pytest.mark.slow
@pytest.mark.parametrize("is_read_back", [True, False])
def test_what_a_killed_run_staged_is_taken_over(secrets: KeyVault, is_read_back: bool) -> None:
    written(secrets)
    # Never left: as a run that was killed leaves it.
    staged = secrets.sink("clinic").stage(delivering("clinic", number=2))
    if is_read_back:
        staged.read_back()
    assert secrets.read()["clinic"] == known("clinic")
    assert len(secrets.readable(NAME + STAGED)) == (not is_read_back)
    written(secrets, 3)
    assert secrets.readable(NAME + STAGED) == []
    assert secrets.read()["clinic"] == known("clinic", 3)


@pytest.mark.slow
def test_what_a_killed_run_staged_is_read_by_nobody_but_the_run_that_finishes_it(
    secrets: KeyVault,
) -> None:
    written(secrets)
    sink = secrets.sink("clinic")
    with sink.locked(), sink.stage(delivering("clinic", number=2)) as staged:
        staged.read_back()
        [one] = staged.pending
        assert secrets.readable(NAME + STAGED) == []
        left = Unfinished(session("clinic", 2), one.version, one.before)
        assert secrets.sink("clinic").finish([left]) == Finished({"clinic": WRITTEN})
        assert secrets.read()["clinic"] == known("clinic", 2)
        # The run that was thought dead is too late.
        with pytest.raises(ProblemsError, match="there is another version"):
            staged.switch()
    assert len(secrets.readable(NAME)) == 1
    assert secrets.readable(NAME + STAGED) == []
    assert secrets.sink("clinic").finish([left]) == Finished({"clinic": UNCHANGED})


@pytest.mark.slow
def test_what_is_no_value_staged_for_a_secret_is_never_read_for_it(secrets: KeyVault) -> None:
    written(secrets)
    secrets.add(OTHERS, json.dumps(known("clinic", 2)))
    number = secrets.there()[OTHERS].latest.number
    left = Unfinished(session("clinic", 2), f"{OTHERS}/{number}", None)
    assert secrets.sink("clinic").finish([left]) == Finished()
    assert secrets.read()["clinic"] == known("clinic")
    assert [one.is_enabled for one in secrets.there()[OTHERS].versions] == [True]


@pytest.mark.slow
def test_what_a_run_killed_in_the_middle_of_its_switch_left_is_tidied_up(
    secrets: KeyVault,
) -> None:
    written(secrets)
    written(secrets, 2)
    # As if it had not come to disabling the version before.
    for one in secrets.there()[NAME].versions:
        one.is_enabled = True
    written(secrets, 3)
    assert len(secrets.readable(NAME)) == 1


# ── what stands in the way ───────────────────────────────────────────────────────────────────────


def test_what_voxmint_did_not_write_is_refused_and_with_adopt_taken_over(
    secrets: KeyVault,
) -> None:
    secrets.add(NAME, team="them")
    problem = refused(secrets)
    assert problem.code == "store-foreign"
    assert NAME in problem.message
    assert secrets.value(NAME) == "theirs"
    secrets.around["adopts"] = True
    written(secrets)
    assert secrets.tags(NAME)["team"] == "them"
    # Their version is theirs, and stays as it is.
    assert [one.value == "theirs" for one in secrets.readable(NAME)] == [True, False]
    secrets.around["adopts"] = False
    written(secrets, 2)


@pytest.mark.slow
def test_what_is_in_the_way_of_staging_is_not_overwritten(secrets: KeyVault) -> None:
    secrets.add(NAME + STAGED)
    problem = failing_write(secrets)
    assert problem.code == "store-refused"
    assert NAME + STAGED in problem.message
    assert secrets.value(NAME + STAGED) == "theirs"


@pytest.mark.slow
def test_another_environment_s_secret_is_refused(server: Azure, tmp_path: Path) -> None:
    secrets = KeyVault(server, tmp_path, name="voxmint-{profile}")
    secrets.around["environment"] = "staging"
    written(secrets)
    secrets.around["environment"] = "production"
    assert "for the environment `staging`" in refused(secrets).message
    assert secrets.sink("clinic").holds() == frozenset()


@pytest.mark.slow
def test_a_disabled_secret_is_left_to_whoever_disabled_it(secrets: KeyVault) -> None:
    written(secrets)
    secrets.there()[NAME].latest.is_enabled = False
    problem = refused(secrets)
    assert problem.code == "store-refused"
    assert "is disabled" in problem.message
    assert len(secrets.there()[NAME].versions) == 1


def test_a_deleted_secret_is_not_a_missing_one(secrets: KeyVault) -> None:
    written(secrets)
    secrets.delete(NAME)
    assert secrets.sink("clinic").holds() == frozenset()
    problem = refused(secrets)
    assert problem.code == "store-deleted"
    assert "until 2026-12-20" in problem.message
    secrets.settings["deleted"] = "recover"
    written(secrets, 2)
    assert secrets.read()["clinic"] == known("clinic", 2)


@pytest.mark.slow
def test_what_others_deleted_is_not_taken_back_to_be_overwritten(secrets: KeyVault) -> None:
    secrets.add(NAME, team="them")
    secrets.delete(NAME)
    secrets.settings["deleted"] = "recover"
    problem = refused(secrets)
    assert problem.code == "store-foreign"
    assert "deleted, and voxmint did not write it" in problem.message
    assert secrets.there() == {}
    secrets.around["adopts"] = True
    written(secrets)
    assert secrets.read()["clinic"] == known("clinic")


@pytest.mark.slow
def test_taken_out_it_is_deleted_with_what_is_beside_it(secrets: KeyVault) -> None:
    written(secrets)
    secrets.sink("clinic").write(Change(remove=frozenset({"clinic"})))
    assert secrets.there() == {}
    assert secrets.sink("clinic").holds() == frozenset()
    # And taken back together: names of deleted secrets stay taken.
    secrets.settings["deleted"] = "recover"
    written(secrets, 2)
    assert set(secrets.there()) == {NAME, NAME + STAGED}
    assert secrets.readable(NAME + STAGED) == []


@pytest.mark.slow
def test_a_deletion_that_takes_a_while_to_be_taken_back_is_waited_for(secrets: KeyVault) -> None:
    written(secrets)
    secrets.delete(NAME)
    secrets.settings["deleted"] = "recover"
    secrets.vault.polls = 1
    written(secrets, 2)
    assert secrets.vault.polls == 0


@pytest.mark.slow
def test_a_secret_that_another_run_made_meanwhile_is_not_lost(secrets: KeyVault) -> None:
    sink = secrets.sink("clinic")
    with sink.locked(), sink.stage(delivering("clinic")) as staged:
        staged.read_back()
        secrets.add(NAME)
        with pytest.raises(ProblemsError):
            staged.switch()
    assert secrets.value(NAME) == "theirs"


@pytest.mark.slow
def test_a_vault_of_another_cloud_is_written_to(server: Azure, tmp_path: Path) -> None:
    host = "voxmint-test.vault.azure.cn"
    server.resource = "https://vault.azure.cn"
    secrets = KeyVault(server, tmp_path, vault=f"https://{host}")
    secrets.around["allow_hosts"] = (host,)
    written(secrets)
    assert set(server.vaults[host].kept) == {NAME, NAME + STAGED}
    assert secrets.vault.kept == {}


@pytest.mark.slow
def test_what_has_too_many_tags_of_others_is_not_written(secrets: KeyVault) -> None:
    written(secrets)
    secrets.there()[NAME].latest.tags |= {f"t{number}": "x" for number in range(11)}
    problem = failing_write(secrets)
    assert problem.code == "store-too-large"
    assert "16 tags, and at most 15" in problem.message
    assert len(secrets.there()[NAME].versions) == 1
