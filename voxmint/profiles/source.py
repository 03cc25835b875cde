"""The small source of files that a project is read through: path → bytes.

The work tree is one kind of source, a git revision another; neither lives here, since reading is
an effect. Paths are relative to the project's folder and written with `/`.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple, Protocol

ENDINGS = (".yaml", ".yml")
"""How the name of a YAML file ends."""


def is_yaml_name(name: str) -> bool:
    """Whether a file of this name is meant as a YAML file, be its ending in capitals or not.

    Only the `ENDINGS` as they are written are read; another form of them is listed, so that a file
    is not passed over in silence.
    """
    return name[-5:].lower().endswith(ENDINGS)


def as_read(path: str) -> str:
    """The path of a YAML file with its ending in small letters, as it would have to be read."""
    stem, dot, ending = path.rpartition(".")
    return f"{stem}{dot}{ending.lower()}" if is_yaml_name(path) else path


class SourceError(Exception):
    """A file cannot be had.

    `reason` is one of `missing`, `not-a-file`, `outside`, `too-large` and `unreadable`; `detail`
    is what a person is told.
    """

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = detail


class Listing(NamedTuple):
    """The YAML files below a folder, sorted, as paths relative to the project.

    `refused` are the folders and links below it that could not be looked into, each with the
    reason: what is in one of them is not gone.
    """

    files: Sequence[str]
    refused: Sequence[tuple[str, SourceError]] = ()

    @property
    def whole(self) -> Sequence[str]:
        """The files, where they are all there are; else `SourceError` with what was refused."""
        for path, error in self.refused:
            raise SourceError(error.reason, f"`{path}`: {error.detail}") from error
        return self.files


class Source(Protocol):
    """Gives the names of files and their bytes."""

    def listing(self, folder: str) -> Listing:
        """The YAML files below the folder; `SourceError` where there is no such folder."""
        ...

    def read(self, path: str, limit: int) -> bytes:
        """The file's bytes; `SourceError` where it cannot be had or is over `limit` bytes."""
        ...


class TextSource:
    """Files that are known already, by their paths."""

    def __init__(self, texts: Mapping[str, str]) -> None:
        self._texts = texts

    def listing(self, folder: str) -> Listing:
        """The files below the folder."""
        return Listing(sorted(path for path in self._texts if path.startswith(f"{folder}/")))

    def read(self, path: str, limit: int) -> bytes:
        """The file's text in UTF-8."""
        if path not in self._texts:
            raise SourceError("missing", "there is no such file")
        data = self._texts[path].encode()
        if len(data) > limit:
            raise SourceError("too-large", f"it has more than {limit} bytes")
        return data
