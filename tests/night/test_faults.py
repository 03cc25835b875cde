"""Every fault of the emulator, in the middle of a mint: what comes of it, all of it, in one table.

`a` has a token from before, `b` is struck, and `c` comes after it.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from syrupy.assertion import SnapshotAssertion

from tests.engine.mints import QUICK, Brief, outcomes
from tests.engine.worlds import touched
from tests.night.nights import Night, named, night, private, untidy
from voxmint.engine.emulator.effects import KINDS
from voxmint.engine.report import Report

GOES_ON = "minted"
ENDS = "skipped"
LIFETIME = 600


class Case(NamedTuple):
    """What a fault comes to.

    `b` and `c` are what becomes of the two profiles. Of the requests that left, `sent` in all, the
    emulator answered `tokens` by minting; `unseen` is how many tokens the report says may live
    though nobody has them.
    """

    b: str
    c: str
    exit_code: int
    sent: int
    tokens: int
    unseen: int


def healed(unseen: int = 0, tokens: int = 2) -> Case:
    """Struck once, and minted after that."""
    return Case("minted", GOES_ON, 0, 3, tokens, unseen)


PASSED_OVER = Case("minted", GOES_ON, 0, 2, 2, 0)
"""Nothing that matters to a mint."""
REFUSED = Case("failed", GOES_ON, 3, 2, 1, 0)
"""Once, since waiting does not heal it."""
REFUSED_ALWAYS = Case("failed", GOES_ON, 3, 6, 1, 0)
"""As often as a profile may be tried, five times."""
FOR_ALL = Case("failed", ENDS, 1, 1, 0, 0)
"""Once, and then nothing else is tried."""
SPOILED = Case("failed", GOES_ON, 3, 2, 2, 1)
"""A 200 is never asked for again: its token is lost, and lives."""
UNANSWERED = Case("failed", GOES_ON, 3, 3, 3, 2)
"""Twice, and a token of each may live."""

MATRIX = {
    # ── refusals that waiting does not heal
    "400": REFUSED,
    "400:should-retry=true": REFUSED,
    "400:retry-after=0": REFUSED,
    "403": REFUSED,
    "401": FOR_ALL,
    "401:should-retry=true": FOR_ALL,
    "wrong-project": FOR_ALL,
    "quota": FOR_ALL,
    "quota:credit_balance_exhausted": FOR_ALL,
    "redirect": REFUSED,
    "redirect:https://elsewhere.example/v1": REFUSED,
    "html:403": REFUSED,
    "html:404": FOR_ALL,
    # ── those that it heals, for good and not
    **dict.fromkeys(("408", "409", "429", "500", "503"), REFUSED_ALWAYS),
    **{f"{status}@times=1": healed() for status in (408, 409, 429, 500, 503)},
    # A gateway's word that nobody answered it: that may be repeated once.
    "502": Case("failed", GOES_ON, 3, 3, 1, 2),
    "504": Case("failed", GOES_ON, 3, 3, 1, 2),
    "502@times=1": healed(unseen=1),
    "504@times=1": healed(unseen=1),
    "html:502@times=1": healed(unseen=1),
    "html:503@times=1": healed(),
    "quota:rate_limit_exceeded@times=1": healed(),
    "429:retry-after=0@times=1": healed(),
    "429:retry-after-ms=10@times=1": healed(),
    "429:retry-after-date=0@times=1": healed(),
    "503:retry-after-date=-30@times=1": healed(),
    "503:retry-after=soon@times=1": healed(),
    "503:retry-after=-1@times=1": healed(),
    "503:should-retry=true@times=1": healed(),
    "503:should-retry=false": REFUSED,
    "429:should-retry=false": REFUSED,
    # It asks for more than the run's time, and what it asks for holds for all.
    "503:retry-after=3600": FOR_ALL,
    "429:retry-after-ms=3600000": FOR_ALL,
    # ── the connection
    "reset:before-mint": Case("failed", GOES_ON, 3, 3, 1, 2),
    "reset:before-mint@times=1": healed(unseen=1),
    "reset": UNANSWERED,
    "reset@times=1": healed(unseen=1, tokens=3),
    "reset:before-answer": UNANSWERED,
    "reset:in-answer": SPOILED,
    "reset:after-answer": PASSED_OVER,
    "closed-early": SPOILED,
    "garbage": UNANSWERED,
    "garbage@times=1": healed(unseen=1, tokens=3),
    "late:0.05": PASSED_OVER,
    "late:60": UNANSWERED,
    "late:60@times=1": healed(unseen=1, tokens=3),
    "slow-headers:0.05": PASSED_OVER,
    "slow-headers:60": UNANSWERED,
    "slow-body:0.05": PASSED_OVER,
    "slow-body:60": SPOILED,
    # ── what is in the answer
    "html": SPOILED,
    "truncated-json": SPOILED,
    "truncated-json:0": SPOILED,
    "truncated-json:1": SPOILED,
    "content-type": PASSED_OVER,
    "content-type:text/html": PASSED_OVER,
    "null-secret": SPOILED,
    "missing": SPOILED,
    "missing:value": SPOILED,
    "missing:expires_at": SPOILED,
    "expired": SPOILED,
    "expired:0": SPOILED,
    "clock:120": PASSED_OVER,
    "clock:-120": PASSED_OVER,
    "huge": SPOILED,
    "huge:10": PASSED_OVER,
    "huge:900000": PASSED_OVER,
}
"""Every fault, in every form that makes a difference."""

SLOW = {"late:60": 3, "late:60@times=1": 1, "slow-headers:60": 3, "slow-body:60": 1}
"""Those of which a run waits for the end of its patience, and the number of the last request with
which it does: `c` may come between the two of `b`."""

ENDS_THE_CONNECTION = {"reset:after-answer"}
"""Those after which nobody knows whether the next request there meets the end before it leaves or
after; so the next one has a connection of its own. `test_wire` has the other case."""


def test_every_kind_is_there() -> None:
    assert {fault.partition("@")[0].partition(":")[0] for fault in MATRIX} == set(KINDS)


def _by_speed(faults: Iterable[str]) -> Iterator[Any]:
    """The first form of each kind is tried every day, the others where there is time."""
    kinds: set[str] = set()
    for fault in faults:
        kind = fault.partition("@")[0].partition(":")[0]
        yield pytest.param(fault, marks=[pytest.mark.slow] if kind in kinds else [])
        kinds.add(kind)


@pytest.mark.parametrize("fault", list(_by_speed(MATRIX)))
def test_a_fault(tmp_path: Path, fault: str, snapshot: SnapshotAssertion) -> None:
    assert struck(tmp_path, fault, "client_secrets") == snapshot


@pytest.mark.slow
@pytest.mark.parametrize("fault", MATRIX)
def test_a_fault_at_the_flat_endpoint(tmp_path: Path, fault: str) -> None:
    struck(tmp_path, fault, "transcription_sessions")


def struck(tmp_path: Path, fault: str, api: str) -> str:
    """Mints while the fault strikes, checks all that comes of it, and gives what was said."""
    expected = MATRIX[fault]
    at_once = 2 if fault in ENDS_THE_CONNECTION else 1
    more = f"mint: {{concurrency: {at_once}, timeout: {time_of_a_run(fault)}}}\n"
    with night(tmp_path, more=more, api=api) as made:
        desk = made.desk
        assert desk.mint("a").exit_code == 0
        before = desk.env_file.read_bytes()
        made.strike(only_b(fault))
        if fault in SLOW:
            desk.patience = replace(QUICK, request=Brief(4.0, SLOW[fault]))
        report = desk.mint()
        counted = made.counts

        found = outcomes(report)
        assert list(found) == ["a", "b", "c"]
        assert Case(
            found["b"], found["c"], report.exit_code, counted["requests"], counted["minted"],
            len(report.unseen),
        ) == expected  # fmt: skip
        assert report.requests == counted["requests"]
        check_files(made, report, before, desk.now + time_of_a_run(fault))
        check_what_follows(made, report)
        return made.said(report)


def time_of_a_run(fault: str) -> int:
    """Seconds: plenty, and where it matters fewer than the service asks to wait."""
    return 50 if "=3600" in fault else 1000


def only_b(fault: str) -> str:
    return f"{fault}{',' if '@' in fault else '@'}profile=b"


def check_files(made: Night, report: Report, before: bytes, end: float) -> None:
    """That the env file and the ledger say what the report does of a run that ends then."""
    desk = made.desk
    minted = {name for name, outcome in outcomes(report).items() if outcome == "minted"}
    assert outcomes(report)["a"] == "kept"
    assert named(desk) == {"a"} | minted
    # What was there is there still, byte for byte; of what is untouched, the file as a whole.
    assert desk.env_file.read_bytes().startswith(before)
    assert minted or desk.env_file.read_bytes() == before
    assert private(desk.env_file)
    assert untidy(desk.root) == []
    assert set(desk.sessions) == {"a"} | minted
    assert all(record.sinks for record in desk.sessions.values())
    assert desk.open_intents == [one.profile for one in report.unseen]
    # None of them lives longer than the report says: the run's time and the token's.
    latest = end + LIFETIME + 1
    assert all(desk.now + LIFETIME <= one.last_expiry <= latest for one in report.unseen)


def check_what_follows(made: Night, report: Report) -> None:
    """That the next run, once all is well, carries on: it mints what is missing and no more."""
    desk = made.desk
    made.heal()
    made.strike()
    after = desk.mint()
    missing = {result.profile for result in report.bad}
    assert set(outcomes(after).values()) <= {"minted", "kept"}
    assert {name for name, one in outcomes(after).items() if one == "minted"} == missing
    assert made.counts["requests"] == len(missing)
    assert named(desk) == {"a", "b", "c"}
    # It still names what may live unseen.
    assert after.unseen == report.unseen
    written = touched(desk.env_file)
    assert set(outcomes(desk.mint()).values()) == {"kept"}
    assert touched(desk.env_file) == written
    desk.now = max((one.last_expiry for one in report.unseen), default=0) + 1
    assert desk.plan().unseen == ()
