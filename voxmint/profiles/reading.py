"""Reads the files that a compile needs: all of them, or only what some profiles inherit from."""

from collections.abc import Callable, Mapping, Sequence
from itertools import takewhile
from typing import NamedTuple, TypeAlias
from unicodedata import combining

from voxmint.origin import Origin
from voxmint.problems import Problem
from voxmint.profiles import wording
from voxmint.profiles.documents import ProjectFile
from voxmint.profiles.nodes import ListNode, MapNode, Node, ScalarNode
from voxmint.profiles.parse import parse_project
from voxmint.profiles.reader import MAX_BYTES, Document, read_document
from voxmint.profiles.roster import Roster
from voxmint.profiles.selectors import in_one_form
from voxmint.profiles.source import ENDINGS, Source, SourceError, as_read, is_yaml_name

PROJECT_FILE = "voxmint.yaml"

Reader: TypeAlias = Callable[[str, bytes], Document]
"""Makes a document of a file's name and bytes."""


class Wanted(NamedTuple):
    """Which profiles and environments are to be read: by exact name, or `None` for all of them."""

    profiles: tuple[str, ...] | None = None
    environments: tuple[str, ...] | None = None


class Sources(NamedTuple):
    """The files of a project as they were read.

    Where only some profiles were asked for, the folder was not listed and `profile_names` are
    those that were read.
    """

    project: ProjectFile
    profiles: Mapping[str, Document]
    environments: Mapping[str, Document]
    profile_names: Roster
    environment_names: Roster
    problems: tuple[Problem, ...]
    is_complete: bool
    texts: Mapping[str, str]


class _Folder:
    """One of the two folders: names are the files' paths below it, without the ending.

    Where its setting is among the project's `problems`, the usual folder need not be there.
    """

    def __init__(
        self,
        source: Source,
        project: ProjectFile,
        problems: Sequence[Problem],
        setting: str,
        reader: Reader,
    ) -> None:
        self.documents: dict[str, Document] = {}
        self.problems: list[Problem] = []
        self.files: dict[str, str] = {}
        self._source = source
        self._reader = reader
        self._folder: str = getattr(project, setting)
        self._setting = setting
        self._at = Origin(PROJECT_FILE, *project.marks.get(setting, (1, 1, 1)))
        self._is_doubtful = any(one.facts.get("field") == setting for one in problems)
        self._unread: list[str] = []
        self._hidden: list[str] = []
        self.is_listed = False

    @property
    def names(self) -> Roster:
        """The names of all there are: a file that is not read has its problem already."""
        return Roster((*self.files, *self._unread), self._hidden)

    def list(self) -> None:
        """Finds the names of all files."""
        if self.is_listed:
            return
        self.is_listed = True
        try:
            files, refused = self._source.listing(self._folder)
        except SourceError as failure:
            self._note_folder(failure)
            return
        folded: dict[str, str] = {}
        prefix = f"{self._folder}/"
        for path, why in refused:
            self._hidden.append(in_one_form(path.removeprefix(prefix)) + "/")
            self.problems.append(_unreadable_problem(path, why))
        for file in files:
            if not is_yaml_name(file) or not self._is_text(file):
                continue
            name = in_one_form(file.removeprefix(prefix).rpartition(".")[0])
            if not file.endswith(ENDINGS):
                self._note_ending(file)
                self._unread.append(name)
                continue
            other = folded.setdefault(name.casefold(), file)
            if other != file:
                self._note_clash(file, other, name)
                self._unread.append(name)
                continue
            self.files[name] = file

    def _is_text(self, file: str) -> bool:
        """Whether the name can be written down, in a ledger as in a file; noted where it cannot."""
        if file.isascii():
            return True
        try:
            file.encode()
        except UnicodeEncodeError:
            self.problems.append(Problem(wording.NAME_NOT_UTF8, Origin(file, 1, 1), {"file": file}))
            return False
        return True

    def _note_clash(self, file: str, other: str, name: str) -> None:
        facts = {"file": file, "other": other, "name": name, **_forms(file, other)}
        self.problems.append(Problem(wording.CLASHING_NAMES, Origin(file, 1, 1), facts))

    def _note_ending(self, file: str) -> None:
        facts = {"file": file, "renamed": as_read(file)}
        self.problems.append(Problem(wording.ENDING_IN_CAPITALS, Origin(file, 1, 1), facts))

    def _note_folder(self, failure: SourceError) -> None:
        self._hidden.append("")
        facts = {"folder": self._folder, "setting": self._setting}
        kind = wording.MISSING_FOLDER
        if failure.reason == "missing" and self._is_doubtful:
            return
        if failure.reason != "missing":
            kind, facts = wording.UNREADABLE_FILE, {"file": self._folder, "detail": failure.detail}
        self.problems.append(Problem(kind, self._at, facts))

    def read(self, name: str) -> Document | None:
        """The document of a name, read once; `None` where there is no such file."""
        if name not in self.documents:
            document = self._find(name)
            if document is None:
                return None
            self.documents[name] = document
            self.files[name] = document.file
        return self.documents[name]

    def _find(self, name: str) -> Document | None:
        if name in self.files:
            file = self.files[name]
            return self._document(file) or _missing(file)
        if self.is_listed:
            return None
        files = [f"{self._folder}/{name}{ending}" for ending in ENDINGS] if _is_name(name) else []
        given = [self._document(file) for file in files]
        found = [document for document in given if document is not None]
        # Where the folder lets nobody look, both seem to be there.
        if len(found) > 1 and not all(map(_is_unreadable, found)):
            self._note_clash(found[1].file, found[0].file, name)
        if found:
            return found[0]
        # An unknown name: the others are needed to say which one may have been meant. A link that
        # leads nowhere is among them, and a name in another form of Unicode.
        self.list()
        return self._find(name) if name in self.files else None

    def _document(self, file: str) -> Document | None:
        """The file, or what is wrong with it; `None` where it is missing."""
        try:
            return self._reader(file, self._source.read(file, MAX_BYTES))
        except SourceError as failure:
            return None if failure.reason == "missing" else _unreadable(file, failure)


def _forms(file: str, other: str) -> dict[str, object]:
    """How two names differ that look the same: the first letter that is not, in both."""
    if in_one_form(file) != in_one_form(other):
        return {}
    both = (file, other)
    start = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(*both, strict=False)))
    while any(start == len(one) or combining(one[start]) for one in both):
        start -= 1
    return {"form": _written(file[start:]), "other_form": _written(other[start:])}


def _written(text: str) -> str:
    """A text's first letter, with all its accents, by the numbers of its characters."""
    following = takewhile(combining, text[1:])
    return " ".join(f"U+{ord(one):04X}" for one in (text[0], *following))


def _missing(file: str) -> Document:
    problem = Problem(wording.MISSING_FILE, Origin(file, 1, 1), {"file": file})
    return Document(file, "", None, (problem,))


def _unreadable(file: str, failure: SourceError) -> Document:
    return Document(file, "", None, (_unreadable_problem(file, failure),))


def _unreadable_problem(path: str, failure: SourceError) -> Problem:
    facts = {"file": path, "detail": failure.detail}
    return Problem(wording.UNREADABLE_FILE, Origin(path, 1, 1), facts)


def _is_unreadable(document: Document) -> bool:
    return any(problem.kind is wording.UNREADABLE_FILE for problem in document.problems)


def _is_name(name: str) -> bool:
    parts = name.split("/")
    return all(part and not part.startswith(".") for part in parts)


def _project_document(source: Source) -> Document:
    try:
        return read_document(PROJECT_FILE, source.read(PROJECT_FILE, MAX_BYTES))
    except SourceError as failure:
        is_missing = failure.reason == "missing"
        return _missing(PROJECT_FILE) if is_missing else _unreadable(PROJECT_FILE, failure)


def read_sources(source: Source, wanted: Wanted, reader: Reader = read_document) -> Sources:
    """The files that are wanted, with all that they inherit from."""
    document = _project_document(source)
    project, problems = parse_project(document)
    profiles = _Folder(source, project, problems, "profiles", reader)
    environments = _Folder(source, project, problems, "environments", reader)
    environments.list()
    if wanted.profiles is None:
        profiles.list()
    _read_with_bases(profiles, wanted.profiles)
    _read_with_bases(environments, wanted.environments)
    return Sources(
        project,
        profiles.documents,
        environments.documents,
        profiles.names,
        environments.names,
        (*problems, *environments.problems, *profiles.problems),
        wanted.profiles is None and wanted.environments is None,
        {
            one.file: one.text
            for one in (document, *environments.documents.values(), *profiles.documents.values())
        },
    )


def _read_with_bases(folder: _Folder, wanted: Sequence[str] | None) -> None:
    waiting = list(folder.files if wanted is None else wanted)
    while waiting:
        name = waiting.pop()
        if name in folder.documents:
            continue
        document = folder.read(name)
        if document is not None and wanted is not None:
            waiting += bases_of(document.root)


def bases_of(root: Node | None) -> list[str]:
    """The names that a file extends, as far as they can be made out before it is parsed."""
    if not isinstance(root, MapNode):
        return []
    given = root.entries.get("extends")
    items = given.items if isinstance(given, ListNode) else (given,)
    return [
        in_one_form(item.value)
        for item in items
        if isinstance(item, ScalarNode) and isinstance(item.value, str)
    ]
