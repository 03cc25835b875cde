"""What the files of a project say, each by itself: frozen, and not yet combined."""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from voxmint.origin import Origin
from voxmint.problems import Problem
from voxmint.profiles.directives import REPLACE, UNSET
from voxmint.profiles.nodes import ListNode, MapNode, Mark
from voxmint.profiles.selectors import EVERYWHERE, Where

if TYPE_CHECKING:
    from voxmint.profiles.policies.document import Policy


_Document = TypeVar("_Document", bound=type)


def _itself(kind: _Document) -> _Document:
    """Makes each of a kind equal to itself alone, as what is known of one is kept under it."""
    for method in ("__eq__", "__ne__", "__hash__"):
        setattr(kind, method, getattr(object, method))
    return kind


class LayerKind(StrEnum):
    """Where in the precedence a layer belongs."""

    PROFILE = "profile"
    ENVIRONMENT = "environment"
    OVERLAY = "overlay"
    BLOCK = "block"
    SET = "set"


@_itself
class Layer(NamedTuple):
    """One part of one file that is laid over others: its `session`, `vars` and `expires_after`.

    `name` is the profile's or environment's; `detail` says which part of its file it is.
    `incomplete` is true where something in it was wrong and left out. `flaws` is what was wrong, in
    a block or an overlay item: it is about the bodies that this layer has a part in alone.
    """

    kind: LayerKind
    file: str
    name: str
    tree: MapNode
    detail: str = ""
    incomplete: bool = False
    flaws: tuple[Problem, ...] = ()

    def origin(self, mark: Mark) -> Origin:
        """A mark of this layer as an origin."""
        return Origin(self.file, *mark)

    def __str__(self) -> str:
        """As a person reads it: `profile clinic`, `overlay of production, where tier=gold`."""
        match self.kind:
            case LayerKind.OVERLAY:
                where = f", where {self.detail}" if self.detail else ""
                return f"overlay of {self.name}{where}"
            case LayerKind.BLOCK:
                return f"profile {self.name}, for {self.detail}"
            case LayerKind.SET:
                return "--set"
            case _:
                return f"{self.kind} {self.name}"


class Reference(NamedTuple):
    """A name that a file gives of another one, and where."""

    name: str
    mark: Mark


@_itself
class Profile(NamedTuple):
    """What a profile's file says; `description_mark` is where its description stands."""

    name: str
    file: str
    layer: Layer
    abstract: bool = False
    extends: tuple[Reference, ...] = ()
    description: str | None = None
    labels: MapNode | None = None
    blocks: Mapping[str, Layer] = MappingProxyType({})
    block_names: tuple[Reference, ...] = ()
    description_mark: Mark | None = None


def given_labels(labels: MapNode | None) -> MapNode:
    """The labels that a profile gives itself, by name: what `$replace` holds, of `$unset` none."""
    while labels is not None and REPLACE in labels.entries:
        inner = labels.entries[REPLACE]
        labels = inner if isinstance(inner, MapNode) else None
    return _NO_LABELS if labels is None or UNSET in labels.entries else labels


_NO_LABELS = MapNode({}, {}, (1, 1, 0))


@_itself
class OverlayItem(NamedTuple):
    """One item of an environment's overlay, and the profiles it is laid on."""

    layer: Layer
    where: Where = EVERYWHERE
    mark: Mark = (1, 1, 1)

    def origin(self, mark: Mark) -> Origin:
        """A mark of its file as an origin."""
        return self.layer.origin(mark)


@_itself
class Environment(NamedTuple):
    """What an environment's file says; `profiles` and `sinks` are `None` where it is silent.

    `sinks_where` says of each of the sinks which profiles it is for.
    `incomplete` is true where something in it was wrong and left out.
    """

    name: str
    file: str
    layer: Layer
    abstract: bool = False
    extends: tuple[Reference, ...] = ()
    description: str | None = None
    provider: MapNode | None = None
    mint: MapNode | None = None
    profiles: tuple[Reference, ...] | None = None
    overlay: tuple[OverlayItem, ...] = ()
    sinks: ListNode | None = None
    incomplete: bool = False
    sinks_where: tuple[Where, ...] = ()


class ProjectFile(NamedTuple):
    """What `voxmint.yaml` says: the two folders and the policies, and where it says it."""

    profiles: str = "profiles"
    environments: str = "environments"
    policies: tuple["Policy", ...] = ()
    marks: Mapping[str, Mark] = MappingProxyType({})
