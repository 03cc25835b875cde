"""LiteLLM's proxy as the gateway that an environment names, with the emulator behind it."""

import json
import os
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import pytest

from tests.cli.running import Ran, process, write
from voxmint.engine.emulator import Emulator, Options
from voxmint.secret import Secret

pytestmark = pytest.mark.gateway

UPSTREAM_KEY = "sk-upstream-0123456789abcdef"
GATEWAY_KEY = "sk-gateway-0123456789abcdef"
FILES = {
    "voxmint.yaml": "version: 1\n",
    ".gitignore": ".env.*\n",
    "profiles/clinic.yaml": """\
session:
  input_audio_transcription: {model: gpt-transcribe, language: en}
  turn_detection: null
expires_after: {seconds: 120}
""",
    "profiles/hotline.yaml": """\
session:
  input_audio_transcription: {model: gpt-transcribe}
  turn_detection: {type: server_vad, threshold: 0.6}
""",
}
_LONGEST_START = 180.0
"""Seconds that the proxy may take to begin: it imports a great deal."""


@pytest.fixture(scope="module")
def emulator() -> Iterator[Emulator]:
    with Emulator(Options(key=Secret(UPSTREAM_KEY))) as one:
        yield one


@pytest.fixture(scope="module")
def gateway(emulator: Emulator, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a proxy that was started for the tests."""
    folder = tmp_path_factory.mktemp("gateway")
    config = {
        "model_list": [
            {
                "model_name": "gpt-transcribe",
                "litellm_params": {
                    "model": "openai/gpt-transcribe",
                    "api_base": emulator.url,
                    "api_key": UPSTREAM_KEY,
                },
            }
        ],
        "general_settings": {"master_key": GATEWAY_KEY},
    }
    # YAML takes JSON as it is.
    (folder / "config.yaml").write_text(json.dumps(config))
    port = free_port()
    options = ("--config", folder / "config.yaml", "--host", "127.0.0.1", "--port", str(port))
    known = {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "LITELLM_LOCAL_MODEL_COST_MAP": "True",
        "OPENAI_API_KEY": UPSTREAM_KEY,
        # The route that passes everything through puts `/v1` behind it.
        "OPENAI_API_BASE": emulator.url.removesuffix("/v1"),
    }
    with (folder / "log").open("wb") as log:
        started = subprocess.Popen(
            [os.environ["LITELLM"], *map(str, options)], env=known, stdout=log, stderr=log
        )
    try:
        address = f"http://127.0.0.1:{port}"
        wait_for(f"{address}/health/liveliness", started, folder / "log")
        yield address
    finally:
        started.kill()
        started.wait()


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
        return port


def wait_for(url: str, started: "subprocess.Popen[bytes]", log: Path) -> None:
    end = time.monotonic() + _LONGEST_START
    while time.monotonic() < end and started.poll() is None:
        try:
            urlopen(url, timeout=5).close()
        except (URLError, OSError):
            time.sleep(0.5)
        else:
            return
    pytest.fail(f"the proxy did not begin:\n{log.read_text(errors='replace')[-4000:]}")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = write(tmp_path / "project", FILES)
    subprocess.run(["git", "init", "--quiet", folder], check=True)
    return folder


def minted(
    folder: Path, base: str, api: str, *arguments: str, command: str = "mint", **variables: str
) -> Ran:
    """A command on the environment `live`, which asks the gateway at a base URL."""
    environment = f"""\
provider: {{kind: compatible, url: {base}, api: {api}, key: {{env: GATEWAY_KEY}}}}
sinks: [{{kind: dotenv, path: .env.live}}]
"""
    write(folder, {"environments/live.yaml": environment})
    known = {"GATEWAY_KEY": GATEWAY_KEY, "VOXMINT_ALLOW_HOSTS": "127.0.0.1", **variables}
    found = process(folder, command, *arguments, "-e", "live", "-o", "json", **known)
    for secret in (GATEWAY_KEY, UPSTREAM_KEY, *tokens(folder)):
        assert secret not in found.out + found.err
    return found


def tokens(folder: Path) -> list[str]:
    """The tokens in the env file, if there is one."""
    path = folder / ".env.live"
    lines = path.read_text().splitlines() if path.exists() else []
    return [line.partition("=")[2] for line in lines if "_CLIENT_SECRET=" in line]


def test_the_typed_nested_route(project: Path, gateway: str) -> None:
    found = minted(project, f"{gateway}/v1", "client_secrets")
    assert found.code == 0, found.err
    content = json.loads(found.out)
    assert [one["outcome"] for one in content["results"]] == ["minted", "minted"]
    # Nothing was changed on the way, null included.
    assert content["problems"] == []
    # The proxy hands on a token of its own.
    assert len(tokens(project)) == 2
    assert not any(token.startswith("ek_") for token in tokens(project))


def test_the_typed_flat_route_drops_null_and_the_echo_check_sees_it(
    project: Path, gateway: str
) -> None:
    found = minted(project, f"{gateway}/v1", "transcription_sessions")
    assert found.code == 0, found.err
    content = json.loads(found.out)
    [problem] = [one for one in content["problems"] if one["path"] == "turn_detection"]
    assert problem["code"] == "echo-changed"
    assert problem["at"] == {"file": "profiles/clinic.yaml", "line": 3, "column": 19}
    assert problem["affects"] == [["clinic", "live"]]
    assert len(tokens(project)) == 2


@pytest.mark.parametrize(
    ("api", "problems"),
    [
        ("client_secrets", []),
        # It takes the lifetime out of the flat body, which the echo check sees.
        ("transcription_sessions", [("echo-changed", "expires_after.seconds")]),
    ],
)
def test_the_route_that_passes_everything_through(
    project: Path, gateway: str, api: str, problems: list[tuple[str, str]]
) -> None:
    found = minted(project, f"{gateway}/openai_passthrough/v1", api)
    assert found.code == 0, found.err
    told = [(one["code"], one["path"]) for one in json.loads(found.out)["problems"]]
    assert told == problems
    assert [token[:3] for token in tokens(project)] == ["ek_", "ek_"]


def test_a_trial_shows_what_the_gateway_makes_of_it(project: Path, gateway: str) -> None:
    found = minted(project, f"{gateway}/v1", "client_secrets", "clinic", command="try")
    assert found.code == 0, found.err
    content = json.loads(found.out)
    assert {one["fate"] for one in content["echo"]} <= {"kept", "filled"}
    assert content["answer"]["value"] == "…"


def test_an_error_that_the_gateway_folds_is_told(project: Path, gateway: str) -> None:
    # The gateway is not the emulator: it takes what voxmint would refuse to send, and is refused.
    write(project, {"profiles/clinic.yaml": "session: {input_audio_transcription: {model: m}}\n"})
    found = minted(project, f"{gateway}/v1", "client_secrets", "clinic")
    assert found.code == 1
    [result] = json.loads(found.out)["results"]
    assert result["error"]["code"] in {"mint-refused", "mint-endpoint-missing"}
    assert result["attempts"] == 1


def test_a_key_that_the_gateway_does_not_know_mints_nothing(project: Path, gateway: str) -> None:
    known = {"GATEWAY_KEY": "sk-another-0123456789"}
    found = minted(project, f"{gateway}/v1", "client_secrets", **known)
    assert found.code == 1
    assert {one["outcome"] for one in json.loads(found.out)["results"]} <= {"failed", "skipped"}
    assert "sk-another" not in found.out + found.err
    assert tokens(project) == []
