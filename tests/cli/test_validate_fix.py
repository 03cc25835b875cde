"""`validate --fix`: what it removes on the disk, what it says, and what it refuses.

`tests/scenarios/dead-lines` holds a project with lines without effect in every layout; `fixed` is
what becomes of it, byte for byte.
"""

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from syrupy.assertion import SnapshotAssertion

from tests.cli.running import Terminal, process, ran, write
from voxmint.profiles.idle import REMOVABLE

SCENARIO = Path(__file__).parents[1] / "scenarios" / "dead-lines"
EXAMPLE = Path(__file__).parents[2] / "examples" / "clinic"
DEAD = "extends: base\nvars: {nobody: 1}\n"


@pytest.fixture
def dead(tmp_path: Path) -> Path:
    """The scenario's project, to be edited."""
    return shutil.copytree(SCENARIO / "project", tmp_path / "project")


def contents(folder: Path) -> Mapping[str, bytes]:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


def bodies(folder: Path) -> list[str]:
    """All that would be sent, in every environment."""
    return [
        ran(folder, "render", "-e", name, "-o", "ndjson", "*").out
        for name in ("local", "production")
    ]


def test_dead_lines_go_and_every_body_stays(
    dead: Path, snapshot: SnapshotAssertion, pytestconfig: pytest.Config
) -> None:
    before = bodies(dead)
    found = ran(dead, "validate", "--fix", "-v")
    assert str(found) == snapshot
    if pytestconfig.getoption("update_snapshots"):
        shutil.rmtree(SCENARIO / "fixed", ignore_errors=True)
        shutil.copytree(dead, SCENARIO / "fixed")
    assert contents(dead) == contents(SCENARIO / "fixed")
    assert bodies(dead) == before


def test_a_second_run_finds_nothing_more(dead: Path, snapshot: SnapshotAssertion) -> None:
    ran(dead, "validate", "--fix")
    before = contents(dead)
    found = ran(dead, "validate", "--fix")
    assert found.out.splitlines()[-4:] == snapshot
    assert contents(dead) == before


def test_diff_writes_nothing(dead: Path, snapshot: SnapshotAssertion) -> None:
    before = contents(dead)
    found = ran(dead, "validate", "--diff")
    assert str(found) == snapshot
    assert str(ran(dead, "validate", "--fix", "--diff")) == str(found)
    assert contents(dead) == before


def test_diff_in_colours_and_from_another_folder(sound: Path, snapshot: SnapshotAssertion) -> None:
    write(sound, {"profiles/p.yaml": DEAD.replace("{nobody", "{no\u202ebody")})
    found = ran(sound / "profiles", "--color", "always", "validate", "--diff", stream=Terminal)
    assert found.out == snapshot
    assert "\u202e" not in found.out + found.err


def test_without_fix_the_summary_says_what_could_go(sound: Path) -> None:
    write(sound, {"profiles/p.yaml": DEAD})
    offer = "1 of these can be removed with --fix"
    assert ran(sound, "validate").out.splitlines()[-1] == offer
    assert offer not in ran(sound, "validate", "p").out
    assert offer not in ran(sound, "validate", "--fix").out
    write(sound, {"profiles/p.yaml": DEAD, "profiles/q.yaml": "nonsense: 1\n"})
    assert offer not in ran(sound, "validate").out


@pytest.mark.parametrize("output", ["json", "sarif", "github"])
def test_other_forms(dead: Path, output: str, snapshot: SnapshotAssertion) -> None:
    found = ran(dead, "validate", "--fix", "-o", output)
    assert contents(dead) == contents(SCENARIO / "fixed")
    assert found.err == snapshot
    if output == "json":
        content: Any = json.loads(found.out)
        assert content["fixed"] == snapshot
        assert content["left"] == snapshot
        removable = {kind.code for kind in REMOVABLE}
        codes = [one["code"] for one in content["problems"] if one["code"] in removable]
        assert codes == [one["code"] for one in content["left"]] == ["unused-var"]


def test_nothing_to_remove(sound: Path) -> None:
    before = contents(sound)
    found = ran(sound, "validate", "--fix")
    assert found.out.splitlines()[-1] == "--fix found nothing to remove"
    assert ran(sound, "validate", "--fix", "-q") == (0, "", "")
    assert ran(sound, "validate", "--diff").out == ""
    assert contents(sound) == before


def test_with_errors_nothing_is_removed(broken: Path) -> None:
    write(broken, {"profiles/p.yaml": DEAD})
    before = contents(broken)
    for option in ("--fix", "--diff"):
        found = ran(broken, "validate", option)
        said = (found.out + found.err).splitlines()[-1]
        assert found.code == 1
        assert "error[unknown-key]" in found.out
        assert said.startswith("nothing was removed: with errors")
    content: Any = json.loads(ran(broken, "validate", "--fix", "-o", "json").out)
    assert (content["fixed"], content["left"]) == ([], [])
    assert contents(broken) == before


def test_errors_of_sinks_count_too(sound: Path) -> None:
    text = "provider: {kind: emulator}\nsinks: [{kind: dotnev, path: .env}]\n"
    write(sound, {"environments/local.yaml": text, "profiles/p.yaml": DEAD})
    assert ran(sound, "validate", "--fix").code == 1
    assert (sound / "profiles/p.yaml").read_text() == DEAD


def test_the_code_is_that_of_what_is_left(sound: Path) -> None:
    write(sound, {"profiles/p.yaml": DEAD})
    assert ran(sound, "validate", "--diff", "--strict").code == 1
    assert ran(sound, "validate", "--strict").code == 1
    assert ran(sound, "validate", "--fix", "--strict").code == 0
    assert ran(sound, "validate", "--diff", "--strict") == (
        0,
        "",
        "--fix found nothing to remove\n",
    )


@pytest.mark.parametrize(
    "arguments",
    [
        ["clinic"],
        ["-e", "local"],
        ["-l", "tier=gold"],
        ["--set", "session.turn_detection=null"],
        ["--api", "client_secrets"],
    ],
)
def test_only_the_whole_project_can_be_fixed(sound: Path, arguments: list[str]) -> None:
    for option in ("--fix", "--diff"):
        found = ran(sound, "validate", option, *arguments)
        assert (found.code, found.out) == (64, "")
        assert found.err.startswith(f"error: {option} takes no profiles or environments")


def test_diff_has_a_form_of_its_own(sound: Path) -> None:
    found = ran(sound, "validate", "--diff", "-o", "json")
    assert (found.code, found.out) == (64, "")
    assert found.err == "error: --diff is a form of output itself, and takes no `-o json`\n"


def test_what_a_link_stands_for_is_left_alone(sound: Path) -> None:
    write(sound, {"profiles/p.yaml": DEAD})
    (sound / "profiles/q.yaml").symlink_to("p.yaml")
    found = ran(sound, "validate", "--fix")
    assert found.code == 0
    assert (sound / "profiles/p.yaml").read_text() == DEAD
    assert "the file is a symlink, and only real files are edited" in found.out
    assert "a symlink of the project leads to the file" in found.out


def test_as_a_process(dead: Path) -> None:
    found = process(dead, "validate", "--fix")
    assert (found.code, found.err) == (0, "")
    assert contents(dead) == contents(SCENARIO / "fixed")


UNUSED = (
    "nobody: 1\n",
    "nobody: [1,\n    {a: b}]   # why\n",
    "nobody: |\n    one\n\n    two\n",
)


def test_dead_lines_in_every_profile_of_the_example(tmp_path: Path) -> None:
    """Each profile says again what it has, in one style or another; all of that goes again."""
    ignored = shutil.ignore_patterns(".voxmint", ".env*")
    folder = shutil.copytree(EXAMPLE, tmp_path / "clinic", ignore=ignored)
    before = contents(folder)
    for number, path in enumerate(sorted((folder / "profiles").rglob("*.yaml"))):
        text = path.read_text(encoding="utf-8")
        if "vars:" not in text:
            path.write_text(f"vars:\n  {UNUSED[number % 3]}{text}", encoding="utf-8")
    assert contents(folder) != before
    found = ran(folder, "validate", "--fix")
    assert "removed" in found.out
    assert contents(folder) == before
