"""Abstract profiles and environments that nothing with a body inherits from."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Protocol

from voxmint.origin import Origin
from voxmint.problems import Problem
from voxmint.profiles import wording
from voxmint.profiles.nodes import MapNode
from voxmint.profiles.reader import Document


class Heir(Protocol):
    """A profile or an environment."""

    @property
    def name(self) -> str: ...
    @property
    def file(self) -> str: ...
    @property
    def abstract(self) -> bool: ...


def unused_bases(
    owner: str, lineages: Iterable[Sequence[Heir]], documents: Mapping[str, Document]
) -> Iterator[Problem]:
    """A warning for each base without heirs; `owner` says what they are.

    Where nothing has a body yet, bases are all there is, and none of them is said to be unused.
    """
    all_lineages = list(lineages)
    used = {one.name for lineage in all_lineages if not lineage[-1].abstract for one in lineage}
    for lineage in all_lineages if used else ():
        base = lineage[-1]
        if base.name not in used:
            facts = {"owner": owner, "name": base.name}
            yield Problem(wording.UNUSED_BASE, _place(base, documents), facts)


def _place(base: Heir, documents: Mapping[str, Document]) -> Origin:
    """The key `abstract` in the base's file."""
    root = documents[base.name].root
    mark = root.keys.get("abstract") if isinstance(root, MapNode) else None
    return Origin(base.file, *(mark or (1, 1, 1)))
