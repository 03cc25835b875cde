"""Whole runs against a store: who asks it, what a mint leaves, and how the next one goes on."""

import io
import json
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.cli.running import ran
from tests.engine.mints import Desk, desk, outcomes
from tests.engine.worlds import touched
from tests.stores.destinations import in_environment
from tests.stores.servers.aws import Aws
from tests.stores.servers.faulty import Fault, Request, running_faulty
from tests.stores.test_aws_secretsmanager import RIGHTS, a_user_who_may, client_at
from voxmint.cli.formats import purge_text, report_text
from voxmint.cli.world import World
from voxmint.engine.edge import Operator
from voxmint.engine.events import Noted
from voxmint.engine.mint import mint, planned
from voxmint.engine.plan import Plan
from voxmint.engine.planfile import Asked, read_plan, write_plan
from voxmint.engine.purge_report import PurgeReport
from voxmint.engine.purging import plan_purge, purge, scope_of
from voxmint.engine.report import Report
from voxmint.engine.reviewing import Review
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
    assert [one.profile for one in plan_purge(scope, (), Operator(), made.edge()).items] == [
        "clinic"
    ]
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


@pytest.mark.parametrize(
    "command",
    [
        ("mint", "-e", "live"),
        ("plan", "-e", "live", "--refresh"),
        ("status", "-e", "live", "--detailed-exitcode"),
        ("sinks", "--check"),
        ("purge", "-e", "live", "--yes"),
    ],
)
def test_an_address_in_the_files_counts_for_whoever_names_its_host(
    server: Aws, tmp_path: Path, command: tuple[str, ...]
) -> None:
    host = server.address.removeprefix("http://")
    made = desk(tmp_path, more=AWS.replace("}", f", endpoint: '{server.address}'}}"))
    made.mint(allow_hosts=(host,))
    environ = made.edge().environ
    refused = ran(made.root, *command, environ=environ, now=made.now)
    allowed = ran(made.root, *command, "--allow-host", host, environ=environ, now=made.now)
    assert (f"--allow-host {host}" in refused.out + refused.err, allowed.code) == (True, 0)
    assert host not in allowed.err


@pytest.mark.usefixtures("server")
def test_of_a_store_that_cannot_be_asked_nobody_says_that_it_is_empty(tmp_path: Path) -> None:
    made = desk(tmp_path, more=AWS)
    made.mint()
    environ = made.edge().environ
    with in_environment(NOBODY):
        text = ran(made.root, "sinks", "--check", environ=environ, now=made.now)
        data = ran(made.root, "sinks", "--check", "-o", "json", environ=environ, now=made.now)
    assert (text.code, text.out.splitlines()[1].split()[-1]) == (1, "unknown")
    [environment] = json.loads(data.out)["environments"]
    assert [(one["asked"], one["holds"]) for one in environment["sinks"]] == [(False, [])]
    asked = ran(made.root, "sinks", "--check", environ=environ, now=made.now)
    [_, line, checked] = asked.out.splitlines()
    assert (asked.code, line.split()[-1], checked) == (0, "1", "checked 1 store: no problems")


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


def test_what_somebody_else_wrote_into_a_secret_is_not_live_and_minted_anew(
    server: Aws, tmp_path: Path
) -> None:
    made = desk(tmp_path, more=AWS)
    made.mint()
    overwrite(server, "voxmint/live/clinic")
    assert states(made)["clinic"][0] == "missing"
    assert [str(one.action) for one in asked(made).entries] == ["renew"]
    # It is still voxmint's, and no `--adopt` is needed.
    assert outcomes(made.mint()) == {"clinic": "minted"}
    assert secret(server, "clinic")["session_id"] == made.sessions["clinic"].session_id
    assert states(made)["clinic"][0] == "live"


# ── what cannot be taken out, and what is another's by now ───────────────────────────────────────


def test_what_could_not_be_pruned_is_counted_apart_and_tried_again(
    server: Aws, tmp_path: Path
) -> None:
    made = desk(tmp_path, ["clinic", "kiosk", "ward"], more=AWS)
    made.mint()
    for one in ("kiosk", "ward"):
        (made.root / f"profiles/{one}.yaml").unlink()
    with nothing_of(server, "voxmint/live/ward", "DeleteSecret"):
        report = made.mint(force=True)
    assert (report.pruned, report.unpruned, report.exit_code) == (("kiosk",), ("ward",), 3)
    assert [one.code for one in report.problems] == ["store-unreachable"]
    first, *lines = said(made, report).splitlines()
    assert first.startswith("minted 1, unpruned 1 in ")
    assert [line for line in lines if not line.startswith("next")] == [
        "unpruned   ward   still in a sink that is no longer for it",
        "           the next mint tries again",
        "pruned     kiosk   no longer in live",
    ]
    assert names(server) == ["voxmint/live/clinic", "voxmint/live/ward"]
    report = made.mint()
    assert (report.pruned, report.unpruned, report.exit_code) == (("ward",), (), 0)
    assert names(server) == ["voxmint/live/clinic"]


def make_theirs(server: Aws, name: str) -> None:
    """Somebody else makes a secret of voxmint's their own."""
    keys = [one["Key"] for one in client(server).describe_secret(SecretId=name)["Tags"]]
    client(server).untag_resource(SecretId=name, TagKeys=keys)


def test_what_is_another_s_by_now_is_left_and_not_called_removed(
    server: Aws, tmp_path: Path
) -> None:
    made = desk(tmp_path, ["clinic", "ward"], more=AWS)
    made.mint()
    make_theirs(server, "voxmint/live/ward")
    report = purge(scope_of(made.project, "live"), (), Operator(), made.edge(), None)
    assert names(server) == ["voxmint/live/ward"]
    told = {one["profile"]: one for one in report.to_json()["results"]}
    assert {name: one["outcome"] for name, one in told.items()} == {
        "clinic": "removed",
        "ward": "left",
    }
    assert [one["outcome"] for one in told["ward"]["sinks"]] == ["unchanged"]
    assert (told["ward"]["error"], report.exit_code) == (None, 0)
    assert [one["code"] for one in told["ward"]["left"]] == ["store-left"]
    first, *lines = purge_said(made, report).splitlines()
    assert first == "removed 1, left 1 in live (voxmint/live/{profile})"
    assert lines[1] == (
        "left        ward   `voxmint/live/ward` in AWS Secrets Manager has another owner by now, "
        "and stays as it is: voxmint did not write it"
    )
    # The ledger has let it go, too.
    assert plan_purge(scope_of(made.project, "live"), (), Operator(), made.edge()).items == ()


def test_what_a_deleted_profile_left_and_another_took_is_noted(server: Aws, tmp_path: Path) -> None:
    made = desk(tmp_path, ["clinic", "ward"], more=AWS)
    made.mint()
    (made.root / "profiles/ward.yaml").unlink()
    make_theirs(server, "voxmint/live/ward")
    report = made.mint()
    assert (report.pruned, report.unpruned, report.exit_code) == ((), (), 0)
    assert [one.code for one in report.problems] == ["store-left"]
    assert names(server) == ["voxmint/live/clinic", "voxmint/live/ward"]


# ── a switch that fails halfway ──────────────────────────────────────────────────────────────────


def no_move_of(server: Aws, name: str, region: str = "") -> AbstractContextManager[None]:
    """No request to make a new version of this secret the current one arrives."""
    return nothing_of(server, name, "UpdateSecretVersionStage", region)


@contextmanager
def nothing_of(server: Aws, name: str, action: str, region: str = "") -> Iterator[None]:
    """No request of this action arrives that is about this secret, in this region or in any."""

    def is_of_it(request: Request) -> Fault | None:
        is_it = (
            request.headers["x-amz-target"].endswith(action)
            and name.encode() in request.content
            and region in request.headers["authorization"]
        )
        return Fault.LOST if is_it else None

    with (
        running_faulty(server.address) as faulty,
        faulty.failing(is_of_it),
        in_environment({"AWS_ENDPOINT_URL": faulty.address, "AWS_MAX_ATTEMPTS": "1"}),
    ):
        yield


def overwrite(server: Aws, name: str) -> None:
    """Somebody else makes another version the current one."""
    about = client(server).describe_secret(SecretId=name)["VersionIdsToStages"]
    [before] = [version for version, labels in about.items() if "AWSCURRENT" in labels]
    answer = client(server).put_secret_value(
        SecretId=name, SecretString="{}", VersionStages=["THEIRS"]
    )
    client(server).update_secret_version_stage(
        SecretId=name,
        VersionStage="AWSCURRENT",
        MoveToVersionId=answer["VersionId"],
        RemoveFromVersionId=before,
    )


def screen_of(made: Desk) -> tuple[io.StringIO, World]:
    """What is written to a screen, and the world that it stands in."""
    out = io.StringIO()
    return out, World(io.StringIO(), out, io.StringIO(), {}, made.root, clock=lambda: made.now)


def said(made: Desk, report: Report) -> str:
    """What a person reads of a run."""
    out, world = screen_of(made)
    report_text.write(world.out, report, world)
    return out.getvalue()


def purge_said(made: Desk, report: PurgeReport) -> str:
    """What a person reads of a purge."""
    out, world = screen_of(made)
    purge_text.write(world.out, report, world, was_shown=False)
    return out.getvalue()


def states(made: Desk) -> dict[str, tuple[str, str]]:
    order = made.project.order((), ["live"])
    [status] = status_of(made.project, order, Operator(), made.edge()).environments
    return {one.profile: (str(one.state), one.reason) for one in status.sessions}


STAGED = "missing from `voxmint/live/{profile}`: staged there"


def test_of_a_switch_that_fails_halfway_it_says_which_have_it_and_the_next_run_finishes_it(
    server: Aws, tmp_path: Path
) -> None:
    made = desk(tmp_path, ["clinic", "ward"], more=BOTH)
    made.mint()
    before = secret(server, "ward")
    with no_move_of(server, "voxmint/live/ward"):
        report = made.mint(force=True)
    assert (outcomes(report), report.exit_code) == ({"clinic": "minted", "ward": "unwritten"}, 3)
    [problem] = [one.problem for one in report.results if one.problem]
    assert problem.code == "store-unreachable"
    assert secret(server, "ward") == before
    [told] = [one.to_json()["sinks"] for one in report.results if one.profile == "ward"]
    assert [(one["outcome"], one["staged"]) for one in told] == [
        ("written", False),
        ("failed", True),
    ]
    text = said(made, report)
    assert "the new one is in `.env.live`; `voxmint/live/{profile}` has the old one or none" in text
    assert "the next mint puts it in place" in text

    session = made.sessions["ward"]
    assert made.variables["WARD_SESSION_ID"] == session.session_id
    plan = made.plan()
    assert {one.profile: (str(one.action), one.reason) for one in plan.entries} == {
        "clinic": ("keep", "expires in 10 min"),
        "ward": ("rewrite", STAGED),
    }
    assert (plan.to_mint, plan.has_changes) == ((), True)
    assert states(made)["ward"] == ("missing", STAGED)

    file = touched(made.env_file)
    report = made.mint()
    assert (outcomes(report), report.exit_code) == ({"clinic": "kept", "ward": "written"}, 0)
    assert report.requests == 0
    assert secret(server, "ward")["session_id"] == session.session_id
    assert touched(made.env_file) == file
    assert outcomes(made.mint()) == {"clinic": "kept", "ward": "kept"}
    assert states(made)["ward"][0] == "live"


def test_stores_whose_secrets_have_the_same_names_are_told_apart(
    server: Aws, tmp_path: Path
) -> None:
    kind = "aws-secretsmanager"
    made = desk(tmp_path, more=f"sinks: [{{kind: {kind}}}, {{kind: {kind}, region: eu-west-1}}]\n")
    made.mint()
    with no_move_of(server, "clinic", region="eu-west-1"):
        report = made.mint(force=True)
    there, here = f"{kind} eu-west-1 voxmint/live/{{profile}}", f"{kind} voxmint/live/{{profile}}"
    text = said(made, report)
    assert f"the new one is in `{here}`; `{there}` has the old one or none" in text
    assert f"it is staged in `{there}`: the next mint" in text
    assert states(made)["clinic"] == ("missing", f"missing from `{there}`: staged there")
    written = said(made, made.mint()).splitlines()[0]
    assert written.startswith("written 1 in ")
    assert written.endswith(f" → {here}, {there}")


def test_a_switch_that_the_run_itself_could_mend_is_no_failure(server: Aws, tmp_path: Path) -> None:
    made = desk(tmp_path, more=BOTH)
    made.mint()
    moves: list[Request] = []

    def first_move(request: Request) -> Fault | None:
        if request.headers["x-amz-target"].endswith("UpdateSecretVersionStage"):
            moves.append(request)
            return Fault.LOST if len(moves) == 1 else None
        return None

    with (
        running_faulty(server.address) as faulty,
        faulty.failing(first_move),
        in_environment({"AWS_ENDPOINT_URL": faulty.address, "AWS_MAX_ATTEMPTS": "1"}),
    ):
        report = made.mint(force=True)
    assert (outcomes(report), report.problems, report.exit_code) == ({"clinic": "minted"}, (), 0)
    assert secret(server, "clinic")["session_id"] == made.sessions["clinic"].session_id


def test_what_is_staged_and_cannot_be_switched_over_yet_waits_for_the_run_after(
    server: Aws, tmp_path: Path
) -> None:
    made = desk(tmp_path, more=BOTH)
    made.mint()
    with no_move_of(server, "clinic"):
        made.mint(force=True)
        report = made.mint()
    assert (outcomes(report), report.requests, report.exit_code) == ({"clinic": "unwritten"}, 0, 1)
    assert "the next mint puts it in place" in said(made, report)
    assert outcomes(made.mint()) == {"clinic": "written"}


def test_what_is_staged_is_let_go_where_a_new_token_is_needed(server: Aws, tmp_path: Path) -> None:
    made = desk(tmp_path, more=BOTH)
    made.mint()
    with no_move_of(server, "clinic"):
        made.mint(force=True)
    assert actions(made, force=True) == {"clinic": "renew"}
    made.now += 10
    assert actions(made, min_remaining=595.0) == {"clinic": "renew"}
    made.now += 490
    assert actions(made) == {"clinic": "renew"}
    made.now -= 500
    made.env_file.unlink()
    assert actions(made) == {"clinic": "renew"}
    assert outcomes(made.mint()) == {"clinic": "minted"}
    assert secret(server, "clinic")["session_id"] == made.sessions["clinic"].session_id


def test_what_was_staged_and_is_gone_is_minted_anew_but_not_against_a_review(
    server: Aws, tmp_path: Path
) -> None:
    made = desk(tmp_path, more=BOTH)
    made.mint()
    with no_move_of(server, "clinic"):
        made.mint(force=True)
    order, asked_for = made.project.order((), ["live"]), Asked(environment="live")
    plan, selection = planned(made.project, order, Operator(), made.edge())
    write_plan(tmp_path / "plan.json", plan, asked_for, selection)
    review = Review("plan.json", read_plan(tmp_path, "plan.json"))
    overwrite(server, "voxmint/live/clinic")

    before = made.sessions
    report = mint(made.project, order, Operator(lock_timeout=5), made.edge(), review)
    assert (outcomes(report), report.requests) == ({"clinic": "unwritten"}, 0)
    [result] = report.results
    assert result.problem is not None
    assert result.problem.code == "plan-outdated"
    assert "and what was staged there is gone" in result.problem.message
    assert made.sessions["clinic"].session_id == before["clinic"].session_id

    # Now the ledger knows, too.
    assert outcomes(made.mint()) == {"clinic": "minted"}


def test_a_run_that_finds_it_gone_mints_in_the_same_run(server: Aws, tmp_path: Path) -> None:
    made = desk(tmp_path, more=BOTH)
    made.mint()
    with no_move_of(server, "clinic"):
        made.mint(force=True)
    overwrite(server, "voxmint/live/clinic")
    report = made.mint()
    [result] = report.results
    assert (str(result.outcome), str(result.action)) == ("minted", "renew")
    assert "and what was staged there is gone" in result.reason
    assert secret(server, "clinic")["session_id"] == made.sessions["clinic"].session_id
