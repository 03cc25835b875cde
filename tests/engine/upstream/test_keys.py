import base64
import os
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import quote

import pytest

from tests.engine.mints import KEY, desk
from tests.engine.worlds import environ, git, problem_of
from voxmint.engine.upstream.commands import CommandError, printed_by
from voxmint.engine.upstream.keys import concealer, key_ring, read_key
from voxmint.problems import Problem, ProblemsError
from voxmint.secret import Secret


class Desk:
    """A project whose provider has a key somewhere."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.root = folder / "project"

    def read(
        self, key: str, environment: Mapping[str, str] | None = None, *, may_run: bool = False
    ) -> Secret | None:
        provider = key if key.startswith("{kind") else f"{{kind: openai, key: {key}}}"
        made = desk(self.folder, provider=provider)
        compilation = made.project.compile_all(made.project.order([], ["live"]))
        variables = environ(self.folder) | dict(environment or {})
        ring = key_ring(made.root, variables, may_run=may_run)
        return read_key(compilation.environments["live"], ring)

    def problem(self, key: str, environment: Mapping[str, str] | None = None) -> Problem:
        with pytest.raises(ProblemsError) as error:
            self.read(key, environment, may_run=True)
        return problem_of(error)


@pytest.fixture
def made(tmp_path: Path) -> Desk:
    (tmp_path / "project").mkdir()
    return Desk(tmp_path.resolve())


def revealed(key: Secret | None) -> str | None:
    return None if key is None else key.reveal()


@pytest.mark.parametrize(
    ("kind", "variable"),
    [("openai", "OPENAI_API_KEY"), ("azure", "AZURE_OPENAI_API_KEY")],
)
def test_each_service_has_its_usual_variable(made: Desk, kind: str, variable: str) -> None:
    provider = f"{{kind: {kind}, url: 'https://clinic.example'}}"
    assert revealed(made.read(provider, {variable: KEY})) == KEY
    assert made.problem(provider).message == (
        f"there is no key: the variable {variable} is not set"
    )


def test_a_gateway_is_sent_no_key_unless_it_is_named(made: Desk) -> None:
    provider = "{kind: compatible, url: 'https://gateway.example/v1'}"
    assert made.read(provider, {"OPENAI_API_KEY": KEY}) is None


def test_the_emulator_is_sent_a_word_that_is_no_key(made: Desk) -> None:
    assert revealed(made.read("{kind: emulator}", {"OPENAI_API_KEY": KEY})) == "emulator"


@pytest.mark.parametrize("text", [KEY, f"{KEY}\n", f"  {KEY}\r\n\n"])
def test_a_key_stands_in_a_variable_or_a_file(made: Desk, text: str) -> None:
    assert revealed(made.read("{env: THE_KEY}", {"THE_KEY": text})) == KEY
    (made.root / "key.txt").write_bytes(text.encode())
    assert revealed(made.read("{file: key.txt}")) == KEY


def test_a_file_can_lie_in_the_operators_own_folders(made: Desk) -> None:
    (made.folder / "outside.txt").write_text(KEY)
    assert revealed(made.read(f"{{file: '{made.folder}/outside.txt'}}")) == KEY
    # `~` is the folder that HOME names, which is this one here.
    assert revealed(made.read("{file: ~/outside.txt}")) == KEY


def test_a_mounted_secret_is_a_link_to_a_file(made: Desk) -> None:
    (made.folder / "data").mkdir()
    (made.folder / "data/key").write_text(KEY)
    (made.folder / "key").symlink_to("data/key")
    assert revealed(made.read(f"{{file: '{made.folder}/key'}}")) == KEY


def test_a_relative_file_stays_inside_the_project(made: Desk) -> None:
    (made.folder / "outside.txt").write_text(KEY)
    (made.root / "link.txt").symlink_to(made.folder / "outside.txt")
    for path in ("../outside.txt", "link.txt"):
        assert made.problem(f"{{file: {path}}}").code == "key-file-outside"


def test_a_file_that_git_tracks_is_refused(made: Desk) -> None:
    (made.root / "key.txt").write_text(KEY)
    git(made.root, "init", "--quiet")
    git(made.root, "add", "key.txt")
    assert made.problem("{file: key.txt}").code == "key-file-tracked"


def test_only_a_regular_file_of_some_size_is_read(made: Desk) -> None:
    os.mkfifo(made.root / "pipe")
    (made.root / "large").write_text("k" * 70_000)
    names = ("pipe", "large", ".", "none")
    found = [made.problem(f"{{file: {name}}}") for name in names]
    assert {one.code for one in found} == {"key-file-unreadable"}
    assert [str(one.facts["reason"]) for one in found] == [
        "it is a named pipe",
        "it has more than 65536 bytes",
        "it is a folder",
        "no such file or directory",
    ]


def test_a_command_runs_where_the_operator_allows_it(made: Desk) -> None:
    key = f"{{command: [printf, '%s\\n', {KEY}]}}"
    assert revealed(made.read(key, may_run=True)) == KEY
    assert revealed(made.read(key, {"VOXMINT_ALLOW_KEY_COMMAND": "1"})) == KEY


@pytest.mark.parametrize("allowed", ["", "0", "true"])
def test_a_command_is_not_run_otherwise(made: Desk, allowed: str) -> None:
    with pytest.raises(ProblemsError) as error:
        made.read("{command: [touch, ran]}", {"VOXMINT_ALLOW_KEY_COMMAND": allowed})
    assert problem_of(error).code == "key-command-forbidden"
    assert not (made.root / "ran").exists()


def test_a_command_is_not_given_to_a_shell(made: Desk) -> None:
    assert made.problem("{command: [echo, '$HOME;touch', ran]}").code == "key-malformed"
    assert not (made.root / "ran").exists()


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ("[sh, -c, 'echo sk-canary-0123456789; echo sk-canary-0123456789 >&2; exit 3']", "3"),
        ("[no-such-program-anywhere]", "no such file or directory"),
    ],
)
def test_what_a_failing_command_printed_is_not_repeated(
    made: Desk, command: str, said: str
) -> None:
    with pytest.raises(ProblemsError) as error:
        made.read(f"{{command: {command}}}", may_run=True)
    found = problem_of(error)
    assert found.code == "key-command-failed"
    assert str(found.facts["said"]).endswith(said)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "key-empty"),
        (" \n", "key-empty"),
        ("sk-canary-0123 456789", "key-malformed"),
        ("sk-canary-0123\nHost: evil.example", "key-malformed"),
        ("sk-canary-0123\r\nHost: evil.example", "key-malformed"),
        ("sk-canary-0123\x00456789", "key-malformed"),
        ("sk-canary-0123ü", "key-malformed"),
        ('"sk-canary-0123"', "key-malformed"),
        ("'sk-canary-0123'", "key-malformed"),
        ("OPENAI_API_KEY=sk-canary-0123", "key-malformed"),
        ("export OPENAI_API_KEY=sk-canary-0123", "key-malformed"),
    ],
)
def test_what_is_no_key_is_refused_and_not_shown(made: Desk, text: str, code: str) -> None:
    found = made.problem("{env: THE_KEY}", {"THE_KEY": text})
    assert found.code == code
    assert "canary" not in f"{found!r}{found.message}{found.hint}"


@pytest.mark.parametrize("text", ["a=b", "QUJDREVG_R0g==", "NAME=sk-0123", '"half', "it's'"])
def test_what_only_looks_a_little_wrong_is_a_key(made: Desk, text: str) -> None:
    assert revealed(made.read("{env: THE_KEY}", {"THE_KEY": text})) == text


def test_a_command_that_never_stops_printing_is_ended(made: Desk) -> None:
    found = made.problem("{command: ['yes', sk-canary-0123456789]}")
    assert found.facts["said"] == "it printed more than 65536 bytes"


def test_a_command_that_takes_too_long_is_ended(tmp_path: Path) -> None:
    for silent in ("exec sleep 600", "exec 1>&-; exec sleep 600"):
        with pytest.raises(CommandError, match=r"^it took more than 0\.05 s$"):
            printed_by(["sh", "-c", silent], tmp_path, environ(tmp_path), timeout=0.05)


def test_a_key_is_taken_out_of_what_a_server_says() -> None:
    opaque = Secret("0123456789abcdef0123456789abcdef")
    assert concealer(opaque)("no such key: 0123456789abcdef0123456789abcdef.") == (
        "no such key: …."
    )
    assert concealer(Secret("key"))("the key is bad") == "the key is bad"
    assert concealer(opaque)("no such key: 0123****cdef, or 01*23") == "no such key: …, or 01*23"
    # Looked for from each letter on, this would take hours.
    assert concealer(opaque)("x" * 1_000_000) == "x" * 1_000_000
    assert concealer(opaque)("*" * 1_000_000) == "…"
    assert concealer(None)("as it is") == "as it is"


@pytest.mark.parametrize("before", ["", "k", "ke", "Bearer "])
@pytest.mark.parametrize("after", ["", "\n", "more"])
def test_a_key_is_taken_out_of_what_was_encoded(before: str, after: str) -> None:
    conceal = concealer(None, Secret("Odd%key+/with~AAbb=1>?"))
    whole = f"{before}Odd%key+/with~AAbb=1>?{after}"
    for encoded in (
        quote(whole, safe=""),
        base64.b64encode(whole.encode()).decode(),
        base64.urlsafe_b64encode(whole.encode()).decode().rstrip("="),
    ):
        left = conceal(f"said: {encoded}.")
        # What is left are letters that it shares with what stands beside it.
        assert not any(encoded[at : at + 8] in left for at in range(10, len(encoded) - 16))
