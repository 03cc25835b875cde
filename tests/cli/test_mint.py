"""What `mint` and `plan` say, with real emulators: in process, or one that is slow or gone."""

import json
import os
import pty
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from threading import Semaphore
from time import time
from typing import Any

import pytest
from syrupy.assertion import SnapshotAssertion

from tests.cli.running import Ran, environment, process, ran, write
from tests.engine.scripted import Answered, Asked, Scripted, minted as session, nobody
from tests.engine.worlds import new_repository

FILES = {
    "voxmint.yaml": "version: 1\n",
    ".gitignore": ".env.*\n",
    "profiles/base.yaml": "abstract: true\n"
    "session: {input_audio_transcription: {model: gpt-transcribe}}\n",
    **{f"profiles/ward-{number}.yaml": "extends: base\n" for number in range(1, 7)},
    "environments/local.yaml": """\
provider: {kind: emulator}
sinks: [{kind: dotenv, path: .env.local}]
""",
}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = write(tmp_path / "project", FILES)
    new_repository(folder)
    return folder


def minted(folder: Path, *arguments: str, **settings: Any) -> Ran:
    """Runs a command line in a world that has git; what differs from run to run is left out."""
    found = ran(folder, *arguments, environ={"PATH": os.environ["PATH"]}, **settings)
    return Ran(found.code, steady(found.out), steady(found.err))


def steady(text: str) -> str:
    text = re.sub(r"in \d+\.\d s\b", "in N s", text)
    text = re.sub(r'"seconds": [\d.]+', '"seconds": N', text)
    text = re.sub(r"127\.0\.0\.1:\d+", "127.0.0.1:PORT", text)
    return re.sub(r"\b(sess|req)_\w+", r"\1_ID", text)


# ── what is said ─────────────────────────────────────────────────────────────────────────────────


def test_a_first_mint_and_a_second_one(project: Path, snapshot: SnapshotAssertion) -> None:
    first = minted(project, "mint", "-e", "local", "--concurrency", "1")
    assert str(first) == snapshot
    text = (project / ".env.local").read_text()
    assert text.count("_CLIENT_SECRET=ek_") == 6
    assert str(minted(project, "mint", "-e", "local")) == snapshot
    assert (project / ".env.local").read_text() == text


def test_no_token_is_ever_shown(project: Path) -> None:
    for output in ("text", "json"):
        found = ran(
            project,
            *("mint", "-e", "local", "--force", "-v", "-o", output),
            environ={"PATH": os.environ["PATH"]},
        )
        assert found.code == 0
        assert "ek_" not in found.out + found.err
        tokens = re.findall("SECRET=(.*)", (project / ".env.local").read_text())
        assert not {token for token in tokens if token in found.out + found.err}


def test_quiet_is_silent(project: Path) -> None:
    assert minted(project, "mint", "-e", "local", "-q") == (0, "", "")
    assert minted(project, "-q", "mint", "-e", "local", "--force") == (0, "", "")


def test_json(project: Path, snapshot: SnapshotAssertion) -> None:
    found = minted(project, "mint", "-e", "local", "ward-1", "-o", "json")
    assert str(found) == snapshot
    assert json.loads(found.out.replace(": N", ": 0"))["version"] == 1


def test_without_git_that_is_said(tmp_path: Path, snapshot: SnapshotAssertion) -> None:
    folder = write(tmp_path / "project", FILES)
    assert minted(folder, "mint", "-e", "local", "ward-1").err == snapshot


def test_a_plan_tells_the_limits_of_stores_that_are_run_into(project: Path) -> None:
    about = """\
provider: {kind: emulator, api: client_secrets}
sinks: [{kind: aws-secretsmanager}, {kind: gcp-secretmanager}, {kind: azure-keyvault}]
"""
    short = "extends: base\nexpires_after: {seconds: 600}\n"
    write(project, {"environments/live.yaml": about, "profiles/ward-1.yaml": short})
    told = minted(project, "plan", "-e", "live", "ward-1").err
    assert re.findall(r"would be written every 8 min: ([a-z ]+)", told) == [
        "versions younger than a day stay",
        "it can take minutes until all readers get the new version",
        "each version stays for as long as the secret does",
    ]
    assert minted(project, "plan", "-e", "live", "ward-1", "-q").err == ""


def test_a_plan_and_its_exit_codes(project: Path, snapshot: SnapshotAssertion) -> None:
    seen = [str(minted(project, "plan", "-e", "local"))]
    minted(project, "mint", "-e", "local", "ward-1", "ward-2", "ward-3")
    write(project, {"profiles/ward-1.yaml": "extends: base\nexpires_after: {seconds: 60}\n"})
    seen.append(str(minted(project, "plan", "-e", "local")))
    seen.append(str(minted(project, "plan", "-e", "local", "ward-1", "-o", "json")))
    seen.append(minted(project, "plan", "-e", "local", "ward-*", "--api", "client_secrets").out)
    (project / "profiles/ward-3.yaml").unlink()
    seen.append(str(minted(project, "plan", "-e", "local", "-v")))
    minted(project, "mint", "-e", "local")
    seen.append(str(minted(project, "plan", "-e", "local")))
    assert seen == snapshot
    assert minted(project, "plan", "-e", "local", "--detailed-exitcode", "-q") == (0, "", "")
    forced = minted(project, "plan", "-e", "local", "--detailed-exitcode", "--force", "-q")
    assert forced == (2, "", "")


def test_a_deleted_profile_is_pruned(project: Path, snapshot: SnapshotAssertion) -> None:
    minted(project, "mint", "-e", "local")
    (project / "profiles/ward-3.yaml").unlink()
    assert minted(project, "mint", "-e", "local").out == snapshot
    assert "WARD_3" not in (project / ".env.local").read_text()


# ── what goes wrong before anything is sent ──────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "arguments",
    [
        "mint",
        "mint -e local -e live",
        "mint -e loca",
        "mint -e local ward-11",
        "mint -e local --set x",
        "mint -e local --sink dotnev",
        "mint -e local --concurrency 0",
        "mint -e local --timeout 0",
        "mint -e local --allow-host https://x",
        "plan",
    ],
)
def test_wrong_usage(project: Path, arguments: str, snapshot: SnapshotAssertion) -> None:
    found = minted(project, *arguments.split())
    assert found.code == 64
    assert str(found) == snapshot
    assert not (project / ".env.local").exists()


def test_what_is_wrong_is_shown_at_its_place(project: Path, snapshot: SnapshotAssertion) -> None:
    write(project, {"profiles/ward-2.yaml": "extends: base\nsession: {x: 1}\n"})
    assert str(minted(project, "mint", "-e", "local")) == snapshot
    write(project, {"profiles/ward-2.yaml": "extends: base\n", ".gitignore": "\n"})
    assert str(minted(project, "mint", "-e", "local")) == snapshot
    assert not (project / ".env.local").exists()


def test_a_host_that_nobody_allowed(project: Path, snapshot: SnapshotAssertion) -> None:
    text = FILES["environments/local.yaml"].replace(
        "{kind: emulator}", "{kind: compatible, url: 'https://gateway.example/v1'}"
    )
    write(project, {"environments/local.yaml": text})
    for name in ("mint", "plan"):
        assert str(minted(project, name, "-e", "local")) == snapshot
    assert minted(project, "plan", "-e", "local", "--allow-host", "gateway.example").code == 0


def test_warnings_stop_a_strict_mint(project: Path, snapshot: SnapshotAssertion) -> None:
    text = "session: {input_audio_transcription: {model: gpt-transcrib}}\n"
    write(project, {"profiles/ward-2.yaml": text})
    assert str(minted(project, "mint", "-e", "local", "ward-2", "--strict")) == snapshot
    assert not (project / ".env.local").exists()
    assert minted(project, "mint", "-e", "local", "ward-2").err == snapshot


# ── what goes wrong on the way ───────────────────────────────────────────────────────────────────


def at(project: Path, url: str) -> None:
    """Has the project's sessions minted there."""
    text = FILES["environments/local.yaml"].replace(
        "{kind: emulator}", f"{{kind: emulator, url: '{url}'}}"
    )
    write(project, {"environments/local.yaml": text})


def test_some_that_are_refused(project: Path, snapshot: SnapshotAssertion) -> None:
    # What compiling cannot know is refused by the server: here, the whole length of the body.
    prompt = "session: {input_audio_transcription: {prompt: '" + 70_000 * "a" + "'}}\n"
    write(
        project, {f"profiles/ward-{number}.yaml": f"extends: base\n{prompt}" for number in (1, 2)}
    )
    found = minted(project, "mint", "-e", "local", "--concurrency", "1")
    assert found.code == 3
    assert found.out == snapshot
    quiet = minted(project, "mint", "-e", "local", "-q")
    assert (quiet.code, quiet.out) == (1, "")
    assert quiet.err == snapshot


def test_a_server_that_is_not_there(project: Path, snapshot: SnapshotAssertion) -> None:
    with nobody() as port:
        at(project, f"http://127.0.0.1:{port}/v1")
        found = minted(project, "mint", "-e", "local", "ward-1", "--attempts", "1")
    assert found.code == 1
    assert found.out == snapshot


@contextmanager
def started(project: Path, *arguments: str, stderr: int = subprocess.PIPE) -> Iterator[Any]:
    with subprocess.Popen(
        [sys.executable, "-m", "voxmint", "mint", "-e", "local", *arguments],
        cwd=project,
        env=environment(project, TERM="xterm", COLUMNS="90"),
        stdout=subprocess.PIPE,
        stderr=stderr,
        text=True,
    ) as run:
        yield run


@contextmanager
def one_at_a_time() -> Iterator[tuple[str, Semaphore]]:
    """A server's URL, and what lets its answers go, one for each release."""
    leave = Semaphore(0)

    def script(number: int, _: Asked) -> Answered:
        assert leave.acquire(timeout=120)
        return session(number, expires_at=int(time()) + 600)

    with Scripted(script) as server:
        yield server.url, leave


def test_an_interrupt_keeps_what_was_minted(project: Path) -> None:
    with one_at_a_time() as (url, leave):
        at(project, url)
        with started(project, "--concurrency", "1") as run:
            leave.release()
            assert run.stderr.readline().startswith("minted   ward-1   expires ")
            run.send_signal(signal.SIGINT)
            stopping = run.stderr.readline()
            leave.release()
            out, _ = run.communicate(timeout=120)
    assert run.returncode == 130
    text = (project / ".env.local").read_text()
    # The request that was under way is answered or was not sent, and what it gave is kept.
    count = text.count("_CLIENT_SECRET=")
    assert count in {1, 2}
    assert re.match(r"stopping: waiting for [01] requests? under way; Ctrl-C again", stopping)
    lines = steady(out).splitlines()
    assert lines[0] == f"interrupted: minted {count}, skipped {6 - count} in N s → .env.local"
    assert lines[1].endswith("   not tried: the run was interrupted")


def test_under_nohup_a_run_goes_on_when_its_terminal_is_gone(project: Path) -> None:
    with one_at_a_time() as (url, leave):
        at(project, url)
        leave.release()
        # As `nohup` does, which would lead the output elsewhere, too.
        script = f"trap '' HUP; exec {sys.executable} -m voxmint mint -e local --concurrency 1"
        with subprocess.Popen(
            ["sh", "-c", script],
            cwd=project,
            env=environment(project),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        ) as run:
            assert run.stderr is not None
            assert run.stderr.readline().startswith("minted   ward-1")
            run.send_signal(signal.SIGHUP)
            leave.release(5)
            out, _ = run.communicate(timeout=120)
    assert run.returncode == 0
    assert steady(out).startswith("minted 6 in N s → .env.local\n")


def test_a_terminal_is_shown_a_bar_once_it_takes_long(project: Path) -> None:
    with one_at_a_time() as (url, leave):
        at(project, url)
        told = {b" 0/2": leave.release, b" 1/2": leave.release}
        shown = on_a_terminal(project, told, "ward-1", "ward-2", "--concurrency", "1")
    # How fast it goes is the machine's affair.
    plain = re.sub(r"\x1b\[\d*m|   \d+ a minute", "", shown)
    before, *pictures, after = plain.split("\r\x1b[K")
    assert (before, after) == ("", "")
    bars = {f"2 to mint {'━' * full}╺{'─' * (29 - full)} {full // 15}/2" for full in (0, 15)}
    assert bars <= set(pictures) <= bars | {f"2 to mint {'━' * 30} 2/2"}


def on_a_terminal(project: Path, told: Mapping[bytes, Callable[[], None]], *arguments: str) -> str:
    """What a mint writes to a terminal as its errors; each word in it has something done, once."""
    reader, writer = pty.openpty()
    left = dict(told)
    with started(project, *arguments, stderr=writer) as run:
        os.close(writer)
        shown = b""
        while chunk := _read(reader):
            shown += chunk
            for word in [word for word in left if word in shown]:
                left.pop(word)()
        run.communicate(timeout=120)
    os.close(reader)
    assert run.returncode == 0
    return shown.decode()


def _read(descriptor: int) -> bytes:
    try:
        return os.read(descriptor, 4096)
    except OSError:
        # How Linux says that nobody has the terminal open any more.
        return b""


def test_a_terminal_that_is_lost_does_not_stop_a_mint(project: Path) -> None:
    reader, writer = os.pipe()
    with started(project, stderr=writer) as run:
        os.close(writer)
        os.close(reader)
        out, _ = run.communicate(timeout=120)
    assert run.returncode == 0
    assert steady(out).startswith("minted 6 in N s → .env.local\n")


def test_mint_imports_nothing_of_the_network_when_all_is_kept(project: Path) -> None:
    assert process(project, "mint", "-e", "local").code == 0
    code = (
        "import sys; from voxmint.cli.main import main; from voxmint.cli.world import this_world\n"
        "main(['mint', '-e', 'local'], this_world()); print('httpx' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=project,
        env=environment(project),
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.splitlines()[0].startswith("kept 6 in ")
    assert done.stdout.splitlines()[-1] == "False"
