r"""How Windows' cmd hands a command line on, and how a program there takes it apart.

`^` is what `\` is to other shells, and programs take their arguments apart themselves.
"""

import re

from voxmint.profiles.importing.shell_words import Builder, ShellError, Word

_PERCENT = re.compile(r"%[A-Za-z_][A-Za-z0-9_]*%")


class Cmd:
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
        word = Builder(self._offsets[self._at])
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

    def _note_variable(self, word: Builder, at: int) -> None:
        variable = self._variables.get(at)
        if variable:
            word.expand(variable[0], variable.start(), variable.end())

    def _backslashes(self, word: Builder) -> None:
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
