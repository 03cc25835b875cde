"""Where boxes stand: bases on the left, nothing on top of anything, the same for the same graph."""

import random
from itertools import pairwise

from hypothesis import given, strategies as st

from voxmint.cli.formats.graph_layout import HEIGHT, Drawing, Edge, _apart, drawn

Shape = tuple[dict[str, float], list[Edge]]


@st.composite
def shapes(draw: st.DrawFn) -> Shape:
    count = draw(st.integers(1, 24))
    names = [f"n{at}" for at in range(count)]
    widths = {name: float(draw(st.integers(20, 300))) for name in names}
    edges = [
        (names[base], names[at])
        for at in range(1, count)
        for base in draw(st.sets(st.integers(0, at - 1), max_size=3))
    ]
    return widths, edges


@given(shapes(), st.randoms())
def test_boxes_stand_clear_of_each_other_and_bases_on_the_left(
    shape: Shape, chance: random.Random
) -> None:
    widths, edges = shape
    found = drawn(widths, edges)
    assert set(found.boxes) == set(widths)
    for base, extender in edges:
        one, other = found.boxes[base], found.boxes[extender]
        assert one.x + one.width < other.x
    boxes = list(found.boxes.values())
    for at, one in enumerate(boxes):
        for other in boxes[at + 1 :]:
            assert (
                one.x + one.width < other.x
                or other.x + other.width < one.x
                or abs(one.y - other.y) >= HEIGHT
            )
    lines_run_clear(found)
    assert all(box.x >= 0 and box.x + box.width <= found.width for box in boxes)
    assert all(box.y >= 0 and box.y + HEIGHT <= found.height for box in boxes)
    names = list(widths)
    chance.shuffle(names)
    chance.shuffle(edges)
    assert drawn({name: widths[name] for name in names}, edges * 2) == found


def lines_run_clear(found: Drawing) -> None:
    """A line goes to the right, and where it is level it passes no box but those at its ends."""
    for line in found.lines:
        assert all(x <= other_x for (x, _), (other_x, _) in pairwise(line.points))
        ends = (line.base, line.extender)
        others = [box for name, box in found.boxes.items() if name not in ends]
        for (left, height), (right, _) in list(pairwise(line.points))[::2]:
            for box in others:
                is_beside = right <= box.x or box.x + box.width <= left
                assert is_beside or not box.y < height < box.y + HEIGHT


def test_nothing_takes_no_room() -> None:
    assert drawn({}, []) == Drawing({}, (), 0, 0)


@given(st.lists(st.floats(-1e4, 1e4), max_size=12))
def test_what_is_moved_apart_keeps_its_order_and_its_middle(wished: list[float]) -> None:
    found = _apart(wished, 10)
    assert all(other - one >= 10 - 1e-6 for one, other in pairwise(found))
    assert abs(sum(found) - sum(wished)) < 1e-3
    if all(other - one >= 10 for one, other in pairwise(wished)):
        assert all(abs(one - other) < 1e-6 for one, other in zip(found, wished, strict=True))


def test_a_very_long_lineage_is_drawn() -> None:
    names = [f"n{at:03}" for at in range(400)]
    found = drawn(dict.fromkeys(names, 50.0), list(pairwise(names)))
    assert len({box.y for box in found.boxes.values()}) == 1
