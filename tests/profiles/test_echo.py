"""What was asked and what is answered, value by value."""

import math
from typing import Any

import pytest
from hypothesis import given

from tests.profiles.published import FLAT_BODIES, NESTED_BODIES
from voxmint.profiles.bodies import FORMS
from voxmint.profiles.echo import NOTHING, Echo, Fate, echoes, lifetime_echo, with_left_out

FLAT, NESTED = FORMS["transcription_sessions"], FORMS["client_secrets"]


def fates(asked: dict[str, Any], answered: dict[str, Any], **others: Any) -> dict[str, str]:
    """The fate of each path of a flat body, by the answer to it."""
    return {
        ".".join(map(str, one.path[1:])): one.fate
        for one in echoes(asked, FLAT, answered, **others)
    }


def test_each_fate() -> None:
    asked = {
        "input_audio_format": "pcm16",
        "input_audio_transcription": {
            "model": "m",
            "language": "de",
            "keywords": ["a"],
            "delay": "low",
        },
        "input_audio_noise_reduction": {"type": "near_field"},
        "turn_detection": {"type": "server_vad", "threshold": 0.6},
    }
    answered = {
        "input_audio_format": "pcm16",
        "input_audio_transcription": {"model": "m", "prompt": ""},
        "input_audio_noise_reduction": {"type": "far_field"},
        "turn_detection": {"type": "server_vad", "threshold": 0.6, "prefix_padding_ms": 300},
        "id": "sess_1",
    }
    assert fates(asked, answered) == {
        "input_audio_format": "kept",
        "input_audio_transcription.model": "kept",
        "input_audio_transcription.language": "ignored",
        "input_audio_transcription.prompt": "filled",
        "input_audio_transcription.keywords": "silent",
        "input_audio_transcription.delay": "silent",
        "input_audio_noise_reduction.type": "changed",
        "turn_detection.type": "kept",
        "turn_detection.threshold": "kept",
        "turn_detection.prefix_padding_ms": "filled",
    }


@pytest.mark.parametrize(
    ("asked", "answered", "fate"),
    [
        (None, None, "kept"),
        (None, NOTHING, "kept"),
        (None, {"type": "server_vad"}, "changed"),
        ({"type": "server_vad"}, None, "changed"),
        ({"type": "server_vad"}, "off", "changed"),
    ],
)
def test_null_is_a_value_of_its_own(asked: Any, answered: Any, fate: str) -> None:
    given = {} if answered is NOTHING else {"turn_detection": answered}
    [one] = echoes({"turn_detection": asked}, FLAT, given)
    assert (one.fate, one.asked) == (fate, asked)


@pytest.mark.parametrize(
    ("asked", "answered", "fate"),
    [
        (0.5, 0.50, "kept"),
        (1, 1.0, "kept"),
        (0.6, 0.6000000238418579, "kept"),
        (0.6, 0.61, "changed"),
        (1, True, "changed"),
        (0.5, "0.5", "changed"),
        (0, 1e-9, "changed"),
        (0.5, 10**400, "changed"),
        (0.5, math.inf, "changed"),
        (0.5, math.nan, "changed"),
    ],
)
def test_numbers_are_compared_by_value(asked: Any, answered: Any, fate: str) -> None:
    found = fates(
        {"turn_detection": {"threshold": asked}}, {"turn_detection": {"threshold": answered}}
    )
    assert found == {"turn_detection.threshold": fate}


def test_lists_are_compared_whatever_their_order() -> None:
    def found(asked: list[str], answered: list[str]) -> str:
        return fates({"modalities": asked}, {"modalities": answered})["modalities"]

    assert found(["text", "audio"], ["audio", "text"]) == "kept"
    assert found(["text"], ["audio", "text"]) == "changed"
    assert found(["text", "audio"], ["text", "text"]) == "changed"


@pytest.mark.parametrize(
    ("answered", "fate"),
    [
        ("scribe", "kept"),
        ("gpt-transcribe", "kept"),
        ("gpt-transcribe-2026-02-01", "kept"),
        ("scribe-20260201", "kept"),
        ("gpt-transcribe-mini", "changed"),
        ("gpt-transcribe2026-02-01", "changed"),
        (7, "changed"),
    ],
)
def test_a_deployment_and_a_dated_version_are_the_model(answered: Any, fate: str) -> None:
    """The profile says `gpt-transcribe`, and what is sent is the deployment `scribe`."""
    asked = {"input_audio_transcription": {"model": "scribe"}}
    given = {"input_audio_transcription": {"model": answered}}
    found = fates(asked, given, model="gpt-transcribe")
    assert found == {"input_audio_transcription.model": fate}


def test_an_answer_may_have_the_other_form() -> None:
    asked = {"input_audio_format": "g711_ulaw", "turn_detection": None}
    answered = {
        "type": "transcription",
        "audio": {"input": {"format": {"type": "audio/pcmu"}, "turn_detection": None}},
    }
    assert fates(asked, answered) == {"input_audio_format": "kept", "turn_detection": "kept"}
    nested = {"session": {"audio": {"input": {"format": {"type": "audio/pcmu"}}}}}
    [one] = echoes(nested, NESTED, {"input_audio_format": "pcm16"})
    assert one == Echo(("session", "input_audio_format"), Fate.CHANGED, "g711_ulaw", "pcm16")


def test_what_has_no_place_is_left_out_whatever_is_answered() -> None:
    session: dict[str, Any] = {
        "modalities": ["text"],
        "input_audio_noise_reduction": {"type": "near_field", "strength": 0.5},
        "turn_detection": {"type": "server_vad", "idle_timeout_ms": None},
    }
    default = Echo(("session", "modalities"), Fate.FILLED, NOTHING, ["audio"])
    kept = Echo(("session", "turn_detection", "type"), Fate.KEPT, "server_vad", "server_vad")
    assert with_left_out([default, kept], session, NESTED) == (
        Echo(default.path, Fate.LEFT_OUT, ["text"], ["audio"]),
        kept,
    )
    assert with_left_out([kept], session, FLAT) == (
        kept,
        Echo(("session", "input_audio_noise_reduction", "strength"), Fate.LEFT_OUT, 0.5, NOTHING),
        Echo(("session", "turn_detection", "idle_timeout_ms"), Fate.LEFT_OUT, None, NOTHING),
    )
    assert with_left_out([], {"turn_detection": None}, FLAT) == ()


def test_a_format_that_has_no_word_is_shown_as_it_came() -> None:
    odd = {"type": "audio/opus"}
    nested = {"session": {"audio": {"input": {"format": {"type": "audio/pcmu"}}}}}
    [one] = echoes(nested, NESTED, {"audio": {"input": {"format": odd}}})
    assert (one.fate, one.answered) == ("changed", odd)


@given(FLAT_BODIES)
def test_what_is_answered_as_it_was_asked_is_kept(body: dict[str, Any]) -> None:
    session = {name: value for name, value in body.items() if name != "client_secret"}
    found = echoes(body, FLAT, session)
    assert {one.fate for one in found} <= {Fate.KEPT}


@given(NESTED_BODIES)
def test_what_the_nested_form_answers_as_asked_is_kept(body: dict[str, Any]) -> None:
    found = echoes(body, NESTED, body.get("session") or {})
    # An empty format is one that a profile has no word for.
    assert {one.fate for one in found if one.asked is not NOTHING} <= {Fate.KEPT}
    assert {one.path[-1] for one in found if one.asked is NOTHING} <= {"input_audio_format"}


@pytest.mark.parametrize(
    ("asked", "lives", "fate"),
    [
        ({"seconds": 120}, 119.2, "kept"),
        ({"seconds": 120}, 61.0, "kept"),
        ({"seconds": 120}, 179.0, "kept"),
        ({"seconds": 120}, 181.0, "changed"),
        ({"seconds": 120}, 600.0, "changed"),
        ({"seconds": 600}, 120.0, "changed"),
        ({"anchor": "created_at"}, 599.6, "filled"),
        (None, 599.6, "filled"),
    ],
)
def test_a_lifetime_is_compared_with_the_expiry(
    asked: dict[str, Any] | None, lives: float, fate: str
) -> None:
    one = lifetime_echo(asked, lives)
    assert (one.fate, one.answered) == (fate, math.floor(lives + 0.5))
    assert one.asked == ((asked or {}).get("seconds", NOTHING))
