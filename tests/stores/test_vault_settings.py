"""The sink `vault` where nobody is asked: settings, names, limits, and where it looks for what."""

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, ClassVar

import pytest
from pydantic import ValidationError
from urllib3 import HTTPResponse

from tests.stores.destinations import StoreDestination
from voxmint.engine.stores.contract import StoreError, Trouble, What
from voxmint.engine.stores.sink import StoreSink
from voxmint.engine.stores.vault_client import (
    Answer,
    RefusalError,
    _Patience,
    connection_of,
    trouble_of,
)
from voxmint.engine.stores.vault_kv2 import _life
from voxmint.engine.stores.vault_login import FromGithub, login_of
from voxmint.engine.stores.vault_options import VaultOptions
from voxmint.secret import Secret
from voxmint.testing.sink_contract import errors_of


class Offline(StoreDestination):
    """A sink that asks nobody."""

    kind: ClassVar[str] = "vault"

    def values(self) -> Mapping[str, Any]:
        raise NotImplementedError

    def state(self) -> object:
        raise NotImplementedError


# ── what is told from files alone ────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("settings", "code"),
    [
        ({"address": "http://vault.example:8200"}, "store-host-needs-tls"),
        ({"address": "https://me@vault.example"}, "store-url-malformed"),
        ({"name": "tokens?/{profile}"}, "store-name-invalid"),
        ({"name": "/{profile}"}, "store-name-invalid"),
        ({"name": "tokens//{profile}"}, "store-name-invalid"),
        ({"name": "tokens/{profile}/"}, "store-name-invalid"),
        ({"name": "tokens/../{profile}"}, "store-name-invalid"),
        ({"name": ".tokens/{profile}"}, "store-name-invalid"),
        ({"name": "{profile}.voxmint-staged"}, "store-name-invalid"),
        ({"name": "{profile}.voxmint-marks"}, "store-name-invalid"),
        ({"name": "t" * 400 + "{profile}"}, "store-name-invalid"),
        ({"names": {"profiles": {"clinic": "ward/7"}}}, "store-name-clash"),
    ],
)
def test_wrong_settings_are_told_from_files_alone(
    tmp_path: Path, settings: dict[str, Any], code: str
) -> None:
    found = Offline(tmp_path, **settings).sink("clinic", "ward/7").flaws()
    assert {one.code for one in found} == {code}


def test_more_profiles_than_the_metadata_has_room_for_are_told_from_files_alone(
    tmp_path: Path,
) -> None:
    shared = Offline(tmp_path, name="voxmint/{environment}")
    assert list(shared.sink(*(f"w{number}" for number in range(1200))).flaws()) == []
    [problem] = shared.sink(*(f"w{number}" for number in range(1400))).flaws()
    assert problem.code == "store-too-large"
    assert "64 names" in problem.message


def test_too_many_bytes_are_told_from_files_alone(tmp_path: Path) -> None:
    names = [f"{'w' * 1000}{number}" for number in range(1000)]
    [problem] = Offline(tmp_path, name="voxmint/{environment}").sink(*names).flaws()
    assert problem.code == "store-too-large"


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"payload": "token"}, "values: [client_secret]"),
        ({"mount": "secret/"}, "mount"),
        ({"mount": "../sys"}, "mount"),
        ({"mount": "secret?x"}, "mount"),
        ({"namespace": "a\nX-Other: b"}, "namespace"),
        ({"role": "minter"}, "login: jwt"),
        ({"role": "a\nb", "login": "jwt"}, "role"),
        ({"login": "userpass"}, "login"),
        ({"login": "kubernetes", "audience": "x"}, "audience"),
        ({"login_mount": "jwt-gitlab"}, "login_mount"),
        ({"versions": 0}, "versions"),
        ({"token": "hvs.x"}, "token"),
    ],
)
def test_settings_that_cannot_be_are_refused(
    tmp_path: Path, settings: dict[str, Any], said: str
) -> None:
    with pytest.raises(ValidationError, match=said.replace("[", r"\[")):
        Offline(tmp_path, **settings).sink("clinic")


def test_an_address_in_the_project_counts_where_the_operator_allows_it(tmp_path: Path) -> None:
    offline = Offline(tmp_path, address="https://127.0.0.1:9")
    offline.environ |= {"VAULT_ADDR": "https://127.0.0.1:9", "VAULT_TOKEN": "t"}
    [problem] = errors_of(offline.sink("clinic"))
    assert problem.code == "store-host-refused"
    offline.around["allow_hosts"] = ("127.0.0.1:9",)
    assert list(offline.sink("clinic").settled()) == []


# ── where it looks for the server ────────────────────────────────────────────────────────────────

ADDRESS = "https://vault.example:8200"


def test_variables_say_where_the_server_is_and_whom_to_trust(tmp_path: Path) -> None:
    file = tmp_path / "a.pem"
    file.write_text("made up")
    environ = {
        "VAULT_ADDR": ADDRESS,
        "VAULT_NAMESPACE": "clinic",
        "VAULT_CAPATH": str(tmp_path),
        "VAULT_CACERT": str(file),
        "VAULT_CLIENT_CERT": str(file),
        "VAULT_CLIENT_KEY": str(file),
        "VAULT_CLIENT_TIMEOUT": "1m",
        "VAULT_MAX_RETRIES": "5",
        "VAULT_SKIP_VERIFY": "1",
    }
    found = connection_of(None, None, environ)
    assert (found.address, found.namespace) == (ADDRESS, "clinic")
    assert (found.verify, found.cert) == (str(file), (str(file), str(file)))
    assert (found.patience, found.retries) == (60, 5)
    del environ["VAULT_CACERT"]
    assert connection_of(None, None, environ).verify == str(tmp_path)


def test_settings_come_before_variables_and_openbao_s_before_vault_s() -> None:
    environ = {"VAULT_ADDR": "https://other.example"}
    found = connection_of(ADDRESS, "clinic", environ)
    assert (found.address, found.namespace, found.verify) == (ADDRESS, "clinic", True)
    bao = {**environ, "BAO_ADDR": "https://bao.example"}
    assert connection_of(None, None, bao).address == "https://bao.example"
    assert connection_of(None, None, {**environ, "BAO_ADDR": ""}).address == environ["VAULT_ADDR"]


@pytest.mark.parametrize("operators", ["clinic", "clinic/", "clinic/speech"])
def test_a_namespace_of_the_project_has_to_be_within_the_operator_s(operators: str) -> None:
    environ = {"VAULT_ADDR": ADDRESS, "VAULT_NAMESPACE": operators}
    assert connection_of(None, "clinic/speech", environ).namespace == "clinic/speech"
    for other in ("clinics", "other", "other/clinic/speech"):
        with pytest.raises(StoreError) as raised:
            connection_of(None, other, environ)
        assert raised.value.trouble.what is What.DENIED


@pytest.mark.parametrize(
    ("environ", "said"),
    [
        ({}, "VAULT_ADDR, or `address`"),
        ({"VAULT_ADDR": "vault.example:8200"}, "VAULT_ADDR is no address"),
        ({"VAULT_ADDR": "https://me:secret@vault.example"}, "VAULT_ADDR is no address"),
        ({"VAULT_ADDR": ADDRESS, "VAULT_CACERT": "/none"}, "VAULT_CACERT names a file"),
        ({"VAULT_ADDR": ADDRESS, "VAULT_CLIENT_CERT": "/none"}, "VAULT_CLIENT_CERT names"),
        ({"VAULT_ADDR": ADDRESS, "VAULT_CLIENT_TIMEOUT": "soon"}, "VAULT_CLIENT_TIMEOUT is no"),
        ({"VAULT_ADDR": ADDRESS, "VAULT_MAX_RETRIES": "many"}, "VAULT_MAX_RETRIES is no"),
    ],
)
def test_a_variable_that_is_missing_or_wrong_is_named(
    tmp_path: Path, environ: dict[str, str], said: str
) -> None:
    offline = Offline(tmp_path)
    offline.environ |= environ
    [problem] = errors_of(offline.sink("clinic"))
    assert problem.code == "store-unreachable"
    assert said in problem.message
    assert "secret@" not in problem.message


# ── where it looks for credentials ───────────────────────────────────────────────────────────────


def options(**settings: Any) -> VaultOptions:
    return VaultOptions.model_validate(settings)


def test_the_operator_s_token_comes_before_any_other_way() -> None:
    environ = {"VAULT_TOKEN": " hvs.x\n", "VAULT_ROLE_ID": "r", "BAO_ROLE_ID": "r"}
    for way in (options(), options(login="jwt", role="minter"), options(login="approle")):
        found = login_of(way, environ)
        assert (found.method, found.proof) == ("token", Secret("hvs.x"))
    assert login_of(options(), {**environ, "BAO_TOKEN": "b"}).proof == Secret("b")


def test_a_token_is_looked_for_in_files(tmp_path: Path) -> None:
    (tmp_path / ".vault-token").write_text("hvs.home\n")
    (tmp_path / "sink").write_text("hvs.agent\n")
    environ = {"HOME": str(tmp_path)}
    assert login_of(options(), environ).proof == Secret("hvs.home")
    environ["VAULT_TOKEN_FILE"] = str(tmp_path / "sink")
    assert login_of(options(login="token"), environ).proof == Secret("hvs.agent")


def test_a_role_id_says_that_it_is_an_approle_unless_the_sink_says_otherwise(
    tmp_path: Path,
) -> None:
    (tmp_path / ".vault-token").write_text("hvs.home")
    environ = {"HOME": str(tmp_path), "VAULT_ROLE_ID": "r", "VAULT_SECRET_ID": "s"}
    found = login_of(options(), environ)
    assert (found.method, found.mount, found.role, found.proof) == (
        *("approle", "approle", "r"),
        Secret("s"),
    )
    assert login_of(options(login="token"), environ).proof == Secret("hvs.home")
    del environ["VAULT_SECRET_ID"]
    assert login_of(options(login="approle", login_mount="ci"), environ).proof is None


def test_a_jwt_is_looked_for_in_gitlab_s_variable_a_file_and_github(tmp_path: Path) -> None:
    (tmp_path / "jwt").write_text("a.b.file")
    environ = {
        "VAULT_ID_TOKEN": "a.b.c",
        "VAULT_JWT_FILE": str(tmp_path / "jwt"),
        "ACTIONS_ID_TOKEN_REQUEST_URL": "https://pipelines.example/token?v=1",
        "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "right",
        "VAULT_ROLE": "from-variable",
    }
    way = options(login="jwt", audience="https://vault.example")
    found = login_of(way, environ)
    assert (found.method, found.mount, found.role) == ("jwt", "jwt", "from-variable")
    assert found.proof == Secret("a.b.c")
    assert login_of(options(login="jwt", role="mine"), environ).role == "mine"
    del environ["VAULT_ID_TOKEN"]
    assert login_of(way, environ).proof == Secret("a.b.file")
    assert login_of(options(login="kubernetes"), environ).proof == Secret("a.b.file")
    del environ["VAULT_JWT_FILE"]
    asked = login_of(way, environ).proof
    assert isinstance(asked, FromGithub)
    assert (asked.right, asked.audience) == (Secret("right"), "https://vault.example")


def test_no_credential_is_in_what_is_shown_of_a_login() -> None:
    environ = {"VAULT_ROLE_ID": "role-canary", "VAULT_SECRET_ID": "id-canary"}
    assert "canary" not in repr(login_of(options(), environ))
    assert "canary" not in repr(login_of(options(), {"VAULT_TOKEN": "hvs-canary"}))


@pytest.mark.parametrize(
    ("settings", "environ", "said"),
    [
        ({}, {}, "no token was found: VAULT_TOKEN, VAULT_TOKEN_FILE, ~/.vault-token"),
        ({}, {"VAULT_TOKEN": "a\u00e4"}, "VAULT_TOKEN holds nothing"),
        ({}, {"VAULT_TOKEN": "a\nb"}, "VAULT_TOKEN holds nothing"),
        ({}, {"VAULT_TOKEN_FILE": "/none"}, "VAULT_TOKEN_FILE is not there"),
        ({"login": "approle"}, {}, "VAULT_ROLE_ID is not set"),
        ({"login": "jwt"}, {}, "id-token: write"),
        ({"login": "jwt"}, {"VAULT_JWT_FILE": "/none"}, "VAULT_JWT_FILE is not there"),
        ({"login": "kubernetes"}, {"VAULT_JWT_FILE": "/none"}, "VAULT_JWT_FILE is not there"),
    ],
)
def test_what_is_missing_to_log_in_is_named(
    tmp_path: Path, settings: dict[str, Any], environ: dict[str, str], said: str
) -> None:
    offline = Offline(tmp_path, **settings)
    offline.environ |= {"VAULT_ADDR": ADDRESS, "HOME": str(tmp_path), **environ}
    [problem] = errors_of(offline.sink("clinic"))
    assert problem.code == "store-login-failed"
    assert said in problem.message


# ── what answers mean ────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("status", "text", "expected"),
    [
        (400, '{"errors":["ek_canary"]}', What.REFUSED),
        (401, "", What.LOGIN),
        (403, '{"errors":["permission denied: ek_canary"]}', What.DENIED),
        (403, '{"errors":["2 errors: * permission denied * invalid token"]}', What.LOGIN),
        (404, '{"errors":["no handler for route"]}', What.REFUSED),
        (412, "", What.UNREACHABLE),
        (413, "", What.TOO_LARGE),
        (429, '{"errors":["request path: rate limit quota exceeded"]}', What.BUSY),
        (500, '{"errors":["put failed due to value being too large"]}', What.TOO_LARGE),
        (500, '{"errors":["internal error"]}', What.UNREACHABLE),
        (503, '{"errors":["Vault is sealed"]}', What.UNREACHABLE),
    ],
)
def test_an_error_is_told_by_its_status_and_never_by_its_text(
    tmp_path: Path, status: int, text: str, expected: What
) -> None:
    trouble = trouble_of(RefusalError(status, "create or update", "secret/data/clinic", text))
    assert (trouble.what, trouble.code) == (expected, str(status))
    shown = Offline(tmp_path).sink("clinic")
    assert isinstance(shown, StoreSink)
    assert "canary" not in shown.problem_of(trouble).message


def test_an_error_of_another_kind_is_told_by_its_name() -> None:
    assert trouble_of(ValueError("ek_canary")) == Trouble(What.REFUSED, said="ValueError")


@pytest.mark.parametrize(("asked", "waited"), [("7", 7), ("86400", 30), (None, None)])
def test_it_waits_as_long_as_the_server_asks_within_reason(
    asked: str | None, waited: float | None
) -> None:
    headers = {} if asked is None else {"Retry-After": asked}
    assert _Patience(1).get_retry_after(HTTPResponse(status=429, headers=headers)) == waited


def test_an_answer_without_data_is_a_cut_one() -> None:
    with pytest.raises(StoreError) as raised:
        _ = Answer(200, {"data": None}).data
    assert raised.value.trouble.what is What.UNREACHABLE


@pytest.mark.parametrize(
    ("left", "expected"),
    [(-5, "5m0s"), (0, "5m0s"), (1, "6m0s"), (60, "6m0s"), (3600, "1h5m0s"), (86400, "24h5m0s")],
)
def test_a_version_lives_for_whole_minutes_as_vault_writes_them(left: int, expected: str) -> None:

    at = datetime(2027, 1, 1, tzinfo=UTC)
    assert _life(int(at.timestamp()) + left, at) == expected
    assert _life(int(at.timestamp()) + left, None) == "0s"
