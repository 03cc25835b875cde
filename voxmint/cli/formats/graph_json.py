"""A graph as one JSON object, of version 1."""

from voxmint.cli.display.screen import Screen
from voxmint.cli.formats.json_text import write_json
from voxmint.cli.formats.problem_json import place_of
from voxmint.profiles.graph import Graph, Node, Overlay
from voxmint.shown import masked

VERSION = 1


def write(screen: Screen, graph: Graph) -> None:
    """Writes the object."""
    content = {
        "version": VERSION,
        "profiles": [
            {**_node(node), "environments": list(map(masked, node.places))}
            for node in graph.profiles
        ],
        "environments": [_node(node) for node in graph.environments],
        "overlays": [_overlay(overlay) for overlay in graph.overlays],
    }
    write_json(screen, content)


def _node(node: Node) -> dict[str, object]:
    return {
        "name": masked(node.name),
        "file": masked(node.file),
        "extends": list(map(masked, node.bases)),
        "abstract": node.is_abstract,
    }


def _overlay(overlay: Overlay) -> dict[str, object]:
    return {
        "environment": masked(overlay.environment),
        "where": masked(overlay.where) or None,
        "at": place_of(overlay.at),
        "bodies": [list(map(masked, body)) for body in overlay.reached],
    }
