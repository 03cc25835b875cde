"""Dead overrides: what a layer sets although it is so already."""

import pytest

from tests.profiles.idle.finding import base, idle, judged, speaking
from voxmint.profiles.order import Order
from voxmint.profiles.overrides import parse_overrides

EMULATOR = "provider: {kind: emulator}\n"
THRESHOLD = "session: {turn_detection: {threshold: 0.5}}"
OTHER = "session: {turn_detection: {threshold: 0.6}}"


def test_a_value_that_is_so_already_is_told_with_the_place_that_sets_it() -> None:
    text = "extends: b\nsession:\n  turn_detection:\n    threshold: 0.5\n    silence_duration_ms: 9"
    [problem] = judged({"b": base(), "p": text})
    assert (problem.code, str(problem.at)) == ("dead-override", "profiles/p.yaml:4:5")
    said = "`turn_detection.threshold` is 0.5 already: this changes nothing"
    assert problem.message == said
    assert [(str(one.at), one.message) for one in problem.related] == [
        ("profiles/b.yaml:4:49", "it is set here")
    ]
    assert (problem.path, problem.affects) == ("turn_detection.threshold", (("p", "local"),))


def test_a_map_of_which_all_is_so_already_is_told_once() -> None:
    text = "extends: b\nsession: {turn_detection: {type: server_vad, threshold: 0.5}}"
    [problem] = judged({"b": base(), "p": text})
    assert problem.message == "all of `session` is set so already: this changes nothing"
    assert idle({"b": base(), "p": text}) == ["p: session dead-override"]


@pytest.mark.parametrize(
    ("weaker", "stronger"),
    [
        ("1", "1"),
        ("1.0", "1.0"),
        ("true", "true"),
        ("text", "'text'"),
        ("null", "null"),
        ("[1, {x: 2}]", "[1, {x: 2}]"),
        ("[1, 2]", "{$replace: [1, 2]}"),
        ("{x: 1, y: 2}", "{$replace: {x: 1, y: 2}}"),
        ("{x: 1}", "{}"),
        ("'{{ vars.b }}'", "'{{ vars.b }}'"),
        ("1", "{$replace: 1}"),
    ],
)
def test_an_equal_value_is_dead(weaker: str, stronger: str) -> None:
    assert idle(_vars(weaker, stronger)) == ["p: a dead-override"]


@pytest.mark.parametrize(
    ("weaker", "stronger"),
    [
        ("1", "1.0"),
        ("1", "true"),
        ("1", "'1'"),
        ("0.0", "-0.0"),
        ("null", "''"),
        ("[1, 2]", "[2, 1]"),
        ("[1]", "[1.0]"),
        ("{x: 1}", "{$replace: {x: 1, y: 2}}"),
        ("{x: 1, y: 2}", "{$replace: {x: 1}}"),
        ("{x: 1, y: 2}", "{$replace: {y: 2, x: 1}}"),
        ("1", "{}"),
        ("{$unset: true}", "null"),
        ("'{{ super() | default(1) }}'", "'{{ super() | default(1) }}'"),
        ("['{{ super() | default(1) }}']", "['{{ super() | default(1) }}']"),
        ("[1]", "{$append: [1]}"),
        ("[1]", "{$remove: [1]}"),
    ],
)
def test_another_value_is_not(weaker: str, stronger: str) -> None:
    assert idle(_vars(weaker, stronger)) == []


def _vars(weaker: str, stronger: str) -> dict[str, str]:
    """Two profiles that set a var; what it is used for does not matter, and its order does."""
    prompt = "{{ vars | tojson }}"
    return {
        "b": f"{base(prompt)}vars: {{b: 1, a: {weaker}}}",
        "p": f"extends: b\nvars:\n  c: 1\n  a: {stronger}",
    }


def test_of_two_layers_that_say_the_same_the_stronger_is_dead() -> None:
    profiles = {
        "b": base(),
        "c": f"extends: b\nabstract: true\n{THRESHOLD}",
        "p": f"extends: c\n{THRESHOLD}",
    }
    assert idle(profiles) == ["c: session dead-override", "p: session dead-override"]


def test_what_a_layer_between_has_changed_is_not_so_already() -> None:
    profiles = {
        "b": base(),
        "c": f"extends: b\nabstract: true\n{OTHER}",
        "p": f"extends: c\n{THRESHOLD}",
    }
    assert idle(profiles) == []


def test_one_body_in_which_it_matters_is_enough() -> None:
    """In the diamond of `p` the left arm is laid over the base, in that of `q` over the right."""
    profiles = {
        "b": base(),
        "left": f"extends: b\nabstract: true\n{THRESHOLD}",
        "right": f"extends: b\nabstract: true\n{OTHER}",
        "p": "extends: left",
    }
    assert idle(profiles) == ["left: session dead-override", "right: abstract unused-base"]
    assert idle({**profiles, "q": "extends: [right, left]"}) == []


def test_one_environment_in_which_it_matters_is_enough() -> None:
    block = f"extends: b\nenvironments:\n  e:\n    {THRESHOLD}"
    profiles = {"b": base(), "p": block}
    assert idle(profiles, {"e": EMULATOR}) == ["p: session dead-override"]
    assert idle(profiles, {"e": EMULATOR, "f": f"extends: e\n{OTHER}"}) == []
    assert idle(profiles, {"e": f"{EMULATOR}{OTHER}"}) == []


def test_what_a_stronger_layer_overrides_is_compared_with_what_is_beneath_it() -> None:
    profiles = {"b": base(), "p": f"extends: b\n{THRESHOLD}", "q": "extends: b"}
    overlay = {"e": f"{EMULATOR}overlay: [{{{OTHER}}}]"}
    assert idle(profiles, overlay) == ["p: session dead-override"]


def test_related_places_are_the_first_and_a_count() -> None:
    arms = {f"b{index}": base() for index in range(5)}
    heirs = {f"p{index}": f"extends: b{index}" for index in range(5)}
    text = f"{EMULATOR}{THRESHOLD}"
    [problem] = judged({**arms, **heirs}, {"e": text})
    assert [one.message for one in problem.related] == [
        "it is set here",
        "it is set here",
        "it is set here, and in 2 more places",
    ]
    assert [one.at.file for one in problem.related] == [f"profiles/b{i}.yaml" for i in range(3)]


# ── variants ─────────────────────────────────────────────────────────────────────────────────────


def test_a_type_that_is_said_again_is_dead() -> None:
    text = "extends: b\nsession: {turn_detection: {type: server_vad, threshold: 0.6}}"
    assert idle({"b": base(), "p": text}) == ["p: type dead-override"]


def test_a_field_that_is_said_again_when_its_type_comes_back_matters() -> None:
    """`threshold` falls away with the type that `c` sets, unless a layer after it says it again."""
    profiles = {
        "b": base(),
        "c": "extends: b\nabstract: true\nsession: {turn_detection: {type: semantic_vad}}",
        "p": "extends: c\nsession: {turn_detection: {type: server_vad, threshold: 0.5}}",
    }
    assert idle(profiles) == []


def test_a_field_is_not_judged_where_a_type_is_a_template() -> None:
    profiles = {
        "b": base(rest="turn_detection: {type: '{{ \"server_vad\" }}', threshold: 0.5}"),
        "p": f"extends: b\n{THRESHOLD}",
    }
    assert idle(profiles) == []


def test_a_fresh_turn_detection_is_not_judged() -> None:
    fresh = "{$replace: {type: server_vad, threshold: 0.5}}"
    text = f"extends: b\nsession: {{turn_detection: {fresh}}}"
    assert idle({"b": base(), "p": text}) == []


def test_turn_detection_that_is_off_is_not_switched_off_again() -> None:
    text = "extends: b\nsession: {turn_detection: null}"
    off = base(rest="turn_detection: null")
    assert idle({"b": off, "p": text}) == ["p: session dead-override"]


# ── what is not judged ───────────────────────────────────────────────────────────────────────────


def test_nothing_is_said_of_a_layer_in_a_body_with_an_error() -> None:
    profiles = {"b": base(), "p": f"extends: b\n{THRESHOLD}"}
    assert idle({**profiles, "q": "extends: b\nsession: {speed: 1}"}) == [
        "p: session dead-override"
    ]
    wrong = "extends: p\nsession: {turn_detection: {prefix_padding_ms: '{{ vars.x }}'}}"
    assert idle({**profiles, "q": wrong}) == []


def test_nothing_is_said_where_a_profile_cannot_be_made_out() -> None:
    profiles = {"b": base(), "p": f"extends: b\n{THRESHOLD}"}
    assert idle({**profiles, "q": "extends: nobody"}) == []
    assert idle({**profiles, "q": "a: b: c"}) == []
    assert idle({**profiles, "q": "extends: b", "Q": "extends: b"}) == []


def test_nothing_is_said_of_a_profile_that_no_environment_has() -> None:
    profiles = {"b": base(), "p": f"extends: b\n{THRESHOLD}", "q": "extends: b"}
    assert idle(profiles, {"e": f"{EMULATOR}profiles: [q]"}) == []


def test_nothing_is_looked_for_unless_all_is_there_and_it_is_asked_for() -> None:
    profiles = {"b": base(), "p": f"extends: b\n{THRESHOLD}"}
    given, _ = parse_overrides(("session.include=null",))
    for order in (
        Order(),
        Order(profiles=("p",), idle=True),
        Order(environments=("local",), idle=True),
        Order(labels=(("tier", "gold"),), idle=True),
        Order(overrides=given, idle=True),
    ):
        assert idle(profiles, order=order) == []


@pytest.mark.parametrize("second", ["*v", "{<<: *v, d: 1}"])
def test_what_an_alias_repeats_is_not_judged(second: str) -> None:
    """`a` is dead where it is written, and matters where it is repeated."""
    text = f"extends: b\nenvironments:\n  e: {{vars: &v {{a: 1, c: 2}}}}\n  f: {{vars: {second}}}"
    profiles = {"b": f"{base('{{ vars | tojson }}')}vars: {{a: 1}}", "p": text}
    environments = {"e": EMULATOR, "f": f"{EMULATOR}vars: {{a: 2}}"}
    assert idle(profiles, environments) == []
    alone = {**profiles, "p": text.replace("*v", "{a: 1, c: 2}").replace("<<: {a: 1, c: 2}, ", "")}
    assert idle(alone, environments) == ["p: a dead-override"]


# ── labels ───────────────────────────────────────────────────────────────────────────────────────


def test_a_label_that_a_base_gives_already_is_dead() -> None:
    profiles = {
        "b": f"{base()}labels: {{tier: gold, team: a}}",
        "p": "extends: b\nlabels: {tier: gold, team: b}",
    }
    [problem] = judged(profiles)
    assert problem.message == '`labels.tier` is "gold" already: this changes nothing'
    assert idle(profiles) == ["p: tier dead-override"]


@pytest.mark.parametrize(
    ("weaker", "stronger"),
    [("1", "1.0"), ("1", "'1'"), ("gold", "silver"), ("gold", "{$unset: true}")],
)
def test_another_label_is_not(weaker: str, stronger: str) -> None:
    profiles = {
        "b": f"{base()}labels: {{tier: {weaker}}}",
        "p": f"extends: b\nlabels: {{tier: {stronger}}}",
    }
    assert idle(profiles) == []


def test_a_label_matters_where_it_does_in_one_lineage() -> None:
    profiles = {
        "b": f"{base()}labels: {{tier: gold}}",
        "c": "extends: b\nabstract: true\nlabels: {tier: gold}",
        "d": "extends: b\nabstract: true\nlabels: {tier: silver}",
        "p": "extends: c",
        "r": "extends: d",
    }
    assert idle(profiles) == ["c: tier dead-override"]
    assert idle({**profiles, "q": "extends: [d, c]"}) == []


def test_what_one_heir_gives_is_not_given_to_the_next() -> None:
    profiles = {
        "b": f"{base()}labels: {{tier: gold}}",
        "p": "extends: b\nlabels: {team: a, tier: silver}",
        "q": "extends: b\nlabels: {team: a, tier: gold}",
        "r": "extends: b\nlabels: {team: a, tier: silver}",
    }
    assert idle(profiles) == ["q: tier dead-override"]


def test_a_label_that_is_set_again_after_it_was_unset_matters() -> None:
    profiles = {
        "b": f"{base()}labels: {{tier: gold}}",
        "c": "extends: b\nabstract: true\nlabels: {tier: {$unset: true}}",
        "p": "extends: c\nlabels: {tier: {$replace: gold}}",
    }
    assert idle(profiles) == []


def test_a_label_beside_a_mistake_is_not_judged() -> None:
    profiles = {
        "b": f"{base()}labels: {{tier: gold}}",
        "p": "extends: b\nlabels: {tier: gold, team: null}",
    }
    assert idle(profiles) == []


def test_the_session_of_a_profile_alone_is_never_dead() -> None:
    assert idle({"p": speaking()}) == []
