"""What is worked out from an earlier state is what a compile of its own gives, to the byte."""

import json
from collections.abc import Iterator

import pytest
from hypothesis import given, strategies as st

from tests.profiles.diff.projects import compared, naive
from tests.profiles.laws import law
from tests.profiles.remaking.states import (
    State,
    source,
    two_plain_states,
    two_states,
    two_templated_states,
)
from voxmint.origin import Origin
from voxmint.profiles.cells import Cell, Gone, Leaf, ListCell, MapCell, chain, origin
from voxmint.profiles.compiled import Compilation, CompiledBody
from voxmint.profiles.pipeline import compile_both, compile_project


@law(60)
@given(two_states())
def test_two_states_together_are_each_what_it_is_alone(states: tuple[State, State]) -> None:
    check(states)


@law(60)
@given(two_plain_states())
def test_a_few_values_make_of_each_state_what_it_is_alone(states: tuple[State, State]) -> None:
    check(states)


@law(60)
@given(two_templated_states())
def test_a_template_or_a_var_makes_of_each_state_what_it_is_alone(
    states: tuple[State, State],
) -> None:
    check(states)


@pytest.mark.slow
@law(4000)
@given(st.one_of(two_states(), two_plain_states(), two_templated_states()))
def test_many_states_together_are_each_what_it_is_alone(states: tuple[State, State]) -> None:
    check(states)


def check(states: tuple[State, State]) -> None:
    one, other = map(source, states)
    base, head = compile_both(one, other)
    alone = compile_project(one), compile_project(other)
    assert told(base) == told(alone[0])
    assert told(head) == told(alone[1])
    # Causes are told apart by their identity, so that it is what they say that is compared.
    found, wanted = compared(base, head, origins=True), compared(*alone, origins=True)
    assert repr(found) == repr(wanted)
    values = {
        body
        for group in found.groups
        if not group.change.path.startswith("provider.")
        for body in group.bodies
        if body in base.bodies
    }
    assert values <= naive(base, head) <= found.changed


def told(compilation: Compilation) -> object:
    """All that a compile gives, as values that can be compared."""
    return (
        compilation.problems,
        compilation.attempted,
        compilation.profile_names,
        compilation.environment_names,
        dict(compilation.texts),
        [(name, dict(one.labels)) for name, one in compilation.profiles.items()],
        [(name, one.api, one.profiles) for name, one in compilation.environments.items()],
        [body_told(body) for body in compilation.bodies.values()],
    )


def body_told(body: CompiledBody) -> object:
    """A body, and every cell that it was made from."""
    written = json.dumps([body.api, body.session, body.expires_after, body.body])
    layers = [(str(layer), layer.file) for layer in body.layers]
    return body.profile, body.environment, written, layers, list(cells(body.root))


def cells(cell: Cell) -> Iterator[tuple[str, object, Origin, str]]:
    """Every cell below one and under it: what it is, where it stands, and in which layer."""
    for one in chain(cell):
        value = one.value if isinstance(one, Leaf) else one.why if isinstance(one, Gone) else None
        yield type(one).__name__, value, origin(one), str(one.layer)
        if isinstance(one, MapCell):
            for name, inner in one.entries.items():
                yield name, None, origin(inner), ""
                yield from cells(inner)
        elif isinstance(one, ListCell):
            for inner in one.items:
                yield from cells(inner)
