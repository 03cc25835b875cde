"""What a sink is called where others of its environment are told of, too."""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Protocol


class Place(Protocol):
    """A sink as plans and reports know it."""

    @property
    def kind(self) -> str: ...
    @property
    def target(self) -> str: ...
    @property
    def address(self) -> str: ...


Key = tuple[str, str]
"""A sink's kind and address: no two of an environment share them."""


def names_of(places: Iterable[Place]) -> Mapping[Key, str]:
    """What each sink is called, by kind and address, in the order that they come in.

    That is its target, in the words of its file. Two stores can have secrets of the same names:
    then a sink is called by its kind, too, and by its address where that does not tell them apart.
    """
    known = {(one.kind, one.address): one for one in places}
    targets = Counter(one.target for one in known.values())
    kinds = Counter((one.kind, one.target) for one in known.values())

    def name(one: Place) -> str:
        if targets[one.target] == 1:
            return one.target
        if kinds[one.kind, one.target] == 1:
            return f"{one.kind} {one.target}"
        return f"{one.kind} {one.address}"

    return {key: name(one) for key, one in known.items()}
