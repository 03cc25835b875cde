"""Whether a plan that was reviewed still holds: it is made anew, and compared part by part.

It is made of what is there now and as of the moment at which its file was made, and carried out
only where both say the same. So a file that somebody changed can have nothing done that the
project's own files do not ask for.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from voxmint.engine.failures import failure
from voxmint.engine.lines import Lines
from voxmint.engine.plan import Entry, Plan
from voxmint.engine.planfile import KnownSession, PlanFile, Reviewed, file_of, words_of
from voxmint.engine.reasons import changed_since, listed
from voxmint.engine.selection import Selection
from voxmint.engine.upstream.target import place_of
from voxmint.engine.wording import PLAN_FOREIGN, PLAN_OUTDATED
from voxmint.origin import Origin
from voxmint.problems import Problem, ProblemsError

_MOST_NAMED = 3


@dataclass(frozen=True, slots=True)
class Review:
    """A plan that was reviewed, and the file it came from."""

    path: str
    file: PlanFile

    def agreed(
        self, plan_at: Callable[[float | None], Plan], selection: Selection, ledger: Path
    ) -> Plan:
        """The plan to carry out: the one that was reviewed, made anew.

        `plan_at` makes the plan of what is known now, as of a moment in Unix seconds or of this
        one; `ledger` is the ledger's path. `ProblemsError` with all that has changed since.
        """
        plan, present = plan_at(self.file.made_at), plan_at(None)
        if self.file.ledger is not None and plan.ledger != self.file.ledger:
            raise failure(PLAN_FOREIGN, path=self.path, ledger=ledger)
        problems = [*self._differences(plan, selection)]
        problems = problems or [*self._overtaken(plan, present)]
        if problems:
            raise ProblemsError(problems)
        return plan

    def _differences(self, plan: Plan, selection: Selection) -> Iterator[Problem]:
        before, now = self.file, file_of(plan, self.file.asked, selection)
        environment = f"the environment `{plan.environment}` changed"
        if before.where != now.where:
            at = place_of(selection.environment, "url")
            yield self._outdated(environment, "it mints elsewhere", at)
        if how := _of_sinks(before, now):
            yield self._outdated(environment, how, _sinks_place(selection))
        if before.pruned != now.pruned:
            yield self._outdated(environment, "other profiles left it")
        yield from self._profiles(now, selection)

    def _profiles(self, now: PlanFile, selection: Selection) -> Iterator[Problem]:
        before = {one.profile: one for one in self.file.results}
        after = {one.profile: one for one in now.results}
        found: dict[_Outdated, list[str]] = {}
        for profile in sorted(before.keys() | after.keys()):
            how = self._outdated_by(before.get(profile), after.get(profile), now, selection)
            if how is not None:
                found.setdefault(how, []).append(profile)
        for how, profiles in found.items():
            yield self._outdated(how.what.format(_named(profiles)), how.how, how.at)

    def _outdated_by(
        self,
        before: Reviewed | None,
        now: Reviewed | None,
        file: PlanFile,
        selection: Selection,
    ) -> "_Outdated | None":
        """Why one profile's part of the plan no longer holds; `None` where it does."""
        if before is None or now is None:
            gone = "it is no longer selected" if now is None else "it is selected now"
            return _Outdated("the choice of {} changed", gone)
        if before == now:
            return None
        if before.digest != now.digest or before.fields != now.fields:
            return self._changed(before, now, file, selection)
        if before.session != now.session:
            return _Outdated("the ledger's entry of {} changed", _how(before.session, now.session))
        how = f"{before.action} ({before.reason}) became {now.action} ({now.reason})"
        return _Outdated("what is to be done for {} changed", how)

    def _changed(
        self, before: Reviewed, now: Reviewed, file: PlanFile, selection: Selection
    ) -> "_Outdated | None":
        [body] = [one for one in selection.bodies if one.profile == now.profile]
        changes = changed_since(before.fields, now.fields, body, Lines(selection))
        own = tuple(one for one in changes if not one.is_of_provider)
        if not own and file.where != self.file.where:
            # That the environment mints elsewhere is told once, not for each profile.
            return None
        shown = own or changes
        at = next((one.at for one in shown if one.at), None)
        return _Outdated("the request of {} changed", listed(shown) or "its request", at)

    def _overtaken(self, plan: Plan, present: Plan) -> Iterator[Problem]:
        """What has to be done by now, though nothing changed but the time."""
        for entry, later in zip(plan.entries, present.entries, strict=True):
            if entry.action != later.action:
                yield self.overtaken_by(f"{entry.action} ({entry.reason})", later)

    def overtaken_by(self, before: str, entry: Entry) -> Problem:
        """That what was to be done for a profile, in words, is another thing by now."""
        what = f"what is to be done for `{entry.profile}` changed"
        return self._outdated(what, f"{before} became {entry.action} ({entry.reason})")

    def _outdated(self, what: str, how: str, at: Origin | None = None) -> Problem:
        return Problem(PLAN_OUTDATED, at, {"what": what, "how": how, "command": self._command()})

    def _command(self) -> str:
        from shlex import join

        return join(["voxmint", "plan", *words_of(self.file.asked), "--out", self.path])


def _of_sinks(before: PlanFile, now: PlanFile) -> str | None:
    """What changed about where tokens go; `None` where nothing did."""
    was, are = ([(one.kind, one.target) for one in file.sinks] for file in (before, now))
    if was != are:
        return "it has other sinks"
    taking = [
        one.target
        for one, other in zip(now.sinks, before.sinks, strict=True)
        if one.profiles != other.profiles
    ]
    if taking:
        return f"`{taking[0]}` is for other profiles"
    return None if before.settings == now.settings else "its sinks have other settings"


def _sinks_place(selection: Selection) -> Origin | None:
    holder = selection.environment.sinks_of
    if holder is None or holder.sinks is None or not holder.sinks.items:
        return None
    return holder.layer.origin(holder.sinks.items[0].mark)


class _Outdated(NamedTuple):
    """Why profiles' parts of a plan no longer hold; `what` has a place for their names."""

    what: str
    how: str
    at: Origin | None = None


def _named(profiles: Sequence[str]) -> str:
    names = [f"`{profile}`" for profile in profiles]
    rest = len(names) - _MOST_NAMED
    return ", ".join(names[:_MOST_NAMED]) + (f" and {rest:,} more" if rest > 0 else "")


def _how(before: KnownSession | None, now: KnownSession | None) -> str:
    if now is None:
        return "its session is no longer known"
    if before is not None and before.model_copy(update={"sinks": now.sinks}) == now:
        return "it is in other sinks"
    return "another run minted it"
