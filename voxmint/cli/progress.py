"""What a mint shows while it goes on.

On a terminal one line, once that takes more than a second: how much is done of what, how fast, and
what it waits for. Elsewhere, such as in a log, a line for each profile; where the log of a pipeline
can, they fold and tokens are hidden. A run is never stopped by what cannot be shown.
"""

import threading
from collections.abc import Callable
from functools import singledispatchmethod
from types import TracebackType
from typing import Self

from voxmint.cli.ci_log import CiLog
from voxmint.cli.display.moments import clock_time
from voxmint.cli.display.screen import Style
from voxmint.cli.display.widths import cut
from voxmint.cli.display.words import number
from voxmint.cli.world import World
from voxmint.engine import events
from voxmint.engine.durations import spoken
from voxmint.engine.stores.wording import STORE_OFTEN
from voxmint.engine.wording import SINK_UNGUARDED
from voxmint.problems import Problem, Severity
from voxmint.shown import shown

_PATIENCE = 1.0
"""Seconds before a terminal is shown that something goes on."""
_PAUSE = 0.1
"""Seconds between two pictures of it."""
_LONG = 5.0
"""Seconds of a wait of which a log is told: else it would stand still for no reason."""
_BAR = 30
_CLEAR = "\r\x1b[K"
_MOST_NOTED = 10

Wait = Callable[[threading.Event, float], bool]
"""Waits for an event, so many seconds at most; whether it came."""


class Progress:
    """Listens to a run, and shows it. Use it as a context: at its end, nothing of it is left.

    With `is_brief`, a log is not told of each profile: what goes well is nothing to speak of.
    `masks` says whether the log of a pipeline is told to hide tokens, instead of where it can. With
    `tells_limits` the limits of stores that writes like these run into are told, too.
    `wait` is how the time between two pictures passes.
    """

    def __init__(
        self,
        world: World,
        *,
        is_brief: bool = False,
        masks: bool | None = None,
        tells_limits: bool = False,
        wait: Wait = threading.Event.wait,
    ) -> None:
        self._world = world
        self._wait_for = wait
        self._log_of_job = CiLog(world, masks=masks)
        self._told_notes = {SINK_UNGUARDED, *((STORE_OFTEN,) if tells_limits else ())}
        self._title = ""
        self._is_brief = is_brief and not world.is_verbose
        self._screen = world.err
        self._draws = self._screen.is_terminal and not world.is_quiet
        self._lock = threading.RLock()
        self._over = threading.Event()
        self._ticker = threading.Thread(target=self._tick, daemon=True)
        self._total = self._done = self._failed = self._noted = 0
        self._begun = world.clock()
        self._wait = ("", 0.0)
        self._told_until = self._begun
        self._drawn = ""

    def __enter__(self) -> Self:
        if self._draws:
            self._ticker.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._over.set()
        if self._draws:
            self._ticker.join()
        with self._lock:
            self._erase()
            self._log_of_job.unfold()

    def __call__(self, event: events.Event) -> None:
        """Takes in what happens; called in the run's thread."""
        with self._lock:
            self._hear(event)

    # ── what happens ─────────────────────────────────────────────────────────────────────────────

    @singledispatchmethod
    def _hear(self, event: events.Event) -> None:
        """Most of what happens is told by the report."""

    @_hear.register
    def _(self, event: events.LockAwaited) -> None:
        self._say(f"waiting for {shown(event.what)}, which {shown(event.holder)} holds")

    @_hear.register
    def _(self, event: events.Noted) -> None:
        if not self._is_worth_saying(event.problem):
            return
        self._noted += 1
        if self._noted <= _MOST_NOTED or self._world.is_verbose:
            self._say(_in_a_line(event.problem, self._screen.paint))
        elif self._noted == _MOST_NOTED + 1:
            self._say("there are more warnings: `voxmint validate` shows them")

    def _is_worth_saying(self, problem: Problem) -> bool:
        return (
            problem.severity is not Severity.NOTE
            or problem.kind in self._told_notes
            or self._world.is_verbose
        )

    @_hear.register
    def _(self, event: events.Started) -> None:
        self._total = len(event.plan.to_mint)
        self._begun = self._told_until = self._world.clock()
        self._title = f"{self._total:,} to mint in {event.plan.environment}"

    @_hear.register
    def _(self, event: events.TokenCame) -> None:
        self._log_of_job.mask(event.token)

    @_hear.register
    def _(self, event: events.SessionMinted) -> None:
        self._done += 1
        expiry = clock_time(event.expires_at, self._world)
        self._log(f"minted   {shown(event.profile)}   expires {expiry}")

    @_hear.register
    def _(self, event: events.SessionFailed) -> None:
        self._failed += 1
        self._log(f"failed   {shown(event.profile)}   {event.problem.code}")

    @_hear.register
    def _(self, event: events.Waiting) -> None:
        who = f"{shown(event.profile)}: " if event.profile else ""
        until = self._world.clock() + event.seconds
        self._wait = (f"{who}{shown(event.reason)}", until)
        # Fifty requests that are refused at once wait for the same moment: once is enough.
        if self._world.is_verbose or until >= self._told_until + _LONG:
            self._log(f"waiting {spoken(event.seconds)}: {self._wait[0]}")
            self._told_until = until

    @_hear.register
    def _(self, event: events.Interrupting) -> None:
        under_way = number(event.in_flight, "request")
        self._say(f"stopping: waiting for {under_way} under way; Ctrl-C again drops what is left")

    # ── what is shown ────────────────────────────────────────────────────────────────────────────

    def _say(self, line: str) -> None:
        """Writes a line that stays."""
        if not self._world.is_quiet:
            self._erase()
            self._screen.line(line)
            self._screen.flush()

    def _log(self, line: str) -> None:
        """Writes a line that stays, where there is no picture to show it."""
        if self._draws or self._is_brief or self._world.is_quiet:
            return
        if self._title:
            self._log_of_job.fold(self._title)
        self._say(line)

    def _tick(self) -> None:
        pause = _PATIENCE
        while not self._wait_for(self._over, pause):
            pause = _PAUSE
            with self._lock:
                self._draw()

    def _draw(self) -> None:
        picture = self._picture() if self._total else ""
        if picture != self._drawn:
            self._screen.write(_CLEAR + picture)
            self._screen.flush()
            self._drawn = picture

    def _erase(self) -> None:
        if self._drawn:
            self._screen.write(_CLEAR)
            self._screen.flush()
            self._drawn = ""

    def _picture(self) -> str:
        ended = self._done + self._failed
        start, end = f"{self._total} to mint ", f" {ended}/{self._total}"
        # The last column stays free: some terminals begin a line where it is filled.
        room = self._screen.width - len(start) - 1
        bar = max(0, min(_BAR, room - len(end)))
        full = bar * ended // self._total
        rest = cut(end + self._aside(), room - bar)
        done = self._screen.paint("━" * full, Style.GREEN)
        left = self._screen.paint(("╺" + "─" * bar)[: bar - full], Style.DIM)
        return start + done + left + rest

    def _aside(self) -> str:
        """What there is to say beside the bar: how fast, failures, and a wait that is not over."""
        taken = self._world.clock() - self._begun
        ended = self._done + self._failed
        rate = f"   {60 * ended / taken:,.0f} a minute" if ended and taken > _PATIENCE else ""
        failed = f"{rate}   {self._failed} failed" if self._failed else rate
        reason, until = self._wait
        left = until - self._world.clock()
        return failed + (f"   waiting {spoken(left)}: {reason}" if left > 0 else "")


def _in_a_line(problem: Problem, paint: Callable[..., str]) -> str:
    place = f"{shown(problem.at.file)}:{problem.at.line}: " if problem.at else ""
    color = Style.YELLOW if problem.severity is Severity.WARNING else Style.CYAN
    return f"{paint(problem.severity.value, color)}: {place}{problem.message}"
