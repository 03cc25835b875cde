"""Why something is taken out of a sink: its profile is gone, or the sink is no longer for it."""

import json
import re
from pathlib import Path

from tests.cli.running import Ran, ran
from tests.engine.mints import Desk, desk
from tests.engine.worlds import environ
from voxmint.cli.formats.leftovers import leftovers
from voxmint.engine.plan import Misplaced

SINKS = """\
sinks:
  - {kind: dotenv, path: .env.live}
  - {kind: json, path: .env.gold, where: {labels: {tier: gold}}}
"""


def at(folder: Path) -> Desk:
    made = desk(folder, more=SINKS)
    for name in ("clinic", "kiosk", "lobby", "ward"):
        label(made, name, "gold")
    made.mint()
    return made


def label(made: Desk, profile: str, tier: str) -> None:
    made.write(f"profiles/{profile}.yaml", f"extends: base\nlabels: {{tier: {tier}}}\n")


def run(made: Desk, command: str) -> Ran:
    found = ran(made.root, *command.split(), environ=environ(made.root.parent))
    return found._replace(out=re.sub(" +", " ", found.out))


def test_the_true_reason_is_said(tmp_path: Path) -> None:
    made = at(tmp_path)
    label(made, "kiosk", "silver")
    label(made, "lobby", "silver")
    (made.root / "profiles/ward.yaml").unlink()
    planned = run(made, "plan -e live").out
    assert "prune 1 ward no longer in live\n" in planned
    assert "prune 2 kiosk, lobby `.env.gold` is no longer for them\n" in planned
    status = run(made, "status -e live --detailed-exitcode")
    assert status.code == 2
    assert "to prune: kiosk, lobby: `.env.gold` is no longer for them\n" in status.out
    # Their tokens are where they are to be.
    assert "live 3 clinic, kiosk, lobby expire" in status.out
    assert "unknown 1 ward no longer in live; the next mint" in status.out
    minted = run(made, "mint -e live").out
    assert "pruned ward no longer in live\n" in minted
    assert "pruned kiosk, lobby `.env.gold` is no longer for them\n" in minted
    assert run(made, "status -e live --detailed-exitcode").code == 0
    assert list(json.loads((made.root / ".env.gold").read_text())) == ["clinic"]


def test_two_sinks_of_one_name_are_told_apart() -> None:
    both = [
        Misplaced("kiosk", kind, "voxmint/{profile}", f"{kind} voxmint/{{profile}}")
        for kind in ("aws-secretsmanager", "vault")
    ]
    assert list(leftovers((), both, "live")) == [
        (["kiosk"], "`aws-secretsmanager voxmint/{profile}` is no longer for it"),
        (["kiosk"], "`vault voxmint/{profile}` is no longer for it"),
    ]


def test_programs_are_told_which_sink_it_is(tmp_path: Path) -> None:
    made = at(tmp_path)
    label(made, "kiosk", "silver")
    misplaced = [{"profile": "kiosk", "kind": "json", "target": ".env.gold"}]
    status = json.loads(run(made, "status -e live -o json").out)
    assert status["environments"][0]["misplaced"] == misplaced
    for command in ("plan", "mint"):
        found = json.loads(run(made, f"{command} -e live -o json").out)
        assert (found["pruned"], found["misplaced"]) == (["kiosk"], misplaced)
