"""Where the characters of a scalar stand, in every style that YAML has for them."""

import pytest
from hypothesis import given, strategies as st

from tests.profiles.laws import law
from tests.profiles.writing import as_yaml
from tests.sources import compiled, only
from voxmint.origin import Origin
from voxmint.profiles.nodes import MapNode, ScalarNode
from voxmint.profiles.reader import read_document
from voxmint.profiles.scalar_places import ScalarPlaces, failing_part

MODEL = "model: gpt-transcribe"
TEXTS = st.text(
    st.sampled_from("ab:#'\"\\{}%|> \n\té日\u200b👩\x07") | st.characters(codec="utf-8"),
    max_size=60,
)


def read(text: str) -> ScalarNode:
    document = read_document("f", text.encode())
    assert isinstance(document.root, MapNode), document.problems
    node = document.root.entries["key"]
    assert isinstance(node, ScalarNode)
    return node


def written(text: str, at: Origin) -> str:
    """What stands at a place."""
    lines = text.split("\n")
    start = sum(len(line) + 1 for line in lines[: at.line - 1]) + at.column - 1
    return text[start : start + at.length]


@law(300)
@given(TEXTS.filter(lambda text: "\r" not in text).flatmap(lambda text: as_yaml({"key": text})))
def test_each_character_stands_where_it_is_said_to(text: str) -> None:
    node = read(text)
    value = str(node.value)
    own = Origin("f", *node.mark)
    places = ScalarPlaces(text, own, node.style, value)
    for index, character in enumerate(value):
        if character in " \t\r\n":
            continue
        at = places.of(index, index + 1)
        assert at != own or own.length == 1
        found = written(text, at)
        if found.startswith("\\") and node.style == '"':
            assert read(f'key: "{found}"').value == character
        else:
            assert found == ("''" if node.style == "'" and character == "'" else character)


@pytest.mark.parametrize(
    "text",
    [
        "key: &a !!str 'it''s §here§'",
        "key: !!str &a # a remark, 'quoted'\n  >2-\n    one\n  §here§",
        "key: |+2 # remark\n    one\n\n  §here§\n\n",
        'key: "one \\\n  \\  two \\x41\\u00e9\\U0001f469\\"\\/\\e §here§"',
        'key: "\\ §here§"',
        "key: one\n\n  two#§here§ # here",
        "key: 'one\n\n  §here§'",
    ],
)
def test_what_is_folded_quoted_escaped_or_tagged_is_found(text: str) -> None:
    before, _, after = text.partition("§")
    plain = text.replace("§", "")
    node = read(plain)
    value = str(node.value)
    begin = value.index("here")
    at = ScalarPlaces(plain, Origin("f", *node.mark), node.style, value).of(begin, begin + 4)
    line, column = before.count("\n") + 1, len(before) - before.rfind("\n")
    assert at == Origin("f", line, column, 4)
    assert after.startswith("here§")


def test_a_text_that_is_not_the_scalars_gives_the_scalars_own_place() -> None:
    own = Origin("f", 1, 1, 3)
    assert ScalarPlaces("xyz", own, "", "abc").of(0, 1) == own
    assert ScalarPlaces("", own, "|", "abc").of(0, 1) == own
    assert ScalarPlaces("abc", own, "", "abc").of(1, 1) == own


@pytest.mark.parametrize(
    ("value", "needle", "line", "part"),
    [
        ("{{ a }} {{ b }}", "", 1, "{{ a }} {{ b }}"),
        ("{{ a }}\n{{ b }}", "", 2, "{{ b }}"),
        ("{{ a }}\r\nx {{ b }} y", "", 2, "{{ b }}"),
        ("{{ a }} and {{ a }}\n{{ a }}", "a", 2, "a"),
        ("{{ a\n + 1 }} b", "", 2, " + 1 }}"),
        ("{% if a %}\nb", "", 2, "{% if a %}"),
        ("{{ a }\n{{ a }}", "", 1, "{{ a }"),
        ("a {{ b }}", "", None, "{{ b }}"),
        ("{{ a }} {{ b }}", "", None, None),
        ("no template", "", 1, None),
        ("{{ a.__class__ }}", "__class__", 1, "__class__"),
        ("a {# b", "", 1, "{# b"),
        ("a.b {{ x['b'] }}", "a.b", 1, "{{ x['b'] }}"),
    ],
)
def test_the_part_that_fails(value: str, needle: str, line: int | None, part: str | None) -> None:
    found = failing_part(value, needle, line)
    assert (None if found is None else value[slice(*found)]) == part


@pytest.mark.parametrize(
    "value",
    [
        "{# a.b #}{{ §a.b }}",
        "{# a.b\n a.b #}\n{{ §a.b }}",
        "{% raw %}{{ a.b }}{% endraw %} {{ §a.b }}",
        "{%- raw -%} {{ a.b }}\n{%- endraw -%} {{ §a.b }}",
        "{{ x | default('a.b') }} {{ §a.b }}",
        "{{ x | default(\"a.b\") ~ 'a.b' ~ §a.b }}",
        "{{ 'it\\'s a.b' ~ §a.b }}",
        "a.b {{ x.a.b }} {{ §a.b }}",
        "{{ x }} {# §a.b",
        "{{ x | map(attribute='§a.b') }}",
    ],
)
def test_what_only_looks_evaluated_is_not_what_fails(value: str) -> None:
    """The sign stands before the part that is found, if need be in a quoted text."""
    plain = value.replace("§", "")
    assert failing_part(plain, "a.b", 1) == (value.index("§"), value.index("§") + 3)


def test_signs_that_never_end_are_little_work_to_look_through() -> None:
    for sign in ("{#", "{% raw %}", "{{ '", "{{ '\\'", "{%- raw"):
        assert failing_part(sign * (60_000 // len(sign)), "a.b", 1) is not None


@pytest.mark.parametrize("ends", ["\n", "\r\n"], ids=["lf", "crlf"])
@pytest.mark.parametrize(
    ("written_prompt", "code"),
    [
        ("|\n      {{ 1 }}\n      §{{ 1 / 0 }}§\n      {{ 2 }}", "template-failed"),
        (">-\n      {{ 1 }}\n\n      §{{ 1 / 0 }}§\n", "template-failed"),
        ("|4-\n        {{ 1 }}\n        §{{ [1] }}§ x\n", "template-failed"),
        ("|\n      {{ 1 }}\n      {{ 2 }}\n      §{{ 1 }§\n", "template-syntax"),
        ("|\n      {% if 1 %}\n      {{ 1 }}\n      §{% elsif 2 %}§\n", "template-syntax"),
        ("|\n      {{ 1 }}\n      §{% macro f() %}§{% endmacro %}\n", "template-forbidden"),
        ("|\n      {% for x in [1] %}\n      §{{ x / 0 }}§\n      {% endfor %}", "template-failed"),
        ('"{{ 1 }}\\n\\\n      §{{ 1 / 0 }}§"', "template-failed"),
    ],
)  # fmt: skip
def test_what_fails_without_a_name_is_marked_on_its_own_line(
    written_prompt: str, code: str, ends: str
) -> None:
    text = f"session:\n  input_audio_transcription:\n    {MODEL}\n    prompt: {written_prompt}"
    begin, stop = text.index("§"), text.rindex("§") - 1
    plain = text.replace("§", "")
    line, column = plain[:begin].count("\n") + 1, begin - plain[:begin].rfind("\n")
    at = only(compiled({"p": plain.replace("\n", ends)}), code).at
    assert at is not None
    assert (at.line, at.column) == (line, column)
    if code != "template-forbidden":
        assert at.length == stop - begin
