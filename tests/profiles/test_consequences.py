"""One cause is told once: what follows from it, and the same value at several places."""

from collections.abc import Mapping

import pytest

from tests.sources import LOCAL, layers, project
from voxmint.problems import Problem
from voxmint.profiles.pipeline import compile_project

NESTED = "provider: {kind: emulator, api: client_secrets}\n"


def errors(
    profiles: Mapping[str, str], environments: Mapping[str, str] | None = None
) -> list[Problem]:
    found = compile_project(project(profiles, environments)).problems
    return [problem for problem in found if problem.is_error]


def session(text: str, rest: str = "") -> str:
    return f"session: {{input_audio_transcription: {{model: gpt-transcribe, {text}}}{rest}}}"


def codes(found: list[Problem]) -> list[str]:
    return [problem.code for problem in found]


@pytest.mark.parametrize("written", ["stent", "null", "{a: b}", "5"])
@pytest.mark.parametrize("directive", ["$append", "$prepend", "$remove"])
def test_a_value_that_is_no_list_is_told_by_itself(written: str, directive: str) -> None:
    """The directives of its heirs have no list to work on; they are right."""
    heir = f"session: {{input_audio_transcription: {{keywords: {{{directive}: [a]}}}}}}"
    [found] = errors(layers(session(f"keywords: {written}"), heir, heir))
    assert found.code in ("wrong-type", "null-not-taken")


def test_where_another_value_takes_its_place_the_directive_is_told() -> None:
    profiles = layers(session("keywords: stent"), session("keywords: {$append: [a]}"))
    given = f"{LOCAL['local']}session: {{input_audio_transcription: {{keywords: [b]}}}}"
    assert codes(errors(profiles, {"local": given})) == ["wrong-type", "directive-needs-list"]


@pytest.mark.parametrize(
    ("below", "above"),
    [
        ("session: {turn_detection: null}", "session: {turn_detection: {$append: [a]}}"),
        ("vars: {a: x}", "vars: {a: {$append: [b]}}"),
    ],
)
def test_where_no_list_belongs_the_directive_is_what_is_wrong(below: str, above: str) -> None:
    assert "directive-needs-list" in codes(errors(layers(below, above)))


def test_a_value_that_an_anchor_puts_under_two_fields_is_told_once() -> None:
    items = errors({"p": session("keywords: &words {$append: [5]}, languages: *words")})
    assert codes(items) == ["wrong-item"]
    texts = errors({"p": session("prompt: &word 5, language: *word")})
    assert codes(texts) == ["wrong-type"]


def test_two_values_that_are_wrong_in_the_same_way_are_told_both() -> None:
    assert codes(errors({"p": session("keywords: [5, 5]")})) == ["wrong-item"] * 2


@pytest.mark.parametrize("item", ["5", "{a: b}", "'{{ vars.five }}'"])
def test_an_item_of_an_overlay_is_told_once_at_whatever_index_it_comes_to_stand(item: str) -> None:
    profiles = {name: session(f"keywords: [{', '.join(name)}]") for name in ("a", "ab", "abc")}
    laid = f"{{input_audio_transcription: {{keywords: {{$append: [{item}]}}}}}}"
    given = f"vars: {{five: 5}}\noverlay: [{{session: {laid}}}]"
    [found] = errors(profiles, {"e": f"{NESTED}{given}"})
    assert (found.code, len(found.affects)) == ("wrong-item", 3)


def test_what_a_template_makes_of_each_profile_is_told_of_each() -> None:
    text = session("languages: ['{{ profile.name }}']")
    found = errors({"xa": text, "xb": text}, {"e": NESTED})
    assert codes(found) == ["bad-language"] * 2


@pytest.mark.parametrize("above", ["{$prepend: [a]}", "{$append: [a]}"])
def test_an_item_of_a_base_is_told_once_at_whatever_index_its_heirs_have_it(above: str) -> None:
    heir = f"session: {{input_audio_transcription: {{keywords: {above}}}}}"
    [found] = errors(layers(session("keywords: [5]"), heir))
    assert (found.code, found.affects) == ("wrong-item", (("p", "local"),))


@pytest.mark.parametrize("written", ["1e3", "0x10", "1.50"])
def test_what_a_base_writes_without_quotes_is_told_once_as_it_is_written(written: str) -> None:
    found = errors(layers(session(f"prompt: {written}"), "vars: {}"))
    assert [problem.hint for problem in found][:1] == [f'write it in quotes: "{written}"']
    assert len(found) == 1
