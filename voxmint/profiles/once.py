"""What makes documents of files, for one compile or for two: then of equal files only once."""

from collections.abc import Callable
from typing import NamedTuple

from voxmint.profiles.documents import Environment, Profile
from voxmint.profiles.parse import Parsed, parse_environment, parse_profile
from voxmint.profiles.reader import Document, read_document, sharing_reader
from voxmint.profiles.reading import Reader


class Makers(NamedTuple):
    """What reads a file, and what parses it as a profile or as an environment of a name."""

    document: Reader = read_document
    profile: Callable[[str, Document], Parsed[Profile]] = parse_profile
    environment: Callable[[str, Document], Parsed[Environment]] = parse_environment


ALWAYS = Makers()
"""Makers that remember nothing."""


def remembering() -> Makers:
    """Makers that give the very same object where a file of the same name says the same."""
    once = _Once()
    return Makers(once.document, once.profile, once.environment)


class _Once:
    """Remembers files by their names and bytes, and documents by their identity: they are kept."""

    def __init__(self) -> None:
        self._read = sharing_reader()
        self._documents: dict[tuple[str, bytes], Document] = {}
        self._profiles: dict[tuple[str, int], Parsed[Profile]] = {}
        self._environments: dict[tuple[str, int], Parsed[Environment]] = {}
        self._kept: list[Document] = []

    def document(self, file: str, data: bytes) -> Document:
        known = self._documents.get((file, data))
        if known is None:
            known = self._documents[file, data] = self._read(file, data)
        return known

    def profile(self, name: str, document: Document) -> Parsed[Profile]:
        key = (name, id(document))
        if key not in self._profiles:
            self._kept.append(document)
            self._profiles[key] = parse_profile(name, document)
        return self._profiles[key]

    def environment(self, name: str, document: Document) -> Parsed[Environment]:
        key = (name, id(document))
        if key not in self._environments:
            self._kept.append(document)
            self._environments[key] = parse_environment(name, document)
        return self._environments[key]
