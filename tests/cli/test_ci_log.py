"""What a mint writes into the log of a pipeline: parts that fold, and tokens to hide."""

import io
import re
import subprocess
from pathlib import Path

import pytest

from tests.cli.running import NOW, ROOT, Terminal, process, write
from tests.engine.worlds import new_repository
from voxmint.cli.ci_log import CiLog
from voxmint.cli.world import World
from voxmint.secret import Secret

GITHUB, GITLAB = {"GITHUB_ACTIONS": "true"}, {"GITLAB_CI": "true"}
FILES = {
    "voxmint.yaml": "version: 1\n",
    ".gitignore": ".env.*\n",
    "profiles/ward-1.yaml": "session: {input_audio_transcription: {model: gpt-transcribe}}\n",
    "profiles/ward-2.yaml": "extends: ward-1\n",
    "environments/local.yaml": "provider: {kind: emulator}\n"
    "sinks: [{kind: dotenv, path: .env.local}]\n",
}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = write(tmp_path / "project", FILES)
    new_repository(folder)
    return folder


def log_in(environ: dict[str, str], stream: io.StringIO | None = None, **settings: bool) -> str:
    """A part that folds, with a token that came in it."""
    stream = stream or io.StringIO()
    world = World(io.StringIO(), io.StringIO(), stream, environ, Path(), lambda: NOW)
    log = CiLog(world, **settings)
    log.mask(Secret("ek_100%"))
    log.fold("2 to\nmint")
    log.fold("again")
    stream.write("minted\n")
    log.unfold()
    log.unfold()
    return stream.getvalue()


def test_githubs_log_folds_and_hides() -> None:
    assert log_in(GITHUB) == ("::add-mask::ek_100%25\n::group::2 to\\nmint\nminted\n::endgroup::\n")
    assert "add-mask" not in log_in(GITHUB, masks=False)


def test_gitlabs_log_folds_and_has_nothing_to_hide() -> None:
    moment = int(NOW)
    section = f"{moment}:voxmint_{moment}"
    assert log_in(GITLAB) == (
        f"\x1b[0Ksection_start:{section}[collapsed=true]\r\x1b[0K2 to\\nmint\n"
        "minted\n"
        f"\x1b[0Ksection_end:{section}\r\x1b[0K\n"
    )


def test_elsewhere_lines_are_plain() -> None:
    assert log_in({}) == "minted\n"
    assert log_in({"GITHUB_ACTIONS": "false", "GITLAB_CI": ""}) == "minted\n"
    assert "::group::" not in log_in(GITHUB, Terminal())


def test_a_mint_in_a_job_of_github(project: Path) -> None:
    found = process(project, "mint", "-e", "local", "--concurrency", "1", **GITHUB)
    assert found.code == 0
    tokens = re.findall("SECRET=(.*)", (project / ".env.local").read_text())
    masks = [line for line in found.err.splitlines() if line.startswith("::add-mask::")]
    assert masks == [f"::add-mask::{token}" for token in tokens]
    rest = [line for line in found.err.splitlines() if line not in masks]
    assert rest[0] == "::group::2 to mint in local"
    assert [line[:15] for line in rest[1:3]] == ["minted   ward-1", "minted   ward-2"]
    assert rest[3:] == ["::endgroup::"]
    assert not [token for token in tokens if token in found.out]
    # Nothing is minted, and nothing folds or is hidden.
    assert process(project, "mint", "-e", "local", **GITHUB).err == ""


@pytest.mark.slow
def test_quiet_hides_tokens_all_the_same(project: Path) -> None:
    found = process(project, "-q", "mint", "-e", "local", **GITHUB)
    assert re.fullmatch(r"(::add-mask::ek_\S+\n){2}", found.err)
    assert process(project, "-q", "mint", "-e", "local", "--force", "--no-mask", **GITHUB).err == ""


def test_a_file_that_the_log_was_led_into_holds_no_token(project: Path) -> None:
    import os
    import sys

    log = project / "mint.log"
    with log.open("w") as stream:
        subprocess.run(
            [sys.executable, "-m", "voxmint", "mint", "-e", "local"],
            cwd=project,
            env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), **GITHUB},
            stdout=subprocess.DEVNULL,
            stderr=stream,
            check=True,
        )
    assert "::endgroup::" in log.read_text()
    assert "ek_" not in log.read_text()


def test_a_command_in_a_job_of_github_has_its_token_hidden(project: Path) -> None:
    words = ("exec", "-e", "local", "ward-1", "--", "sh", "-c", "echo $WARD_1_CLIENT_SECRET")
    found = process(project, *words, **GITHUB)
    assert found.err == f"::add-mask::{found.out}"
