"""Entries of a keyring, and a keyring in memory that fails as it is told to."""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ClassVar

import keyring as package
import pytest
from keyring.backend import KeyringBackend
from keyring.backends.fail import Keyring as Missing
from keyring.errors import (
    KeyringLocked,
    PasswordDeleteError,
)

from tests.stores.destinations import ENVIRONMENT, PROFILES, StoreDestination
from voxmint.problems import Problem, ProblemsError
from voxmint.testing.sink_contract import (
    STEPS,
    WRITTEN,
    Obstacle,
    delivering,
    errors_of,
)

NAME = "production/clinic"
TOKENS, MARKS, STAGED = "voxmint-tokens", "voxmint-marks", "voxmint-staged"
SERVICES = (TOKENS, MARKS, STAGED)
OTHERS = ("voxmint", "openai")
"""A key for voxmint, as a person puts it there."""


class InMemory(KeyringBackend):
    """A keyring in this process's memory. `failing` is asked at each call, and may raise.

    With `fails_late` it has done by then what it was asked.
    """

    # Below zero nothing takes it by itself.
    priority = -1

    def __init__(self) -> None:
        self.held: dict[tuple[str, str], str] = {}
        self.calls: list[tuple[str, str]] = []
        self.failing: Callable[[], None] = lambda: None
        self.fails_late = False

    def get_password(self, service: str, username: str) -> str | None:
        self._called("get", service)
        return self.held.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        if self.fails_late:
            self.held[service, username] = password
        self._called("set", service)
        self.held[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        if self.fails_late and (service, username) in self.held:
            del self.held[service, username]
            self._called("delete", service)
            return
        self._called("delete", service)
        if self.held.pop((service, username), None) is None:
            raise PasswordDeleteError("there is none")

    def _called(self, call: str, service: str) -> None:
        self.calls.append((call, service))
        self.failing()


class KeyringOf(StoreDestination):
    """The entries of a keyring, looked at by the package `keyring`, as an application does."""

    kind: ClassVar[str] = "keyring"

    def __init__(self, backend: KeyringBackend, folder: Path, **settings: Any) -> None:
        super().__init__(folder, **settings)
        self.backend = backend

    def names(self) -> list[str]:
        """The names that its entries have, whether they are there or not."""
        template = self.settings.get("name", "{environment}/{profile}")
        outline = template.replace("{environment}", ENVIRONMENT)
        return sorted({outline.replace("{profile}", one) for one in PROFILES})

    def get(self, service: str, name: str = NAME) -> str | None:
        return self.backend.get_password(service, name)

    def values(self) -> Mapping[str, Any]:
        found = {name: self.get(TOKENS, name) for name in self.names()}
        return {name: json.loads(text) for name, text in found.items() if text is not None}

    def marks(self) -> dict[str, str]:
        found: dict[str, str] = json.loads(self.get(MARKS) or "{}")
        return found

    def state(self) -> object:
        return {
            (service, one): self.get(service, one) for one in self.names() for service in SERVICES
        }

    def add_foreign(self) -> bool:
        self.backend.set_password(*OTHERS, "theirs")
        return True

    def foreign(self) -> object:
        return self.get(*OTHERS)


class KeyringInMemory(KeyringOf):
    """One that can be made to fail."""

    backend: InMemory

    def obstacles(self) -> Mapping[str, Obstacle]:
        return dict.fromkeys(STEPS, self.locked)

    @contextmanager
    def locked(self) -> Iterator[None]:
        with failing(self.backend, KeyringLocked("ek_canary is not for you")):
            yield


def made(kind: Any) -> KeyringBackend:
    """A keyring of a class that tells no types."""
    backend: KeyringBackend = kind()
    return backend


@contextmanager
def used(backend: KeyringBackend) -> Iterator[None]:
    """The package `keyring` uses this one, as a program can tell it to."""
    package.set_keyring(backend)
    try:
        yield
    finally:
        package.set_keyring(made(Missing))


@contextmanager
def failing(
    backend: InMemory, error: BaseException, after: int = 0, times: int = -1
) -> Iterator[None]:
    """Its calls fail, but for the first ones; `times`: only so many."""
    first = len(backend.calls) + after

    def fail() -> None:
        number = len(backend.calls) - 1 - first
        if number >= 0 and (times < 0 or number < times):
            raise error

    backend.failing = fail
    try:
        yield
    finally:
        backend.failing = lambda: None


def written(store: KeyringOf, number: int = 1) -> None:
    assert store.sink("clinic").write(delivering("clinic", number=number)) == {"clinic": WRITTEN}


def problem_of(store: KeyringOf) -> Problem:
    """Why nothing can be written: the same before anything is minted as at a write."""
    [before] = errors_of(store.sink("clinic"))
    with pytest.raises(ProblemsError) as raised:
        store.sink("clinic").write(delivering("clinic", number=9))
    [problem] = raised.value.problems
    assert problem == before
    return problem
