"""Wrong usage, help, exit codes: what holds for every command."""

import io
from pathlib import Path

import pytest
from syrupy.assertion import SnapshotAssertion

from tests.cli.running import NOW, Ran, Terminal, ran, write
from voxmint import __version__
from voxmint.cli.main import COMMANDS, main
from voxmint.cli.world import World


@pytest.mark.parametrize("name", ["", *COMMANDS])
def test_help(name: str, tmp_path: Path, snapshot: SnapshotAssertion) -> None:
    arguments = [name] if name else []
    found = ran(tmp_path, *arguments, "--help")
    assert (found.code, found.err) == (0, "")
    assert found.out == snapshot
    assert "Examples:" in found.out
    assert ran(tmp_path, *arguments, "-h") == found


def test_help_fits_a_narrow_terminal(tmp_path: Path) -> None:
    found = ran(tmp_path, "validate", "--help", environ={"COLUMNS": "60"}, stream=Terminal)
    options = found.out.split("Examples:")[0]
    assert max(map(len, options.splitlines())) <= 60


def test_version(tmp_path: Path) -> None:
    assert ran(tmp_path, "--version") == (0, f"voxmint {__version__}\n", "")


def test_nothing_asked_is_wrong_usage_that_shows_the_help(tmp_path: Path) -> None:
    found = ran(tmp_path)
    assert (found.code, found.out) == (64, "")
    assert "Commands:" in found.err


@pytest.mark.parametrize(
    "arguments",
    [
        "validte",
        "frobnicate",
        "validate --strct",
        "validate --frobnicate",
        "validate -x",
        "--verbos list",
        "validate -o jsn",
        "--color sometimes list",
        "validate -l team",
        "validate -e",
        "validate clinik",
        "validate xyz",
        "validate -e prod",
        "validate base",
        "validate clinic -e locall",
        "validate --set x=1",
        "render clinic",
        "render",
        "render clinic call-center/german -e local",
        "render clinic -e local --output-dir x -o curl",
        "completion bsh",
        "completion",
        "completion bash zsh",
        "emulator --port x",
        "emulator --port 99999",
        "emulator --host example.com",
        "schema",
        "-C nowhere list",
    ],
)
def test_wrong_usage(arguments: str, sound: Path, snapshot: SnapshotAssertion) -> None:
    assert str(ran(sound, *arguments.split())) == snapshot


def test_no_project(tmp_path: Path) -> None:
    for arguments in (["list"], ["validate"], ["render", "x", "-e", "y"]):
        found = ran(tmp_path, *arguments)
        assert (found.code, found.out) == (64, "")
        assert "voxmint init" in found.err


def test_the_folder_is_that_of_c(sound: Path) -> None:
    assert ran(sound.parent, "-C", "project", "list") == ran(sound, "list")
    assert ran(sound.parent, "list", "-C", "project") == ran(sound, "list")
    assert ran(sound / "profiles" / "call-center", "list") == ran(sound, "list")


# ── colour ───────────────────────────────────────────────────────────────────────────────────────


def is_colored(folder: Path, *arguments: str, terminal: bool = False, **environ: str) -> bool:
    stream = Terminal if terminal else io.StringIO
    return "\x1b[" in ran(folder, *arguments, "validate", environ=environ, stream=stream).out


def test_colour_is_for_terminals_and_for_who_asks(sound: Path) -> None:
    assert is_colored(sound, terminal=True)
    assert not is_colored(sound)
    assert is_colored(sound, "--color", "always")
    assert not is_colored(sound, "--color", "never", terminal=True)
    assert is_colored(sound, FORCE_COLOR="1")
    assert is_colored(sound, CLICOLOR_FORCE="1")
    assert not is_colored(sound, FORCE_COLOR="0")
    assert not is_colored(sound, terminal=True, TERM="dumb")
    assert not is_colored(sound, terminal=True, CLICOLOR="0")


def test_no_color_is_honoured_but_for_the_option(sound: Path) -> None:
    assert not is_colored(sound, terminal=True, NO_COLOR="1")
    assert not is_colored(sound, FORCE_COLOR="1", NO_COLOR="1")
    assert is_colored(sound, terminal=True, NO_COLOR="")
    assert is_colored(sound, "--color", "always", NO_COLOR="1")


# ── how a run ends ───────────────────────────────────────────────────────────────────────────────


class Failing(io.StringIO):
    """A stream that fails in some way when it is written to."""

    def __init__(self, error: BaseException) -> None:
        super().__init__()
        self._error = error

    def write(self, _: str) -> int:
        raise self._error


def ended_by(folder: Path, error: BaseException, **environ: str) -> Ran:
    err = io.StringIO()
    world = World(io.StringIO(), Failing(error), err, environ, folder, lambda: NOW)
    return Ran(main(["list"], world), "", err.getvalue())


SECRET = "sk-" + "abcdefghijklmnop"


def test_a_bug_is_said_to_be_one_without_its_message(sound: Path) -> None:
    found = ended_by(sound, KeyError(f"{SECRET} or some other"))
    assert found.code == 1
    assert found.err.startswith("error: this is a bug in voxmint (KeyError at voxmint/cli/")
    assert len(found.err.splitlines()) == 2
    assert "some other" not in found.err


def test_the_calls_that_led_to_a_bug_are_shown_on_request_and_no_value(sound: Path) -> None:
    error = KeyError(SECRET)
    error.__cause__ = ValueError(f"some other {SECRET}")
    found = ended_by(sound, error, VOXMINT_TRACEBACK="1")
    assert "voxmint/cli/main.py:" in found.err
    assert "ValueError" in found.err
    assert "Traceback" not in found.err
    assert not {text for text in (SECRET[3:], "some other") if text in found.err}


def test_an_interrupt(sound: Path) -> None:
    assert ended_by(sound, KeyboardInterrupt()) == (130, "", "interrupted\n")


def test_a_full_disk(sound: Path) -> None:
    found = ended_by(sound, OSError(28, "No space left on device"))
    assert found == (1, "", "error: the output cannot be written: no space left on device\n")


def test_a_reader_that_left_is_not_spoken_of(sound: Path) -> None:
    assert ended_by(sound, BrokenPipeError(32, "Broken pipe")) == (141, "", "")


def test_errors_that_nobody_can_read_change_nothing(sound: Path) -> None:
    write(sound, {"profiles/clinic.yaml": "session: {x: 1}\n"})
    gone = Failing(BrokenPipeError())
    world = World(io.StringIO(), io.StringIO(), gone, {}, sound, lambda: NOW)
    assert main(["render", "clinic", "-e", "local"], world) == 1


@pytest.mark.parametrize("command", ["", *COMMANDS])
def test_no_word_of_the_help_breaks_on_a_narrow_screen(tmp_path: Path, command: str) -> None:
    arguments = [*command.split(), "--help"]
    wide, narrow = (
        ran(tmp_path, *arguments, environ={"COLUMNS": columns}) for columns in ("200", "40")
    )
    assert set(narrow.out.split()) <= set(wide.out.split()) | {"", "|"}
