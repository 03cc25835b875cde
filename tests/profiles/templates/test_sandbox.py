"""The sandbox: what gets nowhere, what is too much, and that nothing else ever comes out."""

import json
import re
from collections.abc import Collection
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st

from tests.profiles.laws import law
from tests.profiles.naming import names
from voxmint.problems import Problem
from voxmint.profiles.templates.filters import FILTER_NAMES, IN_PEACE, TEST_NAMES
from voxmint.profiles.templates.parts import MAX_NESTING
from voxmint.profiles.templates.template import (
    MAP_METHODS,
    MAX_OUTPUT,
    MAX_WORK,
    TEXT_METHODS,
    Budget,
    Names,
    TemplateError,
    View,
    template,
)

FORBIDDEN, TOO_MUCH, FAILED = "template-forbidden", "template-too-much", "template-failed"
SYNTAX, UNDEFINED = "template-syntax", "undefined-name"

MANY: dict[str, Any] = {"words": list("ab" * 15_000), "long": "x" * 60_000, "x": "cardio"}


def failing(text: str, given_names: Names | None = None) -> Problem:
    with pytest.raises(TemplateError) as failure:
        template(text).render(given_names or names())
    problem = Problem(failure.value.kind, None, failure.value.facts)
    assert len(problem.message) < 400
    return problem


# ── what there is ────────────────────────────────────────────────────────────────────────────────

PAGE = Path(__file__).parents[3] / "docs" / "composition.md"


@pytest.mark.parametrize(
    ("row", "there"),
    [
        ("filters", FILTER_NAMES),
        ("tests, after `is`", [name for name in TEST_NAMES if name.isalpha()]),
        ("methods of texts", TEXT_METHODS),
        ("methods of maps", MAP_METHODS),
    ],
)
def test_the_page_on_composition_lists_what_there_is(row: str, there: Collection[str]) -> None:
    [line] = [line for line in PAGE.read_text().splitlines() if line.startswith(f"| {row} |")]
    assert line.removeprefix(f"| {row} | ").removesuffix(" |").replace("`", "").split() == sorted(
        there
    )


# ── ways out ─────────────────────────────────────────────────────────────────────────────────────

ESCAPES = {
    "{{ ''.__class__ }}": FORBIDDEN,
    "{{ ''.__class__.__mro__[1].__subclasses__() }}": FORBIDDEN,
    "{{ vars.x.__class__ }}": FORBIDDEN,
    "{{ vars.n.__class__ }}": FORBIDDEN,
    "{{ vars.words.__len__() }}": FORBIDDEN,
    "{{ vars.__class__ }}": UNDEFINED,
    "{{ vars._get }}": UNDEFINED,
    "{{ vars['__init__'] }}": UNDEFINED,
    "{{ vars._names() }}": UNDEFINED,
    "{{ env.__dict__ }}": UNDEFINED,
    "{{ super.__globals__ }}": FORBIDDEN,
    "{{ super.__closure__ }}": FORBIDDEN,
    "{{ super.callable_in_template }}": FORBIDDEN,
    "{{ super().__class__ }}": FORBIDDEN,
    "{{ (vars.x | attr('__class__')) }}": FORBIDDEN,
    "{{ vars.words | map(attribute='__class__') | list }}": FORBIDDEN,
    "{{ vars.words | map('attr', '__class__') | list }}": FORBIDDEN,
    "{{ vars.words | map('weighed') | list }}": FORBIDDEN,
    "{{ vars.words | map('nope') | list }}": FORBIDDEN,
    "{{ vars.words | map(none) | list }}": FORBIDDEN,
    "{{ vars.words | select('filter') | list }}": FORBIDDEN,
    "{{ vars.words | reject(vars.words) | list }}": FORBIDDEN,
    "{{ vars.words.append(1) }}": FORBIDDEN,
    "{{ vars.map.inner.pop('deep') }}": UNDEFINED,
    "{{ {'a': 1}.update({}) }}": UNDEFINED,
    "{{ '{0.__class__}'.format(1) }}": FORBIDDEN,
    "{{ '%s' % vars }}": FAILED,
    "{{ 'x' | format(1) }}": FORBIDDEN,
    "{{ vars.x.encode() }}": FORBIDDEN,
    "{{ vars.x.maketrans }}": FORBIDDEN,
    "{{ self }}": FORBIDDEN,
    "{{ self.__init__ }}": FORBIDDEN,
    "{{ self._TemplateReference__context }}": FORBIDDEN,
    "{{ cycler }}": UNDEFINED,
    "{{ lipsum() }}": UNDEFINED,
    "{{ namespace() }}": UNDEFINED,
    "{{ dict(a=1) }}": UNDEFINED,
    "{{ joiner() }}": UNDEFINED,
    "{{ range(3) }}": UNDEFINED,
    "{{ open('/etc/passwd') }}": UNDEFINED,
    "{{ get_flashed_messages() }}": UNDEFINED,
    "{{ config }}": UNDEFINED,
    "{{ environment }}": UNDEFINED,
    "{{ now() }}": UNDEFINED,
    "{{ _ }}": UNDEFINED,
    "{{ caller() }}": UNDEFINED,
    "{{ varargs }}": UNDEFINED,
    "{{ loop.index }}": UNDEFINED,
    "{{ vars.words | random }}": FORBIDDEN,
    "{{ vars | pprint }}": FORBIDDEN,
    "{{ vars.x | safe }}": FORBIDDEN,
    "{{ vars.x | xmlattr }}": FORBIDDEN,
    "{{ vars.x | urlize }}": FORBIDDEN,
    "{{ vars.words | groupby('x') }}": FORBIDDEN,
    "{{ vars.x | counted }}": FORBIDDEN,
    "{{ vars.x | weighed }}": FORBIDDEN,
    "{{ vars.x is filter }}": FORBIDDEN,
    "{{ vars.x is callable }}": FORBIDDEN,
    "{% include 'x' %}": FORBIDDEN,
    "{% import 'x' as y %}": FORBIDDEN,
    "{% from 'x' import y %}": FORBIDDEN,
    "{% extends 'x' %}": FORBIDDEN,
    "{% block b %}{% endblock %}": FORBIDDEN,
    "{% macro f() %}{% endmacro %}": FORBIDDEN,
    "{% call vars.x() %}{% endcall %}": FORBIDDEN,
    "{% filter upper %}x{% endfilter %}": FORBIDDEN,
    "{% set a %}x{% endset %}": FORBIDDEN,
    "{% with a = 1 %}{% endwith %}": FORBIDDEN,
    "{% autoescape true %}{% endautoescape %}": FORBIDDEN,
    "{% for a in vars.words recursive %}{{ loop(a) }}{% endfor %}": FORBIDDEN,
    "{% for a in vars.words %}{{ loop(a) }}{% endfor %}": FORBIDDEN,
    "{% for a in vars.words %}{{ loop.cycle('x') }}{% endfor %}": FORBIDDEN,
    "{% for a in vars.words %}{{ loop.__init__ }}{% endfor %}": FORBIDDEN,
    "{% set vars = 1 %}": FORBIDDEN,
    "{% set super = 1 %}": FORBIDDEN,
    "{% for env in vars.words %}{% endfor %}": FORBIDDEN,
    "{% set vars.x = 1 %}": FORBIDDEN,
    "{% do 1 %}": SYNTAX,
    "{% break %}": SYNTAX,
    "{% trans %}{% endtrans %}": SYNTAX,
    "{% debug %}": SYNTAX,
    "{{ 2 ** 3 }}": FORBIDDEN,
    "{{ vars() }}": FORBIDDEN,
    "{{ vars.x() }}": FORBIDDEN,
    "{{ vars.map.items() }}": FORBIDDEN,
    "{{ (vars.x).upper.__self__ }}": FORBIDDEN,
}


@pytest.mark.parametrize("text", ESCAPES)
def test_no_way_leads_out(text: str) -> None:
    assert failing(text).code == ESCAPES[text]


@pytest.mark.parametrize("name", ["vars", "env", "profile", "super", "vars.x.upper", "[vars]"])
@pytest.mark.parametrize(
    "work", ["string", "upper", "title", "trim", "capitalize", "wordcount", "lower | length"]
)
def test_nothing_is_written_that_depends_on_the_machines_memory(name: str, work: str) -> None:
    assert failing(f"{{{{ {name} | {work} }}}}").code == FAILED
    assert failing(f"{{{{ {{{name}: 1}} }}}}").code == FAILED
    assert failing(f"a {{{{ {name} }}}}").code == FAILED


@pytest.mark.parametrize(
    "text",
    [
        "{{ vars.words | map('upper') | string }}",
        "{{ loop_ }}{{ vars.words | select }}",
        "{{ super }}",
    ],
)
def test_what_is_still_to_be_worked_out_is_not_written_either(text: str) -> None:
    assert failing(text).code in (FAILED, UNDEFINED)


# ── too much ─────────────────────────────────────────────────────────────────────────────────────


def doubled(statement: str, times: int = 40) -> str:
    return "{% set s = 'aaaaaaaaaaaaaaaa' %}" + statement * times + "{{ s | length }}"


EACH = "{%% for a in vars.words %%}%s{%% endfor %%}"
BOMBS = {
    "range": ("{% for i in range(10**9) %}x{% endfor %}", FORBIDDEN),
    "text times number": ("{{ 'a' * 1000000000 }}", FAILED),
    "list times number": ("{{ [1] * 1000000000 }}", FAILED),
    "padding by a method": ("{{ 'a'.ljust(999999999) }}", FORBIDDEN),
    "padding by a filter": ("{{ 'x' | center(999999999) }}", FORBIDDEN),
    "padding by map": ("{{ vars.words | map('center', 999999999) | list }}", FORBIDDEN),
    "padding by format": ("{{ '%999999999d' % 1 }}", FAILED),
    "indent": ("{{ 'x' | indent(999999999) }}", FORBIDDEN),
    "indented json": ("{{ [[1]] | tojson(indent=999999999) }}", FAILED),
    "json indented by a text": ("{{ [[1]] | tojson(indent='xxxx') }}", FAILED),
    "rounding": ("{{ 1 | round(999999999, 'ceil') }}", FAILED),
    "rounding far before the point": ("{{ 1 | round(-999999999, 'floor') }}", FAILED),
    "rounding by map": ("{{ [1] | map('round', 999999999, 'ceil') | list }}", FAILED),
    "sum of lists": ("{{ vars.words | map('list') | sum(start=[]) | length }}", FAILED),
    "doubling by ~": (doubled("{% set s = s ~ s %}"), TOO_MUCH),
    "doubling by +": (doubled("{% set s = s + s %}"), TOO_MUCH),
    "growing by a method": (doubled("{% set s = s.replace('a', s) %}"), FORBIDDEN),
    "growing by a filter": (doubled("{% set s = s | replace('a', s) %}"), TOO_MUCH),
    "growing without a count": (doubled("{% set s = s | replace('a', s, -1) %}"), TOO_MUCH),
    "growing between letters": (doubled("{% set s = s | replace('', s) %}"), TOO_MUCH),
    "growing by join": (doubled("{% set s = [s, s] | join(s) %}"), TOO_MUCH),
    "doubling lists": ("{% set s = [1] %}" + "{% set s = s + s %}" * 40, TOO_MUCH),
    "lists in lists": ("{% set s = [1] %}" + "{% set s = [s, s, s, s] %}" * 40, TOO_MUCH),
    "maps in maps": ("{% set s = 1 %}" + "{% set s = {'a': s, 'b': s} %}" * 40, TOO_MUCH),
    "tuples in tuples": ("{% set s = 1 %}" + "{% set s = (s, s) %}" * 40, TOO_MUCH),
    "loops in loops": (
        "{% for a in vars.words %}" * 3 + "x" + "{% endfor %}" * 3,
        TOO_MUCH,
    ),
    "empty loops": ("{% for a in vars.words %}" * 2 + "{% endfor %}" * 2, TOO_MUCH),
    "slices in a loop": (EACH % "{% set b = vars.words[:] %}", TOO_MUCH),
    "compares in a loop": (EACH % "{% if vars.words == [] %}{% endif %}", TOO_MUCH),
    "searches in a loop": (EACH % "{% if 'z' in vars.long %}{% endif %}", TOO_MUCH),
    "splits in a loop": (EACH % "{{ vars.long.split() | length }}", TOO_MUCH),
    "sorting in a loop": (EACH % "{{ vars.words | sort | first }}", TOO_MUCH),
    "names in a loop": (EACH % "{{ vars | length }}{{ vars.x }}{{ vars.x }}", TOO_MUCH),
    "numbers that grow": ("{{ 9223372036854775807 * 9223372036854775807 }}", TOO_MUCH),
    "a number of many digits": ("{{ " + "9" * 5000 + " }}", TOO_MUCH),
    "a number beyond all": ("{{ 1e400 }}", TOO_MUCH),
    "a text made infinite": ("{{ '1e400' | float }}", TOO_MUCH),
    "a text made no number": ("{{ 'nan' | float }}", TOO_MUCH),
    "a text of many digits": ("{{ vars.digits | int }}", TOO_MUCH),
    "a text of many digits of another base": ("{{ vars.digits | int(0, 36) }}", TOO_MUCH),
    "a text made a huge number": ("{{ '99999999999999999999' | int }}", TOO_MUCH),
    "infinity in json": ("{{ 'inf' | float | tojson }}", TOO_MUCH),
    "brackets": ("{{ " + "(" * 500 + "1" + ")" * 500 + " }}", TOO_MUCH),
    "signs": ("{{ " + "-" * 500 + "1 }}", TOO_MUCH),
    "a long sum": ("{{ 1" + " + 1" * 5000 + " }}", TOO_MUCH),
    "a long chain of filters": ("{{ vars.x" + " | upper" * 5000 + " }}", TOO_MUCH),
    "a long chain of names": ("{{ (vars | list)" + ".x" * 5000 + " }}", TOO_MUCH),
    "many blocks in each other": ("{% for a in vars.few %}" * 25 + "{% endfor %}" * 25, TOO_MUCH),
    "many conditions in each other": ("{% if true %}" * 200 + "{% endif %}" * 200, TOO_MUCH),
    "lists in each other": ("{{ " + "[" * 300 + "]" * 300 + " }}", TOO_MUCH),
    "a long template": ("{{ 1 }}" * MAX_OUTPUT, TOO_MUCH),
    "searches by select": ("{{ vars.words | select('in', vars.words) | list }}", TOO_MUCH),
    "searches by reject": ("{{ vars.words | reject('in', vars.words) | list }}", TOO_MUCH),
    "searches by a test": (EACH % "{% if 1 is in(vars.words) %}{% endif %}", TOO_MUCH),
    "long texts by map": ("{{ vars.words | map('replace', 'a', vars.long) | list }}", TOO_MUCH),
    "long texts by join": ("{{ vars.pairs | map('join', vars.long) | list }}", TOO_MUCH),
    "long texts in a loop": (EACH % "{% set b = a | replace('a', vars.long) %}", TOO_MUCH),
    "defaults by map": ("{{ vars.words | map('default', vars.words, true) | list }}", TOO_MUCH),
    "stripping many from many": ("{{ vars.long.strip(vars.long) }}", TOO_MUCH),
    "trimming many from many": ("{{ vars.long | trim(vars.long) }}", TOO_MUCH),
    "a long way into texts": (
        "{{ vars.words | map(attribute='" + ".".join(["0"] * 3000) + "') | list }}",
        TOO_MUCH,
    ),
    "a long way into texts from a var": ("{{ vars.words | map(attribute=vars.way) }}", TOO_MUCH),
    "searches of a text by a test": ("{{ vars.words | reject('in', vars.long) | list }}", TOO_MUCH),
    "compares of long texts": (EACH % "{% if [vars.long] == [a] %}{% endif %}", TOO_MUCH),
    "all names in a loop": (EACH % "{% set b = vars.many | list %}", TOO_MUCH),
    "all names by a method": (EACH % "{% set b = vars.many.keys() %}", TOO_MUCH),
    "all values by a method": (EACH % "{% set b = vars.many.items() %}", TOO_MUCH),
    "many parts": ("{{ [" + "1," * 20_000 + "] | length }}", TOO_MUCH),
    "many statements": ("{% set a = 1 %}" * 4_000, TOO_MUCH),
    "a long output": ("{{ vars.long }}{{ vars.long }} ", TOO_MUCH),
}  # fmt: skip


EVEN_MORE: dict[str, Any] = {
    **MANY,
    "few": [1],
    "pairs": [["a", "b"]] * 1000,
    "digits": "9" * 60_000,
    "way": "0." * 30_000 + "0",
    "many": dict.fromkeys(map(str, range(20_000)), 1),
}


@pytest.mark.parametrize("name", BOMBS)
def test_too_much_work_is_not_begun(name: str) -> None:
    text, code = BOMBS[name]
    many = names(EVEN_MORE)
    assert failing(text, many).code == code
    assert many.budget.left > -MAX_OUTPUT * 2 or "many from many" in name


def test_work_that_is_not_too_much_is_done() -> None:
    text = EACH % "{% if loop.first %}{{ vars.words | length }}{% endif %}"
    shared = names(MANY)
    assert template(text).render(shared) == "30000"
    assert MAX_WORK - shared.budget.left > 30_000


def test_compiling_is_counted_as_work_of_every_body() -> None:
    text = "{% set a = 1 %}" * 3_000
    shared = names()
    assert template(text).render(shared) == ""
    spent = MAX_WORK - shared.budget.left
    assert spent > 9_000
    again = names()
    assert template(text).render(again) == ""
    assert MAX_WORK - again.budget.left == spent
    for _ in range(MAX_WORK // spent - 1):
        template(text).render(shared)
    assert failing(text, shared).code == TOO_MUCH


def test_parts_may_be_nested_up_to_the_bound() -> None:
    fits = MAX_NESTING - 8
    assert template("{{ 1" + " + 1" * fits + " }}").render(names()) == fits + 1
    assert template("{% for a in [1] %}" * 15 + "x" + "{% endfor %}" * 15).render(names()) == "x"


# ── what fails plainly ───────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "text",
    [
        *("{{ 1 / 0 }}", "{{ 5 % 0 }}", "{{ vars.n is divisibleby 0 }}", "{{ vars.x + 1 }}"),
        *("{{ vars.x < 1 }}", "{{ 1 in 5 }}", "{{ vars.x - vars.x }}", "{{ -vars.x }}"),
        *("{{ vars.words[9] }}", "{{ vars.x[99] }}", "{{ vars.words['a':] }}", "{{ [] | first }}"),
        *("{{ [] | max }}", "{{ vars[vars.words] }}", "{{ {[]: 1} }}", "{{ {none: 1} }}"),
        *("{{ vars.words | first(1) }}", "{{ vars.words | list(1, 2) }}", "{{ 'a' is none(1) }}"),
        *("{{ vars.x | int }}", "{{ vars.words | int }}", "{{ vars | float }}", "{{ '' | int }}"),
        *("{{ 'inf' | int }}", "{{ none | float }}", "{{ vars.words | map('int') | list }}"),
        *("{{ vars.words | join([1]) }}", "{{ 'a' | replace('a', 'b', 'c') }}", "{{ 5 | sort }}"),
        *("{{ 'abcdef' | truncate(1) }}", "{{ 'abcdef' | truncate(5, leeway=-1) }}"),
        *("{{ vars.map.get() }}", "{{ super(1) }}", "{{ 'a'.split('') }}", "{{ vars.n | length }}"),
        *("{% set a, b = 1 %}", "{% for a in 5 %}{% endfor %}", "{{ 'x' if vars.n > 5 }}"),
        *("{{ vars.words | round }}", "{{ vars.x | abs }}", "{{ '\\ud800' }}", "a{{ '\\udfff' }}"),
        *("{{ vars[vars] }}", "{{ vars.x[vars] }}", "{{ vars[:] }}"),
        *("{{ vars.x | dictsort }}", "{{ vars.words | sum }}", "{{ vars.x | items | list }}"),
        *("{{ vars[none] }}", "{{ vars.words | abs }}", "{{ none | abs }}", "{{ 'a' is even }}"),
        *("{{ [none, 1] | max }}", "{{ 5 | reverse }}", "{{ [[1]] | unique | list }}"),
        *("{{ 5 | first }}", "{% for a in none %}{% endfor %}", "{% set a, b = [1, 2, 3] %}"),
        *("{% for a, b in [5] %}{% endfor %}", "{% set a, b = [1] %}", "{{ vars.get }}"),
        *("{{ 'a'.startswith(1) }}", "{{ 'a'.split(1) }}", "{{ 'a'.split('a', 'b') }}"),
        *("{{ super }}", "{{ 'a'.strip(1) }}"),
    ],
)  # fmt: skip
def test_what_cannot_be_worked_out_is_told(text: str) -> None:
    problem = failing(text)
    assert problem.code == FAILED
    assert "object at" not in problem.message
    assert "<locals>" not in problem.message
    # Nothing of how Python, Jinja or this program call what is in a template.
    assert not re.search(
        r"'\w+' (object|and)|\bstr\b|\bNone|__|View|_Missing|iterable", problem.message
    )


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{{ vars.x < 1 }}", "a text and a number cannot be put in order"),
        ("{{ -vars.x }}", "`-` needs a number, not a text"),
        ("{{ vars.x | abs }}", "`abs` needs a number, not a text"),
        ("{{ vars.words | round }}", "`round` needs a number, not a list"),
        ("{{ 'a' is divisibleby 2 }}", '`divisibleby` needs a number, not the text "a"'),
        ("{{ vars.words | sum }}", "`+` needs numbers, not a number and a text"),
        ("{{ 5 | length }}", "a number has no length"),
        ("{{ 1 in none }}", "null has no items"),
        ("{{ vars[none] }}", "an item is found by its name or its number"),
        ("{% set a, b = 1 %}", "a number cannot be shared out to several names"),
        ("{% set a, b = [1] %}", "there are 2 names, and 1 items for them"),
        ("{{ super }}", "`super` gives its value where it is called: write `super()`"),
        ("{{ 'a' if false }}", "the `if` is false, and there is no `else`"),
        ("{{ vars.x.upper }}", "`upper` gives its value where it is called: write `upper()`"),
    ],
)
def test_what_fails_is_told_in_the_words_of_a_profile(text: str, said: str) -> None:
    assert failing(text).facts["said"] == said


@pytest.mark.parametrize("work", [*FILTER_NAMES, *(f"is {name}" for name in TEST_NAMES)])
def test_only_who_asks_in_peace_is_given_a_name_that_is_not_defined(work: str) -> None:
    name = work.removeprefix("is ")
    if name in IN_PEACE or not name.isalpha():
        return
    options = {"replace": "('a', 'b')", "divisibleby": "(1)", "sameas": "(1)", "in": "([1])"}
    options |= dict.fromkeys(("eq", "ne", "lt", "le", "gt", "ge"), "(1)")
    sign = "" if work.startswith("is") else "| "
    problem = failing(f"{{{{ vars.nope {sign}{work}{options.get(name, '')} }}}}")
    assert problem.message == "`vars.nope` is not defined"


@pytest.mark.parametrize(
    ("text", "near"),
    [
        ("{{ vars.x | uper }}", "upper"),
        ("{{ vars.words | map('uper') }}", "upper"),
        ("{{ vars.n is nmber }}", "number"),
        ("{{ vars.words | select('strng') }}", "string"),
        ("{{ vars.x | format }}", None),
        ("{{ vars.x | zzz }}", None),
    ],
)
def test_a_misspelt_filter_or_test_is_told_its_near_miss(text: str, near: str | None) -> None:
    problem = failing(text)
    assert problem.code == FORBIDDEN
    assert problem.hint == (near and f"did you mean `{near}`?")


def test_what_is_no_number_is_not_made_zero_unless_that_is_asked_for() -> None:
    assert failing("{{ 'five' | int }}").message == (
        'the template fails: `int` needs a number, not the text "five"; '
        "write `int(0)` to take 0 for it"
    )
    for text, value in {
        "{{ 'five' | int(0) }}": 0,
        "{{ 'five' | float(1.5) }}": 1.5,
        "{{ 'five' | int(none) }}": None,
        "{{ '5' | int }}": 5,
        "{{ '5.9' | int }}": 5,
        "{{ ' 5 ' | float }}": 5.0,
        "{{ 'ff' | int(0, 16) }}": 255,
        "{{ 'ff' | int(base=16) }}": 255,
        "{{ 'x' | int(default=2, base=10) }}": 2,
        "{{ true | int }}": 1,
        "{{ ['1', 'x'] | map('int', 7) | list }}": [1, 7],
    }.items():
        assert template(text).render(names()) == value


def test_an_argument_given_twice_is_a_mistake_in_the_template() -> None:
    for text in ("{{ super(a=1, a=2) }}", "{{ 1 | round(precision=1, precision=2) }}"):
        problem = failing(text)
        assert problem.code == SYNTAX
        assert "is given twice" in problem.message


# ── a law for all of it ──────────────────────────────────────────────────────────────────────────

ATOMS = st.sampled_from(
    [
        *(
            "vars",
            "env",
            "profile",
            "super",
            "super()",
            "vars.x",
            "vars.n",
            "vars.words",
            "vars.map",
        ),
        *("vars.half", "vars.nothing", "vars.qqq", "1", "-1", "1.5", "1e300", "'a'", "'<&'", "''"),
        *("[1, 'a']", "{'a': 1}", "(1, 2)", "none", "true", "a", "loop", "9223372036854775807"),
    ]
)
WORKS = st.sampled_from(
    """
    abs capitalize default d dictsort first float int items join last length count list lower
    map('upper') map('round',1) max min reject replace('a','b') replace('','ab') reverse round
    round(2,'ceil') select select('string') sort string sum title tojson tojson(indent=2) trim
    truncate(3) truncate(9) unique upper wordcount default('d',true) join(',') map(attribute='a')
    """.split()
)
TESTS = st.sampled_from(
    "defined undefined none number string mapping iterable even in([1])".split()
)
OPERATORS = st.sampled_from(["+", "-", "*", "/", "//", "%", "~", "==", "<", "in", "and", "or"])
EXPRESSIONS = st.recursive(
    ATOMS,
    lambda inner: st.one_of(
        st.tuples(inner, WORKS).map(lambda parts: f"({parts[0]}|{parts[1]})"),
        st.tuples(inner, OPERATORS, inner).map(lambda parts: f"({' '.join(parts)})"),
        st.tuples(inner, TESTS).map(lambda parts: f"({parts[0]} is {parts[1]})"),
        st.tuples(inner, inner).map(lambda parts: f"{parts[0]}[{parts[1]}]"),
        st.tuples(
            inner, st.sampled_from(["x", "a", "upper()", "items()", "get('a')", "__class__"])
        ).map(".".join),
        st.tuples(inner, inner, inner).map(lambda p: f"({p[0]} if {p[1]} else {p[2]})"),
        inner.map(lambda part: f"[{part}]"),
    ),
    max_leaves=6,
)
STATEMENTS = st.one_of(
    EXPRESSIONS.map(lambda inner: f"{{{{ {inner} }}}}"),
    st.tuples(EXPRESSIONS, EXPRESSIONS).map(
        lambda p: f"{{% for a in {p[0]} %}}{{{{ {p[1]} }}}}{{% endfor %}}"
    ),
    EXPRESSIONS.map(lambda inner: f"{{% set a = {inner} %}}"),
    EXPRESSIONS.map(lambda inner: f"{{% if {inner} %}}x{{% else %}}y{{% endif %}}"),
    st.sampled_from(["text", " ", "\n", "é"]),
)
TEXTS = st.lists(STATEMENTS, min_size=1, max_size=3).map("".join)


def check_that_it_is_a_value_or_told(text: str) -> None:
    outcomes = []
    for _ in range(2):
        shared = names()
        try:
            outcomes.append(json.dumps(template(text).render(shared), allow_nan=False).encode())
        except TemplateError as failure:
            outcomes.append(Problem(failure.kind, None, failure.facts).message.encode())
        assert b" at 0x" not in outcomes[-1]
        assert shared.budget.left > -MAX_OUTPUT * 2
    assert outcomes[0] == outcomes[1]


@law(300)
@given(TEXTS)
def test_every_template_gives_the_same_value_each_time_or_is_told(text: str) -> None:
    check_that_it_is_a_value_or_told(text)


@pytest.mark.slow
@settings(max_examples=20_000, deadline=None)
@given(TEXTS | st.text(max_size=30).map(lambda inner: f"{{{{ {inner} }}}}"))
def test_every_template_at_length(text: str) -> None:
    check_that_it_is_a_value_or_told(text)


# ── threads ──────────────────────────────────────────────────────────────────────────────────────


def test_renderings_in_several_threads_count_their_own_work() -> None:
    """In the middle of one rendering another one begins, and fails, in another thread."""
    endless = "{% for a in vars.words %}" * 2 + "{% endfor %}" * 2

    def meanwhile(_: str) -> str:
        return threads.submit(lambda: failing(endless, names(MANY)).code).result()

    with ThreadPoolExecutor() as threads:
        budget = Budget()
        found = Names({"vars": View("vars", lambda: ["x"], meanwhile)}, lambda: None, budget)
        text = template("{{ vars.x | upper }} {{ [1, 2] | sum }}").render(found)
    assert text == "TEMPLATE-TOO-MUCH 3"
    assert 0 < MAX_WORK - budget.left < 100
