"""What AWS refuses and moto does not: as boto3 has it from a server that answers so."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.stores import ssms
from tests.stores.servers.aws import Aws
from tests.stores.servers.faulty import Answer, Faulty, Request
from tests.stores.ssms import ParameterStore, call_of
from tests.stores.test_aws_secretsmanager import SecretsManager
from voxmint.problems import Problem, ProblemsError
from voxmint.testing.sink_contract import delivering, errors_of, known

pytestmark = pytest.mark.slow


@contextmanager
def refusing(faulty: Faulty, call: str, code: str) -> Iterator[None]:
    """Requests of one kind are refused, in the form that AWS has; its text repeats what it got."""

    def instead(request: Request) -> Answer | None:
        if call_of(request) != call:
            return None
        told = {"__type": code, "message": f"ek_canary was sent: {request.content.decode()}"}
        headers = {"Content-Type": "application/x-amz-json-1.1", "x-amzn-RequestId": "1a2b-3c4d"}
        return Answer(400, json.dumps(told).encode(), headers)

    with faulty.answering(instead):
        yield


def failed(store: SecretsManager | ParameterStore, number: int) -> Problem:
    with pytest.raises(ProblemsError) as raised:
        store.sink("clinic").write(delivering("clinic", number=number))
    [problem] = raised.value.problems
    assert "canary" not in problem.message
    assert known("clinic", number)["client_secret"] not in problem.message
    return problem


@pytest.mark.parametrize(
    ("is_there", "call", "code", "expected"),
    [
        (True, "PutSecretValue", "LimitExceededException", "store-full"),
        (True, "PutSecretValue", "DecryptionFailure", "store-denied"),
        (True, "UpdateSecretVersionStage", "ExpiredTokenException", "store-login-failed"),
        (True, "UpdateSecretVersionStage", "LimitExceededException", "store-full"),
        (False, "CreateSecret", "LimitExceededException", "store-full"),
        (False, "CreateSecret", "InvalidRequestException", "store-deleted"),
        (False, "DescribeSecret", "UnrecognizedClientException", "store-login-failed"),
    ],
)
def test_a_secret_that_is_refused_keeps_its_value_and_is_not_half_made(
    before_aws: Faulty,
    led_to_aws: Aws,
    tmp_path: Path,
    is_there: bool,
    call: str,
    code: str,
    expected: str,
) -> None:
    secrets = SecretsManager(led_to_aws, tmp_path)
    if is_there:
        secrets.sink("clinic").write(delivering("clinic"))
    before = secrets.names(), secrets.read()
    with refusing(before_aws, call, code):
        problem = failed(secrets, 2)
    assert problem.code == expected
    assert not is_there or code in problem.message
    assert (secrets.names(), secrets.read()) == before
    secrets.sink("clinic").write(delivering("clinic", number=3))
    assert secrets.read() == {"clinic": known("clinic", 3)}


def test_a_wrong_credential_is_told_before_anything_is_minted(
    before_aws: Faulty, led_to_aws: Aws, tmp_path: Path
) -> None:
    for store, call in (
        (SecretsManager(led_to_aws, tmp_path), "DescribeSecret"),
        (ParameterStore(led_to_aws, tmp_path), "DescribeParameters"),
    ):
        with refusing(before_aws, call, "UnrecognizedClientException"):
            [problem] = errors_of(store.sink("clinic"))
        assert problem.code == "store-login-failed"
        assert "canary" not in problem.message


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("ParameterLimitExceeded", "store-full"),
        ("ParameterMaxVersionLimitExceeded", "store-full"),
        ("InvalidKeyId", "store-refused"),
        ("AccessDeniedException", "store-denied"),
    ],
)
def test_a_parameter_that_is_refused_within_a_write_keeps_its_value(
    before_aws: Faulty, led_to_aws: Aws, tmp_path: Path, code: str, expected: str
) -> None:
    store = ParameterStore(led_to_aws, tmp_path)
    ssms.written(store)
    before = store.state()
    with refusing(before_aws, "PutParameter", code):
        problem = failed(store, 2)
    assert (problem.code, code in problem.message) == (expected, True)
    assert store.state() == before
    ssms.written(store, 3)
