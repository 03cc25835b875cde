"""What the engine's tests share: repositories, other processes, an ordinary user."""

import os
import resource
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Hashable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest

from voxmint.problems import Problem, ProblemsError

ROOT = Path(__file__).parents[2]
NOBODY = 65534
IS_ROOT = os.geteuid() == 0
_OF_THE_ENGINE = ("files", "git", "locks", "rewriting", "state", "worktree")
_MODULES = {
    **dict.fromkeys(_OF_THE_ENGINE, "voxmint.engine"),
    "dotenv": "voxmint.engine.sinks",
    "ledger": "voxmint.engine.ledger",
}


def environ(home: Path) -> dict[str, str]:
    """An environment in which git knows no settings but its own."""
    return {"PATH": os.environ["PATH"], "HOME": str(home), "GIT_CONFIG_NOSYSTEM": "1"}


def git(folder: Path, *arguments: str) -> str:
    """Runs git there as somebody would by hand; it tidies nothing up afterwards."""
    settings = ("user.name=Somebody", "user.email=somebody@example.org", "maintenance.auto=false")
    done = subprocess.run(
        ["git", *(word for setting in settings for word in ("-c", setting)), *arguments],
        cwd=folder,
        env=environ(folder),
        check=True,
        capture_output=True,
        text=True,
    )
    return done.stdout.strip()


def commit(folder: Path, message: str = "more") -> str:
    """Commits all that is there; the commit."""
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--allow-empty", "--message", message)
    return head(folder)


def head(folder: Path) -> str:
    """The commit that is checked out in a repository of the usual form, as its files say it."""
    said = (folder / ".git/HEAD").read_text().strip()
    _, is_on_a_branch, branch = said.partition("ref: ")
    return (folder / ".git" / branch).read_text().strip() if is_on_a_branch else said


def new_repository(folder: Path) -> None:
    """What `git init` makes, as far as git needs it, without starting a process in every test."""
    for name in ("objects", "refs"):
        (folder / ".git" / name).mkdir(parents=True, exist_ok=True)
    (folder / ".git/HEAD").write_text("ref: refs/heads/main\n")


def repository_in(folder: Path, files: Mapping[str, str]) -> str:
    """Makes a repository of these files; the commit."""

    def make(folder: Path) -> str:
        if not (folder / ".git").exists():
            git(folder, "init", "--quiet")
        for name, text in files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        return commit(folder, "first")

    return made_once(folder, ("repository", *files.items()), make)


def made_once(folder: Path, key: Hashable, make: Callable[[Path], str]) -> str:
    """What is made in an empty folder; what making it gave.

    Under one key it is made once in a process, apart from all tests, and copied for each of them:
    a dozen processes of git take ten times as long. Where something is there already, it is made.
    """
    if any(folder.iterdir()):
        return make(folder)
    if key not in _MADE:
        with tempfile.TemporaryDirectory() as template:
            given = make(Path(template))
            _MADE[key] = given, _content(Path(template))
    given, content = _MADE[key]
    for name, data in content.items():
        path = folder / name
        if data is None:
            path.mkdir()
        else:
            path.write_bytes(data)
    return given


_Content = Mapping[str, bytes | None]
_MADE: dict[Hashable, tuple[str, _Content]] = {}


def _content(folder: Path) -> _Content:
    """Each folder inside before what it holds, and what each file holds."""
    inside = sorted(path for path in folder.rglob("*") if path.suffix != ".sample")
    return {
        str(path.relative_to(folder)): path.read_bytes() if path.is_file() else None
        for path in inside
    }


def started(script: str, *arguments: object, ordinary: bool = False) -> subprocess.Popen[str]:
    """Another Python process that runs this script; as an ordinary user, where that is asked.

    The script has those of `_MODULES` that it names.
    """
    drop = f"import os; os.setgroups([]); os.setgid({NOBODY}); os.setuid({NOBODY})\n"
    before = "".join(
        f"from {package} import {name}\n"
        for name, package in _MODULES.items()
        if ordinary or f"{name}." in script
    )
    if ordinary:
        # An ordinary user may not be able to read this interpreter's own files later.
        before += "import encodings.idna, hashlib, secrets, subprocess, sqlite3, pydantic\n"
    text = before + (drop if ordinary and IS_ROOT else "") + script
    return subprocess.Popen(
        [sys.executable, "-c", text, *map(str, arguments)],
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def run(script: str, *arguments: object, ordinary: bool = False) -> str:
    """What such a process prints, once it has ended well."""
    process = started(script, *arguments, ordinary=ordinary)
    output, errors = process.communicate(timeout=120)
    assert process.returncode == 0, errors
    return output


@contextmanager
def ordinary_folder() -> Iterator[Path]:
    """A folder that belongs to the ordinary user whom `run` can be."""
    folder = Path(tempfile.mkdtemp(prefix="voxmint-test-"))
    try:
        folder.chmod(0o755)
        if IS_ROOT:
            os.chown(folder, NOBODY, NOBODY)
        yield folder
    finally:
        folder.chmod(0o755)
        shutil.rmtree(folder)


@contextmanager
def no_file_above(size: int) -> Iterator[None]:
    """As on a full disk: this process writes no further into a file than so many bytes."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def touched(path: Path) -> tuple[int, ...]:
    """What is another once a file was written to, replaced or changed, and not when it was read."""
    found = path.stat()
    return (found.st_ino, found.st_mode, found.st_size, found.st_mtime_ns, found.st_ctime_ns)


def problem_of(error: pytest.ExceptionInfo[ProblemsError]) -> Problem:
    """The one problem that was raised."""
    [problem] = error.value.problems
    return problem
