"""`voxmint try`, against the emulator and against servers that do something else."""

import json
import os
import re
from pathlib import Path
from typing import Any

import pytest
from syrupy.assertion import SnapshotAssertion

from tests.cli.running import Ran, ran, write
from tests.engine.scripted import Answered, Script, Scripted, each, said
from voxmint.engine.emulator import Emulator, Options

NOW = 1_800_000_000.0
FILES = {
    "voxmint.yaml": "version: 1\n",
    "profiles/base.yaml": """\
abstract: true
session:
  input_audio_transcription: {model: gpt-transcribe, language: en}
  turn_detection: {type: server_vad, threshold: 0.6}
""",
    "profiles/clinic.yaml": """\
extends: base
session:
  input_audio_noise_reduction: {type: near_field}
expires_after: {seconds: 120}
""",
    "environments/local.yaml": "provider: {kind: emulator}\n",
}
KEY = {"THE_KEY": "sk-canary-0123456789", "VOXMINT_ALLOW_HOSTS": "127.0.0.1"}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return write(tmp_path / "project", FILES)


def tried(folder: Path, *arguments: str) -> Ran:
    """Runs `try`; what differs from run to run is left out."""
    found = ran(folder, "try", "clinic", *arguments, environ={"PATH": os.environ["PATH"], **KEY})
    return Ran(found.code, steady(found.out), steady(found.err))


def steady(text: str) -> str:
    text = re.sub(r"in \d+\.\d\d s\b", "in N s", text)
    text = re.sub(r"in 2 min( \d+ s)?\)", "in 2 min)", text)
    text = re.sub(r'"seconds": \d+\.\d+', '"seconds": N', text)
    text = re.sub(r"127\.0\.0\.1:\d+", "127.0.0.1:PORT", text)
    return re.sub(r"\b(sess|req)_\w{8,}", r"\1_ID", text)


def at(server: Scripted, folder: Path) -> Path:
    provider = (
        f"{{kind: compatible, url: {server.url}, api: client_secrets, key: {{env: THE_KEY}}}}"
    )
    return write(folder, {"environments/live.yaml": f"provider: {provider}\n"})


def changing(noise: Any = None, expires_in: int = 600) -> Script:
    """A service that turns noise reduction off, drops the language and gives other lifetimes."""
    session = {
        "type": "transcription",
        "audio": {
            "input": {
                "transcription": {"model": "gpt-transcribe-2026-06-01"},
                "noise_reduction": noise,
                "turn_detection": {
                    "type": "server_vad",
                    "threshold": 0.6,
                    "prefix_padding_ms": 300,
                },
            }
        },
    }
    content = {"value": "ek_canary123", "expires_at": int(NOW) + expires_in, "session": session}
    headers = {"x-request-id": "req_7", "Date": "Fri, 15 Jan 2027 08:00:00 GMT"}
    return each(said(content, headers=headers))


def test_on_the_emulator(project: Path, snapshot: SnapshotAssertion) -> None:
    assert str(tried(project, "-e", "local")) == snapshot
    assert str(tried(project, "-e", "local", "--api", "client_secrets", "-o", "json")) == snapshot


def test_what_a_service_changes_is_a_warning(project: Path, snapshot: SnapshotAssertion) -> None:
    with Scripted(changing()) as server:
        found = tried(at(server, project), "-e", "live")
        strict = tried(project, "-e", "live", "--strict")
    assert str(found) == snapshot
    assert (found.code, strict.code) == (0, 1)


def test_json_keeps_null_and_absent_apart(project: Path) -> None:
    with Scripted(changing()) as server:
        environ = {"PATH": os.environ["PATH"], **KEY}
        shown = ran(
            at(server, project), "try", "clinic", "-e", "live", "-o", "json", environ=environ
        )
    found = json.loads(shown.out)
    echo = {one["path"]: one for one in found["echo"]}
    noise = echo["input_audio_noise_reduction"]
    assert (noise["asked"], noise["answered"]) == ({"type": "near_field"}, None)
    assert "answered" not in echo["input_audio_transcription.language"]
    assert "asked" not in echo["turn_detection.prefix_padding_ms"]
    assert noise["at"] == {"file": "profiles/clinic.yaml", "line": 3, "column": 32}
    codes = [(one["code"], one["path"]) for one in found["problems"]]
    assert codes == [
        ("echo-ignored", "input_audio_transcription.language"),
        ("echo-changed", "input_audio_noise_reduction"),
        ("echo-changed", "expires_after.seconds"),
    ]
    assert (found["version"], found["status"], found["error"]) == (1, 200, None)


def test_a_refusal_shows_the_line_that_it_is_about(
    project: Path, snapshot: SnapshotAssertion
) -> None:
    error = {"message": "Unsupported model", "param": "session.audio.input.transcription.model"}
    with Scripted(each(said({"error": error}, 400))) as server:
        assert str(tried(at(server, project), "-e", "live")) == snapshot


def test_what_is_no_json_is_not_repeated(project: Path, snapshot: SnapshotAssertion) -> None:
    with Scripted(each(Answered(200, b"<html>ek_canary123</html>"))) as server:
        assert str(tried(at(server, project), "-e", "live")) == snapshot


def test_quiet_says_only_what_went_wrong(project: Path) -> None:
    assert tried(project, "-e", "local", "-q") == (0, "", "")
    with Scripted(changing()) as server:
        found = tried(at(server, project), "-e", "live", "-q")
    assert found.out == ""
    assert "echo-changed" in found.err


def test_no_token_is_ever_shown(project: Path) -> None:
    with Scripted(changing()) as server, Emulator(Options(clock=lambda: NOW)) as emulator:
        at(server, project)
        url = f"provider: {{kind: emulator, url: '{emulator.url}'}}\n"
        write(project, {"environments/away.yaml": url})
        for environment in ("local", "live", "away"):
            for output in ("text", "json"):
                found = tried(project, "-e", environment, "-o", output, "-v")
                assert found.code == 0
                assert "ek_" not in found.out + found.err
                assert "sk-canary" not in found.out + found.err


@pytest.mark.parametrize("arguments", [("-e", "local", "-e", "local"), ()])
def test_it_needs_one_environment(project: Path, arguments: tuple[str, ...]) -> None:
    assert tried(project, *arguments).code == 64


def test_a_mint_warns_of_each_change_once(project: Path, snapshot: SnapshotAssertion) -> None:
    sinks = "sinks: [{kind: dotenv, path: .env.live, allow_unignored: true}]\n"
    with Scripted(changing({"type": "near_field"}, 120)) as server:
        at(server, project)
        text = (project / "environments/live.yaml").read_text()
        write(
            project,
            {
                "environments/live.yaml": text + sinks,
                "profiles/ward.yaml": FILES["profiles/clinic.yaml"],
            },
        )
        environ = {"PATH": os.environ["PATH"], **KEY}
        found = ran(
            project,
            *("mint", "-e", "live", "-o", "json", "--concurrency", "1"),
            environ=environ,
        )
    assert found.code == 0
    content = json.loads(found.out)
    [problem] = content["problems"]
    assert (problem["code"], problem["path"]) == (
        "echo-ignored",
        "input_audio_transcription.language",
    )
    assert problem["affects"] == [["clinic", "live"], ["ward", "live"]]
    assert steady(found.err) == snapshot
