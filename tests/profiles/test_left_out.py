"""One mistake is one problem: what only follows from it is not told as well."""

import pytest

from tests.sources import LOCAL, codes, compiled

BASE = (
    "abstract: true\n"
    "session:\n"
    "  input_audio_transcription: {model: gpt-transcribe, prompt: Spoken.}\n"
    "  turn_detection: {type: semantic_vad}\n"
)
HEIR = (
    "extends: base\n"
    "session:\n"
    "  input_audio_transcription: {prompt: '{{ super() }} Slowly.'}\n"
    "  turn_detection: {eagerness: low}\n"
)


@pytest.mark.parametrize(
    ("written", "instead", "code"),
    [
        ("prompt: Spoken.", "promptt: Spoken.", "unknown-key"),
        ("prompt: Spoken.", "prompt: {$unsett: true}", "unknown-directive"),
        ("session:", "sessionn:", "unknown-key"),
        ("turn_detection:", "turn_detektion:", "unknown-key"),
        ("extends: base", "extendss: base", "unknown-key"),
        ("extends: base", "extends: {base: 1}", "wrong-type"),
    ],
)
def test_what_follows_from_a_mistake_is_not_told(written: str, instead: str, code: str) -> None:
    profiles = {"base": BASE, "p": HEIR}
    assert compiled(profiles).errors == ()
    name = "base" if written in BASE else "p"
    profiles[name] = profiles[name].replace(written, instead)
    assert codes(compiled(profiles).errors) == [code]


@pytest.mark.parametrize("where", ["{label: {tier: gold}}", "{names: {p: 1}}"])
def test_nor_what_an_overlay_item_does_whose_selector_is_wrong(where: str) -> None:
    item = f"overlay: [{{where: {where}, session: {{turn_detection: {{threshold: 0.5}}}}}}]\n"
    found = compiled({"base": BASE, "p": HEIR}, {"local": LOCAL["local"] + item})
    assert len(found.errors) == 1


def test_two_mistakes_are_two_problems() -> None:
    heir = HEIR.replace("eagerness: low", "eagernes: low, threshold: 0.5")
    found = compiled({"base": BASE, "p": heir})
    assert sorted(codes(found.errors)) == ["field-not-of-type", "unknown-key"]
    heir = HEIR.replace("eagerness", "eagernes").replace("super()", "vars.town")
    found = compiled({"base": BASE, "p": heir})
    assert sorted(codes(found.errors)) == ["undefined-name", "unknown-key"]
