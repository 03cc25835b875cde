"""Validating what many bodies share, once, says of each body what a look at it alone says."""

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given, strategies as st

from tests.profiles.laws import law
from tests.profiles.sessions import SESSIONS
from tests.sources import codes, compiled
from voxmint.profiles.check import check_session
from voxmint.profiles.fields import FLAT, MODELS, NESTED
from voxmint.profiles.findings import Finding
from voxmint.profiles.rules import PROMPT_LIMIT
from voxmint.profiles.validate import Validator

LONG = "x" * (PROMPT_LIMIT + 1)
PROMPTS = st.sampled_from(["", "short", LONG, LONG + "x", 3])
TRANSCRIPTIONS = st.none() | st.fixed_dictionaries(
    {},
    optional={
        "model": st.sampled_from([*MODELS, "gpt-4o-transcripe", 4]),
        "language": st.sampled_from(["no", "eng", 1]),
        "languages": st.sampled_from([["no"], ["eng"], [], ["no", "de"]]),
        "prompt": PROMPTS,
        "keywords": st.sampled_from([[], ["a<b"], ["a"], ["a\nb"]]),
        "delay": st.sampled_from(["low", "high", "none"]),
    },
)
DETECTIONS = st.none() | st.fixed_dictionaries(
    {},
    optional={
        "type": st.sampled_from(["server_vad", "semantic_vad", "other"]),
        "threshold": st.sampled_from([0, 1, 0.5, 2, True]),
        "silence_duration_ms": st.sampled_from([0, 1, 300, -1, -300, 0.5]),
        "idle_timeout_ms": st.sampled_from([None, 5000, 1]),
        "eagerness": st.sampled_from(["low", "lowest"]),
        "create_response": st.booleans(),
    },
)
ODD_SESSIONS = st.fixed_dictionaries(
    {},
    optional={
        "modalities": st.sampled_from([["text"], ["sound"]]),
        "input_audio_format": st.sampled_from(["pcm16", "mp3", 1]),
        "input_audio_transcription": TRANSCRIPTIONS,
        "turn_detection": DETECTIONS,
        "turn_detektion": st.none(),
    },
)
LIFETIMES = st.none() | st.fixed_dictionaries({"seconds": st.sampled_from([10, 5, "10", True])})
FORMS = st.sampled_from([FLAT, NESTED])


@st.composite
def requests(draw: st.DrawFn) -> list[Any]:
    """Requests of which some differ in little: in what no outline holds, or in the form."""
    found: list[Any] = []
    for session in draw(st.lists(SESSIONS | ODD_SESSIONS, min_size=1, max_size=3)):
        for prompt in draw(st.lists(PROMPTS, min_size=1, max_size=3)):
            one = dict(session)
            if one.get("input_audio_transcription"):
                old = one["input_audio_transcription"]
                one["input_audio_transcription"] = old | {"prompt": prompt}
            if one.get("turn_detection"):
                numbers = {
                    "threshold": draw(st.sampled_from([0, 1, 0.5])),
                    "silence_duration_ms": draw(st.sampled_from([0, 200, -1])),
                }
                one["turn_detection"] = one["turn_detection"] | numbers
            found.append((one, draw(LIFETIMES), draw(FORMS)))
    return found


@law(250)
@given(requests())
def test_what_is_remembered_of_one_body_holds_for_the_next(given_requests: list[Any]) -> None:
    """Whatever a rule looks at has to be in the outline."""
    validator = Validator()
    for session, lifetime, form in given_requests:
        found = told(validator.findings(session, lifetime, form))
        assert found == told(Validator().findings(session, lifetime, form))
        if not validator.findings(session, lifetime, form=None):
            assert found == told(check_session(session, form))


NESTED_LOCAL = {"local": "provider: {kind: emulator, api: client_secrets}\n"}


def found_in(detection: str, transcription: str = "model: whisper-1") -> list[str]:
    text = f"{{input_audio_transcription: {{{transcription}}}, turn_detection: {detection}}}"
    return codes(compiled({"p": f"session: {text}"}, NESTED_LOCAL).errors)


@pytest.mark.parametrize(
    ("transcription", "expected"),
    [
        ("languages: [eng, 7]", ["bad-language", "wrong-item"]),
        ("languages: [7, de, jp]", ["bad-language", "wrong-item"]),
        ("keywords: [null, fine, 7]", ["wrong-item", "wrong-item"]),
        ("keywords: [7], delay: low", ["field-not-of-model", "wrong-item"]),
    ],
)
def test_a_wrong_item_hides_nothing_of_the_others(transcription: str, expected: list[str]) -> None:
    assert sorted(found_in("null", f"model: gpt-transcribe, {transcription}")) == expected


def test_the_rules_look_at_what_is_right_beside_what_is_wrong() -> None:
    """One run finds everything: a value of a wrong type does not hide what a rule finds."""
    wrong = "{type: server_vad, threshold: '0.5'}"
    assert found_in(wrong, "model: gpt-realtime-whisper") == [
        "model-needs-no-turn-detection",
        "wrong-type",
    ]
    assert found_in(wrong, "model: whisper-1, language: eng") == ["bad-language", "wrong-type"]
    assert found_in("{type: server_vad, eagerness: low, threshold: 7}") == [
        "field-not-of-type",
        "out-of-range",
    ]
    assert found_in("null", "model: whisper-1, keywords: [a], prompt: 7") == [
        "field-not-of-model",
        "wrong-type",
    ]


@pytest.mark.parametrize(
    ("detection", "transcription"),
    [
        ("{type: semantic_vadd, eagerness: low}", "model: whisper-1"),
        ("{type: 7, eagerness: low}", "model: whisper-1"),
        ("server_vad", "model: gpt-realtime-whisper"),
        ("{tipe: semantic_vad, eagerness: low}", "model: whisper-1"),
        ("{type: '{{ vars.nope }}', eagerness: low}", "model: whisper-1"),
        ("null", "model: [whisper-1], keywords: [a]"),
        ("null", "modle: gpt-transcribe"),
    ],
)
def test_what_is_wrong_is_the_cause_of_nothing_else(detection: str, transcription: str) -> None:
    assert len(found_in(detection, transcription)) == 1


def told(findings: Sequence[Finding]) -> list[str]:
    """All of them, without their order, and with `1`, `1.0` and `true` told apart."""
    return sorted(map(repr, findings))
