"""A sink of Google Secret Manager, held against the fake: what its tests share."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

import pytest

from tests.stores.destinations import StoreDestination
from tests.stores.servers.gcp import PROJECT, Gcp
from voxmint.engine.sinks.contract import Sink
from voxmint.engine.stores.gcp_secretmanager import SecretManagerSink
from voxmint.engine.stores.gcp_secretmanager_client import Patience
from voxmint.problems import Problem, ProblemsError
from voxmint.testing.sink_contract import (
    STEPS,
    WRITTEN,
    Obstacle,
    delivering,
    errors_of,
    known,
)

OTHERS = "somebody-elses"
PAGE = Path(__file__).resolve().parents[2] / "docs/stores/google-secret-manager.md"
PARENT = f"projects/{PROJECT}/secrets"
NAME = "voxmint-production-clinic"
PATH = f"{PARENT}/{NAME}"
KEY = "projects/keys/locations/{location}/keyRings/speech/cryptoKeys/tokens"


class ImpatientSink(SecretManagerSink):
    """As it is, but it gives up at once: how long its pauses are is a matter of chance."""

    patience = Patience(away=0, busy=0)


class SecretManager(StoreDestination):
    """The secrets of one project, looked at in the fake itself."""

    kind: ClassVar[str] = "gcp-secretmanager"

    def __init__(self, gcp: Gcp, folder: Path, **settings: Any) -> None:
        super().__init__(folder, **settings)
        self.gcp = gcp

    def sink(self, *profiles: str) -> Sink:
        return self.made_sink(ImpatientSink, *profiles)

    @property
    def paths(self) -> list[str]:
        """The secrets of its project."""
        own = f"projects/{self.settings.get('project', PROJECT)}/"
        return [path for path in self.gcp.secrets if path.startswith(own)]

    def values(self) -> Mapping[str, Any]:
        found = {path.rpartition("/")[2]: self.gcp.value(path, "voxmint") for path in self.paths}
        return {name: json.loads(value) for name, value in found.items() if value is not None}

    def state(self) -> object:
        gcp = self.gcp
        return {
            path: (
                {which: gcp.value(path, which) for which in ("latest", *one.version_aliases)},
                dict(one.annotations),
                {version.data for version in gcp.versions[path] if version.state == "ENABLED"},
            )
            for path in self.paths
            for one in [gcp.secrets[path]]
        }

    def add_foreign(self) -> bool:
        self.gcp.put(f"{PARENT}/{OTHERS}", "theirs")
        return True

    def foreign(self) -> object:
        path = f"{PARENT}/{OTHERS}"
        return self.gcp.value(path, "latest"), repr(self.gcp.secrets[path])

    def obstacles(self) -> Mapping[str, Obstacle]:
        return dict.fromkeys(STEPS, self.gcp.unknown_account)


class Offline(StoreDestination):
    """A sink that asks nobody."""

    kind: ClassVar[str] = "gcp-secretmanager"

    def values(self) -> Mapping[str, Any]:
        raise NotImplementedError

    def state(self) -> object:
        raise NotImplementedError


def written(secrets: SecretManager, number: int = 1) -> None:
    assert secrets.sink("clinic").write(delivering("clinic", number=number)) == {"clinic": WRITTEN}


def refused(secrets: SecretManager) -> Problem:
    """Why nothing can be written: the same before anything is minted as at a write."""
    sink = secrets.sink("clinic")
    [before] = errors_of(sink)
    problem = failed(secrets, 9)
    assert problem == before
    return problem


def failed(secrets: SecretManager, number: int = 1) -> Problem:
    """What a write that fails says."""
    with pytest.raises(ProblemsError) as raised:
        secrets.sink("clinic").write(delivering("clinic", number=number))
    [problem] = raised.value.problems
    assert "canary" not in problem.message
    return problem


def token(value: str | None) -> str | None:
    """The token in a secret's value."""
    return value and str(json.loads(value)["client_secret"])


def ek(number: int) -> str:
    return known("clinic", number)["client_secret"]
