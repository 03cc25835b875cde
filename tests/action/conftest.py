"""A pull request of a project, a machine on which the action reviews it, and GitHub's API."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.action.github import Api, Runner, serving
from tests.cli.running import SOUND, console_script, write
from tests.engine.worlds import git, repository_in

CLINIC = "profiles/clinic.yaml"


@pytest.fixture
def voxmint(tmp_path: Path) -> Path:
    """The console script, as pip makes it."""
    return console_script(tmp_path / "bin")


@pytest.fixture
def api() -> Iterator[Api]:
    with serving() as one:
        yield one


@pytest.fixture(scope="session")
def merged(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What GitHub merges for a pull request that turns the gold profile's noise reduction over.

    `main` has moved on since it was opened; `fork` is the commit that it left.
    """
    folder = tmp_path_factory.mktemp("merged")
    repository_in(folder, SOUND)
    git(folder, "branch", "--move", "main")
    git(folder, "tag", "fork")
    git(folder, "switch", "--quiet", "--create", "topic")
    changed = SOUND[CLINIC] + "  input_audio_noise_reduction: {type: near_field}\n"
    committed(folder, CLINIC, changed)
    git(folder, "switch", "--quiet", "main")
    committed(folder, "profiles/elsewhere.yaml", "extends: base\n")
    git(folder, "switch", "--quiet", "--detach")
    git(folder, "merge", "--quiet", "--no-edit", "topic")
    return folder


@pytest.fixture
def review(tmp_path: Path, api: Api, merged: Path) -> Runner:
    """A runner that has checked out what GitHub merges for the pull request 7."""
    workspace = tmp_path / "workspace"
    shutil.copytree(merged, workspace)
    base, head, now = git(workspace, "rev-parse", "fork", "topic", "HEAD").split()
    event = {"pull_request": {"number": 7, "base": {"sha": base}, "head": {"sha": head}}}
    environ = {"GITHUB_API_URL": api.url, "GITHUB_SHA": now}
    return Runner(tmp_path / "runner", workspace, event, environ)


def committed(folder: Path, name: str, text: str) -> str:
    """Commits a file; the commit."""
    write(folder, {name: text})
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message", name)
    return git(folder, "rev-parse", "HEAD")
