"""The servers themselves: each one is what it says, and none outlives who started it."""

import json
import os
import select
import signal
import ssl
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from tests.stores.servers.aws import Aws
from tests.stores.servers.keyring import Keyring, Keyrings, running_keyring
from tests.stores.servers.kubernetes import Kubernetes
from tests.stores.servers.processes import (
    PATIENCE,
    ROOT,
    NotReadyError,
    PortTakenError,
    Server,
    found,
    on_a_port,
    own_folder,
    running,
)
from tests.stores.servers.toxiproxy import Proxy, Toxiproxy, toxiproxy_at
from tests.stores.servers.vault import Vault

Fault = Callable[[Proxy], AbstractContextManager[None]]


@pytest.mark.stores
def test_vault_is_unsealed_and_counts_versions(vault: Vault) -> None:
    health = vault.ask("GET", "sys/health").json()
    assert (health["initialized"], health["sealed"]) == (True, False)
    first = vault.arrange("secret/data/clinic", {"data": {"token": "ek_1"}, "options": {"cas": 0}})
    assert first["data"]["version"] == 1
    again = vault.ask("POST", "secret/data/clinic", {"data": {}, "options": {"cas": 0}})
    assert again.status_code == 400
    assert "check-and-set" in again.text


@pytest.mark.stores
def test_vault_knows_who_asks(vault: Vault) -> None:
    vault.arrange("sys/policies/acl/reader", {"policy": 'path "secret/*" {capabilities=["read"]}'})
    reader = vault.arrange("auth/token/create", {"policies": ["reader"]})["auth"]["client_token"]
    assert vault.ask("POST", "secret/data/other", {"data": {}}, token=reader).status_code == 403
    assert vault.ask("GET", "secret/data/other", token=reader).status_code == 404
    assert vault.ask("GET", "secret/data/other", token="nobody").status_code == 403


@pytest.mark.stores
def test_vault_takes_no_other_certificate_for_its_own(vault: Vault) -> None:
    with pytest.raises(httpx.ConnectError, match="CERTIFICATE_VERIFY_FAILED"):
        httpx.get(f"{vault.address}/v1/sys/health", trust_env=False, timeout=PATIENCE)


@pytest.mark.stores
def test_kubernetes_holds_secrets_and_rights(kubernetes: Kubernetes) -> None:
    assert kubernetes.ask("GET", "version").json()["major"] == "1"
    secrets = "api/v1/namespaces/default/secrets"
    made = {"metadata": {"name": "clinic"}, "stringData": {"token": "ek_1"}}
    assert kubernetes.ask("POST", secrets, made).status_code == 201
    # In base64, as in all clusters.
    held = kubernetes.ask("GET", f"{secrets}/clinic").json()
    assert held["data"] == {"token": "ZWtfMQ=="}
    refused = kubernetes.ask("GET", f"{secrets}/clinic", user=kubernetes.guest)
    assert refused.status_code == 403
    assert 'User "guest" cannot get resource "secrets"' in refused.json()["message"]


@pytest.mark.stores
def test_kubernetes_tells_field_managers_apart(kubernetes: Kubernetes) -> None:
    def applied(manager: str, value: str) -> httpx.Response:
        return kubernetes.ask(
            "PATCH",
            f"api/v1/namespaces/default/secrets/shared?fieldManager={manager}",
            {
                "apiVersion": "v1",
                "kind": "Secret",
                "metadata": {"name": "shared"},
                "stringData": {"token": value},
            },
            media_type="application/apply-patch+yaml",
        )

    assert applied("one", "ek_1").status_code == 201
    conflict = applied("other", "ek_2")
    assert conflict.status_code == 409
    assert 'conflict with "one"' in conflict.json()["message"]


@pytest.mark.stores
def test_a_kubeconfig_names_its_user_and_the_certificate(kubernetes: Kubernetes) -> None:
    path = Path(kubernetes.guest.environ["KUBECONFIG"])
    config = json.loads(path.read_text())
    assert config["users"][0]["user"] == {"token": kubernetes.guest.token}
    assert config["clusters"][0]["cluster"] == {
        "server": kubernetes.address,
        "certificate-authority": str(kubernetes.ca_file),
    }
    assert path.stat().st_mode & 0o077 == 0


def client(aws: Aws, service: str, **credentials: str) -> Any:
    # Importing it takes as long as many tests do, and everybody collects this file.
    import boto3

    given = {
        "aws_access_key_id": aws.environ["AWS_ACCESS_KEY_ID"],
        "aws_secret_access_key": aws.environ["AWS_SECRET_ACCESS_KEY"],
    }
    return boto3.Session().client(
        service, region_name=aws.region, endpoint_url=aws.address, **(given | credentials)
    )


def test_aws_holds_a_secret_and_forgets_it(aws: Aws) -> None:
    manager = client(aws, "secretsmanager")
    manager.create_secret(Name="clinic", SecretString="ek_1")
    held = manager.get_secret_value(SecretId="clinic", VersionStage="AWSCURRENT")
    assert held["SecretString"] == "ek_1"
    aws.reset()
    with pytest.raises(manager.exceptions.ResourceNotFoundException):
        manager.get_secret_value(SecretId="clinic")


def test_aws_holds_users_to_their_policies_when_asked(aws: Aws) -> None:
    people = client(aws, "iam")
    people.create_user(UserName="reader")
    policy = {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": "secretsmanager:Get*", "Resource": "*"}],
    }
    people.put_user_policy(UserName="reader", PolicyName="r", PolicyDocument=json.dumps(policy))
    key = people.create_access_key(UserName="reader")["AccessKey"]
    anybody = client(aws, "secretsmanager")
    anybody.create_secret(Name="clinic", SecretString="ek_1")

    aws.check_rights()
    reader = client(
        aws,
        "secretsmanager",
        aws_access_key_id=key["AccessKeyId"],
        aws_secret_access_key=key["SecretAccessKey"],
    )
    assert reader.get_secret_value(SecretId="clinic")["SecretString"] == "ek_1"
    with pytest.raises(reader.exceptions.ClientError, match="AccessDenied"):
        reader.put_secret_value(SecretId="clinic", SecretString="ek_2")
    with pytest.raises(reader.exceptions.ClientError, match=r"security token .* is invalid"):
        anybody.get_secret_value(SecretId="clinic")
    aws.let_everybody()
    assert anybody.get_secret_value(SecretId="clinic")["SecretString"] == "ek_1"


@pytest.mark.stores
@pytest.mark.parametrize(
    ("fault", "status"),
    [
        (Proxy.answers_lost, 200),
        (Proxy.answers_reset, 200),
        (Proxy.requests_reset, 404),
    ],
)
def test_a_request_is_lost_before_or_after_it_was_applied(
    vault: Vault, toxiproxy: Toxiproxy, fault: Fault, status: int
) -> None:
    path = f"secret/data/{fault.__name__}"
    with toxiproxy.before(vault.address) as proxy, connected(vault, proxy.address) as session:
        # The fault meets a connection that stands already, and so the request, not a handshake.
        assert session.get("/sys/health").status_code == 200
        with fault(proxy), pytest.raises((httpx.NetworkError, httpx.RemoteProtocolError)):
            session.post(path, json={"data": {"token": "ek_1"}})
        assert vault.ask("GET", path).status_code == status
        assert session.get("/sys/health").status_code == 200


@contextmanager
def connected(vault: Vault, address: str) -> Iterator[httpx.Client]:
    with httpx.Client(
        base_url=f"{address}/v1/",
        headers={"X-Vault-Token": vault.token},
        verify=ssl.create_default_context(cafile=vault.ca_file),
        trust_env=False,
        timeout=PATIENCE,
    ) as session:
        yield session


@pytest.mark.stores
def test_each_fault_ends_with_its_block(aws: Aws, toxiproxy: Toxiproxy) -> None:
    with toxiproxy.before(f"{aws.address}/moto-api/data.json") as proxy:

        def asked(patience: float = PATIENCE) -> httpx.Response:
            return httpx.get(proxy.address, trust_env=False, timeout=patience)

        whole = asked()
        assert whole.status_code == 200
        with proxy.slow(3_600_000), pytest.raises(httpx.ReadTimeout):
            asked(0.5)
        with proxy.silent(), pytest.raises(httpx.ReadTimeout):
            asked(0.5)
        with proxy.requests_reset(), pytest.raises(httpx.ReadError):
            asked()
        with proxy.answers_reset(), pytest.raises(httpx.ReadError):
            asked()
        with proxy.answers_cut(40), pytest.raises(httpx.RemoteProtocolError):
            asked()
        with proxy.down(), pytest.raises(httpx.ConnectError):
            asked()
        assert asked().content == whole.content


@pytest.mark.stores
def test_a_keyring_gives_back_what_it_was_given(keyring: Keyring) -> None:
    kept = keyring.run("import keyring; keyring.set_password('voxmint', 'clinic', 'ek_1')")
    assert (kept.stdout, kept.stderr, kept.returncode) == ("", "", 0)
    held = keyring.run(
        "import keyring; print(type(keyring.get_keyring()).__module__);"
        "print(keyring.get_password('voxmint', 'clinic'))"
    )
    assert held.stdout.split() == ["keyring.backends.SecretService", "ek_1"]


@pytest.mark.stores
def test_a_locked_keyring_gives_nothing() -> None:
    with running_keyring() as keyring:
        keyring.run("import keyring; keyring.set_password('voxmint', 'clinic', 'ek_1')")
        assert not keyring.is_locked()
        keyring.lock()
        assert keyring.is_locked()
        asked = keyring.run("import keyring; keyring.get_password('voxmint', 'clinic')")
        assert "KeyringLocked" in asked.stderr


@pytest.mark.stores
def test_a_keyring_that_died_is_followed_by_another() -> None:
    with Keyrings() as keyrings:
        first = keyrings.alive()
        assert keyrings.alive() is first
        _, daemon = first.servers
        daemon.process.kill()
        daemon.process.wait()
        assert daemon.state().startswith("gnome-keyring-daemon ended with -9:")
        second = keyrings.alive()
        assert not second.is_locked()
        assert not first.home.exists()


@pytest.mark.stores
def test_another_toxiproxy_is_not_taken_for_the_one_that_was_started(toxiproxy: Toxiproxy) -> None:
    port = urlsplit(toxiproxy.address).port
    assert port is not None
    with (
        own_folder() as folder,
        pytest.raises(PortTakenError, match="toxiproxy-server runs"),
        toxiproxy_at(folder, port),
    ):
        pass


def test_the_path_of_a_server_s_folder_is_short_wherever_tests_have_theirs(tmp_path: Path) -> None:
    deep = tmp_path / ("d" * 100)
    deep.mkdir()
    with own_folder(str(deep)) as folder:
        assert len(f"{folder}/run/keyring/control") < 100


def said(log: Path, words: str) -> bool:
    return words in log.read_text()


def test_a_server_that_ends_early_says_why(tmp_path: Path) -> None:
    command = ["sh", "-c", "echo no such disk; exit 3"]
    with (
        pytest.raises(NotReadyError, match=r"^sh ended with 3:\nno such disk$"),
        running(command, folder=tmp_path, ready=lambda: False),
    ):
        pass


def test_a_port_that_is_taken_meanwhile_is_left_to_whoever_has_it(tmp_path: Path) -> None:
    # Some end then, and some go on.
    says = [
        "echo address already in use",
        "echo address already in use; exec sleep 1000",
        "echo ready; exec sleep 1000",
    ]
    asked: list[int] = []

    def started(port: int) -> AbstractContextManager[Server]:
        asked.append(port)
        command = ["sh", "-c", says[len(asked) - 1]]
        return running(
            command, folder=tmp_path, ready=partial(said, tmp_path / "sh.log", "ready\n")
        )

    with on_a_port(started) as server:
        assert server.runs
    assert len(asked) == 3
    assert server.process.returncode == -signal.SIGTERM


def test_a_server_that_does_not_heed_is_ended_all_the_same(tmp_path: Path) -> None:
    log = tmp_path / "sh.log"
    command = ["sh", "-c", "trap '' TERM; echo ready; while :; do sleep 0.1; done"]
    ready = partial(said, log, "ready")
    with running(command, folder=tmp_path, ready=ready, grace=0.1) as server:
        pass
    assert server.process.returncode == -signal.SIGKILL


def test_a_server_ends_with_who_started_it_even_if_that_is_killed(tmp_path: Path) -> None:
    alive = tmp_path / "alive"
    os.mkfifo(alive)
    with (
        subprocess.Popen(
            [sys.executable, "-c", STARTER, tmp_path], cwd=ROOT, stdin=subprocess.PIPE
        ) as starter,
        alive.open("rb", buffering=0) as lifeline,
    ):
        # The server holds the other end, which closes when it is gone.
        assert lifeline.read(6) == b"ready\n"
        starter.kill()
        assert select.select([lifeline], [], [], 60)[0]
        assert lifeline.read(1) == b""


STARTER = """
import sys
from functools import partial
from pathlib import Path
from tests.stores.servers.processes import running

command = ["sh", "-c", "exec >alive; echo ready; sleep 1000; :"]
with running(command, folder=Path(sys.argv[1]), ready=lambda: True):
    sys.stdin.read()
"""


def test_what_is_missing_names_what_gets_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VAULT", "no-such-vault")
    with pytest.raises(pytest.fail.Exception) as failure:
        found("vault")
    assert str(failure.value) == "vault is missing: VAULT=no-such-vault names no program"
