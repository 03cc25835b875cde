"""What code scanning is given: valid by the published schema, and true to what was found."""

import json
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from hypothesis import given, strategies as st
from jsonschema import Draft4Validator

from tests.cli.hostile import CONTENTS, ONE_KIND_EACH, RIGHT, project_in
from tests.cli.running import BROKEN, ROOT, SOUND, ran, write
from tests.profiles.laws import law

SCHEMA = json.loads((ROOT / "tests/data/sarif-2.1.0.json").read_text())
VALIDATOR = Draft4Validator(SCHEMA)


def log_of(folder: Path, *more: str) -> Any:
    """The log, once it is known to be valid."""
    log = json.loads(ran(folder, "validate", "-o", "sarif", *more).out)
    assert [error.message for error in VALIDATOR.iter_errors(log)] == []
    return log


def test_the_schema_is_the_published_one_and_refuses() -> None:
    Draft4Validator.check_schema(SCHEMA)
    assert SCHEMA["id"].startswith("https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/")
    assert not VALIDATOR.is_valid({"version": "2.1.0"})
    assert not VALIDATOR.is_valid({"version": "2.1.0", "runs": [{"tool": {}}]})


@pytest.mark.parametrize("files", [SOUND, BROKEN])
def test_it_is_valid(tmp_path: Path, files: dict[str, str]) -> None:
    log = log_of(write(tmp_path, files))
    found = json.loads(ran(tmp_path, "validate", "-o", "json").out)["problems"]
    results = log["runs"][0]["results"]
    assert [result["ruleId"] for result in results] == [one["code"] for one in found]
    assert [result["level"] for result in results] == [one["severity"] for one in found]


def test_each_result_names_its_rule(broken: Path) -> None:
    [run] = log_of(broken)["runs"]
    rules = run["tool"]["driver"]["rules"]
    assert [rules[result["ruleIndex"]]["id"] for result in run["results"]] == [
        result["ruleId"] for result in run["results"]
    ]
    assert len({rule["id"] for rule in rules}) == len(rules)


@pytest.mark.parametrize(("case", "kind"), ONE_KIND_EACH)
def test_it_is_valid_whatever_is_wrong(tmp_path: Path, case: str, kind: str) -> None:
    folder = project_in(tmp_path, kind, CONTENTS[case][0](RIGHT[kind][1].encode()))
    assert log_of(folder)["runs"][0]["results"]


def test_what_stands_in_no_file_is_told_of_the_project(sound: Path) -> None:
    """GitHub refuses a log in which a result has no location."""
    (sound.parent / ".git").mkdir()
    [run] = log_of(sound, "--set", "session.input_audio_format=mp3")["runs"]
    assert run["results"]
    artifact = {"uri": f"{sound.name}/voxmint.yaml", "uriBaseId": "%SRCROOT%"}
    assert [result["locations"] for result in run["results"]] == [
        [{"physicalLocation": {"artifactLocation": artifact}}] for _ in run["results"]
    ]


def test_each_rule_has_what_github_asks_for(broken: Path) -> None:
    [run] = log_of(broken)["runs"]
    for rule in run["tool"]["driver"]["rules"]:
        for name in ("shortDescription", "fullDescription", "help"):
            assert rule[name]["text"]


_NAMES = st.text(st.characters(exclude_characters="/\0", codec="utf-8"), min_size=1, max_size=20)


@law(40)
@given(_NAMES)
def test_a_file_is_found_by_its_uri(tmp_path_factory: pytest.TempPathFactory, name: str) -> None:
    folder = write(tmp_path_factory.mktemp("project"), SOUND)
    file = f"profiles/x{name}.yaml"
    write(folder, {file: "zzz: 1\n"})
    uris = {
        result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
        for result in log_of(folder)["runs"][0]["results"]
    }
    assert {unquote(uri) for uri in uris} == {file}
    assert all(uri.isascii() and " " not in uri for uri in uris)
