"""AWS Secrets Manager and SSM Parameter Store, emulated by moto: HTTP on loopback, in this process.

What it gets wrong, and so what passing here does not show: after a move of AWSCURRENT, a read that
names no stage gives the old value; values and names have no limits; a put to a secret that is
scheduled for deletion succeeds.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from tests.stores.servers.processes import PATIENCE, own_folder


@dataclass(frozen=True)
class Aws:
    """Where it listens; and a folder without any configuration of AWS's tools."""

    address: str
    region: str
    folder: Path

    @property
    def environ(self) -> dict[str, str]:
        """What its user's shell would hold, with nothing taken from a home or a machine's role."""
        return {
            "AWS_ENDPOINT_URL": self.address,
            "AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE",
            "AWS_SECRET_ACCESS_KEY": "made-up-for-tests",
            "AWS_DEFAULT_REGION": self.region,
            "AWS_CONFIG_FILE": str(self.folder / "config"),
            "AWS_SHARED_CREDENTIALS_FILE": str(self.folder / "credentials"),
            "AWS_EC2_METADATA_DISABLED": "true",
        }

    def reset(self) -> None:
        """Forgets all that it holds, and lets everybody do everything again."""
        self._say("reset")
        self.let_everybody()

    def let_everybody(self) -> None:
        """Takes any credentials, as it does at first."""
        self._say("reset-auth", "inf")

    def check_rights(self) -> None:
        """From now on holds everybody to the policies of the IAM users that were made before."""
        self._say("reset-auth", "0")

    def _say(self, order: str, body: str = "") -> None:
        answer = httpx.post(
            f"{self.address}/moto-api/{order}",
            content=body,
            headers={"Content-Type": "text/plain"},
            trust_env=False,
            timeout=PATIENCE,
            # It speaks no TLS, and reading the world's certificates takes longer than the request.
            verify=False,
        )
        answer.raise_for_status()


@contextmanager
def running_aws() -> Iterator[Aws]:
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    with own_folder() as folder:
        server.start()
        try:
            host, port = server.get_host_and_port()
            yield Aws(f"http://{host}:{port}", "eu-north-1", folder)
        finally:
            server.stop()
