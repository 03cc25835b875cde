"""`scripts/stores.sh`: which server is taken, how one is built, and what is said where that fails.

Go is played by a script: what it builds is of no interest here.
"""

import os
import re
import shutil
import signal
import subprocess
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).resolve().parents[2]
TOOLS = "sh cat chmod cp date dirname ls mkdir mktemp mv nice rm sed sleep tail wc".split()
PACKAGED = ("gnome-keyring-daemon", "dbus-daemon", "dbus-send")
PACKAGES = "on Debian or Ubuntu, apt-get install --no-install-recommends gnome-keyring dbus"
BUILT = ("toxiproxy-server", "vault", "kube-apiserver")

GO = """
: "${HOME:?Go keeps things there}"
case $1$2 in
    moddownload) : >required.mod; echo '  "GoMod": "required.mod",' ;;
    build*) while [ "$1" != -o ]; do shift; done; echo built >"$2"; chmod +x "$2" ;;
    install*) echo built >"$GOBIN/server"; chmod +x "$GOBIN/server" ;;
esac
"""


class Machine(NamedTuple):
    """A checkout, and a PATH that holds what a bare system has."""

    checkout: Path
    path: Path

    def has(self, name: str, does: str = "") -> Path:
        """Puts a program on PATH."""
        program = self.path / name
        program.write_text(f"#!/bin/sh\n{does}\n")
        program.chmod(0o755)
        return program

    def asked(self, *arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [self.checkout / "scripts/stores.sh", *arguments],
            env={"PATH": str(self.path), **environ},
            capture_output=True,
            text=True,
            check=False,
        )

    @property
    def cache(self) -> Path:
        return self.checkout / ".cache" / "stores"

    def kept(self) -> list[str]:
        """The files of the cache but for the logs."""
        files = (path for path in self.cache.rglob("*") if path.is_file() and path.suffix != ".log")
        return sorted(str(path.relative_to(self.cache)) for path in files)


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    checkout, path = tmp_path / "a checkout", tmp_path / "bin"
    shutil.copytree(ROOT / "scripts", checkout / "scripts")
    path.mkdir()
    for name in TOOLS:
        tool = shutil.which(name)
        assert tool is not None
        (path / name).symlink_to(tool)
    return Machine(checkout, path)


def test_what_is_on_path_is_taken_and_nothing_is_built(machine: Machine) -> None:
    programs = [machine.has(name) for name in (*PACKAGED, *BUILT, "etcd")]
    run = machine.asked("get")
    assert run.returncode == 0
    assert run.stderr.splitlines() == [f"{path.name}: {path}" for path in programs[:-1]]
    assert not machine.cache.exists()


def test_what_is_missing_is_built_once(machine: Machine) -> None:
    machine.has("go", GO)
    for name in PACKAGED:
        machine.has(name)
    first = machine.asked("get")
    assert first.returncode == 0, first.stderr
    folders = {name: next(machine.cache.glob(f"{name}-*[0-9]")) for name in BUILT}
    said = [re.sub("in [0-9]+ s", "in N s", line) for line in first.stderr.splitlines()]
    assert said[len(PACKAGED) :] == [
        line
        for name, folder in folders.items()
        for version in [folder.name.removeprefix(f"{name}-")]
        for line in (
            f"{name} {version}: building it, once; this takes minutes",
            f"{name} {version}: built in N s, 0 MB: {folder}/{name}",
        )
    ]
    assert machine.kept() == sorted(f"{folder.name}/{name}" for name, folder in folders.items())
    again = machine.asked("get")
    assert again.returncode == 0
    assert again.stderr.splitlines()[len(PACKAGED) :] == [
        f"{name}: {folder}/{name}" for name, folder in folders.items()
    ]
    assert machine.asked("find", "vault").stdout == f"{folders['vault']}/vault\n"


def test_a_build_that_fails_shows_its_end_and_hinders_no_other(machine: Machine) -> None:
    machine.has("go", '[ "$1" = install ] || { echo "no such module" >&2; exit 1; }' + GO)
    for name in PACKAGED:
        machine.has(name)
    run = machine.asked("get")
    assert run.returncode == 1
    log = next(machine.cache.glob("kube-apiserver-*.log"))
    version = log.stem.removeprefix("kube-apiserver-")
    assert run.stderr.splitlines()[-3:] == [
        f"kube-apiserver {version}: building it, once; this takes minutes",
        "no such module",
        (
            f"kube-apiserver {version} could not be built: are Go's modules within reach? "
            f"(all that it said is in {log})"
        ),
    ]
    assert machine.kept() == [
        f"{next(machine.cache.glob('toxiproxy-server-*[0-9]')).name}/toxiproxy-server"
    ]


def test_without_go_and_packages_all_are_named_with_what_gets_them(machine: Machine) -> None:
    run = machine.asked("get")
    assert run.returncode == 1
    go = "put it on PATH, or install Go (1.25 or later), which builds it"
    assert run.stderr.splitlines() == [
        *(f"{name} is missing: {PACKAGES}" for name in PACKAGED),
        *(f"{name} is missing: {go}" for name in BUILT),
    ]


@pytest.mark.parametrize(
    ("name", "remedy"),
    [
        ("toxiproxy-server", "run make stores"),
        ("dbus-send", PACKAGES),
        ("etcd", "put it on PATH"),
    ],
)
def test_one_that_is_missing_is_named_with_what_gets_it(
    machine: Machine, name: str, remedy: str
) -> None:
    run = machine.asked("find", name)
    assert (run.returncode, run.stdout) == (1, "")
    assert run.stderr == f"{name} is missing: {remedy}\n"


@pytest.mark.parametrize("arguments", [(), ("find",), ("make", "vault")])
def test_what_it_does_not_know_shows_its_use(machine: Machine, arguments: tuple[str, ...]) -> None:
    run = machine.asked(*arguments)
    assert (run.returncode, run.stdout) == (2, "")
    assert run.stderr == "stores.sh get [NAME…], or stores.sh find NAME\n"


def test_openbao_is_taken_where_there_is_no_vault_or_where_it_is_named(machine: Machine) -> None:
    bao = machine.has("bao")
    assert machine.asked("find", "vault").stdout == f"{bao}\n"
    vault = machine.has("vault")
    assert machine.asked("find", "vault").stdout == f"{vault}\n"
    assert machine.asked("find", "vault", VAULT="bao").stdout == f"{bao}\n"
    wrong = machine.asked("get", "vault", VAULT="boa")
    assert wrong.returncode == 1
    assert wrong.stderr == "vault is missing: VAULT=boa names no program\n"


def test_an_api_server_from_path_is_taken_only_with_an_etcd(machine: Machine) -> None:
    server = machine.has("kube-apiserver")
    assert machine.asked("find", "kube-apiserver").returncode == 1
    machine.has("etcd")
    assert machine.asked("find", "kube-apiserver").stdout == f"{server}\n"


def test_a_build_that_is_interrupted_leaves_nothing_behind(machine: Machine) -> None:
    # Its standard input is a pipe to us.
    machine.has("go", "echo begun >&0; exec sleep 1000")
    reader, writer = os.pipe()
    with (
        subprocess.Popen(
            [machine.checkout / "scripts/stores.sh", "get"],
            env={"PATH": str(machine.path)},
            stdin=writer,
            stderr=subprocess.PIPE,
            start_new_session=True,
        ) as run,
        os.fdopen(reader, "rb", buffering=0) as told,
    ):
        os.close(writer)
        assert told.read(6) == b"begun\n"
        assert list(machine.cache.glob("build.*"))
        # As a terminal does: to all that runs in it.
        os.killpg(run.pid, signal.SIGINT)
        run.communicate(timeout=60)
    assert run.returncode != 0
    assert [path.name for path in machine.cache.iterdir() if path.suffix != ".log"] == []
