"""A line in pieces that say what they are, so that each form of output can mark them in its way."""

from collections.abc import Sequence
from enum import Enum, auto
from typing import NamedTuple

from voxmint.cli.display.screen import Screen, Style


class Tone(Enum):
    """What a piece is: words that stay, go or come, items that go or come, a value not set."""

    SAME = auto()
    OUT = auto()
    IN = auto()
    LESS = auto()
    MORE = auto()
    UNSET = auto()


class Piece(NamedTuple):
    """A part of a line, escaped and masked already."""

    text: str
    tone: Tone = Tone.SAME


Pieces = tuple[Piece, ...]

_SPELT = {Tone.OUT: "[-{}-]", Tone.IN: "{{+{}+}}", Tone.LESS: "- {}", Tone.MORE: "+ {}"}
_STYLES = {
    Tone.OUT: Style.RED,
    Tone.LESS: Style.RED,
    Tone.IN: Style.GREEN,
    Tone.MORE: Style.GREEN,
    Tone.UNSET: Style.DIM,
}


def spelt(pieces: Sequence[Piece]) -> str:
    """The pieces as plain text: `Speak [-slowly-]{+clearly+}.`, `- an item`."""
    return "".join(map(_plain, pieces))


def painted(screen: Screen, pieces: Sequence[Piece]) -> str:
    """The same, with colour where there is any."""
    return "".join(
        screen.paint(_plain(piece), _STYLES[piece.tone]) if piece.tone in _STYLES else piece.text
        for piece in pieces
    )


def _plain(piece: Piece) -> str:
    form = _SPELT.get(piece.tone)
    return form.format(piece.text) if form else piece.text
