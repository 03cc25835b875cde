"""What a mint says at its end of what went wrong."""

import io
from pathlib import Path

import pytest

from tests.engine.mints import NOW, desk
from voxmint.cli.formats.report_text import write_failures
from voxmint.cli.world import World
from voxmint.engine.plan import Action
from voxmint.engine.report import Outcome, Report, Result
from voxmint.engine.wording import FILE_UNWRITABLE, MINT_REFUSED
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
