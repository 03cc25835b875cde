"""The OpenAI Python SDK, which nobody here wrote, at the emulator: requests, answers, errors."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import openai
import pytest
from openai.types.beta.realtime import TranscriptionSession
from openai.types.realtime import (
    ClientSecretCreateResponse,
    RealtimeTranscriptionSessionCreateRequest,
    RealtimeTranscriptionSessionCreateResponse,
)
from pydantic import BaseModel

from tests.test_scenarios import NAMES, SCENARIOS
from voxmint.engine.emulator import Emulator, Options
from voxmint.engine.emulator.faults import Fault
from voxmint.secret import Secret

KEY = "sk-proof-0123456789abcdef"
NOW = 1_790_000_000
FLAT, NESTED = "transcription_sessions", "client_secrets"


@contextmanager
def client(retries: int = 0, **options: Any) -> Iterator[openai.OpenAI]:
    """The SDK, pointed at an emulator of its own."""
    with Emulator(Options(clock=lambda: NOW, **options)) as emulator:
        made = openai.OpenAI(api_key=KEY, base_url=emulator.url, max_retries=retries)
        with made as sdk:
            yield sdk


@pytest.fixture(scope="module")
def sdk() -> Iterator[openai.OpenAI]:
    with client() as made:
        yield made


def rendered(api: str) -> list[tuple[str, dict[str, Any]]]:
    """The bodies of all scenarios for an endpoint, each with where it stands."""
    found = []
    for name in NAMES:
        for path in sorted((SCENARIOS / name / "expected").rglob(f"*.{api}.json")):
            bodies = json.loads(path.read_text(encoding="utf-8"))
            found.append((str(path.relative_to(SCENARIOS)), bodies))
    return found


def unknown(model: BaseModel) -> list[str]:
    """The fields that a model of the SDK was given and does not know, at any depth."""
    found = list(model.model_extra or ())
    for name in type(model).model_fields:
        value = getattr(model, name)
        for inner in value if isinstance(value, list) else [value]:
            found += unknown(inner) if isinstance(inner, BaseModel) else []
    return found


# ── answers ──────────────────────────────────────────────────────────────────────────────────────


def test_a_typed_mint_gives_a_typed_answer(sdk: openai.OpenAI) -> None:
    answer = sdk.realtime.client_secrets.create(
        expires_after={"anchor": "created_at", "seconds": 120},
        session={
            "type": "transcription",
            "audio": {
                "input": {
                    "format": {"type": "audio/pcm", "rate": 24000},
                    "noise_reduction": {"type": "near_field"},
                    "transcription": {"model": "gpt-transcribe", "language": "en"},
                    "turn_detection": {"type": "server_vad", "threshold": 0.6},
                }
            },
            "include": ["item.input_audio_transcription.logprobs"],
        },
    )
    # The SDK builds its answers without looking at them; here they are held to their types.
    strict = ClientSecretCreateResponse.model_validate_json(answer.to_json(), strict=True)
    assert isinstance(strict.session, RealtimeTranscriptionSessionCreateResponse)
    assert unknown(strict) == []
    assert (strict.value[:3], strict.expires_at) == ("ek_", NOW + 120)
    assert strict.session.object == "realtime.transcription_session"
    assert strict.session.id.startswith("sess_")
    assert strict.session.audio is not None
    given = strict.session.audio.input
    assert given is not None
    assert given.turn_detection is not None
    assert given.turn_detection.to_dict() == {
        "type": "server_vad",
        "threshold": 0.6,
        "prefix_padding_ms": 300,
        "silence_duration_ms": 200,
    }
    assert given.noise_reduction is not None
    assert given.noise_reduction.type == "near_field"
    assert strict.session.include == ["item.input_audio_transcription.logprobs"]


def test_null_is_sent_and_answered(sdk: openai.OpenAI) -> None:
    answer = sdk.realtime.client_secrets.create(
        session={
            "type": "transcription",
            "audio": {
                "input": {
                    "transcription": {"model": "gpt-realtime-whisper"},
                    "turn_detection": None,
                }
            },
        }
    )
    session = answer.to_dict(mode="json", exclude_unset=True)["session"]
    assert isinstance(session, dict)
    assert session["audio"]["input"]["turn_detection"] is None
    assert session["audio"]["input"]["noise_reduction"] is None


def test_a_raw_post_mints_on_the_flat_endpoint(sdk: openai.OpenAI) -> None:
    body = {
        "input_audio_format": "g711_ulaw",
        "input_audio_transcription": {"model": "whisper-1"},
        "turn_detection": None,
    }
    answer = sdk.post(f"/realtime/{FLAT}", body=body, cast_to=dict[str, Any])
    assert answer["client_secret"]["value"].startswith("ek_")
    assert answer["turn_detection"] is None
    typed = TranscriptionSession.model_validate(answer, strict=True)
    assert typed.input_audio_format == "g711_ulaw"


def test_the_typed_flat_call_of_the_beta_mints_too(sdk: openai.OpenAI) -> None:
    answer = sdk.beta.realtime.transcription_sessions.create(
        client_secret={"expires_at": {"anchor": "created_at", "seconds": 60}},
        input_audio_transcription={"model": "gpt-4o-transcribe", "language": "de"},
    )
    assert isinstance(answer, TranscriptionSession)
    assert answer.client_secret.expires_at == NOW + 60
    assert answer.client_secret.value.startswith("ek_")


# ── what voxmint renders ─────────────────────────────────────────────────────────────────────────


def test_there_is_something_to_look_at() -> None:
    assert len(rendered(NESTED)) > 30
    assert len(rendered(FLAT)) > 30


@pytest.mark.parametrize(("where", "body"), rendered(NESTED))
def test_the_types_of_the_sdk_take_what_is_rendered(where: str, body: dict[str, Any]) -> None:
    found = RealtimeTranscriptionSessionCreateRequest.model_validate(body["session"], strict=True)
    assert unknown(found) == [], where


# ── errors ───────────────────────────────────────────────────────────────────────────────────────


def test_a_bad_value_is_a_bad_request_with_its_param(sdk: openai.OpenAI) -> None:
    with pytest.raises(openai.BadRequestError) as error:
        sdk.realtime.client_secrets.create(
            session={
                "type": "transcription",
                "audio": {"input": {"turn_detection": {"type": "server_vad", "threshold": 2.0}}},
            }
        )
    assert error.value.param == "session.audio.input.turn_detection.threshold"
    assert error.value.type == "invalid_request_error"
    assert error.value.request_id


def test_another_key_is_not_authenticated() -> None:
    with (
        client(key=Secret("sk-another-0123456789")) as sdk,
        pytest.raises(openai.AuthenticationError) as e,
    ):
        sdk.realtime.client_secrets.create()
    assert e.value.code == "invalid_api_key"


def test_a_retired_endpoint_is_not_found() -> None:
    with client(retired=frozenset({FLAT})) as sdk, pytest.raises(openai.NotFoundError):
        sdk.post(f"/realtime/{FLAT}", body={}, cast_to=dict[str, Any])


def test_the_sdk_waits_as_long_as_it_is_told_and_tries_again() -> None:
    fault = Fault("429", "retry-after-ms=20", times=1)
    with client(retries=1, faults=(fault,)) as sdk:
        answer = sdk.realtime.client_secrets.create(session={"type": "transcription"})
    assert answer.value.startswith("ek_")


def test_a_quota_is_a_rate_limit_with_its_code() -> None:
    with client(faults=(Fault("quota"),)) as sdk, pytest.raises(openai.RateLimitError) as error:
        sdk.realtime.client_secrets.create(session={"type": "transcription"})
    assert error.value.code == "insufficient_quota"
