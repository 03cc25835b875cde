"""What `validate` says of lines that never have an effect: the scenario `without-effect`."""

import json
from pathlib import Path

import pytest
from syrupy.assertion import SnapshotAssertion

from tests.cli.running import ran

PROJECT = Path(__file__).parents[1] / "scenarios" / "without-effect" / "project"


@pytest.mark.parametrize("output", ["text", "json"])
def test_each_form(output: str, snapshot: SnapshotAssertion) -> None:
    assert str(ran(PROJECT, "validate", "--all", "-o", output)) == snapshot


@pytest.mark.parametrize(
    "selection",
    [("clinic",), ("-e", "local"), ("-l", "tier=gold"), ("--set", "vars.words=rounds")],
)
def test_what_is_left_out_may_be_what_a_line_is_for(selection: tuple[str, ...]) -> None:
    found = json.loads(ran(PROJECT, "validate", "-o", "json", *selection).out)
    assert {one["code"] for one in found["problems"]} <= {"semantic-vad-doubted", "fell-away"}


def test_a_strict_run_fails_for_it() -> None:
    assert ran(PROJECT, "validate").code == 0
    assert ran(PROJECT, "validate", "--strict").code == 1


def test_no_other_command_looks_for_it() -> None:
    assert ran(PROJECT, "render", "clinic", "-e", "local").err == ""
