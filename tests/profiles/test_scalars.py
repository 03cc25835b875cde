"""The core schema of YAML 1.2: an independent table, and its edges."""

import json

import pytest
from hypothesis import given, strategies as st

from tests.profiles.laws import law
from voxmint.profiles.scalars import BadNumberError, is_surely_text, is_text, resolve

NULLS = ("", "~", "null", "Null", "NULL")
TRUTHS = ("true", "True", "TRUE")
LIES = ("false", "False", "FALSE")
INTEGERS = {
    "0": 0,
    "-0": 0,
    "+12": 12,
    "-19": -19,
    "010": 10,
    "0099": 99,
    "0o14": 12,
    "0o0": 0,
    "0x1F": 31,
    "0xabcDEF": 0xABCDEF,
    "9223372036854775807": 2**63 - 1,
    "-9223372036854775808": -(2**63),
}
DECIMALS = {
    "0.5": 0.5,
    ".5": 0.5,
    "-.5": -0.5,
    "+.5": 0.5,
    "1.": 1.0,
    "0.": 0.0,
    "-0.0": -0.0,
    "1e3": 1000.0,
    "1E+3": 1000.0,
    "12e03": 12000.0,
    "-2E+05": -200000.0,
    "1.5e-3": 0.0015,
    ".5e1": 5.0,
    "1.e1": 10.0,
    "1e-400": 0.0,
}
TEXTS = """
    no No NO yes Yes YES on On ON off Off OFF y Y n N nULL nUll tRUE truE fALSE none None nil
    1:30 190:20:30 1:30.5 2024-01-01 2024-01-01T10:00:00Z 12:00:00
    1_000 0b1010 0o 0o8 0O14 0x 0xG -0x1F +0o14 0o-1 1e 1e+ e3 . +. -. .e3 - + -- +-1 1.2.3 1,5 1.5.
    0.5s 10ms 3a a3 ١٢ ½ ² infinity Infinity NaN nan .INf .nAN -.nan +.nan +.NaN ..inf inf -inf
    = << ! <<x null1 ~1 ~~ true1 truefalse 0x1.8p3 1d 1f 1j 0777o
    """.split()
NOT_NUMBERS = """
    .inf .Inf .INF -.inf -.INF +.inf +.Inf .nan .NaN .NAN 1e400 -1e400 1e999999999
    9223372036854775808 -9223372036854775809 18446744073709551616 0x8000000000000000
    0o1000000000000000000000
    """.split()
FROM_THE_SPECIFICATION = {
    **dict.fromkeys(NULLS),
    **dict.fromkeys(TRUTHS, True),
    **dict.fromkeys(LIES, False),
    **INTEGERS,
    **DECIMALS,
    **{text: text for text in TEXTS},
}


@pytest.mark.parametrize("text", FROM_THE_SPECIFICATION)
def test_a_plain_scalar_has_the_value_of_the_core_schema(text: str) -> None:
    value, expected = resolve(text), FROM_THE_SPECIFICATION[text]
    assert (type(value), repr(value)) == (type(expected), repr(expected))


@pytest.mark.parametrize("text", NOT_NUMBERS)
def test_a_number_that_json_cannot_hold_is_refused(text: str) -> None:
    with pytest.raises(BadNumberError):
        resolve(text)


@pytest.mark.parametrize("digits", ["1" * 65, "0" * 65, "0." + "1" * 63, "0x" + "0" * 63])
def test_a_number_of_absurd_length_is_refused_before_it_is_read(digits: str) -> None:
    with pytest.raises(BadNumberError):
        resolve(digits)


def test_sixty_four_characters_of_number_are_read() -> None:
    assert resolve("0" * 63 + "1") == 1
    assert resolve("0." + "1" * 62) == pytest.approx(1 / 9)


def test_a_huge_number_is_refused_without_being_worked_out() -> None:
    for text in ("9" * 10_000_000, "1e" + "9" * 10_000_000, "0x" + "f" * 10_000_000):
        with pytest.raises(BadNumberError):
            resolve(text)


NUMBERS = st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False, allow_infinity=False)


@law()
@given(NUMBERS)
def test_every_number_of_json_is_that_number(number: float) -> None:
    value = resolve(json.dumps(number))
    assert (type(value), repr(value)) == (type(number), repr(number))


LIKE_SCALARS = st.text("0123456789+-.eExXoOabfintrulsINFATRUEL_:~< ", max_size=12)


@law(300)
@given(LIKE_SCALARS | st.text(max_size=12))
def test_every_plain_text_has_a_value_or_is_refused(text: str) -> None:
    try:
        value = resolve(text)
    except BadNumberError:
        assert not is_surely_text(text)
        return
    if isinstance(value, str):
        assert value == text
    else:
        assert not is_surely_text(text)
        assert text.isascii()


@pytest.mark.parametrize("text", [*NOT_NUMBERS, *INTEGERS, *DECIMALS, *NULLS, *TRUTHS, *LIES])
def test_the_first_character_never_makes_a_text_of_what_is_none(text: str) -> None:
    assert not is_surely_text(text)


@pytest.mark.parametrize("text", ["e3", "yes", "on", "$append", "日本", "(1)"])
def test_the_first_character_of_most_texts_says_that_they_are(text: str) -> None:
    assert is_surely_text(text)


@pytest.mark.parametrize(
    ("plain", "expected"),
    [
        ("gold", True),
        ("near_field", True),
        ("troponin", True),
        ("no", True),
        ("1:30", True),
        ("-x", True),
        ("true", False),
        ("null", False),
        ("~", False),
        ("", False),
        ("1", False),
        ("010", False),
        ("1e3", False),
        (".inf", False),
        ("1e400", False),
    ],
)
def test_which_texts_need_no_quotes_to_stay_texts(plain: str, *, expected: bool) -> None:
    assert is_text(plain) is expected
