"""What an emulator has counted: requests, tokens, refusals, faults, connections, bytes.

All keys come from the emulator's own tables, so it stays as small as it began.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

RATE_LIMIT = "rate_limit"
"""The reason under which requests are counted that came too soon for `--requests-per-minute`."""


@dataclass(slots=True)
class Tally:
    """The counts; `ticks` gives seconds that never go back."""

    ticks: Callable[[], float]
    routes: dict[str, Counter[int]] = field(default_factory=dict)
    requests: int = 0
    minted: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)
    under_way: int = 0
    peak_under_way: int = 0
    connections: int = 0
    peak_connections: int = 0
    accepted: int = 0
    turned_away: int = 0
    received: int = 0
    sent: int = 0
    first_at: float | None = None
    last_at: float | None = None

    def answered(self, route: str, status: int) -> None:
        """An answer, by its route; there are few routes."""
        self.routes.setdefault(route, Counter())[status] += 1

    def asked(self) -> None:
        """A request to mint has been read."""
        self.requests += 1
        self.under_way += 1
        self.peak_under_way = max(self.peak_under_way, self.under_way)
        self.last_at = self.ticks()
        self.first_at = self.last_at if self.first_at is None else self.first_at

    def done(self) -> None:
        """It has been answered, or whoever asked has left."""
        self.under_way -= 1

    def connected(self) -> None:
        self.connections += 1
        self.peak_connections = max(self.peak_connections, self.connections)

    def clear(self) -> None:
        """Begin anew; what is open or under way still is."""
        fresh = Tally(
            self.ticks,
            under_way=self.under_way,
            peak_under_way=self.under_way,
            connections=self.connections,
            peak_connections=self.connections,
        )
        for name in self.__slots__:
            setattr(self, name, getattr(fresh, name))

    def content(self) -> dict[str, Any]:
        """All of it, for whoever asks."""
        span = (self.last_at or 0.0) - (self.first_at or 0.0)
        return {
            "object": "emulator.counts",
            "requests": self.requests,
            "minted": self.minted,
            "refused": dict(sorted(self.refused.items())),
            "faults": dict(sorted(self.faults.items())),
            "under_way": self.under_way,
            "peak_under_way": self.peak_under_way,
            "connections": {
                "open": self.connections,
                "peak": self.peak_connections,
                "accepted": self.accepted,
                "turned_away": self.turned_away,
            },
            "bytes": {"received": self.received, "sent": self.sent},
            "seconds": round(span, 3),
        }
