"""What an emulator lets its clients take."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """What clients can take at most; beyond it they are refused, and nobody else suffers.

    A head must have room for the longest token that the longest body can make. Of a request not
    more than `light_bytes` are held at no cost; what all of them hold beyond that, together, is
    `store_bytes`. A connection that has said nothing for `spare_seconds` gives way to a new one
    where there are too many.
    """

    connections: int = 512
    turned_away: int = 32
    head_bytes: int = 128 * 1024
    headers: int = 100
    body_bytes: int = 64 * 1024
    chunks: int = 1024
    light_bytes: int = 16 * 1024
    store_bytes: int = 16 * 1024 * 1024
    idle_seconds: float = 60
    spare_seconds: float = 5
    request_seconds: float = 10
    answer_seconds: float = 10
    linger_seconds: float = 1
