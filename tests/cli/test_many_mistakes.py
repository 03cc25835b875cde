"""Dozens of mistakes: the first are shown, the rest counted, and one cause is told once."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from syrupy.assertion import SnapshotAssertion

from tests.cli.running import SOUND, ran, write

COUNT = 60
HEIRS = 120
BASE = """\
abstract: true
session:
  input_audio_transcription: {model: gpt-transcribe}
  turn_detection: {type: server_vad, threshold: 7}
"""
PROJECTS: Mapping[str, Mapping[str, str]] = {
    "one file": {
        "profiles/bad.yaml": "extends: base\nvars:\n"
        + "".join(f"  v{number}: {{$apend: [1]}}\n" for number in range(COUNT)),
    },
    "many files": {
        f"profiles/p{number:03}.yaml": "extends: base\nsession: {turn_detektion: 1}\n"
        for number in range(COUNT)
    },
    "many values": {
        f"profiles/p{number:03}.yaml": "extends: base\nsession: {turn_detection: {threshold: 7}}\n"
        for number in range(COUNT)
    },
    "many templates": {
        f"profiles/p{number:03}.yaml": "extends: base\n"
        "session: {input_audio_transcription: {prompt: '{{ vars.zzz }}'}}\n"
        for number in range(COUNT)
    },
    "one base with many heirs": {
        "profiles/base.yaml": BASE,
        **{f"profiles/p{number:04}.yaml": "extends: base\n" for number in range(HEIRS)},
    },
}


@pytest.mark.parametrize("name", PROJECTS)
def test_the_first_are_shown_and_the_rest_counted(
    tmp_path: Path, name: str, snapshot: SnapshotAssertion
) -> None:
    write(tmp_path, {**SOUND, **PROJECTS[name]})
    count = 1 if "heirs" in name else COUNT
    found = ran(tmp_path, "validate")
    assert (found.code, found.err) == (1, "")
    assert found.out.count("error[") == min(count, 20)
    assert "\n".join(found.out.splitlines()[-4:]) == snapshot
    assert ran(tmp_path, "validate", "--all").out.count("error[") == count
    assert ran(tmp_path, "validate", "-o", "github").out.count("::error ") == count
    content: Any = json.loads(ran(tmp_path, "validate", "-o", "json").out)
    assert len(content["problems"]) == count
    log: Any = json.loads(ran(tmp_path, "validate", "-o", "sarif").out)
    assert len(log["runs"][0]["results"]) == count


def test_what_an_heir_inherits_is_told_once_with_all_that_it_affects(tmp_path: Path) -> None:
    write(tmp_path, {**SOUND, **PROJECTS["one base with many heirs"]})
    content: Any = json.loads(ran(tmp_path, "validate", "-o", "json").out)
    [problem] = content["problems"]
    assert problem["at"] == {"file": "profiles/base.yaml", "line": 4, "column": 49}
    assert len(problem["affects"]) >= 2 * HEIRS
