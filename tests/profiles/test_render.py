"""Rendering a body: super, vars, places of what fails, and what is not looked at."""

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given, strategies as st

from tests.profiles.laws import law
from tests.sources import (
    LOCAL,
    Content,
    codes,
    compiled,
    layers,
    marked,
    only,
    session,
    set_to,
)
from voxmint.origin import Origin
from voxmint.problems import Problem
from voxmint.profiles.render import MAX_NESTED

MODEL = "model: gpt-transcribe"


def prompting(*prompts: str) -> dict[str, str]:
    """Profiles that extend each other, each with such a prompt."""
    return layers(
        *(f"session: {{input_audio_transcription: {{{MODEL}, prompt: {one}}}}}" for one in prompts)
    )


def prompt(
    profiles: Mapping[str, Content], environments: Mapping[str, Content] | None = None
) -> Any:
    return session(profiles, environments)["input_audio_transcription"]["prompt"]


def failure(*prompts: str, rest: str = "") -> Problem:
    profiles = prompting(*prompts)
    [problem] = compiled({**profiles, "p": profiles["p"] + rest}).errors
    return problem


# ── super ────────────────────────────────────────────────────────────────────────────────────────


def test_super_goes_through_all_layers() -> None:
    assert (
        prompt(prompting("one", "'{{ super() }} two'", "'{{ super() }} three'")) == "one two three"
    )


def test_super_leaps_over_layers_that_say_nothing() -> None:
    profiles = prompting("one", "x", "'{{ super() }} three'")
    assert prompt({**profiles, "base-2": "extends: base-1\nabstract: true"}) == "one three"


def test_super_sees_what_the_weaker_layer_gives_rendered_in_this_body() -> None:
    profiles = prompting("'{{ profile.name }} in {{ env.name }}'", "'<{{ super() }}>'")
    assert prompt(profiles) == "<p in local>"


@pytest.mark.parametrize("under", ["{$unset: true}", "null"])
def test_super_over_what_was_unset_has_no_value(under: str) -> None:
    profiles = prompting("one", under, "'{{ super() }}'")
    expected = "no-super" if "unset" in under else "null-not-taken"
    of_body = [one for one in compiled(profiles).errors if one.affects]
    assert codes(of_body) == [expected]
    compilation = compiled(prompting("one", under, "\"{{ super() | default('', true) }}\""))
    assert compilation.bodies["p", "local"].session["input_audio_transcription"]["prompt"] == ""


def test_super_over_nothing_may_have_a_default() -> None:
    assert prompt(prompting("\"{{ super() | default('') }}x\"")) == "x"
    problem = failure("'a {{ super() }}'")
    assert problem.code == "no-super"
    assert marked({"profiles/p.yaml": prompting("'a {{ super() }}'")["p"]}, problem) == "super()"


def test_super_in_a_list_is_the_item_at_its_place() -> None:
    keywords = [
        f"session: {{input_audio_transcription: {{{MODEL}, keywords: {one}}}}}"
        for one in (
            "[a, b]",
            "['{{ super() }}1', '{{ super() }}2', \"{{ super() | default('none') }}\"]",
        )
    ]
    assert session(layers(*keywords))["input_audio_transcription"]["keywords"] == [
        "a1",
        "b2",
        "none",
    ]


def test_super_of_an_appended_item_has_no_value() -> None:
    keywords = [
        f"session: {{input_audio_transcription: {{{MODEL}, keywords: {one}}}}}"
        for one in (
            "[a]",
            "{$append: ['{{ super() }}']}",
        )
    ]
    assert codes(compiled(layers(*keywords)).errors) == ["no-super"]


def test_super_may_give_a_list_or_a_map_over_a_template() -> None:
    trees = layers(
        "vars: {l: [1, '{{ env.name }}'], m: {a: 1, b: {$unset: true}}}",
        "vars: {l: '{{ super() }}', m: '{{ super() }}'}",
        prompting("'{{ [vars.l, vars.m] | tojson }}'")["p"],
    )
    assert prompt(trees) == '[[1, "local"], {"a": 1}]'


@pytest.mark.parametrize("layer", ["{{ super() }}x", "{{ super() | trim }}x", "x{{ super() }}"])
@pytest.mark.parametrize("count", [30, 1000])
def test_no_number_of_layers_is_too_many_for_super(layer: str, count: int) -> None:
    item = f"- session: {{input_audio_transcription: {{prompt: '{layer}'}}}}\n"
    environments = {"local": f"{LOCAL['local']}overlay:\n{item * count}"}
    assert prompt(prompting("''"), environments) == "x" * count


def test_super_twice_in_each_of_many_layers_is_little_work() -> None:
    item = "- session: {input_audio_transcription: {prompt: '{{ super() }}{{ super() }}'}}\n"
    environments = {"local": f"{LOCAL['local']}overlay:\n{item * 200}"}
    assert prompt(prompting("''"), environments) == ""


UNASKED = "{% if false %}{{ super() }}{% endif %}"
LAYERS = {
    "a": "a",
    "{{ super() }}b": "+b",
    "{{ super() ~ 'c' }}": "+c",
    f"{UNASKED}d": "d",
}


@law(30)
@given(st.lists(st.sampled_from(sorted(LAYERS)), min_size=1, max_size=40))
def test_super_is_what_folding_the_layers_gives(texts: list[str]) -> None:
    expected = "start"
    for text in texts:
        adds = LAYERS[text]
        expected = expected + adds[1:] if adds.startswith("+") else adds
    item = '- session: {input_audio_transcription: {prompt: "%s"}}\n'
    items = "".join(item % text for text in texts)
    environments = {"local": f"{LOCAL['local']}overlay:\n{items}"}
    assert prompt(prompting("start"), environments) == expected


def test_a_weaker_template_that_fails_is_told_at_its_own_place() -> None:
    problem = failure("'{{ vars.nowhere }}'", "'{{ super() }}'", "'{{ super() }}{{ super() }}'")
    assert str(problem.at and problem.at.file) == "profiles/base-1.yaml"
    assert problem.affects == (("p", "local"),)


@pytest.mark.parametrize(
    "text",
    ["{{ vars.nowhere }}", "{% nonsense %}", "{{ 'a' * 10 ** 10 }}", "{{ vars", "{{ 1 / 0 }}"],
)
def test_an_overridden_template_is_not_looked_at(text: str) -> None:
    profiles = {"base": prompting(f'"{text}"')["p"], "p": f"extends: base\n{prompting('x')['p']}"}
    compilation = compiled(profiles)
    assert compilation.bodies["p", "local"].session["input_audio_transcription"]["prompt"] == "x"
    assert all(problem.affects == (("base", "local"),) for problem in compilation.errors)


def test_where_super_lost_its_value_is_shown() -> None:
    unset = only(compiled(prompting("one", "{$unset: true}", "'{{ super() }}'")), "no-super")
    [related] = unset.related
    assert (related.message, related.at.file) == ("it is unset here", "profiles/base-2.yaml")
    never = only(compiled(prompting("'{{ super() }}'")), "no-super")
    assert never.related == ()


def test_a_null_and_a_number_pass_through_super_as_they_are() -> None:
    detection = "session: {turn_detection: {type: server_vad, threshold: %s}}"
    profiles = layers(detection % "0.25", detection % "'{{ super() * 2 }}'")
    assert session(profiles)["turn_detection"]["threshold"] == 0.5


# ── vars, env and profile ────────────────────────────────────────────────────────────────────────


def with_vars(text: str, prompt: str = "'{{ vars.a }}'", **more: str) -> dict[str, Content]:
    return {"p": f"{prompting(prompt)['p']}vars: {text}\n", **more}


def test_vars_may_use_vars_in_any_order() -> None:
    assert prompt(with_vars("{a: '<{{ vars.b }}>', b: '{{ vars.c.d }}', c: {d: x}}")) == "<x>"


def test_vars_are_merged_deeply_and_by_precedence() -> None:
    profiles = {
        **with_vars(
            "{a: '{{ vars.m.x }} {{ vars.m.y }} {{ vars.m.z }}', m: {y: p}}\nextends: base"
        ),
        "base": "abstract: true\nvars: {m: {x: base, y: base, z: base}}",
    }
    environments = {"local": f"{LOCAL['local']}vars: {{m: {{z: env}}}}"}
    assert prompt(profiles, environments) == "base p env"


def test_a_var_may_ask_for_its_weaker_self() -> None:
    profiles = {
        **with_vars("{a: '{{ super() }} and mine'}\nextends: base"),
        "base": "abstract: true\nvars: {a: theirs}",
    }
    assert prompt(profiles) == "theirs and mine"


def test_a_var_that_is_unset_is_not_defined() -> None:
    profiles = {
        **with_vars("{a: {$unset: true}}\nextends: base"),
        "base": "abstract: true\nvars: {a: 1}",
    }
    assert only(compiled(profiles), "undefined-name").facts["name"] == "vars.a"


def test_a_var_that_nobody_uses_is_not_looked_at() -> None:
    assert prompt(with_vars("{a: x, b: '{{ vars.nowhere }}', c: '{% bad %}'}")) == "x"


def test_a_failing_var_is_told_where_it_stands() -> None:
    problem = only(compiled(with_vars("{a: '{{ vars.nowhere }}'}")), "undefined-name")
    assert problem.at == Origin(
        "profiles/p.yaml", 2, len("vars: {a: '{{ ") + 1, len("vars.nowhere")
    )


def test_a_failing_var_is_told_once_however_often_it_is_used() -> None:
    text = "{a: '{{ vars.b }}{{ vars.b }}', b: '{{ vars.nowhere }}', c: '{{ vars.b }}'}"
    compilation = compiled(with_vars(text, prompt="'{{ vars.a }}{{ vars.c }}'"))
    assert codes(compilation.errors) == ["undefined-name"]


def test_what_templates_know_of_the_profile_and_the_environment() -> None:
    text = '"{{ profile.name }}|{{ profile.description }}|{{ profile.labels.tier }}|{{ env.name }}"'
    profiles: dict[str, Content] = {
        "folder/p": f"{prompting(text)['p']}description: D\nlabels: {{tier: gold}}\n",
    }
    body = compiled(profiles).bodies["folder/p", "local"]
    assert body.session["input_audio_transcription"]["prompt"] == "folder/p|D|gold|local"


def test_a_template_cannot_inject_yaml_or_templates() -> None:
    profiles = with_vars('{a: "{{ vars.b }}", b: "x\\n  model: evil", c: "{{ \'{{ vars.b }}\' }}"}')
    assert session(profiles)["input_audio_transcription"] == {
        "model": "gpt-transcribe",
        "prompt": "x\n  model: evil",
    }
    assert prompt(with_vars("{a: '{% raw %}{{ vars.b }}{% endraw %}', b: x}")) == "{{ vars.b }}"


# ── cycles ───────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("text", "walk", "at"),
    [
        ("{a: '{{ vars.a }}'}", "vars.a → vars.a", "'{{ vars.a }}'"),
        ("{a: '{{ vars.b }}', b: '{{ vars.a }}'}", "vars.a → vars.b → vars.a", "'{{ vars.b }}'"),
        (
            "{a: '{{ vars.c }}', c: '{{ vars.b }}', b: '{{ vars.c }}'}",
            "vars.b → vars.c → vars.b",
            "'{{ vars.c }}'",
        ),
        (
            "{a: '{{ vars.m.x }}', m: {x: '{{ vars.a }}'}}",
            "vars.a → vars.m.x → vars.a",
            "'{{ vars.m.x }}'",
        ),
        ("{a: ['{{ vars.a[0] }}']}", "vars.a → vars.a", "["),
        ("{a: '{{ vars | tojson }}'}", "vars.a → vars.a", "'{{ vars | tojson }}'"),
    ],
)
def test_vars_in_a_circle_are_told_with_the_circle(text: str, walk: str, at: str) -> None:
    profiles = with_vars(text)
    problem = only(compiled(profiles), "vars-cycle")
    assert problem.message == f"the vars use each other in a circle: {walk}"
    source = {"profiles/p.yaml": str(profiles["p"])}
    assert marked(source, problem) == at


def test_a_circle_is_told_once_from_wherever_it_is_entered() -> None:
    text = "{a: '{{ vars.b }}', b: '{{ vars.c }}', c: '{{ vars.a }}'}\nextends: base"
    profiles = {
        **{f"p{var}": with_vars(text, prompt=f"'{{{{ vars.{var} }}}}'")["p"] for var in "abc"},
        "base": "abstract: true",
    }
    for name in ("pa", "pb", "pc"):
        walk = only(compiled({"p": profiles[name], "base": "{}"}), "vars-cycle").facts["walk"]
        assert walk == "vars.a → vars.b → vars.c → vars.a"


def test_a_var_that_uses_itself_in_a_weaker_layer_is_no_circle() -> None:
    profiles = {
        **with_vars("{a: '{{ vars.b }}', b: '{{ super() }}!'}\nextends: base"),
        "base": "abstract: true\nvars: {b: '{{ vars.c }}', c: x}",
    }
    assert prompt(profiles) == "x!"


def test_a_long_chain_of_vars_ends_at_the_bound() -> None:
    def chain(length: int) -> str:
        links = (f"v{n}: '{{{{ vars.v{n + 1} }}}}'" for n in range(length))
        return f"{{a: '{{{{ vars.v0 }}}}', {', '.join(links)}, v{length}: end}}"

    assert prompt(with_vars(chain(MAX_NESTED - 3))) == "end"
    for length in (MAX_NESTED, 2_000):
        problem = only(compiled(with_vars(chain(length))), "template-too-much")
        assert "more than 40 others" in problem.message


# ── work ─────────────────────────────────────────────────────────────────────────────────────────

LOOP = "{% for a in vars.l %}{% for b in vars.l %}{% endfor %}{% endfor %}"


def keywords(items: str, words: int) -> dict[str, Content]:
    text = f"session: {{input_audio_transcription: {{{MODEL}, keywords: {items}}}}}"
    return {"p": f"{text}\nvars: {{l: [{', '.join(['x'] * words)}], t: &t '{LOOP}'}}\n"}


def test_the_work_of_all_templates_of_a_body_is_bounded_together() -> None:
    one = keywords(f"['{LOOP}']", 300)
    assert compiled(one).errors == ()
    many = keywords(f"[{', '.join([repr(LOOP)] * 1_000)}]", 300)
    assert codes(compiled(many).errors) == ["template-too-much"]


def test_no_template_is_compiled_that_there_is_no_work_left_to_render() -> None:
    """A thousand long ones would take a minute, though none of them could be rendered."""
    spent = "{% for a in vars.l %}" * 3 + "{% endfor %}" * 3
    after = f"{LOOP[:-1]}"
    wrong = keywords(f"['{spent}', '{after}']", 300)
    assert codes(compiled(wrong).errors) == ["template-too-much"]
    alone = keywords(f"['{LOOP}', '{after}']", 300)
    assert codes(compiled(alone).errors) == ["template-syntax"]


def test_each_body_has_work_of_its_own() -> None:
    environments = {f"e{number}": LOCAL["local"] for number in range(8)}
    assert compiled(keywords(f"['{LOOP}']", 300), environments).errors == ()


# ── places ───────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "written",
    [
        "'{{ §vars.nope }}'",
        '"{{ §vars.nope }}"',
        "a {{ §vars.nope }} b",
        "|\n      one\n      two {{ §vars.nope }}\n",
        "|2-\n       one\n      {{ §vars.nope }}",
        ">\n      one\n      two\n\n      {{ §vars.nope }}\n",
        "one\n      two {{ §vars.nope }}\n",
        "'one\n\n      two {{ §vars.nope }}'\n",
        '"one \\\n      two {{ §vars.nope }}"\n',
        '"\\u00e9 {{ §vars.nope }}"\n',
        "é日本👩 {{ §vars.nope }}\n",
        "vars.nope {{ §vars.nope }}\n",
        "\"{{ vars.nopes | default('') }} {{ §vars.nope }}\"\n",
        "\"{{ 1 if not 'vars.nope_' == 'a.vars.nope' }}{{ §vars.nope }}\"\n",
        "'{{ 1 }} vars.nope {% if §vars.nope %}{% endif %}'\n",
        "|\n      vars.nope\n      {% if 1 %}\n      vars.nope\n      {{ §vars.nope }}{% endif %}",
        "&anchor !!str '{{ §vars.nope }}'\n",
        "&anchor # vars.nope\n      '{{ §vars.nope }}'\n",
    ],
)
@pytest.mark.parametrize("ends", ["\n", "\r\n"], ids=["lf", "crlf"])
def test_the_caret_stands_under_the_name_inside_of_the_scalar(written: str, ends: str) -> None:
    text = f"session:\n  input_audio_transcription:\n    {MODEL}\n    prompt: {written}"
    before, _, after = text.partition("§")
    compilation = compiled({"p": f"{before}{after}".replace("\n", ends)})
    line, column = before.count("\n") + 1, len(before) - before.rfind("\n")
    at = only(compilation, "undefined-name").at
    assert at == Origin("profiles/p.yaml", line, column, len("vars.nope"))


def test_where_the_name_is_not_written_as_such_the_caret_stands_under_the_template() -> None:
    text = "\"nope {{ vars['nope'] }}\""
    problem = failure(text)
    assert marked({"profiles/p.yaml": prompting(text)["p"]}, problem) == "{{ vars['nope'] }}"


@pytest.mark.parametrize(
    ("text", "marked_text"),
    [
        ("{{ vars.x | nonsense }}", "nonsense"),
        ("a {{ 'b' + 1 }}", "+"),
        ("first {{ 1 }}\\n{% nonsense %}", "{% nonsense %}"),
        ("{{ super() }}", "super()"),
        ("{% set vars = 1 %}", "set vars"),
    ],
)
def test_other_failures_are_marked_too(text: str, marked_text: str) -> None:
    problem = failure(f'"{text}"')
    assert marked_text in marked({"profiles/p.yaml": prompting(f'"{text}"')["p"]}, problem)


def test_a_failing_set_is_marked_on_the_command_line() -> None:
    order = set_to("vars.x=1", "session.input_audio_transcription.prompt={{ vars.nope }}")
    problem = only(compiled(prompting("x"), order=order), "undefined-name")
    assert problem.at is not None
    assert (problem.at.file, problem.at.line) == ("--set", 2)


# ── what fails takes nothing else down ───────────────────────────────────────────────────────────


def test_all_failing_templates_of_a_body_are_told_in_one_run() -> None:
    text = (
        "session:\n"
        "  input_audio_format: '{{ vars.one }}'\n"
        "  input_audio_transcription:\n"
        f"    {MODEL}\n"
        "    prompt: '{% bad %}'\n"
        "    keywords: ['{{ vars.two }}', fine, '{{ 1 / 0 }}']\n"
        "expires_after: {seconds: '{{ vars.three }}'}\n"
    )
    assert [marked({"profiles/p.yaml": text}, one) for one in compiled({"p": text}).errors] == [
        "vars.one",
        "{% bad %}",
        "vars.two",
        "{{ 1 / 0 }}",
        "vars.three",
    ]


def test_a_rendered_value_is_checked_like_a_written_one() -> None:
    detection = "session: {turn_detection: {type: server_vad, threshold: '{{ vars.t }}'}}"
    for value, code in [("0.5", None), ("'0.5'", "wrong-type"), ("7", "out-of-range")]:
        found = codes(compiled({"p": f"{detection}\nvars: {{t: {value}}}"}).errors)
        assert found == ([code] if code else [])


def test_equal_bodies_have_their_keys_in_one_order() -> None:
    templated = "{threshold: '{{ vars.n }}', type: server_vad}"
    given_vars = "vars: {t: text, n: 0.5}"
    texts = [
        "session: {turn_detection: {threshold: 0.5, type: server_vad}, modalities: [text]}",
        "session: {modalities: [text], turn_detection: {type: server_vad, threshold: 0.5}}",
        f"session: {{modalities: ['{{{{ vars.t }}}}'], turn_detection: {templated}}}\n{given_vars}",
    ]
    first, *others = [str(session({"p": text})) for text in texts]
    assert others == [first, first]
