"""Two sinks of one environment, of which one fails at a chosen step: every kind offers a party.

A kind of store joins by one line in `test_pairs.py`: how its destination is made. That each of its
calls fails in turn comes with it; a party may also have single requests fail, by a proxy.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import pytest

from tests.stores.destinations import StoreDestination
from tests.stores.gcps import SecretManager
from tests.stores.keyrings import KeyringInMemory, failing
from tests.stores.servers import gcp
from tests.stores.servers.faulty import Fault, Request, Rule
from voxmint.engine.sinks.contract import Change, Sink, Staged
from voxmint.engine.stores.content import Content
from voxmint.engine.stores.contract import Draft, Found, Store, StoreError, Trouble, What
from voxmint.engine.stores.sink import StoreSink
from voxmint.secret import Secret
from voxmint.testing.sink_contract import Destination

PROFILE = "clinic"


class Party(ABC):
    """One of the two sinks, and what makes one step of it fail."""

    keeps_staged = False
    """Whether a later run can switch over what is staged."""

    def __init__(self, destination: Destination) -> None:
        self.destination = destination

    @abstractmethod
    def sink(self) -> Sink:
        """A new sink, as each run makes one."""

    @abstractmethod
    def failing(self, number: int, fault: Fault) -> AbstractContextManager[Callable[[], bool]]:
        """One step fails, counted from now and from 0; gives whether it came to that."""


Offer = Callable[[pytest.FixtureRequest, Path], AbstractContextManager[Party]]
"""Makes a party in a folder of its own, with what fixtures bring."""


# ── files ────────────────────────────────────────────────────────────────────────────────────────

_STEPS = ("stage", "switch")


class FileParty(Party):
    """A sink of files: it is staged, and it is switched."""

    _step: str | None = None
    _is_hit = False

    def sink(self) -> Sink:
        sink = self.destination.sink(PROFILE)
        made: type[Sink] = type("Hindered", (type(sink),), {"stage": self._staging(type(sink))})
        return made(sink.options, sink.around)

    def _staging(self, kind: type[Sink]) -> Callable[[Sink, Change], Staged]:
        def stage(sink: Sink, change: Change) -> Staged:
            with self.at("stage"):
                return _Hindered(kind.stage(sink, change), self)

        return stage

    @contextmanager
    def failing(self, number: int, fault: Fault) -> Iterator[Callable[[], bool]]:
        del fault  # an obstacle stands before a step: it is not taken, and no answer can be lost
        self._is_hit = False
        self._step = _STEPS[number] if number < len(_STEPS) else None
        try:
            yield lambda: self._is_hit
        finally:
            self._step = None

    def at(self, step: str) -> AbstractContextManager[object]:
        """What stands in the way of a step that is just taken."""
        if step != self._step:
            return nullcontext()
        self._is_hit = True
        return self.destination.obstacles()[step]()


class _Hindered(Staged):
    def __init__(self, inner: Staged, party: FileParty) -> None:
        self._inner = inner
        self._party = party
        self.receipts = inner.receipts

    def read_back(self) -> None:
        self._inner.read_back()

    def switch(self) -> Any:
        with self._party.at("switch"):
            return self._inner.switch()

    def discard(self) -> None:
        self._inner.discard()


# ── stores, call by call ─────────────────────────────────────────────────────────────────────────


@dataclass
class Trip:
    """Counts calls, and has one of them fail: before it is done, or when it is."""

    count: int = 0
    at: int | None = None
    fault: Fault = Fault.LOST
    is_hit: bool = False

    def passed(self, call: Callable[[], Any]) -> Any:
        is_here, self.count = self.count == self.at, self.count + 1
        if not is_here:
            return call()
        self.is_hit = True
        if self.fault is Fault.APPLIED:
            call()
        raise StoreError(Trouble(What.UNREACHABLE, said="the test wants it so"))


@dataclass
class Tripping(Store):
    """A store of which single calls fail."""

    inner: Store
    trip: Trip = field(default_factory=Trip)

    def look(self, name: str) -> Found:
        found: Found = self.trip.passed(lambda: self.inner.look(name))
        return found

    def read(self, name: str, version: str | None) -> Secret | None:
        found: Secret | None = self.trip.passed(lambda: self.inner.read(name, version))
        return found

    def has(self, name: str, found: Found, content: Content) -> bool:
        return bool(self.trip.passed(lambda: self.inner.has(name, found, content)))

    def vouches(self, found: Found) -> bool:
        return self.inner.vouches(found)

    def stage(self, draft: Draft) -> str:
        return str(self.trip.passed(lambda: self.inner.stage(draft)))

    def verify(self, draft: Draft, version: str) -> bool:
        return bool(self.trip.passed(lambda: self.inner.verify(draft, version)))

    def before(self, draft: Draft, version: str) -> str | None:
        return self.inner.before(draft, version)

    def switch(self, draft: Draft, version: str) -> None:
        self.trip.passed(lambda: self.inner.switch(draft, version))

    def settle(self, name: str, version: str, found: Found) -> None:
        self.trip.passed(lambda: self.inner.settle(name, version, found))

    def discard(self, draft: Draft, version: str) -> None:
        self.trip.passed(lambda: self.inner.discard(draft, version))

    def remove(self, name: str, found: Found) -> None:
        self.trip.passed(lambda: self.inner.remove(name, found))

    def recover(self, name: str) -> None:
        self.inner.recover(name)

    def trouble_of(self, error: Exception) -> Trouble:
        return self.inner.trouble_of(error)


class StoreParty(Party):
    """A store of any kind, whose calls fail one by one."""

    def __init__(self, destination: StoreDestination) -> None:
        super().__init__(destination)
        self.trip = Trip()
        self.keeps_staged = destination.sink(PROFILE).keeps_staged

    def sink(self) -> Sink:
        sink = self.destination.sink(PROFILE)
        kind = type(sink)
        assert issubclass(kind, StoreSink)

        def opened(sink: StoreSink) -> Store:
            return Tripping(kind.opened(sink), self.trip)

        made: type[Sink] = type("Tripping", (kind,), {"opened": opened})
        return made(sink.options, sink.around)

    @contextmanager
    def failing(self, number: int, fault: Fault) -> Iterator[Callable[[], bool]]:
        trip = self.trip
        trip.at, trip.fault, trip.is_hit = trip.count + number, fault, False
        try:
            yield lambda: trip.is_hit
        finally:
            trip.at = None


# ── stores, request by request ───────────────────────────────────────────────────────────────────


class Front(Protocol):
    """What requests come to first, and are failed by: a proxy, or a fake that does so itself."""

    requests: list[Request]

    def failing(self, rule: Rule, /) -> AbstractContextManager[None]: ...


class RequestedParty(Party):
    """A store that is asked by requests, of which single ones fail.

    `for_good`: and all after it, where the store's client repeats what fails. `own` is what the
    paths of its requests hold, where both parties ask by the same front.
    """

    def __init__(
        self, destination: StoreDestination, front: Front, *, for_good: bool = False, own: str = ""
    ) -> None:
        super().__init__(destination)
        self.front = front
        self.for_good = for_good
        self.own = own
        self.keeps_staged = destination.sink(PROFILE).keeps_staged

    def sink(self) -> Sink:
        return self.destination.sink(PROFILE)

    @property
    def requests(self) -> list[Request]:
        """Those of this party so far."""
        return [one for one in self.front.requests if self.own in one.path]

    @contextmanager
    def failing(self, number: int, fault: Fault) -> Iterator[Callable[[], bool]]:
        at = len(self.requests) + number

        def rule(request: Request) -> Fault | None:
            now = len(self.requests) - 1
            is_hit = now == at or (self.for_good and now > at)
            return fault if is_hit and self.own in request.path else None

        with self.front.failing(rule):
            yield lambda: len(self.requests) > at


class GcpParty(Party):
    """Google's fake, which fails calls by itself: they are none of HTTP that a proxy could tell.

    From one on all fail, since Google's client repeats what fails.
    """

    def __init__(self, destination: SecretManager) -> None:
        super().__init__(destination)
        self.gcp = destination.gcp
        self.keeps_staged = destination.sink(PROFILE).keeps_staged

    def sink(self) -> Sink:
        return self.destination.sink(PROFILE)

    @contextmanager
    def failing(self, number: int, fault: Fault) -> Iterator[Callable[[], bool]]:
        calls, own = self.gcp.calls, gcp.Fault(fault)
        at = len(calls) + number
        with self.gcp.failing(lambda _: own if len(calls) > at else None):
            yield lambda: len(calls) > at


class KeyringParty(Party):
    """A keyring: what stands for requests are the calls of its backend, and single ones fail."""

    def __init__(self, destination: KeyringInMemory) -> None:
        super().__init__(destination)
        self.backend = destination.backend
        self.keeps_staged = destination.sink(PROFILE).keeps_staged

    def sink(self) -> Sink:
        return self.destination.sink(PROFILE)

    @contextmanager
    def failing(self, number: int, fault: Fault) -> Iterator[Callable[[], bool]]:
        at = len(self.backend.calls) + number
        self.backend.fails_late = fault is Fault.APPLIED
        try:
            with failing(self.backend, OSError("the test wants it so"), number, 1):
                yield lambda: len(self.backend.calls) > at
        finally:
            self.backend.fails_late = False


# ── how parties are offered ──────────────────────────────────────────────────────────────────────


def files(kind: type[Destination], **settings: Any) -> Offer:
    """A party of a sink of files; its destination is made of a folder and these settings."""

    @contextmanager
    def offer(request: pytest.FixtureRequest, folder: Path) -> Iterator[Party]:
        del request  # files take no fixture: their folder is all that they need
        make: Any = kind
        yield FileParty(make(folder, **settings))

    return offer


def store(make: Callable[[pytest.FixtureRequest, Path], Any]) -> Offer:
    """A party of a store; `make` gives its destination, or a context of it."""

    @contextmanager
    def offer(request: pytest.FixtureRequest, folder: Path) -> Iterator[Party]:
        made = make(request, folder)
        with made if isinstance(made, AbstractContextManager) else nullcontext(made) as one:
            yield StoreParty(one)

    return offer
