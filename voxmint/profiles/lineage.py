"""Who inherits from whom: the lineage of a profile or an environment, each base once.

The order is C3 linearisation, as Python orders its classes: a base comes before (is weaker than)
what extends it, and the later of two bases is the stronger, as in `extends: [weaker, stronger]`.
Source: Barrett et al., "A Monotonic Superclass Linearization for Dylan", 1996.
"""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Protocol, TypeVar

from voxmint.origin import Origin
from voxmint.problems import Kind, Problem, Related, nearest
from voxmint.profiles import wording
from voxmint.profiles.documents import Reference


class Extending(Protocol):
    """What can extend others of its kind: a profile or an environment."""

    @property
    def name(self) -> str: ...
    @property
    def file(self) -> str: ...
    @property
    def extends(self) -> tuple[Reference, ...]: ...


D = TypeVar("D", bound=Extending)


class _NoLineageError(Exception):
    """There is no lineage; the reason is a problem, or stands in another file."""


class _InconsistentError(Exception):
    """Two lists of bases contradict each other about these two."""

    def __init__(self, one: str, other: str) -> None:
        super().__init__(one, other)
        self.one = one
        self.other = other


class Lineages:
    """Finds lineages, each once; `problems` holds what stood in the way.

    `documents` are those that could be read, `known` the names of all that there are (a file that
    cannot be read has its problem already), `unknown` is the kind of problem for any other name.
    """

    def __init__(self, documents: Mapping[str, D], known: Sequence[str], unknown: Kind) -> None:
        self.problems: list[Problem] = []
        self._documents = documents
        self._known = frozenset(known)
        self._unknown = unknown
        self._found: dict[str, tuple[str, ...] | None] = {}
        self._walk: list[str] = []

    def of(self, name: str) -> tuple[str, ...] | None:
        """The lineage from the remotest base to the name itself; `None` where there is none."""
        try:
            return tuple(reversed(self._strongest_first(name)))
        except _NoLineageError:
            return None

    def _strongest_first(self, name: str) -> tuple[str, ...]:
        if name not in self._found:
            self._walk.append(name)
            try:
                self._found[name] = self._linearised(name)
            except _NoLineageError:
                self._found[name] = None
            finally:
                self._walk.pop()
        found = self._found[name]
        if found is None:
            raise _NoLineageError
        return found

    def _linearised(self, name: str) -> tuple[str, ...]:
        document = self._documents.get(name)
        if document is None:
            raise _NoLineageError
        bases = [self._base(document, base) for base in document.extends]
        if None in bases:
            raise _NoLineageError
        names = [base for base in bases if base is not None]
        lists = [list(self._strongest_first(base)) for base in reversed(names)]
        try:
            return (name, *_merged([*lists, list(reversed(names))]))
        except _InconsistentError as clash:
            self._note_inconsistent(document, clash)
            raise _NoLineageError from None

    def _base(self, document: Extending, reference: Reference) -> str | None:
        """The base's name; `None`, and a problem where that is news, when there is no such base."""
        name = reference.name
        at = Origin(document.file, *reference.mark)
        if name in self._walk:
            self._note_cycle(name, at)
            return None
        if name in self._known:
            return name
        facts = {"name": name, **nearest(name, self._known)}
        self.problems.append(Problem(self._unknown, at, facts))
        return None

    def _note_cycle(self, name: str, at: Origin) -> None:
        walk = [*self._walk[self._walk.index(name) :], name]
        related = tuple(self._step(one, other) for one, other in pairwise(walk))
        facts = {"name": name, "walk": " → ".join(walk)}
        self.problems.append(Problem(wording.CYCLE, at, facts, related[:-1]))

    def _step(self, one: str, other: str) -> Related:
        document = self._documents[one]
        mark = next(base.mark for base in document.extends if base.name == other)
        return Related(Origin(document.file, *mark), f"`{one}` extends `{other}` here")

    def _note_inconsistent(self, document: Extending, clash: _InconsistentError) -> None:
        at = Origin(document.file, *document.extends[0].mark)
        facts = {"name": document.name, "one": clash.one, "other": clash.other}
        related = tuple(
            Related(Origin(written.file, *base.mark), f"here `{base.name}` is in the list")
            for written in self._writers(document, clash)
            for base in written.extends
            if base.name in (clash.one, clash.other)
        )
        self.problems.append(Problem(wording.INCONSISTENT_ORDER, at, facts, related))

    def _writers(self, document: Extending, clash: _InconsistentError) -> list[Extending]:
        """The documents whose own lists name both of the two that clash."""
        names: dict[str, None] = {document.name: None}
        for base in document.extends:
            names.update(dict.fromkeys(self._strongest_first(base.name)))
        both = {clash.one, clash.other}
        return [
            self._documents[name]
            for name in names
            if both <= {base.name for base in self._documents[name].extends} | {name}
        ]


def _merged(lists: list[list[str]]) -> list[str]:
    """C3's merge: of the lists' heads, take the first that stands in no other list's tail."""
    result: list[str] = []
    while lists := [one for one in lists if one]:
        for candidate in (one[0] for one in lists):
            if not any(candidate in one[1:] for one in lists):
                break
        else:
            raise _clash(lists)
        result.append(candidate)
        lists = [one[1:] if one[0] == candidate else one for one in lists]
    return result


def _clash(lists: list[list[str]]) -> _InconsistentError:
    """Two heads of which each is before the other in some list (weaker first, as written)."""
    heads = [one[0] for one in lists]
    for head in heads:
        for one in lists:
            if head in one[1:] and one[0] != head:
                return _InconsistentError(head, one[0])
    raise AssertionError("C3 stops only at a clash")
