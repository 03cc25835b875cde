"""Profiles without a body: abstract ones, and those of no environment, are checked all the same."""

import pytest

from tests.sources import LOCAL, codes, compiled, only, told
from voxmint.profiles.order import Order

MODEL = "session: {input_audio_transcription: {model: gpt-transcribe}}\n"

WRONG = {
    "session: {turn_detection: {type: server_vad, threshold: 7}}": "out-of-range",
    "session: {turn_detection: {type: server_vad, threshold: '0.5'}}": "wrong-type",
    "session: {turn_detektion: null}": "unknown-key",
    "session: {input_audio_format: pcm}": "bad-value",
    "session: {include: [1]}": "wrong-item",
    "session: {input_audio_transcription: {language: null}}": "null-not-taken",
    "session: {input_audio_transcription: {prompt: 'a {{ vars.x'}}": "template-syntax",
    "session: {input_audio_transcription: {prompt: '{{ x | attr(1) }}'}}": "template-forbidden",
    "vars: {a: '{% if %}'}": "template-syntax",
    "session: {input_audio_transcription: {prompt: 'in {{ town }}'}}": "undefined-name",
    "vars: {a: '{% if vasr.x %}a{% endif %}'}": "undefined-name",
    "session: {input_audio_transcription: {prompt: 'in {{ env.region }}'}}": "undefined-name",
    "session: {input_audio_transcription: {prompt: '{{ profile.nmae | d(1)}}{{ env.x }}'}}": (
        "undefined-name"
    ),
    "expires_after: {seconds: soon}": "wrong-type",
    "vars: {a: 1}\nextends: lists": "directive-needs-list",
    "environments: {local: {session: {input_audio_format: pcm}}}": "bad-value",
    "environments: {local: {vars: {a: '{{ 1'}}}": "template-syntax",
}
LISTS = "abstract: true\nvars: {a: {b: 1}, c: {$replace: 3}}"


@pytest.mark.parametrize("text", WRONG)
@pytest.mark.parametrize("how", ["abstract: true", "{}"], ids=["abstract", "in no environment"])
def test_what_is_wrong_by_itself_is_told(text: str, how: str) -> None:
    code = WRONG[text]
    text = text.replace("vars: {a: 1}\nextends: lists", "extends: lists\nvars: {c: {$append: [1]}}")
    profile = f"{how}\n{text}" if how != "{}" else text
    environments = {"local": f"{LOCAL['local']}profiles: [p]"}
    profiles = {"p": MODEL, "base": profile, "lists": LISTS}
    compilation = compiled(profiles, environments)
    [problem] = compilation.errors
    assert problem.code == code
    assert (problem.at and problem.at.file, problem.affects) == ("profiles/base.yaml", ())
    assert list(compilation.bodies) == [("p", "local")]


@pytest.mark.parametrize("text", WRONG)
def test_it_is_told_once_where_heirs_have_it_too(text: str) -> None:
    if "extends" in text or "environments" in text or text.startswith("vars"):
        return
    profiles = {"base": f"abstract: true\n{text}", "p": "extends: base", "q": "extends: base"}
    told_of_base = [one for one in compiled(profiles).errors if one.at and "base" in one.at.file]
    assert len(told_of_base) == 1
    assert told_of_base[0].affects == (("p", "local"), ("q", "local"))


@pytest.mark.parametrize(
    "text",
    [
        "vars: {}",
        "session: {input_audio_transcription: {}}",
        "session: {turn_detection: {threshold: 0.5}}",
        "session: {turn_detection: {type: '{{ vars.kind }}', threshold: '{{ vars.t }}'}}",
        "session: {turn_detection: '{{ vars.detection }}'}",
        "session: {input_audio_transcription: {languages: []}}",
        "session: {input_audio_transcription: {prompt: '{{ vars.later }}'}}",
        "session: {input_audio_transcription: {prompt: '{{ super() }}'}}",
        'vars: {a: "{% set b = 1 %}{% for c in vars.d %}{{ loop.index ~ b ~ c }}{% endfor %}"}',
        "vars: {a: \"{{ town | default('') }}{% if town is defined %}{{ town }}{% endif %}\"}",
        "session: {input_audio_transcription: {model: gpt-realtime-whisper, prompt: x}}",
        "session: {input_audio_transcription: {prompt: '{{ profile.labels.ward }}'}}",
        "vars: {a: \"{{ env.zone | default('') ~ env.get('x', '') ~ profile.name ~ env.name }}\"}",
    ],
)
def test_what_an_heir_may_still_bring_is_not_missed(text: str) -> None:
    profiles = {"p": MODEL, "base": f"abstract: true\n{text}"}
    assert told(compiled(profiles).errors) == []


def test_a_base_is_checked_over_its_own_bases() -> None:
    profiles = {
        "one": "abstract: true\nsession: {turn_detection: {type: server_vad, threshold: 0.5}}",
        "two": "abstract: true\nextends: one\nsession: {turn_detection: {type: semantic_vad}}",
        "three": "abstract: true\nextends: two\nsession: {turn_detection: {eagerness: hgh}}",
        "p": MODEL,
    }
    assert only(compiled(profiles), "bad-value").at is not None
    assert codes(compiled(profiles).errors) == ["bad-value"]


def test_only_a_run_over_everything_looks_at_them() -> None:
    profiles = {"p": MODEL, "base": "abstract: true\nsession: {input_audio_format: pcm}"}
    assert codes(compiled(profiles, order=Order(environments=("local",))).problems) == []
    assert codes(compiled(profiles).problems) == ["bad-value"]


def test_an_overridden_mistake_of_a_base_takes_no_body_down() -> None:
    base = "abstract: true\nsession: {input_audio_format: pcm}"
    compilation = compiled(
        {"base": base, "p": f"extends: base\n{MODEL[:-2]}, input_audio_format: pcm16}}"}
    )
    assert only(compilation, "bad-value").affects == ()
    assert list(compilation.bodies) == [("p", "local")]
