"""A key and a token that are looked for everywhere, and a project in which they are used."""

import base64
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from urllib.parse import quote

from tests.cli.running import Ran, ran
from tests.engine.mints import Desk, against, desk
from tests.engine.scripted import EXPIRES_AT, Answered, Scripted, said
from tests.engine.worlds import environ

KEY = "sk-proj-kQ7wZx2RfV9tBnY4mHc6LsJd8GaPe3Uo5iTr1yWb"
TOKEN = "ek_Zp4vXq8LmRt2WcKd7HsYb9GnJf3TaVe6UoPi5rCx"

# ── how a secret is known ────────────────────────────────────────────────────────────────────────

_PIECE = 10
"""So many characters in a row of a secret, or of what it turns into, are a piece of it."""
_HEX_PIECE = 20
"""The same in hexadecimal digits: ids are made of those, and a few are equal by chance."""


def _own(secret: str) -> str:
    """The random part of a secret: what stands before it is no secret."""
    return secret.rpartition("_" if secret.startswith("ek_") else "-")[2]


def encoded(secret: str) -> Iterator[str]:
    """A secret in the forms that programs turn texts into, as far as a piece of one tells."""
    data = _own(secret).encode()
    yield _own(secret)
    yield _own(secret)[::-1]
    for offset in range(3):
        # What stands before moves the rest; at both ends a few characters depend on neighbours.
        for coded in (base64.b64encode, base64.urlsafe_b64encode):
            yield coded(b"\0" * offset + data)[4:-4].decode()
    for offset in range(5):
        yield base64.b32encode(b"\0" * offset + data)[8:-8].decode()


def spread(secret: str) -> Iterator[str]:
    """A secret in forms of which only the whole is looked for."""
    own = _own(secret)
    data = own.encode()
    yield quote(own, safe="")
    yield data.hex(":")
    yield "".join(f"%{byte:02X}" for byte in data)
    yield "".join(f"%{byte:02x}" for byte in data)
    yield "".join(f"\\x{byte:02x}" for byte in data)
    yield "".join(f"\\u{byte:04x}" for byte in data)
    yield "".join(f"&#{byte};" for byte in data)
    yield from (between.join(own) for between in (" ", "\n", ",", ", ", "', '", '", "'))
    yield own.encode("utf-16-le").decode("latin-1")
    yield own.encode("utf-32-le").decode("latin-1")


def _pieces(text: str, size: int) -> Iterator[bytes]:
    data = text.encode("latin-1")
    yield from (data[start : start + size] for start in range(len(data) - size + 1))


_SECRETS = (KEY, TOKEN)
_PIECES = {
    piece for secret in _SECRETS for form in encoded(secret) for piece in _pieces(form, _PIECE)
}
_HEX_PIECES = {
    piece for secret in _SECRETS for piece in _pieces(_own(secret).encode().hex(), _HEX_PIECE)
}
_SPREAD = {form.encode("latin-1") for secret in _SECRETS for form in spread(secret)}
_RUN = re.compile(rb"[0-9A-Za-z+/=_-]{%d,}" % _PIECE)


def leaks(data: bytes | str) -> list[bytes]:
    """What is in it of the secrets."""
    data = data if isinstance(data, bytes) else data.encode("utf-8", "replace")
    found = {form for form in _SPREAD if form in data}
    for run in {*_RUN.findall(data)}:
        text = run.decode()
        found |= _PIECES.intersection(_pieces(text, _PIECE))
        found |= _HEX_PIECES.intersection(_pieces(text.lower(), _HEX_PIECE))
    return sorted(found)


# ── where they are ───────────────────────────────────────────────────────────────────────────────


def project(folder: Path, server: Scripted, more: str = "") -> Desk:
    """A project that mints there with the key, one profile after the other."""
    made = against(server, desk(folder, ["a", "b"], more=f"mint: {{concurrency: 1}}\n{more}"))
    made.environ["THE_KEY"] = KEY
    return made


def token(number: int) -> Answered:
    """A session whose token is the one that is looked for."""
    content = {
        "id": f"sess_{number}",
        "client_secret": {"value": TOKEN, "expires_at": EXPIRES_AT},
    }
    return said(content, headers={"x-request-id": f"req_{number}"})


def variables(made: Desk, more: Mapping[str, str]) -> dict[str, str]:
    """The environment in which a project's commands run."""
    return {**environ(made.root.parent), **made.environ, **more}


def run(made: Desk, *arguments: str, stdin: str = "", **more: str) -> Ran:
    """Runs a command line in this process; `more` are variables."""
    return ran(made.root, *arguments, environ=variables(made, more), stdin=stdin)


def files_with_leaks(made: Desk, meant: Iterable[Path] = ()) -> list[str]:
    """The files in which something is, but for those that tokens are meant for."""
    own = {made.env_file, *meant}
    found = []
    # Runs that are under way make files and folders, and take them away.
    for folder, _, names in os.walk(made.root.parent):
        for path in (Path(folder, name) for name in names):
            is_meant = path in own or path.name.startswith(f"{made.env_file.name}.voxmint-")
            with suppress(FileNotFoundError):
                if not is_meant and path.is_file() and leaks(path.read_bytes()):
                    found.append(str(path))
    return found
