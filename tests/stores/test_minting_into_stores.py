"""Whole runs against a store: who asks it, what a mint leaves, and how the next one goes on."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.engine.mints import Desk, desk, outcomes
from tests.stores.destinations import in_environment
from tests.stores.servers.aws import Aws
from tests.stores.servers.faulty import Fault, Request, running_faulty
from tests.stores.test_aws_secretsmanager import RIGHTS, a_user_who_may, client_at
from voxmint.engine.edge import Operator
from voxmint.engine.events import Noted
from voxmint.engine.mint import planned
from voxmint.engine.plan import Plan
from voxmint.engine.purging import plan_purge, purge, scope_of
from voxmint.engine.sinks.looking import looks_at
from voxmint.engine.status import status_of
from voxmint.problems import ProblemsError

AWS = "sinks: [{kind: aws-secretsmanager}]\n"
BOTH = "sinks: [{kind: dotenv, path: .env.live}, {kind: aws-secretsmanager}]\n"
NOBODY = {"AWS_ENDPOINT_URL": "http://127.0.0.1:9", "AWS_MAX_ATTEMPTS": "1"}
"""Leads to a port that nobody listens at."""


@pytest.fixture
def server(aws: Aws) -> Iterator[Aws]:
    with in_environment(aws.environ):
        yield aws


def client(server: Aws) -> Any:
    return client_at(server.address, server.region)


def secret(server: Aws, profile: str) -> dict[str, Any]:
    answer = client(server).get_secret_value(
        SecretId=f"voxmint/live/{profile}", VersionStage="AWSCURRENT"
    )
    found: dict[str, Any] = json.loads(answer["SecretString"])
    return found


def names(server: Aws) -> list[str]:
    return sorted(one["Name"] for one in client(server).list_secrets()["SecretList"])


def actions(made: Desk, **operator: Any) -> dict[str, str]:
    return {one.profile: str(one.action) for one in made.plan(**operator).entries}


def asked(made: Desk) -> Plan:
    order = made.project.order((), ["live"])
    return planned(made.project, order, Operator(), made.edge(), refresh=True)[0]


def test_a_run_of_all_that_there_is(server: Aws, tmp_path: Path) -> None:
    made = desk(tmp_path, ["clinic", "ward/a"], more=AWS)
    assert outcomes(made.mint()) == {"clinic": "minted", "ward/a": "minted"}
    assert names(server) == ["voxmint/live/clinic", "voxmint/live/ward/a"]
    session = made.sessions["clinic"]
    assert secret(server, "clinic")["session_id"] == session.session_id
    assert secret(server, "clinic")["expires_at"] == session.expires_at
    assert outcomes(made.mint()) == {"clinic": "kept", "ward/a": "kept"}

    order = made.project.order((), ["live"])
    [status] = status_of(made.project, order, Operator(), made.edge()).environments
    assert status.is_live

    # What a deleted profile left goes with the next mint.
    (made.root / "profiles/ward/a.yaml").unlink()
    made.mint()
    assert names(server) == ["voxmint/live/clinic"]

    scope = scope_of(made.project, "live")
    assert [one.profile for one in plan_purge(scope, (), made.edge()).items] == ["clinic"]
    assert purge(scope, (), Operator(), made.edge(), None).exit_code == 0
    assert names(server) == []


def test_only_who_has_to_asks_the_store(server: Aws, tmp_path: Path) -> None:
    made = desk(tmp_path, more=AWS)
    made.mint()
    client(server).delete_secret(SecretId="voxmint/live/clinic", ForceDeleteWithoutRecovery=True)
    with in_environment(NOBODY):
        assert actions(made) == {"clinic": "keep"}
        environment = made.project.compile_all().environments["live"]
        [look], problems = looks_at(made.root, environment, {}, made.edge().environ)
        assert (look.is_asked, look.holds, problems) == (False, (), [])
        with pytest.raises(ProblemsError, match="cannot be reached"):
            asked(made)
        order = made.project.order((), ["live"])
        [status] = status_of(made.project, order, Operator(), made.edge()).environments
        assert [str(one.state) for one in status.sessions] == ["unknown"]
    assert [str(one.action) for one in asked(made).entries] == ["renew"]
    assert outcomes(made.mint()) == {"clinic": "minted"}


def test_limits_are_told_by_the_plan(tmp_path: Path) -> None:
    made = desk(tmp_path, more=AWS)
    with in_environment(NOBODY):
        made.plan()
    assert [one.problem.code for one in made.told(Noted)] == ["store-often"]


def test_a_secret_of_others_stops_a_run_before_its_first_request(
    server: Aws, tmp_path: Path
) -> None:
    made = desk(tmp_path, ["clinic", "ward"], more=AWS)
    client(server).create_secret(Name="voxmint/live/ward", SecretString="theirs")
    with pytest.raises(ProblemsError) as raised:
        made.mint()
    assert [one.code for one in raised.value.problems if one.is_error] == ["store-foreign"]
    assert (names(server), made.sessions) == (["voxmint/live/ward"], {})
    assert outcomes(made.mint(adopt=True)) == {"clinic": "minted", "ward": "minted"}


def test_a_store_that_cannot_be_written_leaves_the_other_sinks_as_they_were(
    server: Aws, tmp_path: Path
) -> None:
    made = desk(tmp_path, more=BOTH)
    made.mint()
    before = made.env_file.read_bytes(), secret(server, "clinic")
    rights = [one for one in RIGHTS if one != "GetSecretValue"]
    with a_user_who_may(server, *rights):
        report = made.mint(force=True)
    assert outcomes(report) == {"clinic": "unwritten"}
    assert (made.env_file.read_bytes(), secret(server, "clinic")) == before


def test_of_a_switch_that_fails_halfway_it_says_which_have_it_and_the_next_run_mends_it(
    server: Aws, tmp_path: Path
) -> None:
    made = desk(tmp_path, ["clinic", "ward"], more=AWS)
    made.mint()
    before = secret(server, "ward")

    def moves_of_ward(request: Request) -> Fault | None:
        is_move = request.headers["x-amz-target"].endswith("UpdateSecretVersionStage")
        return Fault.LOST if is_move and b"voxmint/live/ward" in request.content else None

    with (
        running_faulty(server.address) as faulty,
        faulty.failing(moves_of_ward),
        in_environment({"AWS_ENDPOINT_URL": faulty.address, "AWS_MAX_ATTEMPTS": "1"}),
    ):
        report = made.mint(force=True)
    assert outcomes(report) == {"clinic": "minted", "ward": "unwritten"}
    [problem] = [one.problem for one in report.results if one.problem]
    assert problem.code == "store-unreachable"
    assert secret(server, "ward") == before
    assert actions(made) == {"clinic": "keep", "ward": "renew"}
    assert outcomes(made.mint()) == {"clinic": "kept", "ward": "minted"}
    assert secret(server, "ward")["session_id"] == made.sessions["ward"].session_id
