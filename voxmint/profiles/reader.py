"""Bytes → nodes: one YAML 1.2 document, read safely and with every place kept.

libyaml's parser gives events; the values are resolved here by the core schema, since its own
loaders speak YAML 1.1 (where `no` is false) and lose the places. Everything is bounded: bytes,
depth, and how far aliases expand. Duplicate keys, tags, keys that are no text, further documents
and numbers that JSON lacks are problems; all of them are found in one run.
"""

import re
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from typing import Any, NamedTuple, NoReturn

import yaml

from voxmint.origin import Origin
from voxmint.problems import Kind, Problem, Related
from voxmint.profiles import wording
from voxmint.profiles.meant import is_undashed, is_unspaced
from voxmint.profiles.nodes import BAD, ListNode, MapNode, Mark, Node, ScalarNode
from voxmint.profiles.scalars import (
    CONSTANTS,
    NOT_TEXT_START,
    BadNumberError,
    is_surely_text,
    resolve,
)
from voxmint.profiles.selectors import in_one_form
from voxmint.profiles.values import Scalar, briefly, described

try:
    from yaml._yaml import CParser as _Parser
except ImportError:  # pragma: no cover  # only where PyYAML was built without libyaml
    from yaml import Loader as _Parser  # type: ignore[assignment]  # it gives the same events

_SCALAR: type[Any] = yaml.ScalarEvent
_ALIAS: type[Any] = yaml.AliasEvent
_MAP_START, _MAP_END = yaml.MappingStartEvent, yaml.MappingEndEvent
_LIST_END, _STREAM_END = yaml.SequenceEndEvent, yaml.StreamEndEvent

MAX_BYTES = 1024 * 1024
"""The size of a file, in bytes."""
MAX_DEPTH = 48
"""How deep maps and lists may be nested, with every alias counted as what it stands for."""
MAX_VALUES = 100_000
"""How many values a file may hold, with every alias counted as what it stands for."""
MAX_PROBLEMS = 1000
"""How many mistakes of one file are told: a file that has more is not read any further."""
LONG_TEXT = 64
"""A text counts as one value more for each of so many characters that it has."""

# To libyaml, as in YAML 1.1, these end a line and a comment; to editors, git and YAML 1.2 only the
# first of them does, if at all. What is shown and what is read must be the same.
# Compiled when it is first used: most files are ASCII, and need none.
_ODD_BREAK = "\r(?!\n)|[\x85\u2028\u2029]"
_BAD_NUMBER = 0.0
"""What stands for a number that cannot be read, known by its identity."""
_BOM = b"\xef\xbb\xbf"
_UTF16 = (b"\xff\xfe", b"\xfe\xff")
_CORE = "tag:yaml.org,2002:"


class Document(NamedTuple):
    """What reading one file gave: its text, its root where it has one, and its problems."""

    file: str
    text: str
    root: Node | None
    problems: tuple[Problem, ...]


class Alike(NamedTuple):
    """What the files of a project have alike, each once: the marks in them, and the keys."""

    marks: dict[Mark, Mark]
    keys: dict[str, str]

    def forget(self) -> None:
        """Lets go of what there is too much of: then the files are not alike."""
        for known in self:
            if len(known) > _MOST_ALIKE:
                known.clear()


_MOST_ALIKE = 10_000


def sharing_reader() -> Callable[[str, bytes], Document]:
    """What reads the files of one project as `read_document` does, for less memory.

    Files of one kind have the same keys, in the same places: an eighth of what compiling many of
    them takes would be equal marks and equal texts.
    """
    return partial(read_document, alike=Alike({}, {}))


def read_document(file: str, data: bytes, alike: Alike | None = None) -> Document:
    """The file's one document. Where `root` is `None`, `problems` says why.

    `alike` is what it may share with the files that were read before.
    """
    text, problem = _decoded(file, data)
    if problem is not None:
        return Document(file, text, None, (problem,))
    alike = alike or Alike({}, {})
    alike.forget()
    composer = _Composer(file, text, alike)
    root = composer.document()
    return Document(file, text, root, tuple(composer.problems))


def _decoded(file: str, data: bytes) -> tuple[str, Problem | None]:
    if data.startswith(_UTF16) or b"\0" in data[:4]:
        return "", Problem(wording.NOT_UTF8, Origin(file, 1, 1), {"found": "UTF-16 or UTF-32"})
    data = data.removeprefix(_BOM)
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as bad:
        before = data[: bad.start].decode("utf-8")
        found = f"the byte 0x{data[bad.start]:02x}"
        at = Origin(file, *_mark_after(before))
        return before, Problem(wording.NOT_UTF8, at, {"found": found})
    if text.isascii() and "\r" not in text:
        return text, None
    odd = re.search(_ODD_BREAK, text)
    if odd is None:
        return text, None
    at = Origin(file, *_mark_after(text[: odd.start()]))
    return text, Problem(wording.ODD_LINE_BREAK, at, {"character": f"U+{ord(odd.group()):04X}"})


def _mark_after(before: str) -> Mark:
    """The place of the character that comes after a text."""
    return before.count("\n") + 1, len(before) - before.rfind("\n"), 1


class _StopReadingError(Exception):
    """The rest of the file cannot be read; the problem is already noted."""


class _Anchor(NamedTuple):
    node: Node
    size: int
    depth: int


class _Composer:
    """Makes nodes of a parser's events."""

    def __init__(self, file: str, text: str, alike: Alike) -> None:
        self.file = file
        self._known_mark = alike.marks.setdefault
        self._known_key: Callable[[Any, Any], str] = alike.keys.setdefault
        self.problems: list[Problem] = []
        self._anchors: dict[str, _Anchor | None] = {}
        self._values = 0
        self._deepest = 0
        self._text = text
        self._next: Callable[[], Any] = _Parser(text).get_event

    def document(self) -> Node | None:
        """The root of the only document, or `None`."""
        with suppress(_StopReadingError):
            try:
                return self._document()
            except yaml.YAMLError as failure:
                if not self._note_conflicts():
                    self.problems.append(_syntax_problem(failure, self.file, self._text))
        return None

    def _note_conflicts(self) -> bool:
        """Notes what a merge left unfinished, if that is why the text is no YAML."""
        from voxmint.profiles.conflicts import conflicts

        found = list(conflicts(self._text))
        for one in found:
            related = (Related(Origin(self.file, *one.end), "it ends here"),)
            self._note(wording.MERGE_CONFLICT, one.begin, {}, related)
        return bool(found)

    def _document(self) -> Node | None:
        self._next()
        event = self._next()
        if type(event) is _STREAM_END:
            self._note(wording.EMPTY_FILE, (1, 1, 1), self._first_line())
            return None
        root = self._node(self._next(), 0)
        self._next()
        event = self._next()
        if type(event) is not _STREAM_END:
            self._note(wording.SEVERAL_DOCUMENTS, _mark(event))
        if type(root) is ScalarNode and root.is_bare:
            self._note(wording.EMPTY_FILE, (1, 1, 1), self._first_line())
            return None
        return root

    def _first_line(self) -> dict[str, object]:
        """What an empty file should begin with, where that is known."""
        return {"version": "version: 1"} if self.file == "voxmint.yaml" else {}

    def _node(self, event: Any, depth: int) -> Node:
        kind = type(event)
        if kind is _SCALAR:
            # Nearly all are a plain text or quoted, and not long: of these `_scalar` says the same.
            text, style = event.value, event.style or ""
            if (
                (style or (text[:1] not in NOT_TEXT_START and text not in CONSTANTS))
                and len(text) < LONG_TEXT
                and event.tag is None
                and event.anchor is None
            ):
                start = event.start_mark
                mark = (start.line + 1, start.column + 1, event.end_mark.index - start.index)
                return tuple.__new__(ScalarNode, (text, self._known_mark(mark, mark), style))
            return self._scalar(event)
        if kind is _ALIAS:
            return self._alias(event, depth)
        self._go_down(depth + 1, event)
        self._count(1, event)
        if event.tag is not None:
            self._check_collection_tag(event)
        if event.anchor is None:
            return self._collection(event, depth + 1)
        # While it is being read an anchor stands for nothing: an alias to it would be a loop.
        self._anchors[event.anchor] = None
        values, deepest, self._deepest = self._values, self._deepest, depth + 1
        node = self._collection(event, depth + 1)
        size = self._values - values + 1
        self._anchors[event.anchor] = _Anchor(node, size, self._deepest - depth)
        self._deepest = max(self._deepest, deepest)
        return node

    def _go_down(self, depth: int, event: Any) -> None:
        """Notes how deep the node is that is about to be read, and stops where it is too deep."""
        if depth > self._deepest:
            if depth > MAX_DEPTH:
                self._stop(wording.TOO_DEEP, event, {"limit": MAX_DEPTH})
            self._deepest = depth

    def _collection(self, event: Any, depth: int) -> Node:
        if type(event) is _MAP_START:
            return self._map(event, depth)
        return self._list(event, depth)

    def _list(self, first: Any, depth: int) -> ListNode:
        items: list[Node] = []
        following = self._next
        while type(event := following()) is not _LIST_END:
            items.append(self._node(event, depth))
        self._count(len(items), first)
        return ListNode(tuple(items), self._mark(first))

    def _map(self, first: Any, depth: int) -> MapNode:
        entries: dict[str, Node] = {}
        keys: dict[str, Mark] = {}
        following, node_of = self._next, self._node
        known_mark, known_key = self._known_mark, self._known_key
        while type(event := following()) is not _MAP_END:
            key: str | None
            if (
                type(event) is _SCALAR
                and ((key := event.value)[:1] not in NOT_TEXT_START and key not in CONSTANTS)
                and event.tag is None
                and event.anchor is None
            ):
                # Nearly every key; of these `_key` says the same.
                start = event.start_mark
                mark = (start.line + 1, start.column + 1, event.end_mark.index - start.index)
                # The very same text is the quickest to find in a map.
                key, mark = known_key(key, key), known_mark(mark, mark)
            else:
                key, mark = self._key(event, depth)
            value = node_of(following(), depth)
            if key is None:
                continue
            if not key.isascii():
                key = in_one_form(key)
            if key in entries:
                self._duplicate(key, mark, keys[key])
                continue
            entries[key] = value
            keys[key] = mark
        self._count(len(entries), first)
        # As `MapNode(…)`, which takes half as long again as the tuple that it is.
        return tuple.__new__(MapNode, (entries, keys, self._mark(first)))

    def _key(self, event: Any, depth: int) -> tuple[str | None, Mark]:
        if type(event) is _SCALAR and event.tag is None:
            mark = _mark(event)
            if event.anchor is not None:
                self._scalar(event)
            if event.style or is_surely_text(event.value):
                return event.value, mark
            if event.value == "<<":
                self._note(wording.MERGE_KEY, mark)
                return None, mark
            return self._text_key(self._resolved(event.value, mark), event, mark)
        mark = _mark(event)
        node = self._node(event, depth)
        return self._text_key(node.value if type(node) is ScalarNode else None, event, mark)

    def _text_key(self, value: Scalar, event: Any, mark: Mark) -> tuple[str | None, Mark]:
        if isinstance(value, str):
            return value, mark
        if value is _BAD_NUMBER:
            return None, mark
        facts: dict[str, object] = {"found": "a list or a map"}
        if self._text[event.start_mark.index - 1 : event.start_mark.index + 1] == "{{":
            facts["template"] = "{{ … }}"
        if type(event) is _SCALAR:
            facts = {"found": described(value)}
            if event.value:
                facts["quoted"] = f'"{event.value}"'
        self._note(wording.KEY_NOT_TEXT, mark, facts)
        return None, mark

    def _scalar(self, event: Any) -> ScalarNode:
        mark = self._mark(event)
        style = event.style or ""
        value: Scalar = event.value
        if event.tag is not None:
            value = self._tagged(event, mark)
        elif not style and not is_surely_text(event.value):
            value = self._resolved(event.value, mark)
        node: ScalarNode = tuple.__new__(
            ScalarNode, (value, mark, BAD if value is _BAD_NUMBER else style)
        )
        more = len(event.value) // LONG_TEXT
        if more:
            self._count(more, event)
        if event.anchor is not None:
            self._anchors[event.anchor] = _Anchor(node, 1 + more, 0)
        return node

    def _resolved(self, text: str, mark: Mark) -> Scalar:
        try:
            return resolve(text)
        except BadNumberError:
            self._note(wording.BAD_NUMBER, mark, {"value": briefly(text)})
            return _BAD_NUMBER

    def _tagged(self, event: Any, mark: Mark) -> Scalar:
        """A scalar with one of the core schema's own tags; any other tag is a problem."""
        text: str = event.value
        if event.tag in ("!", _CORE + "str"):
            return text
        value = self._resolved(text, mark)
        by_tag = {"null": type(None), "bool": bool, "int": int, "float": float}
        wanted = by_tag.get(event.tag.removeprefix(_CORE)) if event.tag.startswith(_CORE) else None
        if wanted is float and type(value) is int:
            return float(value)
        if wanted is None or type(value) is not wanted:
            self._note(wording.UNKNOWN_TAG, mark, {"tag": _short(event.tag)})
        return value

    def _check_collection_tag(self, event: Any) -> None:
        name = "map" if type(event) is _MAP_START else "seq"
        if event.tag not in ("!", _CORE + name):
            self._note(wording.UNKNOWN_TAG, _mark(event), {"tag": _short(event.tag)})

    def _alias(self, event: Any, depth: int) -> Node:
        if event.anchor not in self._anchors:
            self._stop(wording.UNKNOWN_ALIAS, event, {"alias": event.anchor})
        anchor = self._anchors[event.anchor]
        if anchor is None:
            self._stop(wording.RECURSIVE_ALIAS, event, {"alias": event.anchor})
        self._go_down(depth + anchor.depth, event)
        self._count(anchor.size, event)
        return anchor.node

    def _mark(self, event: Any) -> Mark:
        mark = _mark(event)
        return self._known_mark(mark, mark)

    def _count(self, values: int, event: Any) -> None:
        self._values += values
        if self._values > MAX_VALUES:
            self._stop(wording.TOO_MANY_VALUES, event, {"limit": MAX_VALUES})

    def _duplicate(self, key: str, mark: Mark, first: Mark) -> None:
        related = (Related(Origin(self.file, *first), "first written here"),)
        self._note(wording.DUPLICATE_KEY, mark, {"key": key}, related)

    def _note(
        self,
        kind: Kind,
        mark: Mark,
        facts: dict[str, object] | None = None,
        related: tuple[Related, ...] = (),
    ) -> None:
        at = Origin(self.file, *mark)
        if len(self.problems) == MAX_PROBLEMS:
            facts = {"limit": MAX_PROBLEMS}
            self.problems.append(Problem(wording.TOO_MANY_PROBLEMS, at, facts))
            raise _StopReadingError
        self.problems.append(Problem(kind, at, facts or {}, related))

    def _stop(self, kind: Kind, event: Any, facts: dict[str, object]) -> NoReturn:
        self._note(kind, _mark(event), facts)
        raise _StopReadingError


def _mark(event: Any) -> Mark:
    start = event.start_mark
    return (start.line + 1, start.column + 1, event.end_mark.index - start.index)


def _short(tag: str) -> str:
    """A tag as people write it: `!!python/object`."""
    return "!!" + tag.removeprefix(_CORE) if tag.startswith(_CORE) else tag


def _syntax_problem(failure: yaml.YAMLError, file: str, text: str) -> Problem:
    """libyaml's words for what is wrong, where it noticed, and where that began."""
    if isinstance(failure, yaml.reader.ReaderError):
        code = failure.character
        at = Origin(file, *_mark_after(text[: text.index(chr(code))]))
        said = f"the character U+{code:04X} is not allowed"
        return Problem(wording.BAD_YAML, at, {"said": said, "escape": f"\\u{code:04x}"})
    mark = getattr(failure, "problem_mark", None) or getattr(failure, "context_mark", None)
    began = getattr(failure, "context_mark", None)
    words = [getattr(failure, "context", None), getattr(failure, "problem", None)]
    said = ", ".join(word for word in words if word)
    at = Origin(file, *_place(mark, text))
    start = Origin(file, *_place(began, text)) if began else at
    facts: dict[str, object] = {"said": said, **_hinted(said, text, at, start)}
    related = (Related(start, "it began here"),) if start.line != at.line else ()
    return Problem(wording.BAD_YAML, at, facts, related)


def _place(mark: Any, text: str) -> Mark:
    if mark is None or mark.line > text.count("\n"):
        # libyaml puts the end of a file that lacks its last line break on a line of its own.
        return _mark_after(text)
    return (mark.line + 1, mark.column + 1, 1)


def _hinted(said: str, text: str, at: Origin, start: Origin) -> dict[str, object]:
    """The fact that chooses the hint: what the line looks like that libyaml stumbled over."""
    lines = text.split("\n")
    line = (lines[at.line - 1 : at.line] or [""])[0]
    sign = line[at.column - 1 : at.column]
    if "{{" in line:
        return {"template": "{{ … }}"}
    if "cannot start any token" in said:
        return {"tab": "a tab"} if sign == "\t" else {"sign": sign}
    if "escape character" in said or "hexdecimal" in said:
        return {"backslash": "\\"}
    return _missing_blank(said, lines, at, start)


def _missing_blank(said: str, lines: Sequence[str], at: Origin, start: Origin) -> dict[str, object]:
    """The fact of a line that lacks a blank after its colon or its dash, if that is the cause."""
    if "found unexpected ':'" in said:
        return {"line": at.line}
    is_of_key = "mapping values are not allowed" in said
    for number in (start.line, at.line - 1) if is_of_key or "expected ':'" in said else ():
        line = "".join(lines[number - 1 : number]).lstrip(" ")
        if is_unspaced(line):
            return {"line": number}
        if is_undashed(line):
            return {"item": number}
    return {"colon": ": "} if is_of_key else {}
