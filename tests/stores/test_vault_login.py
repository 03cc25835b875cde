"""Who asks a real Vault: tokens, AppRole, JWTs; wrong ones, used-up ones, ended ones; and TLS."""

import json
import time
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from tests.stores.servers.faulty import Faulty, running_faulty
from tests.stores.servers.vault import Vault
from tests.stores.vaults import VaultDestination, failed, refused, written
from voxmint.problems import Problem
from voxmint.testing.sink_contract import delivering, errors_of, known

pytestmark = pytest.mark.stores


@pytest.fixture
def kv(vault: Vault, tmp_path: Path) -> VaultDestination:
    return VaultDestination(vault, tmp_path)


def told(kv: VaultDestination) -> Problem:
    """What is wrong before anything is minted."""
    [problem] = errors_of(kv.sink("clinic", "ward/7"))
    return problem


# ── tokens ───────────────────────────────────────────────────────────────────────────────────────


def test_a_wrong_token_is_told_before_anything_is_minted(kv: VaultDestination) -> None:
    kv.environ["VAULT_TOKEN"] = "hvs.canary"
    problem = refused(kv)
    assert problem.code == "store-login-failed"
    assert "not known, or has ended" in problem.message
    assert "canary" not in problem.message
    assert "docs/stores/vault.md" in str(problem.hint)


def test_a_token_that_ended_is_told(kv: VaultDestination) -> None:
    kv.environ["VAULT_TOKEN"] = kv.token()
    written(kv)
    kv.server.arrange("auth/token/revoke", {"token": kv.environ["VAULT_TOKEN"]})
    assert told(kv).code == "store-login-failed"


def test_a_token_that_ends_between_the_phases_leaves_all_as_it_was(kv: VaultDestination) -> None:
    written(kv)
    kv.environ["VAULT_TOKEN"] = kv.token()
    sink = kv.sink("clinic")
    with sink.locked(), sink.stage(delivering("clinic", number=2)):
        kv.server.arrange("auth/token/revoke", {"token": kv.environ["VAULT_TOKEN"]})
        assert told(kv).code == "store-login-failed"
    assert kv.read()["clinic"] == known("clinic")


def test_a_token_in_the_home_folder_is_found(kv: VaultDestination, tmp_path: Path) -> None:
    (tmp_path / ".vault-token").write_text(kv.environ.pop("VAULT_TOKEN"))
    kv.environ["HOME"] = str(tmp_path)
    written(kv)


# ── AppRole ──────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def approle(kv: VaultDestination) -> VaultDestination:
    """Its user logs in by a role with a secret id that is good for one login."""
    server = kv.server
    if server.ask("GET", "sys/auth/approle").status_code != 200:
        server.arrange("sys/auth/approle", {"type": "approle"})
    role = f"auth/approle/role/{kv.prefix}"
    server.arrange(
        role,
        {"token_policies": [kv.prefix], "token_no_default_policy": True, "secret_id_num_uses": 1},
    )
    role_id = server.ask("GET", f"{role}/role-id").json()["data"]["role_id"]
    del kv.environ["VAULT_TOKEN"]
    kv.environ |= {"VAULT_ROLE_ID": role_id, "VAULT_SECRET_ID": secret_id(kv)}
    return kv


def secret_id(kv: VaultDestination) -> str:
    made = kv.server.arrange(f"auth/approle/role/{kv.prefix}/secret-id")
    return str(made["data"]["secret_id"])


def test_a_login_serves_all_sinks_of_a_run(approle: VaultDestination) -> None:
    first, second = approle.sink("clinic"), approle.sink("ward/7")
    assert errors_of(first) == []
    assert errors_of(second) == []
    first.write(delivering("clinic"))
    second.write(delivering("ward/7"))
    assert set(approle.read()) == {"clinic", "ward/7"}


def test_a_secret_id_that_is_used_up_is_told(approle: VaultDestination) -> None:
    written(approle)
    problem = told(approle)
    assert problem.code == "store-login-failed"
    assert "VAULT_SECRET_ID is wrong, used up or has ended" in problem.message
    assert approle.environ["VAULT_SECRET_ID"] not in problem.message


def test_a_login_that_is_refused_is_not_tried_again(
    approle: VaultDestination, faulty: Faulty
) -> None:
    """After some, Vault locks the role."""
    approle.environ["VAULT_SECRET_ID"] = "wrong"
    approle.environ["VAULT_ADDR"] = faulty.address
    sink = approle.sink("clinic", *(f"bed/{number}" for number in range(30)))
    assert [one.code for one in errors_of(sink)] == ["store-login-failed"]
    assert [one.code for one in errors_of(sink)] == ["store-login-failed"]
    assert [one.path for one in faulty.requests] == ["/v1/auth/approle/login"]


def test_a_role_may_need_no_secret_id(approle: VaultDestination) -> None:
    role = f"auth/approle/role/{approle.prefix}"
    about = {"bind_secret_id": False, "secret_id_bound_cidrs": [], "token_bound_cidrs": "127.0.0.1"}
    approle.server.arrange(role, {**about, "token_policies": [approle.prefix]})
    del approle.environ["VAULT_SECRET_ID"]
    written(approle)


def test_where_a_token_ends_in_a_long_run_there_is_another_login(
    approle: VaultDestination, faulty: Faulty
) -> None:
    role = f"auth/approle/role/{approle.prefix}"
    approle.server.arrange(role, {"secret_id_num_uses": 2})
    approle.environ |= {"VAULT_SECRET_ID": secret_id(approle), "VAULT_ADDR": faulty.address}
    sink = approle.sink("clinic")
    assert errors_of(sink) == []
    used = faulty.requests[-1].headers["x-vault-token"]
    approle.server.arrange("auth/token/revoke", {"token": used})
    sink.write(delivering("clinic"))
    assert approle.read()["clinic"] == known("clinic")
    logins = [one for one in faulty.requests if one.path.endswith("/login")]
    assert len(logins) == 2


@pytest.fixture
def faulty(vault: Vault) -> Iterator[Faulty]:
    with running_faulty(vault.address) as found:
        yield found


# ── JWTs ─────────────────────────────────────────────────────────────────────────────────────────

AUDIENCE = "https://vault.example"


@cache
def issuer() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def signed(audience: str = AUDIENCE, subject: str = "project:clinic/speech") -> str:
    """A token of the issuer's that lives for a minute."""
    claims = {"iss": "made-up", "sub": subject, "aud": audience, "exp": int(time.time()) + 60}
    parts = [json.dumps(one).encode() for one in ({"alg": "RS256", "typ": "JWT"}, claims)]
    text = b".".join(map(_coded, parts))
    signature = issuer().sign(text, padding.PKCS1v15(), hashes.SHA256())
    return b".".join((text, _coded(signature))).decode()


def _coded(data: bytes) -> bytes:
    return urlsafe_b64encode(data).rstrip(b"=")


def trusting(kv: VaultDestination, mount: str) -> VaultDestination:
    """Its Vault lets holders of such tokens in as `minter`, by a login at this mount."""
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    key = issuer().public_key().public_bytes(serialization.Encoding.PEM, form).decode()
    kv.server.arrange(f"sys/auth/{mount}", {"type": "jwt"})
    about = {"jwt_validation_pubkeys": [key], "default_role": "minter"}
    kv.server.arrange(f"auth/{mount}/config", about)
    role = {
        "role_type": "jwt",
        "user_claim": "sub",
        "bound_audiences": [AUDIENCE],
        "bound_subject": "project:clinic/speech",
        "token_policies": [kv.prefix],
    }
    kv.server.arrange(f"auth/{mount}/role/minter", role)
    del kv.environ["VAULT_TOKEN"]
    return kv


@pytest.fixture
def jwt(kv: VaultDestination) -> VaultDestination:
    mount = f"jwt-{uuid4().hex[:8]}"
    kv.settings |= {"login": "jwt", "login_mount": mount, "role": "minter"}
    return trusting(kv, mount)


def test_a_job_of_gitlab_logs_in_with_its_id_token(jwt: VaultDestination) -> None:
    jwt.environ["VAULT_ID_TOKEN"] = signed()
    written(jwt)


def test_a_job_of_another_project_does_not_get_in(jwt: VaultDestination) -> None:
    jwt.environ["VAULT_ID_TOKEN"] = signed(subject="project:somebody/else")
    problem = told(jwt)
    assert problem.code == "store-login-failed"
    assert f"`auth/{jwt.settings['login_mount']}`" in problem.message
    assert "`minter`" in problem.message
    assert jwt.environ["VAULT_ID_TOKEN"] not in problem.message


def test_a_login_that_is_not_mounted_is_told(jwt: VaultDestination) -> None:
    jwt.environ["VAULT_ID_TOKEN"] = signed()
    jwt.settings["login_mount"] = "nowhere"
    assert "`auth/nowhere`" in told(jwt).message


def test_a_default_role_of_the_mount_counts(jwt: VaultDestination) -> None:
    del jwt.settings["role"]
    jwt.environ["VAULT_ID_TOKEN"] = signed()
    written(jwt)


class Github(BaseHTTPRequestHandler):
    """Gives a job's token as GitHub documents it: GET, a bearer token, `{"value": …}`."""

    answer: bytes | None = None

    def do_GET(self) -> None:
        asked = parse_qs(urlsplit(self.path).query)
        knows = self.headers["Authorization"] == "Bearer job-right" and asked["api-version"] == [
            "2"
        ]
        audience = asked.get("audience", ["the owner's"])[0]
        body = self.answer or json.dumps({"count": 1, "value": signed(audience)}).encode()
        self.send_response_only(200 if knows else 401)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


@pytest.fixture
def github(jwt: VaultDestination) -> Iterator[type[Github]]:
    """A server of the tests' own, in whose job the sink's user is."""
    kind = type("OwnGithub", (Github,), {})
    server = ThreadingHTTPServer(("127.0.0.1", 0), kind)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    jwt.environ |= {
        "ACTIONS_ID_TOKEN_REQUEST_URL": f"http://127.0.0.1:{server.server_port}/t?api-version=2",
        "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "job-right",
    }
    try:
        yield kind
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.mark.usefixtures("github")
def test_a_job_of_github_gets_its_token_from_github(jwt: VaultDestination) -> None:
    jwt.settings["audience"] = AUDIENCE
    written(jwt)
    del jwt.settings["audience"]
    # Without one, GitHub's own default is in the token, which this role is not bound to.
    assert told(jwt).code == "store-login-failed"


@pytest.mark.parametrize("answer", [b"{}", b"[]", b"{", b'{"value": 1}'])
def test_an_answer_of_github_s_without_a_token_is_told(
    jwt: VaultDestination, github: type[Github], answer: bytes
) -> None:
    github.answer = answer
    assert "GitHub gave this job no token" in told(jwt).message


def test_a_job_s_right_is_sent_to_nobody_without_tls(jwt: VaultDestination) -> None:
    jwt.environ |= {
        "ACTIONS_ID_TOKEN_REQUEST_URL": "http://github.example/token",
        "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "job-right",
    }
    assert "no address of GitHub's" in told(jwt).message


def test_a_pod_logs_in_with_its_service_account(kv: VaultDestination, tmp_path: Path) -> None:
    """By what is sent: a JWT login takes the same, and this Vault is built without Kubernetes'."""
    (tmp_path / "token").write_text(signed())
    trusting(kv, "kubernetes").environ["VAULT_JWT_FILE"] = str(tmp_path / "token")
    kv.settings |= {"login": "kubernetes", "role": "minter"}
    try:
        written(kv)
    finally:
        kv.server.ask("DELETE", "sys/auth/kubernetes")


# ── the way there ────────────────────────────────────────────────────────────────────────────────


def test_a_certificate_that_nobody_vouches_for_is_not_trusted(kv: VaultDestination) -> None:
    del kv.environ["VAULT_CACERT"]
    kv.environ |= {"VAULT_SKIP_VERIFY": "true", "VAULT_MAX_RETRIES": "0"}
    problem = told(kv)
    assert problem.code == "store-unreachable"
    assert "certificate cannot be trusted" in problem.message


def test_requests_name_the_namespace(kv: VaultDestination, faulty: Faulty) -> None:
    kv.environ |= {"VAULT_ADDR": faulty.address, "VAULT_NAMESPACE": "clinic"}
    written(kv)
    kv.settings["namespace"] = "clinic/speech"
    written(kv, 2)
    named = [one.headers["x-vault-namespace"] for one in faulty.requests]
    assert list(dict.fromkeys(named)) == ["clinic", "clinic/speech"]


def test_an_address_in_the_project_is_asked_where_it_is_allowed(
    kv: VaultDestination, faulty: Faulty
) -> None:
    kv.settings["address"] = faulty.address
    assert told(kv).code == "store-host-refused"
    assert faulty.requests == []
    kv.around["allow_hosts"] = (faulty.address.removeprefix("http://"),)
    written(kv)
    assert faulty.requests


def test_a_mount_that_is_not_there_is_told(kv: VaultDestination) -> None:
    kv.settings["mount"] = "nowhere"
    problem = told(kv)
    assert problem.code == "store-denied"
    assert "`nowhere`" in problem.message


def test_a_mount_of_another_engine_is_told(kv: VaultDestination) -> None:
    kv.settings["mount"] = "cubbyhole"
    kv.environ["VAULT_TOKEN"] = kv.server.token
    assert "no KV engine" in told(kv).message


def test_a_path_below_a_mount_is_not_taken_for_one(kv: VaultDestination) -> None:
    kv.settings["mount"] = "secret/below"
    kv.environ["VAULT_TOKEN"] = kv.server.token
    assert "nothing is mounted at `secret/below`" in told(kv).message


def test_a_server_that_is_away_is_told(kv: VaultDestination) -> None:
    kv.environ |= {"VAULT_ADDR": "https://127.0.0.1:9", "VAULT_MAX_RETRIES": "0"}
    assert told(kv).code == "store-unreachable"
    assert failed(kv).code == "store-unreachable"


def test_a_redirect_is_not_followed(kv: VaultDestination) -> None:
    class Elsewhere(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response_only(307)
            self.send_header("Location", f"{kv.server.address}{self.path}")
            self.send_header("Content-Length", "0")
            self.end_headers()

    server = ThreadingHTTPServer(("127.0.0.1", 0), Elsewhere)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    kv.environ["VAULT_ADDR"] = f"http://127.0.0.1:{server.server_port}"
    try:
        problem = told(kv)
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
    assert problem.code == "store-unreachable"
    assert "active node's address" in problem.message


def test_what_netrc_says_of_the_host_is_not_sent(
    kv: VaultDestination, faulty: Faulty, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "netrc"
    file.write_text("machine 127.0.0.1 login me password canary\n")
    monkeypatch.setenv("NETRC", str(file))
    kv.environ["VAULT_ADDR"] = faulty.address
    written(kv)
    assert all("authorization" not in one.headers for one in faulty.requests)
