"""What sinks have in common that hand values on and keep nothing: a job's files, a stream.

They can only be added to, so that nothing is ever taken out, and what they once had is not known.
They are written only where the operator asks for them by name.
"""

from abc import abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, ClassVar

from voxmint.engine.failures import failure
from voxmint.engine.sinks import variables
from voxmint.engine.sinks.contract import (
    Change,
    Delivery,
    Receipt,
    Sink,
    SinkOutcome,
    Staged,
    Surroundings,
    is_led_into_file,
)
from voxmint.engine.sinks.naming import bad_names, clashes, variable_names
from voxmint.engine.sinks.values import written_values
from voxmint.engine.wording import SINK_MASKLESS, SINK_VALUE_UNFIT
from voxmint.problems import Problem, ProblemsError
from voxmint.secret import Secret

if TYPE_CHECKING:
    from voxmint.engine.sinks.stream_options import VariableOptions


class PassingSink(Sink):
    """A sink that hands values on."""

    is_only_by_name: ClassVar[bool] = True

    def __init__(self, options: "VariableOptions", around: Surroundings) -> None:
        super().__init__(options, around)
        self.options: VariableOptions = options
        self._passed: dict[str, Secret] = {}

    @abstractmethod
    def text_of(self, profile: str, values: Mapping[str, str | int]) -> str:
        """What is added for a profile."""

    @abstractmethod
    def add(self, text: str) -> None:
        """Add the text, all of it or nothing; `ProblemsError` where that fails."""

    @property
    def is_in_job(self) -> bool:
        """Whether this is a step of a GitHub job, whose log is to hide the tokens."""
        return self.around.environ.get("GITHUB_ACTIONS") == "true"

    def names_of(self, profile: str) -> dict[str, str]:
        """The variable of each value that is written of a profile."""
        options = self.options
        return variable_names(profile, options.names, options.values, options.prefix)

    def flaws(self) -> Iterator[Problem]:
        own = [(one, tuple(self.names_of(one).values())) for one in self.around.profiles]
        for profile, names in own:
            yield from bad_names(self, profile, names)
        yield from clashes(self, own)

    def preflight(self) -> Iterator[Problem]:
        yield from self.flaws()
        if self.is_in_job and (reason := self._maskless()):
            yield Problem(SINK_MASKLESS, self.around.at, {"reason": reason})

    def _maskless(self) -> str | None:
        """Why the job's log could not be told what to hide."""
        console = self.around.console
        if console is None:
            return "nobody gave this run a stream to say so on"
        if is_led_into_file(console.stderr):
            return "standard error, which says so, was led into a file"
        return None

    def holds(self) -> frozenset[str]:
        """Nothing that is known: what was handed on is with somebody else."""
        return frozenset()

    def stage(self, change: Change) -> Staged:
        return _StagedText(self, change)

    def values_of(self, delivery: Delivery) -> dict[str, str | int]:
        """What a delivery adds; `ProblemsError` where a value cannot be written."""
        values = written_values(delivery, self.names_of(delivery.profile))
        for name, value in values.items():
            if not variables.is_plain(str(value)):
                raise failure(SINK_VALUE_UNFIT, name=name)
        return values

    def is_passed(self, delivery: Delivery) -> bool:
        """Whether this run has handed on the very token before."""
        return self._passed.get(delivery.profile) == delivery.token

    def hand_on(self, deliveries: Sequence[Delivery]) -> None:
        """Hand on these, and first have GitHub's log hide their tokens."""
        self._mask(deliveries)
        values = {one.profile: self.values_of(one) for one in deliveries}
        self.add("".join(map(self.text_of, values, values.values())))
        self._passed |= {one.profile: one.token for one in deliveries}

    def _mask(self, deliveries: Sequence[Delivery]) -> None:
        console = self.around.console
        if not (self.is_in_job and console):
            return
        for delivery in deliveries:
            # It reads commands from both streams; data stays alone on the other one.
            console.stderr.write(f"::add-mask::{delivery.token.reveal()}\n")
        console.stderr.flush()


class _StagedText(Staged):
    """What is about to be added."""

    def __init__(self, sink: PassingSink, change: Change) -> None:
        self._sink = sink
        self._change = change
        refused: dict[str, Problem] = {}
        receipts: list[Receipt] = []
        for delivery in change.deliveries:
            try:
                names = tuple(sink.values_of(delivery))
            except ProblemsError as error:
                refused[delivery.profile] = error.problems[0]
            else:
                receipts.append(Receipt(delivery.profile, sink.kind, sink.address, names))
        self.refused = refused
        self.receipts = tuple(receipts)
        sound = [one for one in change.deliveries if one.profile not in refused]
        self._known = [one for one in sound if sink.is_passed(one)]
        self._new = [one for one in sound if not sink.is_passed(one)]

    def read_back(self) -> None:
        """Nothing lies anywhere yet: what was added can only be looked at where it is read."""

    def switch(self) -> Mapping[str, SinkOutcome]:
        if self._new:
            self._sink.hand_on(self._new)
        return {
            **dict.fromkeys(sorted(self._change.remove), SinkOutcome.REMOVED),
            **{one.profile: SinkOutcome.UNCHANGED for one in self._known},
            **{one.profile: SinkOutcome.WRITTEN for one in self._new},
            **dict.fromkeys(self.refused, SinkOutcome.FAILED),
        }

    def discard(self) -> None:
        """There is nothing to take back."""
