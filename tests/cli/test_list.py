"""What `list` shows."""

import json
from pathlib import Path
from typing import Any

from syrupy.assertion import SnapshotAssertion

from tests.cli.running import Encoded, Terminal, ran, write


def test_the_table(sound: Path, snapshot: SnapshotAssertion) -> None:
    write(sound, {"environments/staging.yaml": "extends: production\n"})
    assert str(ran(sound, "list")) == snapshot


def test_json(sound: Path, snapshot: SnapshotAssertion) -> None:
    assert str(ran(sound, "list", "-o", "json")) == snapshot


def test_mistakes_in_what_is_sent_do_not_matter(broken: Path) -> None:
    found = ran(broken, "list")
    assert (found.code, found.err) == (0, "")


def test_what_cannot_be_made_out_is_missing_and_said(sound: Path) -> None:
    write(sound, {"profiles/torn.yaml": "extends: [base", "profiles/child.yaml": "extends: torn\n"})
    found = ran(sound, "list", "-o", "json")
    content: Any = json.loads(found.out)
    assert [one["name"] for one in content["profiles"]] == ["base", "call-center/german", "clinic"]
    assert found.code == 1
    assert "error[bad-yaml]" in found.err
    assert "profiles/torn.yaml:" in found.err


def test_a_folder_that_is_missing_is_said(sound: Path) -> None:
    write(sound, {"voxmint.yaml": "version: 1\nenvironments: where\n"})
    found = ran(sound, "list")
    assert found.code == 1
    assert "error[missing-folder]: there is no folder `where`" in found.err


def test_an_empty_project(tmp_path: Path, snapshot: SnapshotAssertion) -> None:
    write(tmp_path, {"voxmint.yaml": "version: 1\n", "profiles/a.txt": "", "environments/b": ""})
    assert str(ran(tmp_path, "list")) == snapshot


def test_ascii(sound: Path) -> None:
    found = ran(sound, "list", stream=lambda: Encoded("ascii"))
    assert "call-center/german  base     tier=silver" in found.out
    assert found.out.isascii()


def test_on_a_narrow_terminal_each_has_lines_of_its_own(
    sound: Path, snapshot: SnapshotAssertion
) -> None:
    found = ran(sound, "list", environ={"COLUMNS": "40", "NO_COLOR": "1"}, stream=Terminal)
    assert max(map(len, found.out.splitlines())) <= 80
    assert found.out == snapshot
    piped = ran(sound, "list", environ={"COLUMNS": "40"})
    assert piped.out == ran(sound, "list").out
