"""What the engine's tests share: repositories, other processes, an ordinary user."""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
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
    """Runs git there as somebody would by hand."""
    identity = ("-c", "user.name=Somebody", "-c", "user.email=somebody@example.org")
    done = subprocess.run(
        ["git", *identity, *arguments],
        cwd=folder,
        env=environ(folder),
        check=True,
        capture_output=True,
        text=True,
    )
    return done.stdout.strip()


def repository_in(folder: Path, files: Mapping[str, str]) -> str:
    """Makes a repository of these files; the commit."""
    git(folder, "init", "--quiet")
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message", "first")
    return git(folder, "rev-parse", "HEAD")


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


def touched(path: Path) -> tuple[int, ...]:
    """What is another once a file was written to, replaced or changed, and not when it was read."""
    found = path.stat()
    return (found.st_ino, found.st_mode, found.st_size, found.st_mtime_ns, found.st_ctime_ns)


def problem_of(error: pytest.ExceptionInfo[ProblemsError]) -> Problem:
    """The one problem that was raised."""
    [problem] = error.value.problems
    return problem
