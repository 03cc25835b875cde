"""`voxmint emulator`: its options, at the command line, and a real mint among its faults."""

import gc
import io
import json
import os
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC
from pathlib import Path
from typing import Any

import pytest
from syrupy.assertion import SnapshotAssertion

from tests.cli.running import NOW, environment, ran, write
from tests.cli.test_mint import FILES
from tests.engine.worlds import new_repository
from voxmint.cli.emulator import Options as CommandOptions, emulate
from voxmint.cli.world import World
from voxmint.engine.emulator import Emulator, Options, faults_of
from voxmint.engine.emulator.effects import KINDS

SESSION = {"session": {"type": "transcription"}}


class Looking(threading.Event):
    """Ends a server at once, and looks how often garbage is collected while it runs."""

    seen = 0

    def wait(self, timeout: float | None = None) -> bool:  # noqa: ARG002  # threading.Event names it so
        self.seen = gc.get_threshold()[0]
        return True


def test_a_server_collects_garbage_more_often_than_other_commands(tmp_path: Path) -> None:
    usual, looking, out = gc.get_threshold(), Looking(), io.StringIO()
    world = World(io.StringIO(), out, out, {}, tmp_path, lambda: NOW, UTC)
    gc.set_threshold(200_000)
    try:
        assert emulate(CommandOptions(port=0, stop=looking), world) == 0
        assert gc.get_threshold()[0] == 200_000
    finally:
        gc.set_threshold(*usual)
    assert looking.seen <= 10_000


class Told:
    """What an emulator that runs as a process has written so far, and its URL."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.log = ""


@contextmanager
def emulating(folder: Path, *arguments: str) -> Iterator[Told]:
    """Runs the command; afterwards what it has logged is there."""
    with subprocess.Popen(
        [sys.executable, "-m", "voxmint", "emulator", "--port", "0", *arguments],
        cwd=folder,
        env=environment(folder),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as running:
        assert running.stdout is not None
        told = Told(running.stdout.readline().strip())
        try:
            yield told
        finally:
            running.terminate()
            _, told.log = running.communicate(timeout=120)
    assert running.returncode == 0


def asked(url: str, body: object = None, method: str = "POST", **headers: str) -> tuple[int, Any]:
    """The status and the content of what is answered."""
    sent = {"Content-Type": "application/json"} | {
        name.replace("_", "-"): value for name, value in headers.items()
    }
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, sent, method=method)
    try:
        with urllib.request.urlopen(request, timeout=120) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as refused:
        with refused:
            return refused.code, json.load(refused)


# ── options ──────────────────────────────────────────────────────────────────────────────────────


def test_the_kinds_of_faults_are_listed(tmp_path: Path, snapshot: SnapshotAssertion) -> None:
    found = ran(tmp_path, "emulator", "--list-faults")

    assert str(found) == snapshot
    assert all(len(line) <= 100 for line in found.out.splitlines())


def test_the_kinds_of_faults_as_data(tmp_path: Path) -> None:
    content = json.loads(ran(tmp_path, "emulator", "--list-faults", "-o", "json").out)
    assert content["version"] == 1
    assert [one["kind"] for one in content["kinds"]] == list(KINDS)
    named = {one["kind"]: one for one in content["kinds"]}
    assert named["late"]["needs_argument"]
    assert named["late"]["argument"] == "SECONDS"
    assert (named["garbage"]["argument"], named["429"]["needs_argument"]) == (None, False)
    assert content["selectors"][0]["selector"] == "every"
    assert content["selectors"][0]["value"] == "N"
    assert all(one["about"] for part in ("kinds", "selectors") for one in content[part])


def test_the_base_url_as_data(tmp_path: Path) -> None:
    with emulating(tmp_path, "-o", "json") as told:
        content = json.loads(told.url)
        assert content["version"] == 1
        assert asked(f"{content['url']}/emulator", method="GET")[0] == 200


@pytest.mark.parametrize(
    "arguments",
    [
        "--fault nope",
        "--fault quote --fault 500 --fault slow-body --fault html:9@every=2",
        "--azure --gateway",
        "--burst 5",
        "--requests-per-minute 0",
        "--requests-per-minute nan",
        "--requests-per-minute 60 --burst 0",
        "--deployment =gpt-4o-transcribe",
        "--seed-endpoint gone",
        "--host 0.0.0.0",
        "--latency -1",
    ],
)
def test_what_cannot_be_is_refused(
    tmp_path: Path, arguments: str, snapshot: SnapshotAssertion
) -> None:
    found = ran(tmp_path, "emulator", "--port", "0", *arguments.split())

    assert found.code == 64
    assert str(found) == snapshot


def test_azure_with_a_deployment_a_limit_and_a_fault(tmp_path: Path) -> None:
    with emulating(
        tmp_path,
        *("--azure", "--key", "made-up", "--deployment", "clinic=gpt-realtime-whisper"),
        *("--requests-per-minute", "0.001", "--burst", "3"),
        *("--fault", "503:retry-after=1@profile=ward-1"),
    ) as emulator:
        url = f"{emulator.url}/realtime/client_secrets"
        transcription = {"model": "clinic"}
        body = {
            "session": {
                "type": "transcription",
                "audio": {"input": {"transcription": transcription}},
            }
        }
        found = [
            asked(url, body, api_key="made-up", X_Client_Request_Id="run/ward-1"),
            asked(url, body, api_key="made-up"),
            asked(url, SESSION, Authorization="Bearer made-up"),
            asked(url, SESSION, api_key="another"),
        ]
        transcription["model"] = "another"
        found.append(asked(url, body, api_key="made-up", X_Client_Request_Id="run/ward-2"))
        found.append(asked(url, SESSION, api_key="made-up"))
        root = emulator.url.removesuffix("/openai/v1")
        _, counts = asked(f"{root}/_emulator/counts", method="GET")

    assert [status for status, _ in found] == [503, 200, 200, 401, 404, 429]
    assert found[1][1]["session"]["audio"]["input"]["transcription"]["model"] == "clinic"
    assert found[3][1]["error"].keys() == {"code", "message"}
    assert found[4][1]["error"]["code"] == "DeploymentNotFound"
    assert (counts["requests"], counts["minted"]) == (6, 2)
    assert (counts["faults"], counts["refused"]["rate_limit"]) == ({"503": 1}, 1)
    [first, *others] = emulator.log.splitlines()
    assert first.endswith("  fault 503")
    assert not [line for line in others if "fault" in line]


def test_a_gateway_without_the_older_endpoint_and_without_control(tmp_path: Path) -> None:
    with emulating(
        tmp_path, "--gateway", "--seed-endpoint", "retired", "--no-control", "--latency", "1"
    ) as emulator:
        gone = asked(
            f"{emulator.url}/realtime/transcription_sessions", {}, Authorization="Bearer k"
        )
        served = asked(f"{emulator.url}/realtime/client_secrets", SESSION, Authorization="Bearer k")
        control = asked(f"{emulator.url.removesuffix('/v1')}/_emulator/counts", method="GET")

    assert (gone[0], served[0], control[0]) == (404, 200, 404)
    assert "Invalid URL (POST /v1/realtime/transcription_sessions)" in gone[1]["error"]["message"]
    assert not served[1]["value"].startswith("ek_")


# ── a mint among faults ──────────────────────────────────────────────────────────────────────────


def mint_at(folder: Path, url: str) -> Any:
    """What a mint of six profiles says, and its exit code."""
    write(folder, FILES)
    new_repository(folder)
    path = folder / "environments/local.yaml"
    path.write_text(path.read_text().replace("emulator}", f"emulator, url: '{url}'}}"))
    found = ran(folder, *"mint -e local -o json".split(), environ={"PATH": os.environ["PATH"]})
    return found.code, json.loads(found.out)


def test_a_mint_names_its_profiles_to_the_emulator(tmp_path: Path) -> None:
    faults = faults_of(("400@profile=ward-3", "429:retry-after-ms=1@profile=ward-5,times=1"))
    with Emulator(Options(faults=faults, clock=lambda: NOW)) as emulator:
        code, report = mint_at(tmp_path, emulator.url)

    results = {one["profile"]: (one["outcome"], one["attempts"]) for one in report["results"]}
    assert results == {
        **{f"ward-{number}": ("minted", 1) for number in (1, 2, 4, 6)},
        "ward-3": ("failed", 1),
        "ward-5": ("minted", 2),
    }
    assert code == 3
    assert (tmp_path / ".env.local").read_text().count("_CLIENT_SECRET=ek_") == 5
