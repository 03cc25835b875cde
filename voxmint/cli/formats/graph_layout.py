"""Where the boxes of an inheritance stand: in layers, bases on the left, lines crossing little.

The way of Sugiyama, Tagawa and Toda (1981): layers by the longest way from a root, places in a
layer by the middle of the neighbours, and then heights that keep lines as level as there is room.
"""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple

HEIGHT = 24
"""Of a box; all lengths are in pixels."""
_GAP = 10
_BETWEEN_LAYERS = 44
_SWEEPS = 6

Edge = tuple[str, str]
"""A base, and what extends it."""

_Place = tuple[str, int]
"""A box, or where a line passes a layer: the key of its line, and the layer."""


class Box(NamedTuple):
    """Where a box stands: its left upper corner and its width."""

    x: float
    y: float
    width: float


class Line(NamedTuple):
    """A line from a base to what extends it, by the points that it goes through."""

    base: str
    extender: str
    points: tuple[tuple[float, float], ...]


class Drawing(NamedTuple):
    """Boxes by name, the lines between them, and the room that they take."""

    boxes: Mapping[str, Box]
    lines: tuple[Line, ...]
    width: float
    height: float


def drawn(widths: Mapping[str, float], edges: Sequence[Edge]) -> Drawing:
    """The drawing of boxes of these widths, by name, with a line for each edge.

    There is no circle of edges. The same boxes and edges, in whatever order, give the same drawing.
    """
    if not widths:
        return Drawing({}, (), 0, 0)
    edges = sorted(set(edges))
    depths = _depths(sorted(widths), edges)
    chains = {edge: _chain(edge, depths) for edge in edges}
    links = sorted({link for chain in chains.values() for link in pairwise(chain)})
    layers = _ordered(_layers(widths, chains, depths), links)
    heights = _heights(layers, links)
    lefts = _lefts(layers, widths)
    boxes = {
        name: Box(lefts[depths[name]], heights[name, depths[name]], width)
        for name, width in sorted(widths.items())
    }
    lines = tuple(
        Line(*edge, tuple(_points(edge, chains[edge], boxes, heights, lefts))) for edge in edges
    )
    return Drawing(
        boxes,
        lines,
        max(box.x + box.width for box in boxes.values()),
        max(heights.values()) + HEIGHT,
    )


# ── layers ───────────────────────────────────────────────────────────────────────────────────────


def _depths(names: Sequence[str], edges: Sequence[Edge]) -> dict[str, int]:
    """The length of the longest way to each box from one that extends nothing."""
    bases: dict[str, list[str]] = {name: [] for name in names}
    for base, extender in edges:
        bases[extender].append(base)
    depths: dict[str, int] = {}
    for name in names:
        waiting = [name]
        while waiting:
            current = waiting[-1]
            missing = [base for base in bases[current] if base not in depths]
            if missing:
                waiting += missing
            else:
                depths[current] = 1 + max((depths[base] for base in bases[current]), default=-1)
                waiting.pop()
    return depths


def _chain(edge: Edge, depths: Mapping[str, int]) -> list[_Place]:
    """The places that a line goes through: its base, one in each layer between, its extender."""
    base, extender = edge
    between = range(depths[base] + 1, depths[extender])
    # No name holds a zero character, so that no box is called like a place of a line.
    passed = [(f"{base}\0{extender}", depth) for depth in between]
    return [(base, depths[base]), *passed, (extender, depths[extender])]


def _layers(
    widths: Mapping[str, float], chains: Mapping[Edge, list[_Place]], depths: Mapping[str, int]
) -> list[list[_Place]]:
    """The places of each layer, in the order in which a walk from the roots comes to them."""
    following: dict[_Place, list[_Place]] = {}
    for chain in chains.values():
        for one, other in pairwise(chain):
            following.setdefault(one, []).append(other)
    seen: dict[_Place, None] = {}
    waiting = [(name, 0) for name in sorted(widths, reverse=True) if depths[name] == 0]
    while waiting:
        place = waiting.pop()
        if place not in seen:
            seen[place] = None
            waiting += reversed(following.get(place, []))
    layers: list[list[_Place]] = [[] for _ in range(1 + max(depths.values()))]
    for place in seen:
        layers[place[1]].append(place)
    return layers


def _neighbours(links: Sequence[tuple[_Place, _Place]]) -> tuple[dict[_Place, list[_Place]], ...]:
    """The neighbours of each place on the left, and on the right."""
    left: dict[_Place, list[_Place]] = {}
    right: dict[_Place, list[_Place]] = {}
    for one, other in links:
        right.setdefault(one, []).append(other)
        left.setdefault(other, []).append(one)
    return left, right


def _ordered(
    layers: list[list[_Place]], links: Sequence[tuple[_Place, _Place]]
) -> list[list[_Place]]:
    """The layers with the places of each by the middle of their neighbours, from side to side."""
    left, right = _neighbours(links)
    for sweep in range(_SWEEPS):
        is_rightward = sweep % 2 == 0
        known = left if is_rightward else right
        ranks: dict[_Place, float] = {}
        for layer in layers if is_rightward else reversed(layers):
            middles = {
                place: _mean([ranks[one] for one in known.get(place, [])], float(index))
                for index, place in enumerate(layer)
            }
            layer.sort(key=lambda place: middles[place])
            ranks.update((place, float(index)) for index, place in enumerate(layer))
    return layers


def _mean(values: Sequence[float], otherwise: float) -> float:
    return sum(values) / len(values) if values else otherwise


# ── places ───────────────────────────────────────────────────────────────────────────────────────


def _heights(
    layers: Sequence[list[_Place]], links: Sequence[tuple[_Place, _Place]]
) -> dict[_Place, float]:
    """The upper edge of each place: near the middle of its neighbours, and apart from others."""
    step = float(HEIGHT + _GAP)
    found = {place: index * step for layer in layers for index, place in enumerate(layer)}
    left, right = _neighbours(links)
    for sweep in range(_SWEEPS):
        known = right if sweep % 2 == 0 else left
        for layer in reversed(layers) if sweep % 2 == 0 else layers:
            wished = [
                _mean([found[one] for one in known.get(place, [])], found[place]) for place in layer
            ]
            found.update(zip(layer, _apart(wished, step), strict=True))
    least = min(found.values())
    return {place: round(height - least, 1) for place, height in found.items()}


def _apart(wished: Sequence[float], step: float) -> list[float]:
    """Heights at least a step apart, in the same order, as near as can be to those wished for.

    What stands too near is put together and takes the mean: pooling adjacent violators, which
    makes the sum of squares least.
    """
    pools: list[tuple[float, int]] = []
    for index, height in enumerate(wished):
        total, count = height - index * step, 1
        while pools and pools[-1][0] / pools[-1][1] > total / count:
            more, others = pools.pop()
            total, count = total + more, count + others
        pools.append((total, count))
    flat = [total / count for total, count in pools for _ in range(count)]
    return [height + index * step for index, height in enumerate(flat)]


def _lefts(layers: Sequence[Sequence[_Place]], widths: Mapping[str, float]) -> list[float]:
    """The left edge of each layer."""
    lefts = [0.0]
    for layer in layers:
        widest = max((widths.get(name, 0) for name, _ in layer), default=0)
        lefts.append(lefts[-1] + widest + _BETWEEN_LAYERS)
    return lefts


def _points(
    edge: Edge,
    chain: Sequence[_Place],
    boxes: Mapping[str, Box],
    heights: Mapping[_Place, float],
    lefts: Sequence[float],
) -> Sequence[tuple[float, float]]:
    """The points of a line, which runs level and bends by turns, level first.

    It is level through the whole of each layer: there may be boxes above and below.
    """
    base, middle = boxes[edge[0]], HEIGHT / 2
    points = [(base.x + base.width, base.y + middle)]
    for (name, depth), following in pairwise(chain):
        points.append((lefts[depth + 1] - _BETWEEN_LAYERS, heights[name, depth] + middle))
        points.append((lefts[depth + 1], heights[following] + middle))
    return points
