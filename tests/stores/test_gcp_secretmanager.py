"""Google Secret Manager, faked, and asked by Google's SDK in its usual settings."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.stores.gcps import KEY, NAME, PATH, SecretManager, ek, refused, token, written
from tests.stores.servers.gcp import PROJECT, REGION, Gcp
from voxmint.engine.sinks.contract import Change, Unfinished
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


class TestASecretForEachProfile(SinkContract):
    @pytest.fixture
    def destination(self, gcp: Gcp, tmp_path: Path) -> Destination:
        return SecretManager(gcp, tmp_path)


@pytest.mark.slow
class TestASecretForTheEnvironment(SinkContract):
    @pytest.fixture
    def destination(self, gcp: Gcp, tmp_path: Path) -> Destination:
        return SecretManager(gcp, tmp_path, name="voxmint-{environment}")


def test_the_ledger_knows_it_by_project_location_and_name(gcp: Gcp, tmp_path: Path) -> None:
    sink = SecretManager(gcp, tmp_path, project=PROJECT, location=REGION).sink("clinic")
    place = f"{PROJECT} {REGION} voxmint-production-{{profile}}"
    assert (sink.kind, sink.address) == ("gcp-secretmanager", place)


@pytest.mark.slow
class TestARegionalSecret(SinkContract):
    @pytest.fixture
    def destination(self, gcp: Gcp, tmp_path: Path) -> Destination:
        return SecretManager(gcp, tmp_path, location=REGION)


@pytest.fixture
def secrets(gcp: Gcp, tmp_path: Path) -> SecretManager:
    return SecretManager(gcp, tmp_path)


# ── what a secret is ─────────────────────────────────────────────────────────────────────────────


def test_annotations_tell_what_a_secret_is_without_reading_it(secrets: SecretManager) -> None:
    one = session("clinic")._replace(digest="v1:0f", commit="c0ffee")
    secrets.sink("clinic").write(Change((one,)))
    secret = secrets.gcp.secrets[PATH]
    assert dict(secret.annotations) == {
        "managed-by": "voxmint",
        "voxmint-environment": "production",
        "voxmint-profile": "clinic",
        "voxmint-digest": "v1:0f",
        "voxmint-commit": "c0ffee",
        "voxmint-expires-at": str(one.expires_at),
        "voxmint-session-id": "sess_1",
        "voxmint-first": "1",
        "voxmint-version": "1",
    }
    assert dict(secret.labels) == {"managed-by": "voxmint"}


def test_a_version_that_somebody_else_led_readers_to_is_not_taken_for_the_session(
    secrets: SecretManager,
) -> None:
    written(secrets)
    sink = secrets.sink("clinic")
    secret = secrets.gcp.put(PATH, "theirs")
    # Whoever reads by the alias still gets the session.
    assert sink.holds() == {"clinic"}
    secret.version_aliases["voxmint"] = 2
    assert sink.holds() == frozenset()
    # It is still voxmint's, and written anew.
    written(secrets, 3)
    assert sink.holds() == {"clinic"}
    assert token(secrets.gcp.value(PATH, "voxmint")) == ek(3)
    assert secret.annotations["voxmint-version"] == "3"


@pytest.mark.slow
def test_a_session_that_readers_of_another_alias_do_not_get_is_none(
    secrets: SecretManager,
) -> None:
    written(secrets)
    secrets.settings["alias"] = "clinic"
    assert secrets.sink("clinic").holds() == frozenset()
    written(secrets, 2)
    assert secrets.sink("clinic").holds() == {"clinic"}


@pytest.mark.slow
def test_a_secret_whose_annotations_name_no_version_holds_what_they_tell_of(
    secrets: SecretManager,
) -> None:
    written(secrets)
    del secrets.gcp.secrets[PATH].annotations["voxmint-version"]
    sink = secrets.sink("clinic")
    assert sink.holds() == {"clinic"}
    assert sink.write(delivering("clinic")) == {"clinic": UNCHANGED}


@pytest.mark.slow
def test_a_secret_for_an_environment_that_others_lead_elsewhere_still_holds_its_sessions(
    gcp: Gcp, tmp_path: Path
) -> None:
    secrets = SecretManager(gcp, tmp_path, name="all")
    sink = secrets.sink("clinic")
    sink.write(delivering("clinic"))
    [path] = gcp.secrets
    gcp.put(path, str(gcp.value(path, "latest"))).version_aliases["voxmint"] = 2
    assert sink.holds() == {"clinic"}


def test_annotations_of_an_earlier_session_go_and_those_of_others_stay(
    secrets: SecretManager,
) -> None:
    written(secrets)
    secrets.gcp.secrets[PATH].annotations["team"] = "ward"
    secrets.sink("clinic").write(Change((session("clinic", 2)._replace(session_id=None),)))
    annotations = secrets.gcp.secrets[PATH].annotations
    assert "voxmint-session-id" not in annotations
    assert annotations["voxmint-expires-at"] == str(session("clinic", 2).expires_at)
    assert annotations["team"] == "ward"


@pytest.mark.slow
def test_it_may_be_the_token_alone(gcp: Gcp, tmp_path: Path) -> None:
    secrets = SecretManager(gcp, tmp_path, payload="token")
    written(secrets)
    assert gcp.value(PATH, "voxmint") == ek(1)
    assert secrets.sink("clinic").write(delivering("clinic")) == {"clinic": UNCHANGED}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({}, {"automatic": {}}),
        (
            {"kms_key": KEY},
            {"automatic": {"kms_key_name": KEY.replace("{location}", "global")}},
        ),
        (
            {"replicas": ["europe-west1", "europe-west3"], "kms_key": KEY},
            {
                one: {"kms_key_name": KEY.replace("{location}", one)}
                for one in ("europe-west1", "europe-west3")
            },
        ),
        ({"replicas": ["europe-west1"]}, {"europe-west1": {}}),
    ],
)
def test_a_secret_is_made_where_and_with_the_key_that_the_settings_say(
    gcp: Gcp, tmp_path: Path, settings: dict[str, Any], expected: object
) -> None:
    written(SecretManager(gcp, tmp_path, labels={"cost-center": "7"}, **settings))
    secret = gcp.secrets[PATH]
    assert secret.labels["cost-center"] == "7"
    replication = type(secret.replication).to_dict(secret.replication)
    copies = {"automatic": replication["automatic"]} if "automatic" in replication else {}
    for one in replication.get("user_managed", {}).get("replicas", ()):
        copies[one.pop("location")] = one
    assert {
        place: {
            name: key for name, key in (one.get("customer_managed_encryption") or {}).items() if key
        }
        for place, one in copies.items()
    } == expected


def test_a_regional_secret_is_asked_for_at_its_region(gcp: Gcp, tmp_path: Path) -> None:
    secrets = SecretManager(gcp, tmp_path, location=REGION, kms_key=KEY)
    written(secrets)
    [(path, secret)] = gcp.secrets.items()
    assert path == f"projects/{PROJECT}/locations/{REGION}/secrets/{NAME}"
    assert f"/locations/{REGION}/" in secret.customer_managed_encryption.kms_key_name
    assert f"secretmanager.{REGION}.rep.googleapis.com" in gcp.proxy.asked
    assert "secretmanager.googleapis.com" not in gcp.proxy.asked
    assert REGION in secrets.sink("clinic").address


@pytest.mark.slow
@pytest.mark.parametrize("variable", ["GOOGLE_CLOUD_PROJECT", "VOXMINT_ALLOW_PROJECTS"])
def test_a_project_in_the_settings_counts_where_the_operator_names_it(
    gcp: Gcp, tmp_path: Path, variable: str
) -> None:
    secrets = SecretManager(gcp, tmp_path, project="another-project")
    problem = refused(secrets)
    assert problem.code == "store-project-refused"
    assert "VOXMINT_ALLOW_PROJECTS=another-project" in str(problem.hint)
    assert gcp.calls == []
    secrets.environ = {**secrets.environ, variable: "another-project"}
    written(secrets)
    assert list(gcp.secrets) == [f"projects/another-project/secrets/{NAME}"]


# ── versions ─────────────────────────────────────────────────────────────────────────────────────


def test_the_alias_and_latest_lead_to_the_new_one_and_older_ones_are_destroyed(
    secrets: SecretManager,
) -> None:
    for number in (1, 2, 3, 4):
        written(secrets, number)
        assert token(secrets.gcp.value(PATH, "voxmint")) == ek(number)
        assert token(secrets.gcp.value(PATH, "latest")) == ek(number)
    assert token(secrets.gcp.value(PATH, "voxmint-previous")) == ek(3)
    states = secrets.gcp.states(PATH)
    assert states == {1: "DESTROYED", 2: "DESTROYED", 3: "ENABLED", 4: "ENABLED"}


@pytest.mark.slow
def test_older_ones_can_be_kept_disabled(gcp: Gcp, tmp_path: Path) -> None:
    secrets = SecretManager(gcp, tmp_path, older="disable", alias="clinic")
    for number in (1, 2, 3):
        written(secrets, number)
    assert gcp.states(PATH) == {1: "DISABLED", 2: "ENABLED", 3: "ENABLED"}
    assert token(gcp.value(PATH, "clinic")) == ek(3)


@pytest.mark.slow
def test_a_version_that_somebody_gave_an_alias_stays(secrets: SecretManager) -> None:
    written(secrets)
    secrets.gcp.secrets[PATH].version_aliases["pinned"] = 1
    for number in (2, 3, 4):
        written(secrets, number)
    assert token(secrets.gcp.value(PATH, "pinned")) == ek(1)
    assert secrets.gcp.states(PATH)[2] == "DESTROYED"


def test_what_a_killed_run_staged_is_taken_over(secrets: SecretManager) -> None:
    written(secrets)
    # Never left: as a run that was killed leaves it.
    secrets.sink("clinic").stage(delivering("clinic", number=2)).read_back()
    assert token(secrets.gcp.value(PATH, "voxmint")) == ek(1)
    assert token(secrets.gcp.value(PATH, "latest")) == ek(2)
    written(secrets, 3)
    assert secrets.gcp.states(PATH) == {1: "ENABLED", 2: "DESTROYED", 3: "ENABLED"}


def test_a_secret_that_a_killed_run_made_is_taken_over(secrets: SecretManager) -> None:
    secrets.sink("clinic").stage(delivering("clinic")).read_back()
    assert secrets.values() == {}
    assert secrets.sink("clinic").holds() == frozenset()
    written(secrets, 2)
    assert secrets.sink("clinic").holds() == {"clinic"}
    assert secrets.gcp.states(PATH) == {1: "DESTROYED", 2: "ENABLED"}


def test_what_a_killed_run_staged_can_be_found_and_finished_by_the_next(
    secrets: SecretManager,
) -> None:
    staged = secrets.sink("clinic").stage(delivering("clinic"))
    staged.read_back()
    [pending] = staged.pending
    left = Unfinished(session("clinic"), pending.version, pending.before)
    assert secrets.sink("clinic").finish([left]).outcomes == {"clinic": WRITTEN}
    assert secrets.read() == {"clinic": known("clinic")}
    assert secrets.sink("clinic").finish([left]).outcomes == {"clinic": UNCHANGED}


@pytest.mark.slow
def test_nothing_that_a_killed_run_staged_gets_into_the_secret_of_an_environment(
    gcp: Gcp, tmp_path: Path
) -> None:
    secrets = SecretManager(gcp, tmp_path, name="voxmint-{environment}")
    secrets.sink("clinic", "ward/7").stage(delivering("clinic", "ward/7")).read_back()
    written(secrets, 2)
    assert secrets.values() == {"voxmint-production": {"clinic": {**json_of(2)}}}


def json_of(number: int) -> dict[str, object]:
    return {**known("clinic", number), "expires_at": session("clinic", number).expires_at}


def test_taken_back_whoever_reads_the_latest_has_the_old_value_again(
    secrets: SecretManager,
) -> None:
    written(secrets)
    sink = secrets.sink("clinic")
    with sink.locked(), sink.stage(delivering("clinic", number=2)) as staged:
        staged.read_back()
        # Google has no way to stage a version that `latest` does not lead to.
        assert token(secrets.gcp.value(PATH, "latest")) == ek(2)
    assert token(secrets.gcp.value(PATH, "latest")) == ek(1)
    assert token(secrets.gcp.value(PATH, "voxmint")) == ek(1)
    assert secrets.gcp.states(PATH) == {1: "ENABLED", 2: "DESTROYED", 3: "ENABLED"}
    written(secrets, 4)
    assert secrets.gcp.states(PATH) == {1: "ENABLED", 2: "DESTROYED", 3: "DESTROYED", 4: "ENABLED"}


@pytest.mark.slow
def test_taken_back_a_secret_that_was_made_is_gone(secrets: SecretManager) -> None:
    sink = secrets.sink("clinic")
    with sink.locked(), sink.stage(delivering("clinic")) as staged:
        staged.read_back()
    assert secrets.gcp.secrets == {}


@pytest.mark.slow
@pytest.mark.parametrize(("expire", "ends_at"), [(True, session("clinic").expires_at), (False, 0)])
def test_the_secret_ends_with_its_token_where_that_is_asked_for(
    gcp: Gcp, tmp_path: Path, expire: bool, ends_at: int
) -> None:
    secrets = SecretManager(gcp, tmp_path, expire=expire)
    written(secrets)
    assert end_of(gcp) == ends_at
    secrets.settings["expire"] = False
    written(secrets, 2)
    assert end_of(gcp) == 0


@pytest.mark.slow
def test_an_end_of_voxmint_s_own_goes_where_somebody_else_led_readers_elsewhere(
    gcp: Gcp, tmp_path: Path
) -> None:
    secrets = SecretManager(gcp, tmp_path, expire=True)
    written(secrets)
    gcp.put(PATH, "theirs").version_aliases["voxmint"] = 2
    secrets.settings["expire"] = False
    written(secrets, 2)
    assert end_of(gcp) == 0


@pytest.mark.slow
def test_an_end_that_somebody_else_set_stays(secrets: SecretManager) -> None:
    written(secrets)
    secrets.gcp.secrets[PATH].expire_time = {"seconds": 1_900_000_000}
    written(secrets, 2)
    assert end_of(secrets.gcp) == 1_900_000_000


def end_of(gcp: Gcp) -> int:
    """When the secret is deleted, in Unix seconds; 0: never."""
    return int(gcp.secrets[PATH]._pb.expire_time.seconds)


# ── what stands in the way ───────────────────────────────────────────────────────────────────────


def test_what_voxmint_did_not_write_is_refused_and_with_adopt_taken_over(
    secrets: SecretManager,
) -> None:
    theirs = secrets.gcp.put(PATH, "older", "theirs")
    theirs.annotations["team"] = "them"
    theirs.version_aliases["stable"] = 1
    problem = refused(secrets)
    assert problem.code == "store-foreign"
    assert NAME in problem.message
    assert secrets.gcp.value(PATH, "latest") == "theirs"
    secrets.around["adopts"] = True
    written(secrets)
    secrets.around["adopts"] = False
    for number in (2, 3):
        written(secrets, number)
    assert secrets.gcp.secrets[PATH].annotations["team"] == "them"
    assert secrets.gcp.value(PATH, "stable") == "older"
    # What was there before is left as it was, for good.
    assert [secrets.gcp.value(PATH, one) for one in "12"] == ["older", "theirs"]


@pytest.mark.slow
def test_an_adoption_that_is_taken_back_leaves_the_value_that_was_there(
    secrets: SecretManager,
) -> None:
    secrets.gcp.put(PATH, "theirs")
    secrets.around["adopts"] = True
    sink = secrets.sink("clinic")
    with sink.locked(), sink.stage(delivering("clinic")) as staged:
        staged.read_back()
    assert secrets.gcp.value(PATH, "latest") == "theirs"
    assert not secrets.gcp.secrets[PATH].annotations


@pytest.mark.slow
def test_a_secret_without_a_version_can_be_adopted(secrets: SecretManager) -> None:
    secrets.gcp.put(PATH)
    assert refused(secrets).code == "store-foreign"
    secrets.around["adopts"] = True
    written(secrets)
    assert secrets.read()["clinic"] == known("clinic")


@pytest.mark.slow
def test_another_environment_s_secret_is_refused(gcp: Gcp, tmp_path: Path) -> None:
    secrets = SecretManager(gcp, tmp_path, name="voxmint-{profile}")
    secrets.around["environment"] = "staging"
    written(secrets)
    secrets.around["environment"] = "production"
    assert "for the environment `staging`" in refused(secrets).message
    assert secrets.sink("clinic").holds() == frozenset()


def changed_meanwhile(secrets: SecretManager, change: Callable[[], object]) -> None:
    """That a write fails where something else writes between its two phases."""
    sink = secrets.sink("clinic")
    with sink.locked(), sink.stage(delivering("clinic", number=2)) as staged:
        staged.read_back()
        change()
        with pytest.raises(ProblemsError) as raised:
            staged.switch()
    assert [problem.code for problem in raised.value.problems] == ["store-changed"]


def test_what_another_run_wrote_meanwhile_is_not_lost(secrets: SecretManager) -> None:
    written(secrets)
    changed_meanwhile(secrets, lambda: written(secrets, 3))
    for which in ("voxmint", "latest"):
        assert token(secrets.gcp.value(PATH, which)) == ek(3)


def test_a_version_that_somebody_added_meanwhile_is_not_lost(secrets: SecretManager) -> None:
    written(secrets)
    changed_meanwhile(secrets, lambda: secrets.gcp.put(PATH, "theirs"))
    assert secrets.gcp.value(PATH, "latest") == "theirs"
    assert token(secrets.gcp.value(PATH, "voxmint")) == ek(1)
    assert secrets.gcp.states(PATH) == {1: "ENABLED", 2: "DESTROYED", 3: "ENABLED"}


@pytest.mark.slow
def test_what_somebody_wrote_beside_it_meanwhile_is_not_lost(secrets: SecretManager) -> None:
    written(secrets)

    def annotate() -> None:
        secret = secrets.gcp.secrets[PATH]
        secret.annotations["team"], secret.etag = "ward", secrets.gcp.new_etag()

    changed_meanwhile(secrets, annotate)
    assert secrets.gcp.secrets[PATH].annotations["team"] == "ward"
    assert secrets.read()["clinic"] == known("clinic")


def test_a_secret_that_changed_since_it_was_looked_at_is_not_removed(
    secrets: SecretManager,
) -> None:
    written(secrets)
    sink = secrets.sink("clinic")
    change = Change(remove=frozenset({"clinic"}))
    with sink.locked(), sink.stage(change) as staged:
        written(secrets, 2)
        with pytest.raises(ProblemsError) as raised:
            staged.switch()
    assert [problem.code for problem in raised.value.problems] == ["store-changed"]
    assert secrets.read()["clinic"] == known("clinic", 2)
