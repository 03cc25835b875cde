"""Which names a list of patterns selects."""

from fnmatch import fnmatchcase

import pytest
from hypothesis import given, strategies as st

from tests.profiles.laws import law
from voxmint.profiles.selectors import EVERYWHERE, Where, is_pattern, label_text, matches, selects

NAMES = ["clinic", "call-center/german", "call-center/german-test", "lab", "Lab", "é"]


@pytest.mark.parametrize(
    ("patterns", "expected"),
    [
        (["*"], NAMES),
        (["clinic"], ["clinic"]),
        (["call-center/*"], ["call-center/german", "call-center/german-test"]),
        (["call*"], ["call-center/german", "call-center/german-test"]),
        (["*german"], ["call-center/german"]),
        (["*", "!*-test"], ["clinic", "call-center/german", "lab", "Lab", "é"]),
        (["!*-test", "*"], ["clinic", "call-center/german", "lab", "Lab", "é"]),
        (["!*-test"], ["clinic", "call-center/german", "lab", "Lab", "é"]),
        (["!clinic", "!lab"], ["call-center/german", "call-center/german-test", "Lab", "é"]),
        (["clinic", "!clinic"], []),
        (["?ab"], ["lab", "Lab"]),
        (["[lL]ab"], ["lab", "Lab"]),
        (["[!L]ab"], ["lab"]),
        (["LAB"], []),
        (["?"], ["é"]),
        (["clinic", "lab"], ["clinic", "lab"]),
        (["nowhere"], []),
        ([""], []),
        (["!"], NAMES),
        ([], []),
        (["clin"], []),
        (["linic"], []),
        (["clinic\n"], []),
    ],
)
def test_patterns_together_select(patterns: list[str], expected: list[str]) -> None:
    assert [name for name in NAMES if selects(patterns, name)] == expected


def test_no_character_but_the_signs_of_a_pattern_means_anything() -> None:
    assert matches("a.c(d)+$", "a.c(d)+$")
    assert not matches("a.c", "abc")
    assert not matches("(a|b)", "a")


@law(150)
@given(st.text("ab/*?[]!-é.\n", max_size=8), st.text("ab/é!-.[]\n", max_size=6))
def test_a_pattern_is_a_glob_in_which_folders_are_no_bounds(pattern: str, name: str) -> None:
    is_itself = pattern.removeprefix("!") == name
    assert matches(f"!{pattern}", name) == (fnmatchcase(name, pattern) or is_itself)


def test_a_name_with_the_signs_of_a_pattern_in_it_is_found_by_itself() -> None:
    assert matches("lab[2]", "lab[2]")
    assert matches("lab[2]", "lab2")
    assert not matches("lab[2]", "lab[2]b")


@law(80)
@given(st.lists(st.sampled_from(["*", "a*", "!a*", "?b", "!*b", "ab"]), max_size=4), st.randoms())
def test_the_order_of_patterns_has_no_meaning(patterns: list[str], random: object) -> None:
    names = ["ab", "a", "b", "cb", "abc"]
    before = [selects(patterns, name) for name in names]
    random.shuffle(patterns)  # type: ignore[attr-defined]  # hypothesis gives a Random
    assert [selects(patterns, name) for name in names] == before


def test_a_pattern_of_many_stars_is_little_work() -> None:
    assert not matches("*a" * 40 + "b", "a" * 10_000)


@pytest.mark.parametrize(
    ("text", "expected"),
    [("clinic", False), ("a/b-c.d", False), ("*", True), ("a?", True), ("[a]", True), ("!a", True)],
)
def test_what_is_more_than_a_name(text: str, expected: bool) -> None:
    assert is_pattern(text) is expected


@pytest.mark.parametrize(
    ("value", "text"),
    [("gold", "gold"), (True, "true"), (False, "false"), (3, "3"), (0.5, "0.5"), ("", "")],
)
def test_a_label_is_compared_as_it_is_written(value: object, text: str) -> None:
    assert label_text(value) == text  # type: ignore[arg-type]  # scalars, of a mixed list


def test_where_is_told_as_a_person_reads_it() -> None:
    where = Where({"tier": ("gold", "silver"), "on": ("true",)}, ("a*", "!b"))
    assert str(where) == "tier=gold|silver, on=true, names a* !b"
    assert str(EVERYWHERE) == ""
    assert EVERYWHERE.fits("anything", {})


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        (EVERYWHERE, True),
        (Where({}, ()), False),
        (Where({}, ("*",)), False),
        (Where({"tier": ("gold",)}), False),
    ],
)
def test_only_a_where_that_asks_for_nothing_is_everywhere(where: Where, expected: bool) -> None:
    assert where.is_everywhere is expected
