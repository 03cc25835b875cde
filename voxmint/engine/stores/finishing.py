"""Finishes what earlier runs staged in a store and did not switch over, or did and died of it.

The store is asked what is the case: what is in place already is only noted, and what is staged is
read, held against what the ledger knows of the session, and switched over from the very version
that it was to replace. Whatever else is found, the session has to be delivered anew.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from voxmint.engine.sinks.contract import Finished, Session, SinkOutcome, Unfinished
from voxmint.engine.stores.asking import each
from voxmint.engine.stores.content import Stored
from voxmint.engine.stores.contract import Draft, Found, Store, Trouble
from voxmint.engine.stores.marks import (
    EXPIRES_AT,
    claim_of,
    document_marks,
    fingerprint,
    fingerprints_in,
    marks_with,
    own_marks,
    owner_of,
    session_marks,
)
from voxmint.problems import Problem, ProblemsError
from voxmint.secret import Secret

if TYPE_CHECKING:
    from voxmint.engine.stores.sink import StoreSink


@dataclass(frozen=True, slots=True, eq=False)
class _Task:
    """One object's staged version, with the sessions that are in it."""

    name: str
    version: str
    before: str | None
    sessions: tuple[Session, ...]


class Finishing:
    """The way from what is staged to what is in place, for one sink."""

    def __init__(self, sink: "StoreSink", store: Store) -> None:
        self._sink = sink
        self._store = store
        self._environment = sink.around.environment
        self._read: dict[_Task, Stored] = {}

    def done(self, unfinished: Sequence[Unfinished]) -> Finished:
        """What became of each session; never raises for what the store says."""
        outcomes: dict[str, SinkOutcome] = {}
        problems: dict[str, Problem] = {}
        tasks = self._tasks(unfinished)
        for task, result in each(self._store, tasks, self._finished, self._sink.workers).items():
            profiles = [one.profile for one in task.sessions]
            if isinstance(result, SinkOutcome):
                outcomes |= dict.fromkeys(profiles, result)
            elif (problem := self._problem(task, result)) is not None:
                problems |= dict.fromkeys(profiles, problem)
        return Finished(outcomes, problems)

    def _tasks(self, unfinished: Iterable[Unfinished]) -> list[_Task]:
        groups: dict[tuple[str, str, str | None], list[Session]] = {}
        for one in unfinished:
            name = self._sink.naming.object_of(one.session.profile)
            groups.setdefault((name, one.version, one.before), []).append(one.session)
        return [_Task(*key, tuple(sessions)) for key, sessions in groups.items()]

    def _problem(self, task: _Task, result: Trouble | Problem | None) -> Problem | None:
        """Why an object is left for a later run; `None` where none can finish it."""
        if not isinstance(result, Trouble):
            return result
        held = self._read.get(task)
        tokens = held.tokens() if held else ()
        return self._sink.problem_of(result, task.name, tokens) if result.what.may_pass else None

    # ── one object, in a thread ──────────────────────────────────────────────────────────────────

    def _finished(self, task: _Task) -> SinkOutcome | None:
        """What became of an object; `None` where what is staged can no longer be used."""
        found = self._store.look(task.name)
        refusal = self._sink.refusal(task.name, found)
        if refusal is not None:
            raise ProblemsError([refusal])
        staged = self._content(task, task.version)
        is_switched = self._is_switched(task, found, staged)
        if not is_switched and self._is_in_place(task, found):
            return self._settled(task, found)
        if staged is None or not (is_switched or found.version == task.before):
            return None
        self._read[task] = staged
        marks = self._marks(task, found, staged)
        if is_switched and own_marks(found.marks) == marks:
            return self._settled(task, found)
        self._switch(task, found, staged, marks)
        return SinkOutcome.WRITTEN

    def _is_switched(self, task: _Task, found: Found, staged: Stored | None) -> bool:
        """Whether readers have just what is staged; its marks may be missing all the same."""
        if found.version == task.version:
            return True
        if staged is None or not found.is_there or found.version == task.before:
            return False
        value = self._store.read(task.name, found.version)
        return value is not None and staged.is_in(value)

    def _settled(self, task: _Task, found: Found) -> SinkOutcome:
        self._store.settle(task.name, task.version, found)
        return SinkOutcome.UNCHANGED

    def _is_in_place(self, task: _Task, found: Found) -> bool:
        """Whether readers have the sessions, by a version that is called otherwise now."""
        if not found.is_there or not self._is_marked(task, found):
            return False
        return self._store.vouches(found) or self._content(task, found.version) is not None

    def _is_marked(self, task: _Task, found: Found) -> bool:
        if not self._sink.naming.is_shared:
            [session] = task.sessions
            return own_marks(found.marks) == session_marks(self._environment, session)
        new = {fingerprint(one.profile) for one in task.sessions}
        is_own = owner_of(found.marks, self._environment) is None
        return is_own and new <= fingerprints_in(found.marks)

    def _content(self, task: _Task, version: str | None) -> Stored | None:
        """A version's value, if it holds the sessions."""
        value: Secret | None = self._store.read(task.name, version)
        if value is None:
            return None
        content, naming = Stored(value), self._sink.naming
        for session in task.sessions:
            member = naming.member_of(session.profile) if naming.is_shared else None
            if not content.tells_of(session, self._sink.members, member):
                return None
        return content

    def _marks(self, task: _Task, found: Found, content: Stored) -> Mapping[str, str]:
        if not self._sink.naming.is_shared:
            [session] = task.sessions
            return session_marks(self._environment, session)
        marks = marks_with(self._environment, found.marks, task.sessions)
        held = fingerprints_in(marks) & self._fingerprints(content)
        commit = next((one.commit for one in task.sessions if one.commit), None)
        return document_marks(self._environment, held, int(marks[EXPIRES_AT]), commit)

    def _fingerprints(self, content: Stored) -> set[str]:
        """The profiles that a document can have: what was taken out of it leaves its marks."""
        members = content.values().keys()
        naming, profiles = self._sink.naming, self._sink.around.profiles
        own = {one for one in profiles if naming.member_of(one) in members}
        return {fingerprint(one) for one in (*own, *members)}

    def _switch(self, task: _Task, found: Found, content: Stored, marks: Mapping[str, str]) -> None:
        claim = claim_of(self._environment)
        ground = replace(found, version=task.before)
        is_all_ours = self._sink.is_all_ours(content, marks)
        ends = int(marks[EXPIRES_AT])
        draft = Draft(task.name, ground, content, marks, claim, ends, is_all_ours)
        self._store.switch(draft, task.version)
