import os
import signal
import time
from pathlib import Path

import pytest

from tests.engine.worlds import (
    IS_ROOT,
    NOBODY,
    ordinary_folder,
    problem_of,
    run,
    started,
    touched,
)
from tests.sockets import make_socket
from voxmint.engine.files import (
    Place,
    allowed_folders,
    read_bounded,
    target_at,
    target_within,
    write_atomically,
)
from voxmint.problems import ProblemsError, UsageError


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path.resolve()


def code_of(error: pytest.ExceptionInfo[ProblemsError]) -> str:
    return problem_of(error).code


def mode_of(path: Path) -> int:
    return path.stat().st_mode & 0o7777


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def leftover(folder: Path, key: str = "0123456789abcdef") -> Path:
    return folder / f".env.voxmint-{key}.tmp"


def test_a_new_file_is_for_its_owner_alone_whatever_the_umask(folder: Path) -> None:
    script = "import os, sys; os.umask(int(sys.argv[2], 8)); from pathlib import Path\n"
    script += "print(files.write_atomically(Path(sys.argv[1]), b'A=1\\n'))"
    for umask in ("000", "077", "777"):
        path = folder / umask
        assert run(script, path, umask) == "True\n"
        assert (path.read_bytes(), mode_of(path)) == (b"A=1\n", 0o600)


def test_a_file_is_replaced_as_a_whole(folder: Path) -> None:
    path = folder / ".env"
    path.write_text("a much longer content than the new one\n")
    path.chmod(0o644)
    reader = path.open()
    assert write_atomically(path, b"A=1\n")
    # Who has the old one open goes on reading it: it was not written into.
    assert reader.read() == "a much longer content than the new one\n"
    reader.close()
    assert (path.read_bytes(), mode_of(path), names(folder)) == (b"A=1\n", 0o600, [".env"])


def test_a_file_that_is_already_so_is_left_alone(folder: Path) -> None:
    path = folder / ".env"
    assert write_atomically(path, b"A=1\n")
    before = touched(path)
    assert not write_atomically(path, b"A=1\n")
    assert touched(path) == before


def test_the_mode_counts_as_well_as_the_content(folder: Path) -> None:
    path = folder / ".env"
    write_atomically(path, b"A=1\n")
    assert write_atomically(path, b"A=1\n", mode=0o640)
    assert mode_of(path) == 0o640
    assert not write_atomically(path, b"A=1\n", mode=0o640)
    assert write_atomically(path, b"A=1\n")
    assert mode_of(path) == 0o600


@pytest.mark.skipif(not IS_ROOT, reason="only root can give a file to any group")
def test_the_group_counts_too(folder: Path) -> None:
    path = folder / ".env"
    write_atomically(path, b"A=1\n")
    assert write_atomically(path, b"A=1\n", mode=0o640, group=NOBODY)
    assert (path.stat().st_gid, mode_of(path)) == (NOBODY, 0o640)
    assert not write_atomically(path, b"A=1\n", mode=0o640, group=NOBODY)


def test_a_group_that_cannot_be_given_leaves_all_as_it_was() -> None:
    script = "import sys; from pathlib import Path\n"
    script += "try: files.write_atomically(Path(sys.argv[1]), b'new', group=0)\n"
    script += "except Exception as error: print(error)"
    with ordinary_folder() as folder:
        (folder / ".env").write_text("old")
        assert "cannot be written: operation not permitted" in run(
            script, folder / ".env", ordinary=True
        )
        assert ((folder / ".env").read_text(), names(folder)) == ("old", [".env"])


def test_symlinks_are_refused_and_not_followed(folder: Path) -> None:
    (folder / "real").write_text("kept")
    (folder / ".env").symlink_to("real")
    with pytest.raises(ProblemsError) as error:
        write_atomically(folder / ".env", b"A=1\n")
    assert code_of(error) == "file-is-symlink"
    assert ((folder / "real").read_text(), names(folder)) == ("kept", [".env", "real"])


def test_a_dangling_symlink_is_refused(folder: Path) -> None:
    (folder / ".env").symlink_to("elsewhere")
    with pytest.raises(ProblemsError) as error:
        write_atomically(folder / ".env", b"A=1\n")
    assert code_of(error) == "file-is-symlink"
    assert names(folder) == [".env"]


def test_only_files_are_replaced(folder: Path) -> None:
    (folder / "folder").mkdir()
    os.mkfifo(folder / "pipe")
    make_socket(folder / "socket")
    for name, found in (("folder", "a folder"), ("pipe", "a named pipe"), ("socket", "a socket")):
        with pytest.raises(ProblemsError) as error:
            write_atomically(folder / name, b"A=1\n")
        assert problem_of(error).message == f"`{folder / name}` is {found}, not a file"


def test_a_missing_folder_is_named_and_not_made(folder: Path) -> None:
    with pytest.raises(ProblemsError) as error:
        write_atomically(folder / "run/.env", b"A=1\n")
    problem = problem_of(error)
    assert problem.message == (
        f"`{folder}/run/.env` cannot be written: there is no folder `{folder}/run`"
    )
    assert problem.hint == "make it, with the owner and mode that its readers need"


def test_a_file_that_is_too_large_is_not_read(folder: Path) -> None:
    with (folder / ".env").open("wb") as file:
        file.truncate(101)
    with Place(target_at(folder / ".env")) as place, pytest.raises(ProblemsError) as error:
        place.read(limit=100)
    assert code_of(error) == "file-too-large"


def test_a_link_put_in_the_files_place_before_the_switch_is_seen(folder: Path) -> None:
    (folder / ".env").write_text("old")
    (folder / "trap").write_text("kept")
    with Place(target_at(folder / ".env")) as place:
        existing = place.read()
        staged = place.stage(b"new")
        assert place.is_still(existing)
        (folder / ".env").unlink()
        (folder / ".env").symlink_to("trap")
        assert not place.is_still(existing)
        # Even then the link itself is replaced, never what it leads to.
        staged.switch()
    assert ((folder / "trap").read_text(), (folder / ".env").is_symlink()) == ("kept", False)


@pytest.mark.parametrize("change", ["content", "mode", "removal", "same size"])
def test_any_change_before_the_switch_is_seen(folder: Path, change: str) -> None:
    path = folder / ".env"
    path.write_text("old")
    with Place(target_at(path)) as place:
        existing = place.read()
        match change:
            case "content":
                path.write_text("older")
            case "mode":
                path.chmod(0o666)
            case "removal":
                path.unlink()
            case "same size":
                (folder / "other").write_text("odl")
                (folder / "other").rename(path)
        assert not place.is_still(existing)


def test_a_file_that_came_into_being_is_seen(folder: Path) -> None:
    with Place(target_at(folder / ".env")) as place:
        assert place.read() is None
        assert place.is_still(None)
        (folder / ".env").write_text("new")
        assert not place.is_still(None)


def test_a_folder_exchanged_for_a_link_does_not_lead_elsewhere(folder: Path) -> None:
    (folder / "config").mkdir()
    (folder / "trap").mkdir()
    with Place(target_within(folder, "config/.env")) as place:
        (folder / "config").rename(folder / "moved")
        (folder / "config").symlink_to("trap")
        place.stage(b"A=1\n").switch()
    assert (names(folder / "trap"), names(folder / "moved")) == ([], [".env"])


def test_a_folder_exchanged_before_it_is_opened_is_refused(folder: Path) -> None:
    (folder / "config").mkdir()
    target = target_within(folder, "config/.env")
    (folder / "config").rmdir()
    (folder / "trap").mkdir()
    (folder / "config").symlink_to("trap")
    with pytest.raises(ProblemsError) as error:
        Place(target)
    assert code_of(error) == "file-unwritable"
    assert names(folder / "trap") == []


def test_what_is_staged_reads_back_and_is_gone_unless_switched(folder: Path) -> None:
    with Place(target_at(folder / ".env")) as place:
        staged = place.stage(b"A=1\n")
        [name] = names(folder)
        assert mode_of(folder / name) == 0o600
        assert staged.reads_back()
        (folder / name).write_bytes(b"A=2\n")
        assert not staged.reads_back()
        place.stage(b"B=1\n").discard()
        assert names(folder) == [name]
    assert names(folder) == []


def test_a_sweep_removes_what_killed_runs_left_and_nothing_else(folder: Path) -> None:
    leftover(folder).write_text("A_CLIENT_SECRET=x\n")
    leftover(folder, "fedcba9876543210").symlink_to("kept")
    others = [".env.tmp", ".env.voxmint-0123.tmp", ".env.voxmint-0123456789abcdef.tmp.bak", "kept"]
    others.append("x.env.voxmint-0123456789abcdef.tmp")
    for name in others:
        (folder / name).write_text("kept")
    with Place(target_at(folder / ".env")) as place:
        assert place.sweep() == 1
    assert names(folder) == sorted([*others, leftover(folder, "fedcba9876543210").name])


@pytest.mark.skipif(not IS_ROOT, reason="only root can make another user's file")
def test_a_sweep_leaves_other_users_files(folder: Path) -> None:
    leftover(folder).write_text("")
    os.chown(leftover(folder), NOBODY, NOBODY)
    with Place(target_at(folder / ".env")) as place:
        assert place.sweep() == 0
    assert leftover(folder).exists()


def test_a_full_disk_leaves_the_file_as_it_was(folder: Path) -> None:
    script = """
import resource, sys
from pathlib import Path
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
try:
    files.write_atomically(Path(sys.argv[1]), b"x" * 2000)
except Exception as error:
    print(error)
"""
    (folder / ".env").write_text("old")
    assert run(script, folder / ".env") == (f"`{folder}/.env` cannot be written: file too large\n")
    assert ((folder / ".env").read_text(), names(folder)) == ("old", [".env"])


def test_a_folder_that_this_user_may_not_write_to() -> None:
    script = """
import sys
from pathlib import Path
path = Path(sys.argv[1])
with files.Place(files.target_at(path)) as place:
    print(place.may_write())
try:
    files.write_atomically(path, b"new")
except Exception as error:
    print(error)
"""
    with ordinary_folder() as folder:
        (folder / ".env").write_text("old")
        folder.chmod(0o555)
        assert run(script, folder / ".env", ordinary=True) == (
            f"False\n`{folder}/.env` cannot be written: permission denied\n"
        )


def test_an_interrupt_at_any_moment_leaves_the_file_old_or_new_and_nothing_beside_it(
    folder: Path,
) -> None:
    script = """
import signal, sys
from pathlib import Path
path = Path(sys.argv[1])
contents = [b"old" * 1000, b"new" * 1000]
interrupted = 0
for step in range(600):
    # The alarm stands for Ctrl-C, which is an exception at any moment.
    signal.signal(signal.SIGALRM, signal.default_int_handler)
    try:
        signal.setitimer(signal.ITIMER_REAL, 1e-6 * (step + 1) * 2)
        files.write_atomically(path, contents[step % 2])
        signal.setitimer(signal.ITIMER_REAL, 0)
    except KeyboardInterrupt:
        interrupted += 1
    signal.signal(signal.SIGALRM, signal.SIG_IGN)
    assert [entry.name for entry in path.parent.iterdir()] in ([], [path.name]), step
    assert not path.exists() or path.read_bytes() in contents
print(interrupted > 20)
"""
    assert run(script, folder / ".env") == "True\n"


def test_a_writer_killed_at_any_moment_leaves_a_whole_file(folder: Path) -> None:
    script = """
import sys
from pathlib import Path
path = Path(sys.argv[1])
files.write_atomically(path, b"old\\n" * 20_000)
print("ready", flush=True)
while True:
    files.write_atomically(path, b"old\\n" * 20_000)
    files.write_atomically(path, b"new\\n" * 20_000)
"""
    path = folder / ".env"
    for _ in range(3):
        process = started(script, path)
        assert process.stdout
        assert process.stdout.readline() == "ready\n"
        time.sleep(0.05)
        process.send_signal(signal.SIGKILL)
        process.communicate()
        assert path.read_bytes() in {b"old\n" * 20_000, b"new\n" * 20_000}
        with Place(target_at(path)) as place:
            place.sweep()
        assert names(folder) == [".env"]


def test_targets_inside_the_project(folder: Path) -> None:
    (folder / "project/config").mkdir(parents=True)
    (folder / "project/here").symlink_to("config")
    project = folder / "project"
    assert target_within(project, ".env").path == project / ".env"
    assert target_within(project, "config/../.env").path == project / ".env"
    assert target_within(project, "here/.env").path == project / "config/.env"
    assert target_within(project, "none/.env").folder == project / "none"


@pytest.mark.parametrize("path", ["../.env", "/etc/.env", "out/.env", "config/../../.env"])
def test_targets_outside_the_project_are_refused(folder: Path, path: str) -> None:
    (folder / "project/config").mkdir(parents=True)
    (folder / "project/out").symlink_to(folder)
    with pytest.raises(ProblemsError) as error:
        target_within(folder / "project", path)
    assert code_of(error) == "path-outside"


def test_the_hint_for_a_target_outside_names_what_would_allow_it(folder: Path) -> None:
    (folder / "project").mkdir()
    with pytest.raises(ProblemsError) as error:
        target_within(folder / "project", "../run/.env")
    problem = problem_of(error)
    assert problem.message == "`../run/.env` is not inside the project"
    assert problem.hint == (f"to allow it, whoever runs this sets VOXMINT_ALLOW_PATHS={folder}/run")


@pytest.mark.parametrize("path", [".", "..", "config/..", "", "a\0b"])
def test_a_target_needs_a_files_name(folder: Path, path: str) -> None:
    with pytest.raises(ProblemsError) as error:
        target_within(folder, path)
    assert code_of(error) in {"file-not-regular", "path-outside"}


def test_links_in_a_circle_are_no_way_to_a_target(folder: Path) -> None:
    (folder / "a").symlink_to("b")
    (folder / "b").symlink_to("a")
    with pytest.raises(ProblemsError) as error, Place(target_within(folder, "a/.env")):
        pass
    assert code_of(error) == "file-unwritable"


def test_the_operator_can_allow_folders(folder: Path) -> None:
    (folder / "project").mkdir()
    (folder / "run/app").mkdir(parents=True)
    (folder / "alias").symlink_to("run")
    allowed = allowed_folders({"VOXMINT_ALLOW_PATHS": f"{folder}/alias:"})
    assert target_within(folder / "project", "../run/app/.env", allowed).base == folder / "run"
    for path in ("../run-2/.env", "../.env"):
        with pytest.raises(ProblemsError):
            target_within(folder / "project", path, allowed)


def test_allowed_folders_are_absolute() -> None:
    assert allowed_folders({}) == ()
    with pytest.raises(UsageError, match="`run` is not an absolute path"):
        allowed_folders({"VOXMINT_ALLOW_PATHS": "/srv:run"})


# ── reading ──────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("length", [0, 1, 99, 100, 65_536, 200_000])
@pytest.mark.parametrize("guessed", [-1, 0, 1, 70_000])
def test_all_of_a_file_is_read_whatever_its_size_is_said_to_be(
    folder: Path, length: int, guessed: int
) -> None:
    data = bytes(index % 251 for index in range(length))
    (folder / "file").write_bytes(data)
    with (folder / "file").open("rb", buffering=0) as file:
        assert read_bounded(file.fileno(), max(length + guessed, 0), 10**6) == data
        file.seek(0)
        assert read_bounded(file.fileno(), length, length) == data
        file.seek(0)
        assert read_bounded(file.fileno(), length, length - 1) == (None if length else b"")
