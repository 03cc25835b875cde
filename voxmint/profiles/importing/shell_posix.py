"""How POSIX shells take a command line apart, with bash's `$'…'`."""

import re
from typing import NoReturn

from voxmint.profiles.importing.shell_words import Builder, ShellError, Word, check_end

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
_VARIABLE = re.compile(r"\$(?:[A-Za-z_][A-Za-z0-9_]*|[0-9@*#?$!-])")
_LARGEST = 0x10FFFF


class Posix:
    """A POSIX shell's rules for quoting."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0

    def words(self) -> list[Word]:
        found: list[Word] = []
        while self._skip(is_first=not found):
            if self._text[self._at] in "<>" or self._text.startswith("&>", self._at):
                self._redirection(found)
            elif self._text[self._at] in _ENDS:
                break
            else:
                found.append(self._word())
        check_end(self._text, self._at, continued="\\")
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
        word = Builder(self._at)
        while self._at < len(self._text) and self._text[self._at] not in _BETWEEN:
            self._part(word)
        return word.word(self._at)

    def _part(self, word: Builder) -> None:
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

    def _escaped(self, word: Builder) -> None:
        following = self._text[self._at + 1 : self._at + 2]
        if not following:
            word.add("\\", self._at)
        elif following != "\n":
            word.add(following, self._at + 1)
        self._at = min(self._at + 2, len(self._text))

    def _single(self, word: Builder) -> None:
        start = self._at
        end = self._text.find("'", start + 1)
        if end < 0:
            self._unclosed("'", start)
        for at in range(start + 1, end):
            word.add(self._text[at], at)
        self._at = end + 1

    def _double(self, word: Builder) -> None:
        start = self._at
        self._at += 1
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

    def _ansi(self, word: Builder) -> None:
        start = self._at
        self._at += 2
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

    def _ansi_escape(self, word: Builder) -> None:
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

    def _dollar(self, word: Builder) -> None:
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
