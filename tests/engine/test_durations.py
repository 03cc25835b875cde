import pytest
from hypothesis import given, strategies as st

from voxmint.engine.durations import parsed, spoken, written


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0 s"),
        (-5, "0 s"),
        (0.4, "0 s"),
        (42, "42 s"),
        (60, "1 min"),
        (144, "2 min 24 s"),
        (3600, "1 h"),
        (3605, "1 h"),
        (8940, "2 h 29 min"),
        (90_061, "1 d 1 h"),
        (86_460, "1 d"),
    ],
)
def test_a_length_of_time_in_its_two_largest_units(seconds: float, text: str) -> None:
    assert spoken(seconds) == text


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("45m", 2700),
        ("1h30m", 5400),
        ("90s", 90),
        ("90", 90),
        ("0", 0),
        ("1.5s", 1.5),
        ("0.25", 0.25),
        ("1d2h3m4s", 93_784),
        (" 2H ", 7200),
        ("120m", 7200),
    ],
)
def test_a_length_of_time_as_people_write_it(text: str, seconds: float) -> None:
    assert parsed(text) == seconds


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "m",
        "-5",
        "5 m",
        "1h30",
        "1m1h",
        "5min",
        "1.5h",
        "1e3",
        "nan",
        "inf",
        "\u0665",
        "9" * 400,
    ],
)
def test_what_is_no_length_of_time(text: str) -> None:
    with pytest.raises(ValueError, match="is"):
        parsed(text)


@given(st.integers(0, 300_000_000))
def test_what_is_written_is_read_back(seconds: int) -> None:
    assert parsed(written(seconds)) == seconds


def test_a_part_of_a_second_is_written_too() -> None:
    assert parsed(written(90.5)) == 90.5
