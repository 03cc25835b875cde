"""Reads the upstream key: last of all, when it is settled which host it goes to.

`{env: NAME}` is looked up in the environment that was handed in, `{file: PATH}` read from one
regular file, `{command: […]}` run without a shell and only where the operator allows it,
`{keyring: ENTRY}` asked of the operator's keyring, and `{aws: {secret: NAME}}` and those like it of
a secrets manager, where the operator names the secret, too. A key is one word of printable ASCII;
no message repeats anything of it, or of what a command said.
"""

import os
import re
import stat
from base64 import b64encode
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

from voxmint.engine.failures import failure, reason
from voxmint.engine.files import described, read_bounded
from voxmint.engine.git import Repository, repository
from voxmint.engine.providers import PROVIDERS
from voxmint.engine.upstream.target import place_of, provider_of
from voxmint.engine.wording import (
    KEY_COMMAND_FAILED,
    KEY_COMMAND_FORBIDDEN,
    KEY_EMPTY,
    KEY_FILE_OUTSIDE,
    KEY_FILE_TRACKED,
    KEY_FILE_UNREADABLE,
    KEY_MALFORMED,
    KEY_MISSING,
)
from voxmint.origin import Origin
from voxmint.profiles.compiled import CompiledEnvironment
from voxmint.profiles.settings import Key
from voxmint.secret import Secret

ALLOW_COMMAND = "VOXMINT_ALLOW_KEY_COMMAND"
"""The operator's variable: `1` lets the command run that an environment's file gives."""

_LONGEST_FILE = 64 * 1024
_SHORTEST_CONCEALED = 8
_OPEN = os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
_KEY = re.compile(r"[\x21-\x7e]+")
_QUOTED = re.compile(r"(?s)([\"'`]).*\1")
_LINE = re.compile(r"(?:export\s+)?[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+=[^=]")
"""How a line of an env file begins. In base64 a `=` stands at the end."""
_MASKED = re.compile(r"(?<![^\s*])[^\s*]*+\*{3,}[\w-]*")
"""A key of which a server repeats only the beginning and the end, as OpenAI does. It is looked for
at the beginnings of words only: a server's answer may be one long word."""


@dataclass(frozen=True, slots=True)
class KeyRing:
    """What reading a key takes besides the environment's settings.

    `project` is the project's folder; `may_run` says that the operator allows commands, and
    `allow_hosts` which hosts besides those of VOXMINT_ALLOW_HOSTS.
    """

    project: Path
    environ: Mapping[str, str] = field(repr=False)
    may_run: bool = False
    allow_hosts: tuple[str, ...] = ()


def key_ring(
    project: Path,
    environ: Mapping[str, str],
    *,
    may_run: bool = False,
    allow_hosts: Iterable[str] = (),
) -> KeyRing:
    """A key ring in which commands run if `may_run`, or where the operator's variable is `1`."""
    is_allowed = may_run or environ.get(ALLOW_COMMAND) == "1"
    return KeyRing(project, environ, is_allowed, tuple(allow_hosts))


def read_key(environment: CompiledEnvironment, ring: KeyRing) -> Secret | None:
    """The key of an environment's provider; `None` where it takes none.

    Call it only after `check_target`. `ProblemsError` where there is no key, or what there is
    cannot be one.
    """
    provider = provider_of(environment)
    kind = PROVIDERS[provider.kind]
    if kind.placeholder is not None:
        return kind.placeholder
    at = place_of(environment, "key")
    key = provider.key or (Key(env=kind.key_variable) if kind.key_variable else None)
    return None if key is None else _checked(*_found(key, ring, at), at)


def concealer(*secrets: Secret | None) -> Callable[[str], str]:
    """What takes keys and tokens out of a text, such as a server's message that repeats them.

    One of a few letters is left: it would be found in ordinary words. What is percent-encoded, or
    in base64 as in a header, goes too. Of a key that the server masks itself, what it shows goes as
    well: files can name a secret that is not meant for it.
    """
    known = [secret for secret in secrets if secret is not None]
    long = [secret for secret in known if len(secret.reveal()) >= _SHORTEST_CONCEALED]
    forms = tuple(dict.fromkeys(form for one in long for form in _forms(one.reveal())))

    def conceal(text: str) -> str:
        if "***" in text:
            text = _MASKED.sub("…", text)
        for form in forms:
            text = text.replace(form, "…")
        return text

    return conceal


def _forms(secret: str) -> Iterator[str]:
    """The secret, and what is left of it in a text that was encoded as a whole."""
    yield secret
    yield quote(secret, safe="")
    raw = secret.encode("utf-8", "surrogatepass")
    # What stands before it shifts it by so many bytes; the first letters then are not its own.
    for before, first in enumerate((0, 2, 3)):
        encoded = b64encode(b"." * before + raw).decode("ascii")
        own = encoded[first : (before + len(raw)) * 8 // 6]
        yield from (own, own.replace("+", "-").replace("/", "_"))


def _found(key: Key, ring: KeyRing, at: Origin | None) -> tuple[str, str]:
    """What stands where the key should be, and the words for that place."""
    if key.env is not None:
        return _from_variable(key.env, ring, at)
    if key.file is not None:
        return _from_file(key.file, ring, at)
    if key.command is not None:
        return _from_command(key.command, ring, at)
    if key.keyring is not None:
        # Few look there, and importing it is slow.
        from voxmint.engine.upstream.keyrings import from_keyring

        return from_keyring(key.keyring, at), f"the keyring's entry {key.keyring}"
    if key.in_store is not None:
        # As above.
        from voxmint.engine.upstream.keystores import Wanted, from_store

        kind, place = key.in_store
        wanted = Wanted(kind, place, ring.environ, ring.allow_hosts)
        return from_store(wanted, at), f"the secret {wanted.name}"
    raise ValueError("a key has a source")


def _checked(text: str, source: str, at: Origin | None) -> Secret:
    text = text.strip()
    if not text:
        raise failure(KEY_EMPTY, at=at, source=source)
    flaw = _flaw(text)
    if flaw is not None:
        raise failure(KEY_MALFORMED, at=at, source=source, reason=flaw)
    return Secret(text)


def _flaw(text: str) -> str | None:
    """Why a text cannot be a key; `None` where it can."""
    if _QUOTED.fullmatch(text):
        return "it stands in quotes, which would be sent as a part of it"
    if _LINE.match(text) and "\n" not in text:
        return "it is a line NAME=VALUE, and should be the value alone"
    if not _KEY.fullmatch(text):
        return "it has spaces, line breaks or characters that are not ASCII"
    return None


def _from_variable(name: str, ring: KeyRing, at: Origin | None) -> tuple[str, str]:
    if name not in ring.environ:
        raise failure(KEY_MISSING, at=at, variable=name)
    return ring.environ[name], f"the variable {name}"


# ── a file ───────────────────────────────────────────────────────────────────────────────────────


def _from_file(given: str, ring: KeyRing, at: Origin | None) -> tuple[str, str]:
    path = _resolved(given, ring, at)
    git = repository(path.parent, ring.environ)
    if isinstance(git, Repository) and git.tracked(path):
        raise failure(KEY_FILE_TRACKED, at=at, path=given)
    try:
        return _text_of(path), f"the file {given}"
    except OSError as error:
        raise failure(KEY_FILE_UNREADABLE, at=at, path=given, reason=reason(error)) from error
    except ValueError as error:
        raise failure(KEY_FILE_UNREADABLE, at=at, path=given, reason=error) from error


def _resolved(given: str, ring: KeyRing, at: Origin | None) -> Path:
    """The real path: a relative one lies in the project, `~` is the operator's own folder."""
    project = ring.project.resolve()
    home = ring.environ.get("HOME", "")
    try:
        if given.startswith("~/") and home:
            return Path(home, given[2:]).resolve()
        path = Path(project, given).resolve()
    except (OSError, RuntimeError, ValueError) as error:
        said = "no file can have this name"
        raise failure(KEY_FILE_UNREADABLE, at=at, path=given, reason=said) from error
    if not Path(given).is_absolute() and not path.is_relative_to(project):
        raise failure(KEY_FILE_OUTSIDE, at=at, path=given)
    return path


def _text_of(path: Path) -> str:
    descriptor = os.open(path, _OPEN)
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise ValueError(f"it is {described(status.st_mode)}")
        data = read_bounded(descriptor, status.st_size, _LONGEST_FILE)
    finally:
        os.close(descriptor)
    if data is None:
        raise ValueError(f"it has more than {_LONGEST_FILE} bytes")
    # What is not ASCII is no key; the check of its characters says so.
    return data.decode("latin-1")


# ── a command ────────────────────────────────────────────────────────────────────────────────────


def _from_command(command: Sequence[str], ring: KeyRing, at: Origin | None) -> tuple[str, str]:
    if not ring.may_run:
        facts = {"command": " ".join(command), "variable": ALLOW_COMMAND}
        raise failure(KEY_COMMAND_FORBIDDEN, at=at, **facts)
    # Few keys come from a command.
    from voxmint.engine.upstream.commands import CommandError, printed_by

    try:
        printed = printed_by(command, ring.project, ring.environ)
    except CommandError as error:
        facts = {"command": " ".join(command), "said": str(error)}
        # Not chained: what led to it could hold what was printed.
        raise failure(KEY_COMMAND_FAILED, at=at, **facts) from None
    return printed.decode("latin-1"), f"what `{command[0]}` printed"
