"""Which bodies a problem affects, where the stage that found it knew only its file.

A mistake in a file takes down the bodies that the file has a part in. A profile's block for an
environment and an item of an overlay are parts of their own: a mistake in one takes down the bodies
that are made with it, and no others.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from typing import Protocol

from voxmint.problems import Body, Problem
from voxmint.profiles import wording
from voxmint.profiles.compiled import CompiledEnvironment, CompiledProfile
from voxmint.profiles.consequences import without_consequences
from voxmint.profiles.documents import Environment, Layer, LayerKind, Profile
from voxmint.profiles.source import as_read

_OF_NOBODY = (wording.UNUSED_PATTERN, wording.UNUSED_SELECTOR, wording.UNUSED_LABEL)
"""What selects nothing has no part in any body."""


class Layered(Protocol):
    """The layers of one body."""

    @property
    def body(self) -> Body: ...
    @property
    def profile(self) -> CompiledProfile: ...
    @property
    def environment(self) -> CompiledEnvironment: ...
    @property
    def layers(self) -> tuple[Layer, ...]: ...


def reaching(
    problems: Iterable[Problem],
    profiles: Iterable[Profile],
    environments: Iterable[Environment],
    stacks: Sequence[Layered],
    lost: Mapping[str, tuple[Body, ...]],
    is_everything: bool,
) -> Iterator[Problem]:
    """The problems with the bodies they affect; `lost` are bodies without layers, by file.

    Where not everything was asked for, a mistake in a part that no body is made with is left out:
    it is about bodies that nobody asked for.
    """
    problems = without_consequences(list(problems))
    files = {one.at.file for one in problems if one.at and not one.affects}
    users_of_files = _users_of_files(stacks, files)
    layers = list(_flawed(profiles, environments)) if files else []
    users_of_flaws = _users_of_flaws(stacks, layers)
    for problem in problems:
        if problem.affects or problem.at is None or problem.kind in _OF_NOBODY:
            yield problem
        elif id(problem) in users_of_flaws:
            users = users_of_flaws[id(problem)]
            if users or is_everything:
                yield problem._replace(affects=users)
        else:
            file = problem.at.file
            yield problem._replace(affects=(*users_of_files[file], *lost.get(as_read(file), ())))


def _flawed(profiles: Iterable[Profile], environments: Iterable[Environment]) -> Iterator[Layer]:
    """The parts of files, smaller than the file, in which something is wrong."""
    for profile in profiles:
        yield from (layer for layer in profile.blocks.values() if layer.flaws)
    for environment in environments:
        yield from (item.layer for item in environment.overlay if item.layer.flaws)


def _users_of_flaws(
    stacks: Sequence[Layered], layers: Sequence[Layer]
) -> Mapping[int, tuple[Body, ...]]:
    """The bodies that each flaw, by its id, has a part in."""
    users: dict[int, list[Body]] = {id(layer): [] for layer in layers}
    for stack in stacks if layers else ():
        for layer in stack.layers:
            if id(layer) in users:
                users[id(layer)].append(stack.body)
    return {id(flaw): tuple(users[id(layer)]) for layer in layers for flaw in layer.flaws}


def _users_of_files(stacks: Sequence[Layered], files: Set[str]) -> Mapping[str, tuple[Body, ...]]:
    """The bodies that each of the files has a part in."""
    users: dict[str, list[Body]] = {file: [] for file in files}
    for stack in stacks if files else ():
        parts = {
            *(profile.file for profile in stack.profile.lineage),
            *(environment.file for environment in stack.environment.lineage),
            *(layer.file for layer in stack.layers if layer.kind is LayerKind.SET),
        }
        for file in parts & files:
            users[file].append(stack.body)
    return {file: tuple(bodies) for file, bodies in users.items()}
