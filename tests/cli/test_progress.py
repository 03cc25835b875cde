"""What each event of a run becomes, on a terminal and elsewhere."""

import io
import re
import threading
from pathlib import Path

from tests.cli.running import NOW, Terminal
from tests.engine.mints import desk
from voxmint.cli.progress import Progress
from voxmint.cli.world import World
from voxmint.engine.events import (
    Event,
    Halted,
    Interrupting,
    LockAwaited,
    Noted,
    SessionFailed,
    SessionMinted,
    Started,
    Waiting,
    Written,
)
from voxmint.engine.wording import MINT_QUOTA, SINK_UNGUARDED
from voxmint.origin import Origin
from voxmint.problems import Problem, note, warning

EVENTS: tuple[Event, ...] = (
    LockAwaited("the environment live", "voxmint mint -e live, process 7"),
    Noted(Problem(warning("odd", "something is odd"), Origin("profiles/a.yaml", 3, 1))),
    Noted(Problem(note("known", "something is known"))),
    Noted(Problem(SINK_UNGUARDED, None, {"reason": "git is not installed"})),
    SessionMinted("clinic", int(NOW) + 600),
    Waiting("429 slow down", 3, None),
    SessionFailed("kiosk", Problem(MINT_QUOTA, None, {"status": 429, "said": "no money"})),
    Written(".env.live", 1),
    Halted(Problem(MINT_QUOTA, None, {"status": 429, "said": "no money"})),
    Interrupting(2),
)


def told(stream: io.StringIO, verbosity: int = 0) -> list[str]:
    world = World(
        io.StringIO(), io.StringIO(), stream, {}, Path(), lambda: NOW, verbosity=verbosity
    )
    with Progress(world) as progress:
        for event in EVENTS:
            progress(event)
    return stream.getvalue().splitlines()


STAYING = [
    "waiting for the environment live, which voxmint mint -e live, process 7 holds",
    "warning: profiles/a.yaml:3: something is odd",
    "note: git is not installed, so nobody checked that git leaves the files with tokens alone",
]
LAST = "stopping: waiting for 2 requests under way; Ctrl-C again drops what is left"


def test_a_log_gets_a_line_for_each_profile() -> None:
    [minted] = [line for line in told(io.StringIO()) if line.startswith("minted")]
    assert minted.startswith("minted   clinic   expires ")
    failed = "failed   kiosk   mint-quota"
    assert told(io.StringIO()) == [*STAYING, minted, failed, LAST]


def test_more_of_it_with_v() -> None:
    lines = told(io.StringIO(), verbosity=1)
    assert "note: something is known" in lines
    assert "waiting 3 s: 429 slow down" in lines


def test_a_log_that_stands_still_says_why() -> None:
    reason = "429 slow down"
    waits = [Waiting(reason, seconds, None) for seconds in (4.9, 60, 60, 61, 66)]
    stream = io.StringIO()
    world = World(io.StringIO(), io.StringIO(), stream, {}, Path(), lambda: NOW)
    with Progress(world) as progress:
        for wait in waits:
            progress(wait)
    assert stream.getvalue().splitlines() == [
        f"waiting 1 min: {reason}",
        f"waiting 1 min 6 s: {reason}",
    ]


def test_a_terminal_gets_only_what_the_bar_does_not_show() -> None:
    assert told(Terminal()) == [
        line.replace("warning", "\x1b[33mwarning\x1b[0m").replace("note", "\x1b[36mnote\x1b[0m", 1)
        for line in [*STAYING, LAST]
    ]


def test_quiet_gets_nothing() -> None:
    assert told(io.StringIO(), verbosity=-1) == []
    assert told(Terminal(), verbosity=-1) == []


# ── the bar ──────────────────────────────────────────────────────────────────────────────────────


class Time:
    """Passes when it is told to: a wait ends then, or with what is waited for."""

    def __init__(self) -> None:
        self.waits: list[float] = []
        self._is_waited = threading.Semaphore(0)
        self._passes = threading.Semaphore(0)

    def __call__(self, event: threading.Event, seconds: float) -> bool:
        self.waits.append(seconds)
        self._is_waited.release()
        while not event.is_set():
            if self._passes.acquire(timeout=0.01):
                return False
        return True

    def passes(self) -> None:
        """Lets one wait come to its end, and returns when there is a next one."""
        assert self._is_waited.acquire(timeout=120)
        self._passes.release()
        # Whatever it led to has been done when the next wait has begun; that one is for next time.
        assert self._is_waited.acquire(timeout=120)
        self._is_waited.release()


def bar_of(folder: Path, time: Time, *rounds: tuple[Event, ...], columns: int = 100) -> str:
    """What a terminal is shown of a mint of two, when some time passes after each round."""
    plan = desk(folder, ["clinic", "kiosk"]).plan()
    stream = Terminal()
    environ = {"COLUMNS": str(columns)}
    world = World(io.StringIO(), io.StringIO(), stream, environ, folder, lambda: NOW)
    with Progress(world, wait=time) as progress:
        progress(Started(plan))
        for events in rounds:
            for event in events:
                progress(event)
            time.passes()
        for event in (SessionMinted("clinic", int(NOW)), SessionMinted("kiosk", int(NOW))):
            progress(event)
    return re.sub(r"\x1b\[\d*m", "", stream.getvalue())


def test_a_terminal_is_shown_nothing_of_what_is_quick(tmp_path: Path) -> None:
    time = Time()
    assert bar_of(tmp_path, time) == ""
    assert time.waits == [1.0]


def test_a_terminal_is_shown_a_bar_of_what_takes_longer(tmp_path: Path) -> None:
    time = Time()
    minted = SessionMinted("clinic", int(NOW))
    failed = SessionFailed("kiosk", Problem(MINT_QUOTA, None, {"status": 429, "said": "no money"}))
    waits = Waiting("429 slow down", 3, None)
    told = bar_of(tmp_path, time, (), (minted,), (), (failed, waits))
    assert told.split("\r\x1b[K") == [
        "",
        f"2 to mint ╺{'─' * 29} 0/2",
        f"2 to mint {'━' * 15}╺{'─' * 14} 1/2",
        # Nothing has changed since, so nothing is drawn anew. At the end nothing is left of it.
        f"2 to mint {'━' * 30} 2/2   1 failed   waiting 3 s: 429 slow down",
        "",
    ]
    assert time.waits == [1.0, 0.1, 0.1, 0.1, 0.1]


def test_the_bar_is_as_short_as_the_terminal_is_narrow(tmp_path: Path) -> None:
    told = bar_of(tmp_path, Time(), (), columns=24)
    assert told.split("\r\x1b[K") == ["", f"2 to mint ╺{'─' * 8} 0/2", ""]
