"""What is taken from a curl command: its body, the endpoint and the host."""

import json
from typing import Any

import pytest

from tests.profiles.importing.pasting import URL, exactly, read
from voxmint.profiles.bodies import FORMS
from voxmint.profiles.importing.curl import is_command, read_command
from voxmint.profiles.importing.pasted import Pasted

BODY = '{"include": []}'


def body_of(command: str) -> str | None:
    found = read_command(Pasted("f", command))
    return found.body.text if found.body else None


@pytest.mark.parametrize(
    ("options", "body"),
    [
        (f"-d '{BODY}'", BODY),
        (f"-d'{BODY}'", BODY),
        (f"-sXPOST -d '{BODY}'", BODY),
        (f"-sXPOSTd -d '{BODY}'", BODY),
        (f"--data '{BODY}'", BODY),
        (f"--data-raw '{BODY}'", BODY),
        (f"--data-binary '{BODY}'", BODY),
        (f"--data-ascii '{BODY}'", BODY),
        (f"--json '{BODY}'", BODY),
        ("--data-raw @x", "@x"),
        ("-d a=1 -d b=2", "a=1&b=2"),
        ("--json '{\"include\":' --json ' []}'", BODY),
        (f"--no-buffer --no-keepalive --compressed -kL -d '{BODY}'", BODY),
        (f"-o /dev/null -w '%{{http_code}}' -m 30 -d '{BODY}'", BODY),
        (f"--url-query api-version=preview -d '{BODY}'", BODY),
        (f"--max-time 30 --retry 3 --cacert x.pem -d '{BODY}'", BODY),
    ],
)
def test_the_body(options: str, body: str) -> None:
    assert body_of(f"curl {URL} {options}") == body
    assert body_of(f"curl {options} {URL}") == body


@pytest.mark.parametrize(
    ("url", "asked", "host"),
    [
        (URL, "client_secrets", "api.openai.com"),
        ("https://h.example/v1/realtime/client_secrets/", "client_secrets", "h.example"),
        ("https://h.example/x/realtime/client_secrets?a=b", "client_secrets", "h.example"),
        ("http://localhost:8089/v1/realtime/transcription_sessions", None, "localhost:8089"),
        ("127.0.0.1:1/v1/realtime/transcription_sessions", None, "127.0.0.1:1"),
        ("http://[::1]:1/v1/realtime/transcription_sessions", None, "[::1]:1"),
        ("$BASE/realtime/client_secrets", "client_secrets", None),
        ("https://$HOST/realtime/client_secrets", "client_secrets", None),
        ("https://u:p@h.example/v1/realtime/client_secrets", "client_secrets", "h.example"),
        ("https://h.example/v1/realtime/client_secrets2", "", None),
        ("https://h.example/v1/realtime/sessions", "", None),
        ("https://h.example/", "", None),
    ],
)
def test_the_address(url: str, asked: str | None, host: str | None) -> None:
    expected = None if asked == "" else asked or "transcription_sessions"
    for command in (f'curl "{url}" -d {{}}', f'curl -d {{}} --url "{url}"'):
        found = read_command(Pasted("f", command))
        assert (found.asked, found.host) == (expected, host)


def test_two_addresses_are_asked_for_the_one_that_is_an_endpoint() -> None:
    found = read_command(Pasted("f", f"curl https://a.example {URL} -d {{}}"))
    assert (found.asked, found.host) == ("client_secrets", "api.openai.com")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("curl x", True),
        ("  $ curl x", True),
        ("/usr/bin/curl x", True),
        ("C:\\Windows\\System32\\curl.exe x", True),
        ("A=b curl x", True),
        ("# first\ncurl x", True),
        ("curl\\\n x", True),
        ("curl", True),
        ("PS C:\\> curl.exe x", True),
        ("C:\\Users\\x>curl x", True),
        ("curl`\n x", True),
        ("curly x", False),
        ("curl: (6) Could not resolve host", False),
        ('{"prompt": "curl x"}', False),
        ("sudo curl x", False),
        ("", False),
    ],
)
def test_what_begins_as_a_command(text: str, *, expected: bool) -> None:
    assert is_command(text) is expected


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ("", "it has no body"),
        ("-d", "this option needs a value"),
        ("-G -d a=b", "with this option no body is sent"),
        ("--get -d a=b", "with this option no body is sent"),
        ("-F a=b", "what this option sends is no JSON"),
        ("--data-urlencode a=b", "what this option sends is no JSON"),
        ("-T file", "what this option sends is no JSON"),
        ("-d {} --next -d {}", "it holds several requests"),
        ("-d {} -: -d {}", "it holds several requests"),
    ],
)
def test_what_is_no_request_with_a_body(options: str, said: str) -> None:
    imported = read(f"curl {URL} {options}")
    assert imported.request is None
    [problem] = imported.problems
    assert problem.code == "bad-command"
    assert said in problem.message


@pytest.mark.parametrize(
    "options", ["-d @x", "-d@x", "--json @x", "-K x -d {}", "--data-binary @-"]
)
def test_a_body_that_stands_elsewhere(options: str) -> None:
    imported = read(f"curl {URL} {options}")
    assert imported.request is None
    assert [one.code for one in imported.problems] == ["body-elsewhere"]


def test_a_variable_in_a_header_does_not_matter() -> None:
    imported = read(
        f'curl {URL} -H "Authorization: Bearer $(cat "key")" -d \'{{"session": {{}}}}\''
    )
    assert imported.request is not None
    assert [one.code for one in imported.problems] == ["no-transcription"]


# ── as it is copied from elsewhere ───────────────────────────────────────────────────────────────

SESSION = {
    "input_audio_transcription": {"model": "gpt-transcribe", "prompt": "it's 5 o'clock – 😀"}
}
NESTED: Any = FORMS["client_secrets"].build(SESSION, {"seconds": 60})

ONE_LINE = json.dumps(NESTED, ensure_ascii=False)
MANY_LINES = json.dumps(NESTED, ensure_ascii=False, indent=4)


def ansi(text: str) -> str:
    """The text between `$'` and `'`, as a browser escapes it."""
    halves = text.encode("utf-16-be")
    units = [int.from_bytes(halves[at : at + 2]) for at in range(0, len(halves), 2)]
    plain = "".join(chr(unit) if unit < 0x80 else f"\\u{unit:04x}" for unit in units)
    return plain.replace("'", "\\'")


FROM_CHROME = f"""\
curl '{URL}' \\
  -H 'accept: */*' \\
  -H 'authorization: Bearer hunter22' \\
  -b 'a=b; c=d' \\
  --data-raw $'{ansi(ONE_LINE)}'"""
FROM_CHROME_ON_WINDOWS = (
    f'curl.exe ^"{URL}^" ^\r\n  -H ^"authorization: Bearer hunter22^" ^\r\n  --data-raw ^"'
    + ONE_LINE.replace('"', '^\\^"').replace("{", "^{")
    + '^"\r\n'
)
IN_QUOTES = MANY_LINES.replace("'", "'\\''")
FROM_POSTMAN = f"""\
curl --location '{URL}' \\
--header 'Content-Type: application/json' \\
--header 'Authorization: Bearer hunter22' \\
--data '{IN_QUOTES}'
"""
IN_DOUBLE_QUOTES = ONE_LINE.replace('"', '\\"')
FROM_A_GUIDE = f"""\
$ curl -X POST {URL} \\
    -H "Authorization: Bearer $OPENAI_API_KEY" \\
    -d "{IN_DOUBLE_QUOTES}" | jq -r .value
"""
IN_DOUBLED_QUOTES = MANY_LINES.replace("'", "''")
FROM_POWERSHELL = f"""\
PS C:\\Users\\nurse> curl.exe {URL} `\r
  -H "Authorization: Bearer $env:OPENAI_API_KEY" `\r
  -H "X-Key: hunter22" `\r
  -d '{IN_DOUBLED_QUOTES}'\r
"""
FROM_WINDOWS_POWERSHELL = FROM_POWERSHELL.replace(
    IN_DOUBLED_QUOTES, IN_DOUBLED_QUOTES.replace('"', '\\"')
)


@pytest.mark.parametrize(
    "command",
    [
        FROM_CHROME,
        FROM_CHROME_ON_WINDOWS,
        FROM_POSTMAN,
        FROM_A_GUIDE,
        FROM_POWERSHELL,
        FROM_WINDOWS_POWERSHELL,
    ],
    ids=["chrome", "chrome-windows", "postman", "guide", "powershell", "windows-powershell"],
)
def test_a_command_as_others_write_it(command: str) -> None:
    imported = read(command)
    assert imported.request is not None, [one.message for one in imported.problems]
    assert (imported.asked, imported.host) == ("client_secrets", "api.openai.com")
    body = FORMS["client_secrets"].build(imported.request.session, imported.request.expires_after)
    assert exactly(body) == exactly(NESTED)
    assert "hunter22" not in imported.text
