"""Azure Key Vault, faked, over a network that fails: each request in turn, once or for good.

Azure's client tries a request four times in all, so a failure that happens once is not noticed. It
waits between the tries for as long as it always does, but where each request fails for good.
"""

import re
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from threading import Barrier

import pytest

from tests.stores.azure_keyvaults import (
    NAME,
    STAGED,
    Impatient,
    KeyVault,
    failing_write,
    written,
)
from tests.stores.destinations import in_environment
from tests.stores.servers.azure import VAULT, Azure
from tests.stores.servers.azure_vault import Version
from tests.stores.servers.faulty import Fault, Request
from tests.stores.store_contract import Line, Rule, StoreContract
from voxmint.testing.sink_contract import (
    WRITTEN,
    delivering,
    errors_of,
    known,
)

pytestmark = pytest.mark.slow

FOR_GOOD = 1000
STAGING = ["list staged", "set staged", "get staged", "update staged"]
MADE = ["list", "deleted", "list staged", "deleted staged", *STAGING[1:], "list", "set"]
RENEWED = ["list", *STAGING, "list", "set", "update"]


@pytest.fixture
def secrets(azure: Azure, tmp_path: Path) -> Iterator[KeyVault]:
    with in_environment(azure.environ):
        yield KeyVault(azure, tmp_path)


def call_of(request: Request) -> str:
    """A request in short: what is done, and whether to the secret that values are staged in."""
    path = request.path.partition("?")[0]
    calls = {"PUT": "set", "PATCH": "update", "DELETE": "delete", "POST": "recover", "GET": "get"}
    call = "list" if path.endswith("/versions") else calls[request.method]
    call = "deleted" if path.startswith("/deletedsecrets") else call
    return f"{call} staged" if re.search(f"{STAGED}(/|$)", path) else call


def calls_of(secrets: KeyVault, write: Callable[[], object]) -> list[str]:
    """What a write asks the vault."""
    before = len(secrets.server.requests)
    write()
    return [call_of(one) for one in secrets.server.requests[before:]]


def test_a_write_asks_no_more_than_it_has_to(secrets: KeyVault) -> None:
    assert calls_of(secrets, lambda: written(secrets)) == MADE
    assert calls_of(secrets, lambda: written(secrets, 2)) == RENEWED
    again = delivering("clinic", number=2)
    same = calls_of(secrets, lambda: secrets.sink("clinic").write(again))
    assert same == ["list", "get"]


@pytest.mark.parametrize("fault", Fault)
@pytest.mark.parametrize("number", range(len(RENEWED)))
def test_a_request_that_fails_once_is_repeated(
    secrets: KeyVault, fault: Fault, number: int
) -> None:
    written(secrets)
    with secrets.server.failing(secrets.server.failing_from(number, fault)):
        written(secrets, 2)
    assert secrets.read()["clinic"] == known("clinic", 2)
    assert secrets.tags(NAME)["voxmint-session-id"] == "sess_2"
    written(secrets, 3)
    assert len(secrets.readable(NAME)) == 1
    assert secrets.readable(NAME + STAGED) == []


class TestOverANetworkThatFails(StoreContract):
    @pytest.fixture
    def line(self, azure: Azure, secrets: KeyVault) -> Line:
        impatient = Impatient(azure, secrets.folder)

        def failing(rule: Rule) -> AbstractContextManager[None]:
            return azure.failing(lambda _: rule())

        def session_of() -> str:
            return impatient.tags(NAME)["voxmint-session-id"]

        def leftovers() -> list[Version]:
            return [*impatient.readable(NAME)[:-1], *impatient.readable(NAME + STAGED)]

        return Line(
            impatient,
            lambda: len(azure.requests),
            failing,
            session_of,
            leftovers=leftovers,
            forget=azure.vault.kept.clear,
            lasts=True,
        )


@pytest.mark.parametrize("fault", [Fault.APPLIED, Fault.CUT, Fault.BUSY])
def test_a_write_whose_answers_are_lost_is_found_to_be_done_or_not(
    secrets: KeyVault, fault: Fault
) -> None:
    written(secrets)

    def rule(request: Request) -> Fault | None:
        return fault if call_of(request) == "set" else None

    with secrets.server.failing(rule):
        if fault is Fault.BUSY:
            assert failing_write(secrets, 2).code == "store-unreachable"
        else:
            written(secrets, 2)
    assert secrets.read()["clinic"] == known("clinic", 1 if fault is Fault.BUSY else 2)
    written(secrets, 3)
    assert len(secrets.readable(NAME)) == 1


def test_a_vault_that_asks_for_patience_is_asked_again(secrets: KeyVault) -> None:
    secrets.server.throttled = 2
    written(secrets)
    assert secrets.server.throttled == 0


def test_a_vault_that_goes_on_to_ask_for_patience_is_left_alone(secrets: KeyVault) -> None:
    secrets.server.throttled = FOR_GOOD
    problems = errors_of(secrets.sink("clinic", "ward/7"))
    assert [problem.code for problem in problems] == ["store-busy"]
    assert "canary" not in problems[0].message
    # Four tries for one secret; whoever waited to ask for the other one does not do so any more.
    assert FOR_GOOD - secrets.server.throttled == 4
    assert secrets.vault.kept == {}


def test_a_quota_that_is_used_up_within_a_write_leaves_the_old_value(secrets: KeyVault) -> None:
    written(secrets)

    def rule(request: Request) -> Fault | None:
        if call_of(request) == "set staged":
            secrets.server.throttled = FOR_GOOD
        return None

    with secrets.server.failing(rule):
        assert failing_write(secrets, 2).code == "store-busy"
    secrets.server.throttled = 0
    assert secrets.read()["clinic"] == known("clinic")
    written(secrets, 3)


def test_many_are_asked_about_at_once_and_the_login_is_done_once(secrets: KeyVault) -> None:
    profiles = [f"ward/{number}" for number in range(9)]
    # Each of the eight waits for the others, so that they must come at the same time.
    barrier = Barrier(8, timeout=60)
    sink = secrets.sink(*profiles)
    first = len(secrets.server.requests)

    def rule(request: Request) -> Fault | None:
        if call_of(request) == "set staged" and request not in waited:
            waited.append(request)
            if len(waited) <= 8:
                barrier.wait()
        return None

    waited: list[Request] = []
    with secrets.server.failing(rule):
        outcomes = sink.write(delivering(*profiles))
    assert set(outcomes.values()) == {WRITTEN}
    assert len(secrets.server.tokens) == 1
    assert len(secrets.server.requests) - first == len(MADE) * len(profiles)
    assert secrets.server.hosts == {VAULT, "login.microsoftonline.com"}
