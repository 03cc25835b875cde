"""Google Secret Manager, faked: who may, what errors mean, and what settings can be."""

import json
import logging
import re
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from tests.stores.destinations import in_environment
from tests.stores.gcps import KEY, PAGE, Offline, SecretManager, refused, written
from tests.stores.servers.gcp import REGION, Gcp, write_account
from voxmint.engine.sinks.contract import Change
from voxmint.engine.stores.contract import What
from voxmint.engine.stores.gcp_secretmanager import SecretManagerSink
from voxmint.engine.stores.gcp_secretmanager_client import LOGGERS, RIGHTS
from voxmint.problems import ProblemsError
from voxmint.testing.sink_contract import (
    delivering,
    errors_of,
)


@pytest.fixture
def secrets(gcp: Gcp, tmp_path: Path) -> SecretManager:
    return SecretManager(gcp, tmp_path)


# ── who may ──────────────────────────────────────────────────────────────────────────────────────

OPTIONAL = "versions.disable"
NEEDED = tuple(one.removeprefix("secretmanager.") for one in RIGHTS.values() if OPTIONAL not in one)


def test_the_rights_that_the_page_lists_are_enough(secrets: SecretManager) -> None:
    text = PAGE.read_text(encoding="utf-8")
    listed = set(re.findall(r"^ *- secretmanager\.([a-z]+\.[a-z]+)$", text, re.MULTILINE))
    assert listed == set(NEEDED)
    with secrets.gcp.allowing(*NEEDED):
        sink = secrets.sink("clinic")
        assert errors_of(sink) == []
        for number in (1, 2, 3):
            sink.write(delivering("clinic", number=number))
        assert sink.holds() == {"clinic"}
        with sink.locked(), sink.stage(delivering("clinic", number=4)):
            pass
        sink.write(Change(remove=frozenset({"clinic"})))
    assert secrets.gcp.secrets == {}


def test_a_look_needs_one_right_alone(secrets: SecretManager) -> None:
    written(secrets)
    with secrets.gcp.allowing("secrets.get"):
        assert secrets.sink("clinic").holds() == {"clinic"}


@pytest.mark.slow
@pytest.mark.parametrize("right", [*NEEDED, OPTIONAL])
def test_a_right_that_is_missing_is_named_and_readers_keep_what_they_have(
    gcp: Gcp, tmp_path: Path, right: str
) -> None:
    secrets = SecretManager(gcp, tmp_path)
    if right == OPTIONAL:
        secrets.settings["older"] = "disable"
    if right != "secrets.create":
        for number in (1, 2):
            written(secrets, number)
    before = secrets.read()
    change = delivering("clinic", number=3)
    if right == "secrets.delete":
        change = Change(remove=frozenset({"clinic"}))
    others = {*NEEDED, OPTIONAL} - {right}
    with gcp.allowing(*others), pytest.raises(ProblemsError) as raised:
        secrets.sink("clinic").write(change)
    [problem] = raised.value.problems
    assert problem.code == "store-denied", problem.message
    assert f"secretmanager.{right}" in problem.message
    assert "docs/stores" in str(problem.hint)
    assert secrets.read() == before


def test_an_account_that_google_does_not_know_is_told_before_anything_is_minted(
    secrets: SecretManager,
) -> None:
    account = secrets.folder / "account.json"
    write_account(account)
    with in_environment({"GOOGLE_APPLICATION_CREDENTIALS": str(account)}):
        problem = refused(secrets)
    assert problem.code == "store-login-failed"
    assert secrets.gcp.secrets == {}


def test_without_credentials_nothing_is_sent(secrets: SecretManager) -> None:
    nothing = {"GOOGLE_APPLICATION_CREDENTIALS": None, "CLOUDSDK_CONFIG": str(secrets.folder)}
    with in_environment(nothing):
        problem = refused(secrets)
    assert problem.code == "store-login-failed"
    assert problem.facts["said"] == "no credentials were found"
    assert secrets.gcp.calls == []


@pytest.mark.slow
def test_a_file_of_credentials_that_is_none_is_told_and_not_repeated(
    secrets: SecretManager,
) -> None:
    file = secrets.folder / "account.json"
    file.write_text('{"type": "service_account", "private_key": "canary"}')
    secrets.environ = {**secrets.environ, "GOOGLE_APPLICATION_CREDENTIALS": str(file)}
    with in_environment({"GOOGLE_APPLICATION_CREDENTIALS": str(file)}):
        problem = refused(secrets)
    assert problem.code == "store-login-failed"
    assert "GOOGLE_APPLICATION_CREDENTIALS" in problem.message


@pytest.mark.slow
def test_without_a_project_it_says_which_variable_is_missing(secrets: SecretManager) -> None:
    account = json.loads(Path(secrets.gcp.folder, "account.json").read_text())
    file = secrets.folder / "account.json"
    file.write_text(json.dumps({**account, "project_id": None}))
    variables = {"GOOGLE_APPLICATION_CREDENTIALS": str(file), "GOOGLE_CLOUD_PROJECT": None}
    with in_environment(variables):
        assert "GOOGLE_CLOUD_PROJECT" in refused(secrets).message


@pytest.mark.slow
def test_a_server_that_is_away_is_told(secrets: SecretManager) -> None:
    with in_environment({"https_proxy": "http://127.0.0.1:9"}):
        [problem] = errors_of(secrets.sink("clinic"))
    assert problem.code == "store-unreachable"


# ── what errors mean ─────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("status", "reason", "expected"),
    [
        ("Unauthenticated", "", What.LOGIN),
        ("Unauthenticated", "ACCESS_TOKEN_EXPIRED", What.LOGIN),
        ("PermissionDenied", "ACCESS_TOKEN_SCOPE_INSUFFICIENT", What.LOGIN),
        ("PermissionDenied", "IAM_PERMISSION_DENIED", What.DENIED),
        ("PermissionDenied", "SERVICE_DISABLED", What.REFUSED),
        ("ResourceExhausted", "RATE_LIMIT_EXCEEDED", What.BUSY),
        ("ResourceExhausted", "RESOURCE_QUOTA_EXCEEDED", What.FULL),
        ("ServiceUnavailable", "", What.UNREACHABLE),
        ("DeadlineExceeded", "", What.UNREACHABLE),
        ("InternalServerError", "", What.UNREACHABLE),
        ("Aborted", "", What.CHANGED),
        ("FailedPrecondition", "", What.REFUSED),
        ("InvalidArgument", "", What.REFUSED),
    ],
)
def test_an_error_is_told_by_its_status_and_never_by_its_text(
    tmp_path: Path, status: str, reason: str, expected: What
) -> None:
    from google.api_core import exceptions
    from google.rpc.error_details_pb2 import ErrorInfo

    from voxmint.engine.stores.gcp_secretmanager_client import RefusedError, trouble_of

    info = ErrorInfo(reason=reason) if reason else None
    error = getattr(exceptions, status)("ek_canary was sent", error_info=info)
    trouble = trouble_of(RefusedError("add_secret_version", error))
    assert trouble.what is expected
    assert trouble.code
    shown = Offline(tmp_path).sink("clinic")
    assert isinstance(shown, SecretManagerSink)
    message = shown.problem_of(trouble).message
    assert "canary" not in message
    if expected is What.DENIED:
        assert "secretmanager.versions.add" in message


def test_google_s_own_requests_are_never_logged(secrets: SecretManager) -> None:
    # As GOOGLE_SDK_PYTHON_LOGGING_SCOPE sets it.
    above = logging.getLogger("google.cloud.secretmanager_v1.services")
    above.setLevel(logging.DEBUG)
    try:
        written(secrets)
        assert not any(logging.getLogger(one).isEnabledFor(logging.INFO) for one in LOGGERS)
    finally:
        above.setLevel(logging.NOTSET)


# ── settings ─────────────────────────────────────────────────────────────────────────────────────


def test_an_address_in_the_project_counts_where_the_operator_allows_it(
    gcp: Gcp, tmp_path: Path
) -> None:
    host = f"secretmanager.{REGION}.rep.googleapis.com"
    secrets = SecretManager(gcp, tmp_path, endpoint=f"https://{host}", location=REGION)
    [problem] = errors_of(secrets.sink("clinic"))
    assert problem.code == "store-host-refused"
    assert gcp.proxy.asked == []
    secrets.around["allow_hosts"] = (host,)
    assert errors_of(secrets.sink("clinic")) == []


@pytest.mark.parametrize(
    ("settings", "code"),
    [
        ({"endpoint": "http://secrets.example"}, "store-host-needs-tls"),
        ({"endpoint": "https://user@secrets.example"}, "store-url-malformed"),
        ({"name": "tokens/{profile}"}, "store-name-invalid"),
        ({"name": "t" * 255 + "{profile}"}, "store-name-invalid"),
        ({"names": {"profiles": {"clinic": "ward-7"}}}, "store-name-clash"),
    ],
)
def test_wrong_settings_are_told_from_files_alone(
    tmp_path: Path, settings: dict[str, Any], code: str
) -> None:
    found = Offline(tmp_path, **settings).sink("clinic", "ward/7").flaws()
    assert {one.code for one in found} == {code}


@pytest.mark.parametrize(("lifetime", "codes"), [(600, ["store-often"]), (3600, []), (None, [])])
def test_a_token_that_readers_may_get_too_late_is_told_before_it_is_night(
    tmp_path: Path, lifetime: int | None, codes: list[str]
) -> None:
    offline = Offline(tmp_path)
    offline.around["lifetimes"] = {"clinic": lifetime} if lifetime else {}
    assert [one.code for one in offline.sink("clinic").settled()] == codes


def test_too_many_profiles_for_one_secret_are_told_before_it_is_night(tmp_path: Path) -> None:
    profiles = [f"ward/{number}" for number in range(1000)]
    [problem] = Offline(tmp_path, name="voxmint-{environment}").sink(*profiles).flaws()
    assert problem.code == "store-too-large"


@pytest.mark.parametrize(
    "settings",
    [
        {"location": "evil.example/"},
        {"location": "europe-west3", "replicas": ["europe-west1"]},
        {"project": "a/b"},
        {"replicas": ["europe-west1", "europe-west3"], "kms_key": KEY.replace("{location}", "eu")},
        {"kms_key": "alias/speech"},
        {"labels": {"managed-by": "me"}},
        {"labels": {"Team": "me"}},
        {"alias": "latest"},
        {"alias": "7"},
        {"endpoint": "https://secrets.example/v1"},
        {"endpoint": "http://127.0.0.1:8080"},
        {"payload": "token", "name": "voxmint"},
    ],
)
def test_settings_that_cannot_be_are_refused(tmp_path: Path, settings: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Offline(tmp_path, **settings).sink("clinic")
