"""Ways round the pinning of hosts that a hostile pull request might try, one by one.

It changes any file of the project, and the operator mints as every day. In each case the command
fails, no key was read, and no connection was made, to this machine or to any other.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from tests.cli.running import ran
from tests.engine.scripted import Answered, Scripted, each, minted, refused
from tests.engine.upstream.traps import CANARY, KEY, PROFILE, SINK, Trap, Victim

OPENAI = "https://api.openai.com/v1"
CLINIC = "https://clinic.openai.azure.com"
CYRILLIC = "аpi"  # noqa: RUF001  # the look-alike is what is tested


LIVE = dict.fromkeys(("plan", "render", "blame"), ("-e", "live"))
"""What commands need besides, to know the environment."""


@pytest.fixture
def trap() -> Iterator[Trap]:
    with Trap() as running:
        yield running


def assert_stopped(victim: Victim, *codes: str, given: tuple[str, ...] = ("mint",)) -> str:
    """That a command ends before the key; what it said."""
    found = victim.run(*given)
    assert found.code == 1
    assert [code for code in codes if f"error[{code}]" not in found.err] == [], found.err
    assert victim.heard == []
    assert not victim.was_read
    assert not (victim.root / ".env.live").exists()
    assert CANARY not in f"{found}"
    return found.err


def url(text: str, kind: str = "openai") -> str:
    # In double quotes YAML takes escapes, so that the text can hold anything.
    quoted = text.replace("\\", "\\\\").replace("\t", "\\t").replace("\n", "\\n")
    return f'{{kind: {kind}, url: "{quoted}", {KEY}}}'


# ── the traps themselves ─────────────────────────────────────────────────────────────────────────


def test_the_traps_see_a_key_that_goes_to_a_host_that_is_allowed(
    tmp_path: Path, trap: Trap
) -> None:
    victim = Victim(tmp_path, trap, "evil.example")
    victim.provide(url("https://evil.example/v1"))
    assert victim.mint("--attempts", "1").code == 1  # the trap answers nothing
    assert victim.was_read
    assert victim.heard[0].startswith(b"CONNECT evil.example:443 ")


TRIED: Mapping[str, tuple[str, str]] = {
    "another host": (url("https://evil.example/v1"), "host-not-allowed"),
    "a dot at the end": (url("https://api.openai.com./v1"), "url-malformed"),
    "a user's name": (url("https://api.openai.com@evil.example/v1"), "bad-setting"),
    "no TLS": (url("http://api.openai.com/v1"), "host-needs-tls"),
    "an emulator elsewhere": ("{kind: emulator, url: 'https://a.example'}", "host-not-loopback"),
    "a header": (f"{{kind: openai, {KEY}, headers: {{Host: evil.example}}}}", "header-refused"),
}


@pytest.mark.parametrize("command", [("try", "clinic"), ("plan",), ("mint", "--force")])
@pytest.mark.parametrize(("provider", "code"), TRIED.values(), ids=TRIED)
def test_every_command_that_knows_the_host_is_pinned_alike(
    tmp_path: Path, trap: Trap, provider: str, code: str, command: tuple[str, ...]
) -> None:
    victim = Victim(tmp_path, trap)
    victim.provide(provider)
    assert_stopped(victim, code, given=command)


def test_trying_runs_no_command_either(tmp_path: Path, trap: Trap) -> None:
    victim = Victim(tmp_path, trap)
    victim.environ["VOXMINT_ALLOW_KEY_COMMAND"] = ""
    victim.provide(f"{{kind: openai, {KEY}}}")
    assert_stopped(victim, "key-command-forbidden", given=("try", "clinic"))


def test_a_program_is_not_even_started(tmp_path: Path, trap: Trap) -> None:
    victim = Victim(tmp_path, trap)
    victim.provide(url("https://evil.example/v1"))
    started = ("clinic", "-e", "live", "--", "touch", "started")
    assert_stopped(victim, "host-not-allowed", given=("exec", *started))
    assert not (victim.root / "started").exists()


def test_a_plan_that_was_reviewed_does_not_lead_to_another_host(tmp_path: Path, trap: Trap) -> None:
    victim = Victim(tmp_path, trap)
    victim.provide(f"{{kind: openai, {KEY}}}")
    assert victim.run("plan", "--out", "plan.json").code == 0
    plan, evil = victim.root / "plan.json", url("https://evil.example/v1")
    reviewed = plan.read_text()
    for text, provider in (
        (reviewed.replace("api.openai.com", "evil.example"), f"{{kind: openai, {KEY}}}"),
        (reviewed, evil),
        (reviewed.replace("api.openai.com", "evil.example"), evil),
    ):
        plan.write_text(text)
        victim.provide(provider)
        found = ran(victim.root, "mint", "--plan", "plan.json", environ=victim.environ)
        assert (found.code, victim.heard, victim.was_read) == (1, [], False), found.err


READING = (
    *(
        ("validate",),
        ("list",),
        ("plan",),
        ("render", "clinic"),
        ("render", "clinic", "-o", "curl"),
    ),
    *(("blame", "clinic"), ("diff", ".", ".")),
)


@pytest.mark.parametrize("command", READING, ids=" ".join)
def test_a_command_that_only_reads_has_no_use_for_the_key(
    tmp_path: Path, trap: Trap, command: tuple[str, ...]
) -> None:
    victim = Victim(tmp_path, trap, "evil.example")
    victim.provide(url("https://evil.example/v1"))
    found = ran(victim.root, *command, *LIVE.get(command[0], ()), environ=victim.environ)
    assert (found.code, victim.heard, victim.was_read) == (0, [], False), found.err


# ── where the URL leads ──────────────────────────────────────────────────────────────────────────

URLS: Mapping[str, tuple[str, str]] = {
    "another host": ("https://evil.example/v1", "host-not-allowed"),
    "a user's name that looks like the host": (
        "https://api.openai.com@evil.example/v1",
        "bad-setting",
    ),
    "a password": ("https://api.openai.com:443@evil.example/v1", "bad-setting"),
    "a user at the right host": (f"https://user@{OPENAI[8:]}", "bad-setting"),
    "another port": ("https://api.openai.com:8443/v1", "host-not-allowed"),
    "no port after the colon": ("https://api.openai.com:/v1", "url-malformed"),
    "port nought": ("https://api.openai.com:0/v1", "url-malformed"),
    "a port too large": ("https://api.openai.com:65979/v1", "bad-setting"),
    "a dot at the end": ("https://api.openai.com./v1", "url-malformed"),
    "two dots": ("https://api..openai.com/v1", "url-malformed"),
    "the host as a beginning": ("https://api.openai.com.evil.example/v1", "host-not-allowed"),
    "the host as an end": ("https://evilapi.openai.com/v1", "host-not-allowed"),
    "a part of the host": ("https://openai.com/v1", "host-not-allowed"),
    "another of the same firm": ("https://status.openai.com/v1", "host-not-allowed"),
    "capitals": ("HTTPS://API.OPENAI.COM.EVIL.EXAMPLE/v1", "host-not-allowed"),
    "letters of another script": (f"https://{CYRILLIC}.openai.com/v1", "bad-setting"),
    "the same, as DNS has it": ("https://xn--pi-6kc.openai.com/v1", "host-not-allowed"),
    "a dot of another script": ("https://api.openai.com。evil.example/v1", "bad-setting"),
    "a sharp s, which some fold": ("https://api.openai.com.ß.example/v1", "bad-setting"),
    "an escape in the host": ("https://api.openai.com%2eevil.example/v1", "url-malformed"),
    "a nought byte in the host": ("https://api.openai.com%00.evil.example/v1", "url-malformed"),
    "a backslash": ("https://evil.example\\@api.openai.com/v1", "bad-setting"),
    "a backslash in the path": (f"{OPENAI}\\..\\x", "bad-setting"),
    "a query": ("https://evil.example?@api.openai.com/v1", "bad-setting"),
    "a fragment": ("https://evil.example#@api.openai.com/v1", "bad-setting"),
    "a line break": ("https://api.openai.com\n.evil.example/v1", "bad-setting"),
    "a tab": ("https://api.openai.com\t.evil.example/v1", "bad-setting"),
    "a space": (" https://evil.example/v1", "bad-setting"),
    "a template": ("https://{{ vars.host }}/v1", "bad-setting"),
    "a template's block": ("https://{% if 1 %}evil.example{% endif %}/v1", "bad-setting"),
    "no TLS": ("http://api.openai.com/v1", "host-needs-tls"),
    "another scheme": ("ftp://api.openai.com/v1", "bad-setting"),
    "no scheme": ("//evil.example/v1", "bad-setting"),
    "no slashes": ("https:evil.example/v1", "bad-setting"),
    "three slashes": ("https:///evil.example/v1", "bad-setting"),
    "upwards": (f"{OPENAI}/../../x", "url-malformed"),
    "upwards, escaped": (f"{OPENAI}/%2e%2E/x", "url-malformed"),
    "upwards, with a parameter": (f"{OPENAI}/..;/x", "url-malformed"),
    "upwards, in half": (f"{OPENAI}/.%2e/x", "url-malformed"),
    "a slash, escaped": (f"{OPENAI}/..%2fx", "url-malformed"),
    "a backslash, escaped": (f"{OPENAI}/..%5cx", "url-malformed"),
    "an escape, escaped": (f"{OPENAI}/%252e%252e/x", "url-malformed"),
    "a line break, escaped": (f"{OPENAI}/%0d%0aHost:%20evil.example", "url-malformed"),
    "a path that looks like a host": ("https://api.openai.com//evil.example/v1", "url-malformed"),
    "an address": ("https://192.0.2.1/v1", "host-not-allowed"),
    "an address of IPv6": ("https://[2001:db8::1]/v1", "host-not-allowed"),
    "an address with a zone": ("https://[fe80::1%25eth0]/v1", "url-malformed"),
    "the cloud's own service": ("http://169.254.169.254/latest", "host-not-allowed"),
}


@pytest.mark.parametrize(("text", "code"), URLS.values(), ids=URLS)
def test_a_url_that_leads_elsewhere(tmp_path: Path, trap: Trap, text: str, code: str) -> None:
    victim = Victim(tmp_path, trap)
    victim.provide(url(text), "vars: {host: evil.example}\n")
    assert_stopped(victim, code)


HERE = (
    *("127.0.0.1", "localhost", "127.1", "2130706433", "0x7f000001", "0177.0.0.1", "0.0.0.0", "0"),
    *("[::1]", "[::]", "[::ffff:127.0.0.1]", "127.0.0.1.nip.io", "localhost.localdomain"),
)
"""Ways to write this machine, for some resolvers."""


@pytest.mark.parametrize(
    ("kind", "host"),
    [("openai", "127.0.0.1"), ("azure", "127.0.0.1"), *(("compatible", host) for host in HERE)],
)
def test_a_server_on_this_machine(tmp_path: Path, trap: Trap, kind: str, host: str) -> None:
    victim = Victim(tmp_path, trap)
    victim.provide(url(f"http://{host}:{trap.port}/v1", kind))
    assert_stopped(victim, "host-not-allowed")


@pytest.mark.parametrize(
    "host", [host for host in HERE if host not in ("127.0.0.1", "localhost", "[::1]")]
)
def test_an_emulator_elsewhere(tmp_path: Path, trap: Trap, host: str) -> None:
    # Not even where the operator named the host: it is no emulator's.
    victim = Victim(tmp_path, trap, host)
    victim.provide(f"{{kind: emulator, url: 'http://{host}:{trap.port}/v1'}}")
    assert_stopped(victim, "host-not-loopback")


@pytest.mark.parametrize("host", ["https://evil.example", "http://localhost.:8650"])
def test_an_emulator_at_a_name(tmp_path: Path, trap: Trap, host: str) -> None:
    victim = Victim(tmp_path, trap, "evil.example")
    victim.provide(f"{{kind: emulator, url: '{host}/v1'}}")
    assert_stopped(victim, "host-not-loopback" if "evil" in host else "url-malformed")


def test_an_emulator_is_sent_no_key(tmp_path: Path, trap: Trap) -> None:
    victim = Victim(tmp_path, trap)
    victim.provide(f"{{kind: emulator, url: 'http://127.0.0.1:{trap.port}/v1', {KEY}}}")
    assert_stopped(victim, "bad-setting")
    with Scripted(each(minted())) as server:
        victim.provide(f"{{kind: emulator, url: '{server.url}'}}")
        assert victim.mint().code == 0
        assert [asked.headers["authorization"] for asked in server.asked] == ["Bearer emulator"]


@pytest.mark.parametrize(
    "text",
    [
        "https://other.openai.azure.com",
        "https://clinic.services.ai.azure.com",
        "https://clinic.openai.azure.com.evil.example",
        "https://clinic.openai.azure.us",
        "https://x.clinic.openai.azure.com",
        "https://clinic.openai.azure.com:8443",
    ],
)
def test_another_resource_of_the_same_cloud(tmp_path: Path, trap: Trap, text: str) -> None:
    victim = Victim(tmp_path, trap, "clinic.openai.azure.com:443")
    victim.provide(url(text, "azure"))
    assert_stopped(victim, "host-not-allowed")


def test_openais_host_for_another_providers_key(tmp_path: Path, trap: Trap) -> None:
    victim = Victim(tmp_path, trap)
    for kind in ("azure", "compatible"):
        victim.provide(url(OPENAI, kind))
        assert_stopped(victim, "host-not-allowed")


# ── headers ──────────────────────────────────────────────────────────────────────────────────────

HEADERS = (
    *("Host", "hOST", "Authorization", "api-key", "API_KEY", "X-Api-Key", "Proxy-Authorization"),
    *("Cookie", "Transfer-Encoding", "Transfer_Encoding", "Content-Length", "Content-Type", "TE"),
    *("Connection", "Keep-Alive", "Upgrade", "Trailer", "Proxy-Connection", "Expect", "Forwarded"),
    *("X-Forwarded-Host", "X-Forwarded-For", "X-Original-URL", "X-Rewrite-URL", "X-Host"),
    *("Helicone-Target-URL", "X-Portkey-Custom-Host", "X-Upstream", "X-HTTP-Method-Override"),
    *("Ocp-Apim-Subscription-Key", "X-Auth-Token", "X-Client-Request-Id", "OpenAI-Project"),
    *(
        "User-Agent",
        "Accept-Encoding",
        ":authority",
        "X A",
        "X:A",
        "X-A\\r\\nHost",
        "X-\\u00e9",
        "",
    ),
)


@pytest.mark.parametrize("name", HEADERS)
def test_an_extra_header(tmp_path: Path, trap: Trap, name: str) -> None:
    victim = Victim(tmp_path, trap, "gateway.example")
    settings = url("https://gateway.example/v1", "compatible")[:-1]
    victim.provide(f'{settings}, headers: {{"{name}": "evil.example"}}}}')
    assert_stopped(victim, "header-refused")


@pytest.mark.parametrize("twin", ["x-team", "X_TEAM"])
def test_a_header_that_is_set_twice(tmp_path: Path, trap: Trap, twin: str) -> None:
    # As where an environment means to replace what its base says.
    victim = Victim(tmp_path, trap, "gateway.example")
    settings = url("https://gateway.example/v1", "compatible")[:-1]
    victim.write(
        "environments/base.yaml", f"provider: {settings}, headers: {{X-Team: a}}}}\n{SINK}"
    )
    victim.provide(f"{{headers: {{{twin}: b}}}}", "extends: base\n")
    said = assert_stopped(victim, "header-refused")
    assert f"`{twin}` cannot be set: it is the same header as `X-Team`" in said


LINES = ("a\\r\\nHost: evil.example", "a\\nb", "a\\rb", "a\\0b", "\\u00e9", "", " a", "a\\tb")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *((name, LINES[0]) for name in ("organization", "project", "safety_identifier")),
        *(("headers: {X-Team", line) for line in LINES),
    ],
)
def test_a_line_break_in_a_header(tmp_path: Path, trap: Trap, name: str, value: str) -> None:
    victim = Victim(tmp_path, trap, "gateway.example")
    settings = url("https://gateway.example/v1", "compatible")[:-1]
    victim.provide(f'{settings}, {name}: "{value}"{"}" * (1 + name.count("{"))}')
    assert_stopped(victim, "header-refused")


# ── who vouches for the host, and what is in between ─────────────────────────────────────────────


def test_certificates_of_the_project_for_openai(tmp_path: Path, trap: Trap) -> None:
    victim = Victim(tmp_path, trap)
    victim.provide(f"{{kind: openai, {KEY}, ca_file: ca.pem}}")
    assert_stopped(victim, "bad-setting")


def test_certificates_do_not_allow_their_host(tmp_path: Path, trap: Trap) -> None:
    victim = Victim(tmp_path, trap)
    settings = url("https://evil.example/v1", "compatible")[:-1]
    victim.provide(f"{settings}, ca_file: ca.pem}}")
    assert_stopped(victim, "host-not-allowed")


def test_a_proxy_and_a_permission_in_the_projects_files(tmp_path: Path, trap: Trap) -> None:
    operator = {"VOXMINT_ALLOW_HOSTS": "evil.example", "VOXMINT_ALLOW_KEY_COMMAND": "1"}
    text = "".join(f"{name}={value}\n" for name, value in operator.items())
    victim = Victim(tmp_path, trap)
    victim.write(".env", text)
    victim.write(".voxmint.env", text)
    variables = "".join(f"  {name}: '{value}'\n" for name, value in operator.items())
    victim.provide(url("https://evil.example/v1"), f"vars:\n{variables}")
    assert_stopped(victim, "host-not-allowed")


@pytest.mark.parametrize("name", ["allow_hosts", "proxy", "verify", "follow_redirects"])
def test_a_setting_that_there_is_not(tmp_path: Path, trap: Trap, name: str) -> None:
    victim = Victim(tmp_path, trap)
    victim.provide(f"{{kind: openai, {KEY}, {name}: [evil.example]}}")
    assert_stopped(victim, "unknown-key")
    victim.provide(f"{{kind: openai, {KEY}}}")
    victim.write("voxmint.yaml", f"version: 1\n{name}: [evil.example]\n")
    assert_stopped(victim, "unknown-key")


def test_a_proxy_in_the_projects_files_is_not_asked(tmp_path: Path, trap: Trap) -> None:
    proxy = f"http://127.0.0.1:{trap.port}"
    names = ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "HTTP_PROXY", "http_proxy")
    with Scripted(each(minted())) as server:
        victim = Victim(tmp_path, trap, server.host)
        del victim.environ["HTTPS_PROXY"]
        victim.write(".env", "".join(f"{name}={proxy}\n" for name in names))
        variables = "".join(f"  {name}: '{proxy}'\n" for name in names)
        victim.provide(url(server.url, "compatible"), f"vars:\n{variables}")
        assert victim.mint().code == 0
        assert len(server.asked) == 1
    assert victim.heard == []


def test_a_sink_that_would_set_a_proxy(tmp_path: Path, trap: Trap) -> None:
    victim = Victim(tmp_path, trap)
    names = "names: {client_secret: HTTPS_PROXY}"
    victim.provide(
        f"{{kind: openai, {KEY}}}", f"sinks: [{{kind: dotenv, path: .env.live, {names}}}]\n"
    )
    assert_stopped(victim, "sink-name-refused")


@pytest.mark.parametrize(
    ("status", "scheme"),
    [(307, "http"), (308, "//"), (301, "/v1/"), (302, "http"), (303, "http")],
)
def test_a_redirect_is_not_followed(tmp_path: Path, trap: Trap, status: int, scheme: str) -> None:
    there = f"127.0.0.1:{trap.port}/v1"
    place = f"http://{there}" if scheme == "http" else f"{scheme}{there}"
    with Scripted(each(Answered(status, headers={"Location": place}))) as server:
        victim = Victim(tmp_path, trap, server.host)
        victim.provide(url(server.url, "compatible"))
        found = victim.mint()
        assert len(server.asked) == 1
    assert found.code == 1
    assert "which is not followed" in found.out + found.err
    assert victim.heard == []


# ── other files ──────────────────────────────────────────────────────────────────────────────────


def test_an_environment_that_is_a_link_out_of_the_project(tmp_path: Path, trap: Trap) -> None:
    victim = Victim(tmp_path, trap, "evil.example")
    (tmp_path / "other.yaml").write_text(f"provider: {url('https://evil.example/v1')}\n{SINK}")
    (victim.root / "environments").mkdir()
    (victim.root / "environments/live.yaml").symlink_to(tmp_path / "other.yaml")
    assert_stopped(victim, "unreadable-file")


def test_an_environment_that_is_a_link_to_another_is_pinned_alike(
    tmp_path: Path, trap: Trap
) -> None:
    victim = Victim(tmp_path, trap)
    victim.write("environments/other.yaml", f"provider: {url('https://evil.example/v1')}\n{SINK}")
    (victim.root / "environments/live.yaml").symlink_to("other.yaml")
    assert_stopped(victim, "host-not-allowed")


def test_a_key_of_one_file_and_a_url_of_another(tmp_path: Path, trap: Trap) -> None:
    victim = Victim(tmp_path, trap)
    victim.write("environments/base.yaml", f"abstract: true\nprovider: {{kind: openai, {KEY}}}\n")
    victim.provide("{url: 'https://evil.example/v1'}", "extends: base\n")
    assert_stopped(victim, "host-not-allowed")


def test_a_url_that_is_given_twice(tmp_path: Path, trap: Trap) -> None:
    victim = Victim(tmp_path, trap)
    victim.provide(f"{{kind: openai, url: {OPENAI}, url: 'https://evil.example', {KEY}}}")
    assert_stopped(victim, "duplicate-key")


def test_a_profile_that_brings_its_own_provider(tmp_path: Path, trap: Trap) -> None:
    victim = Victim(tmp_path, trap)
    victim.provide(f"{{kind: openai, {KEY}}}")
    provider = "provider: {url: 'https://evil.example/v1'}"
    for text in (provider, f"environments: {{live: {{{provider}}}}}"):
        victim.write("profiles/clinic.yaml", f"{PROFILE}{text}\n")
        assert_stopped(victim, "unknown-key")


@pytest.mark.parametrize("api", ["'../../evil'", "'https://evil.example'", "'client_secrets?x'"])
def test_an_endpoint_that_is_a_path(tmp_path: Path, trap: Trap, api: str) -> None:
    victim = Victim(tmp_path, trap)
    victim.provide(f"{{kind: openai, {KEY}, api: {api}}}")
    assert_stopped(victim, "bad-value")


# ── the key ──────────────────────────────────────────────────────────────────────────────────────


def test_a_keys_command_that_nobody_allowed(tmp_path: Path, trap: Trap) -> None:
    victim = Victim(tmp_path, trap)
    victim.provide(f"{{kind: openai, {KEY}}}")
    for said in ("", "0", "true", "yes"):
        victim.environ["VOXMINT_ALLOW_KEY_COMMAND"] = said
        assert_stopped(victim, "key-command-forbidden")


@pytest.mark.parametrize(
    ("file", "code"),
    [
        ("../secret.txt", "key-file-outside"),
        ("profiles/../../secret.txt", "key-file-outside"),
        ("link.txt", "key-file-outside"),
        ("/proc/self/environ", "key-malformed"),
        ("/etc/passwd", "key-malformed"),
        ("/dev/zero", "key-file-unreadable"),
        ("/dev/tty", "key-file-unreadable"),
        (".", "key-file-unreadable"),
        ("a\\0b", "key-file-unreadable"),
    ],
)
def test_a_keys_file_that_is_none(tmp_path: Path, trap: Trap, file: str, code: str) -> None:
    victim = Victim(tmp_path, trap)
    (tmp_path / "secret.txt").write_text(CANARY)
    (victim.root / "link.txt").symlink_to("../secret.txt")
    victim.provide(f'{{kind: openai, key: {{file: "{file}"}}}}')
    said = assert_stopped(victim, code)
    assert "root:" not in said


def test_another_secret_goes_only_where_the_key_may_go(tmp_path: Path, trap: Trap) -> None:
    victim = Victim(tmp_path, trap)
    victim.provide("{kind: openai, url: 'https://evil.example', key: {env: OTHER_SECRET}}")
    assert_stopped(victim, "host-not-allowed")


def test_what_a_server_repeats_of_another_secret_is_not_shown(tmp_path: Path, trap: Trap) -> None:
    said = "Incorrect API key provided: another-s*************6789. Or another-secret-0123456789."
    with Scripted(each(refused(401, "invalid_api_key", said))) as server:
        victim = Victim(tmp_path, trap, server.host)
        victim.provide(f"{{kind: compatible, url: {server.url}, key: {{env: OTHER_SECRET}}}}")
        found = victim.mint()
    assert found.code == 1
    assert "Incorrect API key provided: …. Or …." in found.out + found.err
    assert "another-s" not in f"{found}"
    assert "6789" not in f"{found}"


# ── what the operator allows, and no more ────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("allowed", "host", "is_sent"),
    [
        ("127.0.0.1", "127.0.0.1", True),
        ("127.0.0.1:PORT", "127.0.0.1", True),
        ("localhost:PORT", "LOCALHOST", True),
        ("evil.example, LOCALHOST", "localhost", True),
        ("127.0.0.1:1", "127.0.0.1", False),
        ("localhost", "127.0.0.1", False),
        ("127.0.0.1", "localhost", False),
        ("127.0.0.1", "127.1", False),
        ("[::1]", "127.0.0.1", False),
    ],
)
def test_what_the_operator_allows_is_what_works(
    tmp_path: Path, trap: Trap, allowed: str, host: str, is_sent: bool
) -> None:
    with Scripted(each(minted())) as server:
        named = allowed.replace("PORT", str(server.port))
        victim = Victim(tmp_path, trap, named)
        victim.provide(url(f"http://{host}:{server.port}/v1", "compatible"))
        if is_sent:
            assert victim.mint().code == 0
        else:
            assert_stopped(victim, "host-not-allowed")
        keys = [asked.headers["authorization"] for asked in server.asked]
    assert keys == ([f"Bearer {CANARY}"] if is_sent else [])
    assert victim.was_read is is_sent


def test_a_host_can_be_allowed_for_one_run(tmp_path: Path, trap: Trap) -> None:
    with Scripted(each(minted())) as server:
        victim = Victim(tmp_path, trap)
        victim.provide(url(server.url, "compatible"))
        assert_stopped(victim, "host-not-allowed", given=("mint", "--allow-host", "127.0.0.1:1"))
        assert victim.mint("--allow-host", server.host).code == 0


def test_a_deployments_name_stays_in_the_body(tmp_path: Path, trap: Trap) -> None:
    with Scripted(each(minted())) as server:
        victim = Victim(tmp_path, trap, server.host)
        name = "../../evil?x=1#y\\r\\nHost: z"
        provider = url(server.url, "compatible")[:-1]
        victim.provide(f'{provider}, deployments: {{whisper-1: "{name}"}}}}')
        assert victim.mint().code == 0
        [asked] = server.asked
    assert asked.path == "/v1/realtime/transcription_sessions"
    assert asked.headers["host"] == server.host
    assert rb'"model":"../../evil?x=1#y\r\nHost: z"' in asked.body
