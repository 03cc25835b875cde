"""What each stage of a compile gives the next: frozen values, each with the problems it found."""

from collections.abc import Collection, Mapping, Set
from typing import Any, NamedTuple

from voxmint.problems import Body, Problem
from voxmint.profiles.cells import MapCell
from voxmint.profiles.compiled import CompiledBody, CompiledEnvironment, CompiledProfile
from voxmint.profiles.documents import Environment, Layer, Profile
from voxmint.profiles.merge import Step
from voxmint.profiles.nodes import Mark
from voxmint.profiles.validate import Located

Problems = tuple[Problem, ...]


class Documents(NamedTuple):
    """What the files say, each by itself."""

    profiles: Mapping[str, Profile]
    environments: Mapping[str, Environment]
    problems: Problems


class Families(NamedTuple):
    """Profiles and environments with their lineages, in order of name.

    `is_whole` says that none is missing of all that there are, as one that cannot be read is.
    """

    profiles: Mapping[str, CompiledProfile]
    environments: Mapping[str, CompiledEnvironment]
    problems: Problems
    is_whole: bool = True


class Stack(NamedTuple):
    """The layers of one body, the weakest first."""

    body: Body
    profile: CompiledProfile
    environment: CompiledEnvironment
    api: str | None
    layers: tuple[Layer, ...]


class Stacks(NamedTuple):
    """The layers of every body that is to be compiled."""

    stacks: tuple[Stack, ...]
    problems: Problems


class Merged(NamedTuple):
    """The merged cells of one body."""

    stack: Stack
    root: MapCell


class AllMerged(NamedTuple):
    """The merged cells of every body; `steps` are those of the folds that gave them.

    `is_calm` says that every directive that was merged changed something; `restating` are the
    layers that may set something as weaker ones do.
    """

    bodies: tuple[Merged, ...]
    problems: Problems
    steps: Collection[Step] = ()
    is_calm: bool = True
    restating: Set[Layer] = frozenset()


class Rendered(NamedTuple):
    """The plain values of one body; `failed` are the ids of cells whose templates failed."""

    stack: Stack
    root: MapCell
    session: Mapping[str, Any]
    expires_after: Mapping[str, Any] | None
    failed: Set[int] = frozenset()


class AllRendered(NamedTuple):
    """The plain values of every body.

    `used_vars` are vars that templates looked at, by the layer that gives them and their key: those
    of every body, but only where they were asked for.
    """

    bodies: tuple[Rendered, ...]
    problems: Problems
    used_vars: Set[tuple[Layer, Mark | None]] = frozenset()


class AllChecked(NamedTuple):
    """The bodies that are right; `located` is what the problems were made of."""

    bodies: Mapping[Body, CompiledBody]
    problems: Problems
    located: Collection[Located] = ()
