"""What a clone has: its branches and tags, how far back it goes, which projects are in it."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from voxmint.engine.git import Absence, Repository, any_repository
from voxmint.engine.revisions import object_at
from voxmint.problems import UsageError, nearest
from voxmint.profiles.reading import PROJECT_FILE
from voxmint.shown import shown

_USUAL_BRANCHES = ("main", "master")
_STEPS = re.compile(r"(?<=.)[~^][~^0-9]*$")
"""How many commits to go back, at the end of a revision."""
_OBJECT = re.compile(r"[0-9a-f]{7,64}", re.ASCII)
_UNSHALLOW = "this clone is shallow: `git fetch --unshallow` gets the rest of its history"


def only_project(git: Repository, commit: str) -> str:
    """The folder of the only project in a commit, or the repository's own; empty for none.

    `UsageError` where there are several, none of them at the top: nothing says which is meant.
    """
    listing = git.asked("ls-tree", "-r", "-z", "--name-only", "--full-tree", commit)
    paths = listing.decode("utf-8", "surrogateescape").split("\0")
    folders = [path.rpartition("/")[0] for path in paths if path.rpartition("/")[2] == PROJECT_FILE]
    if len(folders) > 1 and "" not in folders:
        few = ", ".join(f"`{shown(folder)}`" for folder in folders[:3])
        raise UsageError(
            f"this bare repository holds {len(folders):,} projects: {few}"
            + ", …" * (len(folders) > 3),
            f"choose one: `--project {shown(folders[0])}`",
        )
    return folders[0] if len(folders) == 1 else ""


def is_shallow(git: Repository) -> bool:
    """Whether its history is cut off somewhere."""
    return git.run("rev-parse", "--is-shallow-repository").output.strip() == b"true"


def fetching(git: Repository, remote: str, branch: str) -> str:
    """How to get a branch, and all its history, where it is not among those that are fetched."""
    depth = " --unshallow" if is_shallow(git) else ""
    name = f"{shown(remote)}/{shown(branch)}"
    return f"`git fetch{depth} {shown(remote)} {shown(branch)}:refs/remotes/{name}` gets `{name}`"


def has_one_branch(git: Repository) -> bool:
    """Whether only some branches of the remote are fetched, as after `git clone --depth 1`."""
    told = git.run("config", "--get-all", "remote.origin.fetch").output.split()
    return bool(told) and not any(b"*" in spec for spec in told)


def is_sparse(git: Repository) -> bool:
    """Whether its working tree may leave files out."""
    return git.run("config", "--bool", "--get", "core.sparseCheckout").output.strip() == b"true"


def names_in(git: Repository) -> list[str]:
    """The names of branches and tags, as people write them."""
    names = git.run("for-each-ref", "--format=%(refname:short)", "refs/heads", "refs/remotes")
    tags = git.run("for-each-ref", "--format=%(refname:short)", "refs/tags")
    lines = (*names.output.splitlines(), *tags.output.splitlines())
    return [line.decode("utf-8", "replace") for line in lines]


def default_branch(git: Repository) -> tuple[str, str] | None:
    """The default branch and its commit: the remote's own word, or a name that is usual."""
    named = git.run("symbolic-ref", "--quiet", "--short", "refs/remotes/origin/HEAD")
    candidates = [named.output.decode("utf-8", "replace").strip()]
    configured = git.run("config", "--get", "init.defaultBranch").output.decode("utf-8", "replace")
    for name in (configured.strip(), *_USUAL_BRANCHES):
        candidates += [f"origin/{name}", name] if name else []
    for name in filter(None, candidates):
        for kind in ("refs/remotes/", "refs/heads/"):
            commit = object_at(git, f"{kind}{name}^{{commit}}")
            if commit is not None:
                return name, commit
    return None


def meant_in(git: Repository, word: str, others: Sequence[str]) -> str | None:
    """What may have been meant by a word that is no revision, or what to fetch to have it.

    `others` are names of other things that it may be. `None` where there is nothing like it.
    """
    start = _STEPS.sub("", word)
    if start != word and object_at(git, start + "^{commit}") is not None:
        end = f"`{shown(start)}` does not go back that far here"
        return f"{end}; {_UNSHALLOW}" if is_shallow(git) else end
    names = names_in(git)
    if not names and object_at(git, "HEAD^{commit}") is None:
        return "this repository has no commit yet"
    fetched = next((name for name in names if name.partition("/")[2] == word), None)
    if fetched:
        return f"did you mean `{shown(fetched)}`?"
    near = nearest(word, [*names, *others]).get("nearest")
    remote, _, branch = start.partition("/") if "/" in start else ("origin", "", start)
    is_usual = branch in _USUAL_BRANCHES or word.startswith("origin/")
    if (is_usual or not (near or _OBJECT.fullmatch(word))) and has_one_branch(git):
        return f"this clone has one branch only: {fetching(git, remote, branch)}"
    if near:
        return f"did you mean `{shown(near)}`?"
    return _UNSHALLOW if is_shallow(git) else None


def revisions_in(folder: Path, environ: Mapping[str, str]) -> Sequence[str]:
    """The names of branches and tags of the repository that the folder is in, for completion."""
    git = any_repository(folder, environ)
    return () if isinstance(git, Absence) else names_in(git)
