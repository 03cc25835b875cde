"""`exec`: what a command is given, and that nothing stands between it and whoever started it."""

import json
import os
import pty
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Timer
from urllib.request import urlopen

import pytest
from syrupy.assertion import SnapshotAssertion

from tests.cli.running import Ran, environment, process, ran, write
from tests.engine.scripted import Answered, Asked, Scripted, minted as session
from voxmint.engine.emulator import Emulator, Options, fault_of
from voxmint.engine.ledger.ledger import Ledger

KEY = "sk-canary-0123456789abcdefghijklmnop"
FILES = {
    "voxmint.yaml": "version: 1\n",
    "profiles/base.yaml": "abstract: true\n"
    "session: {input_audio_transcription: {model: gpt-transcribe}}\n",
    "profiles/clinic.yaml": "extends: base\n",
    "profiles/call-center/german.yaml": "extends: base\nlabels: {team: calls}\n",
    "profiles/24h.yaml": "extends: base\n",
    "profiles/python.yaml": "extends: base\n",
    "environments/local.yaml": "provider: {kind: emulator}\n",
}
LIVE = """\
provider: {{kind: compatible, url: "{url}", key: {{env: THE_KEY}}}}
sinks: [{{kind: dotenv, path: .env.live, names: {{client_secret: "{{profile}}_TOKEN"}}}}]
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return write(tmp_path / "project", FILES)


@contextmanager
def live(project: Path, *faults: str) -> Iterator[str]:
    """An emulator that asks for a key, and an environment `live` that mints there."""
    with Emulator(Options(faults=tuple(map(fault_of, faults)))) as emulator:
        write(project, {"environments/live.yaml": LIVE.format(url=emulator.url)})
        yield emulator.url


def executed(project: Path, *arguments: str, **more: str) -> Ran:
    """Runs `exec -e live` as a process that has the key, and a host that it may go to."""
    known = {"THE_KEY": KEY, "VOXMINT_ALLOW_HOSTS": "127.0.0.1", **more}
    return process(project, "exec", "-e", "live", *arguments, **known)


def requests(url: str) -> int:
    """How many requests to mint have come."""
    with urlopen(url.removesuffix("/v1") + "/_emulator/counts") as answer:
        found: int = json.load(answer)["requests"]
        return found


def variables(text: str) -> dict[str, str]:
    return dict(line.split("=", 1) for line in text.splitlines() if "=" in line)


def open_intents(project: Path) -> list[str]:
    """The profiles of which a token may live that nobody has, as the ledger has it."""
    with Ledger.open(project / ".voxmint/ledger.db", readonly=True) as ledger:
        return [one.intent.profile for one in ledger.open_intents("live", 0)]


# ── what the command is given ────────────────────────────────────────────────────────────────────


def test_a_command_has_the_tokens_and_no_file_does(project: Path) -> None:
    with live(project):
        found = executed(project, "clinic", "call-center/*", "--", "env", MINE="yes")
    assert (found.code, found.err) == (0, "")
    given = variables(found.out)
    tokens = [given["CLINIC_TOKEN"], given["CALL_CENTER_GERMAN_TOKEN"]]
    assert all(token.startswith("ek_") for token in tokens)
    assert int(given["CLINIC_EXPIRES_AT"]) > time.time()
    assert given["CLINIC_SESSION_ID"].startswith("sess_")
    assert given["MINE"] == "yes"
    assert not (project / ".env.live").exists()
    written = b"".join(path.read_bytes() for path in project.rglob("*") if path.is_file())
    assert not [token for token in tokens if token.encode() in written]
    assert open_intents(project) == []


@pytest.mark.slow
def test_an_environment_without_an_env_file_has_the_usual_names(project: Path) -> None:
    found = process(project, "exec", "-e", "local", "-l", "team=calls", "--", "env")
    assert (found.code, found.err) == (0, "")
    names = {name for name in variables(found.out) if name.startswith("CALL")}
    stem = "CALL_CENTER_GERMAN_"
    assert names == {stem + "CLIENT_SECRET", stem + "EXPIRES_AT", stem + "SESSION_ID"}


@pytest.mark.slow
def test_names_can_be_given_for_a_run(project: Path) -> None:
    options = ("--prefix", "APP_", "--name", "client_secret=SPEECH", "--name", "expires_at=UNTIL")
    with live(project):
        found = executed(project, "clinic", *options, "--", "env")
    names = {name for name in variables(found.out) if name.startswith(("APP", "CLINIC"))}
    assert names == {"APP_SPEECH", "APP_UNTIL", "APP_CLINIC_SESSION_ID"}


def test_the_upstream_key_never_reaches_the_command(project: Path) -> None:
    """On the emulator no kind's usual variable does, either; its command line is its own."""
    script = "env; tr '\\0' '\\n' < /proc/self/environ; tr '\\0' ' ' < /proc/$$/cmdline"
    keys = {"OPENAI_API_KEY": "sk-of-openai", "AZURE_OPENAI_API_KEY": "of-azure"}
    with live(project):
        found = executed(
            project,
            *("clinic", "--", "sh", "-c", script),
            HEADER=f"Authorization: Bearer {KEY}",
            THE_KEYS_NAME="kept",
            **keys,
        )
    assert found.code == 0
    assert KEY not in found.out + found.err
    assert "THE_KEY=" not in found.out
    assert "HEADER" not in found.out
    assert "THE_KEYS_NAME=kept" in found.out
    assert [one for one in keys if one in found.out] == []
    assert found.out.endswith(f"\nsh -c {script} ")


def test_its_usual_variable_does_not_either(project: Path) -> None:
    production = "provider: {kind: openai, key: {file: ~/key}}\n"
    write(project, {"environments/production.yaml": production})
    from voxmint.engine.handing import hidden_variables, key_variables
    from voxmint.engine.project import open_project
    from voxmint.engine.selection import select

    opened = open_project(project)
    selection = select(opened, opened.order(["clinic"], ["production"]), frozenset())
    assert key_variables(selection) == {"OPENAI_API_KEY"}
    usual = {"OPENAI_API_KEY", "AZURE_OPENAI_API_KEY"}
    assert hidden_variables(selection) == usual


@pytest.mark.slow
def test_only_leaves_what_any_program_needs(project: Path) -> None:
    with live(project):
        found = executed(
            project,
            *("clinic", "--only", "--keep", "APP_*", "--keep", "THE_KEY", "--", "env"),
            APP_MODE="quick",
            OTHER="x",
            LC_ALL="C.UTF-8",
            PWD=str(project),
        )
    assert {name for name in variables(found.out) if not name.startswith("CLINIC_")} == {
        *("PATH", "HOME", "TZ", "LC_ALL", "PWD", "APP_MODE"),
    }


@pytest.mark.slow
def test_a_value_of_an_older_session_does_not_stay_beside_a_token(project: Path) -> None:
    with live(project, "missing:id"):
        found = executed(project, "clinic", "--", "env", CLINIC_SESSION_ID="sess_old")
    assert found.code == 0
    assert "sess_old" not in found.out


# ── nothing stands between ───────────────────────────────────────────────────────────────────────


@pytest.mark.slow
@pytest.mark.parametrize("code", [0, 1, 7, 130, 255])
def test_the_exit_code_is_the_commands(project: Path, code: int) -> None:
    found = process(project, "exec", "-e", "local", "clinic", "--", "sh", "-c", f"exit {code}")
    assert (found.code, found.out, found.err) == (code, "", "")


@pytest.mark.slow
def test_a_signal_that_ends_the_command_is_seen_as_one(project: Path) -> None:
    found = process(project, "exec", "-e", "local", "clinic", "--", "sh", "-c", "kill -SEGV $$")
    assert found.code == -signal.SIGSEGV


@contextmanager
def started(project: Path, *words: str, **settings: object) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "voxmint", "exec", "-e", "local", "clinic", "--", *words]
    with subprocess.Popen(
        command,
        cwd=project,
        env=environment(project),
        text=True,
        **{"stdout": subprocess.PIPE, **settings},  # type: ignore[call-overload]  # its own options
    ) as run:
        yield run


@contextmanager
def ended(run: subprocess.Popen[str]) -> Iterator[None]:
    """Kills a command that says nothing for too long, so that the test fails instead of waiting."""
    timer = Timer(120, run.kill)
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


_TRAPS = " ".join(f"trap 'echo {name}' {name};" for name in ("HUP", "INT", "TERM", "USR1", "WINCH"))
_SIGNALS = (signal.SIGHUP, signal.SIGINT, signal.SIGTERM, signal.SIGUSR1, signal.SIGWINCH)


def test_signals_reach_the_command_itself(project: Path) -> None:
    script = _TRAPS + " echo $$; while :; do sleep 0.05; done"
    with started(project, "sh", "-c", script) as run, ended(run):
        assert run.stdout is not None
        assert int(run.stdout.readline()) == run.pid
        for number in _SIGNALS:
            run.send_signal(number)
            assert f"SIG{run.stdout.readline().strip()}" == number.name
        run.kill()


def test_the_command_has_the_terminal(project: Path) -> None:
    script = (
        "import os, signal, sys\n"
        "print([os.isatty(one) for one in range(3)], os.tcgetpgrp(0) == os.getpgrp())\n"
        # Not print: the signal may come in the middle of one.
        "def told(*_): os.write(1, b'%d\\n' % os.get_terminal_size(0).columns)\n"
        "signal.signal(signal.SIGWINCH, told)\n"
        "print(input())\n"
        "while True: signal.pause()\n"
    )
    pid, terminal = pty.fork()
    if pid == 0:
        words = ["-m", "voxmint", "exec", "-e", "local", "clinic", "--", sys.executable, "-c"]
        os.chdir(project)
        os.execve(sys.executable, [sys.executable, *words, script], environment(project))
    import fcntl
    import struct
    import termios

    with os.fdopen(terminal, "r+b", buffering=0) as screen:
        assert _until(screen.fileno(), b"\n").endswith(b"[True, True, True] True\r\n")
        screen.write(b"typed\n")
        assert _until(screen.fileno(), b"typed\r\ntyped\r\n")
        fcntl.ioctl(screen, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 123, 0, 0))
        assert _until(screen.fileno(), b"123\r\n")
        screen.write(b"\x03")
        _, status = os.waitpid(pid, 0)
    assert os.waitstatus_to_exitcode(status) in {1, -signal.SIGINT}


def _until(descriptor: int, end: bytes) -> bytes:
    found = b""
    while not found.endswith(end):
        chunk = os.read(descriptor, 4096)
        assert chunk, found
        found += chunk
    return found


def _ignore_hangups() -> None:
    signal.signal(signal.SIGHUP, signal.SIG_IGN)


@pytest.mark.parametrize(
    ("before", "ignored"),
    [pytest.param(None, set(), marks=pytest.mark.slow), (_ignore_hangups, {"SIGHUP"})],
)
def test_what_is_ignored_is_what_the_caller_ignored(
    project: Path, before: Callable[[], None] | None, ignored: set[str]
) -> None:
    # Python itself ignores SIGPIPE, and a command that inherits that never ends in a pipe.
    with started(project, "grep", "SigIgn", "/proc/self/status", preexec_fn=before) as run:
        out, _ = run.communicate(timeout=120)
    bits = int(out.split()[1], 16)
    assert {one.name for one in signal.Signals if bits >> (one - 1) & 1} == ignored


def test_no_file_of_voxmint_stays_open_and_the_exit_code_is_the_commands(project: Path) -> None:
    script = "ls /proc/self/fd; exit 7"
    found = process(project, "exec", "-e", "local", "clinic", "--", "sh", "-c", script)
    # The last one is the folder that is listed.
    assert found.out.split() == ["0", "1", "2", "3"]
    assert (found.code, found.err) == (7, "")


@pytest.mark.slow
def test_it_is_run_where_voxmint_was_told_to(project: Path) -> None:
    folder = project / "profiles"
    write(folder, {"here": "#!/bin/sh\npwd\n"})
    (folder / "here").chmod(0o755)
    words = ("-C", str(folder), "exec", "-e", "local", "clinic", "--", "./here")
    assert process(project.parent, *words, PWD="/elsewhere").out == f"{folder}\n"


# ── not started ──────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("words", "code"), [(["no-such-program"], 127), (["./data"], 126), (["./missing"], 127)]
)
def test_a_command_that_cannot_be_run_mints_nothing(
    project: Path, words: list[str], code: int, snapshot: SnapshotAssertion
) -> None:
    write(project, {"data": "x\n"})
    known = {"PATH": os.environ["PATH"], "THE_KEY": KEY, "VOXMINT_ALLOW_HOSTS": "127.0.0.1"}
    with live(project) as url:
        found = ran(project, "exec", "-e", "live", "clinic", "--", *words, environ=known)
        assert requests(url) == 0
    assert (found.code, found.out) == (code, "")
    assert found.err.replace(str(project), "…") == snapshot


@pytest.mark.slow
def test_one_that_the_system_refuses_leaves_its_tokens_named(project: Path) -> None:
    write(project, {"script": "echo there is no first line\n"})
    (project / "script").chmod(0o755)
    with live(project):
        found = executed(project, "clinic", "--", "./script")
        assert found.code == 126
        assert found.err.startswith("error: `./script` cannot be run: exec format error\n")
        assert open_intents(project) == ["clinic"]


def test_where_a_token_cannot_be_had_nothing_is_started(
    project: Path, snapshot: SnapshotAssertion
) -> None:
    with live(project, "403@times=1"):
        words = ("clinic", "call-center/german", "--concurrency", "1", "--", "echo", "started")
        found = executed(project, *words)
    assert (found.code, found.out) == (1, "")
    shown = re.sub(r"\d\d:\d\d|req_\w+", "…", found.err)
    assert re.sub(r"\(in [^)]*\)", "(in …)", shown) == snapshot
    assert open_intents(project) == ["clinic"]


@pytest.mark.parametrize(
    "arguments",
    [
        "exec -e local clinic",
        "exec -e local -- env",
        "exec -e local clinic --",
        "exec clinic -- env",
        "exec -e local clinc -- env",
        "exec -e local clinic --name secret=X -- env",
        "exec -e local clinic --name client_secret -- env",
        "exec -e local 24h -- env",
        "exec -e local python -- env",
        "exec -e local clinic --prefix LD_ -- env",
        "exec -e local clinic --name client_secret=PATH -- env",
        "exec -e local clinic call-center/german --name client_secret=X -- env",
        "exec -e local clinic --name client_secret=X --name expires_at=X -- env",
        "exec -e production clinic --name client_secret=OPENAI_API_KEY -- env",
        "exec -e local clinic --min-remaining 45m -- env",
        "exec -e local clinic --min-remaining soon -- env",
    ],
)
def test_what_is_wrong_is_said_before_anything_is_minted(
    project: Path, arguments: str, snapshot: SnapshotAssertion
) -> None:
    write(project, {"environments/production.yaml": "provider: {kind: openai}\n"})
    found = ran(project, *arguments.split(), environ={"PATH": os.environ["PATH"]})
    assert found.code in {1, 64}
    assert str(found) == snapshot
    assert not (project / ".voxmint").exists()


def test_an_interrupt_while_it_mints_starts_nothing(project: Path) -> None:
    arrived, leave = Event(), Event()

    def script(number: int, _: Asked) -> Answered:
        arrived.set()
        assert leave.wait(120)
        return session(number, expires_at=int(time.time()) + 600)

    with Scripted(script) as server:
        provider = f"provider: {{kind: emulator, url: '{server.url}'}}\n"
        write(project, {"environments/local.yaml": provider})
        with started(project, "echo", "started", stderr=subprocess.PIPE) as run:
            assert run.stderr is not None
            assert arrived.wait(120)
            run.send_signal(signal.SIGINT)
            assert run.stderr.readline().startswith("stopping: waiting for 1 request under way")
            leave.set()
            out, err = run.communicate(timeout=120)
    assert (run.returncode, out) == (130, "")
    assert "unseen     clinic   a token that nobody has may live until " in err
    assert err.endswith("not started: `echo started`\n")


@pytest.mark.slow
def test_quiet_and_verbose(project: Path) -> None:
    words = ("exec", "-e", "local", "clinic", "--", "true")
    assert process(project, "-q", *words) == (0, "", "")
    assert re.fullmatch(r"minted   clinic   expires .*\n", process(project, "-v", *words).err)
