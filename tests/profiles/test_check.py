"""The field table: types, values and bounds of every field."""

from typing import Any

import pytest
from hypothesis import given, strategies as st

from tests.profiles.laws import law
from tests.profiles.sessions import SESSIONS
from voxmint.profiles.check import check_field, check_request, check_session, expected
from voxmint.profiles.fields import (
    EXPIRES_AFTER,
    FLAT,
    MODELS,
    NESTED,
    REQUEST,
    SESSION,
    Field,
    Type,
)
from voxmint.profiles.findings import Finding
from voxmint.profiles.rules import BAD_KEYWORD


def found(session: Any, form: str = NESTED) -> list[tuple[str, str]]:
    """The code and path of each error, by the table or the rules."""
    return [
        (finding.kind.code, ".".join(map(str, finding.path[1:])))
        for finding in check_session(session, form)
        if finding.kind.severity == "error"
    ]


TRANSCRIPTION = "input_audio_transcription"
NOISE = "input_audio_noise_reduction"
DETECTION = "turn_detection"


def at(path: str, value: Any) -> Any:
    """A session with this value at a path; a detection has the type that its field goes with."""
    name, _, inner = path.partition(".")
    if not inner:
        return {name: value}
    whole = {inner: value}
    if name == DETECTION and inner != "type":
        whole["type"] = "semantic_vad" if inner == "eagerness" else "server_vad"
    return {name: whole}


@pytest.mark.parametrize(
    ("path", "right", "wrong"),
    [
        ("modalities", [[], ["text"], ["text", "audio"]], [["video"], "text", [1], None]),
        ("input_audio_format", ["pcm16", "g711_ulaw", "g711_alaw"], ["pcm", "PCM16", 16, None, []]),
        (TRANSCRIPTION, [{}, None], ["whisper-1", [], True, {"modell": "x"}]),
        (f"{TRANSCRIPTION}.model", ["whisper-1", "anything", ""], [None, 1, ["whisper-1"]]),
        (f"{TRANSCRIPTION}.language", ["no", "en"], [None, False, "norwegian", "en-US", "EN", ""]),
        (f"{TRANSCRIPTION}.languages", [["no", "en"]], [None, [], "no", [False], ["xx", "en"]]),
        (f"{TRANSCRIPTION}.prompt", ["", "x" * 5000, "é\n"], [None, 1, ["x"], {"x": 1}]),
        (f"{TRANSCRIPTION}.keywords", [[], ["a", "b"]], [None, "a", [1], [None], {"a": 1}]),
        (f"{TRANSCRIPTION}.delay", ["minimal", "low", "xhigh"], [None, "none", "LOW", 3]),
        (NOISE, [{}, None], ["near_field", False, []]),
        (f"{NOISE}.type", ["near_field", "far_field"], [None, "near", "off", True]),
        (DETECTION, [None], ["server_vad", False, [], 0, {}]),
        (f"{DETECTION}.type", ["server_vad", "semantic_vad"], [None, "vad", "none", 1]),
        (f"{DETECTION}.threshold", [0, 0.5, 1, 1.0], [-0.1, 1.1, None, "0.5", True]),
        (f"{DETECTION}.prefix_padding_ms", [0, 300, 10**6], [0.5, 300.0, "300", None, False]),
        (f"{DETECTION}.silence_duration_ms", [0, 500], [0.5, "500", None]),
        (f"{DETECTION}.idle_timeout_ms", [5000, 30000, None], [4999, 30001, "5000", 5000.0]),
        (f"{DETECTION}.eagerness", ["low", "medium", "high", "auto"], ["max", None, 1]),
        (f"{DETECTION}.create_response", [True, False], [None, "true", 0]),
        (f"{DETECTION}.interrupt_response", [True, False], [None, "no", 1]),
        ("include", [[], ["item.input_audio_transcription.logprobs"]], [["logprobs"], "x", None]),
        ("model", [], ["whisper-1"]),
    ],
)
def test_what_each_field_takes(path: str, right: list[Any], wrong: list[Any]) -> None:
    for value in right:
        assert found(at(path, value)) == [], value
    for value in wrong:
        errors = found(at(path, value))
        assert errors != [], value
        assert all(where.startswith(path) for _, where in errors), errors


@pytest.mark.parametrize(
    ("value", "wrong"),
    [
        ({"seconds": 10}, []),
        ({"seconds": 7200, "anchor": "created_at"}, []),
        ({}, []),
        ({"seconds": 9}, ["out-of-range"]),
        ({"seconds": 7201}, ["out-of-range"]),
        ({"seconds": 60.0}, ["wrong-type"]),
        ({"seconds": "60"}, ["wrong-type"]),
        ({"seconds": None}, ["null-not-taken"]),
        ({"anchor": "now"}, ["bad-value"]),
        ({"minutes": 1}, ["unknown-key"]),
    ],
)
def test_what_the_lifetime_takes(value: Any, wrong: list[str]) -> None:
    errors = [
        finding.kind.code for finding in check_field(value, EXPIRES_AFTER, ("expires_after",))
    ]
    assert errors == wrong
    assert [
        one.kind.code
        for one in check_request(
            {DETECTION: None, TRANSCRIPTION: {"model": "gpt-transcribe"}}, value, FLAT
        )
    ] == wrong


def test_a_key_that_nobody_knows_is_told_at_every_level() -> None:
    session = {
        "modality": [],
        TRANSCRIPTION: {"modle": 1},
        DETECTION: {"treshold": 1},
        NOISE: {"typ": 1},
    }
    assert found(session) == [
        ("unknown-key", "modality"),
        ("unknown-key", f"{TRANSCRIPTION}.modle"),
        ("unknown-key", f"{DETECTION}.treshold"),
        ("unknown-key", f"{NOISE}.typ"),
    ]


def test_only_values_of_the_right_type_reach_the_rules() -> None:
    of_model = ("field-not-of-model", f"{TRANSCRIPTION}.delay")
    session = {TRANSCRIPTION: {"model": "whisper-1", "delay": "low"}, "include": "x"}
    assert found(session) == [("wrong-type", "include"), of_model]
    assert found({**session, "include": []}) == [of_model]
    session = {TRANSCRIPTION: {"model": "whisper-1", "delay": 7}}
    assert found(session) == [("wrong-type", f"{TRANSCRIPTION}.delay")]


def test_a_wrong_item_keeps_the_places_of_the_others() -> None:
    words = {"model": "gpt-transcribe", "languages": [7, "de", "jp"], "keywords": [7, "a<b"]}
    assert found({TRANSCRIPTION: words}) == [
        ("wrong-item", f"{TRANSCRIPTION}.languages.0"),
        ("wrong-item", f"{TRANSCRIPTION}.keywords.0"),
        ("bad-language", f"{TRANSCRIPTION}.languages.2"),
    ]
    [keyword] = [
        one for one in check_session({TRANSCRIPTION: words}, NESTED) if one.kind is BAD_KEYWORD
    ]
    assert keyword.path[-2:] == ("keywords", 1)


@pytest.mark.parametrize(
    ("field", "text"),
    [
        ("input_audio_format", "one of `pcm16`, `g711_ulaw`, `g711_alaw`"),
        ("modalities", "a list"),
        (DETECTION, "a map"),
    ],
)
def test_what_a_field_takes_is_told_in_words(field: str, text: str) -> None:
    assert expected(SESSION.by_name[field]) == text
    threshold = SESSION.by_name[DETECTION].by_name["threshold"]
    assert expected(threshold) == "a number, 0 to 1"
    assert expected(EXPIRES_AFTER.by_name["seconds"]) == "a whole number, 10 to 7200 seconds"


# ── laws ─────────────────────────────────────────────────────────────────────────────────────────

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**6), 10**6)
    | st.floats(allow_nan=False)
    | st.text(max_size=5)
    | st.sampled_from(["server_vad", "semantic_vad", "no", "low", *MODELS]),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3)
    ),
    max_leaves=6,
)


def near(field: Field) -> st.SearchStrategy[Any]:
    """Values that fit a field, or nearly."""
    inner = {one.name: near(one) for one in field.fields}
    fitting: dict[Type, st.SearchStrategy[Any]] = {
        Type.OBJECT: st.fixed_dictionaries({}, optional=inner),
        Type.ARRAY: st.lists(st.sampled_from([*field.values, "no", "x<y"]), max_size=3),
        Type.STRING: st.sampled_from([*field.values, *field.known, "en", "xx", ""]),
        Type.INTEGER: st.integers(-1, 40_000),
        Type.NUMBER: st.floats(-1, 2) | st.integers(-1, 2),
        Type.BOOLEAN: st.booleans(),
    }
    return st.one_of(fitting[field.type], fitting[field.type], st.none(), JSON)


@law(200)
@given(near(SESSION), near(EXPIRES_AFTER), st.sampled_from([FLAT, NESTED]))
def test_checking_anything_finds_or_passes(session: Any, lifetime: Any, form: str) -> None:
    if not isinstance(session, dict):
        return
    after = lifetime if isinstance(lifetime, dict) else None
    for finding in check_request(session, after, form):
        assert_told(finding)


def assert_told(finding: Finding) -> None:
    message = finding.kind.message.format_map(finding.facts)
    assert message
    assert len(message) < 1000
    assert finding.path[0] in ("session", "expires_after")


@law(150)
@given(SESSIONS, st.sampled_from([FLAT, NESTED]))
def test_a_sound_session_has_no_error(session: Any, form: str) -> None:
    assert found(session, form) == []


# ── the published schema ─────────────────────────────────────────────────────────────────────────


def test_the_table_can_be_walked() -> None:
    """Every field says what it is about, and every closed word is taken by its field."""

    def walk(field: Field) -> None:
        assert field.about
        for value in field.values:
            given_value: Any = [value] if field.type is Type.ARRAY else value
            assert list(check_field(given_value, field, ("session",))) == []
        for inner in field.fields:
            walk(inner)

    for field in REQUEST.fields:
        walk(field)
