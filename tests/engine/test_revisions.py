"""The project as git holds it: the same files as on disk, and nothing of the repository runs."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.engine.histories import (
    FILES,
    LIMIT,
    asked,
    branch_of_its_own,
    branch_off,
    clone,
    content,
    read,
    revision,
    states,
    told,
    write,
)
from tests.engine.worlds import commit, environ, git, head, problem_of, repository_in
from voxmint.engine.revisions import Objects, staged
from voxmint.engine.states import find_states
from voxmint.engine.worktree import WorkTree
from voxmint.problems import ProblemsError, UsageError


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path.resolve() / "project"
    folder.mkdir()
    return folder


# ── the same as on disk ──────────────────────────────────────────────────────────────────────────


def links(project: Path, *pairs: str) -> None:
    for pair in pairs:
        name, _, target = pair.partition(" → ")
        path = project / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.symlink_to(target)


@pytest.mark.parametrize(
    "pairs",
    [
        (),
        ("profiles/linked.yaml → clinic.yaml",),
        ("profiles/linked.yaml → ../voxmint.yaml",),
        ("profiles/linked.yaml → call-center/../clinic.yaml",),
        ("profiles/linked.yaml → nowhere.yaml",),
        ("profiles/linked.yaml → linked.yaml",),
        ("profiles/linked.yaml → ../../outside.yaml",),
        ("profiles/linked.yaml → /etc/hostname",),
        ("profiles/linked.yaml → ../.env.yaml",),
        ("profiles/linked.yaml → call-center",),
        ("profiles/folder → call-center",),
        ("profiles/folder → ../environments",),
        ("profiles/folder → ..",),
        ("profiles/folder → ../..",),
        ("profiles/folder → nowhere",),
        ("profiles/folder → clinic.yaml/nowhere",),
        ("profiles/shout.YAML → clinic.yaml", "profiles/shout.Yml → clinic.yaml"),
        ("profiles/a → b", "profiles/b → ../environments"),
        ("common → environments", "profiles/folder → ../common"),
        ("profiles/.hidden → ../environments", "profiles/.draft.yaml → clinic.yaml"),
    ],
    ids=" ".join,
)
def test_a_revision_is_read_as_the_work_tree_is(project: Path, pairs: tuple[str, ...]) -> None:
    links(project, *pairs)
    write(project, {".env.yaml": "hidden\n", "profiles/.secret/x.yaml": "hidden\n"})
    repository_in(project, FILES)
    (project.parent / "outside.yaml").write_text("outside\n")
    tree, there = WorkTree(project), revision(project)
    for folder in ("profiles", "environments", "none", "voxmint.yaml", "profiles/folder"):
        assert told(there, folder) == told(tree, folder)
    for path in ("voxmint.yaml", "profiles", "none", "profiles/linked.yaml", "../x.yaml"):
        assert read(there, path) == read(tree, path)


def test_the_index_is_read_as_it_was_staged(project: Path) -> None:
    repository_in(project, FILES)
    write(project, {"profiles/clinic.yaml": "staged\n", "profiles/new.yaml": "new\n"})
    git(project, "add", "--all")
    write(project, {"profiles/clinic.yaml": "later\n"})
    repository = asked(project)
    there = staged(Objects(repository), repository, "")
    assert read(there, "profiles/clinic.yaml") == b"staged\n"
    assert read(there, "profiles/new.yaml") == b"new\n"
    assert read(revision(project), "profiles/clinic.yaml") == b"session: {}\n"


def test_names_that_git_would_quote(project: Path) -> None:
    name = os.fsdecode(b'profiles/\xff "\n\xc3\xa9.yaml')
    repository_in(project, {**FILES, name: "x\n"})
    assert name in revision(project).listing("profiles").files
    assert read(revision(project), name) == b"x\n"


def test_a_large_file_is_refused_by_its_size(project: Path) -> None:
    repository_in(project, {**FILES, "profiles/large.yaml": "x" * (LIMIT + 1)})
    there = revision(project)
    assert told(there) == told(WorkTree(project))
    assert read(there, "profiles/large.yaml") == "too-large"


def test_a_folder_named_like_a_file_and_a_submodule(project: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    repository_in(other, FILES)
    repository_in(project, {**FILES, "profiles/odd.yaml/inner.yaml": "x\n"})
    name = head(other)
    for path in ("profiles/module", "profiles/module.yaml"):
        git(project, "update-index", "--add", "--cacheinfo", f"160000,{name},{path}")
    git(project, "commit", "--quiet", "--message", "with modules")
    there = revision(project)
    assert "profiles/odd.yaml" in there.listing("profiles").files
    assert read(there, "profiles/odd.yaml") == "not-a-file"
    assert not any("module" in one for one in there.listing("profiles").files)


def test_a_repository_whose_names_are_sha256(project: Path) -> None:
    git(project, "init", "--quiet", "--object-format=sha256")
    repository_in(project, FILES)
    assert told(revision(project)) == told(WorkTree(project))


# ── which states ─────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def branched(project: Path) -> Path:
    """A work tree of the branch `feature`, with a change that is not committed."""
    branch_off(project)
    return project


@pytest.fixture
def origin(project: Path) -> Path:
    branch_of_its_own(project)
    return project


def test_by_default_from_where_the_branch_left_the_default_branch(branched: Path) -> None:
    found = states(branched)
    assert content(found.base.source) == b"session: {}\n"
    assert content(found.head.source) == b"not committed\n"
    assert (found.base.why, found.head.name) == ("where it left main", "the working tree")


def test_the_remotes_own_word_on_its_default_branch_comes_first(branched: Path) -> None:
    git(branched, "update-ref", "refs/remotes/origin/trunk", "feature~1")
    git(branched, "symbolic-ref", "refs/remotes/origin/HEAD", "refs/remotes/origin/trunk")
    assert states(branched).base.why == "where it left origin/trunk"
    git(branched, "symbolic-ref", "--delete", "refs/remotes/origin/HEAD")
    git(branched, "config", "init.defaultBranch", "trunk")
    assert states(branched).base.why == "where it left origin/trunk"


@pytest.mark.parametrize(
    ("words", "base", "head"),
    [
        (("main",), b"main went on\n", b"not committed\n"),
        (("main", "HEAD"), b"main went on\n", b"two\n"),
        (("main..feature",), b"main went on\n", b"two\n"),
        (("main...feature",), b"session: {}\n", b"two\n"),
        (("main..",), b"main went on\n", b"two\n"),
        (("..main",), b"two\n", b"main went on\n"),
        (("HEAD~1", "HEAD^{commit}"), b"one\n", b"two\n"),
    ],
)
def test_revisions_by_name(
    branched: Path, words: tuple[str, ...], base: bytes, head: bytes
) -> None:
    found = states(branched, *words)
    assert (content(found.base.source), content(found.head.source)) == (base, head)
    assert found.profiles == ()


def test_what_is_staged(branched: Path) -> None:
    git(branched, "add", "--all")
    write(branched, {"profiles/clinic.yaml": "later\n"})
    found = states(branched, is_staged=True)
    assert content(found.base.source) == b"two\n"
    assert content(found.head.source) == b"not committed\n"
    assert content(states(branched, "main", is_staged=True).base.source) == b"main went on\n"
    with pytest.raises(UsageError, match="index"):
        states(branched, "main", "HEAD", is_staged=True)


def test_what_is_staged_for_a_commit_that_is_being_made(branched: Path, tmp_path: Path) -> None:
    """Git gives a hook of `commit --all`, and of one of some files, an index of its own."""
    own, elsewhere = branched / ".git/index.lock", tmp_path / "index"
    git(branched, "read-tree", "--index-output=.git/index.lock", "main")
    shutil.copy(own, elsewhere)

    def head(**variables: str) -> bytes | str:
        given = {**environ(branched), **variables}
        return content(find_states([], None, branched, given, is_staged=True).head.source)

    assert head() == head(GIT_INDEX_FILE=".git/index") == b"two\n"
    assert head(GIT_INDEX_FILE=".git/index.lock") == b"main went on\n"
    assert head(GIT_INDEX_FILE=str(own)) == b"main went on\n"
    assert head(GIT_INDEX_FILE=str(elsewhere)) == head(GIT_INDEX_FILE=".git/none") == b"two\n"


def test_words_are_states_as_long_as_they_are_some_and_then_profiles(branched: Path) -> None:
    assert states(branched, "main", "clinic").profiles == ("clinic",)
    assert states(branched, "clinic").profiles == ("clinic",)
    assert states(branched, "main", "HEAD", "cl*", "!x").profiles == ("cl*", "!x")
    assert states(branched, after=("main",)).profiles == ("main",)
    assert states(branched, "main", after=("x",)).profiles == ("x",)
    unsure = states(branched, "mian")
    assert (unsure.doubtful, unsure.hint) == ("mian", "did you mean `main`?")
    assert states(branched, "clinc").hint == "did you mean `clinic`?"


def test_what_is_both_is_asked_about(branched: Path) -> None:
    git(branched, "branch", "clinic")
    with pytest.raises(UsageError, match="both a state and a profile"):
        states(branched, "clinic")
    assert states(branched, "clinic", after=()).base.commit is not None
    assert states(branched, after=("clinic",)).profiles == ("clinic",)
    write(branched, {"main/voxmint.yaml": "version: 1\n"})
    with pytest.raises(UsageError, match="both a folder and a revision"):
        states(branched, "main")
    assert states(branched, "./main").base.commit is None


@pytest.mark.parametrize("word", ["mian", "--output=x", "main:none", "no\0thing"])
def test_what_is_no_revision_is_an_error_before_dashes(branched: Path, word: str) -> None:
    with pytest.raises(UsageError, match="there is no revision"):
        states(branched, word, after=())
    with pytest.raises(UsageError, match="one state too many"):
        states(branched, "main", "main", word, after=())


def test_two_folders_need_no_git(tmp_path: Path) -> None:
    for name in ("old", "new"):
        write(tmp_path / name, {**FILES, "profiles/clinic.yaml": name})
    found = states(tmp_path, "old/", "new/", "clinic")
    assert (content(found.base.source), content(found.head.source)) == (b"old", b"new")
    assert found.profiles == ("clinic",)
    for words in ((), ("main..next",)):
        with pytest.raises(UsageError, match="no git repository"):
            states(tmp_path / "old", *words)


def test_a_folder_without_a_project_is_said(tmp_path: Path) -> None:
    write(tmp_path / "old", FILES)
    (tmp_path / "new").mkdir()
    for words in (("old", "new"), ("new", "old")):
        with pytest.raises(UsageError) as error:
            states(tmp_path, *words)
        assert "`new`" in str(error.value)
        assert "the folder `new` holds no voxmint.yaml" in (error.value.hint or "")


def test_a_subfolder_of_a_project_in_a_subfolder(project: Path) -> None:
    repository_in(project, {f"services/voice/{name}": text for name, text in FILES.items()})
    found = states(project / "services/voice/profiles", "HEAD", "HEAD")
    assert content(found.base.source) == b"session: {}\n"
    assert told(found.base.source or WorkTree(project)) == told(
        WorkTree(project / "services/voice")
    )


def test_a_revision_without_a_project(project: Path) -> None:
    git(project, "init", "--quiet", "--initial-branch=main")
    first = repository_in(project, {"README.md": "hello\n"})
    write(project, FILES)
    commit(project)
    assert states(project, first).base.source is None


def test_before_the_first_commit(project: Path) -> None:
    git(project, "init", "--quiet")
    write(project, FILES)
    git(project, "add", "--all")
    assert states(project).base.source is None
    assert states(project, is_staged=True).base.source is None
    assert states(project, "HEAD").hint == "this repository has no commit yet"


def test_a_project_is_named_from_the_root_of_a_work_tree(project: Path) -> None:
    files = {f"{name}/voxmint.yaml": f"version: 1 # {name}\n" for name in ("a", "b")}
    repository_in(project, files)
    for folder in (project, project / "a"):
        found = states(folder, "HEAD", project="b")
        for state in (found.base, found.head):
            assert content(state.source, "voxmint.yaml") == b"version: 1 # b\n"
    (project / "b/voxmint.yaml").unlink()
    assert states(project, "HEAD", "HEAD", project="b").head.source is not None
    with pytest.raises(UsageError, match="no project in `b` of the working tree"):
        states(project, "HEAD", project="b")
    with pytest.raises(UsageError, match="is a folder"):
        states(project, "a", project="b")


def test_unrelated_histories(branched: Path) -> None:
    git(branched, "checkout", "--quiet", "--force", "--orphan", "other")
    commit(branched)
    with pytest.raises(UsageError, match="no commit in common"):
        states(branched)


def test_a_merge_that_is_not_finished(branched: Path) -> None:
    git(branched, "checkout", "--quiet", "--force", "feature")
    with pytest.raises(subprocess.CalledProcessError):
        git(branched, "merge", "main")
    with pytest.raises(UsageError, match="merge"):
        states(branched, is_staged=True)


# ── nothing runs ─────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def trap(tmp_path: Path) -> tuple[str, Path]:
    """A program that leaves word of having been run."""
    word, program = tmp_path / "ran", tmp_path / "trap"
    program.write_text(f'#!/bin/sh\necho "$0 $@" >> {word}\n')
    program.chmod(0o755)
    return str(program), word


def read_everything(folder: Path, *words: str) -> None:
    for found in (states(folder, *words), states(folder, "HEAD", is_staged=True)):
        for state in (found.base, found.head):
            assert state.source is not None
            told(state.source)


def test_a_hostile_configuration_runs_nothing(branched: Path, trap: tuple[str, Path]) -> None:
    program, word = trap
    hooks = branched / "hooks"
    hooks.mkdir()
    for name in ("post-index-change", "reference-transaction", "fsmonitor-watchman", "pre-commit"):
        shutil.copy(program, hooks / name)
    shutil.copytree(hooks, branched / ".git/hooks", dirs_exist_ok=True)
    (branched / ".gitattributes").write_text("* filter=evil diff=evil merge=evil text=auto\n")
    for key in (
        *("core.fsmonitor", "core.pager", "core.editor", "core.sshCommand", "core.gitProxy"),
        *("core.askPass", "core.alternateRefsCommand", "credential.helper", "gpg.program"),
        *("filter.evil.clean", "filter.evil.smudge", "filter.evil.process", "pager.ls-tree"),
        *("diff.external", "diff.evil.textconv", "diff.evil.command", "interactive.diffFilter"),
        *("alias.ls-tree", "alias.cat-file", "alias.merge-base", "merge.evil.driver"),
        *("pager.diff", "pager.config", "remote.origin.uploadpack"),
    ):
        git(branched, "config", key, f"!{program}" if key.startswith("alias") else program)
    git(branched, "config", "core.hooksPath", str(hooks))
    subprocess.run(
        ["git", "status"], cwd=branched, env=environ(branched), capture_output=True, check=False
    )
    # Proof that the trap works: an ordinary git falls into it.
    assert word.exists()
    word.unlink()
    read_everything(branched)
    read_everything(branched, "main", "feature")
    assert not word.exists()


def test_objects_of_another_repository_are_read_and_nothing_of_it_runs(
    origin: Path, tmp_path: Path, trap: tuple[str, Path]
) -> None:
    program, word = trap
    git(origin, "config", "core.fsmonitor", program)
    shared = clone(origin, tmp_path / "shared", "--shared")
    git(shared, "config", "core.alternateRefsCommand", program)
    read_everything(shared, "HEAD~1", "HEAD")
    assert not word.exists()


def test_missing_objects_are_not_fetched(branched: Path, trap: tuple[str, Path]) -> None:
    program, word = trap
    for key, value in (
        ("core.repositoryFormatVersion", "1"),
        ("extensions.partialClone", "origin"),
        ("remote.origin.url", f"ext::{program} x"),
        ("remote.origin.promisor", "true"),
        ("protocol.ext.allow", "always"),
    ):
        git(branched, "config", key, value)
    blob = git(branched, "rev-parse", "main:profiles/clinic.yaml")
    (branched / f".git/objects/{blob[:2]}/{blob[2:]}").unlink()
    subprocess.run(
        ["git", "cat-file", "blob", blob],
        cwd=branched,
        env=environ(branched),
        capture_output=True,
        check=False,
    )
    assert word.exists()
    word.unlink()
    lost(branched)
    assert not word.exists()


def lost(project: Path) -> None:
    there = states(project, "main").base.source
    assert there is not None
    with pytest.raises(ProblemsError) as error:
        told(there)
    assert problem_of(error).code == "git-objects-missing"
    assert "git fetch" in (problem_of(error).hint or "")


def test_what_git_lost_does_not_look_deleted(branched: Path) -> None:
    blob = git(branched, "rev-parse", "main:profiles/clinic.yaml")
    (branched / f".git/objects/{blob[:2]}/{blob[2:]}").unlink()
    lost(branched)


@pytest.mark.slow
def test_a_real_partial_clone(origin: Path, tmp_path: Path) -> None:
    git(origin, "config", "uploadpack.allowFilter", "true")
    partial = clone(origin, tmp_path / "partial", "--filter=blob:none")
    git(partial, "branch", "main", "origin/main")
    lost(partial)


def test_a_committed_bare_repository_is_not_taken_for_the_one_it_lies_in(
    project: Path, trap: tuple[str, Path]
) -> None:
    program, word = trap
    bare = project / "voice"
    bare.mkdir()
    git(bare, "init", "--quiet", "--bare")
    git(bare, "config", "core.fsmonitor", program)
    git(bare, "config", "core.worktree", str(bare))
    write(bare, FILES)
    repository_in(project, FILES)
    read_everything(bare, "HEAD", "HEAD")
    assert asked(bare).top == project
    assert not word.exists()


def test_nothing_is_written(branched: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in sorted(branched.rglob("*"))}
    read_everything(branched)
    assert {path: path.stat().st_mtime_ns for path in sorted(branched.rglob("*"))} == before
