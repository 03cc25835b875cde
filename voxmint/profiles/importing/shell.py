r"""A command line as a shell takes it apart: words, each character with its place.

Nothing is run or expanded. Where a shell would put something in a word, that is noted with the
word. Two dialects: POSIX shells with bash's `$'…'`, and Windows' cmd, where `^` is what `\` is to
the others and programs take their arguments apart themselves.
"""

import re
from typing import NamedTuple, NoReturn

_BLANK = " \t\r"
_ENDS = "\n;&|()"
_BETWEEN = frozenset(_BLANK + _ENDS + "<>")
_SIMPLE_ESCAPES = {
    "n": "\n", "t": "\t", "r": "\r", "a": "\a", "b": "\b", "f": "\f", "v": "\v",
    "e": "\x1b", "E": "\x1b", "\\": "\\", "'": "'", '"': '"', "?": "?",
}  # fmt: skip
_CODE = re.compile(r"u([0-9a-fA-F]{1,4})|U([0-9a-fA-F]{1,8})")
_BYTES = re.compile(r"(?:\\x[0-9a-fA-F]{1,2}|\\[0-7]{1,3})+")
_BYTE = re.compile(r"\\x([0-9a-fA-F]{1,2})|\\([0-7]{1,3})")
_PAIR = re.compile("[\ud800-\udbff][\udc00-\udfff]")
_VARIABLE = re.compile(r"\$(?:[A-Za-z_][A-Za-z0-9_]*|[0-9@*#?$!-])")
_CURL_EXE = re.compile(r"\s*curl\.exe\s")
_CARET = re.compile(
    r"""'[^']*' | "(?:[^"\\]|\\.)*" | \\. | (?P<caret>\^(?:[ \t]*\r?\n|"))""",
    re.DOTALL | re.VERBOSE,
)
_PERCENT = re.compile(r"%[A-Za-z_][A-Za-z0-9_]*%")
_PROMPT = re.compile(r"\s*(?:[$%>]\s+)?")
_LARGEST = 0x10FFFF


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


def words(text: str) -> list[Word]:
    """The words of the first command in the text; raises `ShellError`."""
    return _Windows(text).words() if _is_for_cmd(text) else _Posix(text).words()


def _is_for_cmd(text: str) -> bool:
    """Whether a caret does what it does in cmd; one within quotes is as good in any shell."""
    if _CURL_EXE.match(text):
        return True
    return any(found["caret"] for found in _CARET.finditer(text))


def pairs_joined(
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


class _Builder:
    """A word that is being read."""

    def __init__(self, start: int) -> None:
        self.start = start
        self.is_begun = False
        self._characters: list[str] = []
        self._offsets: list[int] = []
        self._expansions: list[Expansion] = []

    def add(self, characters: str, at: int) -> None:
        self.is_begun = True
        for character in characters:
            self._characters.append(character)
            self._offsets.append(at)

    def expand(self, sign: str, start: int, end: int) -> None:
        self._expansions.append(Expansion(sign, start, end))

    def word(self, end: int) -> Word:
        characters, offsets = pairs_joined(self._characters, self._offsets)
        return Word("".join(characters), offsets, self.start, end, tuple(self._expansions))


class _Posix:
    """A POSIX shell's rules for quoting."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0

    def words(self) -> list[Word]:
        found: list[Word] = []
        prompt = _PROMPT.match(self._text)
        self._at = prompt.end() if prompt else 0
        while self._skip(is_first=not found):
            if self._text[self._at] in "<>" or self._text.startswith("&>", self._at):
                self._redirection(found)
            elif self._text[self._at] in _ENDS:
                break
            else:
                found.append(self._word())
        self._check_rest()
        return found

    def _skip(self, *, is_first: bool) -> bool:
        """Passes blanks, continued lines and comments; whether more comes."""
        while self._at < len(self._text):
            rest = self._text[self._at : self._at + 3]
            if rest[0] in _BLANK or (is_first and rest[0] == "\n"):
                self._at += 1
            elif rest.startswith(("\\\n", "\\\r\n")):
                self._at += 2 if rest[1] == "\n" else 3
            elif rest[0] == "#":
                end = self._text.find("\n", self._at)
                self._at = len(self._text) if end < 0 else end
            else:
                return True
        return False

    def _check_rest(self) -> None:
        """That the command does not go on in the next line, with nothing to say so."""
        rest = self._text[self._at :]
        if rest.lstrip(" \t\r\n").startswith("-") and rest.startswith("\n"):
            facts: dict[str, object] = {"continued": "\\"}
            raise ShellError("it ends here, and the next line is an option", self._at - 1, facts)

    def _redirection(self, found: list[Word]) -> None:
        start = self._at
        operator = re.compile(r"&?[<>]+[&|-]?").match(self._text, self._at)
        self._at = operator.end() if operator else self._at + 1
        if operator and operator[0].startswith("<<"):
            said = "a here-document or here-string is not read"
            raise ShellError(said, start, {"itself": "the body"})
        if found and found[-1].end == start and found[-1].text.isdigit():
            found.pop()
        if self._skip(is_first=False) and self._text[self._at] not in _ENDS:
            self._word()

    # ── words ────────────────────────────────────────────────────────────────────────────────────

    def _word(self) -> Word:
        word = _Builder(self._at)
        while self._at < len(self._text) and self._text[self._at] not in _BETWEEN:
            self._part(word)
        return word.word(self._at)

    def _part(self, word: _Builder) -> None:
        """One quoted part of a word, or one character."""
        two = self._text[self._at : self._at + 2]
        match two[0]:
            case "'":
                self._single(word)
            case '"':
                self._double(word)
            case "$" if two == "$'":
                self._ansi(word)
            case "$" if two == '$"':
                self._at += 1
            case "$" | "`":
                self._dollar(word)
            case "\\":
                self._escaped(word)
            case _:
                word.add(two[0], self._at)
                self._at += 1

    def _escaped(self, word: _Builder) -> None:
        following = self._text[self._at + 1 : self._at + 2]
        if not following:
            word.add("\\", self._at)
        elif following != "\n":
            word.add(following, self._at + 1)
        self._at = min(self._at + 2, len(self._text))

    def _single(self, word: _Builder) -> None:
        start = self._at
        end = self._text.find("'", start + 1)
        if end < 0:
            self._unclosed("'", start)
        word.is_begun = True
        for at in range(start + 1, end):
            word.add(self._text[at], at)
        self._at = end + 1

    def _double(self, word: _Builder) -> None:
        start = self._at
        self._at += 1
        word.is_begun = True
        while self._at < len(self._text):
            sign = self._text[self._at]
            if sign == '"':
                self._at += 1
                return
            if sign in "$`":
                self._dollar(word)
            elif sign == "\\" and self._text[self._at + 1 : self._at + 2] in {*'$`"\\', "\n"}:
                self._escaped(word)
            else:
                word.add(sign, self._at)
                self._at += 1
        self._unclosed('"', start)

    def _ansi(self, word: _Builder) -> None:
        start = self._at
        self._at += 2
        word.is_begun = True
        while self._at < len(self._text):
            sign = self._text[self._at]
            if sign == "'":
                self._at += 1
                return
            if sign == "\\":
                self._ansi_escape(word)
            else:
                word.add(sign, self._at)
                self._at += 1
        self._unclosed("$'", start)

    def _ansi_escape(self, word: _Builder) -> None:
        start = self._at
        raw = _BYTES.match(self._text, start)
        code = _CODE.match(self._text, start + 1)
        following = self._text[start + 1 : start + 2]
        if raw:
            given = bytes(int(h, 16) if h else int(o, 8) & 255 for h, o in _BYTE.findall(raw[0]))
            word.add(given.decode("utf-8", "replace"), start)
            self._at = raw.end()
        elif code:
            number = int(code[1] or code[2], 16)
            if number > _LARGEST:
                raise ShellError("this escape is no character", start)
            word.add(chr(number), start)
            self._at = code.end()
        else:
            word.add(_SIMPLE_ESCAPES.get(following, "\\" + following), start)
            self._at += 2

    def _dollar(self, word: _Builder) -> None:
        """A `$` or a backquote: what stands there for something else is kept as it is written."""
        start = self._at
        variable = _VARIABLE.match(self._text, start)
        opening = "`" if self._text[start] == "`" else self._text[start : start + 2]
        closing = {"$(": ")", "${": "}", "`": "`"}.get(opening)
        if variable:
            end, sign = variable.end(), variable[0]
        elif closing:
            end = self._text.find(closing, start + len(opening)) + 1
            if end == 0:
                self._unclosed(opening, start)
            sign = {")": "$(…)", "}": "${…}", "`": "`…`"}[closing]
        else:
            word.add("$", start)
            self._at += 1
            return
        word.expand(sign, start, end)
        for at in range(start, end):
            word.add(self._text[at], at)
        self._at = end

    def _unclosed(self, quote: str, start: int) -> NoReturn:
        raise ShellError(f"`{quote}` is not closed", start)


class _Windows:
    """cmd's carets, and then the rules by which a program on Windows takes its line apart."""

    def __init__(self, text: str) -> None:
        self._signs, self._offsets, self._end = _without_carets(text)
        # cmd puts variables in before all else, within quotes, too.
        self._variables = {found.start(): found for found in _PERCENT.finditer(text)}
        self._at = 0

    def words(self) -> list[Word]:
        found: list[Word] = []
        while self._at < len(self._signs):
            if self._signs[self._at] in " \t":
                self._at += 1
            else:
                found.append(self._word())
        return found

    def _word(self) -> Word:
        word = _Builder(self._offsets[self._at])
        is_quoted, opened = False, self._offsets[self._at]
        while self._at < len(self._signs):
            sign, at = self._signs[self._at], self._offsets[self._at]
            if sign == "\\":
                self._backslashes(word)
                continue
            if sign in " \t" and not is_quoted:
                break
            if sign == '"' and is_quoted and self._signs[self._at + 1 : self._at + 2] == ['"']:
                word.add('"', at)
                self._at += 1
            elif sign == '"':
                is_quoted, opened = not is_quoted, at
            else:
                self._note_variable(word, at)
                word.add(sign, at)
            self._at += 1
        if is_quoted:
            raise ShellError('`"` is not closed', opened)
        last = self._offsets[self._at] if self._at < len(self._offsets) else self._end
        return word.word(last)

    def _note_variable(self, word: _Builder, at: int) -> None:
        variable = self._variables.get(at)
        if variable:
            word.expand(variable[0], variable.start(), variable.end())

    def _backslashes(self, word: _Builder) -> None:
        """Backslashes mean themselves, unless a quote follows them."""
        start = self._at
        while self._at < len(self._signs) and self._signs[self._at] == "\\":
            self._at += 1
        count = self._at - start
        is_before_quote = self._signs[self._at : self._at + 1] == ['"']
        for at in range(start, start + (count // 2 if is_before_quote else count)):
            word.add("\\", self._offsets[at])
        if is_before_quote and count % 2:
            word.add('"', self._offsets[self._at])
            self._at += 1


def _without_carets(text: str) -> tuple[list[str], list[int], int]:
    """What cmd hands on of the first command, with the place of each character, and its end."""
    signs: list[str] = []
    offsets: list[int] = []
    is_quoted, at = False, 0
    while at < len(text):
        sign = text[at]
        if sign == "^" and not is_quoted:
            at = _after_caret(text, at)
            if at >= len(text):
                break
            sign = "\n" if text[at] == "\r" else text[at]
        elif sign in "\r\n" and not is_quoted:
            if signs:
                break
            at += 1
            continue
        elif sign in "&|<>" and not is_quoted:
            break
        elif sign == '"':
            is_quoted = not is_quoted
        signs.append(sign)
        offsets.append(at)
        at += 1
    return signs, offsets, at


def _after_caret(text: str, at: int) -> int:
    """Where the character is that a caret takes from its meaning: a line break is passed."""
    at += 1
    broken = re.compile(r"[ \t]*\r?\n").match(text, at)
    return broken.end() if broken else at
