"""What docs/emulator.md says that no command there shows: options, routes, bounds."""

import json
import re
import shlex
from pathlib import Path

import pytest

from tests.engine.emulator.talking import counts
from voxmint.cli.emulator import command
from voxmint.engine.emulator import Emulator, Limits, Options, faults_of
from voxmint.engine.emulator.control import CONTROLS
from voxmint.engine.emulator.faults import MOST, MOST_LETTERS, fault_in
from voxmint.engine.emulator.services import SERVICES

PAGE = (Path(__file__).parents[3] / "docs/emulator.md").read_text("utf-8")
COMMANDS = re.findall(r"^voxmint emulator.*$", PAGE, re.MULTILINE)


def test_the_page_shows_commands() -> None:
    assert len(COMMANDS) > 5


@pytest.mark.parametrize("line", COMMANDS)
def test_every_command_line_can_be_given(line: str) -> None:
    arguments = shlex.split(line, comments=True)[2:]
    given = command.make_context("emulator", arguments).params

    assert len(faults_of(given["faults"])) == line.count("--fault ")


def test_every_control_request_can_be_sent() -> None:
    bodies = [json.loads(body) for body in re.findall(r"-d '(.*?)'", PAGE, re.DOTALL)]

    assert [fault_in(body).kind for body in bodies] == ["503", "429"]
    assert set(bodies[1]) == set(fault_in(bodies[1]).content())


def test_every_control_route_is_listed() -> None:
    listed = re.findall(r"^\| `([A-Z]+) (/_emulator/\w+)`", PAGE, re.MULTILINE)

    assert listed == [(method, path) for method, path, _ in CONTROLS]


def test_every_path_is_listed() -> None:
    for service in SERVICES.values():
        assert all(f"`{service.path(api)}`" in PAGE for api in service.apis)


def test_every_count_is_explained() -> None:
    with Emulator(Options()) as emulator:
        found = counts(emulator)
    section = PAGE.partition("## Counts")[2].partition("## What")[0]
    explained = set(re.findall(r"`(\w+)`", section))

    named = {*found, *found["connections"], *found["bytes"]}
    assert named - {"object"} == explained - {"rate_limit"}


def test_the_bounds_are_those_that_hold() -> None:
    limits = Limits()
    kib = 1024
    rows = [
        f"| connections | {limits.connections} |",
        f"silent for longest, {limits.spare_seconds} s or more, gives way",
        f"| headers | {limits.headers}, and {limits.head_bytes // kib} KiB with the first line |",
        f"| body | {limits.body_bytes // kib} KiB, and {limits.chunks:,} chunks | 413 |",
        f"| requests over {limits.light_bytes // kib} KiB, together |",
        f"together | {limits.store_bytes // kib // kib} MiB | 503 |",
        f"| time until a request has arrived | {limits.request_seconds} s | 408 |",
        f"| time in which nothing of an answer is taken | {limits.answer_seconds} s |",
        f"| silence between requests | {limits.idle_seconds} s |",
        f"An emulator keeps {MOST} faults at most.",
        f"Their patterns have {MOST_LETTERS:,} characters at most, all together.",
    ]

    assert [row for row in rows if row not in PAGE] == []
