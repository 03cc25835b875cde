"""Problems: their wording, their order, and each of them once."""

import pytest

from voxmint.origin import Origin
from voxmint.problems import (
    InterruptedRunError,
    Kind,
    PartlyDoneError,
    Problem,
    ProblemsError,
    Related,
    Severity,
    UsageError,
    VoxmintError,
    error,
    gathered,
    nearest,
    note,
    warning,
)

KIND = error("wrong", "`{what}` is wrong", "did you mean `{nearest}`?", "known: {known}")
HERE = Origin("profiles/p.yaml", 2, 3)


def problem(line: int = 1, file: str = "a.yaml", body: str = "", **facts: object) -> Problem:
    affects = ((body, "local"),) if body else ()
    return Problem(KIND, Origin(file, line, 1), {"what": "x", **facts}, affects=affects)


def test_the_message_is_made_of_the_facts() -> None:
    assert problem().message == "`x` is wrong"
    assert problem().code == "wrong"
    assert problem().is_error


def test_the_first_hint_whose_facts_are_there_is_given() -> None:
    assert problem(nearest="y", known="z").hint == "did you mean `y`?"
    assert problem(known="z").hint == "known: z"
    assert problem().hint is None


def test_a_hint_that_needs_no_facts_is_always_given() -> None:
    bare = Problem(warning("odd", "odd", "write `{{}}`"), HERE)
    assert bare.hint == "write `{}`"


def test_facts_are_shown_harmless() -> None:
    told = problem(nearest="sk-0123456789", known="")
    hostile = Problem(KIND, HERE, {"what": "a\x1b[0m\n{what}"})
    assert told.hint == "did you mean `sk-…`?"
    assert hostile.message == r"`a\x1b[0m\n{what}` is wrong"


@pytest.mark.parametrize(
    ("kind", "severity", "is_error"),
    [
        (error("a", "a"), Severity.ERROR, True),
        (warning("b", "b"), Severity.WARNING, False),
        (note("c", "c"), Severity.NOTE, False),
    ],
)
def test_only_an_error_fails(kind: Kind, severity: Severity, is_error: bool) -> None:
    found = Problem(kind, HERE)
    assert found.severity is severity
    assert found.is_error is is_error


@pytest.mark.parametrize(
    ("word", "known", "expected"),
    [
        ("turn_detektion", ["turn_detection", "include"], "turn_detection"),
        ("Language", ["language", "languages"], "language"),
        ("xyz", ["turn_detection"], None),
        ("a", [], None),
        ("", ["a"], None),
        ("stagng", ["Staging", "staging"], "Staging"),
    ],
)
def test_the_nearest_name(word: str, known: list[str], expected: str | None) -> None:
    assert nearest(word, known) == ({} if expected is None else {"nearest": expected})


def test_a_word_of_any_length_is_compared_in_bounded_work() -> None:
    assert nearest("turn_detection" + "n" * 10_000_000, ["turn_detection"]) == {}


def test_each_problem_is_given_once_with_all_it_affects() -> None:
    [found] = gathered([problem(body="b"), problem(body="a"), problem(body="b")])
    assert found.affects == (("a", "local"), ("b", "local"))


def test_what_differs_in_any_way_is_another_problem() -> None:
    related = (Related(HERE, "here"),)
    different = [
        problem(),
        problem(2),
        problem(file="b.yaml"),
        problem(known="y"),
        Problem(KIND, Origin("a.yaml", 1, 1), {"what": "x"}, related),
        Problem(KIND, Origin("a.yaml", 1, 1), {"what": "x"}, path="include"),
    ]
    assert len(gathered([*different, *different])) == len(different)


def test_problems_are_in_the_order_of_the_files_and_lines() -> None:
    nowhere = Problem(KIND, None, {"what": "x"})
    mild = Problem(note("a-note", "note"), Origin("a.yaml", 9, 1))
    given = [problem(10), problem(9, file="b.yaml"), mild, problem(9), nowhere]
    places = [(str(one.at), one.code) for one in gathered(given)]
    assert places == [
        ("None", "wrong"),
        ("a.yaml:9:1", "wrong"),
        ("a.yaml:9:1", "a-note"),
        ("a.yaml:10:1", "wrong"),
        ("b.yaml:9:1", "wrong"),
    ]


def test_the_error_that_ends_a_run_names_its_errors_alone() -> None:
    failure = ProblemsError([problem(), Problem(warning("b", "mild"), HERE), problem(2, what="y")])
    assert str(failure) == "`x` is wrong; `y` is wrong"
    assert len(failure.problems) == 3


@pytest.mark.parametrize(
    ("failure", "code"),
    [
        (ProblemsError([]), 1),
        (UsageError("no"), 64),
        (PartlyDoneError("some"), 3),
        (InterruptedRunError("stopped"), 130),
    ],
)
def test_each_error_has_its_exit_code(failure: VoxmintError, code: int) -> None:
    assert failure.exit_code == code


def test_a_usage_error_may_have_a_hint() -> None:
    assert UsageError("no", "write yes").hint == "write yes"
    assert UsageError("no").hint is None
