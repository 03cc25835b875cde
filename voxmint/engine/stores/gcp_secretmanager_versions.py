"""The versions of Google's secrets: each is read with its checksum, added, and taken away."""

from collections.abc import Callable, Iterator
from typing import Any

from voxmint.engine.stores.contract import cut_short
from voxmint.engine.stores.gcp_secretmanager_client import Calls, RefusedError
from voxmint.secret import Secret

LATEST = "latest"
"""What Google calls the version that was added last."""
PAGE = 250
"""How many versions are looked through: destroyed ones stay in the list for good."""


class Versions:
    """The versions of all secrets below a parent: a project, or a location in one."""

    def __init__(self, calls: Calls, parent: str) -> None:
        import google_crc32c

        self._checksum: Callable[[bytes], int] = google_crc32c.value
        self._calls = calls
        self._parent = parent

    def path(self, name: str, version: str | int | None = None) -> str:
        """What Google calls a secret, or one of its versions."""
        path = f"{self._parent}/secrets/{name}"
        return path if version is None else f"{path}/versions/{version}"

    def accessed(self, name: str, version: str | int) -> Any | None:
        """A version with its data, held against its checksum; `None` where there is none to get."""
        path = self.path(name, version)
        try:
            answer = self._calls.read("access_secret_version", name=path)
        except RefusedError as error:
            if not (error.is_missing or error.is_out_of_place):
                raise
            return None
        if not answer.name or "data_crc32c" not in answer.payload:
            raise cut_short()
        if answer.payload.data_crc32c != self._checksum(answer.payload.data):
            raise cut_short("its answer does not match its checksum")
        return answer

    def listed(self, name: str) -> Iterator[tuple[int, bool]]:
        """The numbers of a secret's versions and whether each is enabled; the newest first."""
        from google.cloud.secretmanager_v1 import SecretVersion

        about = {"parent": self.path(name), "page_size": PAGE}
        for one in self._calls.read("list_secret_versions", **about):
            yield number_of(one.name), one.state == SecretVersion.State.ENABLED

    def add(self, name: str, data: bytes) -> int:
        """Add a version; its number."""
        payload = {"data": data, "data_crc32c": self._checksum(data)}
        version = self._calls.write("add_secret_version", parent=self.path(name), payload=payload)
        number = number_of(version.name)
        if not version.client_specified_payload_checksum:
            raise cut_short("it did not take the checksum")
        return number

    def take_away(self, name: str, version: int, how: str) -> None:
        """Destroy or disable a version; one that is not enabled any more is all right."""
        try:
            self._calls.read(f"{how}_secret_version", name=self.path(name, version))
        except RefusedError as error:
            if not (error.is_missing or error.is_out_of_place):
                raise


def number_of(path: str) -> int:
    """The number at the end of a version's name."""
    number = path.rpartition("/")[2]
    if not number.isdecimal():
        raise cut_short()
    return int(number)


def text_of(data: bytes) -> Secret | None:
    """What a version's data say; `None` where they are no text."""
    try:
        return Secret(data.decode())
    except UnicodeDecodeError:
        return None
