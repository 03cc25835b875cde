"""The short way to the causes of a change finds what the long one does."""

import pytest
from hypothesis import given, strategies as st

from tests.profiles.laws import law
from tests.profiles.remaking.states import (
    USUAL,
    State as Written,
    source,
    two_plain_states,
    two_states,
    two_templated_states,
)
from voxmint.profiles.diff.causes import Causes
from voxmint.profiles.diff.deltas import Deltas
from voxmint.profiles.diff.edits import find_edits
from voxmint.profiles.diff.matching import match
from voxmint.profiles.diff.pairs import Pair
from voxmint.profiles.diff.sheets import Sheets
from voxmint.profiles.diff.touches import forget
from voxmint.profiles.pipeline import compile_both


@law(60)
@given(two_templated_states())
def test_what_templates_and_vars_cause_is_found_without_rendering(
    states: tuple[Written, Written],
) -> None:
    check(states)


@pytest.mark.slow
@law(3000)
@given(st.one_of(two_states(), two_plain_states(), two_templated_states()))
def test_the_short_way_finds_the_same_causes(states: tuple[Written, Written]) -> None:
    check(states)


def test_a_var_behind_a_var_is_a_cause_beside_the_template() -> None:
    prompt = "session.input_audio_transcription.prompt"
    one, other = (
        {
            ("base", "vars.word"): "{{ vars.other }}",
            ("base", "vars.other"): name,
            ("base", prompt): f"{{{{ vars.word }}}}{end}",
        }
        for name, end in (("north", "!"), ("south", "?"))
    )
    found = check(((one, USUAL), (other, USUAL)))
    assert found
    assert all(paths == {"vars.other", prompt.removeprefix("session.")} for paths in found)


def check(states: tuple[Written, Written]) -> list[set[str]]:
    """The paths of the causes of each change, where both ways agree."""
    base, head = compile_both(source(states[0]), source(states[1]))
    matching, sheets = match(base, head), Sheets()
    causes = Causes((base, head), matching, find_edits(base, head, matching, sheets), sheets)
    found: list[set[str]] = []
    all_deltas = Deltas()
    for body in base.bodies.keys() & head.bodies.keys():
        pair = Pair(base.bodies[body], head.bodies[body], (base, head))
        for delta in all_deltas.of(pair.before, pair.after):
            causes_found = causes.of_value(pair, delta)
            assert causes_found == causes.at_length(pair, delta)
            found.append({cause.path for cause in causes_found})
    forget()
    return found
