"""What a check of the files alone says of providers and sinks, as on a stranger's pull request."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.engine.mints import desk
from voxmint.engine.checks import settings_problems

GATEWAY = "{kind: compatible, url: 'https://gateway.example/v1'}"


def codes(
    root: Path,
    provider: str = "{kind: emulator}",
    sinks: str = "[]",
    profiles: tuple[str, ...] = ("clinic",),
    environ: Mapping[str, str] | None = None,
) -> list[str]:
    made = desk(root, profiles, provider, f"sinks: {sinks}\n")
    environments = made.project.compile_all().environments.values()
    found = settings_problems(made.root, environments, environ or {})
    return sorted({problem.code for problem in found})


@pytest.mark.parametrize(
    ("sinks", "code"),
    [
        ("[{kind: dotnev, path: .env}]", "sink-unknown"),
        ("[{kind: dotenv}]", "missing-key"),
        ("[{kind: dotenv, path: .env, pth: x}]", "unknown-key"),
        ("[{kind: dotenv, path: ../.env}]", "path-outside"),
        ("[{kind: dotenv, path: profiles/base.yaml}]", "path-reserved"),
        ("[{kind: dotenv, path: .env, mode: 0777}]", "bad-setting"),
    ],
)
def test_a_sink_that_cannot_work(tmp_path: Path, sinks: str, code: str) -> None:
    assert codes(tmp_path, sinks=sinks) == [code]


def test_names_that_clash_or_are_none(tmp_path: Path) -> None:
    sinks = "[{kind: dotenv, path: .env}]"
    found = codes(tmp_path, sinks=sinks, profiles=("a-b", "a_b", "9lives"))
    assert found == ["sink-name-clash", "sink-name-invalid"]


@pytest.mark.parametrize(
    ("provider", "code"),
    [
        ("{kind: emulator, url: 'http://10.0.0.1/v1'}", "host-not-loopback"),
        ("{kind: openai, url: 'https://openai.example/v1'}", "host-not-allowed"),
        ("{kind: compatible, url: 'http://gateway.example/v1'}", "host-needs-tls"),
        (GATEWAY.replace("}", ", headers: {Authorization: x}}"), "header-refused"),
    ],
)
def test_a_provider_that_no_operator_could_allow(tmp_path: Path, provider: str, code: str) -> None:
    assert codes(tmp_path, provider) == [code]


def test_other_hosts_are_held_against_those_that_the_operator_names(tmp_path: Path) -> None:
    named = {"VOXMINT_ALLOW_HOSTS": "gateway.example"}
    other = {"VOXMINT_ALLOW_HOSTS": "elsewhere.example"}
    assert codes(tmp_path, GATEWAY) == []
    assert codes(tmp_path, GATEWAY, environ=named) == []
    assert codes(tmp_path, GATEWAY, environ=other) == ["host-not-allowed"]


def test_nothing_is_made(tmp_path: Path) -> None:
    codes(tmp_path, sinks="[{kind: dotenv, path: .env}]")
    assert not (tmp_path / "project/.voxmint").exists()
