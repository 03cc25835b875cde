"""How PowerShell takes a command line apart.

A backtick is what a backslash is to POSIX shells, and within single quotes two of them are one.
"""

import re
from typing import NoReturn

from voxmint.profiles.importing.shell_words import Builder, ShellError, Word, check_end

_BLANK = " \t\r"
_ENDS = "\n;&|<>()"
_BETWEEN = frozenset(_BLANK + _ENDS)
_ESCAPES = {
    "0": "\0", "a": "\a", "b": "\b", "e": "\x1b", "f": "\f", "n": "\n", "r": "\r", "t": "\t",
    "v": "\v",
}  # fmt: skip
_CONTINUED = re.compile(r"`\r?\n")
_HERE_STRING = re.compile(r"""@['"][ \t]*\r?\n""")
_VARIABLE = re.compile(r"\$(?:[A-Za-z_][A-Za-z0-9_]*(?::[A-Za-z_][A-Za-z0-9_]*)?|[$?^])")
_BARE_QUOTE = re.compile(r'(?<!\\)(?:\\\\)*"')
_ESCAPED_QUOTE = re.compile(r'(\\+)"')


class PowerShell:
    """PowerShell's rules for the arguments of a program."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0

    def words(self) -> list[Word]:
        found: list[Word] = []
        while self._skip(is_first=not found) and self._text[self._at] not in _ENDS:
            found.append(_handed_on(self._word()))
        check_end(self._text, self._at, continued="`")
        return found

    def _skip(self, *, is_first: bool) -> bool:
        """Passes blanks, continued lines and comments; whether more comes."""
        while self._at < len(self._text):
            sign = self._text[self._at]
            continued = _CONTINUED.match(self._text, self._at)
            if continued:
                self._at = continued.end()
            elif sign in _BLANK or (is_first and sign == "\n"):
                self._at += 1
            elif sign == "#":
                end = self._text.find("\n", self._at)
                self._at = len(self._text) if end < 0 else end
            else:
                return True
        return False

    def _word(self) -> Word:
        start = self._at
        if _HERE_STRING.match(self._text, start):
            said = "a here-document or here-string is not read"
            raise ShellError(said, start, {"itself": "the body"})
        word = Builder(start)
        self._part(word)
        # What follows the quotes that a word begins with is a word of its own.
        is_quoted = self._text[start] in "'\""
        while not is_quoted and self._goes_on():
            self._part(word)
        return word.word(self._at)

    def _goes_on(self) -> bool:
        is_over = self._at >= len(self._text) or self._text[self._at] in _BETWEEN
        return not is_over and not _CONTINUED.match(self._text, self._at)

    def _part(self, word: Builder) -> None:
        """One quoted part of a word, or one character."""
        match self._text[self._at]:
            case "'":
                self._single(word)
            case '"':
                self._double(word)
            case "`":
                self._escaped(word)
            case "$":
                self._dollar(word)
            case sign:
                word.add(sign, self._at)
                self._at += 1

    def _escaped(self, word: Builder) -> None:
        following = self._text[self._at + 1 : self._at + 2]
        word.add(_ESCAPES.get(following, following), self._at)
        self._at = min(self._at + 2, len(self._text))

    def _single(self, word: Builder) -> None:
        self._quoted(word, "'", "")

    def _double(self, word: Builder) -> None:
        self._quoted(word, '"', "`$")

    def _quoted(self, word: Builder, quote: str, special: str) -> None:
        """A quoted part, in which two quotes are one; `special` are signs that are not as is."""
        start = self._at
        self._at += 1
        while self._at < len(self._text):
            sign = self._text[self._at]
            if sign in special:
                self._part(word)
                continue
            if sign == quote:
                self._at += 1
                if self._text[self._at : self._at + 1] != quote:
                    return
            word.add(sign, self._at)
            self._at += 1
        self._unclosed(quote, start)

    def _dollar(self, word: Builder) -> None:
        """A `$`: what stands there for something else is kept as it is written."""
        start = self._at
        variable = _VARIABLE.match(self._text, start)
        opening = self._text[start : start + 2]
        closing = {"$(": ")", "${": "}"}.get(opening)
        if variable:
            end, sign = variable.end(), variable[0]
        elif closing:
            end = self._text.find(closing, start) + 1
            if end == 0:
                self._unclosed(opening, start)
            sign = f"{opening}…{closing}"
        else:
            end, sign = start + 1, ""
        if sign:
            word.expand(sign, start, end)
        for at in range(start, end):
            word.add(self._text[at], at)
        self._at = end

    def _unclosed(self, quote: str, start: int) -> NoReturn:
        raise ShellError(f"`{quote}` is not closed", start)


def _handed_on(word: Word) -> Word:
    """The word as the program gets it.

    Windows PowerShell hands quotes on as they are, and the program takes them away: so each is
    written with a backslash before it. Newer ones need none; then one without it tells.
    """
    if _BARE_QUOTE.search(word.text):
        return word
    dropped: set[int] = set()
    for found in _ESCAPED_QUOTE.finditer(word.text):
        dropped.update(range(found.start(), found.start() + (len(found[1]) + 1) // 2))
    kept = [at for at in range(len(word.text)) if at not in dropped]
    text = "".join(word.text[at] for at in kept)
    return word._replace(text=text, offsets=tuple(word.offsets[at] for at in kept))
