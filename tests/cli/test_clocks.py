"""How far away an expiry is said to be, where the service's clock is not this machine's."""

from pathlib import Path

import pytest

from tests.cli.running import Ran, ran
from tests.engine.mints import Desk, against, at_clock, desk
from tests.engine.scripted import Scripted
from tests.engine.worlds import environ

COMMANDS = (
    "plan -e live",
    "status -e live",
    "status -e live -v",
    "purge -e live --dry-run",
    "purge -e live --yes",
    "try clinic -e live",
)


def run(made: Desk, command: str) -> Ran:
    variables = environ(made.root.parent) | made.environ
    found = ran(made.root, *command.split(), environ=variables)
    # Of a clock that is behind, a second less is measured than it may be.
    return found._replace(out=found.out.replace("in 9 min 59 s", "in 10 min"))


@pytest.mark.parametrize(
    ("ahead", "expected"),
    [(300, "08:15 (in 10 min)"), (-3000, "07:20 (in 10 min)"), (0, "08:10 (in 10 min)")],
)
def test_what_is_left_is_counted_by_the_services_clock(
    tmp_path: Path, ahead: float, expected: str
) -> None:
    made = desk(tmp_path, ["clinic", "ward"])
    with Scripted(at_clock(ahead)) as server:
        against(server, made)
        minted = run(made, "mint -e live")
        others = {command: run(made, command) for command in COMMANDS}
    assert f"the first of these tokens expires at {expected}" in minted.out
    for command, found in others.items():
        assert expected in found.out, f"{command}: {found}"
        assert " ago)" not in found.out, f"{command}: {found}"
