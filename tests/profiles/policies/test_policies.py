"""Policies: the fleet's own rules, held against every body whatever was asked for."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.sources import MemorySource, codes, marked, project, told
from voxmint.problems import Problem
from voxmint.profiles.fields import TURN_DETECTION
from voxmint.profiles.order import EVERYTHING, Order
from voxmint.profiles.overrides import parse_overrides
from voxmint.profiles.pipeline import compile_project
from voxmint.profiles.policies.reading import MAX_POLICIES
from voxmint.profiles.policies.rule import read_rule
from voxmint.profiles.templates.template import Budget

MODEL = "input_audio_transcription: {model: gpt-transcribe}"
SHORT = """
  - name: short
    where: {labels: {phi: true}}
    path: expires_after.seconds
    rule: "{{ value <= 120 }}"
    message: short, please
"""


def under(
    policies: str,
    profiles: Mapping[str, str],
    environments: Mapping[str, str] | None = None,
) -> MemorySource:
    texts = {
        name: text if "session" in text else f"{text.removeprefix('{}')}\nsession: {{{MODEL}}}"
        for name, text in profiles.items()
    }
    return project(texts, environments, f"version: 1\npolicies:{policies}")


def found(source: MemorySource, order: Order = EVERYTHING) -> list[Problem]:
    problems = compile_project(source, order).problems
    return [one for one in problems if one.code not in ("no-transcription", "model-ends")]


def asked(path: str, rule: str, profile: str) -> list[Problem]:
    """What is said of one profile under one policy."""
    return found(
        under(f"\n- {{name: n, path: {path}, message: m, rule: '{rule}'}}", {"p": profile})
    )


# ── whom a policy is for ─────────────────────────────────────────────────────────────────────────

PHI = "labels: {phi: true}\nexpires_after: {seconds: 600}"


def test_a_policy_is_for_those_that_its_where_selects() -> None:
    profiles = {
        "long": PHI,
        "right": "labels: {phi: true}\nexpires_after: {seconds: 120}",
        "other": "expires_after: {seconds: 600}",
        "denies": "labels: {phi: false}\nexpires_after: {seconds: 600}",
    }
    source = under(SHORT, profiles)
    [problem] = found(source)
    assert (problem.code, problem.severity, problem.path) == (
        "policy",
        "error",
        "expires_after.seconds",
    )
    assert problem.affects == (("long", "local"),)
    assert str(problem.at) == "profiles/long.yaml:2:26"
    [rule] = problem.related
    assert str(rule.at) == "voxmint.yaml:6:11"
    bodies = compile_project(source).bodies
    assert ("long", "local") not in bodies
    assert len(bodies) == 3


ENVIRONMENTS = {
    "base": "abstract: true\nprovider: {kind: emulator}",
    "staging": "extends: base",
    "production": "extends: staging",
    "production-eu": "extends: production",
    "local": "provider: {kind: emulator}",
}


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        ("production", ["production", "production-eu"]),
        ("[production]", ["production", "production-eu"]),
        ("[base]", ["production", "production-eu", "staging"]),
        ("[staging, '!production']", ["production-eu", "staging"]),
        ("['*', '!staging']", ["local", "production", "production-eu"]),
        ("['!staging']", ["local", "production", "production-eu"]),
        ("['prod*']", ["production", "production-eu"]),
        ("['*']", ["local", "production", "production-eu", "staging"]),
    ],
)
def test_environments_count_with_those_that_extend_them(names: str, expected: list[str]) -> None:
    """What is taken out is taken out by its own name alone: production may extend staging."""
    policy = f"{SHORT}    environments: {names}\n"
    [problem] = found(under(policy, {"p": PHI}, ENVIRONMENTS))
    assert sorted(environment for _, environment in problem.affects) == expected


@pytest.mark.parametrize(
    "order",
    [
        EVERYTHING,
        Order(profiles=("p",)),
        Order(profiles=("p",), environments=("local",)),
        Order(environments=("local",), settings=False),
        Order(labels=(("phi", "true"),)),
        Order(api="client_secrets"),
    ],
)
def test_no_selection_goes_past_a_policy(order: Order) -> None:
    assert "policy" in codes(found(under(SHORT, {"p": PHI, "q": "{}"}), order))


def test_what_is_set_for_one_run_is_held_to_it() -> None:
    overrides, _ = parse_overrides(("expires_after.seconds=700",))
    source = under(SHORT, {"p": "labels: {phi: true}\nexpires_after: {seconds: 60}"})
    [problem] = found(source, Order(overrides=overrides))
    assert problem.at is not None
    assert problem.at.file == "--set"


@pytest.mark.parametrize("order", [EVERYTHING, Order(profiles=("q",), environments=("local",))])
def test_a_broken_policy_is_an_error_whatever_was_asked_for(order: Order) -> None:
    for change in (("seconds", "second"), ("value <=", "valu <="), ("rule:", "rul:")):
        broken = SHORT.replace(*change)
        assert any(one.is_error for one in found(under(broken, {"p": PHI, "q": "{}"}), order))


# ── where it is pointed to ───────────────────────────────────────────────────────────────────────


def test_a_value_in_a_base_is_one_problem_of_all_its_heirs() -> None:
    profiles = {
        "base": f"abstract: true\n{PHI}",
        **dict.fromkeys(("a", "b"), f"extends: base\nsession: {{{MODEL}}}"),
    }
    [problem] = found(under(SHORT, profiles))
    assert str(problem.at) == "profiles/base.yaml:3:26"
    assert problem.affects == (("a", "local"), ("b", "local"))


def test_what_else_is_behind_a_value_is_cited() -> None:
    profiles = {
        "base": 'abstract: true\nvars: {ttl: 600}\nexpires_after: {seconds: "{{ vars.ttl }}"}',
        "p": f"extends: base\nlabels: {{phi: true}}\nsession:\n  {MODEL}",
    }
    rule = '{{ session.input_audio_transcription.model == \\"x\\" or value <= 120 }}'
    policy = SHORT.replace("{{ value <= 120 }}", rule)
    [problem] = found(under(policy, profiles))
    assert str(problem.at) == "profiles/base.yaml:3:26"
    assert [(str(one.at), one.message) for one in problem.related] == [
        ("profiles/base.yaml:2:13", "`vars.ttl` is set here (profile base)"),
        (
            "profiles/p.yaml:4:38",
            "`session.input_audio_transcription.model` is set here (profile p)",
        ),
        ("voxmint.yaml:6:11", "the rule, for phi=true"),
    ]


def test_what_is_not_set_is_said_at_the_first_line_of_the_profile() -> None:
    [problem] = found(under(SHORT, {"p": "labels: {phi: true}"}))
    assert str(problem.at) == "profiles/p.yaml:1:1"
    assert "is not set, against the policy `short`: short, please" in problem.message


def test_what_many_lack_is_said_at_the_base_that_they_share() -> None:
    profiles = {
        "root": "abstract: true",
        "phi": "abstract: true\nextends: root\nlabels: {phi: true}",
        **dict.fromkeys(("a", "b", "c"), f"extends: phi\nsession: {{{MODEL}}}"),
    }
    [problem] = found(under(SHORT, profiles))
    assert str(problem.at) == "profiles/phi.yaml:1:1"
    assert len(problem.affects) == 3


def test_what_strangers_lack_is_said_of_each() -> None:
    given = found(under(SHORT, dict.fromkeys(("a", "b"), "labels: {phi: true}")))
    assert [str(one.at) for one in given] == ["profiles/a.yaml:1:1", "profiles/b.yaml:1:1"]
    assert [one.affects for one in given] == [(("a", "local"),), (("b", "local"),)]


def test_a_field_of_the_session_that_is_not_set_is_said_at_the_first_line() -> None:
    [problem] = asked("turn_detection", "{{ value is defined }}", "labels: {a: b}")
    assert str(problem.at) == "profiles/p.yaml:1:1"


@pytest.mark.parametrize(
    ("profile", "under_the_caret", "state"),
    [
        ("session: {turn_detection: {type: server_vad}}", "turn_detection", "is not set"),
        ("session: {turn_detection: null}", "null", "is not set"),
        ("session: {turn_detection: {$unset: true}}", "turn_detection", "is not set"),
    ],
)
def test_what_is_missing_in_a_map_is_said_at_the_map(
    profile: str, under_the_caret: str, state: str
) -> None:
    source = under(
        "\n- {name: n, path: turn_detection.threshold, message: m, rule: '{{ value < 0.6 }}'}",
        {"p": profile},
    )
    [problem] = [one for one in found(source) if one.code == "policy"]
    texts = {name: str(text) for name, text in source.files.items()}
    assert marked(texts, problem) == under_the_caret
    assert state in problem.message


# ── what a rule sees ─────────────────────────────────────────────────────────────────────────────

QUIET = "turn_detection: {type: server_vad, threshold: 0.5}"


@pytest.mark.parametrize(
    ("path", "rule", "session", "kept"),
    [
        ("turn_detection.threshold", "{{ value < 0.6 }}", QUIET, True),
        ("session.turn_detection.threshold", "{{ value < 0.6 }}", QUIET, True),
        ("turn_detection.threshold", "{{ value > 0.6 }}", QUIET, False),
        # absent: not kept, unless the rule says so
        ("turn_detection.threshold", "{{ value < 0.6 }}", "", False),
        ("turn_detection.threshold", "{{ value is undefined or value < 0.6 }}", "", True),
        ("turn_detection.threshold", "{{ value | default(0.5) < 0.6 }}", "", True),
        ("turn_detection", "{{ value is defined }}", "", False),
        ("turn_detection", "{{ value is undefined }}", "", True),
        # null is a value, and not absent
        ("turn_detection", "{{ value is none }}", "turn_detection: null", True),
        ("turn_detection", "{{ value is none }}", "", False),
        ("turn_detection", "{{ value is defined }}", "turn_detection: null", True),
        ("turn_detection", '{{ value.type == "server_vad" }}', "turn_detection: null", False),
        (
            "turn_detection.idle_timeout_ms",
            "{{ value > 1 }}",
            "turn_detection: {type: server_vad, idle_timeout_ms: null}",
            False,
        ),
        # the rest of the session
        (
            "session",
            '{{ session.input_audio_transcription.model == "gpt-transcribe" }}',
            "",
            True,
        ),
        ("turn_detection", '{{ value == {"type": "server_vad"} }}', QUIET, False),
        ("session", '{{ value["turn_detection"]["threshold"] == 0.5 }}', QUIET, True),
        ("session", "{{ expires_after.seconds < 60 }}", "", False),
        ("session", "{{ expires_after is undefined }}", "", True),
        ("session", '{{ profile.name == "p" and env.name == "local" }}', "", True),
        ("session", '{{ profile.labels.tier == "gold" }}', "", True),
        ("session", '{{ profile.labels.room == "loud" }}', "", False),
        ("session", '{{ profile.labels.get("room", "loud") == "loud" }}', "", True),
        ("session", '{{ "tier" in profile.labels }}', "", True),
        ("session", "{{ profile.description is none }}", "", True),
        # each item of a list
        ("include.*", '{{ value.endswith("logprobs") }}', "", True),
        (
            "include.*",
            '{{ value.startswith("x") }}',
            "include: [item.input_audio_transcription.logprobs]",
            False,
        ),
        ("include", "{{ value | length == 0 }}", "include: []", True),
    ],
)
def test_what_a_rule_sees(path: str, rule: str, session: str, *, kept: bool) -> None:
    whole = ", ".join(filter(None, (MODEL, session)))
    profile = f"labels: {{tier: gold}}\nsession: {{{whole}}}"
    problems = [one for one in asked(path, rule, profile) if one.code != "no-place"]
    assert codes(problems) == ([] if kept else ["policy"])


ROWS = [
    (cells[0].strip("`").replace("\\", ""), cells[1:])
    for line in (Path(__file__).parents[3] / "docs/policies.md").read_text("utf-8").splitlines()
    if line.startswith("| `{{")
    for cells in [re.split(r" (?<!\\)\| ", line.strip("| "))]
]
GIVEN: list[dict[str, Any]] = [{}, {"value": None}, {"value": 0.5}, {"value": 0.7}]


@pytest.mark.parametrize(("rule", "expected"), ROWS)
def test_absent_and_null_are_as_the_page_says(rule: str, expected: list[str]) -> None:
    read = read_rule(rule, TURN_DETECTION.by_name["threshold"])
    kept = [read.verdict(roots, Budget()).is_kept for roots in GIVEN]
    assert kept == [word == "kept" for word in expected]
    assert len(ROWS) == 5


def test_each_item_of_a_list_is_asked_about_by_itself() -> None:
    words = "keywords: [fine, much too long, fine, also too long]"
    problems = asked(
        "input_audio_transcription.keywords.*",
        "{{ value | length < 8 }}",
        f"session: {{input_audio_transcription: {{model: gpt-transcribe, {words}}}}}",
    )
    assert [one.path for one in problems] == [
        "input_audio_transcription.keywords.1",
        "input_audio_transcription.keywords.3",
    ]
    assert len({one.at for one in problems}) == 2


@pytest.mark.parametrize(
    ("rule", "near"),
    [
        ("{{ valu }}", "value"),
        ("{{ value.typ }}", "value.type"),
        ('{{ value["typ"] }}', "value.type"),
        ("{{ session.turn_detektion is none }}", "session.turn_detection"),
        ("{{ session.turn_detection.treshold < 1 }}", "session.turn_detection.threshold"),
        ("{{ expires_after.second < 1 }}", "expires_after.seconds"),
        ("{{ profile.label.phi }}", "profile.labels"),
        ("{{ env.nam }}", "env.name"),
        ("{{ 1 < (session.includ | length) }}", "session.include"),
        ("{{ value.keys() | list == [session.includ] }}", "session.include"),
    ],
)
def test_a_misspelt_name_in_a_rule_is_an_error(rule: str, near: str) -> None:
    [problem] = asked("turn_detection", rule, "{}")
    assert (problem.code, problem.hint) == ("policy-rule", f"did you mean `{near}`?")


@pytest.mark.parametrize(
    ("rule", "code"),
    [
        ("{{ value. }}", "template-syntax"),
        ('{{ value.__class__ or "".__class__ }}', "policy-rule"),
        ("{{ value | pprint }}", "template-forbidden"),
        ("{{ super() }}", "policy-rule"),
        ("{{ range(9) }}", "policy-rule"),
        ("{% if true %}true{% endif %}", "policy-rule"),
        ("{{ true }}{{ true }}", "policy-rule"),
        ("true", "policy-rule"),
        ('{{ "true" }}', "policy-rule"),
        ("{{ 1 }}", "policy-rule"),
        ("{{ none }}", "policy-rule"),
    ],
)
def test_a_rule_that_is_none_is_an_error(rule: str, code: str) -> None:
    problems = asked("turn_detection", rule, "session: {turn_detection: {type: server_vad}}")
    assert code in codes(problems)
    assert not any(one.code == "policy" for one in problems)


def test_the_work_of_rules_is_bounded_for_all_of_a_body_together() -> None:
    words = ", ".join([f'"{"x" * 900}"'] * 10)
    much = f"[{words}] " + "| map('upper') | map('lower') " * 10 + "| join | length"
    assert found(under(counted(much, 2), {"p": "{}"})) == []
    given = found(under(counted(much, 20), {"p": "{}"}))
    assert {one.code for one in given} == {"policy-rule"}
    assert "more than 200000 steps of work" in given[0].message


def counted(expression: str, count: int) -> str:
    """So many policies, of which no two ask the same."""
    text = expression.replace("'", '"')
    items = [
        f"- {{name: n{number}, path: session, message: m, rule: '{{{{ {text} != {number} }}}}'}}"
        for number in range(count)
    ]
    return "\n".join(("", *items))


def test_a_rule_that_looks_at_little_is_worked_out_once() -> None:
    """What is remembered of one body is not said of another that differs in what is looked at."""
    profiles = {
        "a": f"expires_after: {{seconds: 60}}\nsession: {{{MODEL}, {QUIET}}}",
        "b": f"expires_after: {{seconds: 61}}\nsession: {{{MODEL}, {QUIET}}}",
        "c": f"expires_after: {{seconds: 60}}\nsession: {{{MODEL}, turn_detection: null}}",
        "d": f"session: {{{MODEL}, {QUIET}}}",
        "e": f"expires_after: {{seconds: 60}}\nsession: {{{MODEL}, {QUIET}}}",
    }
    rule = "{{ expires_after.seconds == 60 and value is not none }}"
    policy = f"\n- {{name: n, path: turn_detection, message: m, rule: '{rule}'}}"
    problems = found(under(policy, profiles))
    assert sorted(name for one in problems for name, _ in one.affects) == ["b", "c", "d"]


# ── what else is wrong ───────────────────────────────────────────────────────────────────────────


def test_what_is_wrong_already_is_not_said_twice() -> None:
    profiles = {
        "text": "labels: {phi: true}\nexpires_after: {seconds: 'long'}",
        "fails": "labels: {phi: true}\nexpires_after: {seconds: '{{ vars.x }}'}",
        "misspelt": "labels: {phi: true}\nexpires_aftre: {seconds: 10}",
    }
    given = found(under(SHORT, profiles))
    assert sorted(codes(given)) == ["undefined-name", "unknown-key", "wrong-type"]


def test_an_item_that_fails_to_render_is_not_asked_about() -> None:
    words = 'keywords: [fine, "{{ vars.x }}"]'
    problems = asked(
        "input_audio_transcription.keywords.*",
        "{{ value | length > 0 }}",
        f"session: {{input_audio_transcription: {{model: gpt-transcribe, {words}}}}}",
    )
    assert codes(problems) == ["undefined-name"]


def test_a_rule_is_checked_though_it_is_for_nobody() -> None:
    for rule in ("{{ true }} {{ true }}", "{{ valu }}", "{{ value. }}", "true"):
        policy = SHORT.replace("phi", "fi").replace("{{ value <= 120 }}", rule)
        assert sorted(one.is_error for one in found(under(policy, {"p": PHI}))) == [False, True]


def test_a_policy_s_warning_lets_the_body_pass() -> None:
    source = under(f"{SHORT}    severity: warning\n", {"p": PHI})
    assert codes(found(source)) == ["policy-warning"]
    assert ("p", "local") in compile_project(source).bodies


@pytest.mark.parametrize(
    ("policies", "expected"),
    [
        (" {}", ["wrong-type"]),
        ("", ["wrong-type"]),
        ("\n- x", ["wrong-type"]),
        ("\n- {}", ["missing-key"] * 4),
        ("\n- {name: '', path: a, rule: '{{ 1 }}', message: m}", ["bad-setting"]),
        ("\n- {name: 1, path: a, rule: '{{ 1 }}', message: m}", ["wrong-type"]),
        (f"{SHORT}    severity: warn\n", ["bad-value"]),
        (f"{SHORT}    severity: 1\n", ["wrong-type"]),
        (f"{SHORT}    environments: [1]\n", ["wrong-type"]),
        (f"{SHORT}    enviroments: [local]\n", ["unknown-key"]),
        (SHORT.replace("labels", "label"), ["unknown-key"]),
        (SHORT.replace("name:", "nmae:"), ["unknown-key"]),
        (f"{SHORT}{SHORT}", ["bad-setting", "policy"]),
        (" [" + "{}," * (MAX_POLICIES + 1) + "]", ["bad-setting"]),
    ],
)
def test_a_mistake_in_a_policy_is_an_error(policies: str, expected: list[str]) -> None:
    problems = found(under(policies, {"p": PHI}))
    assert sorted(codes(problems)) == expected
    assert all(one.is_error for one in problems)


def test_a_project_without_policies_is_asked_nothing() -> None:
    assert found(under(" []", {"p": PHI})) == []


def test_only_where_everything_is_asked_for_it_is_said_what_is_unused() -> None:
    policy = SHORT.replace("phi", "fi") + "    environments: ['*', 'zzz*']\n"
    source = under(policy, {"p": PHI})
    assert codes(found(source)) == ["unused-policy-pattern"]
    source = under(SHORT.replace("phi", "fi"), {"p": PHI})
    assert told(found(source)) == [
        "unused-policy voxmint.yaml:4:22 the policy `short` holds for no profile"
    ]
    assert found(source, Order(profiles=("p",))) == []
    source = under(f"{SHORT}    environments: ['zzz*']\n", {"p": PHI})
    assert codes(found(source)) == ["unused-policy-pattern"]
    assert found(source, Order(profiles=("p",))) == []
