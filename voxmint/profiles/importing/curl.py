"""A curl command line: the body it sends, the endpoint it asks, and what in it is secret.

Headers, the address and every other option are looked at for keys and then left behind; none of
their values is shown.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, NoReturn
from urllib.parse import parse_qsl, unquote, urlsplit

from voxmint.problems import Kind, Problem, nearest
from voxmint.profiles.endpoints import APIS
from voxmint.profiles.importing import curl_options as options, wording
from voxmint.profiles.importing.pasted import Pasted, Piece
from voxmint.profiles.importing.secrets import is_secret_name, surely, worth_knowing
from voxmint.profiles.importing.shell import ShellError, Word, words
from voxmint.shown import masked

_CURL = re.compile(
    r"(?:\s*\#[^\n]*\n)*\s*(?:[$%>]\s+)?(?:[A-Za-z_][A-Za-z0-9_]*=\S*\s+)*"
    r"(?:[\w./\\:-]*[/\\])?curl(?:\.exe)?(?=[\s\\^]|$)"
)
_ASSIGNMENT = re.compile(r"[A-Za-z_][A-Za-z0-9_]*=")
_HARMLESS = frozenset(
    """
    accept accept-encoding accept-language cache-control connection content-length content-type
    dnt host openai-beta origin pragma priority referer user-agent
    """.split()
)
"""Headers that hold nothing worth looking for elsewhere."""
_PLACEHOLDER = "emulator"
"""What stands for the key in a command that `voxmint render -o curl` prints for the emulator."""
_SCHEMES = frozenset(("bearer", "basic", "token", "apikey"))
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


def read_command(pasted: Pasted) -> Command:
    """The command; what is wrong with it is in its `problems`."""
    reader = _Reader(pasted)
    try:
        return reader.command(words(pasted.text))
    except ShellError as failure:
        facts = {"said": failure.said, **failure.facts}
        reader.problems.append(Problem(wording.BAD_COMMAND, pasted.origin(failure.at), facts))
        return Command(None, None, None, frozenset(), (), tuple(reader.problems))


@dataclass(slots=True)
class _Reader:
    pasted: Pasted
    problems: list[Problem] = field(default_factory=list)
    secrets: set[str] = field(default_factory=set)
    addresses: list[Word] = field(default_factory=list)
    key_at: tuple[int, int] | None = None

    def command(self, given: Sequence[Word]) -> Command:
        given = _from_curl(given, self)
        found = list(self.options(given[1:]))
        for option in found:
            self.look_for_secrets(option)
        for address in self.addresses:
            self.look_in_address(address)
        if self.key_at is not None:
            self.note(wording.KEY_IN_COMMAND, *self.key_at)
        body = self.body(found, given[0])
        spans = [(option.start, option.end) for option in found]
        spans += [
            (option.value.start, option.value.end)
            for option in found
            if option.value is not None and option.name in options.DATA
        ]
        asked, host = self.asked()
        known = worth_knowing(self.secrets)
        shown = ((given[0].start, given[0].end), *spans)
        return Command(body, asked, host, known, shown, tuple(self.problems))

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
            near = nearest(name, options.WITH_VALUE | options.FLAGS)
            near = {"nearest": f"--{near['nearest']}"} if near else {}
            self.note(wording.UNKNOWN_OPTION, word.start, word.end, **near)
            self.secrets.add(name)
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

    # ── secrets ──────────────────────────────────────────────────────────────────────────────────

    def look_for_secrets(self, option: _Option) -> None:
        value = option.value
        if value is None:
            return
        if option.name in {"header", "proxy-header"}:
            self.look_in_header(value)
        elif option.name in options.WITH_SECRET:
            self.found_secret(value, value.text)
        elif option.name == "url":
            self.addresses.append(value)
        elif option.name in {"proxy", "preproxy", "referer"}:
            self.look_in_address(value)
        elif option.name not in options.DATA and surely(value.text, ()):
            self.found_secret(value, value.text)

    def look_in_header(self, header: Word) -> None:
        name, _, content = header.text.partition(":")
        parts = [part for part in content.split() if part.lower() not in _SCHEMES]
        is_secret = is_secret_name(name.strip()) or surely(header.text, ())
        if is_secret and parts and parts != [_PLACEHOLDER]:
            self.found_secret(header, content)
        if name.strip().lower() not in _HARMLESS and not header.expansions:
            self.secrets.update(part for part in parts if part != _PLACEHOLDER)

    def look_in_address(self, address: Word) -> None:
        """A user's name and password, and whatever the query gives, are taken for secrets."""
        try:
            parts = urlsplit(address.text)
            given = [parts.password or "", parts.username or ""]
        except ValueError:
            self.found_secret(address, address.text)
            return
        given += [value for name, value in parse_qsl(parts.query) if name.lower() != "api-version"]
        given.append(unquote(parts.fragment))
        given += [part for part in parts.path.split("/") if surely(part, ())]
        given += [part for part in (parts.netloc,) if surely(part, ())]
        for secret in filter(None, given):
            self.found_secret(address, secret)

    def found_secret(self, word: Word, text: str) -> None:
        if word.expansions and not surely(text, ()):
            return  # the shell's variable holds it
        self.secrets.update((text, *re.split(r"[\s:;=,]+", text)))
        self.key_at = self.key_at or (word.start, word.end)

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
        expansions = [one for _, word in pieces for one in word.expansions]
        for sign, start, end in expansions:
            self.note(wording.SHELL_EXPANSION, start, end, sign=sign)
        return None if expansions else _joined(self.pasted, pieces)

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
                if re.search(rf"/realtime/{api}(?![\w/-])", address.text):
                    return api, _host(address.text)
        return None, None

    def note(self, kind: Kind, start: int, end: int | None = None, **facts: object) -> None:
        self.problems.append(Problem(kind, self.pasted.origin(start, end), facts))


_ITSELF: dict[str, object] = {"itself": "the body"}


def _from_curl(given: Sequence[Word], reader: _Reader) -> Sequence[Word]:
    """The words from `curl` on; variables that are set before it may hold a key."""
    for index, word in enumerate(given):
        if not _ASSIGNMENT.match(word.text):
            return given[index:]
        value = word.text.partition("=")[2]
        if surely(value, ()) or is_secret_name(word.text.partition("=")[0]):
            reader.found_secret(word, value)
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
    return host if _HOST.fullmatch(host) and not surely(host, ()) else None
