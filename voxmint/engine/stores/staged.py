"""A change of a store's objects between its two phases.

What is wrong with one object keeps its own profiles from being written, and no others; what is
wrong with the store as a whole, or with every object, ends it.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from voxmint.engine.failures import failure
from voxmint.engine.sinks.contract import (
    Change,
    Delivery,
    Pending,
    Receipt,
    SinkOutcome,
    Staged,
)
from voxmint.engine.stores.asking import asked, each, first_of_the_store
from voxmint.engine.stores.content import Content, Stored, check_fit, is_document
from voxmint.engine.stores.contract import (
    Draft,
    Found,
    Presence,
    Store,
    StoreError,
    Trouble,
)
from voxmint.engine.stores.jobs import Job
from voxmint.engine.stores.marks import (
    EXPIRES_AT,
    PROFILE,
    claim_of,
    marks_with,
    own_marks,
    owner_of,
    plain,
    session_marks,
)
from voxmint.engine.stores.wording import STORE_LEFT, STORE_NOT_JSON
from voxmint.engine.wording import SINK_UNVERIFIED
from voxmint.problems import Problem, ProblemsError
from voxmint.secret import Secret

if TYPE_CHECKING:
    from voxmint.engine.stores.sink import StoreSink

Thing = TypeVar("Thing")
Result = TypeVar("Result")


@dataclass(frozen=True, slots=True, eq=False)
class _Ready:
    """A job that was looked into.

    With `draft` and `version` something is staged for it, and `removes`: the object is to go. With
    neither it is right as it is. `stays` is why it is not to go, where it was to.
    """

    job: Job
    found: Found
    draft: Draft | None = None
    version: str | None = None
    removes: bool = False
    stays: Problem | None = None

    @property
    def changes(self) -> bool:
        return self.removes or self.version is not None


class StagedObjects(Staged):
    """The objects of a change, each staged by itself as this is made."""

    def __init__(self, sink: "StoreSink", store: Store, change: Change) -> None:
        self._sink = sink
        self._store = store
        self._change = change
        self._problems: dict[str, Problem] = {}
        self._staged: list[_Ready] = []
        self._lost: list[_Ready] = []
        self._ready: list[_Ready] = []
        try:
            jobs = sink.jobs_of(self._fitting(change.deliveries), change)
            self._ready = self._done(jobs, self._prepared, lambda job: job)
        except BaseException:
            self.discard()
            raise
        self._tell()

    def _fitting(self, deliveries: Iterable[Delivery]) -> list[Delivery]:
        fitting = []
        for delivery in deliveries:
            try:
                check_fit(delivery, self._sink.members)
            except ProblemsError as error:
                self._problems[delivery.profile] = error.problems[0]
            else:
                fitting.append(delivery)
        return fitting

    def _tell(self) -> None:
        """Set the receipts of what is ready, in the order of the deliveries, and what is not."""
        sink = self._sink
        self.refused = dict(self._problems)
        self.receipts = tuple(
            Receipt(one.profile, sink.kind, sink.address, sink.receipt_names(one.profile))
            for one in self._change.deliveries
            if one.profile not in self._problems
        )
        self.pending = tuple(self._pending())

    def _pending(self) -> Iterator[Pending]:
        sink = self._sink
        for ready in self._ready:
            if ready.draft and ready.version:
                before = self._store.before(ready.draft, ready.version)
                for profile in {one.profile for one in ready.job.deliveries} - {*self._problems}:
                    yield Pending(profile, sink.kind, sink.address, ready.version, before)

    def _done(
        self,
        things: Sequence[Thing],
        call: Callable[[Thing], Result],
        job_of: Callable[[Thing], Job],
        *,
        keeps_going: bool = False,
    ) -> list[Result]:
        """What a call gives of each thing; a profile that it fails for is put among the problems.

        `ProblemsError` where all fail, and, unless it `keeps_going`, where the store as a whole
        does.
        """
        results = each(self._store, things, call, self._sink.workers)
        good: list[Result] = []
        wrong: list[Problem] = []
        for thing, result in results.items():
            if isinstance(result, Trouble | Problem):
                wrong.append(self._blame(job_of(thing), result))
            else:
                good.append(result)
        is_down = first_of_the_store(results.values()) is not None
        if wrong and (not good or (is_down and not keeps_going)):
            raise ProblemsError(wrong[:1])
        return good

    def _blame(self, job: Job, result: Trouble | Problem) -> Problem:
        """The problem that an object's profiles have."""
        if isinstance(result, Trouble):
            tokens = [one.token for one in job.deliveries]
            result = self._sink.problem_of(result, job.name, tokens)
        for profile in job.profiles:
            self._problems.setdefault(profile, result)
        return result

    # ── staging ──────────────────────────────────────────────────────────────────────────────────

    def _prepared(self, job: Job) -> _Ready:
        found = self._found(job)
        if self._sink.naming.is_shared:
            return self._prepared_document(job, found)
        if not job.deliveries:
            stays = self._why_it_stays(job, found)
            return _Ready(job, found, removes=found.is_there and stays is None, stays=stays)
        [delivery] = job.deliveries
        marks = session_marks(self._sink.around.environment, delivery)
        content = self._sink.content(job, None)
        if own_marks(found.marks) == marks and self._is_in_place(job, found, content):
            return _Ready(job, found)
        return self._stage(job, found, content, marks)

    def _found(self, job: Job) -> Found:
        found = self._store.look(job.name)
        if not job.deliveries:
            return found
        refusal = self._sink.refusal(job.name, found)
        if refusal is not None:
            raise ProblemsError([refusal])
        if found.presence is Presence.DELETED:
            self._store.recover(job.name)
            found = self._store.look(job.name)
        return found

    def _why_it_stays(self, job: Job, found: Found) -> Problem | None:
        """Whose an object is now that holds no session of the profiles that are taken out."""
        if not found.is_there:
            return None
        owner = owner_of(found.marks, self._sink.around.environment)
        held = found.marks.get(PROFILE)
        # One without a profile was made by a run that ended before it could write to it.
        if owner is None and held is not None and held not in map(plain, job.gone):
            owner = f"it holds a session of `{held}`"
        if owner is None:
            return None
        facts = {"name": job.name, "store": self._sink.called, "owner": owner}
        return Problem(STORE_LEFT, self._sink.around.at, facts)

    def _is_in_place(self, job: Job, found: Found, content: Content) -> bool:
        return found.is_there and self._store.has(job.name, found, content)

    def _prepared_document(self, job: Job, found: Found) -> _Ready:
        is_own = owner_of(found.marks, self._sink.around.environment) is None
        if not job.deliveries and not (found.is_there and is_own):
            return _Ready(job, found, stays=self._why_it_stays(job, found))
        before = self._store.read(job.name, found.version) if found.is_there else None
        if before is not None and not is_document(before):
            facts = {"name": job.name, "store": self._sink.called}
            raise failure(STORE_NOT_JSON, at=self._sink.around.at, **facts)
        content = self._sink.content(job, before)
        if before is not None and is_own and content.is_in(before):
            return _Ready(job, found)
        if not content.values():
            return _Ready(job, found, removes=True)
        return self._stage(job, found, content, self._document_marks(job, found))

    def _document_marks(self, job: Job, found: Found) -> dict[str, str]:
        """The marks of what an environment's object will hold."""
        environment = self._sink.around.environment
        return marks_with(environment, found.marks, job.deliveries, job.gone)

    def _stage(self, job: Job, found: Found, content: Content, marks: dict[str, str]) -> _Ready:
        for problem in self._sink.oversize(job.name, content):
            raise ProblemsError([problem])
        claim = claim_of(self._sink.around.environment)
        is_all_ours = self._sink.is_all_ours(content, marks)
        draft = Draft(job.name, found, content, marks, claim, int(marks[EXPIRES_AT]), is_all_ours)
        ready = _Ready(job, found, draft, self._store.stage(draft))
        self._staged.append(ready)
        return ready

    # ── reading back, switching, taking back ─────────────────────────────────────────────────────

    def read_back(self) -> None:
        def verified(ready: _Ready) -> _Ready:
            if ready.draft and ready.version and not self._store.verify(ready.draft, ready.version):
                raise failure(SINK_UNVERIFIED, at=self._sink.around.at, target=ready.job.name)
            return ready

        self._ready = self._done(self._ready, verified, lambda ready: ready.job)
        self._tell()

    def switch(self) -> Mapping[str, SinkOutcome]:
        outcomes: dict[str, SinkOutcome] = {}
        try:
            switched = self._done(
                self._ready, self._switched, lambda ready: ready.job, keeps_going=True
            )
        finally:
            self._leave()
        for ready in switched:
            written = SinkOutcome.WRITTEN if ready.changes else SinkOutcome.UNCHANGED
            outcomes |= {one.profile: written for one in ready.job.deliveries}
        self._tell()
        self.left = self._left(switched)
        gone = dict.fromkeys(sorted(self._change.remove), SinkOutcome.REMOVED)
        stays = dict.fromkeys(self.left, SinkOutcome.UNCHANGED)
        failed = dict.fromkeys(self._problems, SinkOutcome.FAILED)
        return {**gone, **stays, **outcomes, **failed}

    def _left(self, switched: Iterable[_Ready]) -> dict[str, Problem]:
        """The profiles of which nothing was there to take out but what is another's by now."""
        left: dict[str, Problem] = {}
        out: set[str] = set()
        for ready in switched:
            if ready.stays is None:
                out |= {*ready.job.gone} if ready.changes else set()
            else:
                left |= dict.fromkeys(ready.job.gone, ready.stays)
        told = self._change.remove - out - {*self._problems}
        return {profile: problem for profile, problem in left.items() if profile in told}

    def _leave(self) -> None:
        """Leave what may yet be switched where it is: a later run may find the store better."""
        lost = {*self._lost} if self._sink.keeps_staged else {*self._ready}
        tried = {*self._ready}
        self._staged = [one for one in self._staged if one not in tried or one in lost]
        gone = [ready for ready in self._staged if ready in lost]
        self.spoiled = frozenset(one.profile for ready in gone for one in ready.job.deliveries)

    def _let_go(self, job: Job, found: Found) -> None:
        """Take away what earlier runs staged of the profiles that are taken out."""
        sink = self._sink
        for one in self._change.pending:
            is_here = (one.kind, one.target) == (sink.kind, sink.address)
            if is_here and one.profile in job.gone and not sink.naming.is_shared:
                draft = Draft(job.name, found, Stored(Secret("")), {}, {}, 0)
                # It may be gone, and ends by itself.
                with suppress(StoreError):
                    asked(self._store, lambda: self._store.discard(draft, one.version))  # noqa: B023  # called at once

    def _switched(self, ready: _Ready) -> _Ready:
        self._let_go(ready.job, ready.found)
        if ready.removes:
            self._store.remove(ready.job.name, ready.found)
        elif ready.draft and ready.version:
            draft, version = ready.draft, ready.version
            try:
                asked(self._store, lambda: self._store.switch(draft, version))
            except StoreError as error:
                if not error.trouble.what.may_pass:
                    self._lost.append(ready)
                raise
            self._staged.remove(ready)
        return ready

    def discard(self) -> None:
        """Take away what was staged and will not be switched, as far as the store lets it."""
        left, self._staged = self._staged, []

        def discarded(ready: _Ready) -> None:
            if ready.draft and ready.version:
                self._store.discard(ready.draft, ready.version)

        # What is left all the same is taken over by the next run that stages the same object.
        each(self._store, left, discarded, self._sink.workers)
