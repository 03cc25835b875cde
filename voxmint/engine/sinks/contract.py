"""What a sink is: a destination that tokens are written to, in two phases.

A sink is checked by `preflight` before the first mint, so that nothing is minted that it cannot
keep. A write is then staged, read back, and switched over; with several sinks, all are staged and
read back before the first is switched, so that a failure until then leaves every one as it was.

    with sink.locked(), sink.stage(change) as staged:
        staged.read_back()
        outcomes = staged.switch()

A sink touches only what is voxmint's. What that is it learns from receipts, which the ledger keeps;
it never guesses from what a name looks like.

`voxmint.testing.sink_contract` holds all of this against a sink, also against one of another
package.
"""

import os
import stat
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from enum import StrEnum
from importlib import import_module
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple, Protocol, Self, TextIO

from voxmint.engine.sinks.blaming import blamed_on_others
from voxmint.engine.wording import SINK_DUPLICATE, SINK_UNUSED
from voxmint.origin import Origin
from voxmint.problems import Problem
from voxmint.secret import Secret

if TYPE_CHECKING:
    from pydantic import BaseModel

    from voxmint.engine.git import Absence, Repository
    from voxmint.engine.locks import Locks
    from voxmint.engine.state import StateFolder
    from voxmint.profiles.values import Scalar


class Delivery(NamedTuple):
    """A session on its way to a sink. `expires_at` is in Unix seconds.

    What is known beside the token is for sinks that can keep it beside a secret.
    """

    profile: str
    token: Secret
    expires_at: int
    session_id: str | None = None
    digest: str | None = None
    commit: str | None = None


class Receipt(NamedTuple):
    """What is voxmint's in a sink: the names under which it holds a profile's values."""

    profile: str
    kind: str
    target: str
    names: tuple[str, ...]


class Pending(NamedTuple):
    """A session that is staged in a sink, until it is known to be in place.

    `version` is what the sink knows the staged one by, and `before` the version that readers have
    until the switch. The ledger keeps both, so that a later run can finish what one began: neither
    says anything of the token.
    """

    profile: str
    kind: str
    target: str
    version: str
    before: str | None = None


class Session(Protocol):
    """What is known of a session without its token."""

    @property
    def profile(self) -> str: ...
    @property
    def expires_at(self) -> int: ...
    @property
    def session_id(self) -> str | None: ...
    @property
    def digest(self) -> str | None: ...
    @property
    def commit(self) -> str | None: ...


class Unfinished(NamedTuple):
    """A session that an earlier run staged in a sink, and did not note as switched over."""

    session: Session
    version: str
    before: str | None = None


class Change(NamedTuple):
    """What is to be different in a sink.

    `deliveries` are written, everything of the profiles in `remove` is taken out. `receipts` are
    what the sink holds of its environment so far, as far as the ledger knows, and `pending` what is
    staged of the profiles in `remove`; of both only those of this very sink count.
    """

    deliveries: tuple[Delivery, ...] = ()
    remove: frozenset[str] = frozenset()
    receipts: tuple[Receipt, ...] = ()
    pending: tuple[Pending, ...] = ()


class SinkOutcome(StrEnum):
    """What became of one profile in one sink.

    One that was to be taken out is `unchanged` where what is there is not voxmint's any more.
    """

    WRITTEN = "written"
    UNCHANGED = "unchanged"
    REMOVED = "removed"
    FAILED = "failed"


class Finished(NamedTuple):
    """What became of what an earlier run had staged, by profile.

    In `outcomes` are those that readers have now: just switched over, or in place before. Of those
    in `problems` nothing changed, and a later run may try again. The others have to be delivered
    anew: what was staged is gone, or somebody changed what it was to replace.
    """

    outcomes: Mapping[str, SinkOutcome] = MappingProxyType({})
    problems: Mapping[str, Problem] = MappingProxyType({})


class Console(NamedTuple):
    """The streams of the process that writes to sinks."""

    stdout: TextIO
    stderr: TextIO


def is_led_into_file(stream: TextIO) -> bool:
    """Whether a stream writes to a file, which keeps what a log would only have read."""
    try:
        return stat.S_ISREG(os.fstat(stream.fileno()).st_mode)
    except (OSError, ValueError):
        return False


class Surroundings(NamedTuple):
    """What a sink is given of the world.

    `profiles` are all of the environment that this sink is for, since the names of those that are
    not written now are taken too; `labels` are theirs, and `is_chosen` says that the sink's `where`
    left some out. `at` is where the environment's file says that there is this sink. `asked` are
    the kinds of sink that the operator asked for by name, `None` for a look at all that are listed.
    `folders` are the project's own files and
    folders, as far as they are known. `lifetimes` are how many seconds a token of each profile is
    asked to live, where that is known. `allow_hosts` are hosts that the operator names besides
    those in `environ`, and `adopts` says that what somebody else wrote in a store may be taken
    over.
    Without a `console` nothing can be printed.
    """

    project: Path
    environment: str
    profiles: tuple[str, ...]
    state: "StateFolder"
    locks: "Locks"
    git: "Callable[[Path], Repository | Absence]"
    allowed: tuple[Path, ...] = ()
    at: Origin | None = None
    labels: Mapping[str, Mapping[str, "Scalar"]] = MappingProxyType({})
    is_chosen: bool = False
    asked: frozenset[str] | None = frozenset()
    folders: tuple[str, ...] = ()
    environ: Mapping[str, str] = MappingProxyType({})
    console: Console | None = None
    lifetimes: Mapping[str, int] = MappingProxyType({})
    allow_hosts: tuple[str, ...] = ()
    adopts: bool = False

    def __repr__(self) -> str:
        # Without the variables of the machine, some of which are secrets.
        return f"Surroundings({str(self.project)!r}, {self.environment!r})"


class Staged(ABC):
    """A change that is ready and not yet in place; leaving its context takes it back.

    `receipts` are what the sink will hold of the profiles written, to be put into the ledger before
    the switch. `refused` are the profiles that this sink cannot hold, with the reason; the others
    go on without them. `pending` says how a later run finds what is staged, where the sink can
    `finish` it: it goes into the ledger with the receipts. After a switch that failed, `spoiled`
    are the profiles of which nothing staged is left. `left` are profiles that were to be taken out,
    where there is now what is not voxmint's any more, and what is there: it stays as it is.
    """

    receipts: tuple[Receipt, ...] = ()
    refused: Mapping[str, Problem] = MappingProxyType({})
    pending: tuple[Pending, ...] = ()
    spoiled: frozenset[str] = frozenset()
    left: Mapping[str, Problem] = MappingProxyType({})

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.discard()

    @abstractmethod
    def read_back(self) -> None:
        """Look at what was staged; `ProblemsError` where it is not what was written."""

    @abstractmethod
    def switch(self) -> Mapping[str, SinkOutcome]:
        """Put the change in place at once; what became of each profile."""

    @abstractmethod
    def discard(self) -> None:
        """Remove what was staged, but for what a later run is to finish.

        After a switch that went well there is nothing to remove.
        """


class OptionsWhenNeeded:
    """A sink's `Options`, imported when they are asked for: what checks them is slow to import.

    `home` is their module and name: `voxmint.engine.sinks.dotenv_options:DotenvOptions`.
    """

    def __init__(self, home: str) -> None:
        self._module, _, self._name = home.partition(":")

    def __get__(self, sink: "Sink | None", owner: "type[Sink]") -> "type[BaseModel]":
        found: type[BaseModel] = getattr(import_module(self._module), self._name)
        return found


class Sink(ABC):
    """A destination. Making one has no effects, and neither has any `Options`."""

    kind: ClassVar[str]
    """What the environment's file calls it."""
    Options: ClassVar["type[BaseModel]"]
    """Its settings there, beside `kind`: frozen, strict, and refusing what they do not know."""
    is_only_by_name: ClassVar[bool] = False
    """Whether it is written only where the operator asks for its kind by name."""
    prints: ClassVar[bool] = False
    """Whether it takes standard output for itself, so that nothing else is written there."""
    is_remote: ClassVar[bool] = False
    """Whether to ask it takes a network: what only reads then goes by the ledger, unless told to
    ask."""
    keeps_staged: ClassVar[bool] = True
    """Whether what a run staged and did not switch over is there for a later one to `finish`; if
    not, that can tell at most whether it is in place."""

    def __init__(self, options: Any, around: Surroundings) -> None:
        self.options = options
        self.around = around

    @classmethod
    def plain_options(cls, settings: Mapping[str, object]) -> object | None:  # noqa: ARG003
        """The options of settings that are right at a glance, without the import of `Options`.

        `None` where it takes more to tell, which it always may; otherwise what `Options` would
        make of the settings, attribute by attribute.
        """  # no settings are: a sink that knows some says so itself
        return None

    @property
    @abstractmethod
    def target(self) -> str:
        """Where it writes to, in the words of the environment's file."""

    @property
    def address(self) -> str:
        """What the ledger calls that place."""
        return self.target

    def places(self) -> Iterable[str]:
        """All that it writes to, as `address` says it: no other sink may."""
        return (self.address,)

    def takes(self, profile: str) -> bool:
        """Whether the profile's token goes here, by the sink's `where`."""
        return profile in self.around.profiles

    def flaws(self) -> Iterator[Problem]:
        """What is wrong with its settings, and what they do to names: told from files alone."""
        return iter(())

    @abstractmethod
    def preflight(self) -> Iterator[Problem]:
        """Everything that would make a write fail, and notes; writes nothing."""

    def settled(self) -> Iterator[Problem]:
        """As `preflight`, as far as a sink that is remote can tell without being asked."""
        return self.preflight()

    @abstractmethod
    def holds(self) -> frozenset[str]:
        """The profiles whose values the sink has, by their names alone; reads no value.

        `ProblemsError` where that cannot be known.
        """

    @abstractmethod
    def stage(self, change: Change) -> Staged:
        """Make the change ready, under `locked`; `ProblemsError` where it cannot be."""

    def finish(self, unfinished: Sequence[Unfinished]) -> Finished:  # noqa: ARG002
        """Switch over what earlier runs staged, under `locked`; asks for nothing that is not there.

        A sink in which nothing staged outlives its run has nothing to finish.
        """  # the argument is for those that have
        return Finished()

    def locked(self) -> AbstractContextManager[None]:
        """Hold off other runs from staging until after the switch, where the sink needs that."""
        return nullcontext()

    def write(self, change: Change) -> Mapping[str, SinkOutcome]:
        """Stage, read back and switch; for a sink that is written alone."""
        with self.locked(), self.stage(change) as staged:
            staged.read_back()
            return staged.switch()


def unused(sink: Sink) -> Iterator[Problem]:
    """A warning where a sink's `where` selects no profile of the environment."""
    if sink.around.is_chosen and not sink.around.profiles:
        facts = {"target": sink.target, "environment": sink.around.environment}
        yield Problem(SINK_UNUSED, sink.around.at, facts)


def preflight(sinks: Sequence[Sink], *, asks: bool = True) -> Iterator[Problem]:
    """What would make a write to any of one environment's sinks fail, and notes.

    Without `asks` no remote one is asked.
    """
    taken: set[str] = set()
    for sink in sinks:
        with blamed_on_others(sink):
            problems = [*unused(sink), *(sink.preflight() if asks else sink.settled())]
        yield from problems
        if any(problem.is_error for problem in problems):
            continue
        places = frozenset(sink.places())
        if not taken.isdisjoint(places):
            yield Problem(SINK_DUPLICATE, sink.around.at, {"target": sink.target})
        taken |= places
