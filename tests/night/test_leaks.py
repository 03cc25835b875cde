"""A key and tokens that are looked for everywhere: in no form are they where they do not belong."""

import gc
import json
import signal
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

from tests.cli.running import ROOT, Ran
from tests.engine.mints import Desk
from tests.engine.scripted import EXPIRES_AT, Answered, Asked, Scripted, refused, said
from tests.engine.worlds import git
from tests.night.canaries import (
    KEY,
    TOKEN,
    encoded,
    files_with_leaks,
    leaks,
    project,
    run,
    spread,
    token,
    variables,
)
from tests.night.forking import Nursery
from voxmint.cli.main import COMMANDS as REGISTRY


def test_every_form_is_found() -> None:
    for secret in (KEY, TOKEN):
        for form in (secret, secret[12:30], *encoded(secret), *spread(secret)):
            assert leaks(f"before {form} after".encode("latin-1")), form
            assert leaks(f"before{form}after".encode("latin-1")), form
        for form in encoded(secret):
            # What is split is known by its pieces.
            assert leaks(form[:16]), form
            assert leaks(form[len(form) // 2 :]), form
        assert leaks(secret.encode().hex()[30:60])
        assert leaks(secret.encode().hex().upper())
    assert leaks("nothing here, sk-proj-… and ek_…") == []
    assert leaks(bytes(range(256)) * 40) == []


# ── commands ─────────────────────────────────────────────────────────────────────────────────────

PASTED = f"""\
curl https://api.openai.com/v1/realtime/transcription_sessions \\
  -H 'Authorization: Bearer {KEY}' -H 'Cookie: session={TOKEN}' -H 'X-Other: {KEY}' \\
  --user me:{KEY} --data '{{"input_audio_transcription": {{"model": "whisper-1"}}}}'
"""
ANSWER = json.dumps(
    {
        "id": "sess_1",
        "object": "realtime.transcription_session",
        "client_secret": {"value": TOKEN, "expires_at": EXPIRES_AT},
        "input_audio_transcription": {"model": "whisper-1"},
    }
)
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
    "render --output-dir rendered",
    "blame a -e live",
    "graph",
    "graph -o svg",
    "diff",
    "diff -o json",
    "diff -o html",
    "diff -o markdown",
    "textconv profiles/a.yaml",
    "status",
    "sinks",
    "plan -e live",
    "plan -e live -o json",
    "plan -e live --out plan.json",
    "try a -e live",
    "try a -e live -o json",
    "mint --plan plan.json",
    "mint -e live",
    "mint -e live -o json",
    "mint -e live --force",
    "mint -e live --force -o json",
    "plan -e live -o json",
    "status -e live --detailed-exitcode",
    "status -o json",
    "sinks -e live --check",
    "sinks --check -o json",
    "purge -e live --dry-run -o json",
    "purge -e live --yes",
    "status -o json",
    "purge -e live --yes -o json",
    "explain",
    "schema environment",
    "completion bash",
    "import -",
    "import - -o json",
    "import - --name pasted",
    "init another",
)
ON_THEIR_OWN = {"exec", "emulator"}
"""Commands that are tested as processes, below."""
LEVELS = (
    "-v",
    pytest.param("", marks=pytest.mark.slow),
    pytest.param("-q", marks=pytest.mark.slow),
)
"""Every day those at which most is said."""


def test_every_command_is_there() -> None:
    assert {text.partition(" ")[0] for text in COMMANDS} | ON_THEIR_OWN == set(REGISTRY)


@pytest.mark.parametrize("level", LEVELS)
def test_no_command_shows_anything_of_a_secret(tmp_path: Path, level: str) -> None:
    with Scripted(lambda number, _: token(number)) as server:
        made = project(tmp_path, server)
        git(made.root, "init", "--quiet", "--initial-branch", "main")
        git(made.root, "add", ".")
        git(made.root, "commit", "--quiet", "--message", "first")
        made.write(
            "profiles/a.yaml", "extends: base\nsession: {turn_detection: {type: semantic_vad}}\n"
        )
        for text in COMMANDS:
            found = run(made, *level.split(), *text.split(), stdin=PASTED, VOXMINT_TRACEBACK="1")
            assert leaks(found.out + found.err) == [], text
            assert "Traceback" not in found.err, text
            assert found.code in {0, 2}, f"{text}\n{found}"
            assert files_with_leaks(made) == [], text
        assert len(server.asked) == 8


@pytest.mark.slow
@pytest.mark.parametrize("output", ["text", "json"])
def test_watching_shows_nothing_of_a_secret(tmp_path: Path, output: str) -> None:
    with Scripted(lambda number, _: token(number)) as server:
        made = project(tmp_path, server)
        assert run(made, "mint", "-e", "live").code == 0
        words = ("-v", "status", "--watch", "--interval", "0.1", "-o", output)
        with a_process(made, *words) as child:
            assert child.stdout is not None
            # What begins each look, three times.
            begins = '{"version"' if output == "json" else "live "
            looks: list[str] = []
            while sum(line.startswith(begins) for line in looks) < 3:
                looks.append(child.stdout.readline())
                assert looks[-1], looks
            child.send_signal(signal.SIGINT)
            out, err = child.communicate(timeout=120)
    assert child.returncode == 130
    assert leaks("".join(looks) + out + err) == []
    assert files_with_leaks(made) == []


@pytest.mark.parametrize("pasted", [PASTED, ANSWER, f"Bearer {KEY}", f'{{"{TOKEN}": ["{KEY}"]}}'])
def test_what_is_imported_is_freed_of_secrets(tmp_path: Path, pasted: str) -> None:
    with Scripted(lambda number, _: token(number)) as server:
        made = project(tmp_path, server)
        for text in ("import -", "-v import -", "import - -o json", "import - --name pasted"):
            found = run(made, *text.split(), stdin=pasted)
            assert leaks(found.out + found.err) == [], text
            assert files_with_leaks(made) == [], text
    assert server.asked == []


def a_process(made: Desk, *arguments: str, **more: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-m", "voxmint", *arguments],
        cwd=made.root,
        env={**variables(made, more), "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_a_command_has_its_token_in_its_environment_and_nowhere_else(tmp_path: Path) -> None:
    script = 'tr "\\0" "\\n" </proc/$$/cmdline; echo ---; env'
    with Scripted(lambda number, _: token(number)) as server:
        made = project(tmp_path, server)
        words = ("-v", "exec", "-e", "live", "a", "--", "sh", "-c", script)
        # The key stands in a variable that no file names, too.
        with a_process(made, *words, ANOTHER=f"Bearer {KEY}") as child:
            out, err = child.communicate(timeout=120)
    assert child.returncode == 0, err
    told, _, environment = out.partition("---\n")
    assert leaks(told + err) == []
    lines = [line for line in environment.splitlines() if leaks(line)]
    assert lines == [f"A_CLIENT_SECRET={TOKEN}"]
    assert files_with_leaks(made) == []


def test_an_emulator_tells_nothing_of_what_it_is_sent(tmp_path: Path) -> None:
    with Scripted(lambda number, _: token(number)) as server:
        made = project(tmp_path, server)
    with a_process(made, "-v", "emulator", "--port", "0") as child:
        assert child.stdout is not None
        url = child.stdout.readline().strip()
        for path in ("/realtime/client_secrets", f"/{KEY}/{TOKEN}?key={KEY}", "/emulator/sessions"):
            body = json.dumps({"session": {"type": KEY, TOKEN: TOKEN}}).encode()
            sent = {"Authorization": f"Bearer {KEY}", "X-Client-Request-Id": f"run/{TOKEN}"}
            request = urllib.request.Request(url + path, body, sent)
            with pytest.raises(urllib.error.HTTPError) as refusal:
                urllib.request.urlopen(request, timeout=120)
            refusal.value.close()
        child.send_signal(signal.SIGTERM)
        out, err = child.communicate(timeout=120)
    assert child.returncode == 0
    assert err.count("POST") == 3
    assert leaks(out + err) == []
    assert files_with_leaks(made) == []


# ── sinks that hand on ───────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("output", ["text", "json"])
@pytest.mark.parametrize("kind", ["github-env", "github-output"])
def test_in_a_job_a_token_is_in_its_file_and_in_what_hides_it(
    tmp_path: Path, kind: str, output: str
) -> None:
    with Scripted(lambda number, _: token(number)) as server:
        made = project(tmp_path, server)
        job = {"GITHUB_ACTIONS": "true"}
        for variable in ("GITHUB_ENV", "GITHUB_OUTPUT"):
            path = tmp_path / "job" / variable
            path.parent.mkdir(exist_ok=True)
            path.touch()
            job[variable] = str(path)
        words = ("-v", "mint", "-e", "live", "--sink", kind, "-o", output)
        found = run(made, *words, VOXMINT_TRACEBACK="1", **job)
    assert found.code == 0, found
    with_leaks = [line for line in (found.out + found.err).splitlines() if leaks(line)]
    assert set(with_leaks) == {f"::add-mask::{TOKEN}"}
    assert leaks(found.out) == []
    meant = Path(job[kind.upper().replace("-", "_")])
    assert files_with_leaks(made) == [str(meant)]
    assert meant.read_text().count(TOKEN) == 2


@pytest.mark.parametrize("output", ["text", "json"])
@pytest.mark.parametrize("level", LEVELS)
def test_what_is_printed_is_printed_once(tmp_path: Path, level: str, output: str) -> None:
    with Scripted(lambda number, _: token(number)) as server:
        made = project(tmp_path, server)
        words = ("mint", "-e", "live", "a", "--sink", "stdout", "-o", output)
        found = run(made, *level.split(), *words)
    assert found.code == 0
    assert [line for line in found.out.splitlines() if leaks(line)] == [f"A_CLIENT_SECRET={TOKEN}"]
    assert leaks(found.err) == []
    assert files_with_leaks(made) == []


# ── faults ───────────────────────────────────────────────────────────────────────────────────────


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
        for path in Path("/proc").iterdir():
            try:
                found = leaks((path / "cmdline").read_bytes()) if path.name.isdecimal() else []
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


def mint_failing_in(made: Desk, where: str | None, timeout: str) -> tuple[Ran, set[str]]:
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

    before, collects = sys.gettrace(), gc.isenabled()
    threading.settrace(trace)
    sys.settrace(trace)
    try:
        found = run(made, "-v", "mint", "-e", "live", "--timeout", timeout, VOXMINT_TRACEBACK="1")
    finally:
        sys.settrace(before)
        threading.settrace(None)
        # A bug in what pauses the collector of garbage leaves it off: then nothing that this and
        # all later tests of the process make would go, until that takes gigabytes.
        if collects:
            gc.enable()
    return found, called


def check_failing(folder: Path, where: str) -> None:
    with Scripted(lambda number, _: token(number)) as server:
        made = project(folder, server)
        made.env_file.write_text("OTHER=mine\n")
        found, _ = mint_failing_in(made, where, "5s")
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
        found, called = mint_failing_in(made, None, "10m")
        made.env_file.unlink()
        again, more = mint_failing_in(made, None, "10m")
    assert (found.code, again.code) == (0, 0)
    # The one function that turns what others raise into a sentence.
    return sorted((called | more) - {"cli/main.py:main"})


# A bug in what opens or closes a connection leaves it open, and Python says so when it collects it:
# here, and not in a test to come.
left_open = pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")


@left_open
def test_a_bug_in_any_room_shows_nothing_of_a_secret(tmp_path: Path) -> None:
    called = functions(tmp_path / "all")
    for room in ("engine/apis", "engine/minting", "engine/sinks", "engine/upstream"):
        here = [one for one in called if one.startswith(room)]
        check_failing(tmp_path / room, here[len(here) // 2])
    gc.collect()


@left_open
@pytest.mark.slow
@pytest.mark.parametrize("share", range(4))
def test_a_bug_in_any_function_shows_nothing_of_a_secret(tmp_path: Path, share: int) -> None:
    found = functions(tmp_path / "all")
    assert len(found) > 200
    for number, one in enumerate(found[share::4]):
        check_failing(tmp_path / str(number), one)
    gc.collect()
