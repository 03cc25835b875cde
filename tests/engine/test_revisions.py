"""The project as git holds it: the same files as on disk, and nothing of the repository runs."""

import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.engine.worlds import environ, git, problem_of, repository_in
from voxmint.engine.git import Repository, any_repository
from voxmint.engine.revisions import Objects, Revision, committed, object_at, staged
from voxmint.engine.states import Asked, find_states
from voxmint.engine.worktree import WorkTree
from voxmint.problems import ProblemsError, UsageError
from voxmint.profiles.source import Source, SourceError

LIMIT = 1000
FILES = {
    "voxmint.yaml": "version: 1\n",
    "profiles/clinic.yaml": "session: {}\n",
    "profiles/call-center/german.yml": "session: {include: []}\n",
    "profiles/notes.md": "notes\n",
    "environments/local.yaml": "provider: {kind: emulator}\n",
}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path.resolve() / "project"
    folder.mkdir()
    return folder


def asked(folder: Path) -> Repository:
    found = any_repository(folder, environ(folder))
    assert isinstance(found, Repository)
    return found


def revision(project: Path, where: str = "HEAD^{tree}") -> Revision:
    repository = asked(project)
    tree = object_at(repository, where)
    assert tree is not None
    return committed(Objects(repository), repository, tree)


def commit(project: Path, message: str = "more") -> str:
    git(project, "add", "--all")
    git(project, "commit", "--quiet", "--allow-empty", "--message", message)
    return git(project, "rev-parse", "HEAD")


def write(project: Path, files: Mapping[str, str]) -> None:
    for name, text in files.items():
        path = project / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def told(source: Source, folder: str = "profiles") -> object:
    """What a source says of a folder: names and contents, or why it refuses."""
    try:
        names = source.listing(folder).whole
    except SourceError as error:
        return error.reason
    return {name: read(source, name) for name in names}


def read(source: Source, path: str) -> bytes | str:
    try:
        return source.read(path, LIMIT)
    except SourceError as error:
        return error.reason


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
    name = git(other, "rev-parse", "HEAD")
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


def states(
    folder: Path,
    *words: str,
    after: tuple[str, ...] | None = None,
    is_staged: bool = False,
    project: str | None = None,
) -> Asked:
    given = environ(folder)
    return find_states(words, after, folder, given, is_staged=is_staged, project=project)


def content(source: Source | None, path: str = "profiles/clinic.yaml") -> bytes | str:
    assert source is not None
    return read(source, path)


@pytest.fixture
def branched(project: Path) -> Path:
    """A branch `feature` of two commits, and a default branch that went on by one."""
    git(project, "init", "--quiet", "--initial-branch=main")
    repository_in(project, FILES)
    git(project, "checkout", "--quiet", "-b", "feature")
    for text in ("one\n", "two\n"):
        write(project, {"profiles/clinic.yaml": text})
        commit(project)
    git(project, "checkout", "--quiet", "main")
    write(project, {"profiles/clinic.yaml": "main went on\n"})
    commit(project)
    git(project, "checkout", "--quiet", "feature")
    write(project, {"profiles/clinic.yaml": "not committed\n"})
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
    with pytest.raises(UsageError, match="no git repository"):
        states(tmp_path / "old")


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


@pytest.fixture
def origin(branched: Path) -> Path:
    git(branched, "checkout", "--quiet", "--force", "feature")
    return branched


def clone(origin: Path, folder: Path, *options: str) -> Path:
    git(origin, "clone", "--quiet", *options, f"file://{origin}", str(folder))
    return folder


def test_a_bare_clone(origin: Path, tmp_path: Path) -> None:
    bare = clone(origin, tmp_path / "bare.git", "--bare")
    found = states(bare, "main", "feature")
    assert content(found.base.source) == b"main went on\n"
    assert content(states(bare / "refs", "main").head.source) == b"two\n"
    with pytest.raises(UsageError, match="bare"):
        states(bare, is_staged=True)


def test_a_bare_repository_with_several_projects(project: Path, tmp_path: Path) -> None:
    repository_in(project, {f"{name}/voxmint.yaml": "version: 1\n" for name in ("a", "b")})
    bare = clone(project, tmp_path / "bare.git", "--bare")
    with pytest.raises(UsageError, match=r"holds 2 projects: `a`, `b`$"):
        states(bare, "HEAD", "HEAD")
    found = states(bare, "HEAD", "HEAD", project="./b/")
    assert found.head.folder == "b"
    assert content(found.head.source, "voxmint.yaml") == b"version: 1\n"
    assert states(bare, "HEAD", "HEAD", project="c").head.source is None
    with pytest.raises(UsageError, match="from its root"):
        states(bare, "HEAD", "HEAD", project="../b")


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


def test_a_bare_clone_of_a_repository_with_the_project_in_a_folder(
    project: Path, tmp_path: Path
) -> None:
    repository_in(project, {f"voice/{name}": text for name, text in FILES.items()})
    bare = clone(project, tmp_path / "bare.git", "--bare")
    assert content(states(bare, "HEAD").base.source) == b"session: {}\n"


@pytest.mark.parametrize(
    ("word", "hint"),
    [
        ("main", "git fetch --unshallow origin main:refs/remotes/origin/main"),
        ("origin/main~2", "git fetch --unshallow origin main:refs/remotes/origin/main"),
        ("HEAD^", "`HEAD` does not go back that far here; this clone is shallow"),
        ("0123456789", "`git fetch --unshallow` gets the rest of its history"),
        ("..", "the folder `..` holds no voxmint.yaml"),
    ],
)
def test_a_word_that_was_not_fetched(origin: Path, tmp_path: Path, word: str, hint: str) -> None:
    shallow = clone(origin, tmp_path / "shallow", "--depth=1", "--branch=feature")
    found = states(shallow, word)
    assert found.doubtful == word
    assert hint in (found.hint or "")
    if "origin main" in hint:
        git(shallow, *re.findall("`git (.*?)`", found.hint or "")[0].split())
        assert states(shallow, "origin/main").base.commit


def test_a_shallow_clone_says_what_to_fetch(origin: Path, tmp_path: Path) -> None:
    git(origin, "checkout", "--quiet", "main")
    shallow = clone(
        origin, tmp_path / "shallow", "--depth=1", "--no-single-branch", "--branch=feature"
    )
    with pytest.raises(UsageError, match="too shallow") as error:
        states(shallow)
    assert "git fetch --unshallow" in (error.value.hint or "")
    assert content(states(shallow, "HEAD").base.source) == b"two\n"
    with pytest.raises(UsageError) as error:
        states(shallow, "0123456789", after=())
    assert "shallow" in (error.value.hint or "")


def test_a_clone_of_one_branch_says_what_to_fetch(origin: Path, tmp_path: Path) -> None:
    alone = clone(origin, tmp_path / "alone", "--depth=1")
    git(alone, "symbolic-ref", "--delete", "refs/remotes/origin/HEAD")
    with pytest.raises(UsageError, match="no revision and no profile `0123456789`"):
        states(alone, "0123456789")
    with pytest.raises(UsageError, match="no default branch"):
        states(alone, "clinic")
    with pytest.raises(UsageError, match="no default branch") as error:
        states(alone)
    [command] = re.findall("`git (.*?)`", error.value.hint or "")
    git(alone, *command.split())
    assert states(alone).base.why == "where it left origin/main"


def test_unrelated_histories(branched: Path) -> None:
    git(branched, "checkout", "--quiet", "--force", "--orphan", "other")
    commit(branched)
    with pytest.raises(UsageError, match="no commit in common"):
        states(branched)


def test_a_linked_work_tree_and_a_submodule(origin: Path, tmp_path: Path) -> None:
    linked = tmp_path / "linked"
    git(origin, "worktree", "add", "--quiet", str(linked), "main")
    assert content(states(linked, "feature").head.source) == b"main went on\n"
    outer = tmp_path / "outer"
    outer.mkdir()
    repository_in(outer, {"README.md": "hello\n"})
    git(outer, "-c", "protocol.file.allow=always", "submodule", "add", "-q", str(origin), "voice")
    found = states(outer / "voice", "HEAD~1")
    assert (content(found.base.source), content(found.head.source)) == (b"one\n", b"two\n")


def test_a_sparse_checkout_has_what_it_leaves_out(origin: Path, tmp_path: Path) -> None:
    sparse = clone(origin, tmp_path / "sparse")
    git(sparse, "sparse-checkout", "set", "--no-cone", "/*", "!/profiles/clinic.yaml")
    assert not (sparse / "profiles/clinic.yaml").exists()
    found = states(sparse, "HEAD")
    assert content(found.head.source) == b"two\n"
    assert told(found.head.source or WorkTree(sparse)) == told(revision(sparse))
    write(sparse, {"profiles/new.yaml": "new\n"})
    assert "profiles/new.yaml" in (found.head.source or WorkTree(sparse)).listing("profiles").files


def test_a_sparse_checkout_that_leaves_out_the_projects_file(origin: Path, tmp_path: Path) -> None:
    sparse = clone(origin, tmp_path / "sparse")
    git(sparse, "sparse-checkout", "set", "--no-cone", "/profiles/")
    assert not (sparse / "voxmint.yaml").exists()
    for folder, named in ((sparse, None), (sparse / "profiles", None), (sparse, ".")):
        found = states(folder, "HEAD~1", project=named)
        assert (content(found.base.source), content(found.head.source)) == (b"one\n", b"two\n")
        assert content(found.head.source, "voxmint.yaml") == b"version: 1\n"
    with pytest.raises(UsageError, match=r"no voxmint\.yaml"):
        states(tmp_path, "HEAD")
    with pytest.raises(UsageError, match=r"no project in `environments`"):
        states(sparse, "HEAD", project="environments")


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
