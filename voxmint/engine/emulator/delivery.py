"""How an answer goes over the wire: in which pieces, with which pauses, and how that ends.

A plan of delivery is a function from an answer's head, body and padding to steps.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import Enum, auto
from typing import NamedTuple

_PIECE = 64 * 1024
_SPACES = b" " * _PIECE
_SLOW_PIECES = 20


class Send(NamedTuple):
    """Bytes to be written."""

    data: bytes


class Pause(NamedTuple):
    """A time in which nothing is written."""

    seconds: float


class End(Enum):
    """What becomes of the connection, where it does not live on.

    CLOSE ends it in order, RESET at once; ARRIVED_RESET resets it once all that was written is with
    the client.
    """

    CLOSE = auto()
    RESET = auto()
    ARRIVED_RESET = auto()


Step = Send | Pause | End


@dataclass(frozen=True, slots=True)
class Rendered:
    """An answer in bytes, as it would go over the wire; `padding` is a number of spaces."""

    head: bytes
    body: bytes = b""
    padding: int = 0


Delivery = Callable[[Rendered], Iterator[Step]]


def whole(answer: Rendered) -> Iterator[Step]:
    """All of it, at once; only padding comes in pieces, since it can be enormous."""
    yield Send(answer.head + answer.body)
    left = answer.padding
    while left > 0:
        yield Send(_SPACES[:left])
        left -= _PIECE


def late(seconds: float) -> Delivery:
    """Nothing at first."""

    def deliver(answer: Rendered) -> Iterator[Step]:
        yield Pause(seconds)
        yield from whole(answer)

    return deliver


def slow_head(seconds: float) -> Delivery:
    """The head in pieces over a time, and then the body at once."""

    def deliver(answer: Rendered) -> Iterator[Step]:
        yield from _trickled(answer.head, seconds)
        yield from whole(Rendered(b"", answer.body, answer.padding))

    return deliver


def slow_body(seconds: float) -> Delivery:
    """The head at once, and the body in pieces over a time."""

    def deliver(answer: Rendered) -> Iterator[Step]:
        yield Send(answer.head)
        yield from _trickled(answer.body, seconds)

    return deliver


def _trickled(data: bytes, seconds: float) -> Iterator[Step]:
    size = max(1, -(-len(data) // _SLOW_PIECES))
    pieces = [data[at : at + size] for at in range(0, len(data), size)]
    for number, piece in enumerate(pieces):
        if number:
            yield Pause(seconds / (len(pieces) - 1))
        yield Send(piece)


def unanswered(_: Rendered) -> Iterator[Step]:
    """Nothing of it, and a reset."""
    yield End.RESET


def halved(end: End) -> Delivery:
    """The head, which promises all, and half of the body."""

    def deliver(answer: Rendered) -> Iterator[Step]:
        yield Send(answer.head + answer.body[: len(answer.body) // 2])
        yield end

    return deliver


def then_reset(answer: Rendered) -> Iterator[Step]:
    """All of it, and a reset."""
    yield from whole(answer)
    yield End.ARRIVED_RESET


def garbage(_: Rendered) -> Iterator[Step]:
    """What is no HTTP in its place."""
    yield Send(b"\x15\x03\x01\x00\x02\x02\x46 this is no HTTP\r\n\r\n")
    yield End.CLOSE
