"""What docs/ci.md shows for other programs to read fits what is there: inputs, hooks, variables."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from tests.cli.running import ran, write
from tests.engine.worlds import environ, git

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs/ci.md").read_text(encoding="utf-8")


def blocks() -> dict[str, Any]:
    """The YAML of the page, by the name in its first line."""
    found = re.findall(r"```yaml\n# (\S+)\n(.*?)```", PAGE, re.DOTALL)
    return {name: yaml.safe_load(text) for name, text in found}


def steps() -> Iterator[dict[str, Any]]:
    for content in blocks().values():
        lists = [content] if isinstance(content, list) else []
        jobs = content.get("jobs", {}) if isinstance(content, dict) else {}
        for one in (*lists, *(job["steps"] for job in jobs.values())):
            yield from one


def of_file(name: str) -> Any:
    return yaml.safe_load((ROOT / name).read_text(encoding="utf-8"))


def test_the_action_has_the_inputs_and_outputs() -> None:
    action = of_file("action.yml")
    ours = [step for step in steps() if "voxmint@" in step.get("uses", "")]
    assert len(ours) == 3
    assert {name for step in ours for name in step.get("with", {})} <= action["inputs"].keys()
    named = set(re.findall(r"steps\.review\.outputs\.([\w-]+)", PAGE))
    assert named
    assert named <= action["outputs"].keys()
    table = PAGE.split("| input |")[1].split("\n\n")[0]
    rows = [line.split("|")[1] for line in table.splitlines()[2:]]
    assert {name for row in rows for name in re.findall(r"`(.+?)`", row)} == set(action["inputs"])


def test_no_expression_stands_in_a_script() -> None:
    assert [step["run"] for step in steps() if "${{" in step.get("run", "")] == []


def test_the_hook_is_there() -> None:
    [given] = blocks()[".pre-commit-config.yaml"]["repos"]
    [hook] = of_file(".pre-commit-hooks.yaml")
    assert [one["id"] for one in given["hooks"]] == [hook["id"]]


def test_the_variables_of_the_template_are_there() -> None:
    template = of_file("gitlab/voxmint.gitlab-ci.yml")["voxmint"]["variables"]
    given = blocks()[".gitlab-ci.yml"]
    assert given["voxmint"]["variables"].keys() <= template.keys()
    assert given["include"][0]["file"] == "gitlab/voxmint.gitlab-ci.yml"
    assert set(re.findall(r"\bVOXMINT_[A-Z_]+", PAGE)) <= template.keys()


def test_what_a_change_reaches_is_what_is_shown(tmp_path: Path) -> None:
    """But for the commit's name, which is another every time."""
    text = PAGE.split("## What a change can reach")[1]
    files = re.findall(r"```yaml\n# (\S+)\n(.*?)```", text, re.DOTALL)[:6]
    write(tmp_path, dict(files[:5]))
    git(tmp_path, "init", "--quiet", "--initial-branch", "main")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "--quiet", "--message", "first")
    write(tmp_path, dict(files[5:]))
    found = ran(tmp_path, "validate", "--changed", "main", environ=environ(tmp_path)).out
    shown = text.split("$ voxmint validate --changed main\n")[1].split("```")[0]
    assert re.sub(r"\([0-9a-f]{10}\)", "()", shown) == re.sub(r"\([0-9a-f]{10}\)", "()", found)
