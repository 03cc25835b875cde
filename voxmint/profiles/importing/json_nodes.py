"""JSON → nodes, with every place kept.

YAML 1.2 nearly contains JSON, and its readers do not: libyaml refuses the escaped halves of a
surrogate pair, which most programs write for an emoji, and tabs as indentation.
"""

import re
from json import JSONDecodeError, loads
from typing import NoReturn

from voxmint.problems import Kind, Problem, Related
from voxmint.profiles import wording as of_files
from voxmint.profiles.importing import wording
from voxmint.profiles.importing.pasted import Piece
from voxmint.profiles.nodes import BAD, ListNode, MapNode, Mark, Node, ScalarNode, origin_of
from voxmint.profiles.reader import MAX_DEPTH, MAX_VALUES
from voxmint.profiles.scalars import BadNumberError, resolve
from voxmint.profiles.values import Scalar

_BLANK = re.compile(r"[ \t\r\n]*")
_TEXT = re.compile(r'"(?:[^"\\\x00-\x1f]|\\.)*"', re.DOTALL)
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?(?![A-Za-z0-9_.+-])")
_WORD = re.compile(r"[A-Za-z_$][A-Za-z0-9_$.-]*")
_WORDS: dict[str, Scalar] = {"true": True, "false": False, "null": None}
_SURROGATE = re.compile("[\ud800-\udfff]")
_LONG = 40


class _StopReadingError(Exception):
    """The rest cannot be read; the problem is already noted."""


def read_json(piece: Piece) -> tuple[Node | None, tuple[Problem, ...]]:
    """The one value in the piece; `None` where it cannot be read, and `problems` say why."""
    reader = _Reader(piece)
    try:
        return reader.document(), tuple(reader.problems)
    except _StopReadingError:
        return None, tuple(reader.problems)


class _Reader:
    """Reads a piece from its beginning to its end."""

    def __init__(self, piece: Piece) -> None:
        self.problems: list[Problem] = []
        self._piece = piece
        self._text = piece.text
        self._at = 0
        self._values = 0

    def document(self) -> Node:
        node = self._value(0)
        if self._next():
            self._stop("something follows its end")
        return node

    # ── values ───────────────────────────────────────────────────────────────────────────────────

    def _value(self, depth: int) -> Node:
        self._count(depth)
        sign, start = self._next(), self._at
        match sign:
            case "{":
                return self._map(start, depth + 1)
            case "[":
                return self._list(start, depth + 1)
            case '"':
                return ScalarNode(self._string(), self._mark(start), '"')
            case _ if sign in "-0123456789" and sign:
                return self._number(start)
            case _:
                return self._word(start)

    def _map(self, start: int, depth: int) -> MapNode:
        entries: dict[str, Node] = {}
        keys: dict[str, Mark] = {}
        self._at += 1
        if self._next() == "}":
            self._at += 1
            return MapNode(entries, keys, self._mark(start))
        while True:
            name, mark = self._key()
            value = self._value(depth)
            if name in entries:
                self._duplicate(name, mark, keys[name])
            else:
                entries[name], keys[name] = value, mark
            if self._is_end("}", "in a map", start):
                return MapNode(entries, keys, self._mark(start))

    def _key(self) -> tuple[str, Mark]:
        if self._next() != '"':
            self._stop("a key is wanted here, in double quotes", self._unquoted())
        start = self._at
        name = self._string()
        mark = self._mark(start)
        if self._next() != ":":
            self._stop("a `:` is wanted after the key")
        self._at += 1
        return name, mark

    def _list(self, start: int, depth: int) -> ListNode:
        items: list[Node] = []
        self._at += 1
        if self._next() == "]":
            self._at += 1
            return ListNode((), self._mark(start))
        while True:
            items.append(self._value(depth))
            if self._is_end("]", "in a list", start):
                return ListNode(tuple(items), self._mark(start))

    def _is_end(self, end: str, where: str, start: int) -> bool:
        """Passes a comma or the end of what began at `start`; whether it was the end."""
        sign = self._next()
        if not sign:
            opened = origin_of(self._piece.pasted.file, self._piece.mark(start, start + 1))
            related = (Related(opened, f"its `{end}` is missing"),)
            self._stop("it ends too early", related=related)
        if sign not in {",", end}:
            self._stop(f"a comma or `{end}` is wanted here, {where}")
        self._at += 1
        if sign == "," and self._next() == end:
            self._stop(f"`{end}` follows a comma", {"comma": ","})
        return sign == end

    # ── scalars ──────────────────────────────────────────────────────────────────────────────────

    def _string(self) -> str:
        found = _TEXT.match(self._text, self._at)
        if found is None:
            self._stop_in_string()
        try:
            value: str = loads(found[0])
        except JSONDecodeError as failure:
            self._at += failure.pos
            self._stop("this escape is none that JSON has")
        if _SURROGATE.search(value):
            self._stop("half of a surrogate pair is no character")
        self._at = found.end()
        return value

    def _stop_in_string(self) -> NoReturn:
        start = self._at
        broken = re.compile(r'"(?:[^"\\\x00-\x1f]|\\.)*', re.DOTALL).match(self._text, start)
        self._at = broken.end() if broken else start
        if self._at >= len(self._text) or self._text[self._at] == "\\":
            self._at = start
            self._stop("a text begins here and does not end")
        escape = {"\n": "\\n", "\t": "\\t", "\r": "\\r"}.get(self._text[self._at])
        facts: dict[str, object] = {"escape": escape or f"\\u{ord(self._text[self._at]):04x}"}
        self._stop("a text goes over the end of its line, or holds a control character", facts)

    def _number(self, start: int) -> ScalarNode:
        found = _NUMBER.match(self._text, start)
        if found is None:
            self._stop("this number is none that JSON has")
        self._at = found.end()
        try:
            return ScalarNode(resolve(found[0]), self._mark(start))
        except BadNumberError:
            at = origin_of(self._piece.pasted.file, self._mark(start))
            shown = found[0] if len(found[0]) < _LONG else found[0][:_LONG] + "…"
            self.problems.append(Problem(of_files.BAD_NUMBER, at, {"value": shown}))
            return ScalarNode(0.0, self._mark(start), BAD)

    def _word(self, start: int) -> ScalarNode:
        found = _WORD.match(self._text, start)
        if found is None or found[0] not in _WORDS:
            said = "a value is wanted here" if start < len(self._text) else "it ends too early"
            self._stop(said, self._unquoted())
        self._at = found.end()
        return ScalarNode(_WORDS[found[0]], self._mark(start))

    # ── places ───────────────────────────────────────────────────────────────────────────────────

    def _next(self) -> str:
        """The next character that is not blank, which is not passed; "" at the end."""
        found = _BLANK.match(self._text, self._at)
        self._at = found.end() if found else self._at
        return self._text[self._at : self._at + 1]

    def _mark(self, start: int) -> Mark:
        return self._piece.mark(start, self._at)

    def _unquoted(self) -> dict[str, object]:
        """The fact that chooses the hint where a word stands without its quotes."""
        is_word = _WORD.match(self._text, self._at) or self._text[self._at : self._at + 1] == "'"
        return {"unquoted": "the word"} if is_word else {}

    def _count(self, depth: int) -> None:
        self._values += 1
        if depth > MAX_DEPTH:
            self._note(of_files.TOO_DEEP, {"limit": MAX_DEPTH})
            raise _StopReadingError
        if self._values > MAX_VALUES:
            self._note(of_files.TOO_MANY_VALUES, {"limit": MAX_VALUES})
            raise _StopReadingError

    def _duplicate(self, name: str, mark: Mark, first: Mark) -> None:
        file = self._piece.pasted.file
        related = (Related(origin_of(file, first), "first written here"),)
        at = origin_of(file, mark)
        self.problems.append(Problem(of_files.DUPLICATE_KEY, at, {"key": name}, related))

    def _note(
        self, kind: Kind, facts: dict[str, object], related: tuple[Related, ...] = ()
    ) -> None:
        at = origin_of(self._piece.pasted.file, self._piece.mark(self._at, self._at + 1))
        self.problems.append(Problem(kind, at, facts, related))

    def _stop(
        self,
        said: str,
        facts: dict[str, object] | None = None,
        related: tuple[Related, ...] = (),
    ) -> NoReturn:
        self._note(wording.BAD_JSON, {"said": said, **(facts or {})}, related)
        raise _StopReadingError
