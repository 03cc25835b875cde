"""Sinks as other packages could bring them, offered by an entry point that a test puts in place.

They keep what happens to them in `strange.txt`, in the project's folder.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import ClassVar

from pydantic import BaseModel

from voxmint.engine.ledger.ledger import Ledger
from voxmint.engine.sinks.contract import Change, Sink, SinkOutcome, Staged
from voxmint.problems import Problem


class Options(BaseModel):
    """`fails` is the step that goes wrong."""

    fails: str = ""


class StrangeSink(Sink):
    """Holds nothing; fails where it is told to, with an error that tells a secret."""

    # Before `dotenv` in the order in which sinks are switched over.
    kind: ClassVar[str] = "curious"
    Options: ClassVar[type[BaseModel]] = Options

    @property
    def target(self) -> str:
        return "nowhere"

    def preflight(self) -> Iterator[Problem]:
        return iter(())

    def holds(self) -> frozenset[str]:
        return frozenset(self.around.profiles)

    def stage(self, change: Change) -> Staged:
        return StrangeStaged(self, change)

    def step(self, name: str, change: Change) -> None:
        with Path(self.around.project, "strange.txt").open("a") as file:
            file.write(f"{name} {' '.join(self.claimed())}".strip() + "\n")
        if self.options.fails == name:
            raise KeyError(change.deliveries[0].token.reveal())

    def claimed(self) -> list[str]:
        """The profiles whose names the ledger says are in an env file, or about to be."""
        with Ledger.open(self.around.state.ledger, readonly=True) as ledger:
            return [receipt.profile for receipt in ledger.receipts(self.around.environment)]


class StrangeStaged(Staged):
    """A change of a strange sink."""

    def __init__(self, sink: StrangeSink, change: Change) -> None:
        self._sink = sink
        self._change = change
        sink.step("stage", change)

    def read_back(self) -> None:
        self._sink.step("read", self._change)

    def switch(self) -> Mapping[str, SinkOutcome]:
        self._sink.step("switch", self._change)
        return {one.profile: SinkOutcome.WRITTEN for one in self._change.deliveries}

    def discard(self) -> None:
        """There is nothing to take back."""


def offer(packages: Path) -> None:
    """Makes a package's metadata that offers them, as an installed one has."""
    folder = packages / "strange_sinks-1.dist-info"
    folder.mkdir(parents=True)
    (folder / "METADATA").write_text("Name: strange-sinks\nVersion: 1\n")
    (folder / "entry_points.txt").write_text(
        "[voxmint.sinks]\ncurious = tests.engine.strange_sinks:StrangeSink\n"
    )
