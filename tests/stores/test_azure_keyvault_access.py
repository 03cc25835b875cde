"""Who may write to Azure Key Vault, faked; logins that fail; and what an error means."""

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import ClassVar

import pytest

from tests.stores.azure_keyvaults import (
    NAME,
    STAGED,
    URL,
    KeyVault,
    Offline,
    failing_write,
    written,
)
from tests.stores.destinations import in_environment
from tests.stores.servers.azure import Azure
from tests.stores.servers.azure_vault import ACTIONS
from voxmint.engine.sinks.contract import Change
from voxmint.engine.stores.azure_keyvault_client import client_of, trouble_of
from voxmint.engine.stores.contract import Trouble, What
from voxmint.engine.stores.sink import StoreSink
from voxmint.problems import ProblemsError
from voxmint.testing.sink_contract import FAILED, WRITTEN, delivering, errors_of, known, session

PAGE = Path(__file__).resolve().parents[2] / "docs/stores/azure-key-vault.md"
ALWAYS = frozenset(
    {"delete", "getSecret/action", "readMetadata/action", "setSecret/action", "update/action"}
)


@pytest.fixture
def secrets(azure: Azure, tmp_path: Path) -> Iterator[KeyVault]:
    with in_environment(azure.environ):
        yield KeyVault(azure, tmp_path)


# ── who may ──────────────────────────────────────────────────────────────────────────────────────


@contextmanager
def may(secrets: KeyVault, *rights: str) -> Iterator[None]:
    """The user has these rights and no others."""
    before, secrets.vault.may = secrets.vault.may, frozenset(rights)
    try:
        yield
    finally:
        secrets.vault.may = before


def test_the_rights_that_the_page_lists_are_enough(secrets: KeyVault) -> None:
    text = PAGE.read_text(encoding="utf-8")
    listed = re.findall(r'"Microsoft\.KeyVault/vaults/secrets/([\w/]+)"', text)
    assert set(listed) == ALWAYS
    assert set(ACTIONS) > ALWAYS
    with may(secrets, *ALWAYS):
        sink = secrets.sink("clinic")
        assert errors_of(sink) == []
        sink.write(delivering("clinic"))
        sink.write(Change((session("clinic", 2)._replace(session_id=None),)))
        assert sink.holds() == {"clinic"}
        sink.write(Change(remove=frozenset({"clinic"})))
    assert secrets.there() == {}


@pytest.mark.slow
@pytest.mark.parametrize("has_access_policies", [False, True])
def test_a_look_needs_one_right_alone(secrets: KeyVault, has_access_policies: bool) -> None:
    written(secrets)
    secrets.vault.has_access_policies = has_access_policies
    with may(secrets, "readMetadata/action"):
        assert secrets.sink("clinic", "ward/7").holds() == {"clinic"}
        assert errors_of(secrets.sink("clinic", "ward/7")) == []


@pytest.mark.slow
def test_a_deleted_secret_is_found_with_the_right_to_list_alone(secrets: KeyVault) -> None:
    written(secrets)
    secrets.delete(NAME)
    secrets.vault.has_access_policies = True
    with may(secrets, "readMetadata/action"):
        [problem] = errors_of(secrets.sink("clinic"))
    assert problem.code == "store-deleted"


@pytest.mark.slow
@pytest.mark.parametrize("right", ["getSecret/action", "setSecret/action", "update/action"])
def test_a_right_that_is_missing_is_named_and_nothing_is_switched(
    secrets: KeyVault, right: str
) -> None:
    written(secrets)
    with may(secrets, *(ALWAYS - {right})):
        problem = failing_write(secrets)
        assert problem.code == "store-denied", problem.message
        assert f"Microsoft.KeyVault/vaults/secrets/{right}" in problem.message
        assert "ForbiddenByRbac" in problem.message
        assert "docs/stores" in str(problem.hint)
    assert secrets.read()["clinic"] == known("clinic")
    written(secrets, 3)
    assert secrets.readable(NAME + STAGED) == []


@pytest.mark.slow
def test_a_missing_right_to_look_is_told_before_anything_is_minted(secrets: KeyVault) -> None:
    with may(secrets, *(ALWAYS - {"readMetadata/action"})):
        [problem] = errors_of(secrets.sink("clinic"))
    assert problem.code == "store-denied"
    assert "readMetadata" in problem.message


@pytest.mark.slow
def test_a_right_that_is_denied_of_one_secret_keeps_no_others_from_being_written(
    secrets: KeyVault,
) -> None:
    secrets.vault.closed = frozenset({NAME})
    outcomes = secrets.sink("clinic", "ward/7").write(delivering("clinic", "ward/7"))
    assert outcomes == {"clinic": FAILED, "ward/7": WRITTEN}
    assert secrets.read() == {"ward/7": known("ward/7")}


@pytest.mark.slow
@pytest.mark.parametrize(("right", "done"), [("delete", "taken out"), ("recover/action", "back")])
def test_rights_to_delete_and_to_take_back_are_needed_for_that_alone(
    secrets: KeyVault, right: str, done: str
) -> None:
    written(secrets)
    change = delivering("clinic", number=2)
    if done == "back":
        secrets.delete(NAME)
        secrets.settings["deleted"] = "recover"
    else:
        change = Change(remove=frozenset({"clinic"}))
    others = {*ALWAYS, "recover/action"} - {right}
    with may(secrets, *others), pytest.raises(ProblemsError) as raised:
        secrets.sink("clinic").write(change)
    [problem] = raised.value.problems
    assert problem.code == "store-denied"
    assert right in problem.message


def test_credentials_that_nobody_knows_are_told_before_anything_is_minted(
    secrets: KeyVault,
) -> None:
    with in_environment({"AZURE_CLIENT_SECRET": "another"}):
        [problem] = errors_of(secrets.sink("clinic"))
    assert problem.code == "store-login-failed"
    assert "AADSTS7000215" in problem.message
    assert "canary" not in problem.message
    assert secrets.server.requests == []


@pytest.mark.slow
def test_without_credentials_no_vault_is_asked_for_anything(
    secrets: KeyVault, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(0)
    with in_environment({"AZURE_CLIENT_SECRET": None}):
        [problem] = errors_of(secrets.sink("clinic", "ward/7"))
    assert problem.code == "store-login-failed"
    assert "no credentials were found" in problem.message
    assert secrets.server.requests == []
    # Its client logs requests, and where it looked for credentials: nobody is to see that.
    written(secrets)
    assert (caplog.text, *capfd.readouterr()) == ("", "", "")


@pytest.mark.slow
@pytest.mark.parametrize("variable", ["AZURE_TOKEN_CREDENTIALS", "AZURE_AUTHORITY_HOST"])
def test_a_variable_of_the_client_s_that_it_does_not_take_is_told(
    secrets: KeyVault, variable: str
) -> None:
    with in_environment({variable: "http://what is this"}):
        [problem] = errors_of(secrets.sink("clinic"))
    assert problem.code == "store-login-failed"
    assert "AZURE_" in problem.message


def test_a_host_that_asks_for_a_token_of_another_place_gets_none(secrets: KeyVault) -> None:
    # Of another host, since the client keeps in mind what a host once asked for.
    secrets.environ["AZURE_KEYVAULT_URL"] = "https://another.vault.azure.net"
    secrets.server.resource = "https://graph.microsoft.com"
    [problem] = errors_of(secrets.sink("clinic"))
    assert problem.code == "store-login-failed"
    assert "not a vault's" in problem.message
    assert secrets.server.tokens == set()


@pytest.mark.slow
def test_a_vault_that_leads_elsewhere_is_not_followed(secrets: KeyVault) -> None:
    secrets.server.elsewhere = "evil.vault.azure.net"
    [problem] = errors_of(secrets.sink("clinic"))
    assert problem.code == "store-refused"
    assert secrets.server.elsewhere not in secrets.server.hosts


def test_nobody_is_waited_for_longer_than_the_page_says(azure: Azure) -> None:
    with in_environment(azure.environ):
        client = client_of(URL)
    found = client._client._client._pipeline._transport.connection_config
    assert (found.timeout, found.read_timeout) == (10, 30)
    text = " ".join(PAGE.read_text(encoding="utf-8").split())
    assert "A connection may take 10 seconds and an answer 30." in text


# ── what an error means ──────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("status", "code", "within", "expected"),
    [
        (401, "Unauthorized", None, What.LOGIN),
        (403, "Forbidden", "ForbiddenByRbac", What.DENIED),
        (403, "Forbidden", "ForbiddenByFirewall", What.DENIED),
        (403, "Forbidden", "SecretDisabled", What.REFUSED),
        (404, "SecretNotFound", None, What.CHANGED),
        (409, "Conflict", "ObjectIsDeletedButRecoverable", What.DELETED),
        (409, "Conflict", "ObjectIsBeingDeleted", What.DELETED),
        (409, "Conflict", "ObjectIsBeingRecovered", What.DELETED),
        (409, "Conflict", None, What.CHANGED),
        (413, "RequestTooLarge", None, What.TOO_LARGE),
        (429, "Throttled", None, What.BUSY),
        (400, "BadParameter", None, What.REFUSED),
        (307, "Elsewhere", None, What.REFUSED),
        (500, "InternalError", None, What.UNREACHABLE),
        (503, "ServiceUnavailable", None, What.UNREACHABLE),
    ],
)
def test_an_error_is_told_by_its_code_and_never_by_its_text(
    tmp_path: Path, status: int, code: str, within: str | None, expected: What
) -> None:
    from azure.core.exceptions import ClientAuthenticationError, HttpResponseError

    inner = {"innererror": {"code": within}} if within else {}
    body = json.dumps({"error": {"code": code, "message": "ek_canary was sent", **inner}})
    kind = ClientAuthenticationError if status == 401 else HttpResponseError
    trouble = trouble_of(kind(response=_Answer(status, body)), "setSecret/action")
    found = (trouble.what, trouble.code, trouble.request_id)
    assert found == (expected, within or code, "0d7f2c1e-1111")
    shown = Offline(tmp_path).sink("clinic")
    assert isinstance(shown, StoreSink)
    assert "canary" not in shown.problem_of(trouble).message


class _Answer:
    """An answer as the client's errors look at it."""

    reason = "ek_canary"
    headers: ClassVar[Mapping[str, str]] = {"x-ms-request-id": "0d7f2c1e-1111"}

    def __init__(self, status: int, body: str) -> None:
        self.status_code = status
        self.body = body

    def text(self) -> str:
        return self.body


def test_an_error_that_nothing_is_known_of_is_told_by_its_name() -> None:
    assert trouble_of(KeyError("ek_canary")) == Trouble(What.REFUSED, said="KeyError")
    unread = trouble_of(json.JSONDecodeError("ek_canary", "", 0))
    assert unread == Trouble(What.UNREACHABLE, said="its answer cannot be read")


AWAY: Mapping[str, tuple[dict[str, str | None], str]] = {
    "proxy": ({"HTTPS_PROXY": "http://127.0.0.1:9"}, "by way of the proxy"),
    "certificate": ({"REQUESTS_CA_BUNDLE": None}, "certificate"),
}


@pytest.mark.slow
@pytest.mark.parametrize("away", AWAY)
def test_a_vault_that_cannot_be_reached_is_told(secrets: KeyVault, away: str) -> None:
    variables, said = AWAY[away]
    secrets.environ["AZURE_KEYVAULT_URL"] = f"https://{away}.vault.azure.net"
    with in_environment(variables):
        [problem] = errors_of(secrets.sink("clinic", "ward/7"))
    assert problem.code == "store-unreachable"
    assert said in problem.message
    assert secrets.server.requests == []


@pytest.mark.slow
@pytest.mark.parametrize("away", AWAY)
def test_a_login_that_cannot_be_reached_is_told(secrets: KeyVault, away: str) -> None:
    # The client keeps in mind that this vault wants a token, and begins with the login.
    assert errors_of(secrets.sink("clinic")) == []
    with in_environment(AWAY[away][0]):
        [problem] = errors_of(secrets.sink("clinic", "ward/7"))
    assert problem.code == "store-unreachable"
    assert "Microsoft Entra cannot be reached" in problem.message
