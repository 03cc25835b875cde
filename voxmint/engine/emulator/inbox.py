"""What clients have sent and nobody has read yet, within bounds for each and for all of them."""

import asyncio

from voxmint.engine.emulator.answers import RefusedError
from voxmint.engine.emulator.limits import Limits
from voxmint.engine.emulator.tally import Tally

PIECE = 16 * 1024
"""Bytes that are read at a time; a stream is told to stop at twice as many."""


class Store:
    """Room that all connections of an emulator share, in bytes."""

    def __init__(self, size: int) -> None:
        self._left = size

    def take(self, size: int) -> bool:
        """Takes room, or gives some back where the size is negative; whether there was as much."""
        if size > self._left:
            return False
        self._left -= size
        return True


class TooLongError(Exception):
    """What was looked for did not come within its bound."""


class Inbox:
    """The bytes of one connection, in the order in which they came."""

    def __init__(
        self, reader: asyncio.StreamReader, limits: Limits, store: Store, tally: Tally
    ) -> None:
        self._reader = reader
        self._limits = limits
        self._store = store
        self._tally = tally
        self._bytes = bytearray()
        self._held = 0

    async def has_some(self) -> bool:
        """Whether there is anything; waits for it. False when the client has left."""
        return bool(self._bytes) or await self._grow()

    def begins_with(self, start: bytes) -> bool:
        """Whether what is there, and not yet read, begins so."""
        return self._bytes.startswith(start)

    async def until(self, end: bytes, bound: int) -> bytes:
        """All up to this mark, with it.

        `TooLongError` where there are more bytes than the bound before it.
        """
        start = 0
        while (found := self._bytes.find(end, start)) < 0:
            if len(self._bytes) >= bound:
                raise TooLongError
            start = max(0, len(self._bytes) - len(end) + 1)
            await self._grow_or_fail()
        if found + len(end) > bound:
            raise TooLongError
        return self._cut(found + len(end))

    async def exactly(self, length: int) -> bytes:
        """So many bytes."""
        while len(self._bytes) < length:
            await self._grow_or_fail()
        return self._cut(length)

    def hold(self, size: int) -> None:
        """Say that a request takes so many bytes, here and elsewhere, until `let_go`.

        `RefusedError` where all requests together take too many.
        """
        heavy = max(0, size - self._limits.light_bytes)
        if heavy <= self._held:
            return
        if not self._store.take(heavy - self._held):
            raise RefusedError(
                503,
                "The emulator holds too many large requests at once.",
                headers=(("Retry-After", "1"),),
            )
        self._held = heavy

    def let_go(self) -> None:
        """The request has been answered, or nobody waits for that any more."""
        self._store.take(-self._held)
        self._held = 0

    async def _grow_or_fail(self) -> None:
        self.hold(len(self._bytes) + PIECE)
        if not await self._grow():
            raise asyncio.IncompleteReadError(b"", None)

    async def _grow(self) -> bool:
        piece = await self._reader.read(PIECE)
        self._bytes += piece
        self._tally.received += len(piece)
        return bool(piece)

    def _cut(self, length: int) -> bytes:
        found = bytes(self._bytes[:length])
        del self._bytes[:length]
        return found
