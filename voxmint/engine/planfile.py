"""A plan in a file: what was reviewed, so that just that is carried out, or nothing.

The file holds digests and reasons, and no secret. Nothing in it is believed: `reviewing` makes the
plan anew, and the digest at its end is for accidents.
"""

import hashlib
import json
import stat
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from shlex import quote
from typing import Annotated, Final, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from voxmint.engine.failures import failure
from voxmint.engine.files import Existing, Place, described, target_at, write_atomically
from voxmint.engine.ledger.ledger import SessionRecord
from voxmint.engine.plan import Entry, Plan, SinkPlace
from voxmint.engine.selection import Selection
from voxmint.engine.sinks.destinations import settings_in
from voxmint.engine.upstream.request import sent_body
from voxmint.engine.upstream.target import provider_of
from voxmint.engine.upstream.traces import traces_of
from voxmint.engine.wording import (
    FILE_NOT_REGULAR,
    PLAN_DAMAGED,
    PLAN_NEWER,
    PLAN_UNREADABLE,
)
from voxmint.problems import ProblemsError

FORMAT: Final = "voxmint plan"
VERSION = 1
_LARGEST = 64 * 1024 * 1024
_OWNER_ONLY = 0o600

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
    """A sink; `profiles` are those that it is for, `None` where it is for all."""

    kind: str
    target: str
    profiles: tuple[str, ...] | None


class PlanFile(_Part):
    """All that the file holds, but for the digest at its end.

    `settings` is a hash of what the environment's file says of its sinks.
    """

    format: Literal["voxmint plan"]
    version: int
    made_at: Moment
    ledger: str | None
    asked: Asked
    where: Where
    sinks: tuple[Destination, ...]
    settings: str
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


def may_replace(path: Path) -> bool:
    """Whether a plan may be written there: there is nothing, or a plan of whatever version.

    `ProblemsError` where what is there is no file.
    """
    existing = _existing(path)
    if existing is None or not existing.data:
        return True
    try:
        return _object(path.name, existing.data).get("format") == FORMAT
    except ProblemsError:
        return False


def _content(folder: Path, path: str) -> bytes:
    try:
        existing = _existing(folder / path)
    except ProblemsError as error:
        said = error.problems[0].message
        raise failure(PLAN_UNREADABLE, path=path, reason=said) from error
    if existing is None:
        said = "there is no such file"
        raise failure(PLAN_UNREADABLE, path=path, missing=quote(path), reason=said)
    return existing.data


def _existing(path: Path) -> Existing | None:
    try:
        with Place(target_at(path)) as place:
            return place.read(_LARGEST)
    except ProblemsError:
        if found := _behind_link(path):
            raise failure(FILE_NOT_REGULAR, path=path, found=found) from None
        raise


def _behind_link(path: Path) -> str | None:
    """What a link such as /dev/stdout leads to, where that is no file to be named in its place."""
    with suppress(OSError):
        mode = path.stat().st_mode
        if path.is_symlink() and not stat.S_ISREG(mode):
            return described(mode)
    return None


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
    salt = _salt(plan.made_at)
    fields = _fields(selection, salt)
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
        sinks=tuple(map(_destination, plan.sinks)),
        settings=_digest([salt, settings_in(selection.environment)]),
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


def _destination(sink: SinkPlace) -> Destination:
    profiles = None if sink.profiles is None else tuple(sorted(sink.profiles))
    return Destination(kind=sink.kind, target=sink.target, profiles=profiles)


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
