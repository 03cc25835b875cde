"""What a sink of another package should not raise is told as its mistake, and shows no secret."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import ClassVar

import pytest
from pydantic import BaseModel

from tests.engine.sinks.test_contract import Dotenv
from tests.engine.worlds import problem_of
from voxmint.engine.ledger.ledger import Ledger
from voxmint.engine.minting.delivery import Deliverer
from voxmint.engine.sinks.blaming import held_by
from voxmint.engine.sinks.contract import Change, Sink, SinkOutcome, Staged, preflight
from voxmint.problems import Problem, ProblemsError
from voxmint.testing.sink_contract import WRITTEN, session, sink_in


class Options(BaseModel):
    fails: str
    leaves: bool = False


class Theirs(Sink):
    kind: ClassVar[str] = "theirs"
    Options: ClassVar[type[BaseModel]] = Options

    @property
    def target(self) -> str:
        return "their place"

    def step(self, name: str) -> None:
        if self.options.fails == name:
            raise (SystemExit if self.options.leaves else KeyError)("ek_canary_1")

    def preflight(self) -> Iterator[Problem]:
        self.step("preflight")
        return iter(())

    def holds(self) -> frozenset[str]:
        self.step("holds")
        return frozenset()

    def stage(self, change: Change) -> Staged:
        return TheirStaged(self, change)


class TheirStaged(Staged):
    def __init__(self, sink: Theirs, change: Change) -> None:
        self._sink = sink
        self._change = change

    def read_back(self) -> None:
        """There is nothing to read."""

    def switch(self) -> Mapping[str, SinkOutcome]:
        return {one.profile: WRITTEN for one in self._change.deliveries}

    def discard(self) -> None:
        self._sink.step("discard")


def theirs(folder: Path, fails: str, *, leaves: bool = False) -> Sink:
    return sink_in(folder, Theirs, {"fails": fails, "leaves": leaves}, "clinic")


BROKEN = "the sink `theirs` failed in a way that it should not: KeyError"


def test_before_anything_is_written(tmp_path: Path) -> None:
    with pytest.raises(ProblemsError) as error:
        list(preflight([theirs(tmp_path, "preflight")]))
    assert problem_of(error).message == BROKEN
    with pytest.raises(ProblemsError) as error:
        held_by(theirs(tmp_path, "holds"))
    assert problem_of(error).message == BROKEN


def test_it_cannot_end_the_run(tmp_path: Path) -> None:
    with pytest.raises(ProblemsError) as error:
        held_by(theirs(tmp_path, "holds", leaves=True))
    assert problem_of(error).message == BROKEN.replace("KeyError", "SystemExit")


def test_a_mistake_of_voxmints_own_is_not_told_as_a_sinks(tmp_path: Path) -> None:
    class Broken(Dotenv):
        def sink(self, *profiles: str) -> Sink:
            made = super().sink(*profiles)
            vars(made)["options"] = None
            return made

    with pytest.raises(AttributeError):
        held_by(Broken(tmp_path, path=".env.x").sink("clinic"))


def test_what_it_raises_when_all_is_done_costs_no_report(tmp_path: Path) -> None:
    with Ledger.open(tmp_path / "ledger.db") as ledger:
        deliverer = Deliverer(ledger, "production", [theirs(tmp_path, "discard")])
        [delivered] = deliverer.deliver([session("clinic")])
    assert delivered.outcomes == {"clinic": WRITTEN}
