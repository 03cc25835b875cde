"""One body in both states, and the layers that it is made of."""

from collections.abc import Sequence
from typing import NamedTuple

from voxmint.profiles.compiled import (
    Compilation,
    CompiledBody,
    CompiledEnvironment,
    CompiledProfile,
)
from voxmint.profiles.diff.result import Side
from voxmint.profiles.diff.values import is_same
from voxmint.profiles.documents import Layer


class State(NamedTuple):
    """One side of a pair: the body, and what it was made of."""

    side: Side
    body: CompiledBody
    profile: CompiledProfile
    environment: CompiledEnvironment


class Stacks(NamedTuple):
    """The layers of one thing in both states, the weakest first."""

    base: Sequence[Layer]
    head: Sequence[Layer]


class Pair(NamedTuple):
    """One body in both states, `compilations`; there are as many as bodies, so it holds little."""

    before: CompiledBody
    after: CompiledBody
    compilations: tuple[Compilation, Compilation]

    @property
    def base(self) -> State:
        return _state(Side.BASE, self.before, self.compilations[0])

    @property
    def head(self) -> State:
        return _state(Side.HEAD, self.after, self.compilations[1])

    @property
    def states(self) -> tuple[State, State]:
        return self.base, self.head

    @property
    def stacks(self) -> Stacks:
        return Stacks(self.before.layers, self.after.layers)

    def has_same_label(self, label: str) -> bool:
        """Whether the profile has a label in both states, and the same value of it."""
        labels = [state.profile.labels for state in self.states]
        return all(label in one for one in labels) and is_same(*(one[label] for one in labels))


def _state(side: Side, body: CompiledBody, compilation: Compilation) -> State:
    profile = compilation.profiles[body.profile]
    return State(side, body, profile, compilation.environments[body.environment])
