from math import floor

import pytest
from hypothesis import given, strategies as st

from voxmint.engine.minting.clocks import clock_problems, last_of, skew_of


@pytest.mark.parametrize(
    ("sent", "received", "date", "skew"),
    [
        (100.0, 100.2, 100.0, 0.0),
        (100.9, 101.1, 100.0, 0.0),  # a date is cut to whole seconds
        (100.0, 130.0, 115.0, 0.0),  # a slow answer says little
        (100.0, 100.5, 400.0, 299.5),
        (100.0, 100.5, 40.0, -59.0),
        (100.0, 100.5, None, None),
    ],
)
def test_what_a_date_says_of_the_clocks(
    sent: float, received: float, date: float | None, skew: float | None
) -> None:
    assert skew_of(sent, received, date) == skew


seconds = st.floats(0, 1e4)


@given(sent=st.floats(1e9, 2e9), there=seconds, back=seconds, ahead=st.floats(-1e5, 1e5))
def test_a_skew_is_never_told_as_more_than_it_is(
    sent: float, there: float, back: float, ahead: float
) -> None:
    date = floor(sent + there + ahead)
    skew = skew_of(sent, sent + there + back, date)
    assert skew is not None
    small = 1e-4
    assert abs(skew) <= abs(ahead) + small
    assert skew * ahead >= -small
    # And never less than the answer's way, and the second that its date was cut to, can hide.
    assert abs(ahead - skew) <= there + back + 1 + small


def test_only_a_difference_that_matters_is_told() -> None:
    assert clock_problems(None, "api.example") == clock_problems(4.9, "api.example") == ()
    assert [one.message for one in clock_problems(-299.5, "api.example")] == [
        "this machine's clock is 5 min ahead of that of api.example"
    ]
    assert [one.message for one in clock_problems(90, "api.example")] == [
        "this machine's clock is 1 min 30 s behind that of api.example"
    ]


def test_the_last_measurement_counts() -> None:
    assert last_of([None, 3.0, 4.0, None]) == 4.0
    assert last_of([None]) is None
