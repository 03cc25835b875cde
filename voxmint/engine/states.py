"""Which two states of a project are compared: commits, the index, the work tree, folders.

    diff                 where this branch left the default branch, and the work tree
    diff BASE            BASE and the work tree
    diff BASE HEAD       two commits; also BASE..HEAD, and BASE...HEAD from where they parted
    diff --staged        the last commit and the index
    diff old/ new/       two folders, each with a voxmint.yaml

Words are taken for states from the left, for as long as they are one, and then for profiles; a `--`
says where the profiles begin.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from voxmint.engine.clones import (
    default_branch,
    fetching,
    is_shallow,
    is_sparse,
    meant_in,
    only_project,
)
from voxmint.engine.git import Absence, Repository, any_repository
from voxmint.engine.project import open_project
from voxmint.engine.revisions import (
    Objects,
    Revision,
    Sparse,
    committed,
    object_at,
    prefix_of,
    skipped,
    staged,
)
from voxmint.engine.worktree import WorkTree
from voxmint.problems import UsageError, nearest
from voxmint.profiles.parse import parse_project
from voxmint.profiles.reader import MAX_BYTES, read_document
from voxmint.profiles.reading import PROJECT_FILE
from voxmint.profiles.selectors import is_pattern
from voxmint.profiles.source import Source, SourceError
from voxmint.shown import shown

WORK_TREE = "the working tree"
INDEX = "the index"
NOTHING = "nothing: there is no commit yet"

_SHORT = 10
"""How many characters of a commit's name are shown."""
_MOST_STATES = 2
_REVISIONS = "`git branch -a` lists branches, `git tag` lists tags"
_WHAT_THERE_IS = f"{_REVISIONS}, `voxmint list` lists profiles"


@dataclass(frozen=True, slots=True)
class State:
    """One state of a project: what it is called, and its files.

    `source` is `None` where there is no project in it. `commit` and `tree` are names of git's
    objects, where it is a commit's; `why` says how it was chosen, where nobody named it. `folder`
    is the project's in the commit, from the repository's root, empty where it is the root itself.
    """

    name: str
    source: Source | None
    commit: str | None = None
    tree: str | None = None
    why: str = ""
    folder: str = ""


@dataclass(frozen=True, slots=True)
class Asked:
    """What is to be compared, and for which profiles.

    `doubtful` is the first of the profiles where it was taken for one only because it is no state;
    `hint` then says what else may have been meant.
    """

    base: State
    head: State
    profiles: tuple[str, ...] = ()
    doubtful: str | None = None
    hint: str | None = None


def find_states(
    words: Sequence[str],
    profiles: Sequence[str] | None,
    cwd: Path,
    environ: Mapping[str, str],
    *,
    is_staged: bool = False,
    project: str | None = None,
) -> Asked:
    """The states that are asked for. `words` stand before a `--`, `profiles` after it.

    `profiles` are `None` where there is no `--`. `project` is the project's folder from the
    repository's root, by default the one that `cwd` is in. Raises `UsageError` for a word that
    means nothing, or two things, and where history does not reach back far enough.
    """
    inside = None if project is None else _inside(project)
    return _Finder(cwd, environ, inside).found(words, profiles, is_staged=is_staged)


def _inside(folder: str) -> str:
    """A folder of a repository in git's form; `UsageError` where it leads out of it."""
    path = PurePosixPath(folder)
    if path.is_absolute() or ".." in path.parts or "\0" in folder:
        raise UsageError(
            f"`--project` takes a folder of the repository, from its root, not `{shown(folder)}`",
            "for example: --project services/speech",
        )
    return "" if path == PurePosixPath() else str(path)


class _Finder:
    """Looks for states from a folder."""

    def __init__(self, cwd: Path, environ: Mapping[str, str], inside: str | None) -> None:
        self._cwd = cwd
        self._environ = environ
        self._inside = self._named = inside
        self._git: Repository | Absence | None = None
        self._objects: Objects | None = None
        self._sources: dict[str, Source | None] = {}

    def found(
        self, words: Sequence[str], profiles: Sequence[str] | None, *, is_staged: bool
    ) -> Asked:
        states, rest = self._taken(words, is_explicit=profiles is not None)
        try:
            base, head = self._both(states, is_staged=is_staged)
        except UsageError:
            if not rest or is_pattern(rest[0]) or self._is_profile(rest[0]):
                raise
            hint = self._hint(rest[0], *self._profiles())
            if hint is None and isinstance(self._repository(), Absence):
                raise
            # It was taken for a profile only because it is no state, so it comes first.
            said = f"there is no revision and no profile `{shown(rest[0])}`"
            raise UsageError(said, hint) from None
        asked = (*rest, *(profiles or ()))
        if not rest or self._is_profile(rest[0]):
            return Asked(base, head, asked)
        hint = self._hint(rest[0], *self._profiles())
        return Asked(base, head, asked, rest[0], hint)

    # ── words ────────────────────────────────────────────────────────────────────────────────────

    def _taken(
        self, words: Sequence[str], *, is_explicit: bool
    ) -> tuple[list[State], tuple[str, ...]]:
        """The states at the beginning of the words, and the words that are left."""
        if words and ".." in words[0] and not self._is_any_folder(words[0]):
            return self._range(words[0]), tuple(words[1:])
        states: list[State] = []
        for place, word in enumerate(words):
            state = None if len(states) == _MOST_STATES else self._meant(word)
            if state is None:
                if is_explicit:
                    raise self._unknown(word, len(states))
                return states, tuple(words[place:])
            if not is_explicit and self._is_profile(word):
                raise UsageError(
                    f"`{shown(word)}` is both a state and a profile",
                    f"write `{shown(word)} --` for the state, `-- {shown(word)}` for the profile",
                )
            states.append(state)
        return states, ()

    def _meant(self, word: str) -> State | None:
        """The folder or the commit that a word means."""
        folder = self._folder(word) if self._is_folder(word) else None
        commit = None if is_pattern(word) else self._commit(word)
        if folder is not None and commit is not None:
            raise UsageError(
                f"`{shown(word)}` is both a folder and a revision",
                f"write `./{shown(word)}` for the folder, `refs/heads/{shown(word)}` for a branch",
            )
        return folder or (self._committed(word, commit) if commit else None)

    def _is_folder(self, word: str) -> bool:
        return "\0" not in word and (self._cwd / word / PROJECT_FILE).is_file()

    def _is_any_folder(self, word: str) -> bool:
        return "\0" not in word and (self._cwd / word).is_dir()

    def _folder(self, word: str) -> State:
        if self._named is not None:
            raise UsageError(
                f"`--project` is for revisions of git, and `{shown(word)}` is a folder",
                "leave it out, and name the folders of the two projects",
            )
        return State(word, WorkTree(self._cwd / word))

    def _is_profile(self, word: str) -> bool:
        return word in self._profiles()

    def _profiles(self) -> Sequence[str]:
        """The names of the profiles in the work tree, as far as there are any."""
        try:
            tree = WorkTree(self._root())
            data = tree.read(PROJECT_FILE, MAX_BYTES)
            home = parse_project(read_document(PROJECT_FILE, data))[0].profiles
            files = tree.listing(home).files
        except (UsageError, SourceError):
            return ()
        return [str(PurePosixPath(file).relative_to(home).with_suffix("")) for file in files]

    def _range(self, word: str) -> list[State]:
        sign = "..." if "..." in word else ".."
        left, _, right = word.partition(sign)
        ends = [self._needed(end or "HEAD") for end in (left, right)]
        if sign == "...":
            ends[0] = self._parted(ends[1], left or "HEAD", ends[0].commit or "")
        return ends

    def _needed(self, word: str) -> State:
        commit = self._commit(word)
        if commit is None:
            raise self._unknown(word, 0)
        return self._committed(word, commit)

    def _unknown(self, word: str, count: int) -> UsageError:
        if count == _MOST_STATES:
            return UsageError(f"`{shown(word)}` is one state too many", "two are compared")
        hint = self._hint(word)
        if hint is None:
            self._asked()  # without git, that is what to say
        return UsageError(f"there is no revision `{shown(word)}`", hint)

    def _hint(self, word: str, *more: str) -> str | None:
        """What may have been meant by a word that is no revision; `more` are other names."""
        if self._is_any_folder(word):
            return f"the folder `{shown(word)}` holds no {PROJECT_FILE}"
        git = self._repository()
        if isinstance(git, Absence):
            near = nearest(word, more).get("nearest")
            return f"did you mean `{shown(near)}`?" if near else None
        return meant_in(git, word, more) or (_WHAT_THERE_IS if more else _REVISIONS)

    # ── defaults ─────────────────────────────────────────────────────────────────────────────────

    def _both(self, states: list[State], *, is_staged: bool) -> tuple[State, State]:
        if is_staged and len(states) == _MOST_STATES:
            raise UsageError("`--staged` compares with the index", "name one revision, or none")
        if is_staged and self._asked().is_bare:
            raise UsageError("a bare repository has no index", "name two revisions")
        if is_staged:
            base = states[0] if states else self._last_commit()
            prefix = self._prefix()
            git = self._asked().committing(self._environ)
            return base, State(INDEX, staged(self._all(), git, prefix), folder=prefix)
        if len(states) == _MOST_STATES:
            return states[0], states[1]
        head = self._present()
        return states[0] if states else self._branched(head), head

    def _present(self) -> State:
        """The work tree, or in a bare repository its own commit."""
        git = self._repository()
        if isinstance(git, Repository) and git.is_bare:
            return self._needed("HEAD")
        tree = WorkTree(self._root())
        if isinstance(git, Absence):
            return State(WORK_TREE, tree)
        prefix = self._prefix()
        if not is_sparse(git):
            return State(WORK_TREE, tree, folder=prefix)
        left_out = Revision(self._all(), skipped(git, prefix))
        return State(WORK_TREE, Sparse(tree, left_out), folder=prefix)

    def _last_commit(self) -> State:
        commit = self._commit("HEAD")
        return State(NOTHING, None) if commit is None else self._committed("HEAD", commit)

    def _branched(self, head: State) -> State:
        """Where the head's branch left the default branch."""
        git = self._asked()
        own = head.commit or self._commit("HEAD")
        if own is None:
            return State(NOTHING, None)
        default = default_branch(git)
        if default is None:
            hint = "name what to compare with: `voxmint diff HEAD`, or a branch"
            if is_shallow(git):
                hint = f"this clone has one branch only: {fetching(git, 'origin', 'main')}"
            raise UsageError("there is no default branch to compare with", hint)
        name, commit = default
        return self._parted(replace(head, commit=own), name, commit)

    def _parted(self, head: State, name: str, commit: str) -> State:
        """The last commit that the head's and another history have in common."""
        git = self._asked()
        answer = git.run("merge-base", head.commit or "", commit)
        found = answer.output.decode("ascii", "replace").strip()
        if answer.code == 0 and found:
            why = f"where it left {name}"
            return replace(self._committed(found, found), why=why)
        if is_shallow(git):
            raise UsageError(
                f"the history here is too shallow to find where this branch left `{shown(name)}`",
                "`git fetch --unshallow` gets the rest (in a workflow, `fetch-depth: 0` of the "
                "checkout), or name what to compare with",
            )
        raise UsageError(
            f"this branch and `{shown(name)}` have no commit in common",
            "name what to compare with",
        )

    # ── git ──────────────────────────────────────────────────────────────────────────────────────

    def _repository(self) -> Repository | Absence:
        if self._git is None:
            self._git = any_repository(self._cwd, self._environ)
        return self._git

    def _asked(self) -> Repository:
        git = self._repository()
        if isinstance(git, Absence):
            raise UsageError(
                f"there is nothing to compare with: {git.value}",
                "name two folders, each with a project: `voxmint diff old/ new/`",
            )
        return git

    def _all(self) -> Objects:
        if self._objects is None:
            self._objects = Objects(self._asked())
        return self._objects

    def _commit(self, word: str) -> str | None:
        git = self._repository()
        return None if isinstance(git, Absence) else object_at(git, word + "^{commit}")

    def _committed(self, word: str, commit: str) -> State:
        prefix = self._prefix(commit)
        git = self._asked()
        where = f"{commit}:{prefix}" if prefix else commit + "^{tree}"
        tree = object_at(git, where)
        short = commit[:_SHORT]
        name = short if commit.startswith(word) else f"{word} ({short})"
        source = None if tree is None else self._source_of(tree)
        return State(name, source, commit, tree, folder=prefix)

    def _source_of(self, tree: str) -> Source | None:
        """The files of a tree, listed once; `None` where they are no project."""
        if tree not in self._sources:
            source = committed(self._all(), self._asked(), tree)
            self._sources[tree] = source if source.has(PROJECT_FILE) else None
        return self._sources[tree]

    def _prefix(self, commit: str = "") -> str:
        """The project's folder in the repository."""
        if self._inside is None:
            git = self._asked()
            if git.is_bare:
                self._inside = only_project(git, commit)
            else:
                self._inside = prefix_of(git, self._root())
        return self._inside

    def _root(self) -> Path:
        """The project's folder in the work tree; `UsageError` where there is none."""
        if self._named is None:
            try:
                return open_project(self._cwd).root
            except UsageError:
                start = self._cwd.absolute()
                left_out = next(filter(self._is_left_out, (start, *start.parents)), None)
                if left_out is None:
                    raise
                return left_out
        root = self._asked().top / self._named
        is_there = (root / PROJECT_FILE).is_file() or self._is_left_out(root)
        if root.resolve() != root or not is_there:
            folder = shown(self._named) or "."
            raise UsageError(
                f"there is no project in `{folder}` of {WORK_TREE}", "name two revisions"
            )
        return root

    def _is_left_out(self, folder: Path) -> bool:
        """Whether a sparse checkout leaves out the project's file, which is in the folder."""
        git = self._repository()
        if isinstance(git, Absence) or git.is_bare or not is_sparse(git):
            return False
        try:
            prefix = prefix_of(git, folder)
        except ValueError:
            # Above the repository.
            return False
        return PROJECT_FILE in skipped(git, prefix)
