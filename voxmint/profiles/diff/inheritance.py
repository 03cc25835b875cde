"""Which edits of `extends` decide on a lineage: on who is in it, and in which order.

Of several edits in one lineage, each is tried: what the lineage would be without it, and what with
nothing but it.
"""

from collections import ChainMap
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple, TypeAlias

from voxmint.profiles import wording
from voxmint.profiles.compiled import Compilation
from voxmint.profiles.diff.edits import Document
from voxmint.profiles.diff.matching import Matching
from voxmint.profiles.diff.result import Cause
from voxmint.profiles.documents import Profile, Reference
from voxmint.profiles.lineage import Lineages

Told: TypeAlias = Callable[[Sequence[str]], object]
"""What is looked at in a lineage, given as names of the head from the weakest."""


class Kin(NamedTuple):
    """A lineage in both states; the last of each is the profile or the environment itself."""

    base: Sequence[Document]
    head: Sequence[Document]


class Extensions:
    """The edits of `extends`, by the lineages that they are in."""

    def __init__(
        self,
        causes: Mapping[Document, Cause],
        matching: Matching,
        states: tuple[Compilation, Compilation],
    ) -> None:
        self._causes = causes
        self._matching = matching
        self._states = states
        self._families: dict[bool, _Family] = {}

    def of(self, kin: Kin) -> list[Cause]:
        """All that were edited in a lineage, each once."""
        return list(dict.fromkeys(self._edited(kin).values()))

    def deciding(self, kin: Kin, told: Told) -> list[Cause]:
        """Those without which something else is told of a lineage.

        Where there is none, those that suffice for it by themselves; there may be none of these,
        either.
        """
        edited = self._edited(kin)
        if not edited:
            return []
        names = self._family(kin).deciding(kin.head[-1].name, list(edited), told)
        return [edited[name] for name in names]

    def _edited(self, kin: Kin) -> dict[str, Cause]:
        """The edits in a lineage, by the names that the head has for their documents."""
        causes = self._causes
        if not causes:
            return {}
        names = self._names(kin)
        before = {names.get(one.name, one.name): causes[one] for one in kin.base if one in causes}
        return {**before, **{one.name: causes[one] for one in kin.head if one in causes}}

    def _names(self, kin: Kin) -> Mapping[str, str]:
        matching = self._matching
        return matching.profiles if _is_of_profile(kin) else matching.environments

    def _family(self, kin: Kin) -> "_Family":
        is_profile = _is_of_profile(kin)
        if is_profile not in self._families:
            base, head = (_documents(state, is_profile) for state in self._states)
            self._families[is_profile] = _Family(base, head, self._names(kin))
        return self._families[is_profile]


def _is_of_profile(kin: Kin) -> bool:
    return isinstance(kin.head[-1], Profile)


def _documents(state: Compilation, is_profile: bool) -> list[Document]:
    compiled = state.profiles if is_profile else state.environments
    return [one.document for one in compiled.values()]


class _Heir(NamedTuple):
    """A document, as far as it inherits."""

    name: str
    file: str
    extends: tuple[Reference, ...]


class _Family:
    """The lineages of all profiles, or of all environments, with an edit of `extends` or without.

    All names are the head's: `in_head` gives those of the base.
    """

    def __init__(
        self, base: Iterable[Document], head: Iterable[Document], in_head: Mapping[str, str]
    ) -> None:
        before = {heir.name: heir for heir in (_heir(one, in_head) for one in base)}
        after = {heir.name: heir for heir in (_heir(one, {}) for one in head)}
        # A file that came or went is an edit of its own, so each state is lent what it lacks.
        self._states = {**before, **after}, {**after, **before}
        self._tried: dict[tuple[bool, str | None], Lineages] = {}

    def deciding(self, name: str, edited: Sequence[str], told: Told) -> Sequence[str]:
        """Those of the `edited` that `Extensions.deciding` asks for, by name."""
        needed = self._turning(name, edited, told, is_base=False)
        return needed or self._turning(name, edited, told, is_base=True)

    def _turning(self, name: str, edited: Sequence[str], told: Told, *, is_base: bool) -> list[str]:
        """Those that turn what is told of a state, by `extends` as it is in the other state."""
        lineages = (self._lineages(is_base, one).of(name) for one in (None, *edited))
        now, *others = (() if one is None else (told(one),) for one in lineages)
        return [one for one, other in zip(edited, others, strict=True) if other != now]

    def _lineages(self, is_base: bool, turned: str | None) -> Lineages:
        """Those of a state, but for one document that is as in the other."""
        key = (is_base, turned)
        if key not in self._tried:
            state, other = self._states[is_base], self._states[not is_base]
            heirs = state if turned is None else ChainMap({turned: other[turned]}, state)
            self._tried[key] = Lineages(heirs, heirs.keys(), wording.UNKNOWN_PROFILE)
        return self._tried[key]


def _heir(document: Document, names: Mapping[str, str]) -> _Heir:
    bases = (one._replace(name=names.get(one.name, one.name)) for one in document.extends)
    return _Heir(names.get(document.name, document.name), document.file, tuple(bases))
