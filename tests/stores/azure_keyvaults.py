"""What the tests of Azure Key Vault share: a sink that writes to the fake, seen from outside."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

import pytest

from tests.stores.destinations import StoreDestination
from tests.stores.servers.azure import VAULT, Azure
from tests.stores.servers.azure_vault import FakeVault, Kept, Version
from voxmint.engine.sinks.contract import Sink
from voxmint.engine.stores.azure_keyvault import KeyVaultSink
from voxmint.problems import Problem, ProblemsError
from voxmint.testing.sink_contract import STEPS, WRITTEN, Obstacle, delivering, errors_of

OTHERS = "somebody-elses"
STAGED = "-voxmint-staged"
NAME = "voxmint-production-clinic"
URL = f"https://{VAULT}"


class KeyVault(StoreDestination):
    """The secrets of one vault, which is looked into directly."""

    kind: ClassVar[str] = "azure-keyvault"

    def __init__(self, server: Azure, folder: Path, **settings: Any) -> None:
        super().__init__(folder, **settings)
        self.server = server
        self.environ["AZURE_KEYVAULT_URL"] = URL

    @property
    def vault(self) -> FakeVault:
        return self.server.vault

    def there(self) -> dict[str, Kept]:
        """The secrets that are not deleted, by name."""
        return {one.name: one for one in self.vault.kept.values() if one.deleted_at is None}

    def value(self, name: str) -> str:
        latest = self.there()[name].latest
        assert latest.is_enabled
        return latest.value

    def tags(self, name: str) -> dict[str, str]:
        return self.there()[name].latest.tags

    def readable(self, name: str) -> list[Version]:
        """The versions that can be read, the latest of them last."""
        return [one for one in self.there()[name].versions if one.is_enabled]

    def values(self) -> Mapping[str, Any]:
        names = [one for one in self.there() if one != OTHERS and not one.endswith(STAGED)]
        return {name: json.loads(self.value(name)) for name in names}

    def state(self) -> object:
        """All that a reader could find, and each version of what is not staged."""
        return {
            name: repr(self.readable(name) if name.endswith(STAGED) else kept)
            for name, kept in self.there().items()
            if not name.endswith(STAGED) or self.readable(name)
        }

    def add(self, name: str, value: str = "theirs", **tags: str) -> None:
        """Somebody else writes a secret."""
        body = json.dumps({"value": value, "tags": tags}).encode()
        status, _ = self.vault.answer("PUT", f"/secrets/{name}?api-version=x", VAULT, body)
        assert status == 200

    def delete(self, name: str) -> None:
        """Somebody deletes a secret."""
        status, _ = self.vault.answer("DELETE", f"/secrets/{name}?api-version=x", VAULT, b"")
        assert status == 200

    def add_foreign(self) -> bool:
        self.add(OTHERS, team="them")
        return True

    def foreign(self) -> object:
        return repr(self.there()[OTHERS])

    def obstacles(self) -> Mapping[str, Obstacle]:
        return dict.fromkeys(STEPS, self.server.knowing_nobody)


class ImpatientSink(KeyVaultSink):
    """As it is, but its client repeats at once what fails."""

    pause = 0.0


class Impatient(KeyVault):
    """Those secrets, written by a sink that does not wait."""

    def sink(self, *profiles: str) -> Sink:
        return self.made_sink(ImpatientSink, *profiles)


class Prefixed(KeyVault):
    """Those secrets of the vault whose names begin as no others do."""

    def __init__(self, server: Azure, folder: Path, prefix: str, **settings: Any) -> None:
        super().__init__(
            folder=folder, server=server, name=f"{prefix}-{{environment}}-{{profile}}", **settings
        )
        self.prefix = f"{prefix}-"

    def there(self) -> dict[str, Kept]:
        return {
            name: kept for name, kept in super().there().items() if name.startswith(self.prefix)
        }


class Offline(StoreDestination):
    """A sink that asks nobody."""

    kind: ClassVar[str] = "azure-keyvault"

    def values(self) -> Mapping[str, Any]:
        raise NotImplementedError

    def state(self) -> object:
        raise NotImplementedError


def written(secrets: KeyVault, number: int = 1) -> None:
    assert secrets.sink("clinic").write(delivering("clinic", number=number)) == {"clinic": WRITTEN}


def refused(secrets: KeyVault) -> Problem:
    """Why nothing can be written: the same before anything is minted as at a write."""
    sink = secrets.sink("clinic")
    [before] = errors_of(sink)
    problem = failing_write(secrets)
    assert problem._replace(facts=before.facts) == before
    return problem


def failing_write(secrets: KeyVault, number: int = 9) -> Problem:
    """The one problem that a write runs into."""
    with pytest.raises(ProblemsError) as raised:
        secrets.sink("clinic").write(delivering("clinic", number=number))
    [problem] = raised.value.problems
    assert "canary" not in problem.message
    return problem
