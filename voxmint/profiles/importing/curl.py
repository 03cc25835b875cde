"""A curl command line: the body it sends, the endpoint it asks, and what in it is secret.

Nothing but the body, the endpoint and the host is taken from it.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, NoReturn

from voxmint.problems import Kind, Problem, nearest
from voxmint.profiles.endpoints import APIS
from voxmint.profiles.importing import curl_options as options, wording
from voxmint.profiles.importing.curl_secrets import CurlSecrets
from voxmint.profiles.importing.pasted import Pasted, Piece
from voxmint.profiles.importing.secrets import surely
from voxmint.profiles.importing.shell import PROMPT, words
from voxmint.profiles.importing.shell_words import Expansion, ShellError, Word
from voxmint.shown import masked

_CURL = re.compile(
    rf"(?:\s*\#[^\n]*\n)*\s*{PROMPT}?(?:[A-Za-z_][A-Za-z0-9_]*=\S*\s+)*"
    r"(?:[\w./\\:-]*[/\\])?(?P<word>curl(?:\.exe)?)(?=[\s\\^`]|$)"
)
_WORD = re.compile(r"(?<![\w.-])curl(?:\.exe)?(?=[\s\\^`]|$)")
_ASSIGNMENT = re.compile(r"[A-Za-z_][A-Za-z0-9_]*=")
_HOST = re.compile(r"[A-Za-z0-9.-]{1,100}(?::[0-9]{1,5})?|\[[0-9a-fA-F:]+\](?::[0-9]{1,5})?")


@dataclass(frozen=True, slots=True)
class Command:
    """What a command line says.

    `body` is `None` where it cannot be had, and then `problems` say why. `shown` are the parts of
    what was pasted, from and to, that may be shown; all else may hold a key.
    """

    body: Piece | None
    asked: str | None
    host: str | None
    secrets: frozenset[str]
    shown: tuple[tuple[int, int], ...]
    problems: tuple[Problem, ...]


class _Option(NamedTuple):
    """An option as it was given, by its long name, with the value where it takes one."""

    name: str
    value: Word | None
    start: int
    end: int


def is_command(text: str) -> bool:
    """Whether what was pasted begins as a curl command does."""
    return _CURL.match(text) is not None


def stray_command(text: str) -> tuple[int, int] | None:
    """Where the word `curl` stands, from and to, in a text that does not begin with a command."""
    found = _WORD.search(text)
    return (found.start(), found.end()) if found else None


def read_command(pasted: Pasted) -> Command:
    """The command; what is wrong with it is in its `problems`."""
    reader = _Reader(pasted)
    try:
        return reader.command(words(pasted.text))
    except ShellError as failure:
        facts = {"said": failure.said, **failure.facts}
        reader.problems.append(Problem(wording.BAD_COMMAND, pasted.origin(failure.at), facts))
        # What could not be taken apart may hold a key anywhere.
        shown = (_curl_in(pasted.text), (failure.at, failure.at + 1))
        return Command(None, None, None, reader.secrets.texts, shown, tuple(reader.problems))


@dataclass(slots=True)
class _Reader:
    pasted: Pasted
    problems: list[Problem] = field(default_factory=list)
    secrets: CurlSecrets = field(default_factory=CurlSecrets)
    addresses: list[Word] = field(default_factory=list)

    def command(self, given: Sequence[Word]) -> Command:
        given = _from_curl(given, self)
        found = list(self.options(given[1:]))
        self.look_for_secrets(found)
        self.secrets.look_outside(self.outside(found))
        body = self.body(found, given[0])
        spans = [(option.start, option.end) for option in found]
        spans += [
            (option.value.start, option.value.end)
            for option in found
            if option.value is not None and option.name in options.DATA
        ]
        asked, host = self.asked()
        shown = ((given[0].start, given[0].end), *spans)
        return Command(body, asked, host, self.secrets.texts, shown, tuple(self.problems))

    def look_for_secrets(self, found: Sequence[_Option]) -> None:
        for option in found:
            if option.name == "url" and option.value is not None:
                self.addresses.append(option.value)
            elif option.value is not None:
                self.secrets.look_in_option(option.name, option.value)
        for address in self.addresses:
            self.secrets.look_in_address(address)
        if self.secrets.at is not None:
            self.note(wording.KEY_IN_COMMAND, *self.secrets.at)

    def outside(self, found: Sequence[_Option]) -> str:
        """All that was pasted besides the body."""
        pieces: list[str] = []
        last = 0
        for option in found:
            if option.name in options.DATA and option.value is not None:
                pieces.append(self.pasted.text[last : option.value.start])
                last = option.value.end
        return " ".join((*pieces, self.pasted.text[last:]))

    # ── options ──────────────────────────────────────────────────────────────────────────────────

    def options(self, given: Sequence[Word]) -> Iterator[_Option]:
        waiting = iter(given)
        for word in waiting:
            if word.text == "-" or not word.text.startswith("-"):
                self.addresses.append(word)
            elif word.text == "--":
                continue
            elif word.text.startswith("--"):
                yield self.long(word, waiting)
            else:
                yield from self.short(word, waiting)

    def long(self, word: Word, waiting: Iterator[Word]) -> _Option:
        name = word.text[2:]
        if name in options.WITH_VALUE:
            return _Option(name, self.value(word, waiting), word.start, word.end)
        if name.removeprefix("no-") not in options.FLAGS and name not in options.FLAGS:
            near = _nearest(name) if len(self.problems) < _MANY else {}
            self.note(wording.UNKNOWN_OPTION, word.start, word.end, **near)
            self.secrets.passed_over(name)
            # It may be something quite different, so it is not shown either.
            return _Option("", None, word.start, word.start + 2)
        return _Option(name, None, word.start, word.end)

    def short(self, word: Word, waiting: Iterator[Word]) -> Iterator[_Option]:
        for index, sign in enumerate(word.text[1:], start=1):
            at = word.offsets[index]
            name = options.SHORT.get(sign, "")
            if name in options.WITH_VALUE:
                rest = _rest(word, index + 1)
                value = self.value(word, waiting) if rest is None else rest
                yield _Option(name, value, word.start, at + 1)
                return
            if not name and sign not in options.SHORT_FLAGS:
                self.note(wording.UNKNOWN_OPTION, at, at + 1)
                return
            yield _Option(name or sign, None, word.start, at + 1)

    def value(self, word: Word, waiting: Iterator[Word]) -> Word:
        following = next(waiting, None)
        if following is None:
            raise ShellError("this option needs a value", word.start)
        return following

    # ── the body ─────────────────────────────────────────────────────────────────────────────────

    def body(self, found: Sequence[_Option], curl: Word) -> Piece | None:
        for option in found:
            self.check_option(option)
        if any(option.name in options.ELSEWHERE for option in found):
            return None
        given = [(one.name, one.value) for one in found if one.name in options.DATA]
        pieces = [(name, word) for name, word in given if word is not None]
        if not pieces:
            raise ShellError("it has no body: nothing stands after `-d`", curl.start, _ITSELF)
        elsewhere = [word for name, word in pieces if self.is_elsewhere(name, word)]
        if elsewhere:
            return None
        first: dict[str, Expansion] = {}
        for _, word in pieces:
            for expansion in word.expansions:
                first.setdefault(expansion.sign, expansion)
        for sign, start, end in first.values():
            facts = {"percent": sign} if sign.startswith("%") else {}
            self.note(wording.SHELL_EXPANSION, start, end, sign=sign, **facts)
        return None if first else _joined(self.pasted, pieces)

    def check_option(self, option: _Option) -> None:
        """That the option lets the command send one body of JSON, which stands in it."""
        if option.name == "next":
            self.stop("it holds several requests", option, several="requests")
        if option.name in options.NOT_JSON:
            self.stop("what this option sends is no JSON", option, itself="the body")
        if option.name == "get":
            self.stop("with this option no body is sent", option, itself="the body")
        if option.name in options.ELSEWHERE:
            self.note(wording.BODY_ELSEWHERE, option.start, option.end, source="a file")

    def is_elsewhere(self, name: str, word: Word) -> bool:
        """Whether curl would read the body from a file or its input; that is said."""
        if name == "data-raw" or not word.text.startswith("@"):
            return False
        file = word.text[1:]
        is_plain = re.fullmatch(r"[A-Za-z0-9._/-]{1,60}", file) and not word.expansions
        if file in {"-", ""} or not is_plain or masked(file) != file:
            source = "its input" if file == "-" else "a file"
            self.note(wording.BODY_ELSEWHERE, word.start, word.end, source=source)
        else:
            facts = {"source": f"the file `{file}`", "file": file}
            self.note(wording.BODY_ELSEWHERE, word.start, word.end, **facts)
        return True

    def stop(self, said: str, option: _Option, **facts: object) -> NoReturn:
        raise ShellError(said, option.start, facts)

    # ── the address ──────────────────────────────────────────────────────────────────────────────

    def asked(self) -> tuple[str | None, str | None]:
        """The endpoint that the address names, and its host where that is plain to see."""
        for address in self.addresses:
            for api in APIS:
                if re.search(rf"/realtime/{api}/?(?![\w/-])", address.text):
                    return api, _host(address.text)
        return None, None

    def note(self, kind: Kind, start: int, end: int | None = None, **facts: object) -> None:
        self.problems.append(Problem(kind, self.pasted.origin(start, end), facts))


_MANY = 100
"""After so many problems, what was meant is no longer looked for: it takes the longest."""


def _nearest(name: str) -> dict[str, str]:
    """The fact `nearest`, where an option of curl has nearly this name."""
    found = nearest(name, options.WITH_VALUE | options.FLAGS)
    return {"nearest": f"--{found['nearest']}"} if found else {}


def _curl_in(text: str) -> tuple[int, int]:
    """Where the word `curl` stands, from and to, in a text that begins with a command."""
    found = _CURL.match(text)
    return found.span("word") if found else (0, 0)


_ITSELF: dict[str, object] = {"itself": "the body"}


def _from_curl(given: Sequence[Word], reader: _Reader) -> Sequence[Word]:
    """The words from `curl` on; variables that are set before it may hold a key."""
    for index, word in enumerate(given):
        if not _ASSIGNMENT.match(word.text):
            return given[index:]
        reader.secrets.look_in_assignment(word)
    raise ShellError("there is no command in it", 0)


def _rest(word: Word, index: int) -> Word | None:
    """What stands after a short option in the same word, as a word of its own."""
    if index >= len(word.text):
        return None
    start = word.offsets[index]
    expansions = tuple(one for one in word.expansions if one.start >= start)
    return Word(word.text[index:], word.offsets[index:], start, word.end, expansions)


def _joined(pasted: Pasted, pieces: Sequence[tuple[str, Word]]) -> Piece:
    """The body as curl puts it together: `&` between what `-d` gives, nothing after `--json`."""
    text: list[str] = []
    offsets: list[int] = []
    for name, word in pieces:
        if text and name != "json":
            text.append("&")
            offsets.append(word.start)
        text.append(word.text)
        offsets += word.offsets
    return Piece(pasted, "".join(text), offsets)


def _host(address: str) -> str | None:
    """The host, where it is nothing but one; a URL's other parts are not shown."""
    found = re.match(r"(?:[a-z]+://)?([^/?#]*)", address)
    host = found[1].rpartition("@")[2] if found else ""
    is_host = _HOST.fullmatch(host) and (re.search("[.:]", host) or host == "localhost")
    return host if is_host and not surely(host, ()) else None
