"""`validate --files`, as hooks call it: which projects it looks at, and what it says of them."""

from pathlib import Path

import pytest
from syrupy.assertion import SnapshotAssertion

from tests.cli.running import SOUND, Ran, ran, write
from tests.engine.worlds import environ, git, repository_in

WRONG = "extends: base\nsession: {x: 1}\n"
NAMES = ("apps/a", "apps/b")


@pytest.fixture
def two(tmp_path: Path) -> Path:
    """A repository with two projects, both wrong."""
    files = {f"{name}/{file}": text for name in NAMES for file, text in SOUND.items()}
    wrong = {f"{name}/profiles/wrong.yaml": WRONG for name in NAMES}
    folder = tmp_path / "repository"
    folder.mkdir()
    repository_in(folder, {**files, **wrong, "chart.yaml": "a: 1\n", "apps/a/chart.yaml": "a: 1\n"})
    return folder


def validate(folder: Path, *files: str, **more: str) -> Ran:
    return ran(folder, "validate", "--files", *files, environ={**environ(folder), **more})


def told(done: Ran) -> set[str]:
    return {name for name in NAMES if name in done.out}


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ([], set()),
        (["chart.yaml", "apps/a/chart.yaml", "apps/a/README.md", "nowhere/x.yaml"], set()),
        (["apps/a/profiles/clinic.yaml"], {"apps/a"}),
        (["apps/a/voxmint.yaml"], {"apps/a"}),
        (["./apps/b/environments/local.yaml", "apps/b/profiles/base.yaml"], {"apps/b"}),
        (["apps/b/environments/../profiles/base.yaml", "apps/a/voxmint.yaml"], set(NAMES)),
        (["apps/a/environments/notes.txt"], set()),
    ],
)
def test_the_projects_that_have_the_files(two: Path, files: list[str], expected: set[str]) -> None:
    done = validate(two, *files)
    assert told(done) == expected
    assert done.code == int(bool(expected))
    assert done.out.count("error[") == len(expected)


def test_places_are_counted_from_where_it_runs(two: Path, snapshot: SnapshotAssertion) -> None:
    assert str(validate(two, "apps/a/voxmint.yaml")) == snapshot
    assert "┌ profiles/wrong.yaml:2" in validate(two / "apps/a", "profiles/base.yaml").out


def test_what_was_deleted_counts(two: Path) -> None:
    (two / "apps/b/profiles/base.yaml").unlink()
    assert told(validate(two, "chart.yaml")) == {"apps/b"}
    git(two, "commit", "--quiet", "--all", "--message", "gone")
    assert told(validate(two)) == set()
    assert told(validate(two, PRE_COMMIT_FROM_REF="HEAD~1")) == {"apps/b"}


def test_a_project_that_is_gone_as_a_whole(two: Path) -> None:
    git(two, "rm", "-r", "--quiet", "apps/b")
    assert validate(two) == (0, "", "")


def test_folders_of_other_names(two: Path) -> None:
    write(two, {"apps/a/voxmint.yaml": "version: 1\nprofiles: speech\n"})
    git(two, "mv", "apps/a/profiles", "apps/a/speech")
    git(two, "commit", "--quiet", "--all", "--message", "moved")
    write(two, {"apps/a/profiles/x.yaml": ""})
    assert told(validate(two, "apps/a/profiles/x.yaml")) == set()
    assert told(validate(two, "apps/a/speech/base.yaml")) == {"apps/a"}


def test_a_project_file_that_cannot_be_read(two: Path) -> None:
    write(two, {"apps/a/voxmint.yaml": "version: [\n"})
    assert told(validate(two, "apps/a/chart.yaml")) == {"apps/a"}


def test_without_git_and_before_the_first_commit(tmp_path: Path) -> None:
    write(tmp_path, {**SOUND, "profiles/wrong.yaml": WRONG})
    assert validate(tmp_path, "profiles/base.yaml").code == 1
    git(tmp_path, "init", "--quiet")
    assert validate(tmp_path, "profiles/base.yaml").code == 1
    assert validate(tmp_path).code == 0


@pytest.mark.parametrize(
    "more", [("-o", "json"), ("-o", "sarif"), ("--fix",), ("--diff",), ("-e", "local")]
)
def test_what_does_not_go_with_files(two: Path, more: tuple[str, ...]) -> None:
    done = validate(two, *more, "apps/a/voxmint.yaml")
    assert (done.code, done.out) == (64, "")
    assert "`--files` looks at whole projects" in done.err


def test_notes_beside_the_lines(two: Path) -> None:
    done = validate(two, "-o", "github", *(f"{name}/voxmint.yaml" for name in NAMES))
    assert [f"file={name}/profiles/wrong.yaml,line=2" in done.out for name in NAMES] == [True] * 2
