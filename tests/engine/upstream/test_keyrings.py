"""Keys from a keyring: the package `keyring` with a keyring of its own, in processes."""

import json
from pathlib import Path

import pytest

from tests.cli.running import ROOT, Ran, process
from tests.engine.mints import KEY, desk
from tests.engine.scripted import Scripted, each, minted

BACKENDS = "tests.engine.upstream.a_keyring"


class Person:
    """Somebody with a keyring, who mints a project at a scripted server."""

    def __init__(self, folder: Path, server: Scripted, entry: str = "clinic") -> None:
        provider = f"{{kind: compatible, url: {server.url}, key: {{keyring: {entry}}}}}"
        self.root = desk(folder, provider=provider).root
        self.asked_file = folder / "asked"
        self._held = folder / "keyring.json"
        self.hold({"voxmint": {"clinic": KEY}, "bank": {"clinic": "another-secret"}})

    def hold(self, held: object) -> None:
        self._held.write_text(json.dumps(held))

    def mint(self, backend: str = f"{BACKENDS}.FileKeyring", **more: str) -> Ran:
        variables = {
            "PYTHON_KEYRING_BACKEND": backend,
            "TEST_KEYRING": str(self._held),
            "TEST_KEYRING_ASKED": str(self.asked_file),
            "VOXMINT_ALLOW_HOSTS": "127.0.0.1",
        }
        return process(self.root, "mint", "-e", "live", **variables | more)

    @property
    def asked(self) -> str:
        return self.asked_file.read_text() if self.asked_file.exists() else ""


def test_a_key_comes_from_the_keyring(tmp_path: Path) -> None:
    with Scripted(each(minted())) as server:
        person = Person(tmp_path, server)
        found = person.mint()
        assert found.code == 0, found.err
        assert [one.headers["authorization"] for one in server.asked] == [f"Bearer {KEY}"]
    assert person.asked == "voxmint clinic\n"
    assert KEY not in f"{found}"


@pytest.mark.slow
def test_only_voxmints_own_entries_are_looked_up(tmp_path: Path) -> None:
    with Scripted(each(minted())) as server:
        person = Person(tmp_path, server, "bank/clinic")
        person.hold({"bank": {"clinic": "another-secret", "bank/clinic": "another-secret"}})
        found = person.mint()
        assert server.asked == []
    assert found.code == 1
    assert person.asked == "voxmint bank/clinic\n"
    assert "the keyring has no key `bank/clinic` of the service `voxmint`" in found.err
    assert "put it there: keyring set voxmint bank/clinic" in found.err


def test_the_keyring_is_asked_only_for_a_host_that_is_allowed(tmp_path: Path) -> None:
    with Scripted(each(minted())) as server:
        person = Person(tmp_path, server)
        found = person.mint(VOXMINT_ALLOW_HOSTS="evil.example")
        assert server.asked == []
    assert "error[host-not-allowed]" in found.err
    assert person.asked == ""


@pytest.mark.parametrize(
    ("backend", "said"),
    [
        (f"{BACKENDS}.LockedKeyring", "it is locked"),
        (f"{BACKENDS}.BrokenKeyring", "it failed with OSError"),
        (f"{BACKENDS}.LeavingKeyring", "it failed with SystemExit"),
        (
            "keyring.backends.fail.Keyring",
            "this machine has none that the package `keyring` knows",
        ),
    ],
)
def test_a_keyring_that_gives_nothing(tmp_path: Path, backend: str, said: str) -> None:
    with Scripted(each(minted())) as server:
        found = Person(tmp_path, server).mint(backend)
        assert server.asked == []
    assert found.code == 1
    assert "error[key-keyring-failed]" in found.err
    assert f"the keyring could not be asked for the key `clinic`: {said}\n" in found.err
    assert "canary" not in f"{found}"


@pytest.mark.slow
def test_what_a_keyring_holds_must_be_a_key(tmp_path: Path) -> None:
    with Scripted(each(minted())) as server:
        person = Person(tmp_path, server)
        person.hold({"voxmint": {"clinic": "two words"}})
        found = person.mint()
        assert server.asked == []
    assert "error[key-malformed]: the keyring's entry clinic " in found.err


def test_without_the_package_it_is_said_how_to_get_it(tmp_path: Path) -> None:
    # A package of this name that cannot be imported stands before the one that is installed.
    (tmp_path / "before/keyring").mkdir(parents=True)
    (tmp_path / "before/keyring/__init__.py").write_text("raise ImportError\n")
    with Scripted(each(minted())) as server:
        person = Person(tmp_path, server)
        found = person.mint(PYTHONPATH=f"{tmp_path / 'before'}:{ROOT}")
        assert server.asked == []
    assert found.code == 1
    assert "error[key-keyring-missing]" in found.err
    assert "pip install 'voxmint[keyring]'" in found.err
    assert "environments/live.yaml:1:" in found.err
