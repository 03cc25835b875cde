"""A graph for a person: each profile below what it extends, and overlay items below their owner."""

from collections.abc import Iterator, Mapping, Sequence

from voxmint.cli.display.screen import Screen, Style
from voxmint.cli.display.widths import padded, width
from voxmint.cli.display.words import names
from voxmint.cli.formats.diff_rows import wrapped
from voxmint.cli.formats.diff_words import place
from voxmint.cli.formats.graph_words import laid_on, selector, summary
from voxmint.profiles.graph import Graph, Node
from voxmint.shown import evident

_MOST_COLUMNS = 44
"""A longer name does not push what stands beside the others any further to the right."""
_SEEN = "as above"

Row = tuple[str, str]
"""A line: a name, as far to the right as it is deep, and what is said of it."""


def write(screen: Screen, graph: Graph, *, is_verbose: bool = False) -> None:
    """Writes the graph; overlay items with the names of all their profiles where verbose."""
    screen.line(screen.paint(summary(graph), Style.BOLD))
    for rows in (list(profile_rows(graph)), list(_environment_rows(graph, is_verbose=is_verbose))):
        if rows:
            screen.line()
            _write_rows(screen, rows)


def profile_rows(graph: Graph) -> Iterator[Row]:
    """The profiles as a tree."""
    concrete = [node.name for node in graph.environments if not node.is_abstract]
    yield from _tree(
        graph.profiles, {node.name: _about_profile(node, concrete) for node in graph.profiles}
    )


def _about_profile(node: Node, environments: Sequence[str]) -> str:
    parts = []
    if node.is_abstract:
        parts.append("abstract")
    elif environments and len(node.places) < len(environments):
        parts.append(
            f"in {names(list(map(evident, node.places)), 4)}"
            if node.places
            else "in no environment"
        )
    if len(node.bases) > 1:
        parts.append(f"extends {names(list(map(evident, node.bases)), len(node.bases))}")
    return ", ".join(parts)


def _environment_rows(graph: Graph, *, is_verbose: bool) -> Iterator[Row]:
    about = {node.name: "abstract" if node.is_abstract else "" for node in graph.environments}
    below: dict[str, list[Row]] = {}
    for overlay in graph.overlays:
        most = len(overlay.profiles) if is_verbose else 4
        said = f"{place(overlay.at)}   {laid_on(overlay, most)}"
        below.setdefault(overlay.environment, []).append((evident(selector(overlay)), said))
    yield from _tree(graph.environments, about, below)


def _tree(
    nodes: Sequence[Node], about: Mapping[str, str], more: Mapping[str, Sequence[Row]] | None = None
) -> Iterator[Row]:
    """Each node below what it extends; what extends a node of several bases once only."""
    known = {node.name for node in nodes}
    below: dict[str, list[Node]] = {}
    roots: list[Node] = []
    for node in nodes:
        bases = [base for base in dict.fromkeys(node.bases) if base in known]
        for base in bases:
            below.setdefault(base, []).append(node)
        if not bases:
            roots.append(node)
    seen: set[str] = set()
    waiting = [(node, 0) for node in reversed(roots)]
    while waiting:
        node, depth = waiting.pop()
        indent = "  " * depth
        inner = below.get(node.name, [])
        is_again = node.name in seen and bool(inner)
        yield indent + evident(node.name), _SEEN if is_again else about[node.name]
        if is_again:
            continue
        seen.add(node.name)
        for name, said in (more or {}).get(node.name, ()):
            yield f"{indent}  {name}", said
        waiting += [(one, depth + 1) for one in reversed(inner)]


def _write_rows(screen: Screen, rows: Sequence[Row]) -> None:
    widest = max(width(name) for name, _ in rows if width(name) <= _MOST_COLUMNS or len(rows) == 1)
    for name, about in rows:
        line = f"{padded(name, widest)}   "
        if not about:
            screen.line(name)
        elif width(line + about) <= screen.width:
            screen.line(line + screen.paint(about, Style.DIM))
        else:
            margin = " " * (len(name) - len(name.lstrip()) + 4)
            screen.line(name)
            for part in wrapped(about, screen.width - len(margin)):
                screen.line(margin + screen.paint(part, Style.DIM))
