"""The names of all there are, where part of a folder may keep its own to itself."""

from collections.abc import Collection, Container, Iterable, Iterator


class Roster(Collection[str]):
    """The names of all profiles, or of all environments, that there are, read or not.

    `hidden` are the folders that could not be looked into, as the names in them begin: `team/`, or
    "" for all names. What would be in one of them is taken to be there: it was not deleted.
    """

    __slots__ = ("_known", "_ordered", "hidden")

    def __init__(self, known: Iterable[str] = (), hidden: Iterable[str] = ()) -> None:
        self._ordered = tuple(dict.fromkeys(known))
        self._known = frozenset(self._ordered)
        self.hidden = tuple(dict.fromkeys(hidden))

    def __iter__(self) -> Iterator[str]:
        """Those that are known."""
        return iter(self._ordered)

    def __len__(self) -> int:
        return len(self._ordered)

    def __contains__(self, name: object) -> bool:
        is_known = name in self._known
        return is_known or (isinstance(name, str) and self.hiding(name) is not None)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Roster) and self._parts == other._parts

    def __hash__(self) -> int:
        return hash(self._parts)

    def __repr__(self) -> str:
        return f"Roster{self._parts}"

    def __or__(self, other: "Roster") -> "Roster":
        return Roster((*self, *other), (*self.hidden, *other.hidden))

    @property
    def _parts(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        return self._ordered, self.hidden

    def are_all_in(self, found: Container[str]) -> bool:
        """Whether all names are known, and none of them is missing from those that were found."""
        return not self.hidden and all(name in found for name in self._ordered)

    def hiding(self, name: str) -> str | None:
        """The folder that may have a name which is not known; `None` where there is none."""
        if name in self._known:
            return None
        return next((one for one in self.hidden if name.startswith(one)), None)
