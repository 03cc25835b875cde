"""What is said of a var that is not defined: once, with where it is set and where to set it."""

from collections.abc import Mapping

import pytest

from tests.sources import LOCAL, Content, codes, compiled, only
from voxmint.problems import Problem

BASE = (
    "abstract: true\n"
    "session:\n  input_audio_transcription:\n    model: gpt-transcribe\n"
    "    prompt: |\n      Spoken in\n      {{ vars.region }}.\n"
)
NAMES = ("a", "b", "c", "d", "e")


def undefined(environments: Mapping[str, Content] | None = None, **profiles: Content) -> Problem:
    return only(compiled({"base": BASE, **profiles}, environments), "undefined-name")


def places(problem: Problem) -> list[str]:
    return [f"{one.at.file}:{one.at.line} {one.message}" for one in problem.related]


def test_one_profile_can_set_it_or_its_environment() -> None:
    problem = undefined(p="extends: base")
    assert str(problem.at) == "profiles/base.yaml:7:10"
    assert problem.hint == (
        "set `region` below `vars` in profiles/p.yaml, or in environments/local.yaml"
    )
    assert problem.related == ()


def test_what_many_lack_is_told_once_and_the_base_can_set_it_for_all() -> None:
    environments = dict.fromkeys(NAMES, LOCAL["local"])
    problem = undefined(environments, p="extends: base", q="extends: base")
    assert problem.hint == "set `region` below `vars` in profiles/base.yaml, or in each environment"
    assert len(problem.affects) == 2 * len(NAMES)


def test_two_environments_are_both_named() -> None:
    problem = undefined({"a": LOCAL["local"], "b": LOCAL["local"]}, p="extends: base")
    assert problem.hint == (
        "set `region` below `vars` in profiles/p.yaml, "
        "or in environments/a.yaml and environments/b.yaml"
    )


def test_where_another_environment_sets_it_that_is_said() -> None:
    staging = f"{LOCAL['local']}vars:\n  region: eu\n"
    problem = undefined({**LOCAL, "staging": staging}, p="extends: base", q="extends: base")
    assert problem.hint == (
        "it is set in environments/staging.yaml:3, and not for local: "
        "set it in profiles/base.yaml, or in environments/local.yaml"
    )
    assert places(problem) == ["environments/staging.yaml:3 `region` is set here, for staging"]
    assert problem.affects == (("p", "local"), ("q", "local"))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("vars: {region: .inf}", ["bad-number"]),
        ("vars: {region: {$apend: [eu]}}", ["unknown-directive"]),
        ("vars: {$replace: {region: {$unset: false}}}", ["directive-value"]),
        ("vars: [region]", ["wrong-type"]),
        ("environments: {local: {vars: {region: 1e400}}}", ["bad-number"]),
        ("vars: {regoin: .inf}", ["bad-number", "undefined-name"]),
        (
            "vars: {region: .inf}\nsession: {include: {$unset: 1}}",
            ["bad-number", "directive-value"],
        ),
    ],
)
def test_what_is_there_and_wrong_is_not_told_to_be_missing(text: str, expected: list[str]) -> None:
    found = compiled({"base": BASE, "p": f"extends: base\n{text}"})
    assert sorted(codes(found.errors)) == expected
    assert found.bodies == {}


def test_a_label_that_is_wrong_is_not_told_to_be_missing() -> None:
    base = BASE.replace("vars.region", "profile.labels.region")
    found = compiled({"base": base, "p": "extends: base\nlabels: {region: null}"})
    assert codes(found.errors) == ["wrong-type"]
    found = compiled({"base": base, "p": "extends: base\nlabels: {town: null}"})
    assert sorted(codes(found.errors)) == ["undefined-name", "wrong-type"]


def test_a_block_and_an_overlay_that_set_it_for_others_are_shown() -> None:
    environments = {
        "far": f"{LOCAL['local']}overlay: [{{where: {{names: [q]}}, vars: {{region: eu}}}}]",
        **LOCAL,
    }
    block = "extends: base\nenvironments: {local: {vars: {region: us}}}"
    problem = undefined(environments, p=block, q="extends: base", r="extends: base")
    assert places(problem) == [
        "environments/far.yaml:2 `region` is set here, for names q in far",
        "profiles/p.yaml:2 `region` is set here, for p in local",
    ]
    assert problem.affects == (("p", "far"), ("q", "local"), ("r", "far"), ("r", "local"))


def test_another_profile_that_sets_it_is_shown_beside_the_near_miss() -> None:
    problem = undefined(p="extends: base\nvars: {regoin: 1}", q="extends: base\nvars: {region: eu}")
    assert problem.hint == (
        "did you mean `vars.regoin`? If not, set `region` below `vars` in profiles/p.yaml, "
        "or in environments/local.yaml"
    )
    assert places(problem) == ["profiles/q.yaml:2 `region` is set here, for q"]


def test_the_near_miss_of_one_environment_is_told_for_all() -> None:
    near = f"{LOCAL['local']}vars: {{regions: eu}}"
    problem = undefined({**LOCAL, "near": near}, p="extends: base")
    assert problem.hint == (
        "did you mean `vars.regions`? If not, set `region` below `vars` in profiles/p.yaml, "
        "or in environments/local.yaml and environments/near.yaml"
    )
    assert problem.affects == (("p", "local"), ("p", "near"))


def test_a_var_in_a_map_is_looked_for_at_its_path() -> None:
    base = BASE.replace("vars.region", "vars.place.region")
    staging = f"{LOCAL['local']}vars: {{place: {{$replace: {{region: eu}}}}}}"
    local = f"{LOCAL['local']}vars: {{place: {{town: x}}}}"
    unset = f"{LOCAL['local']}vars: {{place: {{region: {{$unset: true}}}}}}"
    environments = {"local": local, "staging": staging, "unset": unset}
    problem = only(compiled({"base": base, "p": "extends: base"}, environments), "undefined-name")
    assert problem.message == "`vars.place.region` is not defined"
    assert places(problem) == [
        "environments/staging.yaml:2 `place.region` is set here, for staging"
    ]
    assert problem.affects == (("p", "local"), ("p", "unset"))


def test_a_var_that_is_unset_is_told_with_what_unsets_it() -> None:
    base = f"{BASE.replace('vars.region', 'vars.place.region')}vars: {{place: {{region: eu}}}}"
    environments = {
        "local": f"{LOCAL['local']}overlay: [{{vars: {{place: {{region: {{$unset: true}}}}}}}}]",
        "whole": f"{LOCAL['local']}vars: {{place: {{$unset: true}}}}",
    }
    compilation = compiled({"base": base, "p": "extends: base"}, environments)
    assert [(one.message, places(one), one.affects) for one in compilation.errors] == [
        (
            "`vars.place.region` is not defined",
            ["environments/local.yaml:2 it is unset here"],
            (("p", "local"),),
        ),
        (
            "`vars.place` is not defined",
            ["environments/whole.yaml:2 it is unset here"],
            (("p", "whole"),),
        ),
    ]


def test_all_that_a_text_lacks_is_told_in_one_run() -> None:
    base = """\
abstract: true
vars: {town: "{{ vars.gone }}, {{ vars.lost }}, {{ vars.gone }}"}
session:
  input_audio_transcription:
    model: gpt-transcribe
    prompt: "{{ vars.nopee }} {{ vars.nope }} {{ env.nam }} {{ vars.town }} {{ vars.nope }}"
"""
    own = 'session: {input_audio_transcription: {prompt: "{{ super() }}{{ vars.own }}"}}'
    heir = f"extends: base\n{own}"
    compilation = compiled({"base": base, "p": heir, "q": "extends: base"})
    assert [
        (problem.facts["name"], str(problem.at), [name for name, _ in problem.affects])
        for problem in compilation.errors
    ] == [
        ("vars.gone", "profiles/base.yaml:2:18", ["p", "q"]),
        ("vars.lost", "profiles/base.yaml:2:35", ["p", "q"]),
        ("vars.nopee", "profiles/base.yaml:6:17", ["p", "q"]),
        ("vars.nope", "profiles/base.yaml:6:34", ["p", "q"]),
        ("env.nam", "profiles/base.yaml:6:50", ["p", "q"]),
        ("vars.own", "profiles/p.yaml:2:64", ["p"]),
    ]
