"""What in a curl command is a key or password, or may be one.

Headers, addresses and options are looked through and then left behind: none of their values is
shown. What is found here is looked for in the body, which is the one part that is kept.
"""

import re
from collections.abc import Iterable
from urllib.parse import parse_qsl, unquote, urlsplit

from voxmint.profiles.importing import curl_options as options
from voxmint.profiles.importing.secrets import (
    is_keylike,
    is_secret_name,
    likely,
    surely,
    worth_knowing,
)
from voxmint.profiles.importing.shell_words import Word

_HARMLESS = frozenset(
    """
    accept accept-encoding accept-language cache-control connection content-length content-type
    dnt host openai-beta openai-organization openai-project origin pragma priority user-agent
    api-version deployment intent model x-deployment x-model
    """.split()
)
"""Headers, and parameters of an address, whose values no body needs to be searched for."""
_PLACEHOLDER = "emulator"
"""What stands for the key in a command that `voxmint render -o curl` prints for the emulator."""
_SCHEMES = frozenset(("bearer", "basic", "token", "apikey"))
_BETWEEN = re.compile(r"[\s:;=,]+")
_IN_ADDRESS = re.compile(r"[^A-Za-z0-9_.~%+-]+")


class CurlSecrets:
    """Collects the secrets of one command; `at` is where the first stands, from and to."""

    def __init__(self) -> None:
        self.at: tuple[int, int] | None = None
        self._texts: set[str] = set()

    @property
    def texts(self) -> frozenset[str]:
        """The secrets that are to be looked for elsewhere."""
        return worth_knowing(self._texts)

    def look_in_option(self, name: str, value: Word) -> None:
        """Looks through the value of the option of this long name."""
        if name in {"header", "proxy-header"}:
            self._look_in_header(value)
        elif name in options.WITH_USER:
            user, _, password = value.text.partition(":")
            self._found(value, password or user)
        elif name in options.WITH_SECRET:
            self._found(value, value.text)
        elif name in options.WITH_ADDRESS:
            self.look_in_address(value)
        elif name == options.QUERY:
            key, sign, content = value.text.partition("=")
            named = (key, content) if sign else ("", key)
            self._look_in_named(value, named[0], [named[1]], is_told=True)
        elif name not in options.DATA and name not in _HARMLESS:
            # Not by the option's name: `--key` takes the name of a file.
            self._look_in_named(value, "", [value.text])

    def look_in_assignment(self, word: Word) -> None:
        """Looks through a variable that is set before the command."""
        name, _, value = word.text.partition("=")
        self._look_in_named(word, name, [value])

    def look_in_address(self, address: Word) -> None:
        """Looks through a URL: its user, its query, its path."""
        try:
            parts = urlsplit(address.text)
            user, password = parts.username or "", parts.password or ""
        except ValueError:
            self._found(address, " ".join(_IN_ADDRESS.split(address.text)))
            return
        if user or password:
            self._found(address, password or user)
        for name, value in parse_qsl(parts.query):
            self._look_in_named(address, name, [value], is_told=True)
        pieces = [unquote(piece) for piece in (*parts.path.split("/"), parts.fragment)]
        for piece in (parts.netloc, *pieces):
            if surely(piece, ()):
                self._found(address, piece)
        # A word that no option took is an address to curl, and may be anything.
        is_address = re.search("[./]", address.text)
        self._remember(filter(is_keylike, [parts.fragment] if is_address else [address.text]))

    def look_outside(self, text: str) -> None:
        """Looks through all that is not the body: comments too, and what follows the command."""
        self._remember(likely(text))

    def passed_over(self, option: str) -> None:
        """Remembers an unknown option: it may be something that was pasted in its place."""
        self._remember(filter(is_keylike, _BETWEEN.split(option)))

    def _look_in_header(self, header: Word) -> None:
        name, _, content = header.text.partition(":")
        parts = [part for part in content.split() if part.lower() not in _SCHEMES]
        if parts != [_PLACEHOLDER] and (parts or surely(name, ())):
            self._look_in_named(header, name.strip(), parts)
        self._remember(filter(is_keylike, [name]))

    def _look_in_named(
        self, word: Word, name: str, values: Iterable[str], *, is_told: bool = False
    ) -> None:
        """Looks at what stands under a name; with `is_told`, what only may be a key is said."""
        text = " ".join(values)
        if is_secret_name(name) or surely(f"{name} {text}", ()):
            self._found(word, text)
        elif name.lower() not in _HARMLESS and not word.expansions:
            keylike = [part for part in text.split() if is_keylike(part)]
            self._remember(keylike)
            if keylike and is_told:
                self._found(word, text)

    def _found(self, word: Word, text: str) -> None:
        if word.expansions and not surely(text, ()):
            return  # the shell's variable holds it
        pieces = [piece for piece in _BETWEEN.split(text) if piece.lower() not in _SCHEMES]
        self._remember(pieces if len(pieces) == 1 else filter(is_keylike, pieces))
        self._remember([text])
        self.at = self.at or (word.start, word.end)

    def _remember(self, texts: Iterable[str]) -> None:
        self._texts.update(texts)
