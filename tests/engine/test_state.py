import os
from pathlib import Path

import pytest

from tests.engine.worlds import (
    IS_ROOT,
    NOBODY,
    environ,
    git,
    ordinary_folder,
    problem_of,
    repository_in,
    run,
)
from voxmint.engine.state import found_state, made_state
from voxmint.problems import ProblemsError


@pytest.fixture
def project(tmp_path: Path) -> Path:
    project = tmp_path.resolve() / "project"
    project.mkdir()
    return project


def refusal(project: Path, **more: str) -> str:
    with pytest.raises(ProblemsError) as error:
        made_state(project, environ(project) | more)
    with pytest.raises(ProblemsError) as again:
        found_state(project, environ(project) | more)
    assert problem_of(again) == problem_of(error)
    return f"{problem_of(error).code}: {problem_of(error).message}"


def test_the_projects_own_folder_is_private_and_ignores_itself(project: Path) -> None:
    repository_in(project, {"voxmint.yaml": "version: 1\n"})
    state = made_state(project, environ(project))
    assert state.path == project / ".voxmint"
    assert state.path.stat().st_mode & 0o777 == 0o700
    state.ledger.touch()
    assert git(project, "status", "--porcelain", "--untracked-files=all") == ""


def test_making_it_twice_changes_nothing(project: Path) -> None:
    made_state(project, environ(project))
    (project / ".voxmint/.gitignore").write_text("mine\n")
    state = made_state(project, environ(project))
    assert (state.path / ".gitignore").read_text() == "mine\n"
    assert found_state(project, environ(project)) == state


def test_a_gitignore_that_a_full_disk_left_empty_is_written_again(project: Path) -> None:
    folder = made_state(project, environ(project)).path
    (folder / ".gitignore").write_bytes(b"")
    made_state(project, environ(project))
    assert (folder / ".gitignore").read_text() == "*\n"


def test_looking_for_it_makes_nothing(project: Path) -> None:
    assert found_state(project, environ(project)) is None
    assert list(project.iterdir()) == []


def test_the_operator_can_put_it_elsewhere(project: Path, tmp_path: Path) -> None:
    elsewhere = str(tmp_path.resolve() / "elsewhere")
    state = made_state(project, environ(project) | {"VOXMINT_STATE_DIR": elsewhere})
    assert str(state.path) == elsewhere
    assert (state.path / ".gitignore").read_text() == "*\n"
    assert list(project.iterdir()) == []


def test_a_relative_place_is_relative_to_the_project(project: Path) -> None:
    state = made_state(project, environ(project) | {"VOXMINT_STATE_DIR": "../state"})
    assert state.path == project.parent / "state"


def test_an_empty_variable_says_nothing(project: Path) -> None:
    state = made_state(project, environ(project) | {"VOXMINT_STATE_DIR": ""})
    assert state.path == project / ".voxmint"


def test_a_folder_that_was_there_gets_no_gitignore(project: Path) -> None:
    (project / "deploy").mkdir()
    made_state(project, environ(project) | {"VOXMINT_STATE_DIR": "deploy"})
    assert list((project / "deploy").iterdir()) == []


def test_a_folder_elsewhere_may_be_reached_through_a_link(project: Path, tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    named = {"VOXMINT_STATE_DIR": str(tmp_path / "link")}
    assert made_state(project, environ(project) | named).path == tmp_path.resolve() / "real"


def test_a_folder_that_git_tracks_anything_in_is_refused(project: Path) -> None:
    repository_in(project, {".voxmint/ledger.db": "came with the clone"})
    assert refusal(project) == (
        f"state-tracked: git tracks files in the state folder `{project}/.voxmint`"
    )
    (project / ".voxmint/ledger.db").unlink()
    assert refusal(project).startswith("state-tracked")
    assert refusal(project, VOXMINT_STATE_DIR=".voxmint").startswith("state-tracked")


@pytest.mark.parametrize("where", ["inside", "../outside", "nowhere"])
def test_a_symlink_is_refused(project: Path, tmp_path: Path, where: str) -> None:
    (project / "inside").mkdir()
    (tmp_path / "outside").mkdir()
    (project / ".voxmint").symlink_to(where)
    assert refusal(project) == (f"state-unsafe: the state folder `{project}/.voxmint` is a symlink")
    assert list((tmp_path / "outside").iterdir()) == []


def test_a_folder_that_everybody_can_write_to_is_refused(project: Path) -> None:
    (project / ".voxmint").mkdir()
    (project / ".voxmint").chmod(0o777)
    said = "can be written to by everybody on this machine"
    assert refusal(project) == f"state-unsafe: the state folder `{project}/.voxmint` {said}"
    assert refusal(project, VOXMINT_STATE_DIR=".voxmint").endswith(said)


def test_a_file_is_no_folder(project: Path) -> None:
    (project / ".voxmint").touch()
    assert refusal(project).endswith("is not a folder")


@pytest.mark.skipif(not IS_ROOT, reason="only root can make another user's folder")
def test_another_users_folder_is_refused_unless_the_operator_names_it(project: Path) -> None:
    (project / ".voxmint").mkdir()
    os.chown(project / ".voxmint", NOBODY, NOBODY)
    assert refusal(project).endswith(f"belongs to another user (number {NOBODY})")
    named = {"VOXMINT_STATE_DIR": ".voxmint"}
    assert made_state(project, environ(project) | named).path == project / ".voxmint"


def test_a_project_that_cannot_be_written_to_is_said_with_a_way_on() -> None:
    script = """
import sys
from pathlib import Path
project = Path(sys.argv[1])
print(state.found_state(project, {}))
try:
    state.made_state(project, {})
except Exception as error:
    print(error, error.problems[0].hint, sep="\\n")
"""
    with ordinary_folder() as folder:
        folder.chmod(0o555)
        assert run(script, folder, ordinary=True).splitlines() == [
            "None",
            f"the state folder `{folder}/.voxmint` cannot be used: permission denied",
            "set VOXMINT_STATE_DIR to a folder that this user can write to",
        ]


def test_a_missing_parent_is_said(project: Path) -> None:
    with pytest.raises(ProblemsError) as error:
        made_state(project, environ(project) | {"VOXMINT_STATE_DIR": "/nonexistent/state"})
    assert problem_of(error).code == "state-unusable"


def test_files_are_known_by_where_the_ledger_moves_with_them(project: Path, tmp_path: Path) -> None:
    own = made_state(project, environ(project))
    assert own.address(project / "run/.env") == "run/.env"
    assert own.address(Path("/srv/.env")) == "/srv/.env"
    shared = made_state(project, environ(project) | {"VOXMINT_STATE_DIR": str(tmp_path / "shared")})
    assert shared.address(project / "run/.env") == str(project / "run/.env")
