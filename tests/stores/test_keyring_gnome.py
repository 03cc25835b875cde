"""The keyring of a real desktop: gnome-keyring on a D-Bus session of its own."""

import gc
import json
from collections.abc import Iterator, Mapping
from itertools import product
from pathlib import Path

import pytest
from keyring.backend import KeyringBackend
from keyring.backends.SecretService import Keyring as SecretService

from tests.stores.destinations import in_environment
from tests.stores.keyrings import (
    NAME,
    SERVICES,
    STAGED,
    TOKENS,
    KeyringOf,
    made,
    problem_of,
    used,
    written,
)
from tests.stores.servers.keyring import Keyring, running_keyring
from voxmint.problems import ProblemsError
from voxmint.testing.sink_contract import (
    STEPS,
    Destination,
    Obstacle,
    SinkContract,
    delivering,
    known,
)


@pytest.fixture
def desktop(keyring: Keyring) -> Iterator[KeyringBackend]:
    """A gnome-keyring, as this process's environment leads to it; without voxmint's entries."""
    with in_environment(keyring.environ):
        backend = made(SecretService)
        for name, service in product((NAME, "production/ward/7"), SERVICES):
            if backend.get_password(service, name) is not None:
                backend.delete_password(service, name)
        with used(backend):
            yield backend


class Gnome(KeyringOf):
    """One of a session whose bus can be out of reach."""

    def obstacles(self) -> Mapping[str, Obstacle]:
        nowhere = {"DBUS_SESSION_BUS_ADDRESS": f"unix:path={self.folder}/nowhere"}
        return dict.fromkeys(STEPS, lambda: in_environment(nowhere))


@pytest.mark.stores
class TestAGnomeKeyring(SinkContract):
    @pytest.fixture
    def destination(self, desktop: KeyringBackend, tmp_path: Path) -> Destination:
        return Gnome(desktop, tmp_path)


@pytest.mark.stores
def test_a_gnome_keyring_holds_what_an_application_and_a_shell_look_up(
    desktop: KeyringBackend, keyring: Keyring, tmp_path: Path
) -> None:
    written(KeyringOf(desktop, tmp_path))
    found = keyring.run(f"import keyring; print(keyring.get_password({TOKENS!r}, {NAME!r}))")
    assert {key: str(value) for key, value in json.loads(found.stdout).items()} == known("clinic")


@pytest.mark.stores
def test_a_gnome_keyring_that_was_changed_meanwhile_keeps_the_change(
    desktop: KeyringBackend, tmp_path: Path
) -> None:
    store = KeyringOf(desktop, tmp_path)
    written(store)
    sink = store.sink("clinic")
    with sink.locked(), sink.stage(delivering("clinic", number=2)) as staged:
        desktop.set_password(TOKENS, NAME, "theirs")
        with pytest.raises(ProblemsError, match="changed by something else"):
            staged.switch()
    assert (store.get(TOKENS), store.get(STAGED)) == ("theirs", None)


@pytest.mark.stores
@pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning")
def test_a_gnome_keyring_that_is_locked_is_told_at_once(tmp_path: Path) -> None:
    with running_keyring() as session, in_environment(session.environ):
        backend = made(SecretService)
        store = KeyringOf(backend, tmp_path)
        with used(backend):
            written(store)
            sink = store.sink("clinic")
            with sink.locked(), sink.stage(delivering("clinic", number=2)) as staged:
                session.lock()
                with pytest.raises(ProblemsError, match="is locked"):
                    staged.switch()
            assert problem_of(store).code == "store-locked"
            with pytest.raises(ProblemsError, match="is locked"):
                store.sink("clinic").holds()
    # Where it is locked, the package `keyring` leaves its connection to be closed with the garbage.
    gc.collect()


@pytest.mark.stores
def test_a_session_whose_bus_is_gone_is_told(tmp_path: Path) -> None:
    with running_keyring() as session:
        environ = session.environ
    backend = made(SecretService)
    with in_environment(environ), used(backend):
        assert problem_of(KeyringOf(backend, tmp_path)).code == "store-unreachable"
