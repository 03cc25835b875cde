"""The rules of the API: what each model takes, turn detection, languages, prompts, places."""

from typing import Any

import pytest

from tests.sources import compiled, told
from voxmint.problems import Severity
from voxmint.profiles import rules
from voxmint.profiles.fields import FLAT, MODELS, NESTED
from voxmint.profiles.findings import Finding
from voxmint.profiles.languages import CODES, DETECTED, meant
from voxmint.profiles.models import model_of

ERROR, WARNING, NOTHING = "error", "warning", ""
NESTED_ENVIRONMENT = {"local": "provider: {kind: emulator, api: client_secrets}\n"}

# ── what each model takes ────────────────────────────────────────────────────────────────────────

SERVER_VAD = "{type: server_vad}"
FIELDS = {
    "language": "en",
    "languages": "[en]",
    "prompt": "words",
    "keywords": "[word]",
    "delay": "low",
}
TAKES: dict[str, tuple[str, ...]] = {
    # model: language, languages, prompt, keywords, delay, turn detection
    "whisper-1": (NOTHING, ERROR, NOTHING, ERROR, ERROR, NOTHING),
    "gpt-4o-transcribe": (NOTHING, ERROR, NOTHING, ERROR, ERROR, NOTHING),
    "gpt-4o-mini-transcribe": (NOTHING, ERROR, NOTHING, ERROR, ERROR, NOTHING),
    "gpt-4o-mini-transcribe-2025-12-15": (NOTHING, ERROR, NOTHING, ERROR, ERROR, NOTHING),
    "gpt-4o-transcribe-diarize": (WARNING, ERROR, ERROR, ERROR, ERROR, WARNING),
    "gpt-realtime-whisper": (NOTHING, ERROR, ERROR, ERROR, NOTHING, ERROR),
    "gpt-transcribe": (NOTHING, NOTHING, NOTHING, NOTHING, ERROR, NOTHING),
    "gpt-live-transcribe": (NOTHING, NOTHING, NOTHING, NOTHING, WARNING, WARNING),
    # dated snapshots have the row of their family
    "gpt-4o-transcribe-2025-03-20": (NOTHING, ERROR, NOTHING, ERROR, ERROR, NOTHING),
    # unknown models have no rules
    "a-deployment": (NOTHING, NOTHING, NOTHING, NOTHING, NOTHING, NOTHING),
}
"""What is known of each model: an error rests on the published schema with no report against it, a
warning on reports alone, on doubt, or on a schema that reports contradict."""


def severities(rest: str, codes: set[str]) -> list[str]:
    compilation = compiled({"p": f"session: {{{rest}}}"}, NESTED_ENVIRONMENT)
    return [one.severity for one in compilation.problems if one.code in codes]


@pytest.mark.parametrize("field", FIELDS)
@pytest.mark.parametrize("model", TAKES)
def test_what_each_model_takes(model: str, field: str) -> None:
    column = list(FIELDS).index(field)
    transcription = f"{{model: {model}, {field}: {FIELDS[field]}}}"
    found = severities(
        f"input_audio_transcription: {transcription}, turn_detection: null",
        {"field-not-of-model", "field-doubted-of-model"},
    )
    assert "".join(found) == TAKES[model][column]


@pytest.mark.parametrize("model", TAKES)
def test_which_models_take_turn_detection(model: str) -> None:
    transcription = f"input_audio_transcription: {{model: {model}}}"
    codes = {"model-needs-no-turn-detection", "turn-detection-doubted", "turn-detection-left-out"}
    for detection in (SERVER_VAD, "{type: semantic_vad, eagerness: low}"):
        found = severities(f"{transcription}, turn_detection: {detection}", codes)
        assert "".join(found) == TAKES[model][-1]
    assert severities(f"{transcription}, turn_detection: null", codes) == []
    left_out = severities(transcription, codes)
    assert left_out == ([WARNING] if TAKES[model][-1] else [])


def test_every_known_model_is_in_the_table() -> None:
    assert set(MODELS) <= set(TAKES)


@pytest.mark.parametrize(
    ("model", "field", "value", "severity"),
    [
        ("gpt-realtime-whisper", "prompt", "x", ERROR),
        ("gpt-live-transcribe", "delay", "low", WARNING),
    ],
)
def test_both_places_are_cited(model: str, field: str, value: str, severity: str) -> None:
    profiles = {
        "base": f"abstract: true\nsession:\n  input_audio_transcription:\n    {field}: {value}\n",
        "p": "extends: base\nsession:\n  turn_detection: null\n  input_audio_transcription:\n"
        f"    model: {model}\n",
    }
    [problem] = [one for one in compiled(profiles).problems if one.code.startswith("field-")]
    assert problem.severity == severity
    assert str(problem.at) == "profiles/base.yaml:4:5"
    assert [(str(one.at), one.message) for one in problem.related] == [
        ("profiles/p.yaml:5:12", "the model is set here (profile p)")
    ]
    assert problem.path == f"input_audio_transcription.{field}"
    assert problem.remark == "set here (profile base)"


@pytest.mark.parametrize(
    ("model", "severity"), [("gpt-realtime-whisper", ERROR), ("gpt-live-transcribe", WARNING)]
)
def test_turn_detection_and_the_model_are_both_cited(model: str, severity: str) -> None:
    profiles = {
        "base": f"abstract: true\nsession:\n  turn_detection: {SERVER_VAD}\n",
        "p": f"extends: base\nsession:\n  input_audio_transcription: {{model: {model}}}\n",
    }
    [problem] = [one for one in compiled(profiles).problems if one.code != "fell-away"]
    assert (problem.severity, problem.path) == (severity, "turn_detection.type")
    assert str(problem.at) == "profiles/base.yaml:3:26"
    assert [str(one.at) for one in problem.related] == ["profiles/p.yaml:3:38"]


@pytest.mark.parametrize(
    ("name", "row"),
    [
        ("gpt-4o-transcribe-2025-03-20", "gpt-4o-transcribe"),
        ("whisper-1-2024-01-01", "whisper-1"),
        ("gpt-4o-mini-transcribe-2025-12-15", "gpt-4o-mini-transcribe-2025-12-15"),
        ("gpt-4o-transcribe-latest", None),
        ("gpt-4o-transcribe-20250320", None),
        ("gpt-4o-transcribe-2025-3-200", None),
        ("gpt-transcribe-1---------", None),
        ("gpt-transcribe-²²²²-²²-²²", None),
        ("gpt-transcribe-2026-06-01-2026-06-01", None),
        ("gpt-transcribe-2026-06-01\n", None),
        ("2025-03-20", None),
        ("-2025-03-20", None),
        ("", None),
        (3, None),
        (None, None),
    ],
)
def test_a_dated_model_is_of_its_family(name: object, row: str | None) -> None:
    found = model_of(name)
    assert (found.name if found else None) == row


# ── one rule at a time ───────────────────────────────────────────────────────────────────────────

WHISPER = {"model": "gpt-transcribe"}


def found(session: Any, form: str = NESTED) -> list[Finding]:
    whole = {"input_audio_transcription": WHISPER, "turn_detection": None, **session}
    return [one for rule in rules.RULES for one in rule(whole, form)]


def codes(session: Any, form: str = NESTED) -> list[str]:
    return [finding.kind.code for finding in found(session, form)]


def transcription(**fields: Any) -> Any:
    return {"input_audio_transcription": {**WHISPER, **fields}}


@pytest.mark.parametrize(
    ("session", "expected"),
    [
        ({}, []),
        ({"input_audio_transcription": None}, ["no-transcription"]),
        ({"input_audio_transcription": {}}, ["missing-model"]),
        (transcription(model="gpt-transcrib"), ["unknown-model"]),
        (transcription(model="whisper-1"), ["model-ends"]),
        (transcription(language="no"), []),
        (transcription(language="en-US"), ["bad-language"]),
        (transcription(language="EN"), ["bad-language"]),
        (transcription(language="xx"), ["bad-language"]),
        (transcription(language=""), ["bad-language"]),
        (transcription(languages=["no", "jp", "eng"]), ["bad-language", "bad-language"]),
        (transcription(language="no", languages=["en"]), ["language-and-languages"]),
        (transcription(prompt="x" * 1024), []),
        (transcription(prompt="x" * 1025), ["long-prompt"]),
        (transcription(prompt="é" * 1024), []),
        (transcription(keywords=["a-b", "c d", "é"]), []),
        (transcription(keywords=["a<b", "ok", "c\nd", "e\rf", "g>"]), ["bad-keyword"] * 4),
        ({"turn_detection": {"type": "server_vad", "eagerness": "low"}}, ["field-not-of-type"]),
        ({"turn_detection": {"type": "semantic_vad", "threshold": 0.5}}, ["field-not-of-type"]),
        (
            {"turn_detection": {"type": "server_vad", "create_response": True}},
            ["unused-in-transcription"],
        ),
        (
            {"turn_detection": {"type": "semantic_vad", "interrupt_response": False}},
            ["unused-in-transcription"],
        ),
    ],
)
def test_each_rule_finds_what_is_wrong_and_only_that(session: Any, expected: list[str]) -> None:
    assert codes(session) == expected


@pytest.mark.parametrize(
    ("session", "flat", "nested"),
    [
        ({"modalities": ["text"]}, [], ["no-place"]),
        ({"turn_detection": {"type": "server_vad", "idle_timeout_ms": 5000}}, ["no-place"], []),
        ({"turn_detection": {"type": "semantic_vad"}}, ["semantic-vad-doubted"], []),
        ({"turn_detection": {}}, [], ["turn-detection-needs-type"]),
        ({"turn_detection": {"threshold": 0.5}}, [], ["turn-detection-needs-type"]),
        (
            {"turn_detection": {"eagerness": "low"}},
            ["field-not-of-type"],
            ["turn-detection-needs-type", "field-not-of-type"],
        ),
    ],
)
def test_what_one_endpoint_takes_and_the_other_does_not(
    session: Any, flat: list[str], nested: list[str]
) -> None:
    assert (codes(session, FLAT), codes(session, NESTED)) == (flat, nested)


def test_what_has_no_place_is_left_out_of_that_body_alone() -> None:
    text = (
        "session: {modalities: [text], input_audio_transcription: {model: gpt-transcribe},"
        " turn_detection: {type: server_vad, idle_timeout_ms: 6000}}"
    )
    environments = {"flat": "provider: {kind: emulator}", "nested": NESTED_ENVIRONMENT["local"]}
    compilation = compiled({"p": text}, environments)
    flat, nested = (compilation.bodies["p", name].body for name in ("flat", "nested"))
    assert flat["modalities"] == ["text"]
    assert flat["turn_detection"] == {"type": "server_vad"}
    detection = nested["session"]["audio"]["input"]["turn_detection"]
    assert detection == {"type": "server_vad", "idle_timeout_ms": 6000}
    assert "modalities" not in str(nested)
    assert sorted(line.split()[0] for line in told(compilation.problems)) == ["no-place"] * 2


def test_the_order_of_the_first_characters_that_a_keyword_may_not_have() -> None:
    [one] = found(transcription(keywords=["x>y<z"]))
    assert one.path == ("session", "input_audio_transcription", "keywords", 0)
    assert one.facts["character"] == "`<`"


# ── severities, and where a rule comes from ──────────────────────────────────────────────────────


@pytest.mark.parametrize("kind", rules.KINDS, ids=lambda kind: kind.code)
def test_an_error_rests_on_the_published_schema_and_doubt_is_a_warning(kind: Any) -> None:
    assert kind.source, "a rule says where it is documented"
    assert kind.about
    if kind.severity is Severity.ERROR:
        assert kind.source.startswith("published schema")
    if "report" in kind.source and "published schema, and" not in kind.source:
        assert kind.severity is not Severity.ERROR


def test_every_kind_of_the_rules_is_listed_once() -> None:
    listed = [kind.code for kind in rules.KINDS]
    made = {value.code for value in vars(rules).values() if type(value).__name__ == "Kind"}
    assert len(listed) == len(set(listed))
    assert set(listed) == made


# ── languages ────────────────────────────────────────────────────────────────────────────────────


def test_languages_are_two_lower_case_letters() -> None:
    assert {"no", "nb", "nn", "en", "zh", "ja", "de", "cy", "zu"} <= CODES
    assert all(len(code) == 2 and code.isascii() and code.islower() for code in CODES)
    assert 180 <= len(CODES) <= 190


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("en-US", "en"),
        ("en_us", "en"),
        ("EN", "en"),
        ("eng", "en"),
        ("jp", "ja"),
        ("cn", "zh"),
        ("German", "de"),
        ("nor", "no"),
        ("zh-Hant-TW", "zh"),
        ("jap", "ja"),
        ("sp", "es"),
        ("auto", None),
        ("klingon", None),
        ("", None),
        ("xx", None),
    ],
)
def test_what_was_probably_meant(text: str, code: str | None) -> None:
    assert meant(text) == code
    assert code is None or code in CODES


def test_no_word_for_any_language_means_one() -> None:
    assert not any(map(meant, DETECTED))
