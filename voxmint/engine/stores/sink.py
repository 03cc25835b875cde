"""The sink for secrets managers: what all stores have in common.

A store's own file says how it is asked (a `Store`), which names it takes, how large a value may be,
and which extra brings its client. Whoever has to be asked over a network is asked by `mint`,
`status`, `purge` and `plan --refresh`; `validate` and `plan` go by the settings and the ledger.
"""

import math
from abc import abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from importlib import import_module
from typing import ClassVar, Protocol

from voxmint.engine.durations import spoken
from voxmint.engine.failures import failure
from voxmint.engine.sinks.contract import (
    Change,
    Delivery,
    Finished,
    Sink,
    Staged,
    Surroundings,
    Unfinished,
)
from voxmint.engine.stores.asking import each, hush
from voxmint.engine.stores.content import Content, Document, OneSession
from voxmint.engine.stores.contract import Found, Presence, Store, StoreError, Trouble
from voxmint.engine.stores.endpoints import unallowed, url_flaws
from voxmint.engine.stores.finishing import Finishing
from voxmint.engine.stores.jobs import Job, jobs_of, receipt_names
from voxmint.engine.stores.marks import (
    fingerprint,
    fingerprints_in,
    is_session_of,
    owner_of,
)
from voxmint.engine.stores.naming import NameForm, Naming
from voxmint.engine.stores.staged import StagedObjects
from voxmint.engine.stores.troubles import problem_of
from voxmint.engine.stores.wording import (
    STORE_DELETED,
    STORE_FOREIGN,
    STORE_HOST_REFUSED,
    STORE_NAME_CLASH,
    STORE_NAME_INVALID,
    STORE_OFTEN,
    STORE_PACKAGE_MISSING,
    STORE_PROJECT_REFUSED,
    STORE_REPOSITORY_REFUSED,
    STORE_TOO_LARGE,
)
from voxmint.problems import Problem, ProblemsError
from voxmint.secret import Secret

_SMALLEST_TOKEN = "x" * 32
_KEPT = 0.8
"""The share of its life after which a token is renewed."""


class Names(Protocol):
    """What members are called, as `file_options.KeyNames` has it."""

    @property
    def client_secret(self) -> str: ...
    @property
    def expires_at(self) -> str: ...
    @property
    def session_id(self) -> str: ...
    @property
    def profiles(self) -> Mapping[str, str]: ...


class Settings(Protocol):
    """What every store is told, as `options.StoreOptions` has it."""

    @property
    def name(self) -> str: ...
    @property
    def payload(self) -> str: ...
    @property
    def values(self) -> tuple[str, ...]: ...
    @property
    def names(self) -> Names: ...


class StoreSink(Sink):
    """A sink that keeps sessions in a secrets manager: an object for each profile, or for all."""

    is_remote: ClassVar[bool] = True
    title: ClassVar[str]
    """What the store is called in a sentence."""
    extra: ClassVar[str]
    """The extra that brings the store's client."""
    client: ClassVar[str | None] = None
    """The client's package, where a store can fail in another way before it is imported."""
    page: ClassVar[str]
    """The page of the docs that lists the rights it needs."""
    form: ClassVar[NameForm]
    """The names that it takes."""
    largest: ClassVar[int | None] = None
    """How many bytes a value may have."""
    workers: ClassVar[int] = 16
    """How many objects are asked about at once."""
    loggers: ClassVar[tuple[str, ...]] = ()
    """The loggers of the client, which are kept from logging requests."""

    def __init__(self, options: Settings, around: Surroundings) -> None:
        super().__init__(options, around)
        self.options: Settings = options

    # ── what each store says for itself ──────────────────────────────────────────────────────────

    @abstractmethod
    def opened(self) -> Store:
        """The store, with a client of its own; asks nothing yet.

        Imports the client here. `StoreError` where it cannot be set up, as without credentials.
        """

    @property
    def place(self) -> str:
        """What of the settings tells one store from another of the kind: a region, an address."""
        return ""

    @property
    def called(self) -> str:
        """What the store is called in a sentence, where another of its kind could be meant."""
        return f"{self.title} ({self.place})" if self.place else self.title

    def endpoint(self) -> str | None:
        """The address in the settings that the store is asked at, instead of its usual one."""
        return None

    def reach_problems(self) -> Iterator[Problem]:
        """Why the store must not be asked at all: where the settings lead, unless allowed.

        For a store whose other settings amount to a host, this says so, too.
        """
        yield from unallowed(self, self.endpoint())

    def setting_flaws(self) -> Iterator[Problem]:
        """What is wrong with the store's own settings, told from files alone."""
        return iter(())

    def notes(self) -> Iterator[Problem]:
        """What is worth knowing before a write, as of limits; asks nothing."""
        return iter(())

    def written_often(self, seconds: float, said: str) -> Iterator[Problem]:
        """A note, as `said`, where the shortest of its tokens are renewed sooner than that."""
        known = self.around.lifetimes
        lifetimes = [known[one] for one in self.around.profiles if one in known]
        length = min(lifetimes, default=math.inf) * _KEPT
        if length < seconds:
            facts = {"name": self.target, "length": spoken(length), "said": said, "page": self.page}
            yield Problem(STORE_OFTEN, self.around.at, facts)

    def rehearsed(self, found: Mapping[str, Found]) -> Iterator[Problem]:  # noqa: ARG002
        """What would keep it from writing what was found, where the store can be asked that."""
        return iter(())  # the argument is for those that can

    # ── where ────────────────────────────────────────────────────────────────────────────────────

    @property
    def target(self) -> str:
        return self.naming.outline

    @property
    def address(self) -> str:
        return f"{self.place} {self.naming.outline}" if self.place else self.naming.outline

    def places(self) -> Iterable[str]:
        names = {self.naming.object_of(one) for one in self.around.profiles}
        # A name in one kind of store is nothing to a store of another kind.
        here = " ".join(filter(None, (self.kind, self.place)))
        return sorted(f"{here} {name}" for name in names) or [f"{self.kind} {self.address}"]

    @property
    def naming(self) -> Naming:
        options = self.options
        return Naming(options.name, self.around.environment, self.form, options.names.profiles)

    @property
    def members(self) -> dict[str, str]:
        """What each value that is written is called in a JSON object."""
        return {which: getattr(self.options.names, which) for which in self.options.values}

    @property
    def store(self) -> Store:
        """The store; `ProblemsError` where it must not be asked, or its client cannot be set up."""
        forbidden = [*url_flaws(self, self.endpoint()), *self.reach_problems()]
        if forbidden:
            # Not everybody who asks has looked at the settings before: `status` has not.
            raise ProblemsError(forbidden)
        try:
            return self._store
        except ModuleNotFoundError as error:
            facts = {"kind": self.kind, "module": error.name, "extra": self.extra}
            raise failure(STORE_PACKAGE_MISSING, at=self.around.at, **facts) from None
        except StoreError as error:
            raise self.failed(error.trouble) from None

    @cached_property
    def _store(self) -> Store:
        hush(self.loggers)
        if self.client is not None:
            import_module(self.client)
        return self.opened()

    # ── what is wrong ────────────────────────────────────────────────────────────────────────────

    def flaws(self) -> Iterator[Problem]:
        yield from self._flaws_in_files()
        # Elsewhere nobody need know yet what whoever mints allows.
        yield from (one for one in self.reach_problems() if self._is_refused_by_name(one))

    def settled(self) -> Iterator[Problem]:
        yield from self._flaws_in_files()
        yield from self.reach_problems()
        yield from self.notes()

    def _flaws_in_files(self) -> Iterator[Problem]:
        yield from self._name_flaws()
        yield from self._size_flaws()
        yield from url_flaws(self, self.endpoint())
        yield from self.setting_flaws()

    def _is_refused_by_name(self, problem: Problem) -> bool:
        """Whether the operator names what is allowed here, and it is something else."""
        is_refused = problem.kind in (
            STORE_HOST_REFUSED,
            STORE_PROJECT_REFUSED,
            STORE_REPOSITORY_REFUSED,
        )
        return is_refused and bool(self.around.environ.get(str(problem.facts["variable"])))

    def preflight(self) -> Iterator[Problem]:
        known = list(self.settled())
        yield from known
        if any(problem.is_error for problem in known):
            return
        try:
            found = self._looked(self._object_names())
        except ProblemsError as error:
            yield from error.problems
            return
        for name, one in found.items():
            refusal = self.refusal(name, one)
            if refusal is not None:
                yield refusal
        yield from self.rehearsed(found)

    def _name_flaws(self) -> Iterator[Problem]:
        naming, at = self.naming, self.around.at
        environment = self.around.environment
        for profile in self.around.profiles:
            name = naming.object_of(profile)
            if not self.form.takes(name):
                said = self.form.said
                facts = {"profile": profile, "name": name, "store": self.title, "said": said}
                affected = ((profile, environment),)
                yield Problem(STORE_NAME_INVALID, at, facts, affects=affected)
        for one, other, name in naming.clashes(self.around.profiles):
            facts = {"one": one, "other": other, "name": name}
            both = ((one, environment), (other, environment))
            yield Problem(STORE_NAME_CLASH, at, facts, affects=both)

    def _size_flaws(self) -> Iterator[Problem]:
        """That all profiles in one object have no room in it, even with the shortest tokens."""
        if self.naming.is_shared and self.around.profiles:
            sessions = [Delivery(one, Secret(_SMALLEST_TOKEN), 0) for one in self.around.profiles]
            content = self.content(Job(self.naming.outline, tuple(sessions)), None)
            yield from self.oversize(self.naming.outline, content)

    def oversize(self, name: str, content: Content) -> Iterator[Problem]:
        """That a value is larger than the store takes."""
        size = len(content.text().encode())
        if self.largest is not None and size > self.largest:
            facts = {"name": name, "store": self.title}
            facts["said"] = f"{size:,} bytes, and at most {self.largest:,} are taken"
            yield Problem(STORE_TOO_LARGE, self.around.at, facts)

    def refusal(self, name: str, found: Found) -> Problem | None:
        """Why an object must not be written, if it must not."""
        at = self.around.at
        if found.presence is Presence.DELETED and not self.recovers:
            until = f" until {found.until}" if found.until else ""
            said = f"its name stays taken{until}"
            facts = {"name": name, "store": self.called, "said": said}
            return Problem(STORE_DELETED, at, facts)
        if found.presence is not Presence.MISSING and not self.around.adopts:
            owner = owner_of(found.marks, self.around.environment)
            if owner is not None:
                state = "" if found.is_there else "deleted, and "
                facts = {"name": name, "store": self.called, "owner": state + owner}
                return Problem(STORE_FOREIGN, at, facts)
        return None

    @property
    def recovers(self) -> bool:
        """Whether a secret that is scheduled for deletion is taken back."""
        return getattr(self.options, "deleted", "refuse") == "recover"

    def failed(
        self, trouble: Trouble, name: str | None = None, tokens: Iterable[Secret] = ()
    ) -> ProblemsError:
        """The error for a trouble with an object, or with the store as a whole."""
        return ProblemsError([self.problem_of(trouble, name, tokens)])

    def problem_of(
        self, trouble: Trouble, name: str | None = None, tokens: Iterable[Secret] = ()
    ) -> Problem:
        """What a trouble is to a person."""
        facts = {"store": self.called, "name": name or self.target, "page": self.page}
        return problem_of(trouble, self.around.at, tokens, **facts)

    # ── what it holds ────────────────────────────────────────────────────────────────────────────

    def holds(self) -> frozenset[str]:
        found = self._looked(self._object_names())
        return frozenset(one for one in self.around.profiles if self._has(one, found))

    def _has(self, profile: str, found: Mapping[str, Found]) -> bool:
        one = found[self.naming.object_of(profile)]
        environment = self.around.environment
        if not one.is_there:
            return False
        if not self.naming.is_shared:
            return is_session_of(one.marks, environment, profile)
        is_own = owner_of(one.marks, environment) is None
        return is_own and fingerprint(profile) in fingerprints_in(one.marks)

    def _object_names(self) -> list[str]:
        return sorted({self.naming.object_of(one) for one in self.around.profiles})

    def _looked(self, names: Sequence[str]) -> Mapping[str, Found]:
        """What there is of each name; `ProblemsError` where that cannot be known of one."""
        store = self.store
        found: dict[str, Found] = {}
        for name, one in each(store, names, store.look, self.workers).items():
            if isinstance(one, Trouble):
                raise self.failed(one, name)
            if isinstance(one, Problem):
                raise ProblemsError([one])
            found[name] = one
        return found

    # ── what is written ──────────────────────────────────────────────────────────────────────────

    def stage(self, change: Change) -> Staged:
        return StagedObjects(self, self.store, change)

    def finish(self, unfinished: Sequence[Unfinished]) -> Finished:
        return Finishing(self, self.store).done(unfinished)

    def jobs_of(self, deliveries: Iterable[Delivery], change: Change) -> list[Job]:
        """What a change comes to, of which these deliveries can be written."""
        here = (self.kind, self.address)
        return jobs_of(self.naming, self.around.profiles, deliveries, change, here)

    def receipt_names(self, profile: str) -> tuple[str, ...]:
        return receipt_names(self.naming, profile)

    def is_all_ours(self, content: Content, marks: Mapping[str, str]) -> bool:
        """Whether a value with these marks holds nothing but sessions that they name."""
        naming, held = self.naming, fingerprints_in(marks)
        if not naming.is_shared:
            return True
        own = {naming.member_of(one) for one in self.around.profiles if fingerprint(one) in held}
        return all(one in own or fingerprint(one) in held for one in content.values())

    def content(self, job: Job, before: Secret | None) -> Content:
        """What a job writes; `before` is the value that stands there, in one for an environment."""
        naming = self.naming
        if not naming.is_shared:
            return OneSession(job.deliveries[0], self.members, self.options.payload == "token")
        named = {naming.member_of(one.profile): one for one in job.deliveries}
        gone = frozenset(name for names in job.gone.values() for name in names)
        return Document(before, named, gone, self.members)
