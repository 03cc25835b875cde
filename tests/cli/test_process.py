"""The command line as a process: what start-up imports, pipes, signals, encodings."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.running import ROOT, environment, process, write
from voxmint.cli.main import COMMANDS

HEAVY = frozenset(
    "asyncio concurrent email http httpx importlib.metadata jinja2 pydantic secrets socket sqlite3 "
    "ssl subprocess yaml".split()
)


def imported(folder: Path, *arguments: str) -> set[str]:
    """The modules that a command line imports."""
    code = (
        "import json, sys\nfrom voxmint.cli.main import outcome\n"
        "print(outcome(), json.dumps(sorted(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        cwd=folder,
        env=environment(folder),
        capture_output=True,
        text=True,
        check=True,
    )
    exit_code, _, modules = done.stdout.splitlines()[-1].partition(" ")
    assert exit_code == "0", done.stderr
    return set(json.loads(modules))


def test_help_imports_nothing_heavy_and_no_other_command(tmp_path: Path) -> None:
    """Each in a process of its own, forked where nothing of voxmint but its first module is."""
    code = (
        "import json, os, sys\nfrom voxmint.cli.main import outcome\n"
        "for name in sys.argv[1:]:\n"
        "    sys.stdout.flush()\n"
        "    if child := os.fork():\n"
        "        assert os.waitpid(child, 0)[1] == 0, name\n"
        "        continue\n"
        "    sys.argv[1:] = [name, '--help'] if name else ['--help']\n"
        "    assert outcome() == 0, name\n"
        "    print(f'>{name}', json.dumps(sorted(sys.modules)))\n"
        "    sys.stdout.flush()\n"
        "    os._exit(0)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, "", *COMMANDS],
        cwd=tmp_path,
        env=environment(tmp_path),
        capture_output=True,
        text=True,
        check=True,
    )
    lines = [line[1:].partition(" ") for line in done.stdout.splitlines() if line[:1] == ">"]
    modules = {name: set(json.loads(text)) for name, _, text in lines}
    assert list(modules) == ["", *COMMANDS]
    heavy = {
        name: [one for one in found if one.split(".")[0] in HEAVY or one in HEAVY]
        for name, found in modules.items()
    }
    assert {name: found for name, found in heavy.items() if found} == {}
    rooms = {name: where.partition(":")[0] for name, (where, _) in COMMANDS.items()}
    assert not set(rooms.values()) & modules[""]
    assert [name for name, room in rooms.items() if room not in modules[name]] == []


def test_checking_a_sound_project_imports_no_checker_of_settings_and_no_network(
    sound: Path,
) -> None:
    modules = imported(sound, "validate")
    assert not modules & {"importlib.metadata", "pydantic", "secrets", "socket", "subprocess"}


def test_rendering_imports_no_network_and_no_database(sound: Path) -> None:
    modules = imported(sound, "render", "clinic", "-e", "production")
    assert not modules & {"asyncio", "httpx", "sqlite3", "ssl", "subprocess"}


# ── the folder that it runs in ───────────────────────────────────────────────────────────────────


def test_modules_of_the_current_folder_are_never_imported(sound: Path) -> None:
    for name in ("click", "yaml", "pydantic", "jinja2", "json", "dataclasses", "cli"):
        write(sound, {f"{name}.py": "raise SystemExit('imported')\n"})
    found = process(sound, "validate")
    assert (found.code, found.err) == (0, "")
    relative = {"PYTHONPATH": f"{ROOT}{os.pathsep}{os.pathsep}."}
    assert process(sound, "validate", **relative) == found


def test_a_folder_that_is_gone(tmp_path: Path) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    code = f"import os; os.rmdir({str(gone)!r}); from voxmint.cli.main import run; run()"
    done = subprocess.run(
        [sys.executable, "-c", code, "list"],
        cwd=gone,
        env=environment(gone, PWD=str(gone)),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 64
    assert done.stderr == f"error: there is no folder `{gone}`\n"


# ── streams ──────────────────────────────────────────────────────────────────────────────────────


def shell(folder: Path, command: str, **more: str) -> subprocess.CompletedProcess[str]:
    """Runs a line in bash, where `voxmint` is this one."""
    function = f'voxmint() {{ "{sys.executable}" -m voxmint "$@"; }}\n'
    return subprocess.run(
        ["bash", "-c", function + command],
        cwd=folder,
        env=environment(folder, **more),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_a_reader_that_leaves_early(sound: Path) -> None:
    # It has left by the time that anything is written.
    os.mkfifo(sound / "pipe")
    done = shell(sound, "exec 3<>pipe 4>pipe 3<&-; voxmint list >&4; echo $?")
    assert done.stdout == "141\n"
    assert done.stderr == ""


def test_a_full_disk(sound: Path) -> None:
    done = shell(
        sound, "voxmint schema profile >/dev/full; echo $?; voxmint list >/dev/full; echo $?"
    )
    assert done.stdout == "1\n1\n"
    assert done.stderr == 2 * "error: the output cannot be written: no space left on device\n"


@pytest.mark.parametrize("closed", ["2>&-", "<&-", "2>&- <&-"])
def test_closed_streams_that_nothing_is_asked_of(sound: Path, closed: str) -> None:
    done = shell(sound, f"voxmint validate {closed}; echo $? >code")
    assert (sound / "code").read_text() == "0\n"
    assert done.stderr == ""


@pytest.mark.parametrize(
    "command",
    [
        "list",
        "--help",
        "--version",
        *(pytest.param(one, marks=pytest.mark.slow) for one in ("validate", "schema profile")),
    ],
)
def test_a_closed_output_is_like_a_full_one(sound: Path, command: str) -> None:
    done = shell(sound, f"voxmint {command} >&-; echo $? >code")
    assert (sound / "code").read_text() == "1\n"
    assert done.stderr == "error: the output cannot be written: bad file descriptor\n"
    shell(sound, f"voxmint {command} >&- 2>&- <&-; echo $? >code")
    assert (sound / "code").read_text() == "1\n"


def test_a_closed_output_that_nothing_is_written_to(sound: Path) -> None:
    assert shell(sound, "voxmint -q validate >&-; echo $? >code").stderr == ""
    assert (sound / "code").read_text() == "0\n"


def test_an_ascii_terminal(broken: Path) -> None:
    found = process(broken, "validate", PYTHONIOENCODING="ascii", LC_ALL="C")
    assert (found.code, found.err) == (1, "")
    assert found.out.isascii()
    assert "  + profiles/clinic.yaml:3:3\n  |\n 3|   turn_detektion: null\n" in found.out


def test_arguments_that_are_no_text(sound: Path) -> None:
    done = shell(sound, "voxmint validate $'cl\\xffinic\\a'")
    assert done.returncode == 64
    assert done.stderr.startswith("error: there is no profile `cl\\udcffinic\\x07`")


def test_no_color(sound: Path) -> None:
    assert "\x1b[" in process(sound, "validate", FORCE_COLOR="1").out
    assert "\x1b[" not in process(sound, "validate", FORCE_COLOR="1", NO_COLOR="1").out


# ── the emulator ─────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "sign", [signal.SIGTERM, pytest.param(signal.SIGINT, marks=pytest.mark.slow)]
)
def test_the_emulator_prints_its_address_and_ends_when_told(tmp_path: Path, sign: int) -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "voxmint", "emulator", "--port", "0"],
        cwd=tmp_path,
        env=environment(tmp_path),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as emulator:
        assert emulator.stdout is not None
        url = emulator.stdout.readline().strip()
        try:
            posted(f"{url}/realtime/client_secrets", "any")
        finally:
            emulator.send_signal(sign)
        out, err = emulator.communicate(timeout=120)
    assert (emulator.returncode, out) == (0, "")
    [line] = err.splitlines()
    assert line[8:].startswith("  200  POST /v1/realtime/client_secrets  ")


def posted(url: str, key: str) -> int:
    import urllib.request

    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
    body = b'{"session": {"type": "transcription"}}'
    request = urllib.request.Request(url, body, headers)
    with urllib.request.urlopen(request, timeout=120) as answer:
        return int(answer.status)


def test_a_quiet_emulator_that_wants_a_key(tmp_path: Path) -> None:
    import urllib.error

    with subprocess.Popen(
        [sys.executable, "-m", "voxmint", "emulator", "--port", "0", "--key", "a-key", "-q"],
        cwd=tmp_path,
        env=environment(tmp_path),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as emulator:
        assert emulator.stdout is not None
        url = emulator.stdout.readline().strip()
        try:
            assert posted(f"{url}/realtime/client_secrets", "a-key") == 200
            with pytest.raises(urllib.error.HTTPError, match="401") as refused:
                posted(f"{url}/realtime/client_secrets", "another")
            refused.value.close()
        finally:
            emulator.terminate()
        assert emulator.communicate(timeout=120) == ("", "")
