import pytest

from voxmint.engine.durations import spoken


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
