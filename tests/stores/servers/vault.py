"""A real Vault, or OpenBao where that is on PATH: in memory, unsealed, with TLS."""

import secrets
import ssl
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from tests.stores.servers.processes import answers, found, on_a_port, own_folder, running


@dataclass(frozen=True)
class Vault:
    """Where it listens, whom it trusts, and its root's token. KV v2 is mounted at `secret/`."""

    address: str
    ca_file: Path
    token: str

    @property
    def environ(self) -> dict[str, str]:
        """What its user's shell would hold."""
        return {
            "VAULT_ADDR": self.address,
            "VAULT_CACERT": str(self.ca_file),
            "VAULT_TOKEN": self.token,
        }

    def ask(
        self, method: str, path: str, body: Mapping[str, Any] | None = None, token: str = ""
    ) -> httpx.Response:
        """Its answer to a request below /v1/, by root or by whom `token` belongs to."""
        return httpx.request(
            method,
            f"{self.address}/v1/{path}",
            headers={"X-Vault-Token": token or self.token},
            json=body,
            verify=ssl.create_default_context(cafile=self.ca_file),
            trust_env=False,
            timeout=30,
        )

    def arrange(self, path: str, body: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Writes to a path as root, such as a mount, a policy or a role; what it answers."""
        answer = self.ask("POST", path, body or {})
        answer.raise_for_status()
        content: dict[str, Any] = answer.json() if answer.content else {}
        return content


@contextmanager
def running_vault() -> Iterator[Vault]:
    with own_folder() as folder, on_a_port(lambda port: _vault(folder, port)) as vault:
        yield vault


def _vault(folder: Path, port: int) -> AbstractContextManager[Vault]:
    return _started(folder, port, f"https://127.0.0.1:{port}", secrets.token_urlsafe(24))


@contextmanager
def _started(folder: Path, port: int, address: str, token: str) -> Iterator[Vault]:
    certificates = folder / f"tls-{port}"
    certificates.mkdir()
    command = [
        found("vault"),
        "server",
        "-dev",
        "-dev-no-store-token",
        "-dev-tls",
        f"-dev-tls-cert-dir={certificates}",
        f"-dev-root-token-id={token}",
        f"-dev-listen-address=127.0.0.1:{port}",
    ]

    # It answers for its health before KV v2 is mounted.
    def ready() -> bool:
        secret = f"{address}/v1/secret/config"
        return answers(secret, _ca_file(certificates), {"X-Vault-Token": token})

    with running(command, folder=folder, ready=ready):
        yield Vault(address, _ca_file(certificates), token)


def _ca_file(folder: Path) -> Path:
    # Vault and OpenBao give it names of their own.
    return next(folder.glob("*-ca.pem"), folder / "none-yet")
