"""Every kind of provider, each minted at what answers as it does: one profile serves them all."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.engine.mints import NOW, Desk, desk, only
from tests.engine.scripted import Asked, Scripted, each, minted
from voxmint.engine.emulator import Emulator, Options
from voxmint.engine.providers import PROVIDERS
from voxmint.engine.report import Report
from voxmint.secret import Secret

AZURE_KEY = "0123456789abcdefghijklmnopqrstuv"
WEB_TOKEN = "eyJhbGciOiJub25lIn0.eyJzdWIiOiJjbGluaWMifQ.c2lnbmF0dXJl"
DEPLOYED = {"ward": "gpt-live-transcribe"}
MAPPED = "deployments: {gpt-live-transcribe: ward}"


def minted_at(folder: Path, emulator: Emulator, provider: str, key: str) -> tuple[Desk, Report]:
    """A project that mints there, and what came of it."""
    made = desk(folder, provider=provider.replace("URL", emulator.url))
    made.environ |= {"THE_KEY": key, "VOXMINT_ALLOW_HOSTS": "127.0.0.1"}
    return made, made.mint()


@contextmanager
def serving(service: str, key: str, **others: Any) -> Iterator[Emulator]:
    with Emulator(
        Options(service=service, key=Secret(key), clock=lambda: NOW, **others)
    ) as emulator:
        yield emulator


@pytest.mark.parametrize("key", [AZURE_KEY, WEB_TOKEN])
def test_azure_takes_a_key_or_a_token_and_deployments(tmp_path: Path, key: str) -> None:
    with serving("azure", key, deployments=DEPLOYED) as emulator:
        provider = f"{{kind: azure, url: 'URL', key: {{env: THE_KEY}}, {MAPPED}}}"
        made, report = minted_at(tmp_path, emulator, provider, key)
    assert only(report).outcome == "minted"
    assert made.variables["CLINIC_CLIENT_SECRET"].startswith("ek_")


def test_azures_path_is_added_to_a_resources_bare_address(tmp_path: Path) -> None:
    with serving("azure", AZURE_KEY) as emulator:
        bare = emulator.url.removesuffix("/openai/v1")
        for url in (bare, f"{bare}/", f"{bare}/openai/v1", f"{bare}/openai/v1/"):
            provider = f"{{kind: azure, url: '{url}', key: {{env: THE_KEY}}}}"
            made = desk(tmp_path, provider=provider)
            made.environ |= {"THE_KEY": AZURE_KEY, "VOXMINT_ALLOW_HOSTS": "127.0.0.1"}
            assert only(made.mint(force=True)).outcome == "minted"


def test_a_model_that_azure_does_not_know_fails_alone(tmp_path: Path) -> None:
    with serving("azure", AZURE_KEY, deployments=DEPLOYED) as emulator:
        provider = "{kind: azure, url: 'URL', key: {env: THE_KEY}}"
        _, report = minted_at(tmp_path, emulator, provider, AZURE_KEY)
    problem = only(report).problem
    assert problem is not None
    assert "404 DeploymentNotFound" in problem.message
    assert problem.hint == (
        "`provider.deployments` in the environment's file says which deployment is sent for a model"
    )


@pytest.mark.parametrize("api", ["transcription_sessions", "client_secrets"])
def test_a_gateway_serves_both_endpoints(tmp_path: Path, api: str) -> None:
    with serving("gateway", AZURE_KEY) as emulator:
        provider = f"{{kind: compatible, url: 'URL', api: {api}, key: {{env: THE_KEY}}}}"
        made, report = minted_at(tmp_path, emulator, provider, AZURE_KEY)
    assert only(report).outcome == "minted"
    # A gateway's token has a form of its own.
    assert not made.variables["CLINIC_CLIENT_SECRET"].startswith("ek_")


def test_openai_serves_the_nested_endpoint(tmp_path: Path) -> None:
    with serving("openai", AZURE_KEY, retired=frozenset({"transcription_sessions"})) as emulator:
        provider = "{kind: openai, url: 'URL', key: {env: THE_KEY}}"
        _, report = minted_at(tmp_path, emulator, provider, AZURE_KEY)
    assert only(report).outcome == "minted"


def sent(folder: Path, provider: str) -> Asked:
    """What a mint of the same profile sends to this provider."""
    with Scripted(each(minted())) as server:
        made = desk(folder, provider=provider.replace("URL", server.url))
        made.environ |= {"VOXMINT_ALLOW_HOSTS": "127.0.0.1"}
        made.environ |= dict.fromkeys(("THE_KEY", "OPENAI_API_KEY"), AZURE_KEY)
        made.environ["AZURE_OPENAI_API_KEY"] = AZURE_KEY
        made.mint()
        [asked] = server.asked
    return asked


def test_one_profile_is_sent_to_all_but_for_its_model(tmp_path: Path) -> None:
    kinds = ("openai", "azure", "compatible")
    providers = (f"{{kind: {kind}, url: 'URL', api: client_secrets}}" for kind in kinds)
    openai, azure, compatible = (json.loads(sent(tmp_path, one).body) for one in providers)
    mapped = sent(tmp_path, f"{{kind: azure, url: 'URL', {MAPPED}}}")
    assert openai == azure == compatible
    assert model_in(openai) == "gpt-live-transcribe"
    assert model_in(json.loads(mapped.body)) == "ward"
    assert (
        mapped.body.replace(b"ward", b"gpt-live-transcribe")
        == json.dumps(openai, separators=(",", ":")).encode()
    )


def model_in(body: Mapping[str, Any]) -> str:
    return str(body["session"]["audio"]["input"]["transcription"]["model"])


@pytest.mark.parametrize("kind", ["openai", "azure", "compatible", "emulator"])
def test_each_kind_can_send_headers_of_its_own(tmp_path: Path, kind: str) -> None:
    named = "organization: org-1, project: proj_1, safety_identifier: ward-7"
    asked = sent(tmp_path, f"{{kind: {kind}, url: 'URL', {named}, headers: {{X-Team: clinic}}}}")
    names = ("openai-organization", "openai-project", "openai-safety-identifier", "x-team")
    assert [asked.headers[name] for name in names] == ["org-1", "proj_1", "ward-7", "clinic"]


@pytest.mark.parametrize(
    ("kind", "header"),
    [
        ("openai", ("authorization", f"Bearer {AZURE_KEY}")),
        ("azure", ("api-key", AZURE_KEY)),
        ("compatible", None),
        ("emulator", ("authorization", "Bearer emulator")),
    ],
)
def test_each_kind_has_its_own_header_for_the_key(
    tmp_path: Path, kind: str, header: tuple[str, str] | None
) -> None:
    asked = sent(tmp_path, f"{{kind: {kind}, url: 'URL'}}")
    found = {name: asked.headers.get(name) for name in ("authorization", "api-key")}
    expected = dict.fromkeys(found) | ({header[0]: header[1]} if header else {})
    assert found == expected


@pytest.mark.parametrize("key", ["eyJhbGciOiJub25lIn0", "eyJ.not a token", f"{AZURE_KEY}.eyJ"])
def test_what_only_begins_like_a_token_is_a_key(key: str) -> None:
    assert PROVIDERS["azure"].header(Secret(key)) == (b"api-key", key.encode())
