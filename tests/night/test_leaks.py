"""A key and tokens that are looked for everywhere: in no form are they where they do not belong."""

import base64
import re
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import FrameType
from typing import Any
from urllib.parse import quote

import pytest

from tests.cli.running import Ran, ran
from tests.engine.mints import Desk, against, desk
from tests.engine.scripted import EXPIRES_AT, Answered, Asked, Scripted, refused, said
from tests.engine.worlds import environ
from tests.night.forking import Nursery

KEY = "sk-proj-kQ7wZx2RfV9tBnY4mHc6LsJd8GaPe3Uo5iTr1yWb"
TOKEN = "ek_Zp4vXq8LmRt2WcKd7HsYb9GnJf3TaVe6UoPi5rCx"
WINDOW = 10
"""So many characters in a row of a secret are a piece of it."""


def pieces(secret: str) -> Iterator[str]:
    """All pieces of a secret's random part, as text."""
    text = secret.rpartition("_" if secret.startswith("ek_") else "-")[2]
    yield from (text[start : start + WINDOW] for start in range(len(text) - WINDOW + 1))


def encoded(secret: str) -> Iterator[str]:
    """A secret in the forms that programs turn texts into, from wherever in a text it stands."""
    data = secret.encode()
    for offset in range(3):
        # What stands before moves the rest; at both ends a few characters depend on neighbours.
        for coded in (base64.b64encode, base64.urlsafe_b64encode):
            yield coded(b"\0" * offset + data)[4:-4].decode()
    yield data.hex()
    yield data.hex().upper()
    yield data.hex(":")
    yield secret[::-1]
    yield quote(secret, safe="")
    yield "".join(f"%{byte:02X}" for byte in data)
    yield "".join(f"\\u{ord(one):04x}" for one in secret)
    yield " ".join(secret)
    yield "\n".join(secret)
    yield data.decode("ascii").encode("utf-16-le").decode("latin-1")


FORMS = {form for secret in (KEY, TOKEN) for form in (*pieces(secret), *encoded(secret))}
_FOUND = re.compile(b"|".join(sorted(re.escape(form.encode("latin-1")) for form in FORMS)))


def leaks(data: bytes | str) -> list[bytes]:
    """The pieces of secrets in it."""
    return _FOUND.findall(data if isinstance(data, bytes) else data.encode("utf-8", "replace"))


def test_every_form_is_found() -> None:
    for secret in (KEY, TOKEN):
        for form in (secret, secret[8:30], *encoded(secret)):
            assert leaks(f"before {form} after".encode("latin-1")), form
    assert leaks("nothing here, sk-proj-… and ek_…") == []


# ── where they may be ────────────────────────────────────────────────────────────────────────────


def project(folder: Path, server: Scripted) -> Desk:
    made = against(server, desk(folder, ["a", "b"], more="mint: {concurrency: 1}\n"))
    made.environ["THE_KEY"] = KEY
    return made


def token(number: int) -> Answered:
    """A session whose token is the one that is looked for."""
    content = {
        "id": f"sess_{number}",
        "client_secret": {"value": TOKEN, "expires_at": EXPIRES_AT},
    }
    return said(content, headers={"x-request-id": f"req_{number}"})


def run(made: Desk, *arguments: str, **variables: str) -> Ran:
    known = environ(made.root.parent) | made.environ | variables
    return ran(made.root, *arguments, environ=known)


def files_with_leaks(made: Desk) -> list[str]:
    """The files in which something is, but for the one that the tokens are for."""
    found = []
    for path in made.root.parent.rglob("*"):
        is_meant = path == made.env_file or path.name.startswith(f"{made.env_file.name}.voxmint-")
        if path.is_file() and not is_meant and leaks(path.read_bytes()):
            found.append(str(path))
    return found


COMMANDS: Sequence[str] = (
    "list",
    "validate",
    "validate -o json",
    "validate -o sarif",
    "validate -o github",
    "render a -e live",
    "render a -e live -o yaml",
    "render a -e live -o curl",
    "render a b -e live -o ndjson",
    "blame a -e live",
    "graph",
    "diff",
    "plan -e live",
    "plan -e live -o json",
    "try a -e live",
    "try a -e live -o json",
    "mint -e live",
    "mint -e live -o json",
    "mint -e live --force",
    "mint -e live --force -o json",
    "plan -e live -o json",
    "purge -e live --dry-run -o json",
    "purge -e live --yes",
    "explain",
    "schema environment",
)
LEVELS = ("-q", "", "-v")


@pytest.mark.parametrize("level", LEVELS)
def test_no_command_shows_anything_of_a_secret(tmp_path: Path, level: str) -> None:
    with Scripted(lambda number, _: token(number)) as server:
        made = project(tmp_path, server)
        for text in COMMANDS:
            found = run(made, *level.split(), *text.split(), VOXMINT_TRACEBACK="1")
            assert leaks(found.out + found.err) == [], text
            assert "Traceback" not in found.err
            assert files_with_leaks(made) == [], text
        assert server.asked != []


FAULTS: Mapping[str, Answered] = {
    "a refusal that repeats the key": refused(400, "KEY", f"no: {KEY} and {TOKEN}"),
    "of a bad key": refused(401, "invalid_api_key", f"Incorrect API key provided: {KEY}."),
    "no JSON": Answered(200, TOKEN.encode()),
    "HTML": Answered(500, f"<html>{KEY}</html>".encode()),
    "half": said({"client_secret": {"value": TOKEN}}),
    "of other types": said({"client_secret": {"value": [TOKEN], "expires_at": 1}}),
    "spread": said({TOKEN: {"value": TOKEN, "expires_at": TOKEN}}),
    "in headers": Answered(
        302, headers={"Location": f"https://x.example/?k={KEY}", "x-request-id": f"req {TOKEN}"}
    ),
    "cut": Answered(200, b'{"client_secret": {"value": "' + TOKEN.encode(), cut=150),
    "unfit": said({"client_secret": {"value": f"{TOKEN} $(id)", "expires_at": EXPIRES_AT}}),
    "an odd wait": Answered(429, headers={"Retry-After": f"{TOKEN}", "x-should-retry": "false"}),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_no_fault_shows_anything_of_a_secret(tmp_path: Path, fault: str) -> None:
    with Scripted(lambda *_: FAULTS[fault]) as server:
        made = project(tmp_path, server)
        for text in ("mint -e live", "mint -e live -o json", "try a -e live", "-v try a -e live"):
            found = run(made, *text.split(), "--timeout", "0.4s", VOXMINT_TRACEBACK="1")
            assert "try" in text or found.code != 0
            assert leaks(found.out + found.err) == [], text
            assert files_with_leaks(made) == [], text
    assert not made.env_file.exists()


def test_nothing_is_seen_from_outside_while_it_runs(tmp_path: Path, nursery: Nursery) -> None:
    seen: list[str] = []

    def script(number: int, _: Asked) -> Answered:
        # The first token is written, or about to be, when the second request comes.
        threading.Event().wait(0.4 if number == 2 else 0)
        for path in Path("/proc").glob("[0-9]*/cmdline"):
            try:
                found = leaks(path.read_bytes())
            except OSError:
                continue
            seen.extend([str(path)] if found else [])
        seen.extend(files_with_leaks(made))
        return token(number)

    with Scripted(script) as server:
        made = project(tmp_path, server)
        one = nursery.start(
            made.root, ["-v", "mint", "-e", "live"], made.environ, tmp_path / "output"
        )
        assert nursery.ended(one) == 0
        assert len(server.asked) == 2
    assert seen == []
    assert files_with_leaks(made) == []
    assert leaks(made.env_file.read_bytes()) != []


# ── a bug, anywhere ──────────────────────────────────────────────────────────────────────────────


class ForcedError(Exception):
    """What no code of ours raises; it tells the secrets."""


def mint_failing_in(made: Desk, where: str | None) -> tuple[Ran, set[str]]:
    """Mints while the first call of one function fails; also the functions that were called.

    Python itself is asked to raise, by the means that debuggers have.
    """
    called: set[str] = set()
    struck = [False]

    def trace(frame: FrameType, event: str, _: Any) -> None:
        code = frame.f_code
        _, found, inside = code.co_filename.rpartition("/voxmint/")
        if event != "call" or not found or "/" not in inside:
            return
        name = f"{inside}:{code.co_qualname}"
        called.add(name)
        if name == where and not struck[0]:
            struck[0] = True
            raise ForcedError(f"{KEY} {TOKEN}")

    before = sys.gettrace()
    threading.settrace(trace)
    sys.settrace(trace)
    try:
        found = run(made, "-v", "mint", "-e", "live", "--timeout", "5s", VOXMINT_TRACEBACK="1")
    finally:
        sys.settrace(before)
        threading.settrace(None)
    return found, called


def check_failing(folder: Path, where: str) -> None:
    with Scripted(lambda number, _: token(number)) as server:
        made = project(folder, server)
        made.env_file.write_text("OTHER=mine\n")
        found, _ = mint_failing_in(made, where)
        assert leaks(found.out + found.err) == [], f"{where}\n{found}"
        assert "Traceback" not in found.err, where
        assert files_with_leaks(made) == [], where
        assert made.env_file.read_text().startswith("OTHER=mine\n"), where
        # Whatever it was, the next run carries on.
        again = run(made, "mint", "-e", "live")
        assert again.code == 0, f"{where}\n{found}\n{again}"
        assert leaks(again.out + again.err) == []


def functions(folder: Path) -> list[str]:
    """All functions that a mint calls, in the order of their names."""
    with Scripted(lambda number, _: token(number)) as server:
        made = project(folder, server)
        # What is imported, or kept for all runs of a process, is called no second time.
        run(made, "mint", "-e", "live")
        found, called = mint_failing_in(made, None)
        made.env_file.unlink()
        again, more = mint_failing_in(made, None)
    assert (found.code, again.code) == (0, 0)
    # The one function that turns what others raise into a sentence.
    return sorted((called | more) - {"cli/main.py:main"})


def test_a_bug_in_any_room_shows_nothing_of_a_secret(tmp_path: Path) -> None:
    called = functions(tmp_path / "all")
    for room in ("engine/apis", "engine/minting", "engine/sinks", "engine/upstream"):
        here = [one for one in called if one.startswith(room)]
        check_failing(tmp_path / room, here[len(here) // 2])


@pytest.mark.slow
@pytest.mark.parametrize("share", range(4))
def test_a_bug_in_any_function_shows_nothing_of_a_secret(tmp_path: Path, share: int) -> None:
    found = functions(tmp_path / "all")
    assert len(found) > 200
    for number, one in enumerate(found[share::4]):
        check_failing(tmp_path / str(number), one)
