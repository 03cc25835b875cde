"""The README shows what is there: its files, its body, its code and its commands."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from voxmint.cli.main import COMMANDS
from voxmint.engine.project import open_project

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


def block(comment: str, language: str) -> str:
    """The code block of a language that stands under an HTML comment."""
    pattern = rf"<!-- {re.escape(comment)} -->\n```{language}\n(.*?)```\n"
    found = re.search(pattern, README, re.DOTALL)
    assert found, f"no {language} under {comment!r}"
    return found[1]


def test_the_profile_is_the_example() -> None:
    file = "examples/clinic/profiles/emergency.yaml"
    assert block(file, "yaml") == (ROOT / file).read_text(encoding="utf-8")


def test_the_overlay_is_part_of_the_example() -> None:
    file = "examples/clinic/environments/production.yaml"
    assert block(f"part of {file}", "yaml") in (ROOT / file).read_text(encoding="utf-8")


def test_the_body_is_what_the_profile_becomes() -> None:
    shown = block("voxmint -C examples/clinic render emergency -e production", "json")
    body = open_project(ROOT / "examples/clinic").compile("emergency", "production").body
    assert shown == json.dumps(body, indent=2, ensure_ascii=False) + "\n"


def test_the_library_example_runs(tmp_path: Path) -> None:
    shutil.copytree(
        ROOT / "examples",
        tmp_path / "examples",
        ignore=shutil.ignore_patterns(".env.*", ".voxmint"),
    )
    code = block("run", "python")
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.stderr == ""
    lines = done.stdout.splitlines()
    assert lines[0].startswith("{'type': 'server_vad', 'threshold': 0.7")
    assert lines[1] == re.search(r"threshold\"\)\)  # (.*)\n", code)[1]  # type: ignore[index]  # a mismatch fails the test either way
    assert {line.split()[1] for line in lines[2:]} == {"minted"}
    assert len(lines[2:]) > 3


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_is_listed(name: str) -> None:
    assert re.search(rf"^\| `voxmint {name}\b", README, re.MULTILINE)


def test_nothing_else_is_listed() -> None:
    listed = re.findall(r"^\| `voxmint ([a-z]+)", README, re.MULTILINE)
    assert sorted(listed) == sorted(COMMANDS)
