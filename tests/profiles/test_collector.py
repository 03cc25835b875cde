"""The garbage collector, as a compile leaves it behind."""

import gc
import sys
from collections.abc import Iterator
from types import FrameType
from typing import Any

import pytest

from voxmint.profiles.collector import Collector


@pytest.fixture
def frozen() -> Iterator[list[int]]:
    """What a program made and keeps out of the collector's sight."""
    made: list[int] = []
    gc.freeze()
    yield made
    gc.unfreeze()


@pytest.fixture(autouse=True)
def _as_it_starts() -> Iterator[None]:
    """The collector is on and nothing is frozen, as in a program that has just begun."""
    was_on, was_frozen = gc.isenabled(), gc.get_freeze_count() > 0
    gc.enable()
    gc.unfreeze()
    yield
    if was_frozen:
        gc.freeze()
    (gc.enable if was_on else gc.disable)()


def test_it_is_off_inside_and_on_again_after() -> None:
    with Collector().paused():
        assert not gc.isenabled()
    assert gc.isenabled()


def test_what_is_made_inside_counts_as_old() -> None:
    with Collector().paused():
        made: list[list[int]] = [[] for _ in range(1000)]
    kept = {id(one) for one in made}
    assert sum(id(one) in kept for one in gc.get_objects(generation=2)) == len(made)


def test_nothing_of_it_is_frozen_after() -> None:
    with Collector().paused():
        made: list[int] = []
    assert gc.get_freeze_count() == 0
    assert gc.is_tracked(made)


def test_what_the_program_froze_stays_so(frozen: list[int]) -> None:
    collector = Collector()
    for _ in range(2):
        with collector.paused():
            pass
        assert not any(one is frozen for one in gc.get_objects())


@pytest.mark.usefixtures("frozen")
def test_a_program_that_freezes_is_asked_for_it_once() -> None:
    """Each asking walks through all that is frozen: for each compile, it made them take longer."""
    collector, asked = Collector(), 0

    def count(_frame: FrameType, event: str, called: Any) -> None:
        nonlocal asked
        asked += event == "c_call" and called is gc.get_freeze_count

    before = sys.getprofile()
    sys.setprofile(count)
    try:
        for _ in range(3):
            with collector.paused():
                pass
    finally:
        sys.setprofile(before)
    assert asked == 1
