"""A real Kubernetes API server with its etcd: what holds Secrets and rights, and runs nothing."""

import json
import secrets
import ssl
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from tests.stores.servers.processes import (
    ROOT,
    Server,
    answers,
    found,
    listens,
    on_a_port,
    own_folder,
    running,
)

# A socket in the folder in which the server runs.
_ETCD = "unix://etcd.sock:0"


@dataclass(frozen=True)
class User:
    """Somebody whom the server knows: the name, the token, and the file that kubectl would read."""

    name: str
    token: str
    kubeconfig: Path

    @property
    def environ(self) -> dict[str, str]:
        """What the user's shell would hold."""
        return {"KUBECONFIG": str(self.kubeconfig)}


@dataclass(frozen=True)
class Kubernetes:
    """Where it listens, whom it trusts, who may do all, and who has no right until given one."""

    address: str
    ca_file: Path
    admin: User
    guest: User

    def ask(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | None = None,
        *,
        user: User | None = None,
        media_type: str = "application/json",
    ) -> httpx.Response:
        """Its answer to a request, by its administrator or by another user."""
        return httpx.request(
            method,
            f"{self.address}/{path}",
            headers={
                "Authorization": f"Bearer {(user or self.admin).token}",
                "Content-Type": media_type,
            },
            content=None if body is None else json.dumps(body),
            verify=ssl.create_default_context(cafile=self.ca_file),
            trust_env=False,
            timeout=30,
        )


@contextmanager
def running_kubernetes() -> Iterator[Kubernetes]:
    program = Path(found("kube-apiserver"))
    with own_folder() as folder, ExitStack() as ends:
        _make_key(folder / "accounts.key")
        tokens = {name: secrets.token_urlsafe(24) for name in ("admin", "guest")}
        (folder / "tokens.csv").write_text(
            f'{tokens["admin"]},admin,1,"system:masters"\n{tokens["guest"]},guest,2,\n'
        )
        # The one that is built here has etcd inside.
        if ROOT not in program.parents:
            ends.enter_context(_etcd(folder))
        server = on_a_port(lambda port: _started(program, folder, port, tokens))
        yield ends.enter_context(server)


@contextmanager
def _started(
    program: Path, folder: Path, port: int, tokens: Mapping[str, str]
) -> Iterator[Kubernetes]:
    address = f"https://127.0.0.1:{port}"
    ca_file = folder / f"tls-{port}" / "apiserver.crt"
    command: list[str | Path] = [
        program,
        "--bind-address=127.0.0.1",
        "--advertise-address=127.0.0.1",
        f"--secure-port={port}",
        f"--cert-dir={ca_file.parent}",
        f"--etcd-servers={_ETCD}",
        "--authorization-mode=RBAC",
        "--token-auth-file=tokens.csv",
        "--service-account-issuer=https://kubernetes.default.svc",
        "--service-account-key-file=accounts.key",
        "--service-account-signing-key-file=accounts.key",
        "--service-cluster-ip-range=10.0.0.0/24",
        # No controller makes the accounts for which it would wait.
        "--disable-admission-plugins=ServiceAccount",
    ]

    # It says that it is ready before it has made the first namespace.
    def ready() -> bool:
        headers = {"Authorization": f"Bearer {tokens['admin']}"}
        paths = ("readyz", "api/v1/namespaces/default")
        return all(answers(f"{address}/{path}", ca_file, headers) for path in paths)

    users = (_user(name, token, address, ca_file) for name, token in tokens.items())
    with running(command, folder=folder, ready=ready, environ={"ETCD_DIR": f"{folder}/etcd"}):
        yield Kubernetes(address, ca_file, *users)


def _etcd(folder: Path) -> AbstractContextManager[Server]:
    """An etcd from PATH, which listens where the one inside would."""
    peer = "unix://peer.sock:0"
    command = [
        found("etcd"),
        "--data-dir=etcd",
        "--unsafe-no-fsync",
        f"--listen-client-urls={_ETCD}",
        f"--advertise-client-urls={_ETCD}",
        f"--listen-peer-urls={peer}",
        f"--initial-advertise-peer-urls={peer}",
        f"--initial-cluster=default={peer}",
    ]
    socket = folder / _ETCD.removeprefix("unix://")
    return running(command, folder=folder, ready=lambda: listens(socket))


def _user(name: str, token: str, address: str, ca_file: Path) -> User:
    path = ca_file.with_name(f"{name}.kubeconfig")
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [
            {"name": "test", "cluster": {"server": address, "certificate-authority": str(ca_file)}}
        ],
        "users": [{"name": name, "user": {"token": token}}],
        "contexts": [{"name": "test", "context": {"cluster": "test", "user": name}}],
        "current-context": "test",
    }
    # JSON is YAML.
    path.write_text(json.dumps(config))
    path.chmod(0o600)
    return User(name, token, path)


def _make_key(path: Path) -> None:
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            # The server finds the public key in this form only.
            serialization.PrivateFormat.TraditionalOpenSSL,
            serialization.NoEncryption(),
        )
    )
