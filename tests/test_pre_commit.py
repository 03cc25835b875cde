"""The hook for pre-commit, run by the real pre-commit in repositories of its own, without network.

Only its `language` is another here: pre-commit would install voxmint from the repository by pip.
"""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.running import ROOT, SOUND, console_script, write
from tests.engine.worlds import environ, git, repository_in

HOOKS = ".pre-commit-hooks.yaml"
WRONG = "extends: base\nsession: {x: 1}\n"


@pytest.fixture
def script(tmp_path: Path) -> Path:
    """A folder with the console script, as pip makes it."""
    return console_script(tmp_path / "bin").parent


@pytest.fixture
def team(tmp_path: Path) -> Path:
    """A team's repository of two projects, one of them wrong, that uses the hook."""
    hooks = tmp_path / "hooks"
    hooks.mkdir()
    commit = repository_in(hooks, {HOOKS: (ROOT / HOOKS).read_text()})
    config = f"""\
repos:
  - repo: {hooks}
    rev: {commit}
    hooks: [{{id: voxmint-validate, language: unsupported}}]
"""
    folder = tmp_path / "team"
    folder.mkdir()
    files = {f"{name}/{file}": text for name in ("a", "b") for file, text in SOUND.items()}
    wrong = {"b/profiles/wrong.yaml": WRONG}
    repository_in(folder, {**files, **wrong, ".pre-commit-config.yaml": config, "c.yaml": "x: 1\n"})
    return folder


def commit(folder: Path, script: Path, *arguments: str) -> tuple[int, str]:
    """What `pre-commit run` ends with and says, after all that is there has been staged."""
    git(folder, "add", "--all")
    home = folder.parent
    search = f"{script}:{Path(sys.executable).parent}:{environ(home)['PATH']}"
    done = subprocess.run(
        [sys.executable, "-m", "pre_commit", "run", "--color", "never", *arguments],
        cwd=folder,
        env={**environ(home), "PATH": search, "PRE_COMMIT_HOME": str(home / "cache")},
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


def test_only_the_projects_that_a_commit_touches(team: Path, script: Path) -> None:
    write(team, {"a/profiles/fresh.yaml": "extends: base\n", "c.yaml": "x: 2\n"})
    code, said = commit(team, script, "--verbose")
    assert code == 0, said
    assert "3 profiles, 2 environments" in said

    write(team, {"b/profiles/fresh.yaml": "extends: base\n"})
    code, said = commit(team, script)
    assert code == 1
    assert "b/profiles/wrong.yaml:2:11" in said

    git(team, "rm", "--quiet", "--cached", "-r", "b")
    shutil.rmtree(team / "b")
    assert commit(team, script)[0] == 0


def test_a_base_that_a_commit_deletes(team: Path, script: Path) -> None:
    (team / "a/profiles/base.yaml").unlink()
    code, said = commit(team, script)
    assert code == 1
    assert "`base`" in said
    assert "a/profiles/clinic.yaml:1" in said


def test_everything_and_a_range(team: Path, script: Path) -> None:
    code, said = commit(team, script, "--all-files")
    assert (code, "b/profiles/wrong.yaml:2:11" in said) == (1, True)
    (team / "b/profiles/wrong.yaml").unlink()
    git(team, "commit", "--quiet", "--all", "--message", "mended")
    assert commit(team, script, "--from-ref", "HEAD~1", "--to-ref", "HEAD")[0] == 0
    write(team, {"a/profiles/wrong.yaml": WRONG})
    git(team, "add", "--all")
    git(team, "commit", "--quiet", "--message", "wrong")
    assert commit(team, script, "--from-ref", "HEAD~1", "--to-ref", "HEAD")[0] == 1
