"""What each event of a run becomes, on a terminal and elsewhere."""

import io
from pathlib import Path

from tests.cli.running import NOW, Terminal
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


def test_a_terminal_gets_only_what_the_bar_does_not_show() -> None:
    assert told(Terminal()) == [
        line.replace("warning", "\x1b[33mwarning\x1b[0m").replace("note", "\x1b[36mnote\x1b[0m", 1)
        for line in [*STAYING, LAST]
    ]


def test_quiet_gets_nothing() -> None:
    assert told(io.StringIO(), verbosity=-1) == []
    assert told(Terminal(), verbosity=-1) == []
