"""What `--fix` removes from a project in memory, and what it proves before."""

import json
from collections.abc import Mapping
from pathlib import PurePosixPath

from hypothesis import given, strategies as st

from tests.profiles.laws import law
from tests.sources import LOCAL, codes, compiled, layers, told
from voxmint.origin import Origin
from voxmint.problems import Kind, Problem
from voxmint.profiles import wording
from voxmint.profiles.compiled import Compilation
from voxmint.profiles.fixing import CHANGES_A_BODY, MOST_COMPILES, NOT_TRIED, Fix, fix
from voxmint.profiles.fixing.likeness import has_new_problems
from voxmint.profiles.idle import REMOVABLE
from voxmint.profiles.order import Order

IDLE = Order(idle=True)
BASE = "session: {input_audio_transcription: {model: gpt-transcribe, language: no}}"


def fixed(profiles: Mapping[str, str], environments: Mapping[str, str] | None = None) -> Fix:
    """What is removed from a project of these profiles and environments."""
    return fix(compiled(profiles, environments, IDLE), IDLE, {})


def texts(result: Fix) -> dict[str, str]:
    return {edit.file: edit.after for edit in result.edits}


def bodies(compilation: Compilation) -> str:
    """All that would be sent, exactly."""
    found = [[*name, body.api, body.body] for name, body in compilation.bodies.items()]
    return json.dumps(found)


def claimed(compilation: Compilation, file: str, *lines: int, kind: Kind) -> Compilation:
    """The compilation, as if there were such a problem at the beginning of these lines."""
    more = [Problem(kind, Origin(file, line, 1), {"path": "x", "what": "x"}) for line in lines]
    return compilation._replace(problems=(*compilation.problems, *more))


def test_what_is_dead_goes_and_every_body_stays() -> None:
    text = f"vars: {{a: 1}}   # of no use\n{BASE}\n"
    before = compiled({"p": text}, order=IDLE)
    result = fix(before, IDLE, {})
    assert texts(result) == {"profiles/p.yaml": f"{BASE}\n"}
    assert bodies(result.compilation) == bodies(before)
    assert told(result.removed) == ["unused-var profiles/p.yaml:1:8 no template uses `vars.a`"]
    assert (result.left, result.compiles) == ((), 1)
    assert codes(result.compilation.problems) == []


def test_nothing_dead_compiles_nothing() -> None:
    result = fixed({"p": BASE})
    assert (result.edits, result.removed, result.left, result.compiles) == ((), (), (), 0)


def test_a_project_with_errors_is_left_as_it_is() -> None:
    result = fixed({"p": f"vars: {{a: 1}}\n{BASE}", "q": "nonsense: 1"})
    assert (result.edits, result.removed, result.compiles) == ((), (), 0)


def test_a_file_that_is_closed_stays() -> None:
    profiles = {"p": f"vars: {{a: 1}}\n{BASE}", "q": f"vars: {{a: 1}}\n{BASE}"}
    before = compiled(profiles, order=IDLE)
    result = fix(before, IDLE, {"profiles/p.yaml": "locked away"})
    assert set(texts(result)) == {"profiles/q.yaml"}
    assert [(left.problem.at, left.reason) for left in result.left] == [
        (Origin("profiles/p.yaml", 1, 8), "locked away")
    ]


def test_what_an_alias_repeats_stays_and_is_told() -> None:
    text = f"vars: {{a: &a 1, b: {{c: *a}}}}\n{BASE}\nexpires_after: {{seconds: *a}}"
    text = text.replace("&a 1", "&a 600")
    result = fixed({"p": text})
    assert texts(result)["profiles/p.yaml"].startswith("vars: {a: &a 600}\n")
    assert [left.reason for left in result.left] == ["an alias elsewhere in the file repeats it"]


# ── proof ────────────────────────────────────────────────────────────────────────────────────────


def test_what_would_change_a_body_stays_whoever_says_that_it_is_dead() -> None:
    text = "vars: {a: 1}\nexpires_after: {seconds: 600}\n" + BASE
    before = compiled({"p": text}, order=IDLE)
    wrong = claimed(before, "profiles/p.yaml", 2, 3, kind=wording.DEAD_OVERRIDE)
    result = fix(wrong, IDLE, {})
    assert texts(result) == {"profiles/p.yaml": f"expires_after: {{seconds: 600}}\n{BASE}"}
    assert codes(result.removed) == ["unused-var"]
    assert [(left.problem.at and left.problem.at.line, left.reason) for left in result.left] == [
        (2, CHANGES_A_BODY),
        (3, CHANGES_A_BODY),
    ]


def test_types_and_the_order_of_keys_count() -> None:
    profiles = layers(
        f"vars: {{t: 1.0}}\n{BASE}",
        'vars: {t: 1}\nsession: {turn_detection: {type: server_vad, threshold: "{{ vars.t }}"}}',
    )
    before = compiled(profiles, order=IDLE)
    wrong = claimed(before, "profiles/p.yaml", 1, kind=wording.SHADOWED_VAR)
    result = fix(wrong, IDLE, {})
    assert result.edits == ()
    assert [left.reason for left in result.left] == [CHANGES_A_BODY]


def test_new_problems_count_wherever_they_stand() -> None:
    quiet = compiled({"p": BASE}, order=IDLE)
    moved = compiled({"p": f"# a comment\nvars: {{a: 1}}\n{BASE}"}, order=IDLE)
    unused = {"e": f"{LOCAL['local']}profiles: ['*', x]"}
    loud = compiled({"p": f"vars: {{a: 1}}\n{BASE}"}, {**LOCAL, **unused}, IDLE)
    assert codes(loud.problems) == ["unused-pattern", "unused-var"]
    assert has_new_problems(quiet, loud, REMOVABLE)
    assert has_new_problems(quiet, moved, ())
    assert not has_new_problems(quiet, moved, REMOVABLE)
    assert not has_new_problems(loud, moved, ())
    assert not has_new_problems(loud, quiet, ())


def test_what_would_bring_another_warning_stays() -> None:
    item = "- where: {names: [p, q]}\n    session: {}"
    before = compiled({"p": BASE}, {"e": f"{LOCAL['local']}overlay:\n  {item}\n"}, IDLE)
    place = Origin("environments/e.yaml", 3, 21)
    wrong = Problem(wording.IDLE_OVERLAY_ITEM, place)
    result = fix(before._replace(problems=(wrong,)), IDLE, {})
    # Without `p` it would select nothing, and a warning would say so.
    assert result.edits == ()
    assert [(left.problem.at, left.reason) for left in result.left] == [(place, CHANGES_A_BODY)]


def test_settings_and_lineages_count() -> None:
    environments = {
        "a": "provider: {kind: emulator}\nabstract: true\n",
        "e": "extends: a\nmint:\n  concurrency: 2\nsinks:\n  - {kind: dotenv, path: .env.e}\n",
    }
    before = compiled({"b": "abstract: true", "p": f"extends: b\n{BASE}"}, environments, IDLE)
    assert codes(before.problems) == []
    wrong = claimed(before, "environments/e.yaml", 2, 4, kind=wording.DEAD_OVERRIDE)
    wrong = claimed(wrong, "profiles/p.yaml", 1, kind=wording.DEAD_OVERRIDE)
    result = fix(wrong, IDLE, {})
    assert result.edits == ()
    assert {left.reason for left in result.left} == {CHANGES_A_BODY}


def test_finding_out_is_bounded() -> None:
    count = MOST_COMPILES + 1
    labels = "\n  ".join(f"l{number}: x" for number in range(count))
    before = compiled({"p": f"labels:\n  {labels}\n{BASE}"}, order=IDLE)
    problems = (
        Problem(wording.DEAD_OVERRIDE, Origin("profiles/p.yaml", line, 3), {"what": "x"})
        for line in range(2, 2 + count)
    )
    before = before._replace(problems=tuple(problems))
    result = fix(before, IDLE, {})
    assert (result.edits, result.compiles) == ((), MOST_COMPILES)
    assert {left.reason for left in result.left} == {NOT_TRIED}


def test_what_a_removal_brings_to_light_goes_too() -> None:
    text = f"vars:\n  a: 1\n  # stays\n  b: 2\n{BASE}"
    before = compiled({"p": text}, order=IDLE)
    first, second = before.problems
    # Told of the first alone, it finds the second in what is left, and gives its place as it is.
    result = fix(before._replace(problems=(first,)), IDLE, {})
    assert texts(result) == {"profiles/p.yaml": f"# stays\n{BASE}"}
    assert result.removed == (first, second)
    assert result.compiles == 2


NOISE = st.sampled_from(["null", "{type: near_field}", "{type: far_field}"])
SPOKEN = st.sampled_from(["{language: no}", "{language: en}", '{prompt: "{{ vars.a }}"}'])
LISTS = st.sampled_from(["{$append: []}", "{$remove: [x]}", "{$unset: true}"])
TURNS = st.sampled_from(["{type: server_vad}", "{threshold: 0.5}", "{threshold: 0.6}"])
SESSION = {
    "input_audio_noise_reduction": NOISE,
    "input_audio_transcription": SPOKEN,
    "include": LISTS,
    "turn_detection": TURNS,
}
FIELDS = st.fixed_dictionaries(
    {},
    optional={
        "vars": st.dictionaries(st.sampled_from("abc"), st.sampled_from("xy")),
        "expires_after": st.dictionaries(st.just("seconds"), st.sampled_from(["60", "600"])),
        "session": st.fixed_dictionaries({}, optional=SESSION),
    },
)
"""What a layer may set, of few values, so that much of it is so already."""


def as_text(content: object, indent: int = 0) -> str:
    if isinstance(content, str):
        return f" {content}  # {content}"
    assert isinstance(content, dict)
    margin = "\n" + " " * indent
    lines = (
        f"{margin}# {key}\n{margin}{key}:{as_text(one, indent + 2)}" for key, one in content.items()
    )
    return "".join(lines) or " {}"


@law(80)
@given(st.lists(FIELDS, min_size=4, max_size=4), FIELDS)
def test_after_it_nothing_dead_is_left_and_no_body_is_another(
    stack: list[dict[str, object]], overlay: dict[str, object]
) -> None:
    sound = """\
vars: {a: x}
session:
  input_audio_transcription: {model: gpt-transcribe}
  turn_detection: {type: server_vad}
"""
    profiles = layers(sound, *(as_text(one) if one else "" for one in stack))
    item = as_text(overlay, 4).lstrip("\n") if overlay else "    vars: {}"
    environments = {**LOCAL, "e": f"{LOCAL['local']}overlay:\n  -\n{item}\n"}
    before = compiled(profiles, environments, IDLE)
    result = fix(before, IDLE, {})
    edited = {PurePosixPath(edit.file): edit.after for edit in result.edits}
    for file, text in edited.items():
        (profiles if file.parts[0] == "profiles" else environments)[file.stem] = text
    after = compiled(profiles, environments, IDLE)
    assert bodies(after) == bodies(before)
    assert told(after.errors) == told(before.errors)
    assert bool(edited) == bool(result.removed)
    idle = [one for one in after.problems if one.kind in REMOVABLE]
    assert before.errors or len(idle) == len(result.left)
    assert before.errors or fix(after, IDLE, {}).edits == ()
