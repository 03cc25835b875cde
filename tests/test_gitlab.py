"""The template for GitLab CI: its script run as GitLab's runner would, in a real repository."""

import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.cli.running import ROOT, SOUND, console_script, write
from tests.engine.worlds import environ, git, repository_in

WRONG = "extends: base\nsession: {x: 1}\n"
CHANGED = SOUND["profiles/clinic.yaml"] + "  input_audio_noise_reduction: {type: near_field}\n"


def job() -> dict[str, Any]:
    template = (ROOT / "gitlab/voxmint.gitlab-ci.yml").read_text(encoding="utf-8")
    found: dict[str, Any] = yaml.safe_load(template)["voxmint"]
    return found


@pytest.fixture
def team(tmp_path: Path) -> Path:
    """A repository with a project in a folder, and a branch that changes a profile."""
    folder = tmp_path / "team"
    folder.mkdir()
    repository_in(folder, {f"speech/{name}": text for name, text in SOUND.items()})
    committed(folder, {"speech/profiles/clinic.yaml": CHANGED})
    return folder


def committed(folder: Path, files: dict[str, str]) -> None:
    write(folder, files)
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message", "changed")


def answering(folder: Path, validate: int, diff: int) -> Path:
    """A program that ends as voxmint would, and finds nothing out."""
    folder.mkdir()
    program = folder / "voxmint"
    ends = f"case $* in *' diff '*) exit {diff} ;; *) exit {validate} ;; esac"
    program.write_text(f'#!/bin/sh\necho "$@"\n{ends}\n')
    program.chmod(0o755)
    return program


def run(
    team: Path, base: str = "HEAD~1", program: Path | None = None, /, **variables: str
) -> tuple[int, str]:
    """Runs the job; with voxmint, or with the program that stands for it."""
    script = program or console_script(team.parent / "bin")
    known = environ(team.parent)
    given = {
        **job()["variables"],
        "PATH": f"{script.parent}{os.pathsep}{known['PATH']}",
        "VOXMINT_PROJECT": "speech",
        "CI_PROJECT_URL": "https://gitlab.example/clinic/speech",
        "CI_MERGE_REQUEST_DIFF_BASE_SHA": git(team, "rev-parse", base) if base else "",
    }
    done = subprocess.run(
        ["bash", "-eo", "pipefail", "-c", "\n".join(job()["script"])],
        cwd=team,
        env={**known, **given, **variables},
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


def test_a_merge_request(team: Path) -> None:
    code, said = run(team)
    assert code == 0, said
    assert "3 bodies: no problems" in said
    assert "1 edit changes 1 of 3 bodies" in said
    review = team / "voxmint-review"
    assert sorted(path.name for path in review.iterdir()) == [
        "diff.html",
        "diff.markdown",
        "diff.text",
    ]
    commit = git(team, "rev-parse", "HEAD")
    place = f"https://gitlab.example/clinic/speech/-/blob/{commit}/speech/profiles/clinic.yaml"
    assert place in (review / "diff.markdown").read_text()
    assert (review / "diff.html").read_text().startswith("<!doctype html>")


def test_a_branch_is_validated(team: Path) -> None:
    code, said = run(team, "")
    assert (code, "no problems" in said, "edit" in said) == (0, True, False)


CHOICES = [
    ("errors", False, 1),
    ("new-errors", False, 0),
    ("new-errors", True, 1),
    ("never", True, 0),
]


@pytest.mark.parametrize(("fail_on", "is_new", "code"), CHOICES)
def test_what_fails_is_chosen(team: Path, fail_on: str, is_new: bool, code: int) -> None:
    """Of what voxmint says; the slow test has voxmint itself say it."""
    program = answering(team.parent / "stands-in", validate=1, diff=int(is_new))
    found, said = run(team, "HEAD~1", program, VOXMINT_FAIL_ON=fail_on)
    assert (found, said.count(" diff ")) == (code, 1)


@pytest.mark.slow
@pytest.mark.parametrize(("fail_on", "is_new", "code"), CHOICES)
def test_what_fails_is_what_voxmint_finds(
    team: Path, fail_on: str, is_new: bool, code: int
) -> None:
    committed(team, {"speech/profiles/wrong.yaml": WRONG})
    base = "HEAD~1"
    if not is_new:
        committed(team, {"README.md": "hello\n"})
    found, said = run(team, base, VOXMINT_FAIL_ON=fail_on)
    assert (found, "`x` is not a field" in said) == (code, True)


@pytest.mark.parametrize(
    "variables",
    [
        {"VOXMINT_FAIL_ON": "error"},
        {"VOXMINT_PROJECT": "nowhere"},
        {"CI_MERGE_REQUEST_DIFF_BASE_SHA": "0" * 40},
    ],
)
def test_what_cannot_be_done_fails(team: Path, variables: dict[str, str]) -> None:
    assert run(team, **variables)[0] == 64


def test_a_link_in_the_repository_leads_nothing_elsewhere(team: Path) -> None:
    elsewhere = team.parent / "elsewhere"
    elsewhere.mkdir()
    (team / "voxmint-review").symlink_to(elsewhere)
    committed(team, {"README.md": "hello\n"})
    program = answering(team.parent / "stands-in", validate=0, diff=0)
    assert run(team, "HEAD~1", program)[0] == 0
    assert (team / "voxmint-review/diff.text").read_text().count(" diff ") == 1
    assert list(elsewhere.iterdir()) == []
