"""The settings of environments: what they may be, and where what is wrong stands."""

import json
from typing import Any

import pytest
from hypothesis import given, strategies as st

from tests.profiles.laws import law
from tests.sources import codes, compiled, marked
from voxmint.profiles.compiled import CompiledEnvironment
from voxmint.profiles.endpoints import APIS, DEFAULT_API, KINDS, asked_api
from voxmint.profiles.settings import Key, Mint, Provider


def environment(provider: str, mint: str = "{}") -> CompiledEnvironment:
    compilation = compiled({"p": "{}"}, {"e": f"provider: {provider}\nmint: {mint}\n"})
    assert compilation.errors == ()
    return compilation.environments["e"]


def wrong(provider: str, mint: str = "{}") -> list[tuple[str, str]]:
    text = f"provider: {provider}\nmint: {mint}\n"
    errors = compiled({"p": "{}"}, {"e": text}).errors
    return [(one.code, marked({"environments/e.yaml": text}, one)) for one in errors]


# ── endpoints ────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("provider", "api"),
    [
        ("{kind: openai}", "client_secrets"),
        ("{kind: azure, url: https://a.example}", "client_secrets"),
        ("{kind: compatible, url: https://a.example}", "transcription_sessions"),
        ("{kind: emulator}", "transcription_sessions"),
        ("{kind: emulator, api: client_secrets}", "client_secrets"),
        ("{kind: openai, api: transcription_sessions}", "transcription_sessions"),
        ("{kind: openai, api: null}", "client_secrets"),
    ],
)
def test_each_kind_has_its_endpoint(provider: str, api: str) -> None:
    found = environment(provider)
    assert found.api == api
    assert found.provider is not None
    assert found.provider.asks == api


@law(100)
@given(
    st.sampled_from([*KINDS, None, "x", 3, ["openai"]]), st.sampled_from([*APIS, None, "x", 3, []])
)
def test_the_endpoint_is_known_without_checking_the_rest(kind: Any, api: Any) -> None:
    provider = {"kind": kind, "api": api}
    if kind in KINDS and (api is None or api in APIS):
        assert asked_api(provider) == (api or DEFAULT_API[kind])
    else:
        assert asked_api(provider) is None


# ── what is taken ────────────────────────────────────────────────────────────────────────────────


def test_all_settings_together() -> None:
    found = environment(
        "{kind: compatible, api: client_secrets, url: 'https://a.example:8443/v1',"
        " key: {env: A_B1}, organization: o, project: p, safety_identifier: s,"
        " deployments: {gpt-transcribe: d}, headers: {X-A: b}, ca_file: ca.pem}",
        "{concurrency: 16, requests_per_minute: 600, burst: 50, timeout: 1.5}",
    )
    assert found.provider is not None
    assert found.provider.model_dump()["url"] == "https://a.example:8443/v1"
    assert found.mint == Mint(concurrency=16, requests_per_minute=600, burst=50, timeout=1.5)


def test_a_whole_number_of_seconds_will_do() -> None:
    assert environment("{kind: emulator}", "{timeout: 120}").mint == Mint(timeout=120.0)


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:8080/v1",
        "https://x.openai.azure.com",
        "https://a.example/",
        "http://[::1]:80/v1",
        "HTTPS://A.EXAMPLE/v1",
    ],
)
def test_a_plain_url_is_taken(url: str) -> None:
    found = environment(f"{{kind: compatible, url: '{url}'}}")
    assert found.provider is not None
    assert found.provider.url == url


# ── what is refused ──────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("provider", "code", "at"),
    [
        ("{}", "missing-key", "provider"),
        ("{kind: opnai}", "bad-value", "opnai"),
        ("{kind: 3}", "bad-value", "3"),
        ("{kind: [openai]}", "bad-value", "["),
        ("{kind: openai, api: realtime}", "bad-value", "realtime"),
        ("{kind: openai, keys: {env: X}}", "unknown-key", "keys"),
        ("{kind: openai, key: {}}", "bad-setting", "{"),
        ("{kind: openai, key: {env: X, file: y}}", "bad-setting", "{"),
        ("{kind: openai, key: {env: null}}", "bad-setting", "{"),
        ("{kind: openai, key: {env: 1X}}", "bad-setting", "1X"),
        ("{kind: openai, key: {env: A-B}}", "bad-setting", "A-B"),
        ("{kind: openai, key: {env: 'A\\n'}}", "bad-setting", "'A\\n'"),
        ("{kind: openai, key: {env: 3}}", "wrong-type", "3"),
        ("{kind: openai, key: {command: x}}", "wrong-type", "x"),
        ("{kind: openai, key: {command: []}}", "bad-setting", "["),
        ("{kind: openai, key: {command: [x, 1]}}", "wrong-type", "1"),
        ("{kind: openai, key: {envv: X}}", "unknown-key", "envv"),
        ("{kind: openai, key: MY_KEY}", "wrong-type", "MY_KEY"),
        ("{kind: openai, ca_file: x}", "bad-setting", "provider"),
        ("{kind: azure}", "bad-setting", "provider"),
        ("{kind: compatible}", "bad-setting", "provider"),
        ("{kind: emulator, key: {env: X}}", "bad-setting", "provider"),
        ("{kind: emulator, headers: [x]}", "wrong-type", "["),
        ("{kind: emulator, headers: {a: 1}}", "wrong-type", "1"),
        ("{kind: emulator, deployments: {a: null}}", "wrong-type", "null"),
        ("{kind: emulator, project: 3}", "wrong-type", "3"),
        ("{kind: openai, key: {keyring: ''}}", "bad-setting", "''"),
        ("{kind: openai, key: {aws: {secret: a, region: Mars}}}", "bad-setting", "Mars"),
        ("{kind: openai, key: {vault: {secret: a/b}}}", "missing-key", "vault"),
        ("{kind: openai, key: {vault: {secret: a/../b, field: k}}}", "bad-setting", "a/../b"),
        ("{kind: openai, key: {vault: {secret: /a, field: k}}}", "bad-setting", "/a"),
        ("{kind: openai, key: {vault: {secret: a, field: k, mount: a?}}}", "bad-setting", "a?"),
        (
            "{kind: openai, key: {vault: {secret: a, field: k, address: x}}}",
            "unknown-key",
            "address",
        ),
        ("{kind: openai, key: {vault: {secret: a, field: k, role: r}}}", "bad-setting", "{"),
        ("{kind: openai, key: {vault: {secret: a, field: k, audience: r}}}", "bad-setting", "{"),
        ("{kind: openai, key: {vault: {secret: a, field: k, login_mount: r}}}", "bad-setting", "{"),
        (
            "{kind: openai, key: {gcp: {secret: projects/x/secrets/a}}}",
            "bad-setting",
            "projects/x/secrets/a",
        ),
        ("{kind: openai, key: {gcp: {secret: a, project: B/c}}}", "bad-setting", "B/c"),
        (
            "{kind: openai, key: {gcp: {secret: a, location: evil.example/}}}",
            "bad-setting",
            "evil.example/",
        ),
        ("{kind: openai, key: {azure: {secret: a/b}}}", "bad-setting", "a/b"),
        (
            "{kind: openai, key: {azure: {secret: a, vault: 'http://x'}}}",
            "bad-setting",
            "'http://x'",
        ),
        ("{kind: openai, key: {azure: {secret: a, vault: x.evil}}}", "bad-setting", "x.evil"),
        ("{kind: openai, key: {aws: {secret: a}, azure: {secret: a}}}", "bad-setting", "{"),
        ("{kind: emulator, deployments: {a: ''}}", "bad-setting", "''"),
        ("{kind: emulator, deployments: {a: '{{ vars.a }}'}}", "bad-setting", "'{{ vars.a }}'"),
        ("{kind: emulator, headers: {X-A: 'a{%b'}}", "bad-setting", "'a{%b'"),
        ("{kind: openai, organization: '{{ vars.a }}'}", "bad-setting", "'{{ vars.a }}'"),
        ("{kind: openai, project: 'a{# b #}'}", "bad-setting", "'a{# b #}'"),
        ("{kind: openai, safety_identifier: '{{a}}'}", "bad-setting", "'{{a}}'"),
        ("{kind: emulator, ca_file: '{{ vars.a }}.pem'}", "bad-setting", "'{{ vars.a }}.pem'"),
        ("{kind: openai, key: {file: '{{ env.name }}'}}", "bad-setting", "'{{ env.name }}'"),
    ],
)
def test_a_wrong_setting_of_the_provider_is_marked(provider: str, code: str, at: str) -> None:
    assert wrong(provider) == [(code, at)]


@pytest.mark.parametrize(
    "url",
    [
        *(
            "ftp://a.example",
            "a.example",
            "//a.example",
            "https://",
            "https:///v1",
            "http:a.example",
        ),
        *("https://user@a.example", "https://a:b@a.example", "https://a.example@b.example"),
        *("https://a.example/?x=1", "https://a.example/#x", "https://a.example\\@b.example"),
        *("https://a.example\\b", "https://a.example/{x}", "https://a.example/\t"),
        *("https://a.example:99999", "https://a.example:x", "https://[::1", "https://a b.example"),
        *(
            "https://é.example",
            "https://{{ vars.host }}",
            "https://a.example/\u200b",
            " https://a.b",
        ),
    ],
)
def test_a_url_that_hides_where_it_leads_is_refused(url: str) -> None:
    found = wrong(f"{{kind: compatible, url: {json.dumps(url)}}}")
    assert ("bad-setting", json.dumps(url)) in found
    assert {code for code, _ in found} <= {"bad-setting", "literal-key"}


@pytest.mark.parametrize(
    ("mint", "code", "at"),
    [
        ("{concurrency: 0}", "bad-setting", "0"),
        ("{concurrency: 257}", "bad-setting", "257"),
        ("{concurrency: '4'}", "wrong-type", "'4'"),
        ("{concurrency: 4.0}", "wrong-type", "4.0"),
        ("{concurrency: true}", "wrong-type", "true"),
        ("{concurrency: null}", "wrong-type", "null"),
        ("{requests_per_minute: -1}", "bad-setting", "-1"),
        ("{burst: 0}", "bad-setting", "0"),
        ("{timeout: 0}", "bad-setting", "0"),
        ("{timeout: -0.5}", "bad-setting", "-0.5"),
        ("{timeout: soon}", "wrong-type", "soon"),
        ("{timeout: true}", "wrong-type", "true"),
        ("{concurency: 4}", "unknown-key", "concurency"),
    ],
)
def test_a_wrong_setting_of_minting_is_marked(mint: str, code: str, at: str) -> None:
    assert wrong("{kind: emulator}", mint) == [(code, at)]


def test_all_that_is_wrong_is_told_in_one_run() -> None:
    assert wrong("{kind: openai, key: {}, project: 3, x: 1}", "{burst: 0, y: 1}") == [
        ("bad-setting", "{"),
        ("wrong-type", "3"),
        ("unknown-key", "x"),
        ("bad-setting", "0"),
        ("unknown-key", "y"),
    ]


def test_an_environment_without_a_provider_is_told_so() -> None:
    compilation = compiled({"p": "{}"}, {"e": "description: none"})
    assert codes(compilation.errors) == ["missing-key"]
    assert compilation.bodies == {}


def test_an_abstract_environment_may_leave_it_to_its_heirs() -> None:
    base = "abstract: true\nprovider: {url: https://a.example}\nmint: {burst: 3}"
    compilation = compiled(
        {"p": "{}"}, {"base": base, "e": "extends: base\nprovider: {kind: compatible}"}
    )
    assert compilation.errors == ()
    assert list(compilation.bodies) == [("p", "e")]


def test_settings_are_frozen() -> None:
    for settings in (Mint(), Key(env="A"), Provider(kind="openai")):
        with pytest.raises(ValueError, match="frozen"):
            settings.kind = "azure"  # type: ignore[union-attr]  # what must not be done
