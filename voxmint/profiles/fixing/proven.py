"""Lines without effect taken out of a project's files, with the proof that nothing else changes.

    problems → removals → edited texts → compiled again → compared

Nothing is taken on trust: what the compiler calls without effect is removed from the texts in
memory, the whole project is compiled again, and only what leaves every body as it was is kept.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from voxmint.origin import Origin
from voxmint.problems import Problem
from voxmint.profiles.compiled import Compilation
from voxmint.profiles.fixing.edits import Edited, Reason, Removal, without
from voxmint.profiles.fixing.halving import acceptable
from voxmint.profiles.fixing.likeness import has_new_problems, likeness
from voxmint.profiles.idle import REMOVABLE
from voxmint.profiles.order import Order
from voxmint.profiles.pipeline import compile_project
from voxmint.profiles.source import TextSource

MOST_COMPILES = 100
"""How often a project is compiled at most, to find out what can go."""

CHANGES_A_BODY = "without it, a body or a setting would be another, or a warning would be new"
NOT_TRIED = "it was not tried: finding out takes too many compiles"


class Edit(NamedTuple):
    """A file whose text is to be another, without its byte order mark."""

    file: str
    before: str
    after: str


class Left(NamedTuple):
    """A problem whose line stays, and why, to stand after a colon."""

    problem: Problem
    reason: str


@dataclass(frozen=True, slots=True)
class Fix:
    """What can be removed, proven; nothing is written yet.

    `compilation` is that of the edited project. Places in `removed` and `left` are those of the
    files as they are now. `compiles` is how often the project was compiled for it.
    """

    compilation: Compilation
    edits: tuple[Edit, ...]
    removed: tuple[Problem, ...]
    left: tuple[Left, ...]
    compiles: int


class _Candidate(NamedTuple):
    """Something that may be removed, by its place in the file as it was at first."""

    file: str
    removal: Removal


def fix(compilation: Compilation, order: Order, closed: Mapping[str, str]) -> Fix:
    """What can be removed from the files of a compiled project without any body's changing.

    `order` is the one that gave the compilation: for everything, with `idle`. `closed` are files
    that must not be edited, each with the reason. A project with errors is left as it is: what
    cannot be compiled cannot be compared.
    """
    fixer = _Fixer(compilation, order, closed)
    if not compilation.errors:
        fixer.run()
    return fixer.result()


class _Fixer:
    """Removes what it can in rounds: what goes may have been all that used something else."""

    def __init__(self, compilation: Compilation, order: Order, closed: Mapping[str, str]) -> None:
        self._before = compilation
        self._likeness = likeness(compilation)
        self._order = order
        self._closed = closed
        self._compiles = 0
        self._now = compilation
        self._edited: Mapping[str, Edited] = {}
        self._removed: list[_Candidate] = []
        self._problems: dict[_Candidate, Problem] = {}
        self._left: dict[_Candidate, str] = {}

    def run(self) -> None:
        """Removes until nothing is left that could be."""
        while fresh := self._fresh():
            accepted = acceptable(fresh, self._is_proven)
            kept = set(accepted)
            self._left |= {one: self._why_not(one) for one in fresh if one not in kept}
            self._removed += accepted
            if not accepted:
                return
            # What its text alone held back may be free now: an alias to it may be gone.
            self._left = {
                one: why for one, why in self._left.items() if not isinstance(why, Reason)
            }

    def result(self) -> Fix:
        """What came of it."""
        edits = [
            Edit(file, self._before.texts[file], edited.text)
            for file, edited in sorted(self._edited.items())
        ]
        removed = (self._problems[one] for one in sorted(self._removed))
        left = (Left(self._problems[one], self._left[one]) for one in sorted(self._left))
        return Fix(self._now, tuple(edits), tuple(removed), tuple(left), self._compiles)

    # ── candidates ───────────────────────────────────────────────────────────────────────────────

    def _fresh(self) -> list[_Candidate]:
        """What has come up since the last round, without what the files do not allow."""
        found = dict(self._candidates())
        done = {*self._removed, *self._left}
        fresh = {one: problem for one, problem in found.items() if one not in done}
        self._problems |= fresh
        open_ones = [one for one in fresh if one.file not in self._closed]
        self._left |= {one: self._closed[one.file] for one in fresh if one.file in self._closed}
        kept = self._kept_by_their_texts(open_ones)
        self._left |= kept
        return sorted(one for one in open_ones if one not in kept)

    def _candidates(self) -> Iterator[tuple[_Candidate, Problem]]:
        for problem in self._now.problems:
            if problem.at is None or problem.kind not in REMOVABLE:
                continue
            file, line, column, length = problem.at
            edited = self._edited.get(file)
            if edited is not None:
                line, column = edited.place_before(line, column)
            removal = Removal(line, column, REMOVABLE[problem.kind])
            yield _Candidate(file, removal), problem._replace(at=Origin(file, line, column, length))

    def _kept_by_their_texts(self, fresh: Sequence[_Candidate]) -> dict[_Candidate, str]:
        """What cannot be taken out of its text, whatever it means, and why."""
        edited = self._texts_without(fresh)
        return {
            one: edited[one.file].left[one.removal]
            for one in fresh
            if one.removal in edited[one.file].left
        }

    def _texts_without(self, some: Sequence[_Candidate]) -> dict[str, Edited]:
        """The edited files, without these and all that was removed before."""
        removals: dict[str, list[Removal]] = {}
        for file, removal in (*self._removed, *some):
            removals.setdefault(file, []).append(removal)
        return {file: without(self._before.texts[file], ones) for file, ones in removals.items()}

    # ── proof ────────────────────────────────────────────────────────────────────────────────────

    def _is_proven(self, some: Sequence[_Candidate]) -> bool:
        """Whether the project is the same without these; if so, it is taken over."""
        if self._compiles >= MOST_COMPILES:
            return False
        edited = self._texts_without(some)
        if any(one.left for one in edited.values()):
            return False
        after = self._compiled(edited)
        if likeness(after) != self._likeness or has_new_problems(self._before, after, REMOVABLE):
            return False
        self._now, self._edited = after, edited
        return True

    def _compiled(self, edited: Mapping[str, Edited]) -> Compilation:
        self._compiles += 1
        texts = {file: one.text for file, one in edited.items()}
        return compile_project(TextSource({**self._before.texts, **texts}), self._order)

    def _why_not(self, candidate: _Candidate) -> str:
        edited = self._texts_without([candidate])[candidate.file]
        if candidate.removal in edited.left:
            return edited.left[candidate.removal]
        return CHANGES_A_BODY if self._compiles < MOST_COMPILES else NOT_TRIED
