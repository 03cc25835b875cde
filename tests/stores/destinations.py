"""What the tests of all stores share: a sink of one, held against the contract of sinks."""

import os
from abc import abstractmethod
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

from tests.engine.worlds import environ
from voxmint.engine.git import repository
from voxmint.engine.locks import Locks
from voxmint.engine.sinks import own_sink
from voxmint.engine.sinks.contract import Sink, Surroundings
from voxmint.engine.state import made_state
from voxmint.testing.sink_contract import Destination, Values

PROFILES = ("clinic", "ward/7")
ENVIRONMENT = "production"


@contextmanager
def in_environment(variables: Mapping[str, str | None]) -> Iterator[None]:
    """This process with these variables: the clients of stores look there by themselves.

    `None` takes one away.
    """
    before = dict(os.environ)
    for name, value in variables.items():
        os.environ.pop(name, None)
        if value is not None:
            os.environ[name] = value
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


class StoreDestination(Destination):
    """A store as one sink writes to it: by default a secret for each profile, holding JSON."""

    kind: ClassVar[str]

    def __init__(self, folder: Path, **settings: Any) -> None:
        self.folder = folder
        self.settings = settings
        self.environ = environ(folder)
        self.around: dict[str, Any] = {}

    def sink(self, *profiles: str) -> Sink:
        found = own_sink(self.kind)
        assert found is not None
        return self.made_sink(found, *profiles)

    def made_sink(self, found: type[Sink], *profiles: str) -> Sink:
        """A new sink of this class, as each run makes one."""
        state = made_state(self.folder, self.environ)
        around = Surroundings(
            project=self.folder,
            environment=ENVIRONMENT,
            profiles=profiles,
            state=state,
            locks=Locks(state.locks, "voxmint mint", timeout=30),
            git=partial(repository, environ=self.environ),
            environ=self.environ,
        )
        options = found.Options.model_validate(self.settings)
        return found(options, around._replace(**self.around))

    @property
    def is_shared(self) -> bool:
        return "{profile}" not in self.settings.get("name", "{profile}")

    @abstractmethod
    def values(self) -> Mapping[str, Any]:
        """What an application reads of the sink's secrets, parsed, by name."""

    def read(self) -> Mapping[str, Values]:
        found = self.values()
        if self.is_shared:
            [found] = found.values() or [dict[str, Any]()]
            by_profile = {one: found[one] for one in PROFILES if one in found}
        else:
            by_profile = {
                one: value for name, value in found.items() for one in PROFILES if fits(name, one)
            }
        return {one: _as_texts(value) for one, value in by_profile.items() if value}


def fits(name: str, profile: str) -> bool:
    """Whether a secret's name is the one of a profile, whatever the store made of the slash."""
    return name.endswith((f"{ENVIRONMENT}/{profile}", f"{ENVIRONMENT}-{profile.replace('/', '-')}"))


def _as_texts(value: Mapping[str, Any]) -> Values:
    return {name: str(one) for name, one in value.items()}
