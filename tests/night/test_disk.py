"""A mint where files cannot be written: full disks, shut folders, links put between."""

import os
import random
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.engine.emulator.talking import eventually
from tests.engine.mints import Desk, against, desk, outcomes
from tests.engine.scripted import Answered, Asked, Scripted, each, minted
from tests.engine.worlds import IS_ROOT, NOBODY, ordinary_folder
from tests.night.forking import Nursery
from tests.night.forms import FORMS, Form
from tests.night.nights import untidy

WARDS = [f"ward-{number:02}" for number in range(6)]


def project(folder: Path, form: Form, profiles: list[str] = WARDS) -> Desk:
    """A project with this sink, whose files hold something of somebody else."""
    sinks = f"sinks: [{{kind: {form.kind}, {form.settings}}}]\n"
    made = desk(folder, profiles, more=sinks)
    made.write(".gitignore", "*\n")
    for name, text in form.foreign.items():
        made.write(name, text)
    return made


# ── full ─────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "largest",
    [
        pytest.param(0, marks=pytest.mark.slow),
        pytest.param(5_000, marks=pytest.mark.slow),
        30_000,
        pytest.param(60_000, marks=pytest.mark.slow),
    ],
)
@pytest.mark.parametrize("form", FORMS)
def test_a_size_that_no_file_may_exceed(
    tmp_path: Path, nursery: Nursery, form: str, largest: int
) -> None:
    with Scripted(lambda number, _: minted(number)) as server:
        made = against(server, project(tmp_path, FORMS[form]), concurrency=2)
        arguments, output = ["mint", "-e", "live"], tmp_path / "output"
        # Opened without a limit, so that the ledger is there; its size is another test's matter.
        run = nursery.start(made.root, arguments, made.environ, Path(os.devnull), largest=largest)
        assert nursery.ended(run) in {0, 1, 3}
        check_full(made, FORMS[form], len(server.asked))
        run = nursery.start(made.root, arguments, made.environ, output)
        assert nursery.ended(run) == 0, run.said
    assert set(FORMS[form].read(made.root)) == set(WARDS)
    assert untidy(made.root) == []


def check_full(made: Desk, form: Form, asked: int) -> None:
    """That files are whole, and each token is in its place, known or possible."""
    held = form.read(made.root)
    assert all(None not in one for one in held.values())
    if (made.root / ".voxmint/ledger.db").exists():
        assert asked <= len(made.sessions) + len(made.open_intents)
    else:
        assert asked == 0
    assert untidy(made.root) == []


def is_mountable() -> bool:
    """Whether a small disk can be made here: that takes the superuser, and no sandbox."""
    done = subprocess.run(["unshare", "-m", "mount", "-t", "tmpfs", "none", "/mnt"], check=False)
    return done.returncode == 0


@contextmanager
def small_disk(folder: Path, size: int) -> Iterator[Path]:
    folder.mkdir()
    if not IS_ROOT or not shutil.which("unshare") or not is_mountable():
        pytest.skip("no disk can be mounted here; RLIMIT_FSIZE stands for it")
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "none", folder], check=True)
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)


@pytest.mark.slow
@pytest.mark.parametrize("form", FORMS)
def test_a_disk_that_gets_full(tmp_path: Path, form: str) -> None:
    chance = random.Random(form)
    with (
        small_disk(tmp_path / "disk", 1024 * 1024) as disk,
        Scripted(lambda number, _: minted(number)) as server,
    ):
        for number in range(20):
            folder = disk / str(number)
            folder.mkdir()
            made = against(server, project(folder, FORMS[form]), concurrency=2)
            server.asked.clear()
            filler = disk / "filler"
            free = chance.randrange(0, 200_000, 4096)
            fill(disk, filler, free)
            try:
                code = made.mint().exit_code
            except Exception as error:  # noqa: BLE001  # what is said of it is looked at
                code, problems = 1, error.problems  # type: ignore[attr-defined]
                assert all(problem.code in FULL for problem in problems)
            about = f"{form}, {free} bytes free, run {number}"
            assert code in {0, 1, 3}, about
            check_full(made, FORMS[form], len(server.asked))
            filler.unlink()
            assert made.mint().exit_code == 0, about
            assert set(FORMS[form].read(made.root)) == set(WARDS), about
            shutil.rmtree(folder)


FULL = {"state-unusable", "ledger-unusable", "lock-unusable", "file-unwritable"}
"""What may be said of a full disk before the first request."""


def fill(disk: Path, filler: Path, free: int) -> None:
    """Leave so many bytes of a disk free."""
    status = os.statvfs(disk)
    with filler.open("wb") as file:
        file.write(b"\0" * max(0, status.f_bavail * status.f_frsize - free))


def test_a_full_disk_is_told_as_such(tmp_path: Path, nursery: Nursery) -> None:
    def script(number: int, _: Asked) -> Answered:
        return minted(number)

    with Scripted(script) as server:
        made = against(server, project(tmp_path, FORMS["dotenv"]))
        before = made.env_file.read_bytes()
        run = nursery.start(
            made.root, ["mint", "-e", "live", "ward-00"], made.environ, tmp_path / "output",
            # The ledger takes more than this, and the env file less.
            largest=20_000,
        )  # fmt: skip
        assert nursery.ended(run) == 1
        assert server.asked == []
    ledger = made.root / ".voxmint/ledger.db"
    assert f"error[ledger-unusable]: the ledger `{ledger}` cannot be used: " in run.said
    assert "make room on its disk, or set VOXMINT_STATE_DIR" in run.said
    assert made.env_file.read_bytes() == before


# ── shut ─────────────────────────────────────────────────────────────────────────────────────────


def given_to_nobody(folder: Path) -> None:
    if IS_ROOT:
        for path in [folder, *folder.rglob("*")]:
            os.chown(path, NOBODY, NOBODY, follow_symlinks=False)


def shut(folder: Path) -> None:
    folder.chmod(0o555)


@pytest.mark.parametrize("what", ["the sink's folder", "the state folder", "the project"])
def test_a_folder_that_is_read_only_is_found_before_anything_is_sent(
    nursery: Nursery, what: str
) -> None:
    with ordinary_folder() as folder, Scripted(each(minted())) as server:
        made = desk(folder, ["clinic"], more="sinks: [{kind: dotenv, path: out/.env.live}]\n")
        against(server, made)
        (made.root / "out").mkdir()
        (made.root / ".voxmint").mkdir()
        given_to_nobody(folder)
        paths = {"the sink's folder": "out", "the state folder": ".voxmint", "the project": "."}
        if what == "the project":
            (made.root / ".voxmint").rmdir()
        shut(made.root / paths[what])
        if what == "the sink's folder":
            # Who only reads is told, and shown what there is to see.
            run = nursery.start(
                made.root, ["plan", "-e", "live"], made.environ, folder / "output", ordinary=True
            )
            assert nursery.ended(run) == 0, run.said
            assert "a mint could not do this from here: `out/.env.live` cannot be" in run.said
        run = nursery.start(
            made.root, ["mint", "-e", "live"], made.environ, folder / "output", ordinary=True
        )
        assert nursery.ended(run) == 1
        assert (server.asked, list((made.root / "out").iterdir())) == ([], [])
        assert "Traceback" not in run.said
        assert " cannot be " in run.said
        for one in (made.root, *made.root.iterdir()):
            if one.is_dir():
                one.chmod(0o755)
        run = nursery.start(
            made.root, ["mint", "-e", "live"], made.environ, folder / "output", ordinary=True
        )
        assert nursery.ended(run) == 0, run.said


def test_a_folder_that_is_shut_on_the_way(nursery: Nursery) -> None:
    def script(number: int, _: Asked) -> Answered:
        if number == 3:
            # Then nothing is being written.
            eventually(lambda: (made.root / "out/.env.live").read_text().count("SECRET=") == 2)
            shut(made.root / "out")
        return minted(number, pause=0.3 if is_first else 0.0)

    is_first = True
    # So many that it is told of the shut folder long before it is through with them.
    wards = [f"ward-{number:02}" for number in range(60)]

    with ordinary_folder() as folder, Scripted(script) as server:
        made = desk(folder, wards, more="sinks: [{kind: dotenv, path: out/.env.live}]\n")
        against(server, made, concurrency=1)
        made.write("out/.env.live", "OTHER=mine\n")
        given_to_nobody(folder)
        arguments, output = ["mint", "-e", "live"], folder / "output"
        run = nursery.start(made.root, arguments, made.environ, output, ordinary=True)
        assert nursery.ended(run) in {1, 3}
        text = (made.root / "out/.env.live").read_text()
        assert text.startswith("OTHER=mine\n")
        written = text.count("_CLIENT_SECRET=")
        # Those that came too late are named, and why.
        assert 0 < written < len(server.asked) < len(wards)
        assert f"unwritten {len(server.asked) - written}" in run.said
        assert "`out/.env.live` cannot be written: permission denied" in run.said
        (made.root / "out").chmod(0o755)
        is_first = False
        run = nursery.start(made.root, arguments, made.environ, output, ordinary=True)
        assert (nursery.ended(run), f"kept {written}" in run.said) == (0, True)
        assert untidy(made.root) == []


# ── put between ──────────────────────────────────────────────────────────────────────────────────


def link(path: Path, elsewhere: Path) -> None:
    path.rename(path.with_name("moved"))
    path.symlink_to(elsewhere)


def hard_link(path: Path, elsewhere: Path) -> None:
    path.unlink()
    path.hardlink_to(elsewhere)


def pipe(path: Path, _: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def folder_in_place(path: Path, _: Path) -> None:
    path.rename(path.with_name("moved"))
    path.mkdir()


@pytest.mark.parametrize("swap", [link, hard_link, pipe, folder_in_place])
@pytest.mark.parametrize("form", ["dotenv", "json", "yaml"])
def test_a_file_that_is_exchanged_between_the_check_and_the_write(
    tmp_path: Path, form: str, swap: Callable[[Path, Path], None]
) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.write_text({"dotenv": "THEIRS=1\n", "json": "{}\n", "yaml": "theirs: 1\n"}[form])
    before = elsewhere.read_bytes()

    def script(number: int, _: Asked) -> Answered:
        if number == 1:
            swap(made.root / file, elsewhere)
        return minted(number)

    if form not in FORMS:
        pytest.skip(f"there is no {form} sink")
    [file] = FORMS[form].foreign
    with Scripted(script) as server:
        made = against(server, project(tmp_path, FORMS[form], ["ward-00"]))
        report = made.mint()
    # What it led to is as it was, whatever it is now.
    assert elsewhere.read_bytes() == before
    assert untidy(made.root) == []
    if swap is hard_link:
        # The name leads to a file of its own now, with the other one's content.
        assert (report.exit_code, elsewhere.stat().st_nlink) == (0, 1)
        return
    assert outcomes(report) == {"ward-00": "unwritten"}
    assert (report.exit_code, made.sessions["ward-00"].sinks) == (1, frozenset())


@pytest.mark.parametrize("form", ["json-each", "directory"])
def test_a_folder_that_is_exchanged_between_the_check_and_the_write(
    tmp_path: Path, form: str
) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()

    def script(number: int, _: Asked) -> Answered:
        link(made.root / "tokens", elsewhere)
        return minted(number)

    if form not in FORMS:
        pytest.skip(f"there is no {form} sink")
    with Scripted(script) as server:
        made = against(server, project(tmp_path, FORMS[form], ["ward-00"]))
        report = made.mint()
    assert list(elsewhere.iterdir()) == []
    assert outcomes(report) == {"ward-00": "unwritten"}


# ── many at once ─────────────────────────────────────────────────────────────────────────────────


@pytest.mark.slow
def test_two_hundred_runs_write_one_file_at_once(tmp_path: Path, nursery: Nursery) -> None:
    names = [f"ward-{number:03}" for number in range(200)]
    with Scripted(lambda number, _: minted(number)) as server:
        made = against(server, desk(tmp_path, names))
        text = (made.root / "environments/live.yaml").read_text()
        for name in names:
            made.write(f"environments/{name}.yaml", f"{text}profiles: [{name}]\n")
        made.env_file.write_text("OTHER=mine\n")
        # However long two hundred take on a busy machine.
        patient = [f"--{of}timeout=20m" for of in ("", "lock-", "request-", "connect-")]
        runs = [
            nursery.start(
                made.root, ["mint", "-e", name, *patient], made.environ, tmp_path / f"{name}.out"
            )
            for name in names
        ]
        ended = {run.process: nursery.ended(run) for run in runs}
        assert set(ended.values()) == {0}, ended
        assert len(server.asked) == 200
    first, *lines = made.env_file.read_text().splitlines()
    assert first == "OTHER=mine"
    keys = [line.partition("=")[0] for line in lines]
    stems = [name.upper().replace("-", "_") for name in names]
    parts = ("CLIENT_SECRET", "EXPIRES_AT", "SESSION_ID")
    assert sorted(keys) == sorted(f"{stem}_{part}" for stem in stems for part in parts)
    assert untidy(made.root) == []
