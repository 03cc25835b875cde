"""A picture of who extends whom, as SVG: by itself, and as a part of a page.

Nothing in it says anything by colour alone; it is drawn for light and dark.
"""

from collections.abc import Iterator, Mapping, Sequence
from html import escape
from typing import NamedTuple

from voxmint.cli.display.screen import Screen
from voxmint.cli.display.widths import cut, width
from voxmint.cli.display.words import number
from voxmint.cli.formats.diff_words import place
from voxmint.cli.formats.graph_layout import HEIGHT, Box, Drawing, Line, drawn
from voxmint.cli.formats.graph_links import edges_of
from voxmint.cli.formats.graph_words import selector, summary
from voxmint.cli.formats.markdown import clipped
from voxmint.profiles.graph import Graph, Node, Overlay, folded
from voxmint.shown import evident

_MOST_COLUMNS = 44
_COLUMN = 7.3
"""The width of a character; monospaced fonts differ a little, and the room in a box allows it."""
_SIDE = 10
_MARGIN = 16
_LINE = 20
_MOST_LEGEND = 160
_MOST_TAGS = 6
"""Of how many overlay items a profile's box gives the numbers."""

_LIGHT = {
    "back": "#ffffff",
    "ink": "#1f2328",
    "dim": "#59636e",
    "line": "#818b98",
    "mark": "#9a6700",
}
_DARK = {
    "back": "#0d1117",
    "ink": "#e6edf3",
    "dim": "#9198a1",
    "line": "#6e7681",
    "mark": "#d29922",
}


def _rules(colors: Mapping[str, str]) -> str:
    return (
        f".g-box{{fill:{colors['back']};stroke:{colors['line']}}}"
        f".g-name,.g-title{{fill:{colors['ink']}}}"
        f".g-tag,.g-note{{fill:{colors['dim']}}}"
        f".g-line{{stroke:{colors['line']}}}"
        f".g-marked .g-box{{stroke:{colors['mark']}}}"
        f".g-marked .g-tag{{fill:{colors['mark']}}}"
    )


STYLE = (
    ".g{font:12px ui-monospace,SFMono-Regular,Menlo,Consolas,'DejaVu Sans Mono',monospace}"
    ".g-title{font-weight:bold}.g-line{fill:none}.g-abstract .g-box{stroke-dasharray:4 3}"
    ".g-marked .g-box{stroke-width:2.5}.g-marked .g-name{font-weight:bold}"
    f"{_rules(_LIGHT)}@media(prefers-color-scheme:dark){{{_rules(_DARK)}}}"
)
"""The style sheet of a picture; a page that holds one takes it over."""
_BACK = (
    f".g-back{{fill:{_LIGHT['back']}}}"
    f"@media(prefers-color-scheme:dark){{.g-back{{fill:{_DARK['back']}}}}}"
)


def write(screen: Screen, graph: Graph) -> None:
    """Writes the graph as a file of its own."""
    screen.line(picture(graph, style=f"<style>{STYLE}{_BACK}</style>"))


def picture(
    graph: Graph,
    marks: Mapping[str, str] | None = None,
    counts: Mapping[str, int] | None = None,
    *,
    style: str = "",
    most: int = 0,
) -> str:
    """The picture.

    `marks` says in a word what is special of some nodes, by their files; `counts` is how many
    bodies change of some profiles. `style` stands inside, where it is a file of its own. Of more
    than `most` profiles that look alike, where it is not 0, one box stands for all.
    """
    marks = marks or {}
    shape = _shape(graph, marks, counts or {}, most)
    parts: list[str] = []
    widest, top = 0.0, float(_MARGIN)
    for title, nodes in (("profiles", shape.profiles), ("environments", graph.environments)):
        if not nodes:
            continue
        tags = shape.profile_tags if title == "profiles" else shape.environment_tags
        drawing = drawn({node.name: _width(node, tags) for node in nodes}, edges_of(nodes))
        parts.append(_text(_MARGIN, top + 4, title, "g-title"))
        parts += _drawn(drawing, nodes, tags, marks, top + _LINE)
        widest = max(widest, drawing.width)
        top += drawing.height + 2 * _LINE + 8
    legend = [_legend(overlay) for overlay in graph.overlays]
    for line in legend:
        parts.append(_text(_MARGIN, top + 4, line, "g-note"))
        top += _LINE
    widest = max([widest, *(width(line) * _COLUMN for line in legend)])
    across, down = round(widest + 2 * _MARGIN), round(top)
    back = f'<rect class="g-back" width="{across}" height="{down}"/>' if style else ""
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="g" role="img" width="{across}" '
        f'height="{down}" viewBox="0 0 {across} {down}" aria-labelledby="g-about">'
        f'<title id="g-about">Who extends whom: {summary(graph)}</title>'
        f"{style}{back}{''.join(parts)}</svg>"
    )


# ── boxes ────────────────────────────────────────────────────────────────────────────────────────


class _Shape(NamedTuple):
    """The profiles' boxes, and what stands behind the name in a box."""

    profiles: tuple[Node, ...]
    profile_tags: Mapping[str, str]
    environment_tags: Mapping[str, str]


def _shape(graph: Graph, marks: Mapping[str, str], counts: Mapping[str, int], most: int) -> _Shape:
    numbers, owned = _numbers(graph)
    environment_tags = {
        node.name: _tag(owned.get(node.name, ()), marks.get(node.file))
        for node in graph.environments
    }
    alike = {
        node.name: (tuple(numbers.get(node.name, ())), marks.get(node.file), node.name in counts)
        for node in graph.profiles
    }
    folding = folded(graph.profiles, alike, most or len(graph.profiles))
    changed: dict[str, int] = {}
    for name, count in counts.items():
        if name in folding.inside:
            changed[folding.inside[name]] = changed.get(folding.inside[name], 0) + count
    tags = {}
    for name, box in folding.inside.items():
        mark = alike[name][1]
        tags[box] = _tag(numbers.get(name, ()), mark, changed.get(box, 0))
    return _Shape(folding.nodes, tags, environment_tags)


def _numbers(graph: Graph) -> tuple[dict[str, list[str]], dict[str, list[str]]]:
    """The overlay items laid on each profile, and those that each environment's file holds."""
    laid: dict[str, list[str]] = {}
    owned: dict[str, list[str]] = {}
    for overlay in graph.overlays:
        owned.setdefault(overlay.environment, []).append(f"#{overlay.number}")
        for profile in overlay.profiles:
            laid.setdefault(profile, []).append(f"#{overlay.number}")
    return laid, owned


def _tag(numbers: Sequence[str], mark: str | None, count: int = 0) -> str:
    shown = list(numbers)
    if len(shown) > _MOST_TAGS:
        shown[_MOST_TAGS - 1 :] = ["…"]
    changing = f"{number(count, 'body', 'bodies')} changed" if count else ""
    return " · ".join(filter(None, (" ".join(shown), mark, changing)))


def _label(node: Node) -> str:
    return cut(evident(node.name), _MOST_COLUMNS)


def _width(node: Node, tags: Mapping[str, str]) -> float:
    tag = tags.get(node.name)
    columns = width(_label(node)) + (width(tag) + 1 if tag else 0)
    return round(columns * _COLUMN + 2 * _SIDE, 1)


def _drawn(
    drawing: Drawing,
    nodes: Sequence[Node],
    tags: Mapping[str, str],
    marks: Mapping[str, str],
    top: float,
) -> Iterator[str]:
    yield f'<g transform="translate({_MARGIN} {top:g})">'
    yield from map(_line, drawing.lines)
    for node in nodes:
        yield _box(node, drawing.boxes[node.name], tags.get(node.name, ""), node.file in marks)
    yield "</g>"


def _box(node: Node, box: Box, tag: str, is_marked: bool) -> str:
    kinds = ["g-marked"] * is_marked + ["g-abstract"] * node.is_abstract
    opening = f'<g class="{" ".join(kinds)}">' if kinds else "<g>"
    said = f"{evident(node.name)}{', abstract' if node.is_abstract else ''}"
    name = _text(box.x + _SIDE, box.y + HEIGHT - 8, _label(node), "g-name")
    end = box.x + box.width - _SIDE
    behind = _text(end, box.y + HEIGHT - 8, tag, "g-tag", "end") if tag else ""
    return (
        f"{opening}<title>{escape(said)}</title>"
        f'<rect class="g-box" x="{box.x:g}" y="{box.y:g}" width="{box.width:g}" '
        f'height="{HEIGHT}" rx="4"/>{name}{behind}</g>'
    )


def _line(line: Line) -> str:
    """A line that leaves and comes level, and bends in between."""
    (x, y), *others = line.points
    parts = [f"M{x:g} {y:g}"]
    for index, (to_x, to_y) in enumerate(others):
        if index % 2 == 0:
            parts.append(f"H{to_x:g}")
        else:
            middle = round((x + to_x) / 2, 1)
            parts.append(f"C{middle:g} {y:g} {middle:g} {to_y:g} {to_x:g} {to_y:g}")
        x, y = to_x, to_y
    return f'<path class="g-line" d="{"".join(parts)}"/>'


def _text(x: float, y: float, text: str, kind: str, anchor: str = "") -> str:
    ends = f' text-anchor="{anchor}"' if anchor else ""
    return f'<text class="{kind}" x="{x:g}" y="{y:g}"{ends}>{escape(text)}</text>'


def _legend(overlay: Overlay) -> str:
    said = f"overlay of {overlay.environment}, {selector(overlay)}, {place(overlay.at)}"
    reached = f"{len(overlay.reached):,} of {number(overlay.possible, 'body', 'bodies')}"
    return f"#{overlay.number} {clipped(f'{said}, {reached}', _MOST_LEGEND)}"
