"""What a mint says at its end of what went wrong."""

import io
from pathlib import Path

import pytest

from tests.engine.mints import NOW, desk
from voxmint.cli.formats.report_text import write_failures
from voxmint.cli.world import World
from voxmint.engine.plan import Action
from voxmint.engine.report import Outcome, Report, Result, SinkResult
from voxmint.engine.sinks.contract import SinkOutcome
from voxmint.engine.wording import FILE_UNWRITABLE, LEDGER_BEHIND, MINT_REFUSED
from voxmint.problems import Kind, Problem

FACTS = {"path": ".env.live", "reason": "no room", "status": 400, "said": "no"}


@pytest.mark.parametrize(
    ("outcome", "kind", "is_asked"),
    [(Outcome.FAILED, MINT_REFUSED, True), (Outcome.UNWRITTEN, FILE_UNWRITABLE, False)],
)
def test_the_services_id_stands_only_behind_what_the_service_says(
    tmp_path: Path, outcome: Outcome, kind: Kind, is_asked: bool
) -> None:
    result = Result(
        "clinic",
        Action.MINT,
        "no token yet",
        outcome,
        request_id="req_7",
        problem=Problem(kind, facts=FACTS),
    )
    stream = io.StringIO()
    world = World(io.StringIO(), stream, io.StringIO(), {}, tmp_path, lambda: NOW)
    write_failures(world.out, Report("live", desk(tmp_path).plan().target, (result,)), world)
    assert f"{outcome}" in stream.getvalue()
    assert ("(request req_7)" in stream.getvalue()) is is_asked


def test_a_sink_that_the_ledger_does_not_know_of_is_not_said_to_have_the_old_one(
    tmp_path: Path,
) -> None:
    problem = Problem(LEDGER_BEHIND, facts={"target": ".env.b", "said": "no room"})
    sinks = (
        SinkResult("dotenv", ".env.a", SinkOutcome.WRITTEN, address=".env.a"),
        SinkResult("dotenv", ".env.b", SinkOutcome.FAILED, problem, address=".env.b"),
    )
    result = Result("clinic", Action.MINT, "new", Outcome.UNWRITTEN, sinks=sinks, problem=problem)
    stream = io.StringIO()
    world = World(io.StringIO(), stream, io.StringIO(), {}, tmp_path, lambda: NOW)
    write_failures(world.out, Report("live", desk(tmp_path).plan().target, (result,)), world)
    assert "`.env.b` was changed, and the ledger could not be told: no room" in stream.getvalue()
    assert "the old one" not in stream.getvalue()
