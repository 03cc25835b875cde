"""The words of a command line, each character with its place."""

import re
from typing import NamedTuple

_PAIR = re.compile("[\ud800-\udbff][\udc00-\udfff]")


class ShellError(Exception):
    """The line cannot be taken apart: why, where, and the facts that choose the hint."""

    def __init__(self, said: str, at: int, facts: dict[str, object] | None = None) -> None:
        super().__init__(said)
        self.said = said
        self.at = at
        self.facts = facts or {}


class Expansion(NamedTuple):
    """What a shell would replace: how it is written, shortened to a sign, and where."""

    sign: str
    start: int
    end: int


class Word(NamedTuple):
    """One word; `offsets` say where in the line each character of it stands."""

    text: str
    offsets: tuple[int, ...]
    start: int
    end: int
    expansions: tuple[Expansion, ...] = ()


def check_end(text: str, at: int, *, continued: str) -> None:
    """That the command that ends here does not go on in the next line, with nothing to say so.

    `continued` is the sign that would say so; raises `ShellError`.
    """
    rest = text[at:]
    if rest.startswith("\n") and rest.lstrip(" \t\r\n").startswith("-"):
        facts: dict[str, object] = {"continued": continued}
        raise ShellError("it ends here, and the next line is an option", at - 1, facts)


def _pairs_joined(
    characters: list[str], offsets: list[int]
) -> tuple[tuple[str, ...], tuple[int, ...]]:
    """The characters with both halves of a surrogate pair as one: browsers write an emoji so."""
    text = "".join(characters)
    if not _PAIR.search(text):
        return tuple(characters), tuple(offsets)
    joined: list[str] = []
    places: list[int] = []
    at = 0
    while at < len(text):
        pair = _PAIR.match(text, at)
        raw = text[at : at + 2] if pair else text[at]
        joined.append(raw.encode("utf-16", "surrogatepass").decode("utf-16", "surrogatepass"))
        places.append(offsets[at])
        at += len(raw)
    return tuple(joined), tuple(places)


class Builder:
    """A word that is being read."""

    def __init__(self, start: int) -> None:
        self.start = start
        self._characters: list[str] = []
        self._offsets: list[int] = []
        self._expansions: list[Expansion] = []

    def add(self, characters: str, at: int) -> None:
        for character in characters:
            self._characters.append(character)
            self._offsets.append(at)

    def expand(self, sign: str, start: int, end: int) -> None:
        self._expansions.append(Expansion(sign, start, end))

    def word(self, end: int) -> Word:
        characters, offsets = _pairs_joined(self._characters, self._offsets)
        return Word("".join(characters), offsets, self.start, end, tuple(self._expansions))
