"""Who inherits from whom: the lineage of a profile or an environment, each base once.

The order is C3 linearisation, as Python orders its classes: a base comes before (is weaker than)
what extends it, and the later of two bases is the stronger, as in `extends: [weaker, stronger]`.
Source: Barrett et al., "A Monotonic Superclass Linearization for Dylan", 1996.
"""

from collections.abc import Collection, Mapping, Sequence
from itertools import pairwise
from typing import Protocol, TypeVar

from voxmint.origin import Origin
from voxmint.problems import Kind, Problem, Related
from voxmint.profiles import wording
from voxmint.profiles.documents import Reference
from voxmint.profiles.selectors import nearest_name


class Extending(Protocol):
    """What can extend others of its kind: a profile or an environment."""

    @property
    def name(self) -> str: ...
    @property
    def file(self) -> str: ...
    @property
    def extends(self) -> tuple[Reference, ...]: ...


D = TypeVar("D", bound=Extending)


MAX_LINEAGE = 200
"""How many profiles, or environments, one may inherit from, itself included."""


class _InconsistentError(Exception):
    """The lists of bases contradict each other: each of these is before the next, all around."""

    def __init__(self, names: Sequence[str]) -> None:
        super().__init__(*names)
        self.pairs = tuple(zip(names, (*names[1:], names[0]), strict=True))


class Lineages:
    """Finds lineages, each once; `problems` holds what stood in the way.

    `documents` are those that could be read, `known` the names of all that there are (a file that
    cannot be read has its problem already, and a folder that cannot be looked into), `unknown` is
    the kind of problem for any other name.
    """

    def __init__(self, documents: Mapping[str, D], known: Collection[str], unknown: Kind) -> None:
        self.problems: list[Problem] = []
        self._documents = documents
        self._known = known
        self._unknown = unknown
        self._found: dict[str, tuple[str, ...] | None] = {}
        self._merged: dict[tuple[str, ...], tuple[str, ...] | None] = {}
        self._bases: dict[str, tuple[str, ...] | None] = {}
        self._walk: list[str] = []

    def of(self, name: str) -> tuple[str, ...] | None:
        """The lineage from the remotest base to the name itself; `None` where there is none."""
        if name not in self._found:
            self._find(name)
        found = self._found[name]
        return None if found is None else found[::-1]

    def _find(self, name: str) -> None:
        """Finds the lineage, and those of the bases first.

        Without recursion: how long the walk is depends on the files.
        """
        self._walk.append(name)
        while self._walk:
            current = self._walk[-1]
            waiting = [base for base in self._bases_of(current) or () if base not in self._found]
            if waiting:
                self._walk.append(waiting[-1])
            else:
                self._found[current] = self._linearised(current)
                self._walk.pop()

    def _bases_of(self, name: str) -> tuple[str, ...] | None:
        """What the document extends; `None` where there is no document, or not all of its bases."""
        if name not in self._bases:
            document = self._documents.get(name)
            bases = [self._base(document, base) for base in document.extends] if document else []
            sound = tuple(base for base in bases if base is not None)
            self._bases[name] = sound if document and len(sound) == len(bases) else None
        return self._bases[name]

    def _linearised(self, name: str) -> tuple[str, ...] | None:
        """The lineage, the strongest first, of a name whose bases have all been looked at."""
        bases = self._bases_of(name)
        if bases is None:
            return None
        try:
            merged = self._merged_bases(bases)
        except _InconsistentError as clash:
            self._note_inconsistent(self._documents[name], clash)
            return None
        if merged is None:
            return None
        found = (name, *merged)
        if len(found) > MAX_LINEAGE:
            self._note_long(self._documents[name])
            return None
        return found

    def _merged_bases(self, bases: tuple[str, ...]) -> tuple[str, ...] | None:
        """The lineages of bases in one, worked out once for all that extend the same."""
        if bases not in self._merged:
            lists = [list(self._found[base] or ()) for base in reversed(bases)]
            given = list(reversed(bases))
            self._merged[bases] = tuple(_merged([*lists, given])) if all(lists) else None
        return self._merged[bases]

    def _base(self, document: Extending, reference: Reference) -> str | None:
        """The base's name; `None`, and a problem where that is news, when there is no such base."""
        name = reference.name
        at = Origin(document.file, *reference.mark)
        if name in self._walk:
            self._note_cycle(name, at)
            return None
        if name in self._known:
            return name
        lacking = {} if name.strip() else {"key": "extends"}
        facts = {"name": name, **lacking, **nearest_name(name, self._known)}
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

    def _note_long(self, document: Extending) -> None:
        at = Origin(document.file, *document.extends[0].mark)
        facts = {"name": document.name, "limit": MAX_LINEAGE}
        self.problems.append(Problem(wording.LONG_LINEAGE, at, facts))

    def _note_inconsistent(self, document: Extending, clash: _InconsistentError) -> None:
        at = Origin(document.file, *document.extends[0].mark)
        *orders, last = (f"{one} before {other}" for one, other in clash.pairs)
        facts = {"name": document.name, "orders": f"{', '.join(orders)}, and {last}"}
        related = (self._written_order(document, *pair) for pair in clash.pairs)
        self.problems.append(Problem(wording.INCONSISTENT_ORDER, at, facts, tuple(related)))

    def _written_order(self, document: Extending, weaker: str, stronger: str) -> Related:
        """Where it is written that one comes before the other.

        A list names both, or one extends the other. Else it follows from the lists of bases, and
        is said where they come together.
        """
        names: dict[str, None] = {document.name: None}
        for base in document.extends:
            names.update(dict.fromkeys(self._found[base.name] or ()))
        for name in names:
            writer = self._documents[name]
            marks = {base.name: base.mark for base in writer.extends}
            order = [*marks, name]
            if weaker in marks and stronger in order[order.index(weaker) + 1 :]:
                how = f"`{name}` extends it" if stronger == name else "in this list"
                said = f"`{weaker}` comes before `{stronger}`: {how}"
                return Related(Origin(writer.file, *marks[weaker]), said)
        return self._brought_order(document, weaker, stronger)

    def _brought_order(self, document: Extending, weaker: str, stronger: str) -> Related:
        """Where one comes before the other because of what brings them into a lineage."""
        while inner := [one for one in document.extends if self._has(one.name, weaker, stronger)]:
            document = self._documents[inner[0].name]
        bringing = self._bringing(document, weaker)
        how = f"`{stronger}` extends it through `{bringing[0].name}`"
        if stronger != document.name:
            ways = ((bringing[0], weaker), (self._bringing(document, stronger)[-1], stronger))
            brought = [f"`{one.name}` brings `{it}`" for one, it in ways if one.name != it]
            how = f"in this list, {' and '.join(brought)}"
        said = f"`{weaker}` comes before `{stronger}`: {how}"
        return Related(Origin(document.file, *bringing[0].mark), said)

    def _bringing(self, document: Extending, name: str) -> list[Reference]:
        """The bases that a document lists in whose lineage a name is."""
        return [one for one in document.extends if name in (self._found[one.name] or ())]

    def _has(self, name: str, weaker: str, stronger: str) -> bool:
        """Whether the lineage of a name has the one before the other."""
        lineage = self._found[name] or ()
        return stronger in lineage and weaker in lineage[lineage.index(stronger) :]


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
    """A circle of heads, each of which is before the next one in some list (weaker, as written)."""
    circle = [lists[0][0]]
    while True:
        stronger = next(one[0] for one in lists if circle[-1] in one[1:])
        if stronger in circle:
            return _InconsistentError(circle[circle.index(stronger) :])
        circle.append(stronger)
