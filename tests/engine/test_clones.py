"""What a clone has, and what it says to fetch: bare, shallow, of one branch, linked, sparse."""

import re
from pathlib import Path

import pytest

from tests.engine.histories import (
    FILES,
    branch_of_its_own,
    clone,
    content,
    revision,
    states,
    told,
    write,
)
from tests.engine.worlds import git, repository_in
from voxmint.engine.worktree import WorkTree
from voxmint.problems import UsageError


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path.resolve() / "project"
    folder.mkdir()
    return folder


@pytest.fixture
def origin(project: Path) -> Path:
    """A repository on its branch `feature`, with nothing that is not committed."""
    branch_of_its_own(project)
    return project


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
        states(shallow, "main")
    assert error.value.hint == "did you mean `origin/main`?"
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
