"""AWS SSM Parameter Store, emulated by moto and asked by boto3 in its usual settings.

The first request of a process takes moto a second, and each test some ten requests, so most of
these tests are marked slow.
"""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.stores.destinations import in_environment
from tests.stores.servers.aws import Aws
from tests.stores.servers.faulty import Faulty, Request
from tests.stores.ssms import (
    LOOK,
    NAME,
    OTHERS,
    ParameterStore,
    call_of,
    client_at,
    is_put,
    refused,
    written,
)
from voxmint.engine.sinks.contract import Change, Finished, Unfinished
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

PAGE = Path(__file__).resolve().parents[2] / "docs/stores/aws-parameter-store.md"


@pytest.fixture
def store(led_to_aws: Aws, tmp_path: Path) -> ParameterStore:
    return ParameterStore(led_to_aws, tmp_path)


@pytest.mark.slow
class TestAParameterForEachProfile(SinkContract):
    @pytest.fixture
    def destination(self, led_to_aws: Aws, tmp_path: Path) -> Destination:
        return ParameterStore(led_to_aws, tmp_path)


@pytest.mark.slow
class TestAParameterForTheEnvironment(SinkContract):
    @pytest.fixture
    def destination(self, led_to_aws: Aws, tmp_path: Path) -> Destination:
        return ParameterStore(led_to_aws, tmp_path, name="/voxmint/{environment}")


# ── what a parameter is ──────────────────────────────────────────────────────────────────────────


def test_a_parameter_is_made_renewed_and_taken_out(store: ParameterStore) -> None:
    one = session("clinic")._replace(digest="v1:0f", commit="c0ffee")
    store.sink("clinic").write(Change((one,)))
    assert store.read() == {"clinic": known("clinic")}
    assert store.tags() == {
        "managed-by": "voxmint",
        "voxmint-environment": "production",
        "voxmint-profile": "clinic",
        "voxmint-digest": "v1:0f",
        "voxmint-commit": "c0ffee",
        "voxmint-expires-at": str(one.expires_at),
        "voxmint-session-id": "sess_1",
        "voxmint-version": "1",
    }
    about = store.about()
    assert (about["Type"], about["Tier"], about["Version"]) == ("SecureString", "Standard", 1)
    store.sink("clinic").write(Change((session("clinic", 2)._replace(session_id=None),)))
    assert "voxmint-session-id" not in store.tags()
    assert store.tags()["voxmint-expires-at"] == str(session("clinic", 2).expires_at)
    assert store.tags()["voxmint-version"] == "2"
    assert store.history() == [(1, []), (2, ["voxmint"])]
    assert store.names() == [NAME]
    sink = store.sink("clinic")
    assert sink.kind == "aws-ssm"
    assert sink.holds() == {"clinic"}
    assert sink.write(Change(remove=frozenset({"clinic"})))
    assert store.names() == []


def test_a_version_that_somebody_else_wrote_is_not_taken_for_the_session(
    store: ParameterStore,
) -> None:
    written(store)
    sink = store.sink("clinic")
    store.add(Overwrite=True)
    assert sink.holds() == frozenset()
    # It is still voxmint's, and written anew: nothing of the session before stays.
    one = session("clinic", 2)._replace(session_id=None)
    assert sink.write(Change((one,))) == {"clinic": WRITTEN}
    assert sink.holds() == {"clinic"}
    assert "voxmint-session-id" not in store.tags()


@pytest.mark.slow
def test_a_parameter_whose_tags_name_no_version_holds_what_they_tell_of(
    store: ParameterStore,
) -> None:
    written(store)
    store.client.remove_tags_from_resource(
        ResourceType="Parameter", ResourceId=NAME, TagKeys=["voxmint-version"]
    )
    sink = store.sink("clinic")
    assert sink.holds() == {"clinic"}
    assert sink.write(delivering("clinic")) == {"clinic": UNCHANGED}


@pytest.mark.slow
def test_a_parameter_for_an_environment_that_others_write_too_still_holds_its_sessions(
    led_to_aws: Aws, tmp_path: Path
) -> None:
    store = ParameterStore(led_to_aws, tmp_path, name="/all")
    sink = store.sink("clinic", "ward/7")
    sink.write(delivering("clinic", "ward/7"))
    text = json.dumps({**json.loads(store.value("/all")), "theirs": 1})
    store.add("/all", Value=text, Overwrite=True)
    assert sink.holds() == {"clinic", "ward/7"}


@pytest.mark.slow
def test_it_may_be_the_token_alone(led_to_aws: Aws, tmp_path: Path) -> None:
    store = ParameterStore(led_to_aws, tmp_path, payload="token")
    written(store)
    assert store.value() == known("clinic")["client_secret"]
    assert store.sink("clinic").write(delivering("clinic")) == {"clinic": UNCHANGED}


@pytest.mark.slow
def test_it_is_made_with_its_key_and_tags(led_to_aws: Aws, tmp_path: Path) -> None:
    settings: dict[str, Any] = {"kms_key": "alias/voxmint", "tags": {"cost-center": "7"}}
    store = ParameterStore(led_to_aws, tmp_path, **settings)
    written(store)
    assert store.about()["KeyId"] == "alias/voxmint"
    assert store.tags()["cost-center"] == "7"
    written(store, 2)
    assert store.tags()["cost-center"] == "7"


@pytest.mark.slow
def test_what_others_set_of_it_stays(before_aws: Faulty, store: ParameterStore) -> None:
    theirs = {"KeyId": "alias/theirs", "Description": "Read by the desks"}
    tags = [{"Key": "managed-by", "Value": "voxmint"}]
    tags += [{"Key": "voxmint-environment", "Value": "production"}]
    store.add(Tags=[*tags, {"Key": "team", "Value": "desks"}], AllowedPattern=r"^\{.*", **theirs)
    written(store)
    about = store.about()
    assert {name: about[name] for name in theirs} == theirs
    assert store.tags()["team"] == "desks"
    puts = [
        json.loads(one.content) for one in before_aws.requests if call_of(one) == "PutParameter"
    ]
    # moto keeps what a write leaves out, and AWS does not.
    assert [one["KeyId"] for one in puts] == ["alias/theirs", "alias/theirs"]
    assert [one["AllowedPattern"] for one in puts] == [r"^\{.*", r"^\{.*"]


LONG = "speech-token-" + "x" * 5000


@pytest.mark.slow
def test_what_does_not_fit_into_a_standard_one_makes_it_advanced(store: ParameterStore) -> None:
    written(store)
    longer = session("clinic", 2)._replace(session_id=LONG)
    store.sink("clinic").write(Change((longer,)))
    assert store.about()["Tier"] == "Advanced"
    # It never becomes a Standard one again.
    written(store, 3)
    assert store.about()["Tier"] == "Advanced"
    store.settings["tier"] = "standard"
    problem = refused(store)
    assert (problem.code, "Advanced" in problem.message) == ("store-unfit", True)


@pytest.mark.slow
def test_it_can_be_deleted_by_aws_with_the_end_of_its_token(
    before_aws: Faulty, store: ParameterStore
) -> None:
    written(store)
    store.settings["expire"] = True
    written(store, 2)
    store.settings["expire"] = False
    written(store, 3)
    puts = [
        json.loads(one.content) for one in before_aws.requests if call_of(one) == "PutParameter"
    ]
    at = {"Timestamp": "2027-01-15T08:00:02.000Z"}
    expiry = [{"Type": "Expiration", "Version": "1.0", "Attributes": at}]
    assert [json.loads(one.get("Policies", "null")) for one in puts] == [
        None,
        None,
        expiry,
        expiry,
        None,
        [],
    ]
    assert [one["Tier"] for one in puts] == [
        *("Standard", "Standard"),
        *("Advanced", "Advanced"),
        *("Standard", "Advanced"),
    ]


@pytest.mark.slow
def test_what_a_killed_run_staged_is_taken_away(store: ParameterStore) -> None:
    written(store)
    # Never left: as a run that was killed leaves it.
    store.sink("clinic").stage(delivering("clinic", number=2)).read_back()
    [left] = [one for one in store.names() if one != NAME]
    assert re.fullmatch(rf"{NAME}/voxmint-staged-[0-9a-f]{{16}}", left)
    others = f"{NAME}/voxmint-staged-by-hand"
    store.add(others)
    written(store, 3)
    assert store.names() == [NAME, others]
    assert store.read()["clinic"] == known("clinic", 3)


@pytest.mark.slow
def test_what_a_killed_run_staged_goes_with_the_parameter(store: ParameterStore) -> None:
    written(store)
    store.sink("clinic").stage(delivering("clinic", number=2)).read_back()
    store.sink("clinic").write(Change(remove=frozenset({"clinic"})))
    assert store.names() == []


@pytest.mark.slow
def test_what_is_no_staged_parameter_of_its_own_is_never_read(store: ParameterStore) -> None:
    written(store)
    store.add(OTHERS, Value=json.dumps(known("clinic", 2)))
    left = Unfinished(session("clinic", 2), OTHERS, "1")
    assert store.sink("clinic").finish([left]) == Finished()
    assert store.read() == {"clinic": known("clinic")}


# ── what stands in the way ───────────────────────────────────────────────────────────────────────


@pytest.mark.slow
def test_what_voxmint_did_not_write_is_refused_and_with_adopt_taken_over(
    store: ParameterStore,
) -> None:
    store.add(Tags=[{"Key": "team", "Value": "them"}])
    problem = refused(store)
    assert problem.code == "store-foreign"
    assert NAME in problem.message
    assert (store.value(), store.names()) == ("theirs", [NAME])
    store.around["adopts"] = True
    written(store)
    assert store.tags()["team"] == "them"
    store.around["adopts"] = False
    written(store, 2)


@pytest.mark.slow
def test_another_environment_s_parameter_is_refused(led_to_aws: Aws, tmp_path: Path) -> None:
    store = ParameterStore(led_to_aws, tmp_path, name="/voxmint/{profile}")
    store.around["environment"] = "staging"
    written(store)
    store.around["environment"] = "production"
    assert "for the environment `staging`" in refused(store).message
    assert store.sink("clinic").holds() == frozenset()


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["String", "StringList"])
def test_one_that_is_not_encrypted_is_refused_whoever_says_it_may_be_adopted(
    store: ParameterStore, kind: str
) -> None:
    store.add(Type=kind)
    store.around["adopts"] = True
    problem = refused(store)
    assert problem.code == "store-unfit"
    assert "it is not a SecureString" in problem.message


@pytest.mark.slow
def test_a_parameter_that_another_one_made_meanwhile_is_not_lost(store: ParameterStore) -> None:
    sink = store.sink("clinic")
    with sink.locked(), sink.stage(delivering("clinic")) as staged:
        staged.read_back()
        store.add()
        with pytest.raises(ProblemsError) as raised:
            staged.switch()
    assert [problem.code for problem in raised.value.problems] == ["store-changed"]
    assert (store.value(), store.tags(), store.names()) == ("theirs", {}, [NAME])


@pytest.mark.slow
def test_a_write_at_the_same_moment_is_told_with_the_version_that_holds_it(
    before_aws: Faulty, store: ParameterStore
) -> None:
    written(store)

    def another_just_before(request: Request) -> None:
        if is_put(request, NAME):
            store.add(Overwrite=True)

    with before_aws.failing(another_just_before), pytest.raises(ProblemsError) as raised:
        store.sink("clinic").write(delivering("clinic", number=2))
    [problem] = raised.value.problems
    assert problem.code == "store-changed"
    assert "version 2 was written at the same moment, and version 3 took its place" in (
        problem.message
    )
    assert store.value(f"{NAME}:2") == "theirs"
    written(store, 4)


@pytest.mark.slow
def test_a_label_that_keeps_the_oldest_version_is_told_before_anything_is_switched(
    store: ParameterStore,
) -> None:
    written(store)
    for _ in range(99):
        store.add(Overwrite=True)
    # With voxmint's own label on the oldest version it goes on.
    assert store.history()[0] == (1, ["voxmint"])
    written(store, 2)
    versions = store.history()
    assert (len(versions), versions[0], versions[-1]) == (100, (2, []), (101, ["voxmint"]))
    store.client.label_parameter_version(Name=NAME, ParameterVersion=2, Labels=["theirs"])
    with pytest.raises(ProblemsError) as raised:
        store.sink("clinic").stage(delivering("clinic", number=3))
    [problem] = raised.value.problems
    assert problem.code == "store-full"
    assert "its oldest version, 2, has a label" in problem.message
    assert store.names() == [NAME]


# ── who may ──────────────────────────────────────────────────────────────────────────────────────

RIGHTS = (
    *("AddTagsToResource", "DeleteParameter", "DescribeParameters", "GetParameter"),
    *("GetParameterHistory", "LabelParameterVersion", "ListTagsForResource", "PutParameter"),
    *("RemoveTagsFromResource",),
)


@contextmanager
def a_user_who_may(server: Aws, *rights: str) -> Iterator[None]:
    """From now on this process is a user with these rights, and rights count."""
    iam = client_at(server.address, server.region, "iam")
    iam.create_user(UserName="minter")
    actions = [f"ssm:{one}" for one in rights]
    statements = [{"Effect": "Allow", "Action": actions, "Resource": "*"}]
    policy = json.dumps({"Version": "2012-10-17", "Statement": statements})
    iam.put_user_policy(UserName="minter", PolicyName="minting", PolicyDocument=policy)
    key = iam.create_access_key(UserName="minter")["AccessKey"]
    variables = {
        "AWS_ACCESS_KEY_ID": key["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": key["SecretAccessKey"],
    }
    with in_environment(variables):
        server.check_rights()
        try:
            yield
        finally:
            server.let_everybody()


def test_the_page_lists_the_rights_that_are_tested() -> None:
    listed = re.findall(r"ssm:([A-Z]\w+)", PAGE.read_text(encoding="utf-8"))
    assert sorted(set(listed)) == sorted(RIGHTS)


@pytest.mark.slow
def test_the_rights_that_the_page_lists_are_enough(store: ParameterStore) -> None:
    for _ in range(100):
        store.add(Overwrite=True)
    with a_user_who_may(store.server, *RIGHTS):
        store.around["adopts"] = True
        sink = store.sink("clinic", "ward/7")
        assert errors_of(sink) == []
        both = delivering("clinic", "ward/7")
        assert set(sink.write(both).values()) == {WRITTEN}
        sink.write(Change((session("ward/7", 2)._replace(session_id=None),)))
        assert sink.holds() == {"clinic", "ward/7"}
        sink.write(Change(remove=frozenset({"clinic", "ward/7"})))
    assert store.names() == []


@pytest.mark.slow
def test_a_look_needs_rights_that_read_no_value(store: ParameterStore) -> None:
    written(store)
    with a_user_who_may(store.server, *LOOK):
        sink = store.sink("clinic")
        assert sink.holds() == {"clinic"}
        assert errors_of(sink) == []


@pytest.mark.slow
@pytest.mark.parametrize("right", ["AddTagsToResource", "GetParameter", "PutParameter"])
def test_a_right_that_is_missing_is_named_and_nothing_is_left(
    store: ParameterStore, right: str
) -> None:
    if right == "AddTagsToResource":
        # moto takes tags with a new parameter without it, and AWS does not.
        written(store)
    before = store.state()
    others = [one for one in RIGHTS if one != right]
    with a_user_who_may(store.server, *others), pytest.raises(ProblemsError) as raised:
        store.sink("clinic").write(delivering("clinic", number=2))
    [problem] = raised.value.problems
    assert problem.code == "store-denied", problem.message
    assert right in problem.message
    assert "docs/stores/aws-parameter-store.md" in str(problem.hint)
    if right != "AddTagsToResource":
        assert store.state() == before


@pytest.mark.slow
@pytest.mark.parametrize("right", LOOK)
def test_a_missing_right_to_look_is_told_before_anything_is_minted(
    store: ParameterStore, right: str
) -> None:
    written(store)
    with a_user_who_may(store.server, *(one for one in RIGHTS if one != right)):
        [problem] = errors_of(store.sink("clinic"))
    assert problem.code == "store-denied", problem.message
    assert right in problem.message


@pytest.mark.slow
def test_credentials_that_nobody_knows_are_told_before_anything_is_minted(
    store: ParameterStore,
) -> None:
    with store.nobody_knows_us():
        [problem] = errors_of(store.sink("clinic"))
    # In the form that moto gives it, the code is lost.
    assert problem.code == "store-denied"
