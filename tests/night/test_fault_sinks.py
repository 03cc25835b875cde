"""The emulator's faults, and what is in each sink that writes files: all say what the report says.

The first profile has a token from before, the second is struck, and the third comes after it. What
is said, and how often is asked, stands in `test_faults.py`.
"""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from tests.engine.mints import QUICK, Brief, Desk, outcomes
from tests.night.forms import FORMS, Held
from tests.night.nights import night, untidy
from tests.night.test_faults import MATRIX, SLOW, time_of_a_run
from voxmint.engine.report import Report

FIRST, STRUCK, LAST = WARDS = ("ward-00", "ward-01", "ward-02")
KINDS = ("json", "yaml", "directory")
EVERY_DAY = {"reset:in-answer", "502@times=1"}
"""One that leaves a hole, and one that heals."""


@pytest.mark.parametrize(
    "fault",
    [pytest.param(one, marks=[] if one in EVERY_DAY else [pytest.mark.slow]) for one in MATRIX],
)
def test_a_fault_leaves_all_sinks_right(tmp_path: Path, fault: str) -> None:
    forms = [FORMS[kind] for kind in KINDS]
    sinks = ", ".join(f"{{kind: {one.kind}, {one.settings}}}" for one in forms)
    more = f"sinks: [{sinks}]\nmint: {{concurrency: 1, timeout: {time_of_a_run(fault)}}}\n"
    with night(tmp_path, WARDS, more, api="client_secrets") as made:
        desk = made.desk
        desk.write(".gitignore", "*\n")
        for form in forms:
            for name, text in form.foreign.items():
                desk.write(name, text)
        assert desk.mint(FIRST).exit_code == 0
        before = contents(desk)
        made.strike(f"{fault}{',' if '@' in fault else '@'}profile={STRUCK}")
        if fault in SLOW:
            desk.patience = replace(QUICK, request=Brief(4.0, SLOW[fault]))
        report = desk.mint()
        found = outcomes(report)
        expected = MATRIX[fault]
        assert (found[STRUCK], found[LAST], report.exit_code) == expected[:3]
        check_sinks(desk, report)
        if "minted" not in found.values():
            assert contents(desk) == before

        made.heal()
        after = desk.mint()
        check_sinks(desk, after)
        assert set(held(desk)) == {*WARDS}
        before = contents(desk)
        assert set(outcomes(desk.mint()).values()) == {"kept"}
        assert contents(desk) == before


def held(desk: Desk) -> Mapping[str, Held]:
    """What each sink holds, which is the same in all of them."""
    first, *others = (FORMS[kind].read(desk.root) for kind in KINDS)
    for other in others:
        assert other == first
    return first


def check_sinks(desk: Desk, report: Report) -> None:
    """That sinks and ledger hold what the report says, as a whole, and that all is tidy."""
    good = {result.profile: result for result in report.results if result.is_good}
    found, sessions = held(desk), desk.sessions
    assert set(found) == set(good) == set(sessions)
    for name, one in found.items():
        assert one.token
        assert (one.session_id, one.expires_at) == (good[name].session_id, good[name].expires_at)
        assert (one.session_id, one.expires_at) == (
            sessions[name].session_id,
            sessions[name].expires_at,
        )
        assert {kind for kind, _ in sessions[name].sinks} == {*KINDS}
    assert untidy(desk.root) == []
    assert desk.open_intents == [one.profile for one in report.unseen]


def contents(desk: Desk) -> Mapping[str, tuple[int, bytes | str]]:
    """All that lies in the sinks, and when it was written: nothing is touched in vain."""
    paths = [desk.root / "tokens.json", desk.root / "tokens.yaml", *desk.root.glob("tokens/**/*")]
    return {
        str(path): (
            path.lstat().st_mtime_ns,
            str(path.readlink()) if path.is_symlink() else path.read_bytes(),
        )
        for path in paths
        if path.is_symlink() or path.is_file()
    }
