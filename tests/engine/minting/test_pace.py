from voxmint.engine.minting.pace import Pace


def test_without_a_rate_everything_may_leave() -> None:
    pace = Pace(None, None, now=100.0)
    assert pace.take(1000, 100.0) == 1000
    assert pace.next_at(100.0) == 100.0


def test_a_burst_leaves_at_once_and_the_rest_at_the_rate() -> None:
    pace = Pace(60, 3, now=100.0)
    assert [pace.take(10, 100.0), pace.take(10, 100.0)] == [3, 0]
    assert pace.next_at(100.0) == 101.0
    assert pace.take(10, 101.0) == 1
    assert pace.take(10, 103.5) == 2
    assert pace.next_at(103.5) == 104.0


def test_permits_do_not_pile_up_beyond_the_burst() -> None:
    pace = Pace(60, 3, now=100.0)
    assert pace.take(10, 100_000.0) == 3


def test_without_a_burst_one_leaves_at_a_time() -> None:
    pace = Pace(600, None, now=0.0)
    moments = [0.0]
    for _ in range(600):
        assert pace.take(5, moments[-1]) == 1
        assert pace.take(5, moments[-1]) == 0
        moments.append(pace.next_at(moments[-1]))
    assert round(moments[-1], 6) == 60.0


def test_a_pause_holds_for_all_and_the_longest_counts() -> None:
    pace = Pace(None, None, now=0.0)
    pace.hold(5.0)
    pace.hold(3.0)
    assert (pace.is_open(4.9), pace.take(1, 4.9), pace.next_at(4.9)) == (False, 0, 5.0)
    assert (pace.is_open(5.0), pace.take(1, 5.0)) == (True, 1)


def test_permits_gained_in_a_pause_are_there_after_it() -> None:
    pace = Pace(60, 10, now=0.0)
    assert pace.take(10, 0.0) == 10
    pace.hold(4.0)
    assert pace.next_at(1.0) == 4.0
    assert pace.take(10, 4.0) == 4
