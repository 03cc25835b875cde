"""Vars that nothing looks at: unused and shadowed ones."""

import pytest

from tests.profiles.idle.finding import base, idle, judged, speaking
from tests.sources import told

EMULATOR = "provider: {kind: emulator}\n"

# ── unused ───────────────────────────────────────────────────────────────────────────────────────


def test_a_var_that_no_template_uses_is_told() -> None:
    text = f"{speaking('{{ vars.used }}')}vars:\n  used: 1\n  unused: 2"
    [problem] = judged({"p": text})
    assert told([problem]) == ["unused-var profiles/p.yaml:6:3 no template uses `vars.unused`"]
    assert (problem.path, problem.affects) == ("vars.unused", (("p", "local"),))


def test_each_place_that_sets_it_is_told() -> None:
    profiles = {"b": f"{base()}vars: {{a: 1}}", "p": "extends: b\nvars: {a: 2}"}
    assert idle(profiles) == ["b: a unused-var", "p: a unused-var"]


def test_of_a_map_only_what_is_unused_is_told() -> None:
    rest = "vars: {a: {b: 1, c: 2}, d: {e: 1, f: {g: 2}}}"
    assert idle({"p": f"{speaking('{{ vars.a.b }}')}{rest}"}) == [
        "p: c unused-var",
        "p: d unused-var",
    ]


def test_a_map_stays_where_a_template_looks_for_something_else_in_it() -> None:
    """Without `vars.a` the default would not be asked for: `vars.a` itself would be undefined."""
    prompt = "{{ vars.a.b | default(1) }}"
    assert idle({"p": f"{speaking(prompt)}vars: {{a: {{c: 2}}}}"}) == []
    profiles = {"b": f"{base(prompt)}vars: {{a: {{c: 2}}}}", "p": "extends: b\nvars: {a: {c: 3}}"}
    assert idle(profiles) == []
    assert idle({"p": f"{speaking(prompt)}vars: {{a: {{b: 1, c: 2}}}}"}) == ["p: c unused-var"]


def test_a_var_that_one_body_uses_is_used() -> None:
    profiles = {
        "b": f"{base()}vars: {{a: 1}}",
        "p": "extends: b",
        "q": f"extends: b\n{speaking('{{ vars.a }}')}",
    }
    assert idle(profiles) == ["q: model dead-override", "q: turn_detection dead-override"]


def test_a_var_that_only_an_overridden_template_names_is_unused() -> None:
    own = "session: {input_audio_transcription: {prompt: Other words.}}"
    profiles = {"b": base("{{ vars.a }}"), "p": f"extends: b\nvars: {{a: 1}}\n{own}"}
    assert idle(profiles) == ["p: a unused-var"]
    seen = profiles["p"].replace("Other", "'{{ super() }} Other").replace("words.", "words.'")
    assert idle({**profiles, "p": seen}) == []
    profiles = {"b": f"{speaking('{{ vars.a }}')}vars: {{a: 1}}", "p": f"extends: b\n{own}"}
    environment = f"{EMULATOR}session: {{input_audio_transcription: {{prompt: Words.}}}}"
    assert idle(profiles, {"e": environment}) == ["b: a unused-var"]


def test_a_var_that_a_template_of_an_abstract_base_names_is_for_the_next_heir() -> None:
    """Every heir that there is overrides the template; one that does not would lack the var."""
    own = "extends: b\nsession: {input_audio_transcription: {prompt: Other words.}}"
    assert idle({"b": f"{base('{{ vars.a }}')}vars: {{a: 1, x: 2}}", "p": own}) == [
        "b: x unused-var"
    ]
    profiles = {"r": "abstract: true\nvars: {a: 1}", "b": f"extends: r\n{base('{{ vars.a }}')}"}
    assert idle({**profiles, "p": own}) == []
    town = (
        f"{base('{{ vars.a }}')}vars: {{a: '{{{{ vars.c }}}}', c: 1, d: '{{{{ vars.e }}}}', e: 2}}"
    )
    assert idle({"b": town, "p": own}) == ["b: d unused-var", "b: e unused-var"]
    environment = f"{EMULATOR}vars: {{a: 1, x: 2}}"
    assert idle({"b": base("{{ vars.a }}"), "p": own}, {"e": environment}) == ["e: x unused-var"]


def test_a_var_in_a_map_that_an_abstract_bases_template_names_stays_with_its_map() -> None:
    own = "extends: b\nsession: {input_audio_transcription: {prompt: Other words.}}"
    given = "vars: {a: {b: 1, c: 2}, d: {$replace: {e: '{{ vars.f }}'}}, f: 1}"
    prompt = "{{ vars.a.b }} {{ vars.d.e }}"
    assert idle({"b": base(prompt) + given, "p": own}) == ["b: c unused-var"]
    prompt = "{{ vars.a.b | default(1) }}"
    assert idle({"b": f"{base(prompt)}vars: {{a: {{c: 2}}}}", "p": own}) == []


def test_a_var_that_only_an_unused_var_uses_is_unused() -> None:
    rest = "vars: {a: '{{ vars.b }}', b: 1, c: '{{ vars.d }}', d: 1}"
    text = speaking("{{ vars.a }}") + rest
    assert idle({"p": text}) == ["p: c unused-var", "p: d unused-var"]


def test_a_var_that_the_type_of_turn_detection_uses_is_used() -> None:
    """A type that is overridden is rendered, too, to find what falls away."""
    profiles = {
        "b": base(rest="turn_detection: {type: '{{ vars.kind }}'}") + "vars: {kind: server_vad}",
        "p": "extends: b\nsession: {turn_detection: {type: semantic_vad}}",
    }
    assert idle(profiles) == []


def test_a_var_that_the_lifetime_uses_is_used() -> None:
    text = f"{speaking()}expires_after: {{seconds: '{{{{ vars.s }}}}'}}\nvars: {{s: 60}}"
    assert idle({"p": text}) == []


@pytest.mark.parametrize("prompt", ["{{ vars | tojson }}", "{{ vars[profile.name] }}"])
def test_nothing_is_unused_where_any_var_may_be_meant(prompt: str) -> None:
    assert idle({"p": f"{speaking(prompt)}vars: {{p: 1, other: 2}}"}) == []


def test_an_environments_vars_are_judged_over_all_its_profiles() -> None:
    profiles = {"p": speaking("{{ vars.region }}"), "q": speaking()}
    environments = {"e": f"{EMULATOR}vars: {{region: eu, zone: a}}"}
    assert idle(profiles, environments) == ["e: zone unused-var"]


# ── shadowed ─────────────────────────────────────────────────────────────────────────────────────

USED = "{{ vars.a }}"


def test_a_var_that_is_overridden_everywhere_is_shadowed() -> None:
    profiles = {"p": f"{speaking(USED)}vars:\n  a: 1"}
    [problem] = judged(profiles, {"e": f"{EMULATOR}vars: {{a: 2}}"})
    assert told([problem]) == [
        "shadowed-var profiles/p.yaml:5:3 `vars.a` is never seen: environment e overrides it"
    ]
    assert [(str(one.at), one.message) for one in problem.related] == [
        ("environments/e.yaml:2:8", "it is overridden here")
    ]


def test_a_var_that_one_environment_leaves_alone_is_not() -> None:
    profiles = {"p": f"{speaking(USED)}vars: {{a: 1}}"}
    assert idle(profiles, {"e": f"{EMULATOR}vars: {{a: 2}}", "f": EMULATOR}) == []


def test_a_var_that_an_heir_of_its_concrete_profile_overrides_is_not() -> None:
    assert idle({"p": f"{speaking(USED)}vars: {{a: 1}}", "q": "extends: p\nvars: {a: 2}"}) == []


def test_the_default_of_a_base_is_not_shadowed_by_its_heirs() -> None:
    """The next heir may leave it as it is."""
    profiles = {"b": f"{base(USED)}vars: {{a: 1}}", "p": "extends: b\nvars: {a: 2}"}
    assert idle(profiles) == []
    environments = {
        "e": "abstract: true\nvars: {a: 3}",
        "f": f"{EMULATOR}extends: e\nvars: {{a: 4}}",
    }
    assert idle(profiles, environments) == ["p: a shadowed-var"]


def test_what_overrides_is_named_with_all_its_layers() -> None:
    profiles = {"p": f"{speaking(USED)}vars: {{a: 1}}"}
    environments = {
        "e": f"{EMULATOR}vars: {{a: 2}}",
        "f": f"{EMULATOR}overlay: [{{where: {{names: [p]}}, vars: {{a: 3}}}}]",
    }
    [problem] = judged(profiles, environments)
    assert problem.facts["by"] == "environment e and overlay of f override it"


@pytest.mark.parametrize(
    "value",
    [
        "'{{ super() }} more'",
        "['{{ super() | default(1) }}']",
        "{$append: [1]}",
        "{x: 1}",
        "{y: {$unset: true}}",
    ],
)
def test_a_var_that_what_overrides_it_looks_at_is_seen(value: str) -> None:
    given = "[1]" if "[" in value else "1"
    profiles = {"p": f"{speaking('{{ vars.a | tojson }}')}vars: {{a: {given}}}"}
    assert idle(profiles, {"e": f"{EMULATOR}vars: {{a: {value}}}"}) == []


def test_of_many_layers_that_override_the_first_are_named() -> None:
    profiles = {"p": f"{speaking(USED)}vars: {{a: 1}}"}
    environments = dict.fromkeys("efghi", f"{EMULATOR}vars: {{a: 2}}")
    [problem] = judged(profiles, environments)
    assert (
        problem.facts["by"] == "environment e, environment f, environment g and 2 more override it"
    )
    assert problem.related[-1].message == "it is overridden here, and in 2 more places"


@pytest.mark.parametrize("value", ["null", "{$unset: true}", "{$replace: {x: 1}}", "[1]"])
def test_whatever_replaces_a_var_shadows_it(value: str) -> None:
    profiles = {"p": f"{speaking('{{ vars.a | default(1) | tojson }}')}vars: {{a: 1}}"}
    environments = {"e": f"{EMULATOR}vars: {{a: {value}}}"}
    assert idle(profiles, environments) == ["p: a shadowed-var"]


def test_what_is_dead_shadows_nothing() -> None:
    """Both lines say the same, and only one of them may go."""
    profiles = {"p": f"{speaking(USED)}vars: {{a: 1}}"}
    assert idle(profiles, {"e": f"{EMULATOR}vars: {{a: 1}}"}) == ["e: vars dead-override"]


def test_a_var_in_a_map_that_is_taken_as_a_whole_may_say_where_it_stands_in_it() -> None:
    profiles = {"p": f"{speaking('{{ vars.m | tojson }}')}vars: {{m: {{a: 1, b: 1}}}}"}
    environments = {"e": f"{EMULATOR}vars: {{m: {{b: 3, a: 2}}}}"}
    assert idle(profiles, environments) == []
    profiles = {"p": f"{speaking('{{ vars.m.a }}')}vars: {{m: {{a: 1, b: 1}}}}"}
    assert idle(profiles, environments) == [
        "e: b unused-var",
        "p: a shadowed-var",
        "p: b unused-var",
    ]
