"""What a layer sets, entry by entry."""

import pytest

from voxmint.profiles.idle.entries import leaves, paths
from voxmint.profiles.nodes import MapNode
from voxmint.profiles.reader import read_document


@pytest.mark.parametrize(
    "text",
    [
        "{}",
        "a: 1",
        "vars: {room: east, audio: {gain: 2, noise: {}}, words: [{a: 1}], off: null}",
        "session: {include: {$append: [a]}, turn_detection: {$unset: true}, x: {y: {$replace: 1}}}",
        "'': {'': {'$': 1}, b: 2}",
    ],
)
def test_the_paths_of_a_layer_are_those_of_its_leaves(text: str) -> None:
    root = read_document("p.yaml", text.encode()).root
    assert isinstance(root, MapNode)
    assert paths(root, ("at",)) == [one.path for one in leaves(root, ("at",))]
