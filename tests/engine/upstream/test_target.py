from pathlib import Path

import pytest

from tests.engine.mints import Desk, desk
from tests.engine.worlds import problem_of
from voxmint.engine.upstream.hosts import allowed_hosts
from voxmint.engine.upstream.target import Target, check_target, target_of
from voxmint.problems import Problem, ProblemsError
from voxmint.profiles.compiled import CompiledEnvironment


def environment(folder: Path, provider: str) -> CompiledEnvironment:
    made = desk(folder, provider=provider)
    compilation = made.project.compile_all(made.project.order([], ["live"]))
    assert compilation.errors == ()
    return compilation.environments["live"]


def problem(folder: Path, provider: str, *allowed: str) -> Problem:
    with pytest.raises(ProblemsError) as error:
        check_target(environment(folder, provider), allowed_hosts({}, allowed))
    return problem_of(error)


@pytest.mark.parametrize(
    ("provider", "url", "host"),
    [
        ("{kind: openai}", "https://api.openai.com/v1/realtime/client_secrets", "api.openai.com"),
        (
            "{kind: openai, url: 'https://eu.api.openai.com'}",
            "https://eu.api.openai.com/v1/realtime/client_secrets",
            "eu.api.openai.com",
        ),
        (
            "{kind: azure, url: 'https://clinic.openai.azure.com'}",
            "https://clinic.openai.azure.com/openai/v1/realtime/client_secrets",
            "clinic.openai.azure.com",
        ),
        (
            "{kind: azure, url: 'https://clinic.services.ai.azure.com/openai/v1/'}",
            "https://clinic.services.ai.azure.com/openai/v1/realtime/client_secrets",
            "clinic.services.ai.azure.com",
        ),
        (
            "{kind: compatible, url: 'https://Gateway.example:8443/speech/v1'}",
            "https://gateway.example:8443/speech/v1/realtime/transcription_sessions",
            "gateway.example:8443",
        ),
        (
            "{kind: emulator, url: 'http://127.0.0.1:9000/v1', api: client_secrets}",
            "http://127.0.0.1:9000/v1/realtime/client_secrets",
            "127.0.0.1:9000",
        ),
        ("{kind: emulator}", None, "emulator"),
    ],
)
def test_what_is_posted_to(tmp_path: Path, provider: str, url: str | None, host: str) -> None:
    target = target_of(environment(tmp_path, provider))
    assert (target.url, target.host) == (url, host)


def test_the_endpoint_can_be_another_than_the_environments(tmp_path: Path) -> None:
    made = environment(tmp_path, "{kind: openai, organization: org-clinic, project: proj_speech}")
    assert target_of(made, "transcription_sessions") == Target(
        "openai",
        "transcription_sessions",
        "https://api.openai.com/v1/realtime/transcription_sessions",
        "api.openai.com",
        "org-clinic",
        "proj_speech",
    )


@pytest.mark.parametrize(
    ("provider", "allowed"),
    [
        ("{kind: openai}", ""),
        ("{kind: openai, url: 'https://API.openai.com/v1'}", ""),
        ("{kind: openai, url: 'https://eu.api.openai.com/v1'}", ""),
        ("{kind: openai, url: 'https://api.openai.com:443/v1'}", ""),
        ("{kind: openai, url: 'https://proxy.example/v1'}", "proxy.example"),
        ("{kind: compatible, url: 'https://gateway.example/v1'}", "gateway.example"),
        ("{kind: compatible, url: 'http://127.0.0.1:4000/v1'}", "127.0.0.1:4000"),
        ("{kind: azure, url: 'https://clinic.openai.azure.com'}", "clinic.openai.azure.com"),
        ("{kind: emulator}", ""),
        ("{kind: emulator, url: 'http://localhost:9000/v1'}", ""),
        ("{kind: emulator, url: 'http://[::1]:9000/v1'}", ""),
    ],
)
def test_where_a_key_may_go(tmp_path: Path, provider: str, allowed: str) -> None:
    check_target(environment(tmp_path, provider), allowed_hosts({"VOXMINT_ALLOW_HOSTS": allowed}))


@pytest.mark.parametrize(
    ("provider", "allowed", "code"),
    [
        ("{kind: openai, url: 'https://evil.example/v1'}", "", "host-not-allowed"),
        ("{kind: openai, url: 'https://evilapi.openai.com/v1'}", "", "host-not-allowed"),
        ("{kind: openai, url: 'https://openai.com/v1'}", "", "host-not-allowed"),
        ("{kind: openai, url: 'https://api.openai.com.evil.example'}", "", "host-not-allowed"),
        ("{kind: openai, url: 'https://xn--pi-6kc.openai.com/v1'}", "", "host-not-allowed"),
        ("{kind: openai, url: 'https://api.openai.com:8443/v1'}", "", "host-not-allowed"),
        ("{kind: openai, url: 'http://127.0.0.1:9000/v1'}", "", "host-not-allowed"),
        ("{kind: openai, url: 'https://api.openai.com./v1'}", "", "url-malformed"),
        ("{kind: compatible, url: 'https://api.openai.com/v1'}", "", "host-not-allowed"),
        ("{kind: compatible, url: 'https://a.example/v1'}", "b.example", "host-not-allowed"),
        ("{kind: compatible, url: 'https://a.example:1/v1'}", "a.example:2", "host-not-allowed"),
        ("{kind: compatible, url: 'http://127.0.0.1:9000/v1'}", "", "host-not-allowed"),
        ("{kind: compatible, url: 'http://a.example/v1'}", "a.example", "host-needs-tls"),
        (
            "{kind: azure, url: 'https://other.openai.azure.com'}",
            "clinic.openai.azure.com",
            "host-not-allowed",
        ),
        ("{kind: azure, url: 'http://127.0.0.1:9000'}", "", "host-not-allowed"),
        ("{kind: emulator, url: 'https://a.example/v1'}", "a.example", "host-not-loopback"),
        ("{kind: emulator, url: 'http://0.0.0.0:9000/v1'}", "0.0.0.0", "host-not-loopback"),
    ],
)
def test_where_a_key_may_not_go(tmp_path: Path, provider: str, allowed: str, code: str) -> None:
    found = problem(tmp_path, provider, *filter(None, [allowed]))
    assert found.code == code
    assert found.at is not None
    line = (tmp_path / "project" / found.at.file).read_text().splitlines()[found.at.line - 1]
    assert line[found.at.column - 1 :].startswith("'http")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("Host", "evil.example"),
        ("Authorization", "Bearer other"),
        ("aPI-kEY", "other"),
        ("Content-Length", "1"),
        ("Transfer-Encoding", "chunked"),
        ("OpenAI-Project", "proj_other"),
        ("X-Line", r"a\r\nHost: evil.example"),
        ("X-Umlaut", "ü"),
        ("X-Space", " a"),
        (r"X\r\nHost", "evil.example"),
        ("", "a"),
    ],
)
def test_a_header_that_leads_elsewhere_is_refused(tmp_path: Path, name: str, value: str) -> None:
    headers = f'{{"{name}": "{value}"}}'
    found = problem(tmp_path, f"{{kind: openai, headers: {headers}}}")
    assert found.code == "header-refused"


def test_what_becomes_a_header_is_one_line(tmp_path: Path) -> None:
    found = problem(tmp_path, r'{kind: openai, organization: "org\nHost: evil.example"}')
    assert found.message == (
        "the header `organization` cannot be set: its value must be printable ASCII in one line, "
        "without spaces round it"
    )


def test_a_changed_url_fails_offline_and_reads_no_key(tmp_path: Path) -> None:
    made: Desk = desk(tmp_path, provider="{kind: openai, url: 'https://evil.example/v1'}")
    for run in (made.mint, made.plan):
        with pytest.raises(ProblemsError) as error:
            run()
        # Had the key been looked for, that would be the problem: there is none.
        assert problem_of(error).code == "host-not-allowed"
    assert not (made.root / ".voxmint").exists()
