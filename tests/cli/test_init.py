"""What `init` writes, and what it leaves alone."""

import json
from pathlib import Path

import pytest
from syrupy.assertion import SnapshotAssertion

from tests.cli.running import ran, write
from voxmint.cli.init import files


def snapshot_of(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): path.read_text(encoding="utf-8")
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_a_new_project(tmp_path: Path, snapshot: SnapshotAssertion) -> None:
    assert str(ran(tmp_path, "init")) == snapshot
    made = snapshot_of(tmp_path)
    assert {
        name: text for name, text in made.items() if not name.startswith("schemas/")
    } == snapshot
    assert str(ran(tmp_path, "validate", "-v", "--strict")) == snapshot


def test_a_folder_that_is_not_there_yet(tmp_path: Path) -> None:
    found = ran(tmp_path, "init", "deep/down")
    assert found.code == 0
    assert "voxmint -C deep/down mint -e local" in found.out
    assert ran(tmp_path, "-C", "deep/down", "validate").code == 0


def test_what_is_there_is_kept(tmp_path: Path) -> None:
    mine = {".gitignore": "*.log\n", "profiles/base.yaml": "abstract: true\n", "notes.txt": "x"}
    write(tmp_path, mine)
    found = ran(tmp_path, "init")
    assert found.code == 0
    assert mine.items() <= snapshot_of(tmp_path).items()
    assert "kept  profiles/base.yaml\n" in found.out
    assert found.err == (
        "add to .gitignore, so that no token is committed:\n  .env.*\n  .voxmint/\n"
    )


def test_a_gitignore_that_has_the_lines_needs_no_word(tmp_path: Path) -> None:
    write(tmp_path, {".gitignore": "/.env*\n  .voxmint\n"})
    assert ran(tmp_path, "init").err == ""


def test_again_changes_nothing(tmp_path: Path) -> None:
    ran(tmp_path, "init")
    before = snapshot_of(tmp_path)
    found = ran(tmp_path, "init")
    assert (found.code, found.err) == (0, "")
    assert "made" not in found.out
    assert snapshot_of(tmp_path) == before


def test_a_project_of_somebody_else_gets_no_files(sound: Path) -> None:
    before = snapshot_of(sound)
    found = ran(sound, "init")
    assert found.code == 0
    assert found.out.startswith("voxmint.yaml is there already: nothing was written\n")
    assert snapshot_of(sound) == before


def test_a_link_to_nowhere_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "project").mkdir()
    (tmp_path / "project" / ".gitignore").symlink_to(tmp_path / "elsewhere")
    assert ran(tmp_path / "project", "init").code == 0
    assert not (tmp_path / "elsewhere").exists()


def test_a_file_in_the_way(tmp_path: Path) -> None:
    write(tmp_path, {"profiles": "not a folder"})
    found = ran(tmp_path, "init")
    assert (found.code, found.err) == (
        1,
        f"error: `{tmp_path}/profiles` is not a folder; nothing was written\n",
    )


def test_quiet(tmp_path: Path) -> None:
    assert ran(tmp_path, "init", "-q") == (0, "", "")


def test_every_file_names_its_schema_which_is_there(tmp_path: Path) -> None:
    ran(tmp_path, "init")
    for file in files():
        if file.path.endswith(".yaml"):
            first = file.text.splitlines()[0]
            schema = first.removeprefix("# yaml-language-server: $schema=")
            content = json.loads((tmp_path / file.path).parent.joinpath(schema).read_text())
            assert content["$schema"] == "https://json-schema.org/draft/2020-12/schema"


def test_both_environments_can_be_rendered(tmp_path: Path) -> None:
    ran(tmp_path, "init")
    found = ran(tmp_path, "render", "*", "-e", "local", "-e", "production", "-o", "ndjson")
    bodies = [json.loads(line) for line in found.out.splitlines()]
    assert [(one["environment"], one["profile"]) for one in bodies] == [
        ("local", "dictation"),
        ("local", "hotline"),
        ("production", "dictation"),
        ("production", "hotline"),
    ]
    assert bodies[0]["body"]["turn_detection"] is None


@pytest.mark.parametrize("is_link", [False, True], ids=["file", "link"])
def test_nothing_is_written_where_a_folder_is_none(tmp_path: Path, is_link: bool) -> None:
    (tmp_path / "outside").mkdir()
    project = tmp_path / "project"
    project.mkdir()
    if is_link:
        (project / "profiles").symlink_to("../outside")
    else:
        (project / "profiles").write_text("no folder")
    found = ran(project, "init")
    assert found.code == 1
    assert found.err.startswith("error: `")
    assert found.err.rstrip().endswith("is not a folder; nothing was written")
    assert [path.name for path in project.iterdir()] == ["profiles"]
    assert list((tmp_path / "outside").iterdir()) == []
