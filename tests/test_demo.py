"""The tutorial runs as it stands, and the env file that it leaves is read the same by everybody."""

import os
import shutil
import stat
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.env_readers import READERS
from voxmint.engine.project import open_project

ROOT = Path(__file__).resolve().parents[1]
CLINIC = ROOT / "examples" / "clinic"


class Demo(NamedTuple):
    """A finished run of the demo, in a repository of its own."""

    folder: Path
    environment: dict[str, str]
    output: str

    @property
    def env_file(self) -> Path:
        return self.folder / ".env.local"

    def run(self) -> str:
        """Runs it, from a folder that is not the project's, and returns what it printed."""
        ran = subprocess.run(
            [self.folder / "demo.sh"],
            cwd=self.folder.parent,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=600,
            check=False,
        )
        assert ran.returncode == 0, ran.stdout + ran.stderr
        return ran.stdout + ran.stderr


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Demo:
    folder = tmp_path_factory.mktemp("hospital") / "clinic"
    ignored = shutil.ignore_patterns(".env.*", ".voxmint", "__pycache__")
    shutil.copytree(CLINIC, folder, ignore=ignored)
    subprocess.run(["git", "init", "--quiet", folder], check=True)
    tools = folder.parent / "bin"
    tools.mkdir()
    _program(tools / "voxmint", f'exec "{sys.executable}" -m voxmint "$@"')
    _program(tools / "python3", f'exec "{sys.executable}" "$@"')
    environment = {
        "PATH": f"{tools}{os.pathsep}{os.environ['PATH']}",
        "HOME": str(folder.parent),
        "PYTHONPATH": str(ROOT),
    }
    ready = Demo(folder, environment, "")
    return ready._replace(output=ready.run())


def _program(path: Path, command: str) -> None:
    path.write_text(f"#!/bin/sh\n{command}\n", encoding="utf-8")
    path.chmod(0o755)


def test_the_application_opens_a_session_with_each_token(demo: Demo) -> None:
    table = demo.output[demo.output.index("profile  ") :].splitlines()
    profiles = open_project(demo.folder).compile_all().environments["local"].profiles
    rows = [line.rsplit(None, 2)[0].split(None, 1) for line in table[1 : len(profiles) + 1]]
    assert dict(rows).keys() == {_variable(name) for name in profiles}
    assert f"{len(profiles)} of {len(profiles)} sessions opened" in table
    squeezed = {name: " ".join(rest.split()) for name, rest in rows}
    assert squeezed["CALL_CENTER_AMERICAN"] == (
        "gpt-4o-transcribe en audio/pcmu off semantic_vad, high"
    )
    assert squeezed["CARDIOLOGY"] == (
        "gpt-transcribe no, en audio/pcm near_field server_vad 0.5, 500 ms"
    )
    assert squeezed["CAPTIONS_LECTURE"] == "gpt-realtime-whisper no audio/pcm far_field off"


def _variable(profile: str) -> str:
    return profile.upper().replace("/", "_").replace("-", "_")


def test_each_step_shows_its_command_before_its_output(demo: Demo) -> None:
    commands = [line[2:] for line in demo.output.splitlines() if line.startswith("$ ")]
    assert [command.split(" http://")[0] for command in commands] == [
        "voxmint list",
        "voxmint validate",
        "voxmint render emergency -e local",
        "voxmint render emergency -e production",
        "voxmint render emergency -e production --api transcription_sessions",
        "voxmint mint -e local",
        "voxmint mint -e local",
        r"sed -n 's/^\(CALL_CENTER_GERMAN_[A-Z_]*\)=.*/\1=…/p' .env.local",
        "voxmint -q emulator --port 0 &",
        "set -a; . ./.env.local; set +a; python3 app.py",
    ]


def test_no_token_is_shown(demo: Demo) -> None:
    tokens = [value for name, value in _values(demo).items() if name.endswith("_CLIENT_SECRET")]
    assert tokens
    assert [token for token in tokens if token in demo.output] == []
    assert "ek_" not in demo.output


def test_git_sees_nothing_of_it(demo: Demo) -> None:
    command = ["git", "-C", str(demo.folder), "status", "--porcelain", "--untracked-files=all"]
    seen = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert ".env.local" not in seen
    assert ".voxmint" not in seen
    assert stat.S_IMODE(demo.env_file.stat().st_mode) == 0o600


@pytest.mark.parametrize("reader", READERS)
def test_every_reader_takes_the_env_file_in_the_same_way(demo: Demo, reader: str) -> None:
    assert READERS[reader](demo.env_file) == _values(demo)


def _values(demo: Demo) -> dict[str, str]:
    """The variables, by the plainest reading there is."""
    lines = demo.env_file.read_text(encoding="ascii").splitlines()
    pairs = [line.partition("=") for line in lines if line and not line.startswith("#")]
    return {name: value for name, _, value in pairs}


def test_the_env_file_has_three_variables_for_each_profile(demo: Demo) -> None:
    profiles = open_project(demo.folder).compile_all().environments["local"].profiles
    assert _values(demo).keys() == {
        f"{_variable(name)}_{what}"
        for name in profiles
        for what in ("CLIENT_SECRET", "EXPIRES_AT", "SESSION_ID")
    }


@pytest.mark.slow
def test_it_runs_again(demo: Demo) -> None:
    before = demo.env_file.read_bytes()
    output = demo.run()
    assert "sessions opened" in output
    assert demo.env_file.read_bytes() != before
