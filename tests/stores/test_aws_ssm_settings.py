"""What is told of a sink for AWS SSM Parameter Store without asking anybody."""

import json
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from tests.stores.destinations import in_environment
from tests.stores.ssms import (
    NAME,
    Offline,
    offline_sink,
)
from voxmint.engine.stores.aws import client_of
from voxmint.engine.stores.aws_ssm import _ParameterStore
from voxmint.engine.stores.aws_ssm_parameters import About, about_of, policies_of, tier_of
from voxmint.engine.stores.contract import Found, Presence, Trouble, What
from voxmint.testing.sink_contract import (
    errors_of,
)

PAGES = Path(__file__).resolve().parents[2] / "docs/stores"

# ── settings ─────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("settings", "code"),
    [
        ({"endpoint": "http://parameters.example"}, "store-host-needs-tls"),
        ({"name": "tokens/{profile}"}, "store-name-invalid"),
        ({"name": "/tokens//{profile}"}, "store-name-invalid"),
        ({"name": "/tokens+/{profile}"}, "store-name-invalid"),
        ({"name": "/aws/{profile}"}, "store-name-invalid"),
        ({"name": "/SSM-tokens/{profile}"}, "store-name-invalid"),
        ({"name": "/a" * 13 + "/{profile}"}, "store-name-invalid"),
        ({"name": f"/{'t' * 900}" + "{profile}"}, "store-name-invalid"),
        ({"names": {"profiles": {"clinic": "ward/7"}}}, "store-name-clash"),
    ],
)
def test_wrong_settings_are_told_from_files_alone(
    tmp_path: Path, settings: dict[str, Any], code: str
) -> None:
    found = Offline(tmp_path, **settings).sink("clinic", "ward/7").flaws()
    assert {one.code for one in found} == {code}


@pytest.mark.parametrize("name", ["/tokens/{profile}", "/a" * 13 + "/{profile}", "/{profile}"])
def test_other_names_are_taken(tmp_path: Path, name: str) -> None:
    assert list(Offline(tmp_path, name=name).sink("clinic").flaws()) == []


@pytest.mark.parametrize(
    ("count", "tier", "words"),
    [
        (20, "by-size", None),
        (20, "standard", None),
        (60, "by-size", None),
        (60, "standard", "with `tier: by-size` it would be an Advanced one"),
        (120, "by-size", "at most 8,192 are taken"),
        (120, "standard", "at most 8,192 are taken"),
    ],
)
def test_too_many_profiles_for_one_parameter_are_told_before_it_is_night(
    tmp_path: Path, count: int, tier: str, words: str | None
) -> None:
    profiles = [f"ward/{number}" for number in range(count)]
    store = Offline(tmp_path, name="/voxmint/{environment}", tier=tier)
    found = [(one.code, one.message) for one in store.sink(*profiles).flaws()]
    assert [code for code, _ in found] == (["store-too-large"] if words else [])
    assert all(str(words) in message for _, message in found)


@pytest.mark.parametrize(
    "settings",
    [
        {"region": "evil.example/"},
        {"payload": "token", "name": "/voxmint"},
        {"tags": {"voxmint-profile": "me"}},
        {"tier": "standard", "expire": True},
        {"tier": "Advanced"},
    ],
)
def test_settings_that_cannot_be_are_refused(tmp_path: Path, settings: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        offline_sink(tmp_path, **settings)


def test_the_ledger_knows_it_by_its_region_address_and_name(tmp_path: Path) -> None:
    settings = {"region": "eu-central-1", "endpoint": "https://parameters.example"}
    sink = offline_sink(tmp_path, **settings)
    place = "eu-central-1 https://parameters.example /voxmint/production/{profile}"
    assert (sink.kind, sink.address) == ("aws-ssm", place)


@pytest.mark.parametrize(
    ("setting", "size", "tier", "expires", "expected"),
    [
        ("by-size", 4096, "Standard", False, "Standard"),
        ("by-size", 4097, "Standard", False, "Advanced"),
        ("by-size", 1, "Advanced", False, "Advanced"),
        ("by-size", 1, "Standard", True, "Advanced"),
        ("advanced", 1, "Standard", False, "Advanced"),
        ("standard", 1, "Standard", False, "Standard"),
        ("intelligent", 5000, "Standard", True, "Intelligent-Tiering"),
    ],
)
def test_a_tier_goes_by_the_setting_the_size_and_what_is_there(
    setting: str, size: int, tier: str, expires: bool, expected: str
) -> None:
    assert tier_of(setting, size, About(tier=tier), expires=expires) == expected


def test_policies_of_others_stay_and_an_expiry_is_replaced_or_goes() -> None:
    def policy(kind: str, **attributes: str) -> dict[str, Any]:
        return {"Type": kind, "Version": "1.0", "Attributes": attributes}

    no_change = policy("NoChangeNotification", After="20", Unit="Days")
    old = policy("Expiration", Timestamp="2026-01-01T00:00:00.000Z")
    notice = policy("ExpirationNotification", Before="1", Unit="Days")
    policies = [{"PolicyText": json.dumps(one)} for one in (old, no_change, notice)]
    about = about_of({"Type": "SecureString", "Tier": "Advanced", "Policies": policies})
    new = policy("Expiration", Timestamp="2027-01-15T08:00:00.000Z")
    assert json.loads(policies_of(about, 1_800_000_000) or "") == [no_change, new]
    assert json.loads(policies_of(about, None) or "") == [no_change]
    about = about_of({"Type": "SecureString", "Policies": policies[1:2]})
    assert policies_of(about, None) is None
    assert policies_of(About(), None) is None


def test_what_cannot_be_told_is_no_reason_to_refuse(tmp_path: Path) -> None:
    sink = offline_sink(tmp_path)
    marks = {"managed-by": "voxmint", "voxmint-environment": "production"}
    assert sink.refusal(NAME, Found(Presence.THERE, "1", marks, detail=About())) is None
    unencrypted = Found(Presence.THERE, "1", marks, detail=About("String"))
    problem = sink.refusal(NAME, unencrypted)
    assert problem is not None
    assert problem.code == "store-unfit"


@pytest.mark.parametrize(
    ("code", "status", "expected"),
    [
        ("UnrecognizedClientException", 400, What.LOGIN),
        ("AccessDeniedException", 400, What.DENIED),
        ("ThrottlingException", 400, What.BUSY),
        ("TooManyUpdates", 400, What.CHANGED),
        ("ParameterAlreadyExists", 400, What.CHANGED),
        ("ParameterNotFound", 400, What.CHANGED),
        ("ParameterLimitExceeded", 400, What.FULL),
        ("ParameterMaxVersionLimitExceeded", 400, What.FULL),
        ("InternalServerError", 500, What.UNREACHABLE),
        ("InvalidKeyId", 400, What.REFUSED),
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
    trouble = _ParameterStore(None, None).trouble_of(ClientError(answer, "PutParameter"))  # type: ignore[arg-type]  # asks nobody
    assert trouble == Trouble(expected, code, "0d7f2c1e-1111", "PutParameter")
    assert "canary" not in offline_sink(tmp_path).problem_of(trouble).message


def test_nobody_is_waited_for_longer_than_the_pages_say() -> None:
    with in_environment({"AWS_ACCESS_KEY_ID": "made", "AWS_SECRET_ACCESS_KEY": "up"}):
        config = client_of("ssm", "eu-central-1", None, 3).meta.config
    assert (config.connect_timeout, config.read_timeout) == (10, 30)
    for page in ("aws-parameter-store.md", "aws-secrets-manager.md"):
        text = " ".join((PAGES / page).read_text(encoding="utf-8").split())
        assert "A connection may take 10 seconds and an answer 30." in text


def test_without_credentials_or_a_region_nothing_is_sent(tmp_path: Path) -> None:
    lacking: dict[str, str | None] = {
        "AWS_CONFIG_FILE": "/dev/null",
        "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
        "AWS_EC2_METADATA_DISABLED": "true",
        **dict.fromkeys(("AWS_ACCESS_KEY_ID", "AWS_PROFILE", "AWS_DEFAULT_REGION", "AWS_REGION")),
    }
    with in_environment(lacking):
        [problem] = errors_of(offline_sink(tmp_path, region="eu-central-1"))
        assert problem.code == "store-login-failed"
        [problem] = errors_of(offline_sink(tmp_path))
        assert "AWS_REGION" in problem.message
