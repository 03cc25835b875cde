"""Keys in Vault: the real server, and what is settled before it is asked."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple
from uuid import uuid4

import pytest

from tests.engine.mints import KEY, desk, outcomes
from tests.engine.scripted import Scripted, each, minted
from tests.engine.worlds import problem_of, run
from tests.stores.servers.vault import Vault
from voxmint.engine.upstream.keystores import ALLOW_SECRETS, Wanted, from_store
from voxmint.problems import Problem, ProblemsError
from voxmint.profiles.key_stores import KeyInVault

NOBODY = {"VAULT_ADDR": "https://127.0.0.1:9", "VAULT_TOKEN": "t", "VAULT_MAX_RETRIES": "0"}


def key(environ: Mapping[str, str], **about: Any) -> str:
    place = KeyInVault(**{"secret": "speech/openai", "field": "api_key", **about})
    return from_store(Wanted("vault", place, environ), None)


def refused(environ: Mapping[str, str], **about: Any) -> Problem:
    with pytest.raises(ProblemsError) as raised:
        key(environ, **about)
    # The client's own error goes along with nothing.
    assert (raised.value.__cause__, raised.value.__context__) == (None, None)
    problem = problem_of(raised)
    assert KEY not in problem.message
    return problem


# ── before it is asked ───────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("about", "named"),
    [
        ({}, "secret/speech/openai"),
        ({"mount": "kv"}, "kv/speech/openai"),
        ({"mount": "team/kv", "namespace": "clinic"}, "clinic/team/kv/speech/openai"),
    ],
)
def test_the_operator_allows_a_secret_by_its_whole_path(about: dict[str, Any], named: str) -> None:
    for said in ("", f"aws:{named}", "vault:speech/openai", f"vault:{named}s"):
        problem = refused({**NOBODY, ALLOW_SECRETS: said}, **about)
        assert (problem.code, problem.hint) == (
            "key-store-forbidden",
            f"{ALLOW_SECRETS}=vault:{named}",
        )
    # This one would be asked, if somebody were there.
    for said in (f"vault:{named}", "vault:*/openai"):
        assert refused({**NOBODY, ALLOW_SECRETS: said}, **about).code == "key-store-failed"


@pytest.mark.parametrize(
    ("environ", "about", "said"),
    [
        ({"VAULT_ADDR": ""}, {}, "no address is set: VAULT_ADDR"),
        ({"VAULT_TOKEN": ""}, {}, "no token was found"),
        ({"VAULT_NAMESPACE": "clinic"}, {"namespace": "clinics"}, "not within VAULT_NAMESPACE"),
        ({"VAULT_TOKEN": ""}, {"login": "approle"}, "VAULT_ROLE_ID is not set"),
        ({}, {}, "the connection failed"),
    ],
)
def test_what_keeps_it_from_being_asked_is_told(
    environ: Mapping[str, str], about: dict[str, Any], said: str
) -> None:
    problem = refused({**NOBODY, ALLOW_SECRETS: "vault:*", **environ}, **about)
    assert problem.code == "key-store-failed"
    assert said in problem.message


def test_without_the_client_the_command_is_told_that_installs_it() -> None:
    script = f"""
import sys
from voxmint.engine.upstream.keystores import Wanted, from_store
from voxmint.problems import ProblemsError
from voxmint.profiles.key_stores import KeyInVault
sys.modules["hvac"] = None
place = KeyInVault(secret="openai", field="key")
try:
    from_store(Wanted("vault", place, {{"{ALLOW_SECRETS}": "vault:*", "VAULT_ADDR": "x"}}), None)
except ProblemsError as error:
    [problem] = error.problems
    print(problem.code, problem.hint, sep="; ")
"""
    assert run(script) == "key-store-missing; pip install 'voxmint[vault]'\n"


# ── the real one ─────────────────────────────────────────────────────────────────────────────────


class Held(NamedTuple):
    """A key in a server: where, and who may read it; its policy is called as its folder."""

    vault: Vault
    mount: str
    folder: str

    @property
    def place(self) -> dict[str, str]:
        return {"mount": self.mount, "secret": f"{self.folder}/openai"}

    def reader(self) -> dict[str, str]:
        """What the shell of somebody holds who may read the key, and nothing else."""
        wanted = {"policies": [self.folder], "no_default_policy": True}
        token = str(self.vault.arrange("auth/token/create", wanted)["auth"]["client_token"])
        allowed = f"vault:{self.mount}/{self.folder}/*"
        return {**self.vault.environ, "VAULT_TOKEN": token, ALLOW_SECRETS: allowed}


@pytest.fixture(params=["2", "1"])
def held(request: pytest.FixtureRequest, vault: Vault) -> Held:
    """A key in an engine of either version of KV."""
    folder = f"t{uuid4().hex[:12]}"
    value = {"api_key": KEY, "count": 1}
    if request.param == "2":
        found, path = Held(vault, "secret", folder), f"secret/data/{folder}/openai"
        vault.arrange(path, {"data": value})
    else:
        found, path = Held(vault, folder, folder), f"{folder}/{folder}/openai"
        vault.arrange(f"sys/mounts/{folder}", {"type": "kv", "options": {"version": "1"}})
        vault.arrange(path, value)
    rule = f'path "{path}" {{ capabilities = ["read"] }}'
    vault.arrange(f"sys/policies/acl/{folder}", {"policy": rule})
    return found


@pytest.mark.stores
def test_one_right_is_enough_for_a_key_in_either_version_of_kv(held: Held) -> None:
    assert key(held.reader(), **held.place) == KEY


@pytest.mark.stores
def test_what_is_no_key_or_must_not_be_read_is_told(held: Held) -> None:
    environ, place = held.reader(), held.place
    for field in ("other", "count"):
        problem = refused(environ, **place, field=field)
        name = f"{held.mount}/{held.folder}/openai"
        said = f"Vault has no key in `{name}`: no text stands under `{field}` in it"
        assert (problem.code, problem.message) == ("key-store-lacks", said)
    elsewhere = {**place, "secret": f"{held.folder}/other"}
    problem = refused(environ, **elsewhere)
    assert problem.code == "key-store-failed"
    assert f"{held.folder}/other`" in problem.message
    problem = refused({**held.vault.environ, ALLOW_SECRETS: "vault:*"}, **elsewhere)
    assert problem.message.endswith("there is no such secret, or it holds no text that can be read")
    problem = refused({**environ, "VAULT_TOKEN": "made-up"}, **place)
    assert "its token is not known" in problem.message


@pytest.mark.stores
@pytest.mark.parametrize("has_sink", [True, False])
def test_a_mint_logs_in_once_for_a_sink_and_a_key_and_leaves_it_nowhere(
    held: Held, has_sink: bool, tmp_path: Path
) -> None:
    vault, own = held.vault, held.folder
    rules = f"""
path "{held.mount}/*" {{ capabilities = ["create", "update", "read", "delete", "list"] }}
"""
    vault.arrange(f"sys/policies/acl/{own}", {"policy": rules})
    vault.arrange(f"sys/auth/{own}", {"type": "approle"})
    # A secret id is good for one login.
    about = {"token_policies": [own], "secret_id_num_uses": 1}
    vault.arrange(f"auth/{own}/role/minter", about)
    role = vault.ask("GET", f"auth/{own}/role/minter/role-id").json()["data"]["role_id"]
    secret = vault.arrange(f"auth/{own}/role/minter/secret-id")["data"]["secret_id"]
    there = f"mount: {held.mount}, login: approle, login_mount: {own}"
    sinks = f"sinks: [{{kind: vault, name: '{own}/{{profile}}', {there}}}]\n" if has_sink else ""
    with Scripted(each(minted())) as upstream:
        place = f"{{vault: {{secret: {own}/openai, field: api_key, {there}}}}}"
        provider = f"{{kind: compatible, url: {upstream.url}, key: {place}}}"
        made = desk(tmp_path, provider=provider, more=sinks)
        variables = {name: text for name, text in vault.environ.items() if name != "VAULT_TOKEN"}
        made.environ |= {**variables, "VAULT_ROLE_ID": role, "VAULT_SECRET_ID": secret}
        made.environ |= {
            ALLOW_SECRETS: f"vault:{held.mount}/{own}/openai",
            "VOXMINT_ALLOW_HOSTS": "127.0.0.1",
        }
        assert outcomes(made.mint()) == {"clinic": "minted"}
        assert [one.headers["authorization"] for one in upstream.asked] == [f"Bearer {KEY}"]
    again = vault.ask("POST", f"auth/{own}/login", {"role_id": role, "secret_id": secret})
    assert again.status_code == 400
    files = [path.read_bytes() for path in made.root.rglob("*") if path.is_file()]
    assert [one for one in files if KEY.encode() in one] == []
