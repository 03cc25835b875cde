"""What is not laid over sessions and is merged all the same, as layers: labels, settings."""

from collections.abc import Mapping

from voxmint.profiles.documents import Environment, Layer, Profile
from voxmint.profiles.nodes import ListNode, MapNode, Mark, Node

_TOP: Mark = (1, 1, 1)


class Sheets:
    """The labels of profiles and the settings of environments, each made a layer once."""

    def __init__(self) -> None:
        self._labels: dict[Profile, Layer] = {}
        self._settings: dict[Environment, Layer] = {}
        self._pairs: dict[Layer, Layer] = {}
        self._shared: set[Profile] = set()

    def pair(self, one: Layer, other: Layer) -> None:
        """Notes that two are the same one in the two states."""
        self._pairs[one], self._pairs[other] = other, one

    def share(self, profile: Profile) -> None:
        """Notes that a profile is the very same in both states."""
        self._shared.add(profile)

    def other(self, layer: Layer) -> Layer | None:
        """The layer in the other state."""
        return self._pairs.get(layer)

    def labels(self, profile: Profile) -> Layer:
        """A profile's labels, at `labels`."""
        if profile not in self._labels:
            sheet = self._labels[profile] = _sheet(profile.layer, {"labels": profile.labels})
            if profile in self._shared:
                self.pair(sheet, sheet)
        return self._labels[profile]

    def settings(self, environment: Environment) -> Layer:
        """An environment's settings, at `provider`, `mint` and `sinks`."""
        if environment not in self._settings:
            parts = {name: getattr(environment, name) for name in ("provider", "mint", "sinks")}
            self._settings[environment] = _sheet(environment.layer, parts)
        return self._settings[environment]


def _sheet(layer: Layer, parts: Mapping[str, MapNode | ListNode | None]) -> Layer:
    entries: dict[str, Node] = {name: node for name, node in parts.items() if node is not None}
    tree = MapNode(entries, {name: node.mark for name, node in entries.items()}, _TOP)
    return Layer(layer.kind, layer.file, layer.name, tree)
