"""The folder of values: its form, and what stands in its way."""

import os
import signal
import time
from pathlib import Path

import pytest

from tests.engine.mints import Desk, desk, outcomes
from tests.engine.worlds import IS_ROOT, problem_of, run, started
from voxmint.problems import ProblemsError


def folder_of(root: Path, *profiles: str, more: str = "") -> Desk:
    sinks = f"sinks: [{{kind: directory, path: tokens{more}}}]\n"
    made = desk(root, profiles or ("clinic", "ward"), more=sinks)
    made.write(".gitignore", "/tokens/\n")
    return made


def version(made: Desk) -> Path:
    return made.root / "tokens" / (made.root / "tokens/..data").readlink()


def versions(made: Desk) -> list[str]:
    return [path.name for path in (made.root / "tokens").glob("..voxmint-*")]


def modes(made: Desk) -> list[int]:
    inside = version(made)
    paths = (made.root / "tokens", inside, inside / "CLINIC_CLIENT_SECRET")
    return [path.stat().st_mode & 0o7777 for path in paths]


def test_it_has_the_form_of_a_mounted_secret(tmp_path: Path) -> None:
    made = folder_of(tmp_path)
    made.mint()
    folder = made.root / "tokens"
    assert modes(made) == [0o700, 0o700, 0o600]
    assert versions(made) == [version(made).name]
    token = folder / "CLINIC_CLIENT_SECRET"
    assert str(token.readlink()) == "..data/CLINIC_CLIENT_SECRET"
    assert token.read_text().startswith("ek_")
    assert not token.read_text().endswith("\n")


def test_all_values_change_at_the_same_moment(tmp_path: Path) -> None:
    made = folder_of(tmp_path)
    made.mint()
    before = version(made)
    opened = os.open(before, os.O_RDONLY)
    token = (before / "WARD_CLIENT_SECRET").read_text()
    try:
        made.mint("clinic", force=True)
        # Who holds the version before it open does not find half of another one there.
        assert os.listdir(opened) == []  # noqa: PTH208  # a descriptor, not a path
    finally:
        os.close(opened)
    assert version(made) != before
    assert versions(made) == [version(made).name]
    assert (version(made) / "WARD_CLIENT_SECRET").read_text() == token


@pytest.mark.parametrize(
    ("mode", "expected"),
    [("0640", [0o750, 0o750, 0o640]), ("0644", [0o755, 0o755, 0o644])],
)
def test_folders_are_as_open_as_their_files(tmp_path: Path, mode: str, expected: list[int]) -> None:
    made = folder_of(tmp_path)
    made.mint()
    text = (made.root / "environments/live.yaml").read_text()
    made.write("environments/live.yaml", text.replace("tokens}", f'tokens, mode: "{mode}"}}'))
    # The files that are carried over are given the mode, too.
    made.mint("ward", force=True)
    assert modes(made) == expected


@pytest.mark.skipif(not IS_ROOT, reason="only root can give a file to any group")
def test_the_group_can_be_given(tmp_path: Path) -> None:
    made = folder_of(tmp_path, more=', group: 1, mode: "0640"')
    made.mint()
    inside = version(made)
    for path in (made.root / "tokens", inside, inside / "CLINIC_EXPIRES_AT"):
        assert path.stat().st_gid == 1


def refused(made: Desk) -> str:
    with pytest.raises(ProblemsError) as error:
        made.mint()
    return problem_of(error).code


def test_what_stands_in_the_way_is_refused_before_the_first_request(tmp_path: Path) -> None:
    made = folder_of(tmp_path)
    folder = made.root / "tokens"
    folder.write_text("a file")
    assert refused(made) == "file-not-regular"
    folder.unlink()
    folder.symlink_to("profiles")
    assert refused(made) == "file-not-regular"
    folder.unlink()
    folder.mkdir()
    (folder / "..data").symlink_to("..2026_11_21_17_00_00.123456")
    assert refused(made) == "sink-file-foreign"
    (folder / "..data").unlink()
    (folder / "WARD_EXPIRES_AT").mkdir()
    assert refused(made) == "file-not-regular"
    (folder / "WARD_EXPIRES_AT").rmdir()
    assert outcomes(made.mint()) == {"clinic": "minted", "ward": "minted"}


def test_git_must_ignore_it(tmp_path: Path) -> None:
    made = folder_of(tmp_path)
    made.write(".gitignore", ".env.*\n")
    assert refused(made) == "sink-file-unignored"
    # One name alone is not enough: versions lie in the folder, too.
    made.write(".gitignore", "/tokens/*_SECRET\n")
    assert refused(made) == "sink-file-unignored"


@pytest.mark.parametrize("path", ["../tokens", ".voxmint/tokens", ".git/tokens", "profiles/x"])
def test_places_that_are_refused(tmp_path: Path, path: str) -> None:
    made = desk(tmp_path, more=f"sinks: [{{kind: directory, path: {path}}}]\n")
    assert refused(made) in {"path-outside", "path-reserved"}


def test_names_that_are_no_files(tmp_path: Path) -> None:
    names = 'names: {client_secret: "../{profile}", expires_at: .hidden}'
    made = folder_of(tmp_path, "clinic", more=f", {names}")
    with pytest.raises(ProblemsError) as error:
        made.mint()
    assert [one.code for one in error.value.problems] == ["sink-file-name-invalid"] * 2


def test_what_others_put_in_the_place_of_a_value_is_replaced(tmp_path: Path) -> None:
    made = folder_of(tmp_path, "clinic")
    made.mint()
    token = made.root / "tokens/CLINIC_CLIENT_SECRET"
    token.unlink()
    token.write_text("theirs")
    # A name that does not lead to the version is not held.
    assert outcomes(made.mint()) == {"clinic": "minted"}
    assert token.is_symlink()


WRITE = """
import sys
from pathlib import Path
from voxmint.engine.sinks.contract import Change, Delivery, Surroundings
from voxmint.engine.sinks.directory import DirectorySink
from voxmint.secret import Secret
project = Path(sys.argv[1])
around = Surroundings(project, "production", ("p", "q"), state.StateFolder(project / "s", project),
    locks.Locks(project / "l", "voxmint mint", 60), lambda folder: git.Absence.NO_REPOSITORY)
sink = DirectorySink(DirectorySink.Options(path="tokens"), around)
number = 0
while number < int(sys.argv[2]):
    number += 1
    sink.write(Change(tuple(
        Delivery(name, Secret(f"ek_{name}_{number}" + "x" * 9000), number) for name in "pq")))
    if number == 1:
        print("ready", flush=True)
"""


def test_a_writer_killed_at_any_moment_leaves_values_of_one_moment(tmp_path: Path) -> None:
    folder = tmp_path.resolve() / "tokens"
    for pause in (0.02, 0.05, 0.08):
        process = started(WRITE, tmp_path.resolve(), 10**9)
        assert process.stdout
        assert process.stdout.readline() == "ready\n"
        time.sleep(pause)
        process.send_signal(signal.SIGKILL)
        process.communicate()
        number = (folder / "P_EXPIRES_AT").read_text()
        for name in "pq":
            value = (folder / f"{name.upper()}_CLIENT_SECRET").read_text()
            assert value == f"ek_{name}_{number}{'x' * 9000}"
    run(WRITE, tmp_path.resolve(), 1)
    left = sorted(path.name for path in folder.iterdir() if path.name.startswith(".."))
    assert left == ["..data", (folder / "..data").readlink().name]
