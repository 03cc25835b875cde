"""What is known of the API, fact by fact, and what comes of it for each endpoint.

A row is a fact, how sure it is, a session that meets it, and what validating says for the flat and
the nested body. Errors rest on the published schema and its prose, uncontradicted; warnings on
reports, doubt or dispute; notes never fail.
"""

from typing import Any, NamedTuple

import pytest

from voxmint.problems import Severity, Sureness
from voxmint.profiles import rules
from voxmint.profiles.bodies import FORMS
from voxmint.profiles.check import check_request
from voxmint.profiles.explained import field_entries
from voxmint.profiles.models import TABLE, Answer

PUBLISHED, TYPED, SEEN = Sureness.PUBLISHED, Sureness.TYPED, Sureness.SEEN
REPORTED, DISPUTED = Sureness.REPORTED, Sureness.DISPUTED
FINE = ""
MODEL = "gpt-transcribe"


class Fact(NamedTuple):
    """What is said where this is met: `error code`, or nothing; of the nested body by default as
    of the flat one."""

    said: str
    sure: Sureness
    met: dict[str, Any]
    flat: str = FINE
    nested: str | None = None


def heard(**fields: Any) -> dict[str, Any]:
    """A session whose transcription has these, beside a model."""
    return {"input_audio_transcription": {"model": MODEL, **fields}, "turn_detection": None}


def detects(**fields: Any) -> dict[str, Any]:
    return {"input_audio_transcription": {"model": MODEL}, "turn_detection": fields}


def of(model: str, detection: Any = None, **fields: Any) -> dict[str, Any]:
    return {**heard(model=model, **fields), "turn_detection": detection}


def lives(**fields: Any) -> dict[str, Any]:
    return {**heard(), "expires_after": fields}


VAD = {"type": "server_vad"}
ENDS = "note model-ends"
DATED = "gpt-4o-mini-transcribe-2025-12-15"

FACTS = (
    # the lifetime
    Fact("a lifetime is 10 s at least", PUBLISHED, lives(seconds=10)),
    Fact("a lifetime is 10 s at least", PUBLISHED, lives(seconds=9), "error out-of-range"),
    Fact("a lifetime is 7200 s at most", PUBLISHED, lives(seconds=7200)),
    Fact("a lifetime is 7200 s at most", PUBLISHED, lives(seconds=7201), "error out-of-range"),
    Fact("a lifetime is whole seconds", PUBLISHED, lives(seconds=60.5), "error wrong-type"),
    Fact("the anchor is created_at", PUBLISHED, lives(anchor="created_at")),
    Fact("the anchor is created_at", PUBLISHED, lives(anchor="now"), "error bad-value"),
    Fact("the flat body asks for a lifetime, too", TYPED, lives(seconds=60)),
    # formats, noise, includes
    *(
        Fact(f"{name} is a format", PUBLISHED, {**heard(), "input_audio_format": name})
        for name in ("pcm16", "g711_ulaw", "g711_alaw")
    ),
    Fact(
        "no other format", PUBLISHED, {**heard(), "input_audio_format": "opus"}, "error bad-value"
    ),
    *(
        Fact("noise", PUBLISHED, {**heard(), "input_audio_noise_reduction": {"type": name}})
        for name in ("near_field", "far_field")
    ),
    Fact("null is no noise reduction", PUBLISHED, {**heard(), "input_audio_noise_reduction": None}),
    Fact(
        "no other noise reduction",
        PUBLISHED,
        {**heard(), "input_audio_noise_reduction": {"type": "mid_field"}},
        "error bad-value",
    ),
    Fact(
        "include: logprobs",
        PUBLISHED,
        {**heard(), "include": ["item.input_audio_transcription.logprobs"]},
    ),
    Fact("include: nothing else", PUBLISHED, {**heard(), "include": ["x"]}, "error bad-value"),
    Fact(
        "modalities are of the flat body alone",
        PUBLISHED,
        {**heard(), "modalities": ["text"]},
        FINE,
        "warning no-place",
    ),
    *(
        Fact(
            "the SDK's types have a strength of noise reduction, for the nested body",
            TYPED,
            {**heard(), "input_audio_noise_reduction": {"type": "near_field", "strength": value}},
            "warning no-place",
            "warning field-typed-only",
        )
        for value in (0, 0.5, 1, 7)
    ),
    Fact(
        "no source says what a strength below zero is",
        DISPUTED,
        {**heard(), "input_audio_noise_reduction": {"strength": -0.1}},
        "warning no-place",
        "warning negative-strength",
    ),
    Fact(
        "a strength is a number",
        TYPED,
        {**heard(), "input_audio_noise_reduction": {"strength": "1"}},
        "error wrong-type",
    ),
    # turn detection
    Fact("null is no turn detection", PUBLISHED, heard()),
    Fact("server_vad", PUBLISHED, detects(**VAD)),
    Fact("no other type", PUBLISHED, detects(type="vad"), "error bad-value"),
    Fact("a threshold is 0 to 1", PUBLISHED, detects(**VAD, threshold=1)),
    Fact("a threshold is 0 to 1", PUBLISHED, detects(**VAD, threshold=1.1), "error out-of-range"),
    Fact("padding is whole", PUBLISHED, detects(**VAD, prefix_padding_ms=0.5), "error wrong-type"),
    Fact("silence is whole", PUBLISHED, detects(**VAD, silence_duration_ms=200)),
    Fact(
        "nobody says what less than zero is",
        DISPUTED,
        detects(**VAD, silence_duration_ms=-1),
        "warning negative-duration",
    ),
    Fact(
        "idle_timeout_ms is 5000 to 30000, of the nested body alone",
        PUBLISHED,
        detects(**VAD, idle_timeout_ms=5000),
        "warning no-place",
        FINE,
    ),
    Fact(
        "idle_timeout_ms is 5000 at least",
        PUBLISHED,
        detects(**VAD, idle_timeout_ms=4999),
        "error out-of-range",
    ),
    Fact(
        "the nested body needs a type",
        PUBLISHED,
        detects(threshold=0.5),
        FINE,
        "error turn-detection-needs-type",
    ),
    Fact(
        "the flat schema lists server_vad alone, its page and the SDK both",
        DISPUTED,
        detects(type="semantic_vad"),
        "warning semantic-vad-doubted",
        FINE,
    ),
    *(
        Fact("eagerness", DISPUTED, detects(type="semantic_vad", eagerness=name), flat, FINE)
        for name in ("low", "medium", "high", "auto")
        for flat in ("warning semantic-vad-doubted",)
    ),
    Fact(
        "no other eagerness",
        PUBLISHED,
        detects(eagerness="max"),
        "error bad-value",
    ),
    Fact(
        "eagerness is of semantic_vad alone",
        PUBLISHED,
        detects(**VAD, eagerness="low"),
        "error field-not-of-type",
    ),
    Fact(
        "create_response is not available for transcription sessions",
        PUBLISHED,
        detects(**VAD, create_response=False),
        "warning unused-in-transcription",
    ),
    Fact(
        "interrupt_response is not available for transcription sessions",
        PUBLISHED,
        detects(**VAD, interrupt_response=True),
        "warning unused-in-transcription",
    ),
    # the model
    Fact(
        "without transcription there is no text",
        PUBLISHED,
        {"turn_detection": None},
        "warning no-transcription",
    ),
    Fact(
        "a transcription needs its model in practice",
        REPORTED,
        {"input_audio_transcription": {}, "turn_detection": None},
        "warning missing-model",
    ),
    Fact("the model is open", PUBLISHED, of("our-deployment"), "warning unknown-model"),
    Fact(
        "what an unknown model takes is not known",
        PUBLISHED,
        of("our-deployment", VAD, keywords=["x"], delay="low"),
        "warning unknown-model",
    ),
    Fact("a dated model is of its family", TYPED, of(DATED), ENDS),
    *(
        Fact("the SDK's types say when it ends", TYPED, of(model), ENDS)
        for model in ("whisper-1", "gpt-4o-transcribe", "gpt-4o-mini-transcribe")
    ),
    # what the model takes, apart from the matrix below
    Fact(
        "gpt-transcribe takes language, not beside languages",
        SEEN,
        heard(language="en", languages=["de"]),
        "warning language-and-languages",
    ),
    Fact(
        "gpt-live-transcribe takes language, not beside languages",
        SEEN,
        of("gpt-live-transcribe", language="en", languages=["de"]),
        "warning language-and-languages",
    ),
    Fact(
        "of a model without languages, that one thing is said",
        PUBLISHED,
        of("gpt-realtime-whisper", language="en", languages=["de"]),
        "error field-not-of-model",
    ),
    Fact(
        "gpt-realtime-whisper needs turn detection off",
        PUBLISHED,
        of("gpt-realtime-whisper", VAD),
        "error model-needs-no-turn-detection",
    ),
    Fact(
        "reports of what leaving it out does conflict",
        DISPUTED,
        {"input_audio_transcription": {"model": "gpt-realtime-whisper"}},
        "warning turn-detection-left-out",
    ),
    Fact(
        "gpt-live-transcribe needs turn detection off",
        SEEN,
        of("gpt-live-transcribe", VAD),
        "warning turn-detection-doubted",
    ),
    # languages, prompts, keywords, delay
    Fact("Norwegian", PUBLISHED, heard(language="no")),
    *(
        Fact("languages are of ISO 639-1", PUBLISHED, heard(language=name), "error bad-language")
        for name in ("jp", "eng", "english", "de-DE", "NO", "xx", "")
    ),
    Fact(
        "languages are of ISO 639-1", PUBLISHED, heard(languages=["no", "jp"]), "error bad-language"
    ),
    Fact("languages has an item", PUBLISHED, heard(languages=[]), "error empty-list"),
    *(
        Fact(
            "null is not known to be taken",
            PUBLISHED,
            heard(**{name: None}),
            "error null-not-taken",
        )
        for name in ("language", "languages", "prompt", "keywords", "delay")
    ),
    Fact("a prompt has 1024 characters at most", SEEN, heard(prompt="é" * 1024)),
    Fact(
        "a prompt has 1024 characters at most",
        SEEN,
        heard(prompt="é" * 1025),
        "warning long-prompt",
    ),
    *(
        Fact("keywords are plain", SEEN, heard(keywords=["fine", word]), "warning bad-keyword")
        for word in ("a<b", "a>b", "a\rb", "a\nb")
    ),
    *(
        Fact("delay", PUBLISHED, of("gpt-realtime-whisper", delay=name))
        for name in ("minimal", "low", "medium", "high", "xhigh")
    ),
    Fact(
        "no other delay",
        PUBLISHED,
        of("gpt-realtime-whisper", delay="none"),
        "error bad-value",
    ),
)

IDS = [f"{fact.said}, {number}" for number, fact in enumerate(FACTS)]

Y, N, D = FINE, "error field-not-of-model", "warning field-doubted-of-model"
MATRIX = {
    # model: language, languages, prompt, keywords, delay
    "whisper-1": (Y, N, Y, N, N),
    "gpt-4o-transcribe": (Y, N, Y, N, N),
    "gpt-4o-mini-transcribe": (Y, N, Y, N, N),
    DATED: (Y, N, Y, N, N),
    "gpt-4o-transcribe-diarize": (D, N, N, N, N),
    "gpt-realtime-whisper": (Y, N, N, N, Y),
    "gpt-transcribe": (Y, Y, Y, Y, N),
    "gpt-live-transcribe": (Y, Y, Y, Y, D),
}
VALUES = {
    "language": "en",
    "languages": ["en"],
    "prompt": "x",
    "keywords": ["x"],
    "delay": "low",
}


def said(met: dict[str, Any], form: str) -> list[str]:
    session = {name: value for name, value in met.items() if name != "expires_after"}
    findings = check_request(session, met.get("expires_after"), form)
    return sorted({f"{one.kind.severity} {one.kind.code}" for one in findings})


@pytest.mark.parametrize("fact", FACTS, ids=IDS)
def test_what_comes_of_a_fact(fact: Fact) -> None:
    nested = fact.flat if fact.nested is None else fact.nested
    found = [said(fact.met, form.name) for form in FORMS.values()]
    assert found == [[one] if one else [] for one in (fact.flat, nested)]


@pytest.mark.parametrize("model", MATRIX)
@pytest.mark.parametrize("field", VALUES)
@pytest.mark.parametrize("api", FORMS)
def test_what_comes_of_the_matrix(model: str, field: str, api: str) -> None:
    expected = MATRIX[model][list(VALUES).index(field)]
    ends = [ENDS] if TABLE[model].ends else []
    found = said(of(model, **{field: VALUES[field]}), FORMS[api].name)
    assert found == sorted(filter(None, [expected, *ends]))


KINDS = {kind.code: kind for kind in rules.KINDS}


@pytest.mark.parametrize("fact", FACTS, ids=IDS)
def test_a_rule_is_as_sure_as_its_fact(fact: Fact) -> None:
    for outcome in filter(None, (fact.flat, fact.nested)):
        severity, code = outcome.split()
        if severity == Severity.ERROR:
            # Of a field that only the SDK's types have, they are what says its type.
            is_type = fact.sure is TYPED and code == "wrong-type"
            assert fact.sure is PUBLISHED or is_type, "only what is uncontradicted is an error"
        # Having no place is as sure as the one body's schema, whatever is known of the field.
        if code in KINDS and code != "no-place":
            assert KINDS[code].sure is fact.sure


def test_every_rule_is_met() -> None:
    met = {one.split()[1] for fact in FACTS for one in (fact.flat, fact.nested) if one}
    met |= {one.split()[1] for row in MATRIX.values() for one in row if one}
    assert set(KINDS) <= met


def test_every_model_and_field_is_in_the_matrix() -> None:
    assert set(MATRIX) == set(TABLE)
    for model in TABLE.values():
        assert set(model.takes) == {*VALUES, "turn_detection"}
        refused = {name for name, answer in model.takes.items() if answer is Answer.NO}
        assert all(model.sureness(name) is PUBLISHED for name in refused)


def test_every_field_is_met() -> None:
    """Each field of the request stands in one of the rows."""
    text = str([fact.met for fact in FACTS])
    assert [one.path for one in field_entries() if f"'{one.field.name}'" not in text] == ["session"]


@pytest.mark.parametrize(
    ("met", "field", "api", "other"),
    [
        (
            {**heard(), "modalities": ["text"]},
            "modalities",
            "client_secrets",
            "transcription_sessions",
        ),
        (
            detects(**VAD, idle_timeout_ms=6000),
            "idle_timeout_ms",
            "transcription_sessions",
            "client_secrets",
        ),
    ],
)
def test_what_has_no_place_is_named_and_where_it_has_one(
    met: dict[str, Any], field: str, api: str, other: str
) -> None:
    [finding] = check_request(met, None, FORMS[api].name)
    message = finding.kind.message.format_map(finding.facts)
    assert message == f"`{field}` has no place in the body of {api}, and is left out of it"
    assert finding.kind.hints[0].format_map(finding.facts).endswith(f"mint at {other}")
