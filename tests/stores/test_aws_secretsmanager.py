"""AWS Secrets Manager, emulated by moto and asked by boto3 in its usual settings."""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any, ClassVar

import boto3
import pytest
from pydantic import ValidationError

from tests.stores.destinations import StoreDestination, in_environment
from tests.stores.servers.aws import Aws
from tests.stores.servers.faulty import Fault, Faulty, running_faulty
from tests.stores.store_contract import Line, StoreContract, through
from voxmint.engine.sinks.contract import Change, Finished, Unfinished
from voxmint.engine.stores.aws_secretsmanager import SecretsManagerSink, _SecretsManager
from voxmint.engine.stores.contract import Trouble, What
from voxmint.problems import Problem, ProblemsError
from voxmint.testing.sink_contract import (
    STEPS,
    UNCHANGED,
    WRITTEN,
    Destination,
    Obstacle,
    SinkContract,
    delivering,
    errors_of,
    known,
    session,
)

OTHERS = "somebody/elses"
PAGE = Path(__file__).resolve().parents[2] / "docs/stores/aws-secrets-manager.md"


@cache
def client_at(address: str, region: str) -> Any:
    make: Any = boto3.Session("made", "up").client
    return make("secretsmanager", endpoint_url=address, region_name=region)


class SecretsManager(StoreDestination):
    """The secrets of one region, looked at by a client of the tests' own."""

    kind: ClassVar[str] = "aws-secretsmanager"

    def __init__(self, server: Aws, folder: Path, **settings: Any) -> None:
        super().__init__(folder, **settings)
        self.server = server
        self.client = client_at(server.address, server.region)

    def names(self) -> list[str]:
        found = self.client.list_secrets(IncludePlannedDeletion=True)["SecretList"]
        return sorted(one["Name"] for one in found)

    def value(self, name: str) -> str:
        # Without its stage moto gives an older version.
        answer = self.client.get_secret_value(SecretId=name, VersionStage="AWSCURRENT")
        return str(answer["SecretString"])

    def tags(self, name: str) -> dict[str, str]:
        about = self.client.describe_secret(SecretId=name)
        return {one["Key"]: one["Value"] for one in about.get("Tags", [])}

    def labels(self, name: str) -> dict[str, list[str]]:
        """Versions by their labels; AWS removes one without any by itself."""
        about = self.client.describe_secret(SecretId=name)
        return {one: sorted(has) for one, has in about["VersionIdsToStages"].items() if has}

    def current(self, name: str) -> str:
        [version] = [one for one, has in self.labels(name).items() if "AWSCURRENT" in has]
        return version

    def lead_to(self, name: str, version: str) -> None:
        """Somebody else makes a version the current one."""
        self.client.update_secret_version_stage(
            SecretId=name,
            VersionStage="AWSCURRENT",
            MoveToVersionId=version,
            RemoveFromVersionId=self.current(name),
        )

    def overwrite(self, name: str, text: str) -> None:
        """Somebody else writes a value."""
        # With AWSCURRENT for a label, moto would give that to two versions after a move of it.
        answer = self.client.put_secret_value(
            SecretId=name, SecretString=text, VersionStages=["THEIRS"]
        )
        self.lead_to(name, answer["VersionId"])

    def values(self) -> Mapping[str, Any]:
        return {name: json.loads(self.value(name)) for name in self.names() if name != OTHERS}

    def state(self) -> object:
        return {one: (self.value(one), self.tags(one), self.labels(one)) for one in self.names()}

    def add_foreign(self) -> bool:
        self.client.create_secret(Name=OTHERS, SecretString="theirs")
        return True

    def foreign(self) -> object:
        return self.value(OTHERS), self.tags(OTHERS)

    def obstacles(self) -> Mapping[str, Obstacle]:
        return dict.fromkeys(STEPS, self.nobody_knows_us)

    @contextmanager
    def nobody_knows_us(self) -> Iterator[None]:
        """The credentials are not good for anything."""
        self.server.check_rights()
        try:
            yield
        finally:
            self.server.let_everybody()


class Offline(StoreDestination):
    """A sink that asks nobody."""

    kind: ClassVar[str] = "aws-secretsmanager"

    def values(self) -> Mapping[str, Any]:
        raise NotImplementedError

    def state(self) -> object:
        raise NotImplementedError


@pytest.fixture
def server(aws: Aws) -> Iterator[Aws]:
    """The server, as this process's environment leads to it."""
    with in_environment(aws.environ):
        yield aws


# Every day the tests below go through the same steps, one by one.
@pytest.mark.slow
class TestASecretForEachProfile(SinkContract):
    @pytest.fixture
    def destination(self, server: Aws, tmp_path: Path) -> Destination:
        return SecretsManager(server, tmp_path)


@pytest.mark.slow
class TestASecretForTheEnvironment(SinkContract):
    @pytest.fixture
    def destination(self, server: Aws, tmp_path: Path) -> Destination:
        return SecretsManager(server, tmp_path, name="voxmint/{environment}")


NAME = "voxmint/production/clinic"


@pytest.fixture
def secrets(server: Aws, tmp_path: Path) -> SecretsManager:
    return SecretsManager(server, tmp_path)


def written(secrets: SecretsManager, number: int = 1) -> None:
    assert secrets.sink("clinic").write(delivering("clinic", number=number)) == {"clinic": WRITTEN}


def refused(secrets: SecretsManager) -> Problem:
    """Why nothing can be written: the same before anything is minted as at a write."""
    sink = secrets.sink("clinic")
    [before] = errors_of(sink)
    with pytest.raises(ProblemsError) as raised:
        sink.write(delivering("clinic", number=9))
    [problem] = raised.value.problems
    assert problem == before
    return problem


# ── what a secret is ─────────────────────────────────────────────────────────────────────────────


def test_tags_tell_what_a_secret_is_without_reading_it(secrets: SecretsManager) -> None:
    one = session("clinic")._replace(digest="v1:0f", commit="c0ffee")
    secrets.sink("clinic").write(Change((one,)))
    assert secrets.tags(NAME) == {
        "managed-by": "voxmint",
        "voxmint-environment": "production",
        "voxmint-profile": "clinic",
        "voxmint-digest": "v1:0f",
        "voxmint-commit": "c0ffee",
        "voxmint-expires-at": str(one.expires_at),
        "voxmint-session-id": "sess_1",
        "voxmint-version": secrets.current(NAME),
    }


def test_a_version_that_somebody_else_made_current_is_not_taken_for_the_session(
    secrets: SecretsManager,
) -> None:
    written(secrets)
    sink = secrets.sink("clinic")
    secrets.overwrite(NAME, "theirs")
    assert sink.holds() == frozenset()
    # It is still voxmint's, and written anew: nothing of the session before stays.
    one = session("clinic", 2)._replace(session_id=None)
    assert sink.write(Change((one,))) == {"clinic": WRITTEN}
    assert sink.holds() == {"clinic"}
    assert "voxmint-session-id" not in secrets.tags(NAME)


@pytest.mark.slow
def test_the_version_before_made_current_again_is_not_taken_for_the_session(
    secrets: SecretsManager,
) -> None:
    written(secrets)
    before = secrets.current(NAME)
    written(secrets, 2)
    secrets.lead_to(NAME, before)
    assert secrets.sink("clinic").holds() == frozenset()


def test_a_secret_whose_tags_name_no_version_holds_what_they_tell_of(
    secrets: SecretsManager,
) -> None:
    written(secrets)
    secrets.client.untag_resource(SecretId=NAME, TagKeys=["voxmint-version"])
    sink = secrets.sink("clinic")
    assert sink.holds() == {"clinic"}
    assert sink.write(delivering("clinic")) == {"clinic": UNCHANGED}


@pytest.mark.slow
def test_a_secret_for_an_environment_that_others_write_too_still_holds_its_sessions(
    server: Aws, tmp_path: Path
) -> None:
    secrets = SecretsManager(server, tmp_path, name="all")
    sink = secrets.sink("clinic", "ward/7")
    sink.write(delivering("clinic", "ward/7"))
    secrets.overwrite("all", json.dumps({**json.loads(secrets.value("all")), "theirs": 1}))
    assert sink.holds() == {"clinic", "ward/7"}


def test_tags_of_an_earlier_session_go(secrets: SecretsManager) -> None:
    written(secrets)
    secrets.sink("clinic").write(Change((session("clinic", 2)._replace(session_id=None),)))
    assert "voxmint-session-id" not in secrets.tags(NAME)
    assert secrets.tags(NAME)["voxmint-expires-at"] == str(session("clinic", 2).expires_at)


def test_it_may_be_the_token_alone(server: Aws, tmp_path: Path) -> None:
    secrets = SecretsManager(server, tmp_path, payload="token")
    written(secrets)
    assert secrets.value(NAME) == known("clinic")["client_secret"]
    assert secrets.sink("clinic").write(delivering("clinic")) == {"clinic": UNCHANGED}


def test_a_secret_is_made_with_its_key_and_tags(server: Aws, tmp_path: Path) -> None:
    settings: dict[str, Any] = {"kms_key": "alias/voxmint", "tags": {"cost-center": "7"}}
    secrets = SecretsManager(server, tmp_path, **settings)
    written(secrets)
    assert secrets.client.describe_secret(SecretId=NAME)["KmsKeyId"] == "alias/voxmint"
    assert secrets.tags(NAME)["cost-center"] == "7"
    written(secrets, 2)
    assert secrets.tags(NAME)["cost-center"] == "7"


def test_after_a_switch_only_the_current_version_and_the_one_before_have_labels(
    secrets: SecretsManager,
) -> None:
    for number in (1, 2, 3):
        written(secrets, number)
    labels = sorted(label for one in secrets.labels(NAME).values() for label in one)
    assert labels == ["AWSCURRENT", "AWSPREVIOUS"]


def test_what_a_killed_run_staged_is_taken_over(secrets: SecretsManager) -> None:
    written(secrets)
    # Never left: as a run that was killed leaves it.
    secrets.sink("clinic").stage(delivering("clinic", number=2)).read_back()
    assert ["AWSPENDING"] in secrets.labels(NAME).values()
    written(secrets, 3)
    assert ["AWSPENDING"] not in secrets.labels(NAME).values()
    assert secrets.read()["clinic"] == known("clinic", 3)


def test_a_secret_that_a_killed_run_made_is_taken_over(secrets: SecretsManager) -> None:
    secrets.sink("clinic").stage(delivering("clinic")).read_back()
    assert secrets.value(NAME) == "{}"
    assert secrets.sink("clinic").holds() == frozenset()
    written(secrets, 2)
    assert secrets.sink("clinic").holds() == {"clinic"}


# ── what stands in the way ───────────────────────────────────────────────────────────────────────


def test_what_voxmint_did_not_write_is_refused_and_with_adopt_taken_over(
    secrets: SecretsManager,
) -> None:
    secrets.client.create_secret(
        Name=NAME, SecretString="theirs", Tags=[{"Key": "team", "Value": "them"}]
    )
    problem = refused(secrets)
    assert problem.code == "store-foreign"
    assert NAME in problem.message
    assert secrets.value(NAME) == "theirs"
    secrets.around["adopts"] = True
    written(secrets)
    assert secrets.tags(NAME)["team"] == "them"
    secrets.around["adopts"] = False
    written(secrets, 2)


def test_an_empty_secret_that_others_made_can_be_adopted(secrets: SecretsManager) -> None:
    secrets.client.create_secret(Name=NAME)
    assert refused(secrets).code == "store-foreign"
    secrets.around["adopts"] = True
    written(secrets)
    assert secrets.read()["clinic"] == known("clinic")


def test_another_environment_s_secret_is_refused(server: Aws, tmp_path: Path) -> None:
    secrets = SecretsManager(server, tmp_path, name="voxmint/{profile}")
    secrets.around["environment"] = "staging"
    written(secrets)
    secrets.around["environment"] = "production"
    assert "for the environment `staging`" in refused(secrets).message
    assert secrets.sink("clinic").holds() == frozenset()


def test_a_secret_scheduled_for_deletion_is_not_a_missing_one(secrets: SecretsManager) -> None:
    written(secrets)
    secrets.client.delete_secret(SecretId=NAME, RecoveryWindowInDays=7)
    assert secrets.sink("clinic").holds() == frozenset()
    assert refused(secrets).code == "store-deleted"
    secrets.settings["deleted"] = "recover"
    written(secrets, 2)
    assert secrets.read()["clinic"] == known("clinic", 2)


@pytest.mark.parametrize(("days", "left"), [(0, []), (7, [NAME])])
def test_taken_out_it_is_gone_or_kept_for_some_days(
    server: Aws, tmp_path: Path, days: int, left: list[str]
) -> None:
    secrets = SecretsManager(server, tmp_path, recovery_days=days)
    written(secrets)
    assert secrets.sink("clinic").write(Change(remove=frozenset({"clinic"})))
    assert secrets.names() == left
    assert secrets.sink("clinic").holds() == frozenset()


# ── who may ──────────────────────────────────────────────────────────────────────────────────────

RIGHTS = (
    *("CreateSecret", "DeleteSecret", "DescribeSecret", "GetSecretValue", "PutSecretValue"),
    *("TagResource", "UntagResource", "UpdateSecretVersionStage"),
)


@contextmanager
def a_user_who_may(server: Aws, *rights: str) -> Iterator[None]:
    """From now on this process is a user with these rights, and rights count."""
    make: Any = boto3.Session("made", "up").client
    iam = make("iam", endpoint_url=server.address, region_name=server.region)
    iam.create_user(UserName="minter")
    statements = [
        {"Effect": "Allow", "Action": [f"secretsmanager:{one}"], "Resource": "*"} for one in rights
    ]
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


def test_the_rights_that_the_page_lists_are_enough(secrets: SecretsManager) -> None:
    listed = re.findall(r"secretsmanager:([A-Z]\w+)", PAGE.read_text(encoding="utf-8"))
    assert sorted(set(listed)) == sorted(RIGHTS)
    with a_user_who_may(secrets.server, *RIGHTS):
        sink = secrets.sink("clinic")
        assert errors_of(sink) == []
        sink.write(delivering("clinic"))
        sink.write(Change((session("clinic", 2)._replace(session_id=None),)))
        assert sink.holds() == {"clinic"}
        sink.write(Change(remove=frozenset({"clinic"})))
    assert secrets.names() == []


def test_a_look_needs_one_right_alone(secrets: SecretsManager) -> None:
    written(secrets)
    with a_user_who_may(secrets.server, "DescribeSecret"):
        assert secrets.sink("clinic").holds() == {"clinic"}


@pytest.mark.parametrize("right", ["CreateSecret", "PutSecretValue", "GetSecretValue"])
def test_a_right_that_is_missing_is_named_and_nothing_is_left(
    secrets: SecretsManager, right: str
) -> None:
    others = [one for one in RIGHTS if one != right]
    with a_user_who_may(secrets.server, *others):
        with pytest.raises(ProblemsError) as raised:
            secrets.sink("clinic").write(delivering("clinic"))
        [problem] = raised.value.problems
        assert problem.code == "store-denied", problem.message
        assert right in problem.message
        assert "docs/stores" in str(problem.hint)
    assert secrets.names() == []


def test_a_missing_right_to_look_is_told_before_anything_is_minted(secrets: SecretsManager) -> None:
    with a_user_who_may(secrets.server, "GetSecretValue"):
        [problem] = errors_of(secrets.sink("clinic"))
    assert problem.code == "store-denied", problem.message
    assert "DescribeSecret" in problem.message


def test_credentials_that_nobody_knows_are_told_before_anything_is_minted(
    secrets: SecretsManager,
) -> None:
    with secrets.nobody_knows_us():
        [problem] = errors_of(secrets.sink("clinic"))
    # In the form that moto gives it, the code is lost.
    assert problem.code == "store-denied"


@pytest.mark.parametrize(
    ("code", "status", "expected"),
    [
        ("UnrecognizedClientException", 400, What.LOGIN),
        ("ExpiredTokenException", 400, What.LOGIN),
        ("AccessDeniedException", 400, What.DENIED),
        ("ThrottlingException", 400, What.BUSY),
        ("LimitExceededException", 400, What.FULL),
        ("InternalServiceError", 500, What.UNREACHABLE),
        ("SomethingNew", 400, What.REFUSED),
        ("SomethingNew", 503, What.UNREACHABLE),
    ],
)
def test_an_error_is_told_by_its_code_and_never_by_its_text(
    tmp_path: Path, code: str, status: int, expected: What
) -> None:
    from botocore.exceptions import ClientError

    answer: Any = {
        "Error": {"Code": code, "Message": "ek_canary was sent"},
        "ResponseMetadata": {"HTTPStatusCode": status, "RequestId": "0d7f2c1e-1111"},
    }
    trouble = _SecretsManager(None, None).trouble_of(ClientError(answer, "PutSecretValue"))  # type: ignore[arg-type]  # asks nobody
    assert trouble == Trouble(expected, code, "0d7f2c1e-1111", "PutSecretValue")
    shown = Offline(tmp_path).sink("clinic")
    assert isinstance(shown, SecretsManagerSink)
    assert "canary" not in shown.problem_of(trouble).message


def test_without_credentials_nothing_is_sent(secrets: SecretsManager) -> None:
    with in_environment({"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": ""}):
        [problem] = errors_of(secrets.sink("clinic"))
    assert (problem.code, problem.facts["said"]) == (
        "store-login-failed",
        "no credentials were found",
    )


def test_without_a_region_it_says_which_variable_is_missing(secrets: SecretsManager) -> None:
    with in_environment({"AWS_DEFAULT_REGION": None}):
        [problem] = errors_of(secrets.sink("clinic"))
    assert "AWS_REGION" in problem.message


def test_a_server_that_is_away_is_told(secrets: SecretsManager) -> None:
    with in_environment({"AWS_ENDPOINT_URL": "http://127.0.0.1:9", "AWS_MAX_ATTEMPTS": "1"}):
        [problem] = errors_of(secrets.sink("clinic", "ward/7"))
    assert problem.code == "store-unreachable"


# ── settings ─────────────────────────────────────────────────────────────────────────────────────


def test_an_address_in_the_project_counts_where_the_operator_allows_it(
    server: Aws, tmp_path: Path
) -> None:
    secrets = SecretsManager(server, tmp_path, endpoint=server.address)
    host = server.address.removeprefix("http://")
    with in_environment({"AWS_ENDPOINT_URL": "http://127.0.0.1:9"}):
        [problem] = errors_of(secrets.sink("clinic"))
        assert problem.code == "store-host-refused"
        secrets.around["allow_hosts"] = (host,)
        assert errors_of(secrets.sink("clinic")) == []


@pytest.mark.parametrize(
    ("settings", "code"),
    [
        ({"endpoint": "http://secrets.example"}, "store-host-needs-tls"),
        ({"endpoint": "https://user@secrets.example"}, "store-url-malformed"),
        ({"name": "tokens?/{profile}"}, "store-name-invalid"),
        ({"name": "tokens/{profile}-abcdef"}, "store-name-invalid"),
        ({"name": "t" * 510 + "{profile}"}, "store-name-invalid"),
        ({"names": {"profiles": {"clinic": "ward/7"}}}, "store-name-clash"),
    ],
)
def test_wrong_settings_are_told_from_files_alone(
    tmp_path: Path, settings: dict[str, Any], code: str
) -> None:
    found = Offline(tmp_path, **settings).sink("clinic", "ward/7").flaws()
    assert {one.code for one in found} == {code}


@pytest.mark.parametrize(("lifetime", "codes"), [(600, ["store-often"]), (3600, []), (None, [])])
def test_a_secret_written_too_often_is_told_before_it_is_night(
    tmp_path: Path, lifetime: int | None, codes: list[str]
) -> None:
    offline = Offline(tmp_path)
    offline.around["lifetimes"] = {"clinic": lifetime} if lifetime else {}
    assert [one.code for one in offline.sink("clinic").settled()] == codes


def test_too_many_profiles_for_one_secret_are_told_before_it_is_night(tmp_path: Path) -> None:
    profiles = [f"ward/{number}" for number in range(1000)]
    [problem] = Offline(tmp_path, name="voxmint/{environment}").sink(*profiles).flaws()
    assert problem.code == "store-too-large"


@pytest.mark.parametrize(
    "settings",
    [
        {"region": "evil.example/"},
        {"payload": "token", "name": "voxmint"},
        {"recovery_days": 3},
        {"tags": {"managed-by": "me"}},
    ],
)
def test_settings_that_cannot_be_are_refused(tmp_path: Path, settings: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Offline(tmp_path, **settings).sink("clinic")


# ── a network that fails ─────────────────────────────────────────────────────────────────────────


@pytest.fixture
def faulty(server: Aws) -> Iterator[Faulty]:
    """What stands before the server, and is what this process is led to; nothing is repeated."""
    with running_faulty(server.address) as faulty:
        variables = {"AWS_ENDPOINT_URL": faulty.address, "AWS_MAX_ATTEMPTS": "1"}
        with in_environment(variables):
            yield faulty


def requests_of(faulty: Faulty, write: Callable[[], object]) -> list[str]:
    """What a write asks the server, by the names of the calls."""
    before = len(faulty.requests)
    write()
    return [one.headers["x-amz-target"].rpartition(".")[2] for one in faulty.requests[before:]]


MADE = ["DescribeSecret", "CreateSecret", "PutSecretValue", "GetSecretValue"]
MOVED = ["UpdateSecretVersionStage", "TagResource", "UpdateSecretVersionStage"]
RENEWED = ["DescribeSecret", "PutSecretValue", "GetSecretValue"]


def test_a_write_asks_no_more_than_it_has_to(faulty: Faulty, secrets: SecretsManager) -> None:
    assert requests_of(faulty, lambda: written(secrets)) == [*MADE, *MOVED]
    assert requests_of(faulty, lambda: written(secrets, 2)) == [*RENEWED, *MOVED]
    again = delivering("clinic", number=2)
    same = requests_of(faulty, lambda: secrets.sink("clinic").write(again))
    assert same == ["DescribeSecret", "GetSecretValue"]


@pytest.mark.slow
class TestOverANetworkThatFails(StoreContract):
    @pytest.fixture
    def line(self, faulty: Faulty, secrets: SecretsManager) -> Line:
        def session_of() -> str:
            return secrets.tags(NAME)["voxmint-session-id"]

        def leftovers() -> list[str]:
            return [one for one, found in secrets.labels(NAME).items() if found == ["AWSPENDING"]]

        return replace(through(faulty, secrets, session_of), leftovers=leftovers)


@pytest.mark.slow
def test_tags_of_an_earlier_session_go_where_a_switch_was_cut_before_it_set_them(
    faulty: Faulty, secrets: SecretsManager
) -> None:
    written(secrets)
    sink = secrets.sink("clinic")
    one = session("clinic", 2)._replace(session_id=None)
    with sink.locked():
        staged = sink.stage(Change((one,)))
        staged.read_back()
        [pending] = staged.pending
        with suppress(ProblemsError), faulty.failing(faulty.failing_number(1, Fault.LOST)):
            staged.switch()
    left = Unfinished(one, pending.version, pending.before)
    assert secrets.sink("clinic").finish([left]) == Finished({"clinic": WRITTEN})
    assert "voxmint-session-id" not in secrets.tags(NAME)


@pytest.mark.parametrize("fault", [Fault.APPLIED, Fault.CUT])
def test_a_move_whose_answer_is_lost_is_found_to_be_done(
    faulty: Faulty, secrets: SecretsManager, fault: Fault
) -> None:
    written(secrets)
    sink = secrets.sink("clinic")
    with sink.locked(), sink.stage(delivering("clinic", number=2)) as staged:
        staged.read_back()
        with faulty.failing(faulty.failing_number(0, fault)):
            assert staged.switch() == {"clinic": WRITTEN}
    assert secrets.read()["clinic"] == known("clinic", 2)


def test_a_write_whose_answer_is_cut_makes_no_second_version(
    faulty: Faulty, secrets: SecretsManager
) -> None:
    written(secrets)
    before = len(secrets.client.describe_secret(SecretId=NAME)["VersionIdsToStages"])
    with faulty.failing(faulty.failing_number(1, Fault.CUT)):
        written(secrets, 2)
    after = len(secrets.client.describe_secret(SecretId=NAME)["VersionIdsToStages"])
    assert after == before + 1
