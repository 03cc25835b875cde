"""Templates: what they give, the quick way beside Jinja's, names that are not defined."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import given, strategies as st

from tests.profiles.laws import law
from tests.profiles.naming import ABSENT, VARS, names
from voxmint.problems import Problem
from voxmint.profiles.templates.template import (
    MAP_METHODS,
    MAX_OUTPUT,
    MAX_WORK,
    TEXT_METHODS,
    Template,
    TemplateError,
    View,
    is_template,
    sandboxed,
    template,
)

Way = Callable[[str], Template]


def rendered(text: str, weaker: Any = "weaker") -> Any:
    """The value; the same by the quick way, where there is one, and by Jinja."""
    given_names = names(weaker=weaker)
    value = template(text).render(given_names)
    assert repr(sandboxed(text).render(names(weaker=weaker))) == repr(value)
    return value


def failing(text: str, weaker: Any = "weaker") -> Problem:
    with pytest.raises(TemplateError) as failure:
        template(text).render(names(weaker=weaker))
    return Problem(failure.value.kind, None, failure.value.facts)


# ── values ───────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{{ vars.x }}", "cardio"),
        ("{{vars.x}}", "cardio"),
        ("{{\n\tvars.x }}", "cardio"),
        ("{{- vars.x -}}", "cardio"),
        ("a {{ vars.x }} b {{ env.name }}", "a cardio b production"),
        ("{{ vars.map.inner.deep }}!", "d!"),
        ("{{ profile.name }}/{{ profile.labels.tier }}", "clinic/gold"),
        ("{{ super() }} and {{ vars.x }}", "weaker and cardio"),
        ("{{ super() }}", "weaker"),
        ("no template", "no template"),
        ("{ vars.x } %} }} #}", "{ vars.x } %} }} #}"),
        ("line one\n{{ vars.x }}\n\nline four\n", "line one\ncardio\n\nline four\n"),
        ("{{ vars.x }}\n", "cardio\n"),
        ("{# a note #}{{ vars.x }}", "cardio"),
        ("{{ '{{' }} {% raw %}{{ vars.x }}{% endraw %}", "{{ {{ vars.x }}"),
        ("{{ vars.x | upper }}", "CARDIO"),
        ("{{ vars.words | sort | join(', ') }}", "a, b"),
        ("{% if vars.n > 2 %}many{% else %}few{% endif %}", "many"),
        ("{% for word in vars.words %}{{ loop.index }}{{ word }} {% endfor %}", "1b 2a "),
        (
            "{% for word in vars.words %}{{ word.upper() }}{{ super() }}{% endfor %}",
            "BweakerAweaker",
        ),
        ("{% set a = 'q' %}{{ a ~ vars.n ~ vars.yes }}", "q3true"),
        ("{{ vars.x[1:3] }}{{ vars.x[::-1] }}{{ vars.words[-1] }}", "aroidraca"),
        ("{{ 'x' if vars.nothing is none else 'y' }}", "x"),
        ("{{ vars['x'] }} {{ vars.words[0] }}", "cardio b"),
        ("{{ vars.x.upper() }} {{ vars.map.inner.keys() | list | first }}", "CARDIO deep"),
        ("{{ vars.map.items }}", "I"),
        ("{% for k, v in vars.map.inner.items() %}{{ k }}={{ v }}{% endfor %}", "deep=d"),
        ("{{ vars.map.inner | items | list | length }}", 1),
        ("{{ vars.map.inner is mapping }}", True),
        ("Æ {{ vars.x }} 日本", "Æ cardio 日本"),
    ],
)
def test_a_template_gives(text: str, expected: object) -> None:
    assert rendered(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{{ vars.n }}", 3),
        ("{{ vars.n + 1 }}", 4),
        ("{{ vars.n / 2 }}", 1.5),
        ("{{ vars.half }}", 0.5),
        ("{{ vars.yes }}", True),
        ("{{ not vars.yes }}", False),
        ("{{ vars.nothing }}", None),
        ("{{ vars.empty }}", ""),
        ("{{ vars.words }}", ["b", "a"]),
        ("{{ vars.words | sort }}", ["a", "b"]),
        ("{{ vars.words | map('upper') }}", ["B", "A"]),
        ("{{ vars.map }}", {"one": 1, "items": "I", "inner": {"deep": "d"}}),
        ("{{ {'a': [1, none]} }}", {"a": [1, None]}),
        ("{{ (1, 2) }}", [1, 2]),
        ("{{ '3' }}", "3"),
        ("{{ vars.n ~ '' }}", "3"),
        ("{{ vars.n }}{# #}", 3),
    ],
)
def test_a_lone_expression_keeps_its_type(text: str, expected: object) -> None:
    value = rendered(text)
    assert (type(value), value) == (type(expected), expected)


@pytest.mark.parametrize("text", [" {{ vars.n }}", "{{ vars.n }}\n", "{{ vars.n }}{{ vars.n }}"])
def test_with_anything_beside_it_it_is_a_text(text: str) -> None:
    assert isinstance(rendered(text), str)


@pytest.mark.parametrize("weaker", [None, 3, True, "", ["a"], {"a": 1}])
def test_super_keeps_the_type_of_the_weaker_value(weaker: object) -> None:
    value = rendered("{{ super() }}", weaker)
    assert (type(value), value) == (type(weaker), weaker)


def test_numbers_and_flags_have_one_way_to_be_written_in_a_text() -> None:
    assert rendered("{{ vars.n }} {{ vars.half }} {{ vars.yes }}") == "3 0.5 true"


@pytest.mark.parametrize("value", ["vars.nothing", "vars.words", "vars.map", "vars"])
def test_null_lists_and_maps_cannot_stand_in_a_text(value: str) -> None:
    for text in (f"a {{{{ {value} }}}}", f"a {{{{ ({value}) }}}}", f"{{{{ {value} ~ 'a' }}}}"):
        assert "cannot stand inside of a text" in failing(text).message


def test_tojson_writes_what_a_text_cannot_hold() -> None:
    assert rendered("a {{ vars.map | tojson }}") == (
        'a {"inner": {"deep": "d"}, "items": "I", "one": 1}'
    )
    assert rendered('{{ ["it\'s <b>", none, vars.half] | tojson }}') == '["it\'s <b>", null, 0.5]'
    assert rendered("{{ {'a': 1} | tojson(indent=1) }}") == '{\n "a": 1\n}'


# ── names that are not defined ───────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("text", "name", "nearest"),
    [
        ("{{ vars.wordz }}", "vars.wordz", "vars.words"),
        ("a {{ vars.map.iner }}", "vars.map.iner", "vars.map.inner"),
        ("{{ vars.map.inner.deeep | upper }}", "vars.map.inner.deeep", "vars.map.inner.deep"),
        ("{{ vasr.x }}", "vasr", "vars"),
        ("{{ vars.qqq }}", "vars.qqq", None),
        ("{{ vars.qqq.deeper }}", "vars.qqq", None),
        ("{{ profile.labels.teer }}", "profile.labels.teer", "profile.labels.tier"),
        ("{{ env.nam }}", "env.nam", "env.name"),
        ("{{ vars['wordz'] }}", "vars.wordz", "vars.words"),
        ("{% if vars.wordz %}{% endif %}", "vars.wordz", "vars.words"),
        ("{{ vars.wordz ~ 'a' }}", "vars.wordz", "vars.words"),
        ("{{ vars.wordz + 1 }}", "vars.wordz", "vars.words"),
        ("{{ vars.wordz == 1 }}", "vars.wordz", "vars.words"),
        ("{{ vars.wordz | join }}", "vars.wordz", "vars.words"),
        ("{% for w in vars.wordz %}{% endfor %}", "vars.wordz", "vars.words"),
        ("{{ [vars.wordz] }}", "vars.wordz", "vars.words"),
        ("{{ {'a': vars.wordz} }}", "vars.wordz", "vars.words"),
        ("{{ vars.x.startswith(vars.wordz) }}", "vars.wordz", "vars.words"),
        ("{{ vars[vars.wordz] }}", "vars.wordz", "vars.words"),
        ("{{ vars.words[: vars.wordz] }}", "vars.wordz", "vars.words"),
        ("{{ vars.wordz is none }}", "vars.wordz", "vars.words"),
        ("{{ vars.wordz is string or vars.x }}", "vars.wordz", "vars.words"),
        ("{% if vars.wordz is not mapping %}{% endif %}", "vars.wordz", "vars.words"),
        ("{{ 1 is sameas(vars.wordz) }}", "vars.wordz", "vars.words"),
        ("{{ [vars.wordz] | reject('none') | list }}", "vars.wordz", "vars.words"),
        ("{{ vars.wordz | int(0) }}", "vars.wordz", "vars.words"),
        ("{{ [1] | sum(start=vars.wordz) }}", "vars.wordz", "vars.words"),
        ("{{ [vars.map] | join(attribute='onee') }}", "vars.map.onee", "vars.map.one"),
        ("{{ vars.qqq | default(vars.wordz) }}", "vars.wordz", "vars.words"),
        ("{{ 1 if vars.x == null else 2 }}", "null", "none"),
    ],
)
def test_a_name_that_is_not_defined_is_told_with_its_near_miss(
    text: str, name: str, nearest: str | None
) -> None:
    problem = failing(text)
    assert problem.message == f"`{name}` is not defined"
    near = f"did you mean `{nearest}`?"
    known = "a template knows vars, env.name, profile.name, .description and .labels, and super()"
    assert problem.hint == (near if nearest else known)


@pytest.mark.parametrize(
    "text", ["{{ vars.x.vars }}", "a {{ vars.n.real }}", "{{ vars.words.zip }}"]
)
def test_what_is_no_map_has_no_names_in_it(text: str) -> None:
    assert failing(text).code == "template-forbidden"


@pytest.mark.parametrize(
    ("text", "what", "near"),
    [
        ("{{ vars.x.town }}", '`.town` of the text "cardio"', None),
        ("{{ vars.x.uper() }}", '`.uper` of the text "cardio"', "upper"),
        ("a {{ vars.n.real }}", "`.real` of the number 3", None),
        ("{{ vars.words.first }}", "`.first` of a list", None),
        ("{{ vars.nothing.x ~ '' }}", "`.x` of null", None),
        ("{{ super().x }}", '`.x` of the text "weaker"', None),
        ("{{ super.x }}", "`.x`", None),
        ("{{ [vars.x] | map(attribute='upper') }}", '`.upper` of the text "cardio"', None),
    ],
)
def test_what_has_no_names_is_told_with_what_it_is(text: str, what: str, near: str | None) -> None:
    problem = failing(text)
    assert problem.message == f"the template may not use {what}"
    assert problem.hint == (near and f"did you mean `{near}`?")


@pytest.mark.parametrize("text", ["{{ vars.bed-count }}", "{{ vars.bed }} ", "{{ vars.bed-coun }}"])
def test_a_name_that_needs_brackets_is_told_with_them(text: str) -> None:
    with pytest.raises(TemplateError) as failure:
        template(text).render(names({"bed-count": 3, "town": "Oslo"}))
    found = Problem(failure.value.kind, None, failure.value.facts)
    assert found.message == "`vars.bed` is not defined"
    assert found.hint == "did you mean `vars['bed-count']`?"


def test_only_default_and_defined_ask_for_a_missing_name_in_peace() -> None:
    assert rendered("{{ vars.qqq | default('d') }}") == "d"
    assert rendered("{{ vars.qqq is defined }} {{ vars.x is defined }}") == "false true"
    assert rendered("{{ vars.qqq is undefined }}") is True
    assert rendered("{{ vars.empty | default('d', true) }}") == "d"
    assert rendered("{{ super() | default('d') }}", ABSENT) == "d"
    assert rendered("{{ super() is defined }}", ABSENT) is False


@pytest.mark.parametrize("text", ["{{ super() }}", "a {{ super() }}", "{{ super() | upper }}"])
def test_super_over_nothing_is_an_error(text: str) -> None:
    problem = failing(text, ABSENT)
    assert problem.message == "`super()` has no value here: no weaker layer gives one"
    assert problem.hint == "write `super() | default('')`"


# ── what is a template ───────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{{ x }}", True),
        ("{% if %}", True),
        ("{# x #}", True),
        ("a {{", True),
        ("{ x }", False),
        ("}} %}", False),
        ("", False),
        ("plain", False),
    ],
)
def test_what_is_a_template(text: str, expected: bool) -> None:
    assert is_template(text) is expected


@pytest.mark.parametrize(
    "text",
    [
        "{{ vars.x",
        "{{ }}",
        "{% if %}x{% endif %}",
        "{% endif %}",
        "{# x",
        "{#",
        "a\nb {#-",
        "a {% raw %}",
        "{% raw -%}\n",
        "{{{ vars.x }}}",
        "{% x %}",
        "{% for x in vars %}{% endif %}",
    ],
)
def test_what_jinja_cannot_read_is_told(text: str) -> None:
    problem = failing(text)
    assert problem.code == "template-syntax"
    # Some of its words end with a full stop, and messages have none.
    assert not problem.message.endswith(".")


# ── bounds ───────────────────────────────────────────────────────────────────────────────────────


def test_a_template_may_not_be_longer_than_what_it_may_write() -> None:
    fits = "{{ vars.empty }}".rjust(MAX_OUTPUT, "x")
    assert len(rendered(fits)) == MAX_OUTPUT - len("{{ vars.empty }}")
    assert failing(f"x{fits}").message == (
        "the template does too much: it is longer than 65536 characters"
    )


@pytest.mark.parametrize(
    "text", ["x{{ super() }}", "{{ super() ~ 'x' }}", "{{ [super()] }}x{{ 1 }}"]
)
def test_what_it_writes_is_bounded(text: str) -> None:
    assert failing(text, "y" * MAX_OUTPUT).code in ("template-too-much", "template-failed")
    assert failing("x{{ super() }}", "y" * MAX_OUTPUT).message == (
        "the template does too much: it writes more than 65536 characters"
    )


@pytest.mark.parametrize("way", [template, sandboxed])
def test_all_templates_of_a_body_share_one_budget(way: Way) -> None:
    shared = names({"big": "x" * (MAX_OUTPUT - 2)})
    for _ in range(MAX_WORK // (MAX_OUTPUT // 16 + 3)):
        way("{{ vars.big }}").render(shared)
    shared.budget.left = min(shared.budget.left, MAX_OUTPUT // 16 - 1)
    with pytest.raises(TemplateError) as failure:
        way("a {{ vars.big }}").render(shared)
    assert failure.value.facts == {"what": f"more than {MAX_WORK} steps of work"}


@pytest.mark.parametrize("value", [float("inf"), float("nan"), 2**63 + 1, -(2**64), 10**400])
def test_a_number_that_json_cannot_hold_is_no_value(value: float) -> None:
    for text in ("{{ super() }}", "{{ [super()] }}", "{{ {'a': super()} }}"):
        assert failing(text, value).message == (
            "the template does too much: a number beyond 64 bits"
        )


# ── views ────────────────────────────────────────────────────────────────────────────────────────


def test_a_view_works_out_only_what_is_asked_for() -> None:
    asked: list[str] = []

    def get(name: str) -> str:
        asked.append(name)
        return name.upper()

    seen = View("vars", {"a": 1, "b": 2}.keys, get)
    assert (len(seen), list(seen), "a" in seen, "c" in seen) == (2, ["a", "b"], True, False)
    assert seen.keys() == ["a", "b"]
    assert seen.get("c", "none") == "none"
    assert asked == []
    assert seen["b"] == "B"
    assert seen.items() == [("a", "A"), ("b", "B")]
    assert seen.values() == ["A", "B"]
    assert asked == ["b", "a", "b", "a", "b"]


# ── the quick way beside Jinja's ─────────────────────────────────────────────────────────────────


def paths_in(view: View) -> Iterator[str]:
    for name in view:
        yield f"{view.path}.{name}"
        if isinstance(view[name], View):
            yield from paths_in(view[name])


PARTS = st.sampled_from(
    [*VARS, *("one", "inner", "wordz", "labels", "name", "get", "__class__", "_x", "é", "0", "if")]
)
GIVEN = names().roots
KNOWN = st.sampled_from([*GIVEN, *(path for view in GIVEN.values() for path in paths_in(view))])
LONGER = st.tuples(KNOWN, PARTS).map(".".join)
PATHS = KNOWN | LONGER | st.lists(PARTS, min_size=1, max_size=3).map(".".join)
SPACES = st.sampled_from(["", " ", "\n", "\t ", "  ", "-", " -", "\r"])
SLOTS = st.tuples(st.just("{{"), SPACES, PATHS | st.just("super()"), SPACES, st.just("}}")).map(
    "".join
)
LITERALS = st.sampled_from(
    ["", " ", "a", "\n", "}", "{", "}}", "%}", "#}", "é", "{{ 1 }}", "{#x#}", "{%", "{{", "\\", "'"]
)


@law(400)
@given(
    st.lists(SLOTS | SLOTS | LITERALS, min_size=1, max_size=5).map("".join),
    st.sampled_from([ABSENT, None, "w", 3, ["a"], {"a": 1}]),
)
def test_the_quick_way_gives_what_jinja_gives(text: str, weaker: Any) -> None:
    assert outcome(template, text, weaker) == outcome(sandboxed, text, weaker)


def outcome(way: Way, text: str, weaker: Any) -> str:
    try:
        return repr(way(text).render(names(weaker=weaker)))
    except TemplateError as failure:
        return f"{failure.kind.code} {failure.facts}"


@pytest.mark.parametrize("method", sorted(TEXT_METHODS | MAP_METHODS))
@pytest.mark.parametrize("owner", ["vars", "vars.x", "vars.map", "vars.n", "profile.labels"])
def test_the_name_of_a_method_is_the_same_both_ways(owner: str, method: str) -> None:
    for text in (f"{{{{ {owner}.{method} }}}}", f"a {{{{ {owner}.{method} }}}}"):
        assert outcome(template, text, "w") == outcome(sandboxed, text, "w")


def test_the_quick_way_is_taken_where_it_can_be() -> None:
    """Otherwise the law above would compare Jinja with itself."""
    quick = {type(getattr(template(text).render, "__self__", None)) for text in QUICK}
    slow = {type(getattr(sandboxed(text).render, "__self__", None)) for text in QUICK}
    assert len(quick) == len(slow) == 1
    assert quick != slow


QUICK = ["{{ vars.x }}", "a {{ vars.map.one }} {{ super() }}", "{{ profile.labels.tier }}\n"]
