"""Which vars a template's text names: never too few."""

import pytest

from tests.profiles.idle.finding import speaking
from tests.sources import body_of, compiled
from voxmint.profiles.idle.references import (
    EVERYTHING,
    Used,
    looks_at,
    references,
)

ALL = "all of them"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain", ""),
        ("vars.a", ""),
        ("{{ env.name }} {{ profile.name }} {{ super() }}", ""),
        ("{{ vars.a }} {{ vars.b.c }}", "a b.c"),
        ("{{ vars.a + vars['b'] }}", "a b"),
        ("{{ vars.a.b | upper }}", "a.b"),
        ("{{ vars.a[0].b }}", "a"),
        ("{{ vars.a[vars.b].c }}", "a b"),
        ("{{ vars.a[:2] }}", "a"),
        ("{{ vars.a.upper() }}", "a"),
        ("{{ vars.a.get('b') }}", "a"),
        ("{{ vars.a.items() | list }}", "a"),
        ("{% if vars.a is defined %}{{ vars.b }}{% else %}{{ vars.c }}{% endif %}", "a b c"),
        ("{% for one in vars.a %}{{ one.b }}{{ vars.c }}{% endfor %}", "a c"),
        ("{% set x = vars.a %}{{ x.b }}", "a"),
        ("{{ [vars.a] | map(attribute='b') | list }}", "a"),
        ("{{ vars.a ~ {'k': vars.b}['k'] }}", "a b"),
        ("{{ vars }}", ALL),
        ("{{ vars.get('a') }}", ALL),
        ("{{ vars[env.name] }}", ALL),
        ("{{ 'a' in vars }}", ALL),
        ("{{ vars | length }}", ALL),
        ("{% for name in vars %}{{ name }}{% endfor %}", ALL),
        ("{% set v = vars %}{{ v.a }}", ALL),
        ("{% if vars %}", ALL),
    ],
)
def test_a_text_names(text: str, expected: str) -> None:
    wanted = {tuple(one.split(".")) for one in expected.split()}
    assert references(text) == (EVERYTHING if expected == ALL else wanted)


@pytest.mark.parametrize(
    ("reference", "path", "expected"),
    [
        ("a", "a", True),
        ("a", "a.b", True),
        ("a.b", "a", True),
        ("a.b", "a.c", False),
        ("a", "b", False),
        ("", "a.b", True),
    ],
)
def test_a_reference_is_to_all_above_it_and_all_below(
    reference: str, path: str, expected: bool
) -> None:
    given = frozenset([tuple(part for part in reference.split(".") if part)])
    assert looks_at(given, tuple(path.split("."))) is expected


@pytest.mark.parametrize(
    ("prompt", "expected"),
    [
        ("{{ vars.a }}", "a b c"),
        ("{{ vars.m | tojson }}", "m d"),
        ("{{ vars.m.y }}", "m.y"),
        ("{{ vars.w.y }}", "w.y m d"),
        ("{{ vars.none | default(1) }}", "none"),
    ],
)
def test_a_body_uses_what_its_vars_use(prompt: str, expected: str) -> None:
    profile = (
        f"{speaking(prompt)}"
        "vars: {a: '{{ vars.b }}', b: '{{ vars.c }}', c: 1, d: 2, e: 3,"
        " m: {x: '{{ vars.d }}', y: 1}, w: '{{ vars.m }}'}\n"
    )
    root = body_of(compiled({"p": profile})).root
    wanted = {tuple(one.split(".")) for one in expected.split()}
    assert Used().of_body(root) == wanted


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{{ vars.a }} {{ vars.m.x }}", "a b m.x"),
        ("{{ super() }} {{ vars.c }}", "a b c"),
        ("plain", ""),
    ],
)
def test_a_body_uses_what_its_own_text_names_and_what_that_leads_to(
    text: str, expected: str
) -> None:
    base = (
        "abstract: true\nvars: {a: '{{ vars.b }}', b: 1, c: 2, m: {x: 3}}\n"
        f"{speaking('{{ vars.a }}')}"
    )
    body = body_of(compiled({"base": base, "p": f"extends: base\n{speaking(text)}"}))
    assert Used().of_body(body.root) == {tuple(one.split(".")) for one in expected.split()}
