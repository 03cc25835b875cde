"""Where the vars are set that gave a wrong value: the template alone does not show it."""

from tests.sources import LOCAL, compiled, only
from voxmint.problems import Problem

BASE = """\
abstract: true
vars: {low: 7, high: "{{ vars.low }}", other: 1}
session:
  input_audio_transcription: {model: gpt-4o-transcribe}
  turn_detection: {type: server_vad, threshold: "{{ vars.high }}"}
"""


def related(problem: Problem) -> list[tuple[str, str]]:
    return [(str(one.at), one.message) for one in problem.related]


def test_a_wrong_value_of_a_template_shows_its_vars_and_theirs() -> None:
    [problem] = compiled({"b": BASE, "p": "extends: b"}).errors
    assert (problem.code, str(problem.at)) == ("out-of-range", "profiles/b.yaml:5:49")
    assert related(problem) == [
        ("profiles/b.yaml:2:22", "`vars.high` is set here (profile b)"),
        ("profiles/b.yaml:2:13", "`vars.low` is set here (profile b)"),
    ]


def test_bodies_whose_vars_are_set_elsewhere_have_a_problem_each() -> None:
    environments = {"e": LOCAL["local"], "f": f"{LOCAL['local']}vars: {{low: 8}}"}
    profiles = {"b": BASE, "p": "extends: b", "q": "extends: b", "r": "extends: b\nvars: {low: 7}"}
    found = {
        related(problem)[1][0]: problem.affects
        for problem in compiled(profiles, environments).errors
    }
    assert found == {
        "profiles/b.yaml:2:13": (("p", "e"), ("q", "e")),
        "profiles/r.yaml:2:13": (("r", "e"),),
        "environments/f.yaml:2:13": (("p", "f"), ("q", "f"), ("r", "f")),
    }


def test_a_few_are_enough() -> None:
    names = [f"v{number}" for number in range(9)]
    text = BASE.replace("vars.high", f"{' + '.join(f'vars.{name}' for name in names)}")
    text = text.replace("low: 7", ", ".join(f"{name}: 1" for name in names))
    [problem] = compiled({"p": text.replace("abstract: true\n", "")}).errors
    assert [message.split("`")[1] for _, message in related(problem)] == [
        f"vars.{name}" for name in names[:3]
    ]


def test_of_what_is_written_out_there_is_nothing_more_to_show() -> None:
    text = BASE.replace('"{{ vars.high }}"}\n', "7}\n").replace("abstract: true\n", "")
    [problem] = compiled({"p": text}).errors
    assert related(problem) == []


# ── one cause ────────────────────────────────────────────────────────────────────────────────────

QUIET = """\
session:
  turn_detection: {type: server_vad, silence_duration_ms: "{{ vars.quiet }}"}
"""


def test_a_wrong_var_in_many_templates_is_told_once_where_it_is_set() -> None:
    profiles = dict.fromkeys("pqrst", QUIET)
    environments = {"e": f"{LOCAL['local']}vars: {{quiet: '300'}}"}
    [problem] = compiled(profiles, environments).errors
    assert (str(problem.at), problem.remark) == (
        "environments/e.yaml:2:15",
        "`vars.quiet` is set here (environment e)",
    )
    assert problem.message == '`silence_duration_ms` takes a whole number, not the text "300"'
    assert problem.hint == "write `vars.quiet` without quotes: 300"
    assert related(problem) == [
        ("profiles/p.yaml:2:59", "a template gives it here"),
        ("profiles/q.yaml:2:59", "a template gives it here"),
        ("profiles/r.yaml:2:59", "a template gives it here, and in 2 more places"),
    ]
    assert problem.affects == tuple((name, "e") for name in "pqrst")


def test_a_wrong_var_by_way_of_another_is_told_once_too() -> None:
    profiles = {"p": QUIET, "q": QUIET}
    environments = {"e": f'{LOCAL["local"]}vars: {{quiet: "{{{{ vars.ms }}}}", ms: 0.5}}'}
    [problem] = compiled(profiles, environments).errors
    assert str(problem.at) == "environments/e.yaml:2:36"
    assert related(problem) == [
        ("environments/e.yaml:2:15", "`vars.quiet` is set here (environment e)"),
        ("profiles/p.yaml:2:59", "a template gives it here"),
        ("profiles/q.yaml:2:59", "a template gives it here"),
    ]


def test_templates_of_several_vars_are_told_once_at_the_first() -> None:
    text = QUIET.replace("vars.quiet", "vars.a ~ vars.b")
    environments = {"e": f"{LOCAL['local']}vars: {{a: 3, b: 0}}"}
    [problem] = compiled({"p": text, "q": text, "r": text}, environments).errors
    assert str(problem.at) == "profiles/p.yaml:2:59"
    assert related(problem)[2:] == [
        ("profiles/q.yaml:2:59", "a template gives it here"),
        ("profiles/r.yaml:2:59", "a template gives it here"),
    ]


def test_templates_with_other_values_or_vars_are_problems_of_their_own() -> None:
    other = QUIET.replace("vars.quiet", "vars.long")
    own = f"{QUIET}vars: {{quiet: '400'}}\n"
    environments = {"e": f"{LOCAL['local']}vars: {{quiet: '300', long: '300'}}"}
    blocks = f"{QUIET}environments: {{e: {{vars: {{quiet: '400'}}}}}}\n"
    profiles = {"p": QUIET, "q": other, "r": own, "s": blocks}
    found = [problem.affects for problem in compiled(profiles, environments).errors]
    assert sorted(found) == [(("p", "e"), ("r", "e")), (("q", "e"),), (("s", "e"),)]


def test_where_a_template_gives_a_text_the_hint_is_no_matter_of_its_quotes() -> None:
    text = QUIET.replace("{{ vars.quiet }}", " {{ 300 }}")
    [problem] = compiled({"p": text}).errors
    assert problem.hint == (
        "write nothing round `{{ 300 }}`: a template keeps its type where it stands alone"
    )
    text = QUIET.replace("{{ vars.quiet }}", "{{ 3 }}{{ 0 }}")
    [problem] = compiled({"p": text}).errors
    assert problem.hint is None


def test_a_list_is_not_to_blame_for_what_templates_make_of_it() -> None:
    model = "session: {input_audio_transcription: {model: gpt-transcribe}}"
    words = f"abstract: true\nvars: {{words: [a]}}\n{model}"
    asks = 'extends: base\nsession: {{input_audio_transcription: {{prompt: "{}"}}}}'
    given = {"p": "{{ not vars.words }}", "q": "{{ vars.words in vars.words }}"}
    for texts, at in [
        (given, "profiles/p.yaml:2:47"),
        (dict.fromkeys(given, "{{ vars.words }}"), "profiles/base.yaml:2:15"),
    ]:
        profiles = {name: asks.format(text) for name, text in texts.items()}
        problem = only(compiled({"base": words, **profiles}), "wrong-type")
        assert str(problem.at) == at
        assert problem.affects == (("p", "local"), ("q", "local"))
