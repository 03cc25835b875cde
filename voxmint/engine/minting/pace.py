"""How fast requests leave: a rate with a burst, and pauses that hold for the whole run."""

from voxmint.profiles.settings import Mint

_ROUNDING = 1e-6
"""What adding up parts of a permit may lose; without it a wait would end just before its permit."""


class Pace:
    """A bucket of permits that fills at a rate; moments are those of one growing clock.

    Without a rate there are always permits. `burst` permits are there at the start, one unless set.
    """

    def __init__(self, per_minute: int | None, burst: int | None, now: float) -> None:
        self._per_second = per_minute / 60 if per_minute else None
        self._most = float(burst or 1)
        self._permits = self._most
        self._filled_at = now
        self.opens_at = now
        """When the last pause that was asked for ends."""

    @classmethod
    def of(cls, settings: Mint, now: float) -> "Pace":
        """The pace that an environment's file asks for."""
        return cls(settings.requests_per_minute, settings.burst, now)

    def hold(self, until: float) -> None:
        """Let nothing leave before that moment."""
        self.opens_at = max(self.opens_at, until)

    def is_open(self, now: float) -> bool:
        """Whether no pause holds."""
        return now >= self.opens_at

    def take(self, wanted: int, now: float) -> int:
        """How many of so many requests may leave now; their permits are used up."""
        if not self.is_open(now):
            return 0
        if self._per_second is None:
            return wanted
        self._fill(now)
        taken = min(wanted, int(self._permits + _ROUNDING))
        self._permits -= taken
        return taken

    def next_at(self, now: float) -> float:
        """When the next request may leave, as things stand."""
        opens = max(now, self.opens_at)
        if self._per_second is None:
            return opens
        self._fill(now)
        missing = max(0.0, 1 - self._permits)
        return max(opens, now + missing / self._per_second)

    def _fill(self, now: float) -> None:
        gained = (now - self._filled_at) * (self._per_second or 0.0)
        self._permits = min(self._most, self._permits + gained)
        self._filled_at = now
