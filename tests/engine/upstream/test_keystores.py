"""Keys from a secrets manager: read last, by the operator's word, and told of by nothing."""

import json
import logging
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.engine.mints import KEY, desk, outcomes
from tests.engine.scripted import Scripted, each, minted
from tests.engine.worlds import problem_of, run
from tests.stores.conftest import aws, aws_server
from tests.stores.destinations import in_environment
from tests.stores.servers.aws import Aws
from tests.stores.servers.faulty import Answer, Fault, running_faulty
from tests.stores.test_aws_secretsmanager import a_user_who_may, client_at
from voxmint.engine.upstream.keystores import ALLOW_SECRETS, Wanted, from_store
from voxmint.problems import ProblemsError
from voxmint.profiles.key_stores import KeyInAws

__all__ = ["aws", "aws_server"]

NAME = "speech/openai"
ALLOWED = {ALLOW_SECRETS: f"aws:{NAME}"}


@pytest.fixture
def server(aws: Aws) -> Iterator[Aws]:
    with in_environment(aws.environ):
        yield aws


def hold(server: Aws, **given: Any) -> None:
    """The secret holds this."""
    client_at(server.address, server.region).create_secret(Name=NAME, **given)


def key(environ: Mapping[str, str] = ALLOWED, **wanted: Any) -> str:
    return from_store(Wanted("aws", KeyInAws(secret=NAME, **wanted), environ), None)


@pytest.mark.parametrize(
    ("text", "field"), [(KEY, None), (json.dumps({"key": KEY, "other": 1}), "key")]
)
def test_a_key_is_a_secret_s_text_or_a_member_of_it(
    server: Aws, text: str, field: str | None
) -> None:
    hold(server, SecretString=text)
    assert key(field=field) == KEY


@pytest.mark.parametrize(
    ("held", "field", "said"),
    [
        (None, None, "there is no such secret, or it holds no text that can be read"),
        (
            {"SecretBinary": b"sk-canary"},
            None,
            "there is no such secret, or it holds no text that can be read",
        ),
        ({"SecretString": "sk-canary"}, "key", "it holds no JSON object"),
        ({"SecretString": '["sk-canary"]'}, "key", "it holds no JSON object"),
        ({"SecretString": '{"other": "sk-canary"}'}, "key", "no text stands under `key` in it"),
        ({"SecretString": '{"key": ["sk-canary"]}'}, "key", "no text stands under `key` in it"),
    ],
)
def test_what_is_no_key_is_told_without_what_it_is(
    server: Aws, held: Mapping[str, Any] | None, field: str | None, said: str
) -> None:
    if held is not None:
        hold(server, **held)
    with pytest.raises(ProblemsError) as raised:
        key(field=field)
    problem = problem_of(raised)
    message = f"AWS Secrets Manager has no key in `{NAME}`: {said}"
    assert (problem.code, problem.message) == ("key-store-lacks", message)


@pytest.mark.parametrize(
    ("named", "is_allowed"),
    [
        ("", False),
        ("aws:speech/other", False),
        ("vault:speech/openai", False),
        ("speech/openai", False),
        ("vault:x, aws:speech/openai", True),
        ("aws:speech/*", True),
    ],
)
def test_only_a_secret_that_the_operator_names_is_read(
    server: Aws, named: str, is_allowed: bool
) -> None:
    hold(server, SecretString=KEY)
    if is_allowed:
        assert key({ALLOW_SECRETS: named}) == KEY
        return
    with in_environment({"AWS_ENDPOINT_URL": "http://127.0.0.1:9"}):
        with pytest.raises(ProblemsError) as raised:
            key({ALLOW_SECRETS: named})
        problem = problem_of(raised)
        assert problem.code == "key-store-forbidden"
        assert problem.hint == f"{ALLOW_SECRETS}=aws:{NAME}"


def test_a_missing_right_is_named_and_one_right_is_enough(server: Aws) -> None:
    hold(server, SecretString=KEY)
    with a_user_who_may(server, "GetSecretValue"):
        assert key() == KEY
    server.reset()
    hold(server, SecretString=KEY)
    with a_user_who_may(server, "DescribeSecret"), pytest.raises(ProblemsError) as raised:
        key()
    problem = problem_of(raised)
    assert problem.code == "key-store-failed"
    assert "GetSecretValue" in problem.message
    # The client's own error goes along with nothing.
    assert (raised.value.__cause__, raised.value.__context__) == (None, None)


@pytest.mark.usefixtures("server")
@pytest.mark.parametrize(
    ("variables", "said"),
    [
        ({"AWS_ENDPOINT_URL": "http://127.0.0.1:9", "AWS_MAX_ATTEMPTS": "1"}, "connection"),
        ({"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": ""}, "no credentials were found"),
        ({"AWS_DEFAULT_REGION": None}, "AWS_REGION"),
    ],
)
def test_a_store_that_cannot_be_asked_is_told(
    variables: Mapping[str, str | None], said: str
) -> None:
    with in_environment(variables), pytest.raises(ProblemsError) as raised:
        key()
    assert problem_of(raised).code == "key-store-failed"
    assert said in problem_of(raised).message


def test_one_scheduled_for_deletion_is_told_apart_from_a_missing_one(server: Aws) -> None:
    hold(server, SecretString=KEY)
    client_at(server.address, server.region).delete_secret(SecretId=NAME, RecoveryWindowInDays=7)
    with pytest.raises(ProblemsError) as raised:
        key()
    problem = problem_of(raised)
    assert problem.code == "key-store-failed"
    assert "it is scheduled for deletion" in problem.message


@pytest.mark.slow
@pytest.mark.parametrize("fault", Fault)
def test_a_network_that_fails_once_is_no_matter_and_for_good_it_is_told(
    server: Aws, fault: Fault
) -> None:
    hold(server, SecretString=KEY)
    with (
        running_faulty(server.address) as faulty,
        in_environment({"AWS_ENDPOINT_URL": faulty.address}),
    ):
        if fault is not Fault.CUT:
            # What is cut short is sound JSON's beginning to the client, and it asks no more.
            with faulty.failing(faulty.failing_number(0, fault)):
                assert key() == KEY
        with (
            faulty.failing(lambda _: fault),
            in_environment({"AWS_MAX_ATTEMPTS": "1"}),
            pytest.raises(ProblemsError) as raised,
        ):
            key()
    problem = problem_of(raised)
    assert problem.code == "key-store-failed"
    assert KEY not in problem.message
    assert faulty.requests


@pytest.mark.slow
@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("UnrecognizedClientException", "GetSecretValue; UnrecognizedClientException"),
        ("ThrottlingException", "GetSecretValue; ThrottlingException"),
        ("DecryptionFailure", "GetSecretValue; DecryptionFailure"),
    ],
)
def test_what_refuses_it_is_told_by_its_code_and_never_by_its_text(
    server: Aws, code: str, said: str
) -> None:
    told = json.dumps({"__type": code, "message": "ek_canary was sent"}).encode()
    with (
        running_faulty(server.address) as faulty,
        faulty.answering(lambda _: Answer(400, told)),
        in_environment({"AWS_ENDPOINT_URL": faulty.address, "AWS_MAX_ATTEMPTS": "1"}),
        pytest.raises(ProblemsError) as raised,
    ):
        key()
    problem = problem_of(raised)
    assert (problem.code, said in problem.message) == ("key-store-failed", True)
    assert "canary" not in problem.message


def test_without_the_client_the_command_is_told_that_installs_it() -> None:
    script = f"""
from voxmint.engine.upstream.keystores import Wanted, from_store
from voxmint.problems import ProblemsError
from voxmint.profiles.key_stores import KeyInAws
sys.modules["boto3"] = None
try:
    from_store(Wanted("aws", KeyInAws(secret="{NAME}"), {ALLOWED!r}), None)
except ProblemsError as error:
    [problem] = error.problems
    print(problem.code, problem.message, problem.hint, sep="; ")
"""
    assert run(f"import sys{script}") == (
        "key-store-missing; the key is in AWS Secrets Manager, and the package `boto3` that asks "
        "it is not installed; pip install 'voxmint[aws]'\n"
    )


def test_nothing_of_it_is_logged(server: Aws, caplog: pytest.LogCaptureFixture) -> None:
    hold(server, SecretString=KEY)
    caplog.set_level(logging.DEBUG)
    assert key() == KEY
    assert KEY not in caplog.text


def test_a_mint_with_it_leaves_it_nowhere(server: Aws, tmp_path: Path) -> None:
    hold(server, SecretString=json.dumps({"key": KEY}))
    with Scripted(each(minted())) as upstream:
        place = f"{{aws: {{secret: {NAME}, field: key, region: {server.region}}}}}"
        provider = f"{{kind: compatible, url: {upstream.url}, key: {place}}}"
        made = desk(tmp_path, provider=provider)
        made.environ = dict(ALLOWED)
        # It is not even asked for before it is settled where the key may go.
        with (
            in_environment({"AWS_ENDPOINT_URL": "http://127.0.0.1:9"}),
            pytest.raises(ProblemsError, match="nobody here allowed that"),
        ):
            made.mint()
        made.environ |= {"VOXMINT_ALLOW_HOSTS": "127.0.0.1"} | ALLOWED
        assert outcomes(made.mint()) == {"clinic": "minted"}
        assert [one.headers["authorization"] for one in upstream.asked] == [f"Bearer {KEY}"]
        # What is kept needs no key, and nothing was put aside.
        with in_environment({"AWS_ENDPOINT_URL": "http://127.0.0.1:9"}):
            assert outcomes(made.mint()) == {"clinic": "kept"}
    held = [path.read_bytes() for path in made.root.rglob("*") if path.is_file()]
    assert [one for one in held if KEY.encode() in one] == []
