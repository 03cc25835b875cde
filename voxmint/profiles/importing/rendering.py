"""What a profile's text renders to, before it is a file: alone, or among a project's profiles.

The project's files are read through a source that has two more: the profile, and an environment
that lays nothing over it.
"""

from collections.abc import Mapping, Sequence, Set
from typing import Any, NamedTuple

from voxmint.problems import Problem
from voxmint.profiles.bodies import FORMS
from voxmint.profiles.cells import MapCell
from voxmint.profiles.documents import ProjectFile
from voxmint.profiles.families import trace
from voxmint.profiles.order import Order
from voxmint.profiles.parse import parse_project
from voxmint.profiles.pipeline import merge, overlay, parse_all, render
from voxmint.profiles.reader import MAX_BYTES, read_document
from voxmint.profiles.reading import PROJECT_FILE, Wanted, read_sources
from voxmint.profiles.source import Listing, Source, SourceError, TextSource

_NAME = "imported"
_ALONE: Mapping[str, str] = {PROJECT_FILE: "version: 1\n"}


class Given(NamedTuple):
    """What the text renders to.

    `root` are the merged cells, `failed` the ids of those whose templates fail; `problems` are the
    errors on the way to them.
    """

    session: Mapping[str, Any]
    expires_after: Mapping[str, Any] | None
    root: MapCell
    failed: Set[int]
    problems: tuple[Problem, ...]
    texts: Mapping[str, str]

    def body(self, api: str) -> dict[str, Any]:
        """The body for an endpoint."""
        return FORMS[api].build(self.session, self.expires_after)


class NotRenderedError(Exception):
    """There is nothing to render: `problems` say why, in the files of `texts`."""

    def __init__(self, problems: Sequence[Problem], texts: Mapping[str, str]) -> None:
        super().__init__("; ".join(problem.message for problem in problems))
        self.problems = tuple(problems)
        self.texts = texts


class Setting(NamedTuple):
    """Where a profile is tried: the project's files, or none, and the name it would have."""

    source: Source = TextSource(_ALONE)
    name: str | None = None

    def folders(self) -> ProjectFile:
        """Where the project keeps its profiles and environments."""
        project, _ = parse_project(
            read_document(PROJECT_FILE, self.source.read(PROJECT_FILE, MAX_BYTES))
        )
        return project


ALONE = Setting()
"""No project at all."""


def rendered(text: str, setting: Setting = ALONE) -> Given:
    """What the text of a profile renders to; raises `NotRenderedError`.

    `SourceError` where the project's own file cannot be read.
    """
    folders = setting.folders()
    source = _Layered(setting.source)
    profile = setting.name or source.free(folders.profiles, _NAME)
    environment = source.free(folders.environments, _NAME)
    source.add(f"{folders.profiles}/{profile}.yaml", text)
    source.add(f"{folders.environments}/{environment}.yaml", "provider: {kind: emulator}\n")
    sources = read_sources(source, Wanted((profile,), (environment,)))
    documents = parse_all(sources)
    families = trace(sources, documents, with_settings=False)
    order = Order(profiles=(profile,), environments=(environment,), settings=False)
    merged = merge(overlay(families, order), order)
    found = render(merged, sources.texts)
    problems = [
        problem
        for stage in (documents, families, merged)
        for problem in stage.problems
        if problem.is_error
    ]
    if not found.bodies:
        raise NotRenderedError(problems, sources.texts)
    [body] = found.bodies
    return Given(
        body.session,
        body.expires_after,
        body.root,
        body.failed,
        tuple(problems),
        sources.texts,
    )


class _Layered:
    """A source with more files than it has."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._more: dict[str, str] = {}

    def add(self, path: str, text: str) -> None:
        self._more[path] = text

    def free(self, folder: str, name: str) -> str:
        """A name like this one that no file of the folder has."""
        taken = {path.casefold() for path in self._listing(folder).files}
        while any(f"{folder}/{name}{ending}".casefold() in taken for ending in (".yaml", ".yml")):
            name += "-"
        return name

    def listing(self, folder: str) -> Listing:
        own = (path for path in self._more if path.startswith(f"{folder}/"))
        given = self._listing(folder)
        return given._replace(files=sorted({*given.files, *own}))

    def read(self, path: str, limit: int) -> bytes:
        if path in self._more:
            return self._more[path].encode()
        return self._source.read(path, limit)

    def _listing(self, folder: str) -> Listing:
        try:
            return self._source.listing(folder)
        except SourceError:
            return Listing(())
