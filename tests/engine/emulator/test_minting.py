import json
from pathlib import Path
from typing import Any

import pytest
from syrupy.assertion import SnapshotAssertion

from tests.engine.emulator.talking import FLAT, NESTED, NOW, Clock, Reply, fixed, post
from voxmint.engine.emulator import Emulator

SCHEMA = json.loads((Path(__file__).parents[2] / "data/openapi-excerpt.json").read_text("utf-8"))
LOGPROBS = "item.input_audio_transcription.logprobs"

FULL_FLAT: dict[str, Any] = {
    "modalities": ["text"],
    "input_audio_format": "g711_ulaw",
    "input_audio_transcription": {
        "model": "gpt-transcribe",
        "languages": ["de", "fr"],
        "prompt": "Grüße aus Zürich",
        "keywords": ["Aare", "Limmat"],
    },
    "input_audio_noise_reduction": {"type": "far_field"},
    "turn_detection": {
        "type": "server_vad",
        "threshold": 0.25,
        "prefix_padding_ms": 100,
        "silence_duration_ms": 700,
        "create_response": False,
        "interrupt_response": False,
    },
    "include": [LOGPROBS],
    "client_secret": {"expires_at": {"anchor": "created_at", "seconds": 7200}},
}
FULL_NESTED: dict[str, Any] = {
    "expires_after": {"anchor": "created_at", "seconds": 10},
    "session": {
        "type": "transcription",
        "audio": {
            "input": {
                "format": {"type": "audio/pcmu"},
                "transcription": FULL_FLAT["input_audio_transcription"],
                "noise_reduction": {"type": "near_field"},
                "turn_detection": FULL_FLAT["turn_detection"] | {"idle_timeout_ms": 6000},
            }
        },
        "include": [LOGPROBS],
    },
}


def flat(**session: object) -> dict[str, object]:
    return session


def nested(**audio: object) -> dict[str, object]:
    return {"session": {"type": "transcription", "audio": {"input": audio}}}


WHISPER = {"model": "whisper-1"}
REALTIME_WHISPER = {"model": "gpt-realtime-whisper", "delay": "low"}
BODIES = {
    "flat-full": (FLAT, FULL_FLAT),
    "flat-empty": (FLAT, {}),
    "flat-nulls": (
        FLAT,
        flat(turn_detection=None, input_audio_noise_reduction=None, input_audio_transcription=None),
    ),
    "flat-partial-detection": (
        FLAT,
        flat(input_audio_transcription=WHISPER, turn_detection={"silence_duration_ms": 900}),
    ),
    "flat-semantic": (FLAT, flat(turn_detection={"type": "semantic_vad"})),
    "flat-empty-secret": (FLAT, flat(client_secret={})),
    "nested-full": (NESTED, FULL_NESTED),
    "nested-empty": (NESTED, {"session": {"type": "transcription"}, "expires_after": {}}),
    "nested-nulls": (
        NESTED,
        nested(transcription=None, noise_reduction=None, turn_detection=None),
    ),
    "nested-pcm-without-rate": (NESTED, nested(format={"type": "audio/pcm"})),
    "nested-semantic": (
        NESTED,
        nested(turn_detection={"type": "semantic_vad", "eagerness": "high"}),
    ),
    "nested-without-detection": (NESTED, nested(transcription=REALTIME_WHISPER)),
    "nested-unknown-model": (NESTED, nested(transcription={"model": "our-deployment"})),
}
CASES = pytest.mark.parametrize(("path", "body"), list(BODIES.values()), ids=list(BODIES))


def token_of(reply: Reply) -> str:
    content = reply.content
    return str(
        content["client_secret"]["value"] if "client_secret" in content else content["value"]
    )


def without_token(reply: Reply) -> dict[str, Any]:
    hidden: dict[str, Any] = json.loads(
        json.dumps(reply.content).replace(token_of(reply), "ek_TOKEN")
    )
    return hidden


@CASES
def test_the_answer_is_the_effective_session_and_a_token(
    emulator: Emulator, path: str, body: object, snapshot: SnapshotAssertion
) -> None:
    reply = post(emulator, path, body)

    assert reply.status == 200
    assert without_token(reply) == snapshot


@CASES
def test_the_answer_has_the_published_shape(emulator: Emulator, path: str, body: object) -> None:
    reply = post(emulator, path, body)

    assert list(departures(reply.content, answer_schema(path))) == []


def test_the_published_shape_is_really_compared(emulator: Emulator) -> None:
    content = post(emulator, NESTED, FULL_NESTED).content
    del content["session"]["id"]
    content["expires_at"] = "soon"
    content["session"]["include"] = ["everything"]

    found = list(departures(content, answer_schema(NESTED)))

    assert found == [
        "expires_at: not an integer",
        "session: no `id`",
        "session.include.0: 'everything' is not in the enumeration",
    ]


def test_headers_are_those_of_the_service(emulator: Emulator, snapshot: SnapshotAssertion) -> None:
    headers = dict(post(emulator, FLAT, {}).headers)

    assert headers.pop("openai-processing-ms").isdigit()
    assert headers.pop("content-length").isdigit()
    assert headers == snapshot


@pytest.mark.parametrize(
    ("asked", "lifetime"),
    [(None, 600), ({}, 600), ({"seconds": 10}, 10), ({"seconds": 7200}, 7200)],
)
def test_the_token_lives_as_long_as_asked(emulator: Emulator, asked: object, lifetime: int) -> None:
    flat_body = {} if asked is None else {"client_secret": {"expires_at": asked}}
    nested_body = nested() if asked is None else {**nested(), "expires_after": asked}

    secret = post(emulator, FLAT, flat_body).content["client_secret"]

    assert secret["expires_at"] == NOW + lifetime
    assert post(emulator, NESTED, nested_body).content["expires_at"] == NOW + lifetime


def test_time_is_that_of_the_clock_given() -> None:
    clock = Clock(2_000_000_000.9)
    with Emulator(fixed(clock)) as emulator:
        reply = post(emulator, NESTED, nested())

    assert reply.content["expires_at"] == 2_000_000_600
    assert reply.headers["date"] == "Wed, 18 May 2033 03:33:20 GMT"


def test_a_bug_costs_one_answer_and_says_nothing_of_the_request() -> None:
    failures = iter([ZeroDivisionError(f"with {FULL_FLAT}")])

    def clock() -> float:
        for failure in failures:
            raise failure
        return NOW

    with Emulator(fixed(clock)) as emulator:
        broken, sound = post(emulator, FLAT, FULL_FLAT), post(emulator, FLAT, FULL_FLAT)

    assert (broken.status, sound.status) == (500, 200)
    assert broken.content == {
        "error": {
            "message": "The emulator has a bug: ZeroDivisionError.",
            "type": "server_error",
            "param": None,
            "code": None,
        }
    }


# ── the published schema ─────────────────────────────────────────────────────────────────────────


def answer_schema(path: str) -> Any:
    responses = SCHEMA["paths"][path]["post"]["responses"]
    return responses["200"]["content"]["application/json"]["schema"]


TYPES = {
    "object": dict,
    "array": list,
    "string": str,
    "integer": int,
    "number": int | float,
}


def departures(value: Any, schema: Any, at: str = "") -> Any:
    """Where a value departs from a schema of the published description.

    Null is let pass where it is optional: the description's own examples have it there, though
    its schemas do not.
    """
    while "$ref" in schema:
        schema = SCHEMA["components"]["schemas"][schema["$ref"].rsplit("/", 1)[1]]
    choices = schema.get("anyOf") or schema.get("oneOf")
    if choices:
        found = [list(departures(value, choice, at)) for choice in choices]
        yield from min(found, key=len)
    wanted = schema.get("type")
    if wanted in TYPES and not isinstance(value, TYPES[wanted]):
        yield f"{at}: not an {wanted}"
    elif "enum" in schema and value not in schema["enum"]:
        yield f"{at}: {value!r} is not in the enumeration"
    elif wanted == "object":
        yield from departures_below(value, schema, at)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from departures(item, schema["items"], f"{at}.{index}")


def departures_below(value: Any, schema: Any, at: str) -> Any:
    required = schema.get("required", ())
    yield from (f"{at}: no `{name}`" for name in required if name not in value)
    for name, inner in schema["properties"].items():
        if name in value and (value[name] is not None or name in required):
            yield from departures(value[name], inner, f"{at}.{name}".lstrip("."))
