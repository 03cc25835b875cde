"""Where the vars are set that gave a wrong value: the template alone does not show it."""

from tests.sources import LOCAL, compiled
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
