"""A graph for programs that draw: in the languages of Graphviz and of Mermaid.

A name may be anything, so that in both every node is called by a number and the name is its label.
"""

from collections.abc import Callable, Iterator, Sequence

from voxmint.cli.display.screen import Screen
from voxmint.cli.formats.graph_words import selector
from voxmint.profiles.graph import Graph, Node
from voxmint.shown import evident

_MERMAID = """\
  classDef abstract stroke-dasharray: 4 3
  classDef overlay stroke-width: 0"""


class _Numbers:
    """The nodes' numbers: `p1` for a profile, `e1` for an environment, `o1` for an overlay item."""

    def __init__(self, graph: Graph) -> None:
        self.profiles = {node.name: f"p{at}" for at, node in enumerate(graph.profiles, 1)}
        self.environments = {node.name: f"e{at}" for at, node in enumerate(graph.environments, 1)}


def write_mermaid(screen: Screen, graph: Graph) -> None:
    """Writes the graph for Mermaid."""
    for line in _mermaid(graph):
        screen.line(line)


def _mermaid(graph: Graph) -> Iterator[str]:
    numbers = _Numbers(graph)
    yield "flowchart LR"
    parts = (
        ("profiles", graph.profiles, numbers.profiles),
        ("environments", graph.environments, numbers.environments),
    )
    for title, nodes, known in parts:
        if nodes:
            yield f"  subgraph {title}"
            yield from (f"    {line}" for line in _mermaid_nodes(nodes, known))
            yield "  end"
    for overlay in graph.overlays:
        name = f"o{overlay.number}"
        yield f'  {name}(["{_mermaid_text(selector(overlay))}"]):::overlay'
        yield f"  {numbers.environments[overlay.environment]} --- {name}"
        yield from (f"  {name} -.-> {numbers.profiles[one]}" for one in overlay.profiles)
    yield from _MERMAID.splitlines()


def _mermaid_nodes(nodes: Sequence[Node], numbers: dict[str, str]) -> Iterator[str]:
    for node in nodes:
        mark = ":::abstract" if node.is_abstract else ""
        yield f'{numbers[node.name]}["{_mermaid_text(node.name)}"]{mark}'
    for base, extender in edges_of(nodes):
        yield f"{numbers[base]} --> {numbers[extender]}"


def _mermaid_text(text: str) -> str:
    """A label in quotes: whatever is no letter, digit or harmless sign by its number."""
    return "".join(
        one if one.isalnum() or one in " ._-/=," else f"#{ord(one)};" for one in evident(text)
    )


def write_dot(screen: Screen, graph: Graph) -> None:
    """Writes the graph for Graphviz."""
    for line in _dot(graph):
        screen.line(line)


def _dot(graph: Graph) -> Iterator[str]:
    numbers = _Numbers(graph)
    yield "digraph voxmint {"
    yield "  rankdir=LR;"
    yield '  node [shape=box, fontname="monospace"];'
    parts = (
        ("profiles", graph.profiles, numbers.profiles),
        ("environments", graph.environments, numbers.environments),
    )
    for title, nodes, known in parts:
        if nodes:
            yield f"  subgraph cluster_{title} {{"
            yield f'    label="{title}";'
            yield from (f"    {line}" for line in _dot_nodes(nodes, known))
            yield "  }"
    for overlay in graph.overlays:
        name = f"o{overlay.number}"
        yield f'  {name} [label="{_dot_text(selector(overlay))}", shape=plaintext];'
        yield f"  {numbers.environments[overlay.environment]} -> {name} [arrowhead=none];"
        yield from (
            f"  {name} -> {numbers.profiles[one]} [style=dashed, constraint=false];"
            for one in overlay.profiles
        )
    yield "}"


def _dot_nodes(nodes: Sequence[Node], numbers: dict[str, str]) -> Iterator[str]:
    for node in nodes:
        style = ", style=dashed" if node.is_abstract else ""
        yield f'{numbers[node.name]} [label="{_dot_text(node.name)}"{style}];'
    for base, extender in edges_of(nodes):
        yield f"{numbers[base]} -> {numbers[extender]};"


def _dot_text(text: str) -> str:
    """A label in quotes, in which Graphviz looks for escapes and for HTML's entities."""
    escapes = {"\\": "\\\\", '"': '\\"', "&": "&amp;"}
    return "".join(escapes.get(one, one) for one in evident(text))


def edges_of(nodes: Sequence[Node]) -> list[tuple[str, str]]:
    """Each base with what extends it, of those that are in the graph."""
    known = {node.name for node in nodes}
    pairs = ((base, node.name) for node in nodes for base in node.bases if base in known)
    return list(dict.fromkeys(pairs))


WRITERS: dict[str, Callable[[Screen, Graph], None]] = {
    "mermaid": write_mermaid,
    "dot": write_dot,
}
"""The languages, by what `-o` calls them."""
