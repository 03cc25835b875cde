"""A plan in a file: what was reviewed, so that just that is carried out, or nothing.

The file holds digests and reasons, and no secret. Nothing in it is believed: `agreed` makes the
plan anew, of what is there now and as of the moment at which the file was made, and gives it only
where both say the same. So a file that somebody changed can have nothing done that the project's
own files do not ask for; the digest at its end is for accidents.
"""

import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final, Literal, NamedTuple, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from voxmint.engine.failures import failure
from voxmint.engine.files import Place, target_at, write_atomically
from voxmint.engine.ledger import SessionRecord
from voxmint.engine.lines import Lines
from voxmint.engine.plan import Entry, Plan
from voxmint.engine.reasons import changed_since, listed
from voxmint.engine.selection import Selection
from voxmint.engine.upstream.request import sent_body
from voxmint.engine.upstream.target import place_of, provider_of
from voxmint.engine.upstream.traces import traces_of
from voxmint.engine.wording import (
    PLAN_DAMAGED,
    PLAN_FOREIGN,
    PLAN_NEWER,
    PLAN_OUTDATED,
    PLAN_UNREADABLE,
)
from voxmint.origin import Origin
from voxmint.problems import Problem, ProblemsError

FORMAT: Final = "voxmint plan"
VERSION = 1
_LARGEST = 64 * 1024 * 1024
_OWNER_ONLY = 0o600
_MOST_NAMED = 3

Moment: TypeAlias = Annotated[float, Field(allow_inf_nan=False)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Asked(_Part):
    """What the plan was asked for, in the words of the command line."""

    environment: str
    profiles: tuple[str, ...] = ()
    labels: tuple[tuple[str, str], ...] = ()
    overrides: tuple[str, ...] = ()
    api: Literal["client_secrets", "transcription_sessions"] | None = None
    force: bool = False
    min_remaining: Moment | None = None
    sinks: tuple[str, ...] = ()


class KnownSession(_Part):
    """A session as the ledger knew it; moments are in Unix seconds."""

    session_id: str | None
    digest: str
    expires_at: int
    minted_at: Moment
    sinks: tuple[tuple[str, str], ...]


class Reviewed(_Part):
    """One profile's part of the plan; `fields` are hashes of what it asks for, by field."""

    profile: str
    action: str
    cause: str
    reason: str
    digest: str
    fields: dict[str, str]
    session: KnownSession | None


class Where(_Part):
    """Where tokens are minted."""

    kind: str
    api: str
    url: str | None
    organization: str | None
    project: str | None


class Destination(_Part):
    """A sink."""

    kind: str
    target: str


class PlanFile(_Part):
    """All that the file holds, but for the digest at its end."""

    format: Literal["voxmint plan"]
    version: int
    made_at: Moment
    ledger: str | None
    asked: Asked
    where: Where
    sinks: tuple[Destination, ...]
    results: tuple[Reviewed, ...]
    pruned: tuple[str, ...]


# ── to the file and back ─────────────────────────────────────────────────────────────────────────


def write_plan(path: Path, plan: Plan, asked: Asked, selection: Selection) -> None:
    """Write a plan, made of a selection, as a whole or not at all.

    `ProblemsError` where that cannot be done.
    """
    content = file_of(plan, asked, selection).model_dump(mode="json")
    text = json.dumps({**content, "digest": _digest(content)}, indent=2)
    write_atomically(path, f"{text}\n".encode("ascii"), mode=_OWNER_ONLY)


def read_plan(folder: Path, path: str) -> PlanFile:
    """The plan in a file, its path relative to the folder.

    `ProblemsError` where there is none that can be understood.
    """
    found = _object(path, _content(folder, path))
    version = found.get("version")
    if found.get("format") == FORMAT and isinstance(version, int) and version > VERSION:
        raise failure(PLAN_NEWER, path=path, found=version, known=VERSION)
    digest = found.pop("digest", None)
    if digest != _digest(found):
        raise failure(PLAN_DAMAGED, path=path, found="it does not fit the digest at its end")
    try:
        return PlanFile.model_validate_json(json.dumps(found), strict=True)
    except ValidationError as error:
        where = ".".join(map(str, error.errors()[0]["loc"])) or "it"
        raise failure(PLAN_DAMAGED, path=path, found=f"`{where}` is not as it should be") from error


def _content(folder: Path, path: str) -> bytes:
    try:
        with Place(target_at(folder / path)) as place:
            existing = place.read(_LARGEST)
    except ProblemsError as error:
        said = error.problems[0].message
        raise failure(PLAN_UNREADABLE, path=path, reason=said) from error
    if existing is None:
        raise failure(PLAN_UNREADABLE, path=path, reason="there is no such file")
    return existing.data


def _object(path: str, content: bytes) -> dict[str, object]:
    try:
        found = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise failure(PLAN_DAMAGED, path=path, found="it is not JSON") from error
    if not isinstance(found, dict):
        raise failure(PLAN_DAMAGED, path=path, found="it is JSON, but not an object")
    return found


def _digest(content: object) -> str:
    text = json.dumps(content, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode("ascii")).hexdigest()


def file_of(plan: Plan, asked: Asked, selection: Selection) -> PlanFile:
    """What a file says of a plan."""
    target = plan.target
    fields = _fields(selection, _salt(plan.made_at))
    return PlanFile(
        format=FORMAT,
        version=VERSION,
        made_at=plan.made_at,
        ledger=plan.ledger,
        asked=asked,
        where=Where(
            kind=target.kind,
            api=target.api,
            url=target.url,
            organization=target.organization,
            project=target.project,
        ),
        sinks=tuple(Destination(kind=one.kind, target=one.target) for one in plan.sinks),
        results=tuple(_reviewed(entry, fields[entry.profile]) for entry in plan.entries),
        pruned=plan.leftovers,
    )


def _salt(made_at: float) -> str:
    """What the hashes of fields are salted with, so that those of two plans cannot be compared."""
    return f"plan of {made_at!r}"


def _fields(selection: Selection, salt: str) -> dict[str, dict[str, str]]:
    provider = provider_of(selection.environment)
    return {
        body.profile: dict(traces_of(body, sent_body(body, provider), selection.target, salt))
        for body in selection.bodies
    }


def _reviewed(entry: Entry, fields: dict[str, str]) -> Reviewed:
    decision = entry.decision
    return Reviewed(
        profile=entry.profile,
        action=str(decision.action),
        cause=str(decision.cause),
        reason=decision.reason,
        digest=entry.digest,
        fields=fields,
        session=_known(entry.record),
    )


def _known(record: SessionRecord | None) -> KnownSession | None:
    if record is None:
        return None
    return KnownSession(
        session_id=record.session_id,
        digest=record.digest,
        expires_at=record.expires_at,
        minted_at=record.minted_at,
        sinks=tuple(sorted(record.sinks)),
    )


# ── whether it still holds ───────────────────────────────────────────────────────────────────────


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
        if before.sinks != now.sinks:
            yield self._outdated(environment, "it has other sinks", _sinks_place(selection))
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
                what = f"what is to be done for `{entry.profile}` changed"
                how = f"{entry.action} ({entry.reason}) became {later.action} ({later.reason})"
                yield self._outdated(what, how)

    def _outdated(self, what: str, how: str, at: Origin | None = None) -> Problem:
        return Problem(PLAN_OUTDATED, at, {"what": what, "how": how, "command": self._command()})

    def _command(self) -> str:
        from shlex import join

        return join(["voxmint", "plan", *words_of(self.file.asked), "--out", self.path])


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


def words_of(asked: Asked) -> Sequence[str]:
    """What was asked for, as the words of a command line."""
    from voxmint.engine.durations import written

    words = ["-e", asked.environment, *asked.profiles]
    for name, value in asked.labels:
        words += ["-l", f"{name}={value}"]
    for override in asked.overrides:
        words += ["--set", override]
    words += ["--api", asked.api] if asked.api else []
    if asked.min_remaining is not None:
        words += ["--min-remaining", written(asked.min_remaining)]
    for kind in asked.sinks:
        words += ["--sink", kind]
    return [*words, "--force"] if asked.force else words
