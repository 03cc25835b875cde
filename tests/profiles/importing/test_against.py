"""What a profile says beside its base: what differs and no more, in the words a person uses."""

from typing import Any

import pytest

from tests.profiles.importing.pasting import against, exactly, given_by, project_with
from voxmint.profiles.bodies.form import Request
from voxmint.profiles.importing.against import is_same
from voxmint.profiles.importing.rendering import NotRenderedError, rendered
from voxmint.profiles.importing.tree import literal

LOGPROBS = "item.input_audio_transcription.logprobs"
BASE = """\
abstract: true
session:
  input_audio_transcription: {model: gpt-transcribe, language: no, keywords: [a, b]}
  turn_detection: {type: server_vad, threshold: 0.5, prefix_padding_ms: 300}
  input_audio_noise_reduction: null
expires_after: {seconds: 60}
"""
GIVEN: dict[str, Any] = {
    "input_audio_transcription": {
        "model": "gpt-transcribe",
        "language": "no",
        "keywords": ["a", "b"],
    },
    "turn_detection": {"type": "server_vad", "threshold": 0.5, "prefix_padding_ms": 300},
    "input_audio_noise_reduction": None,
}
DETECTION: dict[str, Any] = GIVEN["turn_detection"]


def transcription(**changes: Any) -> dict[str, Any]:
    return {"input_audio_transcription": {**GIVEN["input_audio_transcription"], **changes}}


def lacking(name: str) -> dict[str, Any]:
    return {key: value for key, value in GIVEN.items() if key != name}


UNSET = {"$unset": True}

CASES: list[tuple[dict[str, Any], Any]] = [
    (GIVEN, {}),
    ({**GIVEN, "include": [LOGPROBS]}, {"include": [LOGPROBS]}),
    ({**GIVEN, "turn_detection": None}, {"turn_detection": None}),
    (lacking("turn_detection"), {"turn_detection": UNSET}),
    (lacking("input_audio_noise_reduction"), {"input_audio_noise_reduction": UNSET}),
    (
        {**GIVEN, "turn_detection": {**DETECTION, "threshold": 0.6}},
        {"turn_detection": {"threshold": 0.6}},
    ),
    (
        {**GIVEN, "turn_detection": {"type": "server_vad", "threshold": 0.5}},
        {"turn_detection": {"prefix_padding_ms": UNSET}},
    ),
    # What the other type does not have falls away by itself.
    (
        {**GIVEN, "turn_detection": {"type": "semantic_vad", "eagerness": "low"}},
        {"turn_detection": {"type": "semantic_vad", "eagerness": "low"}},
    ),
    # A whole is shorter than what has to be taken out of it.
    ({**GIVEN, "turn_detection": {}}, {"turn_detection": {"$replace": {}}}),
    # But never the whole session: its base would no longer reach it.
    ({}, dict.fromkeys(GIVEN, UNSET)),
    (
        {**GIVEN, **transcription(keywords=["a", "b", "c"])},
        {"input_audio_transcription": {"keywords": {"$append": ["c"]}}},
    ),
    (
        {**GIVEN, **transcription(keywords=["x", "a", "b"])},
        {"input_audio_transcription": {"keywords": {"$prepend": ["x"]}}},
    ),
    (
        {**GIVEN, **transcription(keywords=["b"])},
        {"input_audio_transcription": {"keywords": ["b"]}},
    ),
    (
        {**GIVEN, **transcription(prompt="{{ x }}")},
        {"input_audio_transcription": {"prompt": "{{ '{{' }} x }}"}},
    ),
]


@pytest.mark.parametrize(("wanted", "said"), CASES, ids=lambda case: str(case)[:60])
def test_what_is_said(wanted: dict[str, Any], said: Any) -> None:
    setting = project_with(base=BASE)
    tree = against("base", Request(wanted, {"seconds": 60}), setting)
    assert tree == {"extends": "base", **({"session": said} if said else {})}
    assert exactly(given_by(tree, setting).session) == exactly(wanted)


@pytest.mark.parametrize(
    ("lifetime", "said"),
    [
        ({"seconds": 60}, {}),
        ({"anchor": "created_at", "seconds": 60}, {}),
        ({"seconds": 90}, {"expires_after": {"seconds": 90}}),
        (None, {"expires_after": UNSET}),
    ],
)
def test_what_is_said_of_the_lifetime(lifetime: Any, said: Any) -> None:
    setting = project_with(base=BASE)
    assert against("base", Request(GIVEN, lifetime), setting) == {"extends": "base", **said}


def test_what_the_base_makes_of_templates_is_compared() -> None:
    base = "vars: {who: Dr. No}\nsession: {input_audio_transcription: {model: m, prompt: '%s'}}"
    setting = project_with(base=base % "{{ vars.who }} speaks.")
    wanted = {"input_audio_transcription": {"model": "m", "prompt": "Dr. No speaks."}}
    assert against("base", Request(wanted, None), setting) == {"extends": "base"}


def test_what_only_an_environment_knows_is_said_in_full() -> None:
    base = "session: {input_audio_transcription: {model: m, language: '{{ vars.language }}'}}"
    setting = project_with(base=base)
    wanted = {"input_audio_transcription": {"model": "m", "language": "no"}}
    tree = against("base", Request(wanted, None), setting)
    assert tree["session"] == {"input_audio_transcription": {"language": "no"}}


def test_a_list_of_which_an_item_is_not_known_is_said_in_full() -> None:
    base = "session: {input_audio_transcription: {model: m, keywords: ['{{ vars.word }}']}}"
    setting = project_with(base=base)
    wanted = {"input_audio_transcription": {"model": "m", "keywords": [""]}}
    tree = against("base", Request(wanted, None), setting)
    assert tree["session"] == {"input_audio_transcription": {"keywords": [""]}}


def test_a_base_that_is_wrong_is_told_with_its_place() -> None:
    setting = project_with(base="extends: nobody\n")
    with pytest.raises(NotRenderedError) as failure:
        rendered("extends: base\n", setting)
    assert [(one.code, str(one.at)) for one in failure.value.problems] == [
        ("unknown-profile", "profiles/base.yaml:1:10")
    ]


def test_a_name_that_is_taken_is_not_used_to_try_a_profile() -> None:
    setting = project_with(**{"base": "{}", "imported": "session: 3", "IMPORTED-": "session: 3"})
    assert rendered("extends: base\n", setting).problems == ()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain { } {} }}", "plain { } {} }}"),
        ("{{ x }}", "{{ '{{' }} x }}"),
        ("{% x %}", "{{ '{%' }} x %}"),
        ("{# x #}", "{{ '{#' }} x #}"),
        ("{{{", "{{ '{{' }}{"),
        ("a\r\nb", "a\r\nb"),
        ("{{\r\n", "{{ '{{' }}{{ '\\r' }}\n"),
    ],
)
def test_a_text_is_written_as_one_that_gives_it(text: str, expected: str) -> None:
    assert literal(text) == expected


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (1, 1, True),
        (1, 1.0, False),
        (1, True, False),
        ([1], [1.0], False),
        ({"a": 1}, {"a": True}, False),
        ({"a": None}, {}, False),
        ([], {}, False),
        ({"a": [0.5]}, {"a": [0.5]}, True),
    ],
)
def test_one_is_neither_a_float_nor_true(one: object, other: object, *, same: bool) -> None:
    assert is_same(one, other) is same
