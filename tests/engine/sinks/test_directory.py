"""The folder of values: its form, and what stands in its way."""

import errno
import itertools
import os
import shutil
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType

import pytest

from tests.engine.mints import Desk, desk, outcomes
from tests.engine.worlds import IS_ROOT, problem_of, run, started
from voxmint.engine.git import Absence
from voxmint.engine.locks import Locks
from voxmint.engine.sinks import versions as versions_module
from voxmint.engine.sinks.contract import Change, Delivery, Surroundings
from voxmint.engine.sinks.directory import DirectorySink
from voxmint.engine.sinks.directory_options import DirectoryOptions
from voxmint.engine.state import StateFolder
from voxmint.problems import ProblemsError
from voxmint.secret import Secret


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


def test_names_that_two_values_share(tmp_path: Path) -> None:
    made = folder_of(tmp_path, "clinic", more=", names: {client_secret: same, expires_at: same}")
    with pytest.raises(ProblemsError) as error:
        made.mint()
    problem = problem_of(error)
    assert problem.message == "`clinic` would twice write same to `tokens`"
    assert problem.hint == "give each value a name of its own below this sink's `names:`"


def test_what_others_put_in_the_place_of_a_value_is_replaced(tmp_path: Path) -> None:
    made = folder_of(tmp_path, "clinic")
    made.mint()
    token = made.root / "tokens/CLINIC_CLIENT_SECRET"
    token.unlink()
    token.write_text("theirs")
    # A name that does not lead to the version is not held.
    assert outcomes(made.mint()) == {"clinic": "minted"}
    assert token.is_symlink()


# ── failures and kills at every step ─────────────────────────────────────────────────────────────

PROFILES = ("clinic", "ward")
VALUES = ("CLIENT_SECRET", "EXPIRES_AT", "SESSION_ID")


def sink_in(folder: Path) -> DirectorySink:
    around = Surroundings(
        folder,
        "live",
        PROFILES,
        StateFolder(folder / "state", folder),
        Locks(folder / "locks", "voxmint mint", 1),
        lambda _: Absence.NO_REPOSITORY,
    )
    return DirectorySink(DirectoryOptions(path="tokens"), around)


def sessions(number: int, *profiles: str, remove: str | None = None) -> Change:
    deliveries = (
        Delivery(one, Secret(f"ek_{number}"), number, f"sess_{number}") for one in profiles
    )
    return Change(tuple(deliveries), frozenset([remove] if remove else []))


def seen_in(folder: Path) -> dict[str, tuple[str | None, ...]]:
    """What a program finds of each profile by the names in the folder."""
    found = {}
    for profile in PROFILES:
        paths = [folder / "tokens" / f"{profile.upper()}_{value}" for value in VALUES]
        values = tuple(path.read_text() if path.exists() else None for path in paths)
        if any(values):
            found[profile] = values
    return found


def whole(number: int, *profiles: str) -> dict[str, tuple[str | None, ...]]:
    return {one: (f"ek_{number}", str(number), f"sess_{number}") for one in profiles}


def left_in(folder: Path) -> list[str]:
    """What lies in the folder beside the names of what it holds, and the version that holds."""
    held = {f"{one.upper()}_{value}" for one in seen_in(folder) for value in VALUES}
    version = (folder / "tokens/..data").readlink().name
    names = {path.name for path in (folder / "tokens").iterdir()}
    return sorted(names - held - {"..data", version})


CHANGING = {os.link, os.mkdir, os.rename, os.rmdir, os.symlink, os.unlink}


@contextmanager
def at_each_step(do: Callable[[int], None]) -> Iterator[None]:
    """Does something before each call by which `versions.py` changes a folder, by its number."""
    numbers = itertools.count()
    home = versions_module.__file__

    def step(frame: FrameType, event: str, called: object) -> None:
        if event == "c_call" and called in CHANGING and frame.f_code.co_filename == home:
            do(next(numbers))

    sys.setprofile(step)
    try:
        yield
    finally:
        sys.setprofile(None)


WAYS = {
    "first": (None, sessions(2, "clinic", "ward"), whole(2, "clinic", "ward")),
    "again": (
        sessions(1, "clinic", "ward"),
        sessions(2, "clinic", "ward"),
        whole(2, "clinic", "ward"),
    ),
    "another": (
        sessions(1, "clinic"),
        sessions(2, "ward"),
        {**whole(1, "clinic"), **whole(2, "ward")},
    ),
    "one less": (
        sessions(1, "clinic", "ward"),
        sessions(2, "clinic", remove="ward"),
        whole(2, "clinic"),
    ),
}
"""What is there before, what is changed, and what is there then."""


@pytest.mark.parametrize("way", WAYS)
def test_killed_at_any_step_it_holds_all_or_nothing_of_a_change(tmp_path: Path, way: str) -> None:
    before, change, after = WAYS[way]
    folder = tmp_path.resolve() / "0"
    folder.mkdir()
    if before is not None:
        sink_in(folder).write(before)
    earlier, copies = seen_in(folder), []

    def copy(number: int) -> None:
        # What is on the disk now is what a kill would leave.
        copies.append(shutil.copytree(folder, folder.with_name(f"{number + 1}"), symlinks=True))

    with at_each_step(copy):
        sink_in(folder).write(change)
    assert seen_in(folder) == after
    kinds = [seen_in(one) == earlier for one in copies]
    assert kinds == sorted(kinds, reverse=True)
    assert len(kinds) > len(VALUES)
    for one in copies:
        assert seen_in(one) in (earlier, after)
        sink_in(one).write(change)
        assert seen_in(one) == after
        assert left_in(one) == []


@pytest.mark.parametrize("way", WAYS)
def test_failing_at_any_step_it_holds_all_or_nothing_of_a_change(tmp_path: Path, way: str) -> None:
    before, change, after = WAYS[way]
    for last in itertools.count():
        folder = tmp_path.resolve() / f"{last}"
        folder.mkdir()
        if before is not None:
            sink_in(folder).write(before)
        earlier = seen_in(folder)
        failed: list[int] = []

        def fail(number: int, last: int = last, failed: list[int] = failed) -> None:
            if number == last:
                failed.append(number)
                raise OSError(errno.ENOSPC, "No space left on device")

        with at_each_step(fail), suppress(ProblemsError):
            sink_in(folder).write(change)
        found = seen_in(folder)
        assert found in (earlier, after)
        if before is not None and found == earlier:
            # Names that lead nowhere do not stay; a version may, for the next run to take away.
            assert [one for one in left_in(folder) if not one.startswith("..")] == []
        sink_in(folder).write(change)
        assert seen_in(folder) == after
        assert left_in(folder) == []
        if not failed:
            break
    assert last > len(VALUES)


def test_a_file_of_others_holds_until_a_value_takes_its_place(tmp_path: Path) -> None:
    folder = tmp_path.resolve()
    name = folder / "tokens/CLINIC_CLIENT_SECRET"
    name.parent.mkdir()
    name.write_text("theirs")
    seen = []

    with at_each_step(lambda _: seen.append(name.read_text())):
        sink_in(folder).write(sessions(1, "clinic"))
    assert list(dict.fromkeys([*seen, name.read_text()])) == ["theirs", "ek_1"]


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
    for pause in (0.05,):
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
