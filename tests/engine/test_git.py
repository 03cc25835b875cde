import os
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from tests.engine.worlds import IS_ROOT, NOBODY, environ, git, problem_of, repository_in
from voxmint.engine.git import Absence, Head, Repository, repository
from voxmint.problems import ProblemsError

PATHS = ["voxmint.yaml", "profiles", "environments"]
FILES = {
    "voxmint.yaml": "version: 1\n",
    "profiles/clinic.yaml": "session: {}\n",
    "environments/local.yaml": "provider: emulator\n",
    ".gitignore": ".env.*\n!.env.example\n",
    "README.md": "hello\n",
}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    project = tmp_path.resolve() / "project"
    project.mkdir()
    return project


@pytest.fixture
def commit(project: Path) -> str:
    return repository_in(project, FILES)


def of(folder: Path, **more: str) -> Repository:
    found = repository(folder, environ(folder) | more)
    assert isinstance(found, Repository)
    return found


def head(project: Path) -> Head | None:
    return of(project).head(project, PATHS)


def test_a_clean_checkout(project: Path, commit: str) -> None:
    assert head(project) == Head(commit, dirty=False)


def edit(project: Path) -> None:
    (project / "profiles/clinic.yaml").write_text("session: {include: []}\n")


def add(project: Path) -> None:
    (project / "profiles/ward.yaml").touch()


def delete(project: Path) -> None:
    (project / "profiles/clinic.yaml").unlink()


def delete_folder(project: Path) -> None:
    shutil.rmtree(project / "environments")


def stage_and_undo_in_the_index(project: Path) -> None:
    edit(project)
    git(project, "add", "--all")


def hide_the_change_from_status(project: Path) -> None:
    git(project, "update-index", "--assume-unchanged", "profiles/clinic.yaml")
    edit(project)


def link(project: Path) -> None:
    (project / "profiles/clinic.yaml").unlink()
    (project / "profiles/clinic.yaml").symlink_to("../voxmint.yaml")


@pytest.mark.parametrize(
    "change",
    [
        edit,
        add,
        delete,
        delete_folder,
        stage_and_undo_in_the_index,
        hide_the_change_from_status,
        link,
    ],
)
def test_a_change_of_what_is_compiled_makes_it_dirty(
    project: Path, commit: str, change: Callable[[Path], None]
) -> None:
    change(project)
    assert head(project) == Head(commit, dirty=True)


def test_other_changes_do_not(project: Path, commit: str) -> None:
    (project / "README.md").write_text("changed\n")
    (project / "profiles/notes.md").touch()
    (project / "profiles/.hidden.yaml").touch()
    (project / "profiles/clinic.yaml").touch()
    (project / "profiles/clinic.yaml").chmod(0o755)
    assert head(project) == Head(commit, dirty=False)


def test_line_ends_that_git_may_have_made_do_not(project: Path, commit: str) -> None:
    (project / "profiles/clinic.yaml").write_bytes(b"session: {}\r\n")
    assert head(project) == Head(commit, dirty=False)


def test_a_committed_link_is_compared_as_a_link(project: Path) -> None:
    (project / "common.yaml").write_text("session: {}\n")
    (project / "profiles").mkdir()
    (project / "profiles/linked.yaml").symlink_to("../common.yaml")
    commit = repository_in(project, FILES)
    assert head(project) == Head(commit, dirty=False)


def test_a_project_in_a_folder_of_a_repository(project: Path) -> None:
    commit = repository_in(project, {f"services/voice/{name}": FILES[name] for name in FILES})
    inner = project / "services/voice"
    assert of(inner).head(inner, PATHS) == Head(commit, dirty=False)
    add(inner)
    assert of(inner).head(inner, PATHS) == Head(commit, dirty=True)


def test_hidden_folders_that_the_project_names_count(project: Path) -> None:
    commit = repository_in(project, {".voice/clinic.yaml": "x\n", ".voice/.draft.yaml": "x\n"})
    assert of(project).head(project, [".voice"]) == Head(commit, dirty=False)


def test_a_repository_whose_names_are_sha256(project: Path) -> None:
    git(project, "init", "--quiet", "--object-format=sha256")
    commit = repository_in(project, FILES)
    assert len(commit) == 64
    assert head(project) == Head(commit, dirty=False)


def test_names_that_git_would_quote(project: Path) -> None:
    name = os.fsdecode(b'profiles/\xff "\n.yaml')
    commit = repository_in(project, {name: "x\n"})
    assert head(project) == Head(commit, dirty=False)


def test_before_the_first_commit_there_is_no_head(project: Path) -> None:
    git(project, "init", "--quiet")
    assert head(project) is None


def test_a_linked_work_tree_has_its_own_head(project: Path, commit: str, tmp_path: Path) -> None:
    other = tmp_path / "other"
    git(project, "worktree", "add", "--quiet", str(other))
    add(project)
    assert of(other).head(other, PATHS) == Head(commit, dirty=False)


def test_nobody_to_ask(project: Path) -> None:
    assert repository(project, environ(project)) is Absence.NO_REPOSITORY
    git(project, "init", "--quiet")
    assert repository(project, {"PATH": str(project)}) is Absence.NO_GIT


@pytest.mark.usefixtures("commit")
def test_tracked_and_ignored(project: Path) -> None:
    git_here = of(project)
    names = ("README.md", "profiles", ".env.local", "none", ".")
    assert [git_here.tracked(project / name) for name in names] == [True, True, False, False, True]
    names = (".env.local", "a/.env.x", ".env.example", ".env", "README.md")
    assert [git_here.ignored(project / name) for name in names] == [True, True, *[False] * 3]


@pytest.mark.usefixtures("commit")
def test_a_file_that_was_added_is_tracked_before_it_is_committed(project: Path) -> None:
    (project / ".env.local").touch()
    git(project, "add", "--force", ".env.local")
    assert of(project).tracked(project / ".env.local")
    assert not of(project).ignored(project / ".env.local")


@pytest.mark.usefixtures("commit")
def test_names_are_not_patterns(project: Path) -> None:
    assert not of(project).tracked(project / "*.md")
    assert not of(project).tracked(project / ":(top)README.md")
    assert not of(project).ignored(project / ":(top).env.local")
    assert of(project).ignored(project / ".env.*")


@pytest.mark.usefixtures("commit")
def test_the_users_own_list_of_what_to_ignore_counts(project: Path) -> None:
    (project / ".config/git").mkdir(parents=True)
    (project / ".config/git/ignore").write_text("*.secret\n")
    assert of(project).ignored(project / "x.secret")


@pytest.mark.usefixtures("commit")
def test_the_callers_own_git_variables_do_not_count(project: Path) -> None:
    other = project / "other"
    other.mkdir()
    git(other, "init", "--quiet")
    asked = of(project, GIT_DIR=str(other / ".git"), GIT_WORK_TREE=str(other))
    assert asked.tracked(project / "README.md")
    named = of(project, GIT_CONFIG_COUNT="1", GIT_CONFIG_KEY_0="core.bare", GIT_TRACE2="1")
    assert not {name for name in named.environ if name.startswith("GIT_CONFIG")}
    assert "GIT_TRACE2" not in named.environ


@pytest.mark.usefixtures("commit")
def test_the_callers_secrets_are_not_handed_on(project: Path) -> None:
    assert "OPENAI_API_KEY" not in of(project, OPENAI_API_KEY="x").environ


@pytest.mark.parametrize("entry", ["", ".", "bin"])
def test_a_git_in_the_current_folder_is_not_run(
    project: Path, commit: str, entry: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    (project / "bin").mkdir()
    for planted in (project / "git", project / "bin/git"):
        planted.write_text(f"#!/bin/sh\ntouch {project}/ran\n")
        planted.chmod(0o755)
    monkeypatch.chdir(project)
    path = os.pathsep.join([entry, os.environ["PATH"]])
    assert of(project, PATH=path).head(project, PATHS) == Head(commit, dirty=False)
    assert repository(project, {"PATH": entry or ":"}) is Absence.NO_GIT
    assert not (project / "ran").exists()


@pytest.fixture
def trap(tmp_path: Path) -> tuple[str, Path]:
    """A program that leaves word of having been run."""
    word, program = tmp_path / "ran", tmp_path / "trap"
    program.write_text(f'#!/bin/sh\necho "$0 $@" >> {word}\n')
    program.chmod(0o755)
    return str(program), word


def ask_everything(project: Path) -> list[object]:
    asked = of(project)
    return [
        asked.head(project, PATHS),
        asked.tracked(project / "README.md"),
        asked.ignored(project / ".env.local"),
    ]


def test_a_hostile_configuration_runs_nothing(
    project: Path, commit: str, trap: tuple[str, Path]
) -> None:
    program, word = trap
    hooks = project / "hooks"
    hooks.mkdir()
    for name in ("post-index-change", "reference-transaction", "fsmonitor-watchman", "pre-commit"):
        shutil.copy(program, hooks / name)
    shutil.copytree(hooks, project / ".git/hooks", dirs_exist_ok=True)
    (project / ".gitattributes").write_text("* filter=evil diff=evil merge=evil text=auto\n")
    for key in (
        *("core.fsmonitor", "core.pager", "core.editor", "core.sshCommand", "core.gitProxy"),
        *("core.askPass", "core.alternateRefsCommand", "credential.helper", "gpg.program"),
        *("filter.evil.clean", "filter.evil.smudge", "filter.evil.process", "pager.ls-files"),
        *("diff.external", "diff.evil.textconv", "diff.evil.command", "interactive.diffFilter"),
        *("alias.ls-files", "alias.rev-parse", "alias.check-ignore", "trace2.eventTarget"),
    ):
        git(project, "config", key, f"!{program}" if key.startswith("alias") else program)
    git(project, "config", "core.hooksPath", str(hooks))
    (project / "profiles/clinic.yaml").touch()
    # Proof that the trap works: an ordinary git falls into it.
    subprocess.run(
        ["git", "status"], cwd=project, env=environ(project), capture_output=True, check=False
    )
    assert word.exists()
    word.unlink()
    assert ask_everything(project) == [Head(commit, dirty=False), True, True]
    assert not word.exists()


def test_missing_objects_are_not_fetched(
    project: Path, commit: str, trap: tuple[str, Path]
) -> None:
    program, word = trap
    git(project, "config", "core.repositoryFormatVersion", "1")
    git(project, "config", "extensions.partialClone", "origin")
    git(project, "config", "remote.origin.url", f"ext::{program} x")
    git(project, "config", "remote.origin.promisor", "true")
    git(project, "config", "protocol.ext.allow", "always")
    tree = git(project, "rev-parse", "HEAD:profiles")
    (project / f".git/objects/{tree[:2]}/{tree[2:]}").unlink()
    subprocess.run(
        ["git", "ls-tree", "-r", "HEAD"],
        cwd=project,
        env=environ(project),
        capture_output=True,
        check=False,
    )
    assert word.exists()
    word.unlink()
    assert head(project) == Head(commit, dirty=None)
    assert not word.exists()


def test_a_committed_bare_repository_is_not_taken_for_the_one_it_lies_in(
    project: Path, trap: tuple[str, Path]
) -> None:
    program, word = trap
    bare = project / "voice"
    bare.mkdir()
    git(bare, "init", "--quiet", "--bare")
    git(bare, "config", "core.fsmonitor", program)
    git(bare, "config", "core.bare", "false")
    git(bare, "config", "core.worktree", str(bare))
    (bare / "voxmint.yaml").write_text("version: 1\n")
    commit = repository_in(project, FILES)
    assert of(bare).top == project
    assert of(bare).head(bare, ["voxmint.yaml"]) == Head(commit, dirty=False)
    assert of(bare).tracked(bare / "voxmint.yaml")
    assert not word.exists()


def test_replaced_objects_do_not_count(project: Path, commit: str) -> None:
    git(project, "checkout", "--quiet", "--orphan", "other")
    edit(project)
    git(project, "add", "--all")
    git(project, "commit", "--quiet", "--message", "other")
    other = git(project, "rev-parse", "HEAD")
    git(project, "checkout", "--quiet", "--force", commit)
    edit(project)
    git(project, "replace", commit, other)
    assert head(project) == Head(commit, dirty=True)


@pytest.mark.usefixtures("commit")
def test_a_broken_repository_is_said(project: Path) -> None:
    (project / ".git/index").write_bytes(b"nonsense")
    with pytest.raises(ProblemsError) as error:
        of(project).tracked(project / "README.md")
    problem = problem_of(error)
    assert problem.code == "git-failed"
    assert problem.message.startswith(f"git could not be asked about `{project}`: ")
    assert problem.hint is None


@pytest.mark.usefixtures("commit")
@pytest.mark.skipif(not IS_ROOT, reason="only root can make another user's repository")
def test_a_repository_that_git_does_not_trust_is_said_with_a_way_on(project: Path) -> None:
    os.chown(project, NOBODY, NOBODY)
    os.chown(project / ".git", NOBODY, NOBODY)
    with pytest.raises(ProblemsError) as error:
        of(project).tracked(project / "README.md")
    assert problem_of(error).hint == (
        f"if you trust it: git config --global --add safe.directory {project}"
    )
    git(project, "config", "--global", "--add", "safe.directory", str(project))
    assert of(project).tracked(project / "README.md")


@pytest.mark.usefixtures("commit")
def test_a_git_that_cannot_be_run_is_said(project: Path, tmp_path: Path) -> None:
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/git").write_text("nonsense")
    (tmp_path / "bin/git").chmod(0o755)
    with pytest.raises(ProblemsError) as error:
        of(project, PATH=str(tmp_path / "bin")).tracked(project / "README.md")
    assert problem_of(error).code == "git-failed"


@pytest.mark.usefixtures("commit")
def test_a_git_that_does_not_answer_is_not_waited_for(project: Path, tmp_path: Path) -> None:
    slow = tmp_path / "slow"
    slow.write_text("#!/bin/sh\nexec sleep 60\n")
    slow.chmod(0o755)
    with pytest.raises(ProblemsError) as error:
        replace(of(project), git=str(slow), timeout=0.1).tracked(project / "README.md")
    assert problem_of(error).message.endswith("no answer within 0.1 s")
