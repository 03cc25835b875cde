"""Keys in Azure Key Vault, faked by a server of our own and asked by Azure's SDK."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from tests.engine.mints import KEY, desk, outcomes
from tests.engine.scripted import Scripted, each, minted
from tests.engine.worlds import problem_of
from tests.stores.destinations import in_environment
from tests.stores.servers.azure import VAULT, Azure
from tests.stores.servers.azure_vault import FakeVault
from tests.stores.servers.faulty import Fault
from voxmint.engine.upstream.hosts import ALLOW_HOSTS
from voxmint.engine.upstream.keystores import ALLOW_SECRETS, Wanted, from_store
from voxmint.problems import Problem, ProblemsError
from voxmint.profiles.key_stores import KeyInAzure

NAME = "speech-openai"
ALLOWED = {ALLOW_SECRETS: f"azure:{NAME}", "AZURE_KEYVAULT_URL": f"https://{VAULT}"}
NAMED = {ALLOW_SECRETS: f"azure:{NAME}"}
ELSEWHERE = "somebody-elses.vault.azure.net"


@pytest.fixture
def server(azure: Azure) -> Iterator[Azure]:
    with in_environment(azure.environ):
        yield azure


def hold(vault: FakeVault, value: str) -> None:
    body = json.dumps({"value": value}).encode()
    assert vault.answer("PUT", f"/secrets/{NAME}?api-version=x", VAULT, body)[0] == 200


def key(
    environ: Mapping[str, str] = ALLOWED,
    vault: str | None = None,
    field: str | None = None,
    allow_hosts: tuple[str, ...] = (),
) -> str:
    place = KeyInAzure(secret=NAME, vault=vault, field=field)
    return from_store(Wanted("azure", place, environ, allow_hosts), None)


def refused(environ: Mapping[str, str] = ALLOWED, vault: str | None = None) -> Problem:
    with pytest.raises(ProblemsError) as raised:
        key(environ, vault)
    # The client's own error goes along with nothing.
    assert (raised.value.__cause__, raised.value.__context__) == (None, None)
    problem = problem_of(raised)
    assert KEY not in problem.message
    return problem


def test_one_right_is_enough_for_a_secret_s_text_or_a_member_of_it(server: Azure) -> None:
    hold(server.vault, KEY)
    server.vault.may = frozenset({"getSecret/action"})
    assert key() == KEY
    server.vault.may = frozenset({"setSecret/action", "getSecret/action"})
    hold(server.vault, json.dumps({"api_key": KEY}))
    assert key(field="api_key") == KEY


def test_what_is_no_key_or_must_not_be_read_is_told(server: Azure) -> None:
    problem = refused()
    said = "there is no such secret, or it holds no text that can be read"
    message = f"Azure Key Vault has no key in `{NAME}`: {said}"
    assert (problem.code, problem.message) == ("key-store-lacks", message)
    hold(server.vault, KEY)
    server.vault.may = frozenset({"readMetadata/action"})
    problem = refused()
    assert problem.code == "key-store-failed"
    assert "Microsoft.KeyVault/vaults/secrets/getSecret/action" in problem.message


@pytest.mark.parametrize("named", ["", "azure:speech-other", f"aws:{NAME}", NAME])
def test_a_secret_that_the_operator_did_not_name_is_not_asked_for(
    server: Azure, named: str
) -> None:
    problem = refused({**ALLOWED, ALLOW_SECRETS: named})
    assert (problem.code, problem.hint) == (
        "key-store-forbidden",
        f"{ALLOW_SECRETS}=azure:{NAME}",
    )
    assert server.hosts == set()


@pytest.mark.parametrize("vault", ["somebody-elses", "Somebody-Elses", f"https://{ELSEWHERE}"])
@pytest.mark.parametrize("environ", [ALLOWED, NAMED, {**NAMED, ALLOW_HOSTS: VAULT}])
def test_a_vault_in_the_project_that_nobody_allowed_is_not_even_spoken_to(
    server: Azure, environ: Mapping[str, str], vault: str
) -> None:
    problem = refused(environ, vault)
    assert problem.code == "key-store-elsewhere"
    assert problem.message == (
        f"the key would be read from {ELSEWHERE} in Azure Key Vault, and nobody here allowed that"
    )
    assert problem.hint == (f"if it is meant, whoever runs this sets {ALLOW_HOSTS}={ELSEWHERE}")
    assert server.hosts == set()


@pytest.mark.slow
@pytest.mark.parametrize("vault", ["voxmint-test", f"https://{VAULT}"])
def test_a_vault_that_the_operator_allows_is_asked(server: Azure, vault: str) -> None:
    hold(server.vault, KEY)
    assert key(ALLOWED, vault) == KEY
    assert key({**NAMED, ALLOW_HOSTS: f"x.example, {VAULT}"}, vault) == KEY
    assert key(NAMED, vault, allow_hosts=(VAULT,)) == KEY


def test_without_a_vault_the_variable_is_named(server: Azure) -> None:
    assert "AZURE_KEYVAULT_URL" in refused(NAMED).message
    assert "AZURE_KEYVAULT_URL" in refused({**NAMED, "AZURE_KEYVAULT_URL": "http://x"}).message
    assert server.hosts == set()


@pytest.mark.slow
def test_a_disabled_version_and_wrong_credentials_are_told(server: Azure) -> None:
    hold(server.vault, KEY)
    server.vault.kept[NAME].latest.is_enabled = False
    assert "its current version is disabled" in refused().message
    with server.knowing_nobody():
        assert "Microsoft Entra refuses the credentials" in refused().message


@pytest.mark.slow
@pytest.mark.parametrize("fault", Fault)
def test_a_network_that_fails_once_is_no_matter_and_for_good_it_is_told(
    server: Azure, fault: Fault
) -> None:
    hold(server.vault, KEY)
    with server.failing(server.failing_from(0, fault)):
        assert key() == KEY
    with server.failing(lambda _: fault):
        problem = refused()
    assert problem.code == "key-store-failed"
    assert "canary" not in problem.message


@pytest.mark.slow
def test_a_quota_that_is_used_up_is_told(server: Azure) -> None:
    hold(server.vault, KEY)
    server.throttled = 1000
    problem = refused()
    assert (problem.code, "Throttled" in problem.message) == ("key-store-failed", True)
    assert "canary" not in problem.message


@pytest.mark.slow
def test_a_mint_with_it_asks_the_vault_of_the_command_line_and_leaves_it_nowhere(
    server: Azure, tmp_path: Path
) -> None:
    hold(server.vault, json.dumps({"api_key": KEY}))
    with Scripted(each(minted())) as upstream:
        place = f"{{azure: {{secret: {NAME}, field: api_key, vault: voxmint-test}}}}"
        provider = f"{{kind: compatible, url: {upstream.url}, key: {place}}}"
        made = desk(tmp_path, provider=provider)
        made.environ |= NAMED
        with pytest.raises(ProblemsError, match="would be read from"):
            made.mint(allow_hosts=("127.0.0.1",))
        assert (server.hosts, upstream.asked) == (set(), [])
        assert outcomes(made.mint(allow_hosts=("127.0.0.1", VAULT))) == {"clinic": "minted"}
        assert [one.headers["authorization"] for one in upstream.asked] == [f"Bearer {KEY}"]
    held = [path.read_bytes() for path in made.root.rglob("*") if path.is_file()]
    assert [one for one in held if KEY.encode() in one] == []
