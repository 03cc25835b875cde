"""Whom a mistake takes down: the bodies that the part of the file has to do with, and no others."""

from collections.abc import Mapping

import pytest

from tests.sources import LOCAL, Content, codes, compiled, only
from voxmint.problems import Body
from voxmint.profiles.order import Order

MODEL = "session: {input_audio_transcription: {model: gpt-transcribe}}\n"
TWO = {**LOCAL, "far": LOCAL["local"]}


def reached(
    profiles: Mapping[str, Content], environments: Mapping[str, Content], code: str
) -> tuple[set[Body], set[Body]]:
    """The bodies that a problem affects, and those that are withheld."""
    compilation = compiled(profiles, environments)
    affected = {body for one in compilation.problems if one.code == code for body in one.affects}
    return affected, set(compilation.attempted) - compilation.bodies.keys()


MISTAKES = {
    "an unknown key": ("session: {turn_detektion: null}", "unknown-key"),
    "an unknown key of the block": ("sesion: {}", "unknown-key"),
    "an unknown directive": ("vars: {a: {$apend: [1]}}", "unknown-directive"),
    "a directive with the wrong value": ("vars: {a: {$unset: 1}}", "directive-value"),
    "what is no map": ("session: 3", "wrong-type"),
    "a number that JSON lacks": ("vars: {a: .nan}", "bad-number"),
    "a duplicate key": ("vars: {a: 1, a: 2}", "duplicate-key"),
    "a duplicate key at its own top": ("vars: {}\n    vars: {a: 1}", "duplicate-key"),
    "an unknown tag": ("vars: {a: !mine 1}", "unknown-tag"),
}


@pytest.mark.parametrize("name", MISTAKES)
@pytest.mark.parametrize("last", ["", "  local: {vars: {z: 1}}\n", "vars: {y: 1}\n"])
def test_a_mistake_in_a_block_is_about_its_environment_alone(name: str, last: str) -> None:
    text, code = MISTAKES[name]
    block = f"environments:\n  far:\n    {text}\n{last}"
    profiles: dict[str, Content] = {
        "base": f"abstract: true\n{block}",
        "p": f"extends: base\n{MODEL}",
        "q": MODEL,
    }
    assert reached(profiles, TWO, code) == ({("p", "far")}, {("p", "far")})


@pytest.mark.parametrize("name", MISTAKES)
@pytest.mark.parametrize("where_first", [True, False])
def test_a_mistake_in_an_overlay_item_is_about_whom_it_selects(
    name: str, where_first: bool
) -> None:
    text, code = MISTAKES[name]
    where = "where: {labels: {tier: gold}}"
    first, second = (where, text) if where_first else (text, where)
    if not where_first and "\n" in text:
        second = f"{where}"
    environments: dict[str, Content] = {
        "e": f"{LOCAL['local']}overlay:\n  - vars: {{x: 1}}\n  - {first}\n    {second}\n"
        "  - vars: {y: 1}\nmint: {burst: 5}\n",
        "heir": "extends: e\n",
        "other": LOCAL["local"],
    }
    profiles: dict[str, Content] = {"p": f"labels: {{tier: gold}}\n{MODEL}", "q": MODEL}
    bodies = {("p", "e"), ("p", "heir")}
    assert reached(profiles, environments, code) == (bodies, bodies)


@pytest.mark.parametrize(
    ("where", "code"),
    [
        ("{label: {tier: gold}}", "unknown-key"),
        ("{labels: {tier: {a: 1}}}", "wrong-type"),
        ("{names: [p], names: [q]}", "duplicate-key"),
        ("{labels: {tier: .nan}}", "bad-number"),
    ],
)
def test_a_mistake_in_a_where_is_about_all_since_whom_it_means_is_not_known(
    where: str, code: str
) -> None:
    environments: dict[str, Content] = {
        "e": f"{LOCAL['local']}overlay: [{{where: {where}, vars: {{a: 1}}}}]",
        **LOCAL,
    }
    both = {("p", "e"), ("q", "e")}
    assert reached({"p": MODEL, "q": MODEL}, environments, code) == (both, both)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("environments:\n  far: {vars: {a: &a .nan}}\n  local: {vars: {b: *a}}\n", "bad-number"),
        ("environments:\n  far: {}\n  local: {}\n  far: {vars: {a: 1}}\n", "duplicate-key"),
        ("environments:\n  far: {}\nenvironments: {}\n", "duplicate-key"),
        ("environments:\n  far: {}\n  <<: {local: {}}\n", "merge-key"),
        ("environments:\n  far: {}\nsesion: {}\n", "unknown-key"),
        ("environments:\n  far: {}\n  1: {}\n", "key-not-text"),
        ("environments:\n  far: {}\n  farr: {}\n", "unknown-environment"),
    ],
)
def test_a_mistake_that_may_be_about_more_than_a_block_is_about_the_whole_file(
    text: str, code: str
) -> None:
    both = {("p", "far"), ("p", "local")}
    assert reached({"p": f"{MODEL}{text}"}, TWO, code) == (both, both)


def test_an_alias_brings_a_mistake_with_it() -> None:
    text = (
        f"{MODEL}environments:\n  far: {{session: &s {{turn_detektion: null}}}}\n"
        "  local: {session: *s}\n"
    )
    both = {("p", "far"), ("p", "local")}
    assert reached({"p": text}, TWO, "unknown-key") == (both, both)


def test_what_a_block_gets_wrong_does_not_excuse_what_the_profile_lacks() -> None:
    text = "session: {input_audio_transcription: {}}\nenvironments: {far: {sesion: {}}}"
    compilation = compiled({"p": text}, TWO)
    assert only(compilation, "missing-model").affects == (("p", "local"),)


def test_a_mistake_in_a_part_that_nobody_asked_for_does_not_matter() -> None:
    profiles = {"p": f"{MODEL}environments: {{far: {{sesion: {{}}}}}}"}
    near = compiled(profiles, TWO, Order(environments=("local",)))
    assert (codes(near.problems), list(near.bodies)) == ([], [("p", "local")])
    far = compiled(profiles, TWO, Order(environments=("far",)))
    assert (codes(far.problems), list(far.bodies)) == (["unknown-key"], [])
    overlaid = {"e": f"{LOCAL['local']}overlay: [{{where: {{names: [q]}}, sesion: {{}}}}]"}
    profiles = {"p": MODEL, "q": MODEL}
    assert compiled(profiles, overlaid, Order(profiles=("p",))).problems == ()
    assert codes(compiled(profiles, overlaid, Order(profiles=("q",))).problems) == ["unknown-key"]


def test_what_selects_nothing_affects_no_body() -> None:
    environments = {
        "e": f"{LOCAL['local']}profiles: ['*', nobody]\noverlay:\n"
        "- {where: {names: [nobody]}, vars: {}}\n- {where: {names: [p, nobody]}, vars: {}}\n"
        "- {where: {labels: {tier: [gold, 7]}}, vars: {}}\n"
    }
    compilation = compiled({"p": f"labels: {{tier: gold}}\n{MODEL}"}, environments)
    assert sorted(codes(compilation.problems)) == [
        "unused-label",
        "unused-pattern",
        "unused-pattern",
        "unused-selector",
    ]
    assert all(problem.affects == () for problem in compilation.problems)
