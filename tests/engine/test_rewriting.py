"""Edits of a project's own files on the disk: all of them or none, and nothing else about them."""

import os
import stat
from pathlib import Path

import pytest

from tests.engine.worlds import IS_ROOT, ordinary_folder, problem_of, run
from voxmint.engine.rewriting import (
    HAS_LINK,
    IS_LINK,
    IS_READ_ONLY,
    files_to_leave,
    rewrite,
    staged,
)
from voxmint.problems import ProblemsError
from voxmint.profiles.fixing import Edit

EDITS = [Edit(f"profiles/{name}.yaml", f"a: {name}\n", "{}\n") for name in ("a", "b", "c")]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "profiles").mkdir()
    for edit in EDITS:
        (tmp_path / edit.file).write_text(edit.before)
    return tmp_path


def contents(project: Path) -> dict[str, bytes]:
    files = (path for path in project.rglob("*") if path.is_file())
    return {path.relative_to(project).as_posix(): path.read_bytes() for path in files}


def refused(project: Path, edits: list[Edit]) -> list[str]:
    """The codes that a rewrite is refused with; it must leave everything as it is."""
    before = contents(project)
    with pytest.raises(ProblemsError) as failure:
        rewrite(project, edits)
    assert contents(project) == before
    return [problem.code for problem in failure.value.problems]


def test_all_files_are_written(project: Path) -> None:
    rewrite(project, EDITS)
    assert contents(project) == {edit.file: b"{}\n" for edit in EDITS}


def test_mode_owner_mark_and_line_ends_stay(project: Path) -> None:
    path = project / EDITS[0].file
    path.write_bytes(b"\xef\xbb\xbfa: 1\r\nb: 2\r\n")
    path.chmod(0o640)
    before = path.stat()
    rewrite(project, [Edit(EDITS[0].file, "a: 1\r\nb: 2\r\n", "a: 1\r\n")])
    after = path.stat()
    assert path.read_bytes() == b"\xef\xbb\xbfa: 1\r\n"
    assert stat.S_IMODE(after.st_mode) == 0o640
    assert (after.st_uid, after.st_gid) == (before.st_uid, before.st_gid)


@pytest.mark.skipif(not IS_ROOT, reason="only root can give a file away")
def test_the_owner_stays_where_it_is_another(project: Path) -> None:
    path = project / EDITS[0].file
    os.chown(path, 12345, 23456)
    rewrite(project, EDITS)
    assert (path.stat().st_uid, path.stat().st_gid) == (12345, 23456)


@pytest.mark.parametrize("number", [0, 2])
def test_a_file_that_was_changed_stops_all(project: Path, number: int) -> None:
    (project / EDITS[number].file).write_text("a: other\n")
    assert refused(project, EDITS) == ["file-changed"]


def test_a_file_that_is_gone_stops_all(project: Path) -> None:
    (project / EDITS[1].file).unlink()
    assert refused(project, EDITS) == ["file-changed"]


def test_a_file_that_became_a_link_stops_all(project: Path) -> None:
    path = project / EDITS[2].file
    path.rename(project / "elsewhere.yaml")
    path.symlink_to("../elsewhere.yaml")
    assert refused(project, EDITS) == ["file-is-symlink"]


def test_a_path_that_leaves_the_project_is_refused(project: Path) -> None:
    inner = project / "profiles"
    assert refused(inner, [Edit("../profiles/../voxmint.yaml", "a", "b")]) == ["path-outside"]


def test_a_file_that_is_changed_at_the_last_moment_stops_all(project: Path) -> None:
    with staged(project, EDITS) as switch:
        (project / EDITS[2].file).write_text("a: other\n")
        with pytest.raises(ProblemsError) as failure:
            switch()
    assert problem_of(failure).code == "file-changed"
    assert {path.name: path.read_text() for path in (project / "profiles").iterdir()} == {
        "a.yaml": "a: a\n",
        "b.yaml": "a: b\n",
        "c.yaml": "a: other\n",
    }


def test_what_is_in_place_is_changed_back_where_a_later_file_cannot_be(project: Path) -> None:
    before = contents(project)
    with staged(project, EDITS) as switch:
        [last] = (project / "profiles").glob("c.yaml.*.tmp")
        last.unlink()
        with pytest.raises(ProblemsError) as failure:
            switch()
    assert problem_of(failure).code == "file-unwritable"
    assert contents(project) == before


def test_what_is_not_put_in_place_leaves_nothing(project: Path) -> None:
    before = contents(project)
    with staged(project, EDITS):
        assert len(list((project / "profiles").glob("*.tmp"))) == len(EDITS)
    assert contents(project) == before


UNWRITABLE = """
from pathlib import Path
import sys
from voxmint.engine.rewriting import rewrite
from voxmint.problems import ProblemsError
from voxmint.profiles.fixing import Edit
project = Path(sys.argv[1])
for name in "abc":
    (project / name).mkdir()
    (project / name / "p.yaml").write_text("a: 1\\n")
(project / "c").chmod(0o555)
try:
    rewrite(project, [Edit(f"{name}/p.yaml", "a: 1\\n", "{}\\n") for name in "abc"])
except ProblemsError as failure:
    print(*(problem.code for problem in failure.problems))
(project / "c").chmod(0o755)
print(*sorted(path.relative_to(project).as_posix() for path in project.rglob("*.*")))
print(*{path.read_text().strip() for path in project.rglob("*.*")})
"""


def test_a_folder_that_cannot_be_written_to_stops_all() -> None:
    with ordinary_folder() as folder:
        said = run(UNWRITABLE, folder, ordinary=True).splitlines()
    assert said == ["file-unwritable", "a/p.yaml b/p.yaml c/p.yaml", "a: 1"]


# ── files that are left alone ────────────────────────────────────────────────────────────────────


def test_links_and_what_they_lead_to_are_left_alone(project: Path) -> None:
    (project / "profiles" / "link.yaml").symlink_to("a.yaml")
    (project / "outer.yaml").write_text("a: 1\n")
    (project / "profiles" / "away.yaml").symlink_to("../outer.yaml")
    names = ("a", "b", "c", "link", "away")
    left = files_to_leave(project, [f"profiles/{name}.yaml" for name in names])
    assert left == {
        "profiles/a.yaml": HAS_LINK,
        "profiles/link.yaml": IS_LINK,
        "profiles/away.yaml": IS_LINK,
    }


def test_a_file_that_nobody_may_write_to_is_left_alone(project: Path) -> None:
    (project / "profiles" / "b.yaml").chmod(0o444)
    left = files_to_leave(project, [edit.file for edit in EDITS])
    assert left == {"profiles/b.yaml": IS_READ_ONLY}


def test_a_folder_that_is_a_link_is_no_reason(project: Path) -> None:
    (project / "real").mkdir()
    (project / "real" / "p.yaml").write_text("a: 1\n")
    (project / "linked").symlink_to("real")
    assert files_to_leave(project, ["linked/p.yaml"]) == {}
    rewrite(project, [Edit("linked/p.yaml", "a: 1\n", "{}\n")])
    assert (project / "real" / "p.yaml").read_text() == "{}\n"
