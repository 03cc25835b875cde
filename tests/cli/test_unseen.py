"""Tokens that nobody has are told in a line a group, not in one each."""

from pathlib import Path

import pytest

from tests.cli.running import ran
from tests.engine.mints import NOW, desk
from tests.engine.worlds import environ
from voxmint.engine.ledger.ledger import Intent, Ledger

SAID = {
    "clinic, lobby": "a token of each that nobody has may live until 08:05 (in 5 min)",
    "ward": "2 tokens that nobody has may live until 08:06 (in 6 min 40 s)",
}


@pytest.mark.parametrize(
    ("command", "beside"),
    [
        ("plan -e live", "   "),
        ("status -e live", ": "),
        ("purge -e live --dry-run", "   "),
        ("mint -e live", "   "),
    ],
)
def test_in_groups(tmp_path: Path, command: str, beside: str) -> None:
    made = desk(tmp_path, ["clinic", "lobby", "ward"])
    made.mint()
    ends = {"clinic": [300], "lobby": [200], "ward": [100, 400]}
    with Ledger.open(made.root / ".voxmint/ledger.db") as ledger:
        for profile, its_ends in ends.items():
            later = (int(NOW) + end for end in its_ends)
            ledger.intend("live", [Intent(profile, "digest", NOW, one) for one in later])
    found = ran(made.root, *command.split(), environ=environ(tmp_path)).out
    lines = [line for line in found.splitlines() if "unseen" in line]
    assert len(lines) == len(SAID)
    for (who, said), line in zip(SAID.items(), lines, strict=True):
        assert who in line
        assert line.endswith(beside + said)
