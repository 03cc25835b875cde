"""What holds of every comparison, whatever was edited."""

from typing import Any

from hypothesis import given, strategies as st

from tests.profiles.diff.projects import (
    SETTINGS,
    Place,
    Settings,
    compared,
    compiled,
    entries,
    naive,
)
from tests.profiles.laws import law
from voxmint.problems import Body
from voxmint.profiles.compiled import Compilation
from voxmint.profiles.diff.deltas import Deltas
from voxmint.profiles.diff.result import Cause, Difference
from voxmint.profiles.diff.values import frozen, is_same, shown_path


def bare(found: Difference) -> tuple[object, ...]:
    return (
        *(found.groups, found.shadowed, found.idle, found.untold, found.layout),
        *(found.added, found.removed, found.renamed, found.invalid, found.valid),
        *(found.new, found.gone, found.moved),
    )


@law(40)
@given(SETTINGS)
def test_a_project_does_not_differ_from_itself(settings: Settings) -> None:
    found = compared(compiled(settings), compiled(settings), origins=True)
    assert bare(found) == ((),) * 13
    assert not found.has_changes


@law(200)
@given(SETTINGS, entries(), st.booleans())
def test_an_edit_of_one_leaf_is_the_one_cause_in_just_the_bodies_that_differ(
    settings: Settings, edit: tuple[Place, Any], is_added: bool
) -> None:
    place, value = edit
    without = {one: given for one, given in settings.items() if one != place}
    states = [settings, {**settings, place: value}] if is_added else [settings, without]
    base, head = map(compiled, states)
    found = compared(base, head)
    assert found.changed == naive(base, head)
    assert len({group.cause for group in found.groups}) <= 1
    assert all(not group.others for group in found.groups)
    shadowed = {body for shadow in found.shadowed for body in shadow.bodies}
    assert not shadowed & found.changed


@law(200)
@given(SETTINGS, SETTINGS)
def test_every_change_of_every_body_has_a_cause(one: Settings, other: Settings) -> None:
    base, head = compiled(one), compiled(other)
    found = compared(base, head)
    assert found.changed == naive(base, head)
    told = {
        (body, group.change.path, frozen(group.change.before), frozen(group.change.after))
        for group in found.groups
        for body in group.bodies
    }
    wanted = {
        (body, shown_path(path), frozen(before), frozen(after))
        for body in naive(base, head)
        for path, before, after in Deltas().of(base.bodies[body], head.bodies[body])
    }
    assert told == wanted


@law(40)
@given(SETTINGS, SETTINGS)
def test_the_way_back_is_the_same_way(one: Settings, other: Settings) -> None:
    base, head = compiled(one), compiled(other)
    there, back = compared(base, head), compared(head, base)
    assert there.changed == back.changed
    assert set(there.invalid) == set(back.valid)
    assert {(g.change.path, frozen(g.change.before)) for g in there.groups} == {
        (g.change.path, frozen(g.change.after)) for g in back.groups
    }


LAYERS = {
    "profile base": "base",
    "profile mid": "mid",
    "profile p": "p",
    "profile q": "q",
    "environment weak": "weak",
    "environment strong": "strong",
    "overlay of strong, where tier=gold": "overlay",
    "profile p, for strong": "block",
}


def places_of(cause: Cause, edited: set[Place]) -> set[Place]:
    """The settings of the little project that a cause is an edit of."""
    slot = LAYERS[cause.layer]
    paths = {(one, path.removeprefix("session.")) for one, path in edited if one == slot}
    return {
        place
        for place in edited
        for one, path in paths
        if place[0] == one
        and place[1].removeprefix("session.") == path
        and (f"{path}.".startswith(f"{cause.path}.") or f"{cause.path}.".startswith(f"{path}."))
    }


@law(150)
@given(SETTINGS, st.lists(entries(), min_size=1, max_size=4))
def test_the_causes_alone_make_of_the_base_what_the_head_is(
    settings: Settings, given_edits: list[tuple[Place, Any]]
) -> None:
    edited = {**settings, **dict(given_edits)}
    base, head = compiled(settings), compiled(edited)
    found = compared(base, head)
    places = {place for place, _ in given_edits}
    for body in found.changed:
        causes = {group.cause for group in found.groups if body in group.bodies}
        made = {place for cause in causes for place in places_of(cause, places)}
        alone = compiled({**settings, **{place: edited[place] for place in made}})
        if body in alone.bodies:
            assert is_same(alone.bodies[body].body, head.bodies[body].body)


@law(120)
@given(SETTINGS, st.lists(entries(), min_size=1, max_size=4))
def test_a_cause_undone_alone_changes_each_body_of_its_group_or_sufficed_by_itself(
    settings: Settings, given_edits: list[tuple[Place, Any]]
) -> None:
    edited = {**settings, **dict(given_edits)}
    base, head = compiled(settings), compiled(edited)
    found = compared(base, head)
    places = {place for place, _ in given_edits}
    states: dict[Cause, tuple[Compilation, Compilation]] = {}
    for group in found.groups:
        if group.cause not in states:
            made = places_of(group.cause, places)
            states[group.cause] = (
                compiled(_set(edited, made, settings)),
                compiled(_set(settings, made, edited)),
            )
        without, alone = states[group.cause]
        for body in group.bodies:
            is_needed = _differs(without, head, body)
            # Of two causes that each suffice, one undone changes nothing: then both are told.
            told = {
                one
                for other in found.groups
                if body in other.bodies
                for one in (other.cause, *other.others)
            }
            covered = {one.cause for one in found.shadowed if body in one.bodies}
            is_one_of_two = _differs(alone, base, body) and len(told | covered) > 1
            assert is_needed or is_one_of_two


def _set(settings: Settings, places: set[Place], others: Settings) -> Settings:
    """The settings, with those at some places as the others have them."""
    kept = {place: value for place, value in settings.items() if place not in places}
    return {**kept, **{place: others[place] for place in places if place in others}}


def _differs(one: Compilation, other: Compilation, body: Body) -> bool:
    """Whether a body is another than in a state where it is right; wrong is another, too."""
    return body not in one.bodies or not is_same(one.bodies[body].body, other.bodies[body].body)
