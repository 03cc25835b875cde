"""`voxmint try`, against the emulator and against servers that do something else."""

import base64
import json
import os
import re
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from syrupy.assertion import SnapshotAssertion

from tests.cli.running import Ran, ran, write
from tests.engine.scripted import Answered, Script, Scripted, each, refused, said
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


def test_what_the_body_has_no_place_for_is_told(project: Path, snapshot: SnapshotAssertion) -> None:
    text = FILES["profiles/base.yaml"].replace("session:", "session:\n  modalities: [text]")
    write(project, {"profiles/base.yaml": text})
    nested = ("-e", "local", "--api", "client_secrets")
    assert str(tried(project, *nested)) == snapshot
    codes = [
        tried(project, *nested, "--strict").code,
        tried(project, "-e", "local", "--strict").code,
    ]
    assert codes == [1, 0]
    shown = ran(project, "try", "clinic", *nested, "-o", "json", environ=dict(os.environ))
    content = json.loads(shown.out)
    [found] = [one for one in content["echo"] if one["fate"] == "left-out"]
    assert (found["path"], found["asked"], found["at"]["line"]) == ("modalities", ["text"], 3)
    assert "answered" not in found


def test_what_is_left_out_tells_nothing_of_the_session(project: Path) -> None:
    text = FILES["profiles/base.yaml"].replace("session:", "session:\n  modalities: [text]")
    write(project, {"profiles/base.yaml": text})
    content = {"value": "ek_canary123", "expires_at": int(NOW) + 600}
    with Scripted(each(said(content))) as server:
        found = tried(at(server, project), "-e", "live")
    assert "left out" in found.out
    assert "the answer says nothing of the session, so nothing can be compared" in found.out
    assert "echo-absent" in found.err


def test_a_clock_that_is_off_is_named_beside_the_moment(project: Path) -> None:
    with Scripted(changing()) as server:
        at(server, project)
        environ = {"PATH": os.environ["PATH"], **KEY}
        said = {
            ahead: ran(project, *TRY, environ=environ, now=NOW - ahead).out
            for ahead in (-3600, 0, 3600)
        }
    clock = "by the service's clock, which is"
    assert f"08:10 (in 10 min) {clock} 1 h ahead of this machine's; it was written" in said[3600]
    assert re.search(rf"08:10 \(in .*\) {clock} .* behind this machine's; it was", said[-3600])
    assert clock not in said[0]


def test_an_answer_without_a_token_shows_the_settings_all_the_same(project: Path) -> None:
    heard = {"model": "gpt-4o-mini-transcribe", "language": "en"}
    session: dict[str, Any] = {"input_audio_transcription": heard}
    session |= {"input_audio_noise_reduction": {"type": "near_field"}, "client_secret": None}
    session["object"] = "realtime.transcription_session"
    odd = {"a" * 30: 1, "b" * 30: 2}
    with Scripted(each(said({**session, **odd}))) as server:
        shown = ran(at(server, project), *TRY, "-o", "json", environ={**os.environ, **KEY})
    answer = json.loads(shown.out)["answer"]
    assert answer == {**session, "…": 1, "……": 2}


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


def test_a_refusal_says_how_long_to_wait(project: Path) -> None:
    refusal = refused(429, None, "later", Retry_After="90")
    by_date = refused(503, None, "later", Retry_After="Fri, 15 Jan 2027 08:01:30 GMT")
    with Scripted(each(refusal, by_date)) as server:
        at(server, project)
        environ = {"PATH": os.environ["PATH"], **KEY}
        both = [ran(project, *TRY, environ=environ, now=NOW) for _ in range(2)]
    for found in both:
        assert found.code == 1
        assert "the service asks to wait 1 min 30 s: run it again then" in found.err


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


# ── what an answer may not show, and may not break ───────────────────────────────────────────────

ODD = "Odd.token~Qx7Zp/4"
"""A token of no known form, such as a gateway's."""
TRY = ("try", "clinic", "-e", "live")
IN_BASE64 = base64.b64encode(f"Bearer {ODD}".encode()).decode()
WELL: list[dict[str, Any]] = [
    {"session": {"id": ODD, "token": [ODD]}},
    {"session": {"audio": {"input": {"transcription": {"model": ODD, "prompt": f"use {ODD}"}}}}},
    {"token": ODD, "more": [{"note": f"use {ODD}", ODD: 1}, ODD]},
    {"quoted": quote(ODD, safe=""), "coded": IN_BASE64},
]
BROKEN: list[Any] = [
    {"token": ODD},
    {"client_secret": {"token": ODD, "expires_at": 7}},
    {"client_secret": [ODD]},
    {"value": {"x": ODD}, "expires_at": 7},
    {"access_token": ODD, "apiKey": ODD, "ephemeral_key": {"id": ODD}},
    {"note": f"the token is {ODD}"},
    {"value": ODD, "expires_at": 1},
    [ODD],
    ODD,
]


@pytest.mark.parametrize("output", ["text", "json"])
@pytest.mark.parametrize(("codes", "content"), [*((0, c) for c in WELL), *((1, c) for c in BROKEN)])
def test_no_token_of_an_odd_form_is_shown(
    project: Path, output: str, codes: int, content: Any
) -> None:
    if not codes:
        content = {"value": ODD, "expires_at": int(NOW) + 600, "session": {}, **content}
    # Where no token is found, the id is shown as it is but for the key: support asks for it.
    token = "" if codes else ODD
    headers = {"x-request-id": f"req/{token}/{KEY['THE_KEY']}"}
    with Scripted(each(said(content, headers=headers))) as server:
        found = ran(at(server, project), "-v", *TRY, "-o", output, environ={**os.environ, **KEY})
    assert found.code == codes, found.err
    shown = found.out + found.err
    for secret in (ODD, quote(ODD, safe=""), IN_BASE64[12:-4], KEY["THE_KEY"]):
        assert secret not in shown
    assert "req/" in shown


NUMBERS = ["1" + "0" * 400, "-1" + "0" * 400, "Infinity", "NaN", "1e999", "true", '"0.6"', "[0.6]"]


@pytest.mark.parametrize("number", NUMBERS)
def test_an_odd_number_is_a_change_and_no_more(project: Path, number: str) -> None:
    answer = json.dumps(
        {
            "value": ODD,
            "expires_at": int(NOW) + 600,
            "session": {"audio": {"input": {"turn_detection": {"threshold": 4711}}}},
        }
    )
    content = answer.replace("4711", number).encode()
    with Scripted(each(Answered(200, content))) as server:
        found = ran(at(server, project), *TRY, "-o", "json", environ={**os.environ, **KEY})
    assert found.code == 0, found.err

    def no_json(word: str) -> Any:
        raise AssertionError(word)

    echo = json.loads(found.out, parse_constant=no_json)["echo"]
    [fate] = [one["fate"] for one in echo if one["path"] == "turn_detection.threshold"]
    assert fate == "changed"


@pytest.mark.parametrize("levels", [35, 300, 480, 900])
@pytest.mark.parametrize("where", ["beside", "prompt"])
def test_a_deep_answer_is_shown_as_far_as_it_makes_sense(
    project: Path, levels: int, where: str
) -> None:
    deep: Any = ODD
    for _ in range(levels):
        deep = [deep]
    session = {"audio": {"input": {"transcription": {"prompt": deep}}}} if where == "prompt" else {}
    content = {"value": ODD, "expires_at": int(NOW) + 600, "session": session, "beside": deep}
    with Scripted(each(said(content))) as server:
        found = ran(at(server, project), *TRY, "-o", "json", environ={**os.environ, **KEY})
    assert found.code == 0, found.err
    assert json.loads(found.out)["answer"]["expires_at"] == int(NOW) + 600
    assert ODD not in found.out + found.err
