"""Overlay items that change nothing."""

import pytest

from tests.profiles.idle.finding import idle, judged, speaking
from tests.sources import told

EMULATOR = "provider: {kind: emulator}\n"
GOLD = "where: {labels: {tier: gold}}"
THRESHOLD = "session: {turn_detection: {threshold: 0.6}}"
BLOCK = "environments:\n  e: {session: {turn_detection: {threshold: 0.7}}}\n"


def overlaid(*items: str) -> dict[str, str]:
    return {"e": EMULATOR + "overlay:\n" + "".join(f"  - {{{item}}}\n" for item in items)}


def test_an_item_of_which_all_is_so_already_is_told_once() -> None:
    item = "session: {turn_detection: {type: server_vad, threshold: 0.5}}"
    [problem] = judged({"p": speaking()}, overlaid(item))
    assert told([problem]) == [
        "idle-overlay-item environments/e.yaml:3:5 this overlay item changes nothing"
    ]
    assert [(str(one.at), one.message) for one in problem.related] == [
        ("profiles/p.yaml:3:26", "this is so already"),
        ("profiles/p.yaml:3:49", "this is so already"),
    ]
    assert problem.affects == (("p", "e"),)


def test_an_item_that_changes_something_has_its_dead_entries_told() -> None:
    item = "session: {turn_detection: {type: server_vad, threshold: 0.6}}"
    assert idle({"p": speaking()}, overlaid(item)) == ["e: type dead-override"]


def test_an_item_that_is_overridden_wherever_it_is_laid_is_idle() -> None:
    profiles = {"p": speaking() + BLOCK}
    [problem] = judged(profiles, overlaid(THRESHOLD))
    assert problem.code == "idle-overlay-item"
    assert [(str(one.at), one.message) for one in problem.related] == [
        ("profiles/p.yaml:5:34", "it is overridden here")
    ]
    assert idle({**profiles, "q": speaking()}, overlaid(THRESHOLD)) == []
    assert idle(profiles, overlaid(THRESHOLD, THRESHOLD.replace("0.6", "0.8"))) == [
        "e: { idle-overlay-item",
        "e: { idle-overlay-item",
    ]


def test_an_item_is_judged_where_it_is_laid() -> None:
    profiles = {"p": f"{speaking()}labels: {{tier: gold}}\n{BLOCK}", "q": speaking()}
    assert idle(profiles, overlaid(f"{GOLD}, {THRESHOLD}")) == ["e: { idle-overlay-item"]
    assert idle(profiles, overlaid(THRESHOLD)) == []


def test_an_item_of_a_base_is_judged_in_its_heirs_too() -> None:
    profiles = {"p": speaking() + BLOCK}
    environments = {**overlaid(THRESHOLD), "f": "extends: e"}
    assert idle(profiles, environments) == ["e: { idle-overlay-item"]
    elsewhere = {"p": speaking() + BLOCK.replace("  e:", "  f:")}
    assert idle(elsewhere, environments) == []


def test_an_item_that_sets_nothing_is_idle() -> None:
    assert idle({"p": speaking()}, overlaid("where: {names: [p]}")) == ["e: { idle-overlay-item"]


def test_an_item_with_unused_and_shadowed_vars_is_idle() -> None:
    block = "vars: {a: 1}\nenvironments:\n  e: {vars: {a: 3}}\n"
    profiles = {"p": speaking("{{ vars.a }}") + block}
    assert idle(profiles, overlaid("vars: {a: 2, b: 1}")) == [
        "e: { idle-overlay-item",
        "p: a shadowed-var",
    ]


def test_a_type_that_is_changed_back_has_taken_fields_away() -> None:
    """Without the item, `threshold` would stay."""
    block = "environments:\n  e: {session: {turn_detection: {type: server_vad}}}\n"
    profiles = {"p": speaking() + block}
    assert idle(profiles, overlaid("session: {turn_detection: {type: semantic_vad}}")) == []


@pytest.mark.parametrize(
    "item",
    ["session: {turn_detection: null}", "session: {turn_detection: {$unset: true}}"],
)
def test_what_clears_a_map_is_seen_through_the_map_that_is_laid_on_it(item: str) -> None:
    block = "environments:\n  e: {session: {turn_detection: {type: server_vad}}}\n"
    assert idle({"p": speaking() + block}, overlaid(item)) == []
    fresh = block.replace("{type: server_vad}", "{$replace: {type: server_vad}}")
    assert idle({"p": speaking() + fresh}, overlaid(item)) == ["e: { idle-overlay-item"]


def test_an_item_beneath_a_bare_key_is_not_judged() -> None:
    """Over the inherited map, which the item hides, the bare key would be an error."""
    profiles = {
        "p": f"{speaking('{{ vars.m | tojson }}')}vars: {{m: {{x: 1}}}}\n"
        "environments:\n  e:\n    vars:\n      m:\n"
    }
    assert idle(profiles, overlaid("vars: {m: 1}")) == []
    written = {"p": profiles["p"].replace("m:\n", "m: null\n")}
    assert idle(written, overlaid("vars: {m: 1}")) == ["e: { idle-overlay-item"]


def test_an_item_that_selects_nothing_has_its_own_warning() -> None:
    assert idle({"p": speaking()}, overlaid(f"{GOLD}, {THRESHOLD}")) == []
