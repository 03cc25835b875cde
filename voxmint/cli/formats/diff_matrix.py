"""A difference body by body: profiles by environments, and what changed in each."""

from collections.abc import Iterator, Mapping, Sequence, Set
from typing import NamedTuple

from voxmint.cli.display.pieces import Piece, Pieces
from voxmint.cli.display.words import number
from voxmint.cli.formats.diff_words import changed, is_wordy
from voxmint.engine.comparing import Comparison
from voxmint.problems import Body
from voxmint.profiles.diff.result import Arrival, Cause, Change, Difference
from voxmint.profiles.diff.values import frozen

_WORDS = (Piece("(other words)"),)
"""What a cell says of a long text: the edit shows which words."""


class CellChange(NamedTuple):
    """A changed value in a cell, and the numbers of the edits that changed it."""

    path: str
    pieces: Pieces
    edits: tuple[int, ...]


class Cell(NamedTuple):
    """One body: what kind of cell it is, in a word what became of it, and what changed in it."""

    kind: str
    told: str = ""
    changes: tuple[CellChange, ...] = ()


class Row(NamedTuple):
    """A profile, with a cell for each environment."""

    profile: str
    cells: tuple[Cell, ...]


class Matrix(NamedTuple):
    """The profiles in which anything changed; `note` says how many have nothing of that."""

    environments: tuple[str, ...] = ()
    rows: tuple[Row, ...] = ()
    note: str = ""


_SAME = Cell("same", "same")
_NONE = Cell("none", "–")


def matrix_of(comparison: Comparison, numbers: Mapping[Cause, int]) -> Matrix:
    """The matrix; `numbers` are those of the edits."""
    difference = comparison.difference
    cells = {**_changes(difference, numbers), **_fates(comparison)}
    there = {*comparison.before.attempted, *comparison.after.attempted}
    environments = tuple(sorted({environment for _, environment in {*there, *cells}}))
    profiles = sorted({profile for profile, _ in cells})
    rows = tuple(
        Row(
            profile,
            tuple(
                cells.get((profile, place), _SAME if (profile, place) in there else _NONE)
                for place in environments
            ),
        )
        for profile in profiles
    )
    return Matrix(environments, rows, _note(comparison, set(profiles)))


def _note(comparison: Comparison, profiles: Set[str]) -> str:
    shown = sum(profile in profiles for profile, _ in comparison.after.attempted)
    rest = comparison.difference.bodies - shown
    if not rest:
        return "All profiles that were compared."
    bodies = number(rest, "more body", "more bodies")
    verb = "stays the same and is" if rest == 1 else "stay the same and are"
    return f"Profiles in which something changes; {bodies} {verb} not in it."


def _changes(difference: Difference, numbers: Mapping[Cause, int]) -> dict[Body, Cell]:
    """A cell for each body that changes: each value once, with all edits that changed it."""
    found: dict[Body, dict[tuple[object, ...], tuple[Change, list[int]]]] = {}
    for group in difference.groups:
        change = group.change
        key: tuple[object, ...] = (change.path, frozen(change.before), frozen(change.after))
        for body in group.bodies:
            there = found.setdefault(body, {}).setdefault(key, (change, []))
            there[1].append(numbers[group.cause])
    changes = {key: change for inner in found.values() for key, (change, _) in inner.items()}
    told = {key: _WORDS if is_wordy(change) else changed(change) for key, change in changes.items()}
    return {
        body: Cell(
            "changed",
            "",
            tuple(
                sorted(
                    (
                        CellChange(change.path, told[key], tuple(sorted(set(edits))))
                        for key, (change, edits) in inner.items()
                    ),
                    key=lambda one: (one.edits, one.path),
                )
            ),
        )
        for body, inner in found.items()
    }


def _fates(comparison: Comparison) -> dict[Body, Cell]:
    difference, sound = comparison.difference, comparison.after.bodies
    fates: tuple[tuple[Iterator[Body], Cell], ...] = (
        (_bodies(difference.added), Cell("arrived", "new")),
        (
            (body for body in _bodies(difference.added) if body not in sound),
            Cell("wrong", "new, invalid"),
        ),
        (_bodies(difference.removed), Cell("left", "gone")),
        (iter(difference.invalid), Cell("wrong", "invalid now")),
        (iter(difference.valid), Cell("arrived", "valid now")),
        (iter(difference.broken), Cell("wrong", "still invalid")),
    )
    return {body: cell for bodies, cell in fates for body in bodies}


def _bodies(arrivals: Sequence[Arrival]) -> Iterator[Body]:
    return (body for arrival in arrivals for body in arrival.bodies)
