"""A source line with carets: under what is meant, whatever else the line holds."""

import pytest
from hypothesis import given, strategies as st

from voxmint.cli.display.excerpt import Excerpt, excerpt
from voxmint.cli.display.sources import line_of
from voxmint.cli.display.widths import cut, padded, width
from voxmint.cli.display.words import names


def drawn(line: str, marked: str, columns: int = 80) -> Excerpt:
    """The excerpt with carets under the first place of `marked`."""
    return excerpt(line, line.index(marked) + 1, len(marked), columns, str)


def test_a_plain_line() -> None:
    assert drawn("  threshold: 0.5", "0.5") == ("  threshold: 0.5", "             ^^^")


def test_a_tab_takes_the_columns_up_to_the_next_stop() -> None:
    assert drawn("a\tb: c", "b") == ("a   b: c", "    ^")


def test_wide_characters_take_two_columns_and_marks_none() -> None:
    assert drawn("言語: ja", "ja") == ("言語: ja", "      ^^")
    assert drawn("x: 言語", "言語") == ("x: 言語", "   ^^^^")
    assert drawn("e\u0301: ja", "ja") == ("e\u0301: ja", "   ^^")


@pytest.mark.parametrize(
    ("text", "columns"),
    [
        ("👩", 2),
        ("👩🏽", 2),
        ("👩🏽‍⚕️", 2),
        ("👨‍👩‍👧‍👦", 2),
        ("❤️", 2),
        ("❤", 1),
        ("🇩🇪", 2),
        ("क्‍ष", 2),
        ("e\u0301", 1),
        ("日本", 4),
        ("ｶﾅ", 2),
    ],
)
def test_an_emoji_takes_two_columns_however_many_characters_it_is(text: str, columns: int) -> None:
    assert width(text) == columns
    found = excerpt(f"{text}: x", len(text) + 3, 1, 80, str)
    assert found.carets == " " * (columns + 2) + "^"


def test_what_a_terminal_would_act_on_is_escaped() -> None:
    assert drawn("a\x1b[31m: b", "b") == ("a\\x1b[31m: b", "           ^")
    assert drawn("\u202ea: b", "b") == ("\\u202ea: b", "         ^")


def test_what_the_screen_lacks_counts_as_it_is_written() -> None:
    def fitting(text: str) -> str:
        return text.encode("ascii", "backslashreplace").decode()

    assert excerpt("é: ja", 4, 2, 80, fitting) == ("\\xe9: ja", "      ^^")


KEY = "sk-" + "abcdefghijkl"


def test_a_key_is_masked_and_carets_stay_under_what_is_meant() -> None:
    assert drawn(f"a: {KEY}, q: c", "q") == ("a: sk-…, q: c", "         ^")
    assert drawn(f"a: {KEY}.more~yet, q: c", "q") == ("a: sk-…, q: c", "         ^")
    assert drawn(f"a: {KEY}.more", KEY[4:]).source == "a: sk-…"


def test_after_a_key_that_is_the_problem_nothing_is_shown() -> None:
    found = excerpt(f"a: {KEY}]more of it", 4, len(KEY), 80, str, secret=True)
    assert found == ("a: sk-…", "   ^^^^")


def test_a_long_line_is_cut_round_the_caret() -> None:
    line = "a" * 60 + "HERE" + "b" * 60
    assert drawn(line, "HERE", 20) == ("…aaaaaaaHEREbbbbbbb…", " " * 8 + "^^^^")
    assert drawn(line, line[:2], 20) == ("a" * 18 + "…", "^^")


@pytest.mark.parametrize("column", [0, 5, 99])
def test_a_place_out_of_the_line_is_at_its_end(column: int) -> None:
    assert excerpt("ab", column, 3, 80, str).carets.strip("^") in {"", " "}


@given(st.text(max_size=60), st.integers(0, 70), st.integers(0, 70), st.integers(20, 80))
def test_carets_always_stand_below_the_line_and_fit(
    line: str, column: int, length: int, columns: int
) -> None:
    source, carets = excerpt(line, column, length, columns, str)
    assert set(carets) <= {" ", "^"}
    assert carets.endswith("^")
    assert width(source) <= columns
    assert width(carets) <= max(columns, 6)


def test_lines_are_counted_as_the_parser_counts_them() -> None:
    text = "a\r\nb\rc\x85d\u2028e\nf"
    assert [line_of(text, number) for number in range(1, 7)] == list("abcdef")
    assert line_of(text, 7) is None
    assert line_of("", 1) == ""


def test_texts_are_cut_and_padded_by_columns() -> None:
    assert cut("言語認識", 5) == "言語…"
    assert cut("short", 5) == "short"
    assert padded("言語", 5) == "言語 "


def test_of_many_names_the_first_are_given() -> None:
    assert names(["a", "b", "c"], 3) == "a, b, c"
    assert names(["a", "b", "c", "d"], 3) == "a, b, …"


def test_of_a_very_long_line_the_part_around_the_mark_is_shown() -> None:
    line = "a" * 500_000 + " here " + "b" * 500_000
    found = drawn(line, "here", 40)
    assert found.source.startswith("…a")
    assert found.source.endswith("b…")
    assert width(found.source) <= 40
    start = found.carets.index("^")
    assert found.source[start : start + 4] == "here"
    assert drawn("b: " + line, "b", 40).source.startswith("b: aaa")


def test_a_key_that_began_long_before_what_is_shown_is_not_shown() -> None:
    line = "sk-" + "0123456789abcdef" * 500 + " here"
    found = drawn(line, "here", 40)
    assert "0123" not in found.source
    assert "here" in found.source
    inside = excerpt(line, 4000, 1, 40, str)
    assert "0123" not in inside.source
