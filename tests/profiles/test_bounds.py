"""How much is told of one file."""

from collections.abc import Iterable

from voxmint.origin import Origin
from voxmint.problems import Problem
from voxmint.profiles import wording
from voxmint.profiles.bounds import bounded
from voxmint.profiles.reader import MAX_PROBLEMS


def warnings(file: str, count: int) -> list[Problem]:
    facts = {"path": "vars.x"}
    return [Problem(wording.UNUSED_VAR, Origin(file, n, 1), facts) for n in range(1, count + 1)]


def errors(file: str, count: int) -> list[Problem]:
    facts = {"field": "prompt"}
    places = (Origin(file, n, 1) for n in range(1, count + 1))
    return [Problem(wording.NULL_NOT_TAKEN, at, facts) for at in places]


def counts(problems: Iterable[Problem]) -> dict[str, int]:
    found: dict[str, int] = {}
    for one in bounded(problems):
        found[one.code] = found.get(one.code, 0) + 1
    return found


def test_as_much_as_the_bound_is_told_whole() -> None:
    given = [*warnings("a", MAX_PROBLEMS), *errors("a", MAX_PROBLEMS), *errors("b", MAX_PROBLEMS)]
    assert list(bounded(given)) == given


def test_what_is_more_gives_its_place_to_a_warning_that_says_so() -> None:
    *told, last = bounded(warnings("a", 9_000))
    assert told == warnings("a", MAX_PROBLEMS)
    assert (last.code, str(last.at), last.severity) == ("too-many-to-tell", "a:1001:1", "warning")
    assert last.message == (
        "there are more than 1000 warnings and notes in this file; from here on they are not told"
    )


def test_no_warning_takes_the_place_of_an_error() -> None:
    given = [*warnings("a", 5000), *errors("a", 3), *errors("b", 1), Problem(wording.CYCLE)]
    assert counts(given) == {
        "unused-var": MAX_PROBLEMS,
        "too-many-to-tell": 1,
        "null-not-taken": 4,
        "cycle": 1,
    }


def test_a_file_that_was_given_up_has_said_so() -> None:
    given = errors("a", MAX_PROBLEMS)
    last = Problem(wording.TOO_MANY_PROBLEMS, Origin("a", 2000, 1), {"limit": MAX_PROBLEMS})
    assert list(bounded([*given, last])) == [*given, last]
