"""Law 3: what falls away when a layer changes `turn_detection.type`."""

from collections.abc import Mapping
from typing import Any

import pytest

from tests.sources import LOCAL, Content, codes, compiled, layers, only, session
from voxmint.profiles.cells import Gone, find, value_of
from voxmint.profiles.compiled import Compilation
from voxmint.profiles.fields import REQUEST, TURN_DETECTION, UNIONS, Field, Type, unions_below
from voxmint.profiles.merge import Merger
from voxmint.profiles.rules import FIELD_NOT_OF_TYPE, fields_of_other_types
from voxmint.profiles.variants import settled_in

MODEL = "input_audio_transcription: {model: gpt-transcribe}"
SERVER = "type: server_vad, threshold: 0.1, silence_duration_ms: 300"
NESTED = {"local": "provider: {kind: emulator, api: client_secrets}\n"}


def stack(*detections: str) -> dict[str, str]:
    """Profiles that extend each other, each with such a turn detection."""
    return layers(*(f"session: {{{MODEL}, turn_detection: {one}}}" for one in detections))


def detection(profiles: Mapping[str, Content]) -> Any:
    return session(profiles, NESTED)["turn_detection"]


def notes(compilation: Compilation) -> list[str]:
    return [
        f"{problem.at and problem.at.file} {problem.message}"
        for problem in compilation.problems
        if problem.code == "fell-away"
    ]


def test_inherited_fields_of_the_old_type_fall_away_with_a_note() -> None:
    profiles = stack(f"{{{SERVER}}}", "{type: semantic_vad}")
    assert detection(profiles) == {"type": "semantic_vad"}
    note = only(compiled(profiles, NESTED), "fell-away")
    assert note.message == (
        "`threshold`, `silence_duration_ms` fell away: semantic_vad does not have them"
    )
    column = len(f"session: {{{MODEL}, turn_detection: {{type: ") + 1
    assert str(note.at) == f"profiles/p.yaml:1:{column}"
    assert [(one.at.file, one.at.length, one.message) for one in note.related] == [
        ("profiles/base-1.yaml", len("threshold"), "inherited from here"),
        ("profiles/base-1.yaml", len("silence_duration_ms"), "inherited from here"),
    ]
    assert note.affects == (("p", "local"),)
    assert not note.is_error


def test_what_both_types_have_stays() -> None:
    profiles = stack(
        f"{{{SERVER}, create_response: false}}", "{type: semantic_vad, eagerness: low}"
    )
    assert detection(profiles) == {
        "type": "semantic_vad",
        "eagerness": "low",
        "create_response": False,
    }


def test_the_same_type_again_changes_nothing() -> None:
    profiles = stack(f"{{{SERVER}}}", "{type: server_vad}")
    assert detection(profiles)["threshold"] == 0.1
    assert notes(compiled(profiles, NESTED)) == []


def test_the_same_type_again_does_not_hide_a_field_that_it_does_not_have() -> None:
    profiles = stack("{type: server_vad}", "{eagerness: low}", "{type: server_vad}")
    assert codes(compiled(profiles, NESTED).errors) == ["field-not-of-type"]


@pytest.mark.parametrize("type_", ["null", "'{{ vars.none }}'", "semantic"])
def test_what_is_no_type_takes_nothing_away(type_: str) -> None:
    compilation = compiled(stack(f"{{{SERVER}}}", f"{{type: {type_}}}"), NESTED)
    assert notes(compilation) == []
    assert codes(compilation.errors) != []


def test_there_and_back_again_does_not_revive_what_fell_away() -> None:
    profiles = stack(f"{{{SERVER}}}", "{type: semantic_vad}", "{type: server_vad}")
    assert detection(profiles) == {"type": "server_vad"}
    [told] = notes(compiled(profiles, NESTED))
    assert told == (
        "profiles/base-2.yaml `threshold`, `silence_duration_ms` fell away: "
        "semantic_vad does not have them"
    )


def test_each_change_has_a_note_of_its_own() -> None:
    profiles = stack(
        "{type: server_vad, threshold: 0.1}",
        "{type: semantic_vad, eagerness: low}",
        "{type: server_vad, threshold: 0.3}",
    )
    assert detection(profiles) == {"type": "server_vad", "threshold": 0.3}
    assert notes(compiled(profiles, NESTED)) == [
        "profiles/p.yaml `eagerness` fell away: server_vad does not have it"
    ]
    profiles = stack(
        "{type: server_vad, threshold: 0.1}",
        "{type: semantic_vad, eagerness: low}",
        "{type: server_vad}",
    )
    assert detection(profiles) == {"type": "server_vad"}
    assert notes(compiled(profiles, NESTED)) == [
        "profiles/base-2.yaml `threshold` fell away: semantic_vad does not have it",
        "profiles/p.yaml `eagerness` fell away: server_vad does not have it",
    ]


def test_a_sibling_set_with_or_above_the_change_stays_and_is_wrong() -> None:
    for detections, file in [
        (("{type: server_vad}", "{type: semantic_vad, threshold: 0.2}"), "p"),
        (("{type: semantic_vad}", "{threshold: 0.2}"), "p"),
        (("{type: semantic_vad, threshold: 0.2}",), "p"),
    ]:
        compilation = compiled(stack(*detections), NESTED)
        problem = only(compilation, "field-not-of-type")
        assert problem.message == "`threshold` is not a field of turn detection by semantic_vad"
        assert problem.hint == "remove `threshold`, or set `type: server_vad`"
        assert problem.at is not None
        assert (problem.at.file, problem.at.length) == (f"profiles/{file}.yaml", len("threshold"))
        [related] = problem.related
        assert related.message.startswith("the type is set here (profile ")
        assert compilation.bodies == {}


def test_an_overlay_that_sets_what_the_inherited_type_lacks_cites_both_lines() -> None:
    overlay = "overlay:\n- session:\n    turn_detection:\n      eagerness: low\n"
    environments = {"local": f"{NESTED['local']}{overlay}"}
    problem = only(compiled(stack("{type: server_vad}"), environments), "field-not-of-type")
    assert str(problem.at) == "environments/local.yaml:5:7"
    assert [one.at.file for one in problem.related] == ["profiles/p.yaml"]


def test_a_type_over_none_takes_away_what_it_does_not_have() -> None:
    profiles = stack("{threshold: 0.1}", "{type: semantic_vad}")
    assert detection(profiles) == {"type": "semantic_vad"}
    assert notes(compiled(profiles, NESTED)) == [
        "profiles/p.yaml `threshold` fell away: semantic_vad does not have it"
    ]


def test_a_stronger_layer_may_set_a_fallen_field_again_with_its_type() -> None:
    profiles = stack(
        "{type: server_vad, threshold: 0.1, prefix_padding_ms: 5}",
        "{type: semantic_vad}",
        "{type: server_vad, threshold: 0.2}",
    )
    assert detection(profiles) == {"type": "server_vad", "threshold": 0.2}


def test_a_replaced_or_emptied_map_forgets_its_types() -> None:
    for between in ("null", "{$unset: true}"):
        profiles = stack(f"{{{SERVER}}}", between, "{type: semantic_vad}")
        assert detection(profiles) == {"type": "semantic_vad"}
        assert notes(compiled(profiles, NESTED)) == []
    profiles = stack(f"{{{SERVER}}}", "{$replace: {type: semantic_vad}}")
    assert detection(profiles) == {"type": "semantic_vad"}
    assert notes(compiled(profiles, NESTED)) == []


def test_a_type_that_was_unset_is_as_if_nobody_had_set_it() -> None:
    unset = ("{type: server_vad}", "{type: {$unset: true}}")
    profiles = stack(*unset, "{eagerness: low}", "{type: server_vad}")
    assert detection(profiles) == {"type": "server_vad"}
    assert notes(compiled(profiles, NESTED)) == [
        "profiles/p.yaml `eagerness` fell away: server_vad does not have it"
    ]


def test_a_field_that_was_unset_before_is_not_told_to_fall_away() -> None:
    profiles = stack(
        "{type: server_vad, threshold: 0.1}", "{threshold: {$unset: true}}", "{type: semantic_vad}"
    )
    assert notes(compiled(profiles, NESTED)) == []


# ── templated types ──────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("semantic_vad", {"type": "semantic_vad"}),
        ("server_vad", {"type": "server_vad", "threshold": 0.1, "silence_duration_ms": 300}),
    ],
)
def test_a_templated_type_is_rendered_for_it(kind: str, expected: object) -> None:
    environments = {"local": f"{NESTED['local']}vars: {{kind: {kind}}}"}
    profiles = stack(f"{{{SERVER}}}", "{type: '{{ vars.kind }}'}")
    assert session(profiles, environments)["turn_detection"] == expected


def test_one_profile_may_change_its_type_in_one_environment_and_not_in_another() -> None:
    environments = {
        "a": f"{NESTED['local']}vars: {{kind: server_vad}}",
        "b": f"{NESTED['local']}vars: {{kind: semantic_vad}}",
    }
    profiles = stack(f"{{{SERVER}}}", "{type: '{{ vars.kind }}'}")
    compilation = compiled(profiles, environments)
    assert len(compilation.bodies["p", "a"].session["turn_detection"]) == 3
    assert len(compilation.bodies["p", "b"].session["turn_detection"]) == 1
    assert only(compilation, "fell-away").affects == (("p", "b"),)


def test_an_overridden_type_counts_even_where_it_is_a_template() -> None:
    profiles = {
        **stack(f"{{{SERVER}}}", "{type: '{{ vars.kind }}'}", "{type: server_vad}"),
        "base-1": f"session: {{{MODEL}, turn_detection: {{{SERVER}}}}}\nabstract: true\n"
        "vars: {kind: semantic_vad}",
    }
    assert detection(profiles) == {"type": "server_vad"}


def test_an_overridden_template_that_fails_is_nobodys_problem() -> None:
    profiles = stack("{type: '{{ vars.nowhere }}', threshold: 0.5}", "{type: server_vad}")
    compilation = compiled(profiles, NESTED)
    assert compilation.problems == ()
    assert detection(profiles) == {"type": "server_vad", "threshold": 0.5}


@pytest.mark.parametrize("value", ["[semantic_vad]", "{a: 1}", "1", "true", "null"])
def test_a_type_rendered_to_what_is_no_text_is_wrong_and_takes_nothing_away(value: str) -> None:
    environments = {"local": f"{NESTED['local']}vars: {{kind: {value}}}"}
    compilation = compiled(stack(f"{{{SERVER}}}", "{type: '{{ vars.kind }}'}"), environments)
    assert notes(compilation) == []
    assert codes(compilation.errors) in (["wrong-type"], ["null-not-taken"])


def test_what_fell_away_is_remembered_with_its_reason() -> None:
    profiles = stack(f"{{{SERVER}}}", "{type: semantic_vad}")
    body = compiled(profiles, NESTED).bodies["p", "local"]
    fallen = find(body.root, ["session", "turn_detection", "threshold"])
    assert isinstance(fallen, Gone)
    assert fallen.why == "fell away: semantic_vad does not have it"
    assert body.origin("turn_detection.threshold") is None


def test_the_flat_body_is_told_the_same() -> None:
    profiles = stack(f"{{{SERVER}}}", "{type: semantic_vad}")
    assert session(profiles, LOCAL)["turn_detection"] == {"type": "semantic_vad"}


# ── super() over what fell away ──────────────────────────────────────────────────────────────────

BACK = "{type: server_vad, threshold: \"{{ super() | default('none') }}\"}"


@pytest.mark.parametrize(
    ("between", "expected"),
    [
        (["{type: semantic_vad}"], "none"),
        (["{type: semantic_vad}", "{create_response: true}"], "none"),
        (["{type: semantic_vad}", "{type: server_vad}"], "none"),
        (["{type: semantic_vad}", "{type: server_vad, threshold: 0.9}"], 0.9),
        (["{type: semantic_vad}", "{type: server_vad, threshold: '{{ super() }}'}"], None),
        (["{type: '{{ vars.kind }}'}"], "none"),
        (["{type: server_vad}"], 0.1),
        (["{create_response: true}"], 0.1),
    ],
)
def test_what_fell_away_is_absent_for_super_too(between: list[str], expected: Any) -> None:
    profiles = stack(f"{{{SERVER}}}", *between, BACK)
    profiles["base-1"] += "\nvars: {kind: semantic_vad}"
    compilation = compiled(profiles, NESTED)
    of_body = [one for one in compilation.errors if one.affects]
    if expected is None:
        [problem] = of_body
        assert problem.code == "no-super"
        assert [one.message for one in problem.related] == [
            "it fell away: semantic_vad does not have it"
        ]
        assert problem.related[0].at.file == "profiles/base-2.yaml"
    elif expected == "none":
        [problem] = of_body
        assert problem.message == '`threshold` takes a number, 0 to 1, not the text "none"'
    else:
        assert compilation.bodies["p", "local"].session["turn_detection"]["threshold"] == expected


def test_a_field_that_the_last_type_lacks_is_the_problem_and_not_what_it_is_made_from() -> None:
    profiles = stack(
        "{type: semantic_vad, eagerness: low}",
        "{type: server_vad, eagerness: '{{ super() }}'}",
    )
    assert codes(compiled(profiles, NESTED).errors) == ["field-not-of-type"]


def test_the_place_of_what_fell_away_is_that_of_the_type_that_took_it() -> None:
    compilation = compiled(stack(f"{{{SERVER}}}", "{type: semantic_vad}"), NESTED)
    cell = find(compilation.bodies["p", "local"].root, ("session", "turn_detection", "threshold"))
    assert isinstance(cell, Gone)
    assert (cell.layer.name, cell.under and cell.under.layer.name) == ("p", "base-1")


# ── unions that may come ─────────────────────────────────────────────────────────────────────────


def union(name: str, *fields: Field) -> Field:
    """A map of the types `one` and `two`; `only_one` is a field of the former, `both` of both."""
    kind = Field("type", Type.STRING, "", values=("one", "two"), default="one")
    only = Field("only_one", Type.NUMBER, "", variants=("one",))
    both = Field("both", Type.NUMBER, "")
    return Field(name, Type.OBJECT, "", fields=(kind, only, both, *fields))


INNER = union("inner")
OUTER = union("vars", INNER)
"""As if `vars` were a union with one inside: below it any key will do."""


def table(*fields: Field) -> Field:
    return Field("request", Type.OBJECT, "", fields=(*fields, *REQUEST.fields))


def test_what_is_a_union_goes_by_the_field_table() -> None:
    assert dict(UNIONS) == {("session", "turn_detection"): TURN_DETECTION}
    text = Field("text", Type.STRING, "")
    wrapped = Field("map", Type.OBJECT, "", fields=(OUTER, text))
    assert unions_below(table(wrapped)) == {
        ("map", "vars"): OUTER,
        ("map", "vars", "inner"): INNER,
        **UNIONS,
    }


def test_every_union_of_the_field_table_lets_fields_fall_away() -> None:
    weaker = "vars: {type: one, only_one: 1, both: 2, inner: {type: one, only_one: 3, both: 4}}"
    stronger = "vars: {type: two, inner: {type: two}}"
    profile = compiled(layers(weaker, stronger)).profiles["p"]
    stacked = [one.layer for one in profile.lineage]
    root = Merger().fold(stacked)
    assert root is not None
    settled, notes = settled_in(root, stacked, lambda leaf: leaf.value, unions_below(table(OUTER)))
    assert value_of(settled) == {
        "vars": {"type": "two", "both": 2, "inner": {"type": "two", "both": 4}}
    }
    assert [(note.message, str(note.at)) for note in notes] == [
        ("`only_one` fell away: two does not have it", "profiles/p.yaml:1:14"),
        ("`only_one` fell away: two does not have it", "profiles/p.yaml:1:33"),
    ]


def test_a_field_of_another_type_is_an_error_in_every_union() -> None:
    [found] = fields_of_other_types({"type": "two", "only_one": 1, "both": 2}, OUTER, ("vars",))
    assert found.kind is FIELD_NOT_OF_TYPE
    assert found.kind.message.format_map(found.facts) == "`only_one` is not a field of vars by two"
    assert (found.path, found.related) == (
        ("vars", "only_one"),
        ((("vars", "type"), "the type is set here"),),
    )
    assert list(fields_of_other_types({"only_one": 1}, OUTER, ("vars",))) == []
