"""What is said of a graph's parts in every form."""

from collections.abc import Sequence

from voxmint.cli.display.words import names, number
from voxmint.profiles.graph import Graph, Node, Overlay
from voxmint.shown import evident


def summary(graph: Graph) -> str:
    """How many of each there are: `11 profiles and 3 abstract, 2 environments, 1 overlay item`."""
    return ", ".join(
        [
            _counted(graph.profiles, "profile"),
            _counted(graph.environments, "environment"),
            number(len(graph.overlays), "overlay item"),
        ]
    )


def _counted(nodes: Sequence[Node], noun: str) -> str:
    abstract = sum(node.is_abstract for node in nodes)
    return number(len(nodes) - abstract, noun) + (f" and {abstract} abstract" if abstract else "")


def laid_on(overlay: Overlay, most: int = 4) -> str:
    """On how many bodies an overlay item is laid, and on which profiles."""
    profiles, count = overlay.profiles, len(overlay.reached)
    if not count:
        return f"0 of {number(overlay.possible, 'body', 'bodies')}"
    where = "" if count == overlay.possible else f": {names(list(map(evident, profiles)), most)}"
    return f"{count:,} of {number(overlay.possible, 'body', 'bodies')}{where}"


def selector(overlay: Overlay) -> str:
    """Whom an overlay item selects: `where tier=gold`, or `everywhere`."""
    return f"where {overlay.where}" if overlay.where else "everywhere"
