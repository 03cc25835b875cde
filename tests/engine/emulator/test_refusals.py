import json
from typing import Any

import pytest
from syrupy.assertion import SnapshotAssertion

from tests.engine.emulator.talking import FLAT, KEY, NESTED, SESSIONS, ask, fixed, post
from voxmint.engine.emulator import Emulator
from voxmint.problems import Kind, Severity
from voxmint.profiles import rules, wording
from voxmint.profiles.bodies import FORMS
from voxmint.profiles.check import check_request
from voxmint.secret import Secret

AUDIO = "session.audio.input"


def nested(**audio: object) -> dict[str, Any]:
    return {"session": {"type": "transcription", "audio": {"input": audio}}}


def transcribed(model: object = "whisper-1", **others: object) -> dict[str, Any]:
    return nested(transcription={"model": model, **others})


def lasting(value: object) -> dict[str, Any]:
    return {"session": {"type": "transcription"}, "expires_after": value}


# Body, code and param of each refusal, by endpoint. The messages are in the snapshot.
REFUSED_NESTED: list[tuple[Any, str, str | None]] = [
    ([], "invalid_type", None),
    ("text", "invalid_type", None),
    # the frame
    ({}, "missing_required_parameter", "session"),
    ({"session": {}}, "missing_required_parameter", "session.type"),
    ({"session": None}, "invalid_type", "session"),
    ({"session": {"type": "realtime"}}, "invalid_value", "session.type"),
    ({"session": {"type": None}}, "invalid_type", "session.type"),
    ({"session": {"type": "transcription", "audio": []}}, "invalid_type", "session.audio"),
    (
        {"session": {"type": "transcription", "audio": {"input": "mono"}}},
        "invalid_type",
        "session.audio.input",
    ),
    # unknown keys, at each level
    (nested() | {"sessions": {}}, "unknown_parameter", "sessions"),
    ({"session": {"type": "transcription", "foo": 1}}, "unknown_parameter", "session.foo"),
    (
        {"session": {"type": "transcription", "model": "whisper-1"}},
        "unknown_parameter",
        "session.model",
    ),
    (
        {"session": {"type": "transcription", "turn_detection": None}},
        "unknown_parameter",
        "session.turn_detection",
    ),
    (
        {"session": {"type": "transcription", "input_audio_format": "pcm16"}},
        "unknown_parameter",
        "session.input_audio_format",
    ),
    (
        {"session": {"type": "transcription", "modalities": ["text"]}},
        "unknown_parameter",
        "session.modalities",
    ),
    (
        {"session": {"type": "transcription", "audio": {"output": {}}}},
        "unknown_parameter",
        "session.audio.output",
    ),
    (nested(gain=2), "unknown_parameter", f"{AUDIO}.gain"),
    (transcribed(voice="alloy"), "unknown_parameter", f"{AUDIO}.transcription.voice"),
    (
        nested(turn_detection={"type": "server_vad", "treshold": 1}),
        "unknown_parameter",
        f"{AUDIO}.turn_detection.treshold",
    ),
    (
        nested(noise_reduction={"type": "near_field", "gain": 1}),
        "unknown_parameter",
        f"{AUDIO}.noise_reduction.gain",
    ),
    (lasting({"minutes": 1}), "unknown_parameter", "expires_after.minutes"),
    # the format
    (nested(format="pcm16"), "invalid_type", f"{AUDIO}.format"),
    (nested(format=None), "invalid_type", f"{AUDIO}.format"),
    (nested(format={}), "missing_required_parameter", f"{AUDIO}.format.type"),
    (nested(format={"type": "audio/opus"}), "invalid_value", f"{AUDIO}.format.type"),
    (nested(format={"type": 1}), "invalid_type", f"{AUDIO}.format.type"),
    (
        nested(format={"type": "audio/pcm", "rate": 16000}),
        "invalid_value",
        f"{AUDIO}.format.rate",
    ),
    (
        nested(format={"type": "audio/pcm", "rate": "24000"}),
        "invalid_type",
        f"{AUDIO}.format.rate",
    ),
    (
        nested(format={"type": "audio/pcmu", "rate": 8000}),
        "unknown_parameter",
        f"{AUDIO}.format.rate",
    ),
    # types
    (nested(transcription="whisper-1"), "invalid_type", f"{AUDIO}.transcription"),
    (transcribed(model=7), "invalid_type", f"{AUDIO}.transcription.model"),
    (transcribed(language=None), "invalid_type", f"{AUDIO}.transcription.language"),
    (transcribed(prompt=["a"]), "invalid_type", f"{AUDIO}.transcription.prompt"),
    (
        transcribed("gpt-transcribe", keywords=["a", {}]),
        "invalid_type",
        f"{AUDIO}.transcription.keywords.1",
    ),
    (
        nested(turn_detection={"type": "server_vad", "threshold": "0.5"}),
        "invalid_type",
        f"{AUDIO}.turn_detection.threshold",
    ),
    (
        nested(turn_detection={"type": "server_vad", "silence_duration_ms": 0.5}),
        "invalid_type",
        f"{AUDIO}.turn_detection.silence_duration_ms",
    ),
    (
        nested(turn_detection={"type": "server_vad", "create_response": 1}),
        "invalid_type",
        f"{AUDIO}.turn_detection.create_response",
    ),
    (lasting(60), "invalid_type", "expires_after"),
    (lasting(None), "invalid_type", "expires_after"),
    (lasting({"seconds": True}), "invalid_type", "expires_after.seconds"),
    # values
    (nested(turn_detection={"type": "vad"}), "invalid_value", f"{AUDIO}.turn_detection.type"),
    (
        nested(noise_reduction={"type": "loud"}),
        "invalid_value",
        f"{AUDIO}.noise_reduction.type",
    ),
    (
        {"session": {"type": "transcription", "include": ["all"]}},
        "invalid_value",
        "session.include.0",
    ),
    (lasting({"anchor": "now"}), "invalid_value", "expires_after.anchor"),
    (
        nested(turn_detection={"type": "semantic_vad", "eagerness": "eager"}),
        "invalid_value",
        f"{AUDIO}.turn_detection.eagerness",
    ),
    # ranges
    (lasting({"seconds": 9}), "integer_below_min_value", "expires_after.seconds"),
    (lasting({"seconds": 7201}), "integer_above_max_value", "expires_after.seconds"),
    (
        nested(turn_detection={"type": "server_vad", "threshold": -0.1}),
        "decimal_below_min_value",
        f"{AUDIO}.turn_detection.threshold",
    ),
    (
        nested(turn_detection={"type": "server_vad", "threshold": 2}),
        "decimal_above_max_value",
        f"{AUDIO}.turn_detection.threshold",
    ),
    (
        nested(turn_detection={"type": "server_vad", "idle_timeout_ms": 4999}),
        "integer_below_min_value",
        f"{AUDIO}.turn_detection.idle_timeout_ms",
    ),
    (
        transcribed("gpt-transcribe", languages=[]),
        "empty_array",
        f"{AUDIO}.transcription.languages",
    ),
    # rules
    (
        nested(transcription={}),
        "missing_required_parameter",
        f"{AUDIO}.transcription.model",
    ),
    (
        nested(turn_detection={}),
        "missing_required_parameter",
        f"{AUDIO}.turn_detection.type",
    ),
    (
        nested(turn_detection={"type": "semantic_vad", "threshold": 1}),
        "unknown_parameter",
        f"{AUDIO}.turn_detection.threshold",
    ),
    (
        transcribed("gpt-realtime-whisper", prompt="Hello") | {},
        "unsupported_parameter",
        f"{AUDIO}.transcription.prompt",
    ),
    (
        transcribed("gpt-4o-transcribe", keywords=["Aare"]),
        "unsupported_parameter",
        f"{AUDIO}.transcription.keywords",
    ),
    (
        nested(
            transcription={"model": "gpt-realtime-whisper"}, turn_detection={"type": "server_vad"}
        ),
        "invalid_value",
        f"{AUDIO}.turn_detection",
    ),
    (
        transcribed(language="jp"),
        "invalid_language_format",
        f"{AUDIO}.transcription.language",
    ),
    (
        transcribed("gpt-transcribe", languages=["de", "deutsch"]),
        "invalid_language_format",
        f"{AUDIO}.transcription.languages.1",
    ),
    # what is repeated from the request
    ({"sk-proj-0123456789": 1}, "unknown_parameter", "sk-…"),
    (
        nested(noise_reduction={"type": "sk-proj-0123456789\u202e" + "x" * 500}),
        "invalid_value",
        f"{AUDIO}.noise_reduction.type",
    ),
]
REFUSED_FLAT: list[tuple[Any, str, str | None]] = [
    ([], "invalid_type", None),
    (nested(), "unknown_parameter", "session"),
    ({"type": "transcription"}, "unknown_parameter", "type"),
    ({"expires_after": {"seconds": 60}}, "unknown_parameter", "expires_after"),
    ({"input_audio_format": "mp3"}, "invalid_value", "input_audio_format"),
    ({"input_audio_format": {"type": "audio/pcm"}}, "invalid_type", "input_audio_format"),
    ({"input_audio_format": None}, "invalid_type", "input_audio_format"),
    ({"modalities": ["video"]}, "invalid_value", "modalities.0"),
    ({"include": None}, "invalid_type", "include"),
    (
        {"input_audio_transcription": {"language": "en"}},
        "missing_required_parameter",
        "input_audio_transcription.model",
    ),
    (
        {"turn_detection": {"idle_timeout_ms": 6000}},
        "unknown_parameter",
        "turn_detection.idle_timeout_ms",
    ),
    (
        {"turn_detection": {"idle_timeout_ms": 1}},
        "integer_below_min_value",
        "turn_detection.idle_timeout_ms",
    ),
    ({"turn_detection": {"eagerness": "low"}}, "unknown_parameter", "turn_detection.eagerness"),
    (
        {"input_audio_transcription": {"model": "gpt-realtime-whisper"}, "turn_detection": {}},
        "invalid_value",
        "turn_detection",
    ),
    ({"client_secret": None}, "invalid_type", "client_secret"),
    ({"client_secret": {"value": "x"}}, "unknown_parameter", "client_secret.value"),
    ({"client_secret": {"expires_at": 60}}, "invalid_type", "client_secret.expires_at"),
    (
        {"client_secret": {"expires_at": {}, "value": "x"}},
        "unknown_parameter",
        "client_secret.value",
    ),
    (
        {"client_secret": {"expires_at": {"seconds": 5}}},
        "integer_below_min_value",
        "client_secret.expires_at.seconds",
    ),
]


@pytest.mark.parametrize(
    ("path", "cases"), [(NESTED, REFUSED_NESTED), (FLAT, REFUSED_FLAT)], ids=["nested", "flat"]
)
def test_what_is_wrong_is_refused_with_its_code_and_place(
    emulator: Emulator,
    path: str,
    cases: list[tuple[Any, str, str | None]],
    snapshot: SnapshotAssertion,
) -> None:
    replies = [post(emulator, path, body) for body, _, _ in cases]

    errors = [reply.content["error"] for reply in replies]
    assert [(error["code"], error["param"]) for error in errors] == [case[1:] for case in cases]
    assert {reply.status for reply in replies} == {400}
    assert {error["type"] for error in errors} == {"invalid_request_error"}
    assert [error["message"] for error in errors] == snapshot


def test_every_rule_that_is_an_error_is_refused_above() -> None:
    every = {kind for kind in rules.KINDS if kind.severity is Severity.ERROR}
    of_fields = {
        wording.UNKNOWN_KEY,
        wording.WRONG_TYPE,
        wording.WRONG_ITEM,
        wording.NULL_NOT_TAKEN,
        wording.BAD_VALUE,
        wording.OUT_OF_RANGE,
        wording.EMPTY_LIST,
    }

    assert every | of_fields <= kinds("client_secrets", REFUSED_NESTED)


def kinds(api: str, cases: list[tuple[Any, str, str | None]]) -> set[Kind]:
    form = FORMS[api]
    requests = [form.read(body) for body, _, _ in cases if isinstance(body, dict)]
    return {
        finding.kind
        for request in requests
        for finding in check_request(request.session, request.expires_after, form.name)
    }


# ── bodies that are not JSON ─────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"{} {}",
        b"{'a': 1}",
        b"a=1",
        b"\xff\xfe{\x00}\x00",
        b'\xef\xbb\xbf{"include": []}',
        b'{"turn_detection": {"threshold": NaN}}',
        b'{"turn_detection": {"threshold": 1e400}}',
        b'{"turn_detection": {"prefix_padding_ms": 9223372036854775808}}',
        b'{"turn_detection": {"prefix_padding_ms": ' + b"9" * 5000 + b"}}",
        b"[" * 60_000,
    ],
)
def test_a_body_that_is_not_json_is_refused(emulator: Emulator, body: bytes) -> None:
    reply = post(emulator, FLAT, body)

    assert reply.status == 400
    assert reply.content == {
        "error": {
            "message": "We could not parse the JSON body of your request: it is not valid JSON.",
            "type": "invalid_request_error",
            "param": None,
            "code": None,
        }
    }


def test_the_largest_numbers_that_a_file_can_hold_are_answered(emulator: Emulator) -> None:
    asked = b'{"prefix_padding_ms": 9223372036854775807, "threshold": 1e-308}'
    reply = post(emulator, FLAT, b'{"turn_detection": %b}' % asked)

    assert reply.status == 200
    assert json.loads(asked).items() <= reply.content["turn_detection"].items()


@pytest.mark.parametrize("kind", ["text/plain", "", "application/x-www-form-urlencoded", "json"])
def test_another_content_type_is_refused(emulator: Emulator, kind: str) -> None:
    reply = post(emulator, FLAT, b"{}", Content_Type=kind)

    assert reply.status == 400
    assert reply.content["error"]["code"] == "unsupported_content_type"


@pytest.mark.parametrize("kind", ["application/json; charset=utf-8", "Application/JSON"])
def test_json_may_be_called_so_in_other_ways(emulator: Emulator, kind: str) -> None:
    assert post(emulator, FLAT, b"{}", Content_Type=kind).status == 200


# ── who may ask, and for what ────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("path", [FLAT, NESTED])
@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": "Bearer "},
        {"Authorization": KEY},
        {"Authorization": "Basic eDp5"},
        {"api_key": KEY},
    ],
)
def test_without_a_key_nothing_is_minted(
    emulator: Emulator, path: str, headers: dict[str, str]
) -> None:
    reply = post(emulator, path, {}, key=None, **headers)

    assert reply.status == 401
    assert reply.headers["www-authenticate"] == "Bearer"
    assert reply.content == {
        "error": {
            "message": "You didn't provide an API key. Send it as 'Authorization: Bearer KEY'.",
            "type": "invalid_request_error",
            "param": None,
            "code": "invalid_api_key",
        }
    }


@pytest.mark.parametrize(
    "headers",
    [
        {"Authorization": "Bearer anything"},
        {"Authorization": "bearer anything"},
    ],
)
def test_any_key_passes_where_none_is_asked_for(
    emulator: Emulator, headers: dict[str, str]
) -> None:
    assert post(emulator, FLAT, {}, key=None, **headers).status == 200


def test_only_the_key_asked_for_passes(snapshot: SnapshotAssertion) -> None:
    with Emulator(fixed(key=Secret(KEY))) as emulator:
        refused = [
            post(emulator, FLAT, {}, key="sk-another-key-01234"),
            post(emulator, FLAT, {}, key=KEY + "0"),
            post(emulator, FLAT, {}, key="schlüssel"),
        ]
        passed = post(emulator, FLAT, {})

    assert [reply.status for reply in refused] == [401] * 3
    assert passed.status == 200
    assert {str(reply.content) for reply in refused} == {str(refused[0].content)}
    assert refused[0].content == snapshot


def test_the_key_is_asked_for_before_the_body_is_looked_at(emulator: Emulator) -> None:
    assert post(emulator, FLAT, b"no json", key=None).status == 401


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/realtime/sessions"),
        ("POST", FLAT + "/"),
        ("GET", ""),
        ("POST", "/ek_0123456789"),
        ("GET", "/../etc/passwd"),
    ],
)
def test_what_is_not_there_is_named(
    emulator: Emulator, method: str, path: str, snapshot: SnapshotAssertion
) -> None:
    reply = ask(emulator, method, path, {})

    assert reply.status == 404
    assert reply.content == snapshot


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("GET", FLAT, "POST"),
        ("PUT", NESTED, "POST"),
        ("GET", SESSIONS, "POST"),
        ("POST", "/emulator", "GET"),
        ("DELETE", "/emulator", "GET"),
    ],
)
def test_another_method_is_refused(
    emulator: Emulator, method: str, path: str, allowed: str
) -> None:
    reply = ask(emulator, method, path, {})

    assert reply.status == 405
    assert reply.headers["allow"] == allowed
    assert reply.content["error"]["code"] == "method_not_supported"


def test_a_query_is_let_pass(emulator: Emulator) -> None:
    assert post(emulator, FLAT + "?api-version=2025-04-01-preview", {}).status == 200
