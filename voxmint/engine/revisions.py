"""The project's files as git holds them: in a commit, or staged in the index.

Nothing is checked out: names come from one listing, and bytes straight from the objects, all that
a folder needs in one process. Symlinks are followed as on disk, in the revision itself: those that
leave the project are refused. Sizes are asked for before anything is read.
"""

import os
from collections.abc import Iterable, Iterator, Sequence
from operator import itemgetter
from pathlib import Path, PurePosixPath
from typing import NamedTuple, TypeAlias

from voxmint.engine.failures import failure
from voxmint.engine.git import Repository
from voxmint.engine.wording import GIT_OBJECTS_MISSING
from voxmint.engine.worktree import WorkTree
from voxmint.problems import ProblemsError, UsageError
from voxmint.profiles.reader import MAX_BYTES
from voxmint.profiles.source import Listing, SourceError, is_yaml_name

_LINK, _SUBMODULE = "120000", "160000"
_MOST_LINKS = 40
"""How many symlinks may lead to one file, as on Linux."""
_MOST_TARGET = 4096
"""How long the path in a symlink may be, in bytes."""


class Blob(NamedTuple):
    """A file in git: its mode, and the name of its object."""

    mode: str
    name: str


Tree: TypeAlias = dict[str, "Blob | Tree"]


class Objects:
    """The objects of a repository, each read once, whichever revision it is in."""

    def __init__(self, repository: Repository) -> None:
        self._repository = repository
        self._sizes: dict[str, int | None] = {}
        self._known: dict[str, bytes] = {}

    def read(self, names: Iterable[str], limit: int) -> None:
        """Reads the blobs of these names that have at most `limit` bytes; the others stay unread.

        `ProblemsError` where git fails, as in a partial clone that lacks them.
        """
        named = list(dict.fromkeys(names))
        fresh = [name for name in named if name not in self._sizes]
        self._sizes.update(zip(fresh, self._asked_sizes(fresh), strict=True))
        small = [name for name in named if self._is_small(name, limit)]
        wanted = [name for name in small if name not in self._known]
        self._known.update(zip(wanted, self._asked_contents(wanted), strict=True))

    def content(self, name: str, limit: int) -> bytes:
        """The bytes of a blob; `SourceError` where it has over `limit` bytes.

        `ProblemsError` where git does not have it, as in a partial clone.
        """
        if name not in self._known:
            self.read([name], limit)
        size = self._sizes[name]
        if size is None:
            # Not a problem of one file: what is incomplete would look like what was deleted.
            raise self._missing(f"the object {name} is not here")
        if size > limit:
            raise SourceError("too-large", f"it has more than {limit} bytes")
        return self._known[name]

    def _is_small(self, name: str, limit: int) -> bool:
        size = self._sizes[name]
        return size is not None and size <= limit

    def _asked_sizes(self, names: Sequence[str]) -> Iterator[int | None]:
        if not names:
            return
        lines = self._asked("cat-file", "--batch-check", names=names).decode("ascii").splitlines()
        for line in lines:
            kind, _, size = line.partition(" ")[2].partition(" ")
            yield int(size) if kind == "blob" else None

    def _asked_contents(self, names: Sequence[str]) -> Iterator[bytes]:
        if not names:
            return
        answer = self._asked("cat-file", "--batch", names=names)
        start = 0
        for name in names:
            # Each comes after a line with its name, kind and size, and is ended by a line break.
            begin = answer.index(b"\n", start) + 1
            end = begin + (self._sizes[name] or 0)
            yield answer[begin:end]
            start = end + 1

    def _asked(self, *arguments: str, names: Sequence[str]) -> bytes:
        answer = self._repository.run(*arguments, given="\n".join((*names, "")).encode("ascii"))
        if answer.code != 0:
            # Warnings come first.
            raise self._missing(answer.said.rpartition("fatal: ")[2].partition("\n")[0])
        return answer.output

    def _missing(self, said: str) -> ProblemsError:
        return failure(GIT_OBJECTS_MISSING, folder=self._repository.top, said=said)


class Revision:
    """The source of the files of a commit, or of what is staged: `tree` holds their names."""

    def __init__(self, objects: Objects, tree: Tree) -> None:
        self._objects = objects
        self._tree = tree
        self._waiting: set[str] = set()

    def listing(self, folder: str) -> Listing:
        """The YAML files below the folder, and the links in it that lead to no folder of it.

        `SourceError` where there is no such folder.
        """
        found = self._at(folder)
        if found is None:
            raise SourceError("missing", "there is no such folder")
        parts, node = found
        if isinstance(node, Blob):
            raise SourceError("not-a-file", "it is not a folder")
        prefix = str(PurePosixPath(folder)).removeprefix(".")
        walk = _Walk(self)
        walk.below(node, parts, prefix + "/" if prefix else "")
        self._waiting |= walk.blobs
        return Listing(sorted(walk.files), sorted(walk.refused, key=itemgetter(0)))

    def has(self, path: str) -> bool:
        """Whether there is anything at a path, be it something that cannot be read."""
        try:
            return self._at(path) is not None
        except SourceError:
            return True

    def read(self, path: str, limit: int) -> bytes:
        """The file's bytes; `SourceError` where it cannot be had or is over `limit` bytes."""
        found = self._at(path)
        if found is None:
            raise SourceError("missing", "there is no such file")
        _, node = found
        if not isinstance(node, Blob):
            raise SourceError("not-a-file", "it is a folder")
        if self._waiting:
            self._objects.read(self._waiting, min(limit, MAX_BYTES))
            self._waiting = set()
        return self._objects.content(node.name, limit)

    def _at(self, path: str) -> tuple[list[str], Blob | Tree] | None:
        """What a path leads to, and its real path; `None` where there is nothing."""
        return self.followed([], path.split("/"), given=path.split("/"))

    def followed(
        self, start: Sequence[str], parts: Sequence[str], given: Sequence[str]
    ) -> tuple[list[str], Blob | Tree] | None:
        """What a path from a real folder leads to, symlinks followed, and its real path.

        `SourceError` where it leaves the project, or leads to something hidden that is not in the
        path as it was `given`.
        """
        real, waiting, links = list(start), list(reversed(parts)), 0
        while waiting:
            part = waiting.pop()
            if part == "..":
                _leave(real)
            elif part not in ("", "."):
                node = self._plain([*real, part])
                if node is None:
                    return None
                if isinstance(node, Blob) and node.mode == _LINK:
                    links += 1
                    waiting += reversed(self._target(node, links).split("/"))
                else:
                    real.append(part)
        if {part for part in real if part.startswith(".")} - set(given):
            raise SourceError("outside", "it leads to something hidden")
        found = self._plain(real)
        return None if found is None else (real, found)

    def _plain(self, real: Sequence[str]) -> Blob | Tree | None:
        node: Blob | Tree | None = self._tree
        for part in real:
            node = node.get(part) if isinstance(node, dict) else None
        return node

    def _target(self, link: Blob, links: int) -> str:
        if links > _MOST_LINKS:
            raise SourceError("unreadable", "its symlinks run in a circle")
        target = os.fsdecode(self._objects.content(link.name, _MOST_TARGET))
        if target.startswith("/"):
            raise SourceError("outside", "it leads out of the project")
        return target


def _leave(real: list[str]) -> None:
    if not real:
        raise SourceError("outside", "it leads out of the project")
    real.pop()


class _Walk:
    """One walk through a folder; every real folder is entered once, so that links cannot loop."""

    def __init__(self, revision: Revision) -> None:
        self._revision = revision
        self._entered: set[tuple[str, ...]] = set()
        self.files: list[str] = []
        self.refused: list[tuple[str, SourceError]] = []
        self.blobs: set[str] = set()

    def below(self, tree: Tree, real: Sequence[str], prefix: str) -> None:
        """Finds the files below a folder, which people call `prefix`."""
        links = self._walked(tree, tuple(real), prefix)
        # Links last: a folder is listed under its own name rather than under a link's.
        while links:
            following: list[tuple[str, tuple[str, ...]]] = []
            for name, where in sorted(links):
                inner = self._linked(name, where)
                if inner is not None:
                    following += self._walked(inner[1], inner[0], name + "/")
            links = following

    def _walked(
        self, tree: Tree, real: tuple[str, ...], prefix: str
    ) -> list[tuple[str, tuple[str, ...]]]:
        """Takes the files of a folder and all below it; its symlinks, and where they stand."""
        links: list[tuple[str, tuple[str, ...]]] = []
        waiting = [(tree, real, prefix)]
        while waiting:
            here, where, name = waiting.pop()
            if where in self._entered:
                continue
            self._entered.add(where)
            for part, node in here.items():
                if part.startswith("."):
                    continue
                if is_yaml_name(part):
                    self._found(name + part, node)
                elif isinstance(node, dict):
                    waiting.append((node, (*where, part), f"{name}{part}/"))
                elif node.mode == _LINK:
                    links.append((name + part, (*where, part)))
        return links

    def _found(self, name: str, node: Blob | Tree) -> None:
        self.files.append(name)
        if isinstance(node, Blob):
            self.blobs.add(node.name)

    def _linked(self, name: str, where: tuple[str, ...]) -> tuple[tuple[str, ...], Tree] | None:
        """The folder that a symlink leads to; `None` where it leads to no folder."""
        try:
            found = self._revision.followed(where[:-1], where[-1:], given=name.split("/"))
        except SourceError as error:
            self.refused.append((name, error))
            return None
        if found is None:
            self.refused.append((name, SourceError("unreadable", "it leads nowhere")))
            return None
        if isinstance(found[1], Blob):
            return None
        return tuple(found[0]), found[1]


# ── what git lists ───────────────────────────────────────────────────────────────────────────────


def committed(objects: Objects, repository: Repository, tree: str) -> Revision:
    """The files below a tree of a commit, by the tree's object name."""
    listing = repository.asked("ls-tree", "-r", "-z", "--full-tree", tree)
    return Revision(objects, _tree(_entries(listing, "")))


def staged(objects: Objects, repository: Repository, prefix: str) -> Revision:
    """The files below a folder as they stand in the index; `prefix` is "" for all of them.

    `UsageError` where a merge is not finished.
    """
    entries, unmerged = _index(repository, prefix)
    if unmerged:
        raise UsageError(
            "the index holds a merge that is not finished", "finish it, and `git add` the files"
        )
    return Revision(objects, _tree((path, blob) for path, (_, blob) in entries.items()))


def skipped(repository: Repository, prefix: str) -> Tree:
    """The files that a sparse checkout leaves out of the work tree."""
    entries, _ = _index(repository, prefix)
    return _tree((path, blob) for path, (tag, blob) in entries.items() if tag == "S")


def _index(repository: Repository, prefix: str) -> tuple[dict[str, tuple[str, Blob]], bool]:
    """The entries of the index by path, each with git's tag for it, and whether any is unmerged."""
    within = [f":(literal){prefix}"] if prefix else []
    listing = repository.asked("ls-files", "-z", "-t", "--stage", "--", *within)
    start = prefix + "/" if prefix else ""
    found: dict[str, tuple[str, Blob]] = {}
    unmerged = False
    for line in listing.split(b"\0")[:-1]:
        about, _, path = line.partition(b"\t")
        tag, mode, name, stage = about.decode("ascii").split(" ")
        unmerged = unmerged or stage != "0"
        found[os.fsdecode(path).removeprefix(start)] = (tag, Blob(mode, name))
    return found, unmerged


def _entries(listing: bytes, start: str) -> Iterator[tuple[str, Blob]]:
    for line in listing.split(b"\0")[:-1]:
        about, _, path = line.partition(b"\t")
        mode, _, name = about.decode("ascii").split(" ")
        yield os.fsdecode(path).removeprefix(start), Blob(mode, name)


def _tree(entries: Iterable[tuple[str, Blob]]) -> Tree:
    """The files as folders in folders. What a submodule holds is its own business."""
    root: Tree = {}
    for path, blob in entries:
        if blob.mode == _SUBMODULE:
            continue
        *folders, name = path.split("/")
        here = root
        for folder in folders:
            inner = here.setdefault(folder, {})
            if isinstance(inner, Blob):
                break
            here = inner
        else:
            here[name] = blob
    return root


class Sparse:
    """The work tree, and beside it what a sparse checkout left out of it."""

    def __init__(self, tree: WorkTree, left_out: Revision) -> None:
        self._tree = tree
        self._left_out = left_out

    def listing(self, folder: str) -> Listing:
        """The YAML files of both."""
        found: set[str] = set()
        refused: list[tuple[str, SourceError]] = []
        failures: list[SourceError] = []
        for source in (self._tree, self._left_out):
            try:
                files, own = source.listing(folder)
                found.update(files)
                refused += own
            except SourceError as error:
                failures.append(error)
        for one in failures:
            if one.reason != "missing" or len(failures) == 2:
                raise one
        return Listing(sorted(found), refused)

    def read(self, path: str, limit: int) -> bytes:
        """The file's bytes, from the work tree where it is there."""
        try:
            return self._tree.read(path, limit)
        except SourceError as error:
            if error.reason != "missing":
                raise
            return self._left_out.read(path, limit)


def prefix_of(repository: Repository, project: Path) -> str:
    """The project's folder in its repository; "" where it is the repository's own."""
    relative = project.resolve().relative_to(repository.top).as_posix()
    return "" if relative == "." else relative


def object_at(repository: Repository, revision: str) -> str | None:
    """The name of the object that a revision means; `None` where there is no such thing."""
    if revision.startswith("-") or "\0" in revision:
        return None
    answer = repository.run("rev-parse", "--verify", "--quiet", revision)
    name = answer.output.decode("ascii", "replace").strip()
    return name if answer.code == 0 and name else None
