"""The recipes of docs/deploy.md: what a unit, an image, a pod or a job would run, is run here."""

import configparser
import json
import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.doc_pages import as_a_process, parts

PAGE = Path(__file__).parent.parent / "docs/deploy.md"
FILES = {
    block.file: block.body
    for block in parts(PAGE.read_text(encoding="utf-8"))
    if block and block.file
}
SET_UP = ("voxmint.yaml", ".gitignore", "app.sh")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "project"
    folder.mkdir()
    for name, text in FILES.items():
        if name in SET_UP or name.startswith(("profiles/", "environments/")):
            path = folder / name
            path.parent.mkdir(exist_ok=True)
            path.write_text(text)
    assert as_a_process(["git", "init", "--quiet"], folder).returncode == 0
    return folder


def output_of(project: Path, *words: str) -> str:
    done = as_a_process(words, project)
    assert done.returncode == 0, done.stdout
    return done.stdout


def unit(name: str) -> configparser.ConfigParser:
    parser = configparser.ConfigParser(strict=False, interpolation=None)
    parser.optionxform = str  # type: ignore[assignment,method-assign]  # how its documentation says
    parser.read_string(FILES[name])
    return parser


def words_of(name: str) -> list[str]:
    """What a unit starts, but for where the program is."""
    _, *rest = shlex.split(unit(name)["Service"]["ExecStart"])
    return ["voxmint", *rest]


def test_the_service_of_systemd(project: Path) -> None:
    assert output_of(project, *words_of("speech.service")) == "clinic has a token\n"


def test_the_timer_of_systemd_keeps_what_is_good(project: Path) -> None:
    words = words_of("speech-tokens.service")
    assert "minted 2 in " in output_of(project, *words)
    assert "kept 2 in " in output_of(project, *words)
    assert unit("speech-tokens.timer")["Timer"]["OnUnitActiveSec"] == "5min"


def test_the_image(project: Path) -> None:
    lines = dict(re.findall(r"^(ENTRYPOINT|CMD) (\[.*\])$", FILES["Dockerfile.txt"], re.MULTILINE))
    words = json.loads(lines["ENTRYPOINT"]) + json.loads(lines["CMD"])
    assert output_of(project, *words) == "clinic has a token\n"


def test_the_job_of_kubernetes(project: Path) -> None:
    pod: Any = yaml.safe_load(FILES["job.yaml"])["spec"]["template"]["spec"]
    [mint] = pod["initContainers"]
    [app] = pod["containers"]
    assert "minted 2 in " in output_of(project, *mint["command"])
    assert "OPENAI_API_KEY" in {one["name"] for one in mint["env"]}
    # The key is for the container that mints, and for no other.
    assert "env" not in app


def test_the_jobs_of_github_and_gitlab(project: Path) -> None:
    workflow: Any = yaml.safe_load(FILES[".github/workflows/deploy.yml"])
    steps = [step["run"] for step in workflow["jobs"]["deploy"]["steps"] if "run" in step]
    told = [output_of(project, "bash", "-e", "-c", step) for step in steps]
    assert told[-1] == "clinic has a token\n"
    script = yaml.safe_load(FILES[".gitlab-ci.yml"])["deploy"]["script"]
    assert output_of(project, "sh", "-ec", "\n".join(script)).endswith("clinic has a token\n")
