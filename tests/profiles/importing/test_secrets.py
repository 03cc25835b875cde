"""No key of a pasted text is kept, shown or told, wherever it stands.

Each place holds a canary. What is known to be a key is also looked for in the body.
"""

import json
from typing import Any

import pytest
from hypothesis import given, strategies as st

from tests.profiles.importing.pasting import curl, profile_of, read
from tests.profiles.laws import law
from voxmint.profiles.importing.request import Imported

URL = "https://api.openai.com/v1/realtime/client_secrets"
GOOD = '{"session":{"audio":{"input":{"transcription":{"model":"gpt-transcribe"}}}}}'
BAD = '{"session":{"audio":{"inputs":{"transcription":{"model":"gpt-transcribe"}}}}}'

CANARIES = [
    "sk-proj-Zq7canary0123456789",
    "ek_Zq7canary0123456789abcdef",
    "0123456789abcdefzq7canary0123456",
    "Zq7canaryhunter2",
]
"""A key, a token, and two that only their place makes one."""

IN_COMMANDS = [
    f"curl {URL} -H 'Authorization: Bearer KEY' -d 'BODY'",
    f"curl {URL} -H 'authorization:KEY' -d 'BODY'",
    f"curl {URL} -H \"api-key: KEY\" -d 'BODY'",
    f"curl {URL} -Hx-api-key:KEY -d 'BODY'",
    f"curl {URL} -H 'X-Weird: a KEY b' -d 'BODY'",
    f"curl {URL} --header 'Cookie: a=b; c=KEY' -d 'BODY'",
    f"curl {URL} --header='Authorization: KEY' -d 'BODY'",
    f"curl {URL} -H 'KEY' -d 'BODY'",
    f"curl {URL} -H 'KEY: x' -d 'BODY'",
    f"curl {URL} -u KEY: -d 'BODY'",
    f"curl {URL} -u me:KEY -d 'BODY'",
    f"curl {URL} -ume:KEY -d 'BODY'",
    f"curl {URL} -sSu me:KEY -d 'BODY'",
    f"curl {URL} --oauth2-bearer KEY -d 'BODY'",
    f"curl {URL} -b 'session=KEY' -d 'BODY'",
    f"curl {URL} -x http://me:KEY@proxy.example -d 'BODY'",
    f"curl {URL} --proxy-header 'Proxy-Authorization: Basic KEY' -d 'BODY'",
    f"curl {URL} -e 'https://x.example/?key=KEY' -d 'BODY'",
    f"curl {URL} -A KEY -d 'BODY'",
    f"curl {URL} -o KEY -d 'BODY'",
    f"curl {URL} --datum KEY -d 'BODY'",
    f"curl {URL} --KEY -d 'BODY'",
    f"curl {URL} -d 'BODY' KEY",
    f"curl {URL} -d 'BODY' > KEY",
    f"curl {URL} -d 'BODY' # KEY",
    f"# KEY\ncurl {URL} -d 'BODY'",
    f"curl {URL} -d 'BODY' | tee KEY",
    f"curl {URL} -d 'BODY'\nexport X=KEY",
    f"TOKEN=KEY curl {URL} -H \"Authorization: Bearer $TOKEN\" -d 'BODY'",
    f"ANY=KEY curl {URL} -d 'BODY'",
    f"export ANY=KEY\ncurl {URL} -d 'BODY'",
    f"me@host:~$ curl -H 'X-Weird: KEY' {URL} -d 'BODY'",
    f"sudo curl -u me:KEY {URL} -d 'BODY'",
    f"curl '{URL}?key=KEY' -d 'BODY'",
    f"curl '{URL}?any=KEY' -d 'BODY'",
    f"curl {URL} --url-query any=KEY -d 'BODY'",
    f"curl {URL} --url-query KEY -d 'BODY'",
    f"curl '{URL}?KEY' -d 'BODY'",
    f"curl '{URL}#KEY' -d 'BODY'",
    f"curl '{URL}/KEY' -d 'BODY'",
    "curl 'https://me:KEY@gw.example/v1/realtime/client_secrets' -d 'BODY'",
    "curl 'https://KEY@gw.example/v1/realtime/client_secrets' -d 'BODY'",
    "curl 'https://KEY/v1/realtime/client_secrets' -d 'BODY'",
    "curl 'https://[KEY/v1/realtime/client_secrets' -d 'BODY'",
    f"curl {URL} -H 'Authorization: Bearer KEY' -d @KEY",
    f"curl {URL} -H 'Authorization: Bearer KEY' -d @/home/me/KEY.json",
    f"curl {URL} -H 'Authorization: Bearer KEY' -d \"$KEY\"",
    f"curl {URL} -H 'Authorization: Bearer KEY' -d \"$(echo KEY)\"",
    f"curl {URL} -H 'Authorization: Bearer KEY' -d \"${{X:-KEY}}\"",
    f"curl {URL} -H 'Authorization: Bearer KEY' -d 'BODY",
    f"curl {URL} -H 'Authorization: Bearer KEY",
    f"curl {URL} -H 'Authorization: Bearer KEY' -d 'BODY' <<KEY",
    f"curl {URL}\n  -H 'Authorization: Bearer KEY' -d 'BODY'",
    f"curl {URL} --data-urlencode 'k=KEY' -d 'BODY'",
    f"curl {URL} -F 'k=KEY' -d 'BODY'",
    f"curl {URL} -d 'key=KEY'",
    f'curl.exe {URL} ^\n  -H ^"Authorization: Bearer KEY^" ^\n  -d "{{}}"',
    f"curl {URL} --config KEY -d 'BODY'",
    f"curl {URL} -H 'Authorization: Bearer KEY' -d 'BODY' --next -d KEY",
    f"curl -sS -X POST {URL} -H \"Authorization: Bearer KEY\" -d 'BODY' ; echo KEY",
]


def told(imported: Imported) -> str:
    """All that leaves: the profile, each problem whole, and the text that excerpts are made of."""
    profile = profile_of(imported.request) if imported.request else ""
    problems = [
        (one.message, one.hint, one.path, [(str(r.at), r.message) for r in one.related])
        for one in imported.problems
    ]
    return "\n".join((profile, str(problems), imported.text, str(imported.host)))


def is_silent(imported: Imported, canary: str) -> bool:
    """Whether nothing tells of the canary, nor of a part of it that could be guessed from."""
    return canary[-8:] not in told(imported) and canary not in told(imported)


@pytest.mark.parametrize("canary", CANARIES)
@pytest.mark.parametrize("command", IN_COMMANDS)
def test_a_key_in_a_command(command: str, canary: str) -> None:
    for body in (GOOD, BAD):
        imported = read(command.replace("KEY", canary).replace("BODY", body))
        assert is_silent(imported, canary)


@pytest.mark.parametrize("canary", CANARIES)
@pytest.mark.parametrize(
    "command", [one for one in IN_COMMANDS if "'BODY'" in one and "KEY" in one.split("'BODY'")[0]]
)
def test_a_key_of_the_command_that_is_in_the_body_too(command: str, canary: str) -> None:
    if command in UNNAMED and canary == CANARIES[-1]:
        return
    prompt = GOOD.replace('"gpt-transcribe"', '"gpt-transcribe","prompt":"Dr. KEY speaks"')
    imported = read(command.replace("BODY", prompt).replace("KEY", canary))
    assert imported.request is None
    assert is_silent(imported, canary)


UNNAMED = {
    one
    for one in IN_COMMANDS
    if any(part in one for part in ("-A KEY", "/KEY'", "# KEY", "?KEY", "https://KEY/"))
}
"""Where only a key's own form tells that there is one."""


@pytest.mark.parametrize("canary", CANARIES)
@pytest.mark.parametrize(
    "written",
    [
        "KEY",
        "\\u005aq7 KEY",
        "'\"'\"'KEY'\"'\"'",
        "ab\\nKEY\\tcd",
    ],
)
def test_a_key_in_a_body_however_it_is_written(written: str, canary: str) -> None:
    prompt = GOOD.replace('"gpt-transcribe"', f'"gpt-transcribe","prompt":"{written}"')
    command = f"curl {URL} -u me:KEY -d '{prompt}'".replace("KEY", canary)
    imported = read(command)
    assert imported.request is None
    assert is_silent(imported, canary)


@law(60)
@given(st.sampled_from(CANARIES), st.data())
def test_a_key_that_is_written_with_escapes(canary: str, data: st.DataObject) -> None:
    escaped = "".join(
        f"\\u{ord(sign):04x}" if data.draw(st.booleans()) else sign for sign in canary
    )
    body = GOOD.replace('"gpt-transcribe"', f'"gpt-transcribe","prompt":"x {escaped} y"')
    imported = read(f"curl {URL} -H 'api-key: {canary}' -d '{body}'")
    assert imported.request is None
    assert escaped not in told(imported)
    assert is_silent(imported, canary)


def test_a_password_of_several_words() -> None:
    body = GOOD.replace('"gpt-transcribe"', '"gpt-transcribe","prompt":"correct horse battery"')
    imported = read(f"curl {URL} -u 'me:correct horse' -d '{body}'")
    assert imported.request is None
    assert "correct horse" not in told(imported)


@pytest.mark.parametrize(
    "text",
    [
        "password: correct horse battery\n- x",
        "my api key = correct horse battery",
        "{'password': 'correct, it\\'s {horse} battery', ",
        '{"password": "correct \\"horse\\" it\'s a battery", ',
        'echo "{\\"token\\": \\"correct, horse\\" }"',
        "Authorization: Basic correct horse battery\n{",
        'token: "correct horse battery',
    ],
)
def test_several_words_under_a_name_in_what_is_no_body(text: str) -> None:
    imported = read(text)
    assert imported.request is None
    assert not any(word in told(imported) for word in ("correct", "horse", "battery"))
    assert len(imported.text) == len(text)


@pytest.mark.parametrize("length", range(20, 90, 4))
def test_a_key_that_a_message_would_cut_in_two(length: int) -> None:
    value = "x " * (length // 2) + CANARIES[-1]
    body = json.dumps({"turn_detection": {"type": value, value: 1}})
    imported = read(f"curl {URL} -u me:{CANARIES[-1]} -d '{body}'")
    assert imported.request is None
    assert CANARIES[-1][:4] not in told(imported)


IN_BODIES: list[dict[str, Any]] = [
    {"api_key": "KEY", "session": {}},
    {"client_secret": "KEY", "turn_detection": None},
    {"client_secret": {"value": "KEY", "expires_at": 1756310470}, "turn_detection": None},
    {"value": "KEY", "session": {"type": "transcription"}},
    {"session": {"client_secret": {"value": "KEY"}, "audio": {}}},
    {"session": {"audio": {"input": {"transcription": {"model": "m", "token": "KEY"}}}}},
    {"session": {"audio": {"input": {"tokens": ["KEY"]}}}},
    {"headers": {"Authorization": "Bearer KEY"}, "body": {}},
]


@pytest.mark.parametrize("canary", CANARIES)
@pytest.mark.parametrize("body", IN_BODIES, ids=str)
def test_a_key_in_a_body_alone(body: Any, canary: str) -> None:
    for indent in (None, 2):
        text = json.dumps(body, indent=indent).replace("KEY", canary)
        assert is_silent(read(text), canary)
        assert is_silent(read(text.replace(canary, f"\\u{ord(canary[0]):04x}{canary[1:]}")), canary)


@pytest.mark.parametrize("canary", CANARIES[:2])
@pytest.mark.parametrize(
    "body",
    [
        {"session": {"KEY": 1}},
        {"KEY": 1},
        {"include": ["KEY"]},
        {"input_audio_format": "KEY"},
        {"turn_detection": {"type": "KEY"}},
        {"input_audio_transcription": {"model": "KEY", "keywords": ["a", "KEY"]}},
        {"input_audio_transcription": {"model": "m", "language": "x" * 70 + " KEY"}},
    ],
    ids=str,
)
def test_what_has_the_form_of_a_key_is_never_told(body: Any, canary: str) -> None:
    imported = read(json.dumps(body).replace("KEY", canary))
    assert imported.request is None
    assert is_silent(imported, canary)


@pytest.mark.parametrize("canary", CANARIES[:3])
@pytest.mark.parametrize(
    "text",
    [
        '{"session": {"x": "KEY", }',
        "session: {x: KEY\n  y: 1",
        'POST /v1/realtime/client_secrets\napi-key: KEY\n\n{"session": {}}',
        "requests.post(url, headers={'api-key': 'KEY'}, json={})",
        "http POST host Authorization:'Bearer KEY' a:=1",
        "KEY",
        "- KEY",
    ],
)
def test_a_key_in_what_is_no_body(text: str, canary: str) -> None:
    imported = read(text.replace("KEY", canary))
    assert imported.request is None
    assert is_silent(imported, canary)


# ── what is no key ───────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "options",
    [
        ("-H", "X-Team: cardiology"),
        ("-H", "Content-Type: application/json"),
        ("-H", "OpenAI-Project: proj_abc123"),
        ("-H", "Authorization: Bearer $OPENAI_API_KEY"),
        ("-H", "Authorization: Bearer emulator"),
        ("-A", "curl/8.5.0"),
        ("--key", "cert.pem"),
    ],
)
def test_what_is_no_key_is_not_taken_for_one(options: tuple[str, str]) -> None:
    prompt = "cardiology, application/json, proj_abc123, emulator, curl/8.5.0"
    body = {"input_audio_transcription": {"model": "gpt-transcribe", "prompt": prompt}}
    text = curl(body, *options)
    # `shlex` puts all in single quotes; a person takes double ones for a variable.
    text = text.replace("'Authorization: Bearer $", '"Authorization: Bearer $').replace(
        "_KEY'", '_KEY"'
    )
    imported = read(text)
    assert imported.request is not None
    assert "key-in-command" not in [one.code for one in imported.problems]


@pytest.mark.parametrize(
    "query",
    [
        "intent=transcription",
        "api-version=2025-04-01-preview&deployment=gpt-4o-transcribe",
        "model=gpt-4o-transcribe",
        "ward=cardiology",
    ],
)
def test_what_an_address_says_is_not_taken_for_a_key(query: str) -> None:
    body = {"input_audio_transcription": {"model": "gpt-4o-transcribe", "prompt": "cardiology"}}
    url = f"https://gw.example/v1/realtime/transcription_sessions?{query}"
    imported = read(curl(body, url=url))
    assert imported.request is not None
    assert [one.code for one in imported.problems if one.severity != "note"] == []


def test_a_word_of_the_api_is_no_password() -> None:
    text = curl({"turn_detection": None}, "-u", "transcription:turn_detection")
    imported = read(text)
    assert imported.request is not None
    assert "key-in-command" in [one.code for one in imported.problems]
