"""The graph of a project: whose families are in it, and which bodies overlay items are laid on."""

from collections.abc import Sequence

import pytest

from tests.sources import MemorySource
from voxmint.profiles.graph import Graph, Node, folded, graph_of
from voxmint.profiles.pipeline import compile_project

FILES = {
    "voxmint.yaml": "version: 1\n",
    "profiles/root.yaml": "abstract: true\n",
    "profiles/left.yaml": "extends: root\nlabels: {side: left}\n",
    "profiles/right.yaml": "extends: root\n",
    "profiles/below.yaml": "extends: [right, left]\n",
    "profiles/alone.yaml": "session: {}\n",
    "environments/base.yaml": """\
abstract: true
provider: {kind: emulator}
overlay:
  - where: {labels: {side: left}}
    session: {}
  - session: {}
""",
    "environments/one.yaml": "extends: base\nprofiles: [left, below]\n",
    "environments/two.yaml": "extends: base\noverlay: [{session: {}}]\n",
}


def graph(chosen: Sequence[str], places: Sequence[str] = ("one", "two")) -> Graph:
    compilation = compile_project(MemorySource(FILES))
    return graph_of(compilation.profiles, compilation.environments, chosen, places)


@pytest.mark.parametrize(
    ("chosen", "names"),
    [
        (["root"], ["below", "left", "right", "root"]),
        (["left"], ["below", "left", "right", "root"]),
        (["below"], ["below", "left", "right", "root"]),
        (["alone"], ["alone"]),
        (["alone", "right"], ["alone", "below", "left", "right", "root"]),
        ([], []),
    ],
)
def test_a_family_is_what_one_extends_and_what_extends_it(
    chosen: list[str], names: list[str]
) -> None:
    assert [node.name for node in graph(chosen).profiles] == names


def test_an_overlay_item_counts_in_every_environment_that_has_it() -> None:
    left, everywhere, own = graph(["root", "alone"]).overlays
    assert (left.number, left.environment, left.where) == (1, "base", "side=left")
    assert left.reached == (("below", "one"), ("below", "two"), ("left", "one"), ("left", "two"))
    assert left.possible == 2 + 4
    assert left.profiles == ("below", "left")
    assert (len(everywhere.reached), everywhere.possible) == (6, 6)
    assert (own.environment, own.possible) == ("two", 4)


def test_a_profile_says_which_environments_have_it() -> None:
    places = {node.name: node.places for node in graph(["root", "alone"]).profiles}
    assert places["left"] == ("one", "two")
    assert places["right"] == ("two",)
    assert places["root"] == ()


def test_only_the_environments_asked_for_and_their_bases_are_in_it() -> None:
    found = graph(["root"], ["one"])
    assert [node.name for node in found.environments] == ["base", "one"]
    assert [one.number for one in found.overlays] == [1, 2]


def test_those_that_look_alike_are_folded() -> None:
    nodes = [Node("b", "b", (), True), *(Node(f"p{at}", f"{at}", ("b",)) for at in range(5))]
    alike = {"p0": "other"}
    found = folded(nodes, alike, 3)
    assert [node.name for node in found.nodes] == ["b", "p0", "p1 … p4 (4)"]
    assert found.inside == {"b": "b", "p0": "p0"} | {f"p{at}": "p1 … p4 (4)" for at in (1, 2, 3, 4)}
    assert folded(nodes, alike, 4).nodes == tuple(nodes)
