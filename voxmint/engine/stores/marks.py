"""What stands beside a secret, so that everybody sees what it is without reading it.

Marks are names and values that every store takes as tags, annotations or custom metadata: values
are ASCII letters, digits and `_ . : / + - @ =`, at most 200 characters. What else is in a profile's
name stands there in hexadecimal, as `=2C`.
"""

import re
from collections.abc import Iterable, Mapping
from hashlib import sha256

from voxmint.engine.sinks.contract import Session

MANAGED_BY = "managed-by"
OURS = "voxmint"
ENVIRONMENT = "voxmint-environment"
PROFILE = "voxmint-profile"
PROFILES = "voxmint-profiles"
"""Fingerprints of the profiles in a secret for an environment; more in `voxmint-profiles-2` …"""
DIGEST = "voxmint-digest"
COMMIT = "voxmint-commit"
EXPIRES_AT = "voxmint-expires-at"
SESSION_ID = "voxmint-session-id"
VERSION = "voxmint-version"
"""Of a profile's own secret: which version the marks tell of, where versions share them."""

Marks = Mapping[str, str]

_UNSAFE = re.compile(r"[^A-Za-z0-9_.:/+@-]")
_LONGEST = 200
_FINGERPRINT = 8
_IN_ONE_MARK = 22
_CLAIM = (MANAGED_BY, ENVIRONMENT)


def claim_of(environment: str) -> dict[str, str]:
    """The marks that say whose an object is."""
    return {MANAGED_BY: OURS, ENVIRONMENT: plain(environment)}


def session_marks(environment: str, session: Session) -> dict[str, str]:
    """The marks of a session."""
    known: dict[str, object | None] = {
        PROFILE: session.profile,
        EXPIRES_AT: session.expires_at,
        SESSION_ID: session.session_id,
        DIGEST: session.digest,
        COMMIT: session.commit,
    }
    told = {name: plain(str(value)) for name, value in known.items() if value is not None}
    return {**claim_of(environment), **told}


def document_marks(
    environment: str, profiles: Iterable[str], expires_at: int, commit: str | None
) -> dict[str, str]:
    """The marks of a secret for an environment, which holds these fingerprints of profiles."""
    prints = sorted(set(profiles))
    rows = [prints[at : at + _IN_ONE_MARK] for at in range(0, len(prints), _IN_ONE_MARK)]
    listed = {
        PROFILES if not number else f"{PROFILES}-{number + 1}": ".".join(row)
        for number, row in enumerate(rows)
    }
    told = {COMMIT: plain(commit)} if commit else {}
    return {**claim_of(environment), EXPIRES_AT: str(expires_at), **told, **listed}


def marks_with(
    environment: str, before: Marks, sessions: Iterable[Session], gone: Iterable[str] = ()
) -> dict[str, str]:
    """The marks of a secret for an environment once these sessions are in it too.

    `before` are its marks, and `gone` profiles that are taken out.
    """
    new = list(sessions)
    held = fingerprints_in(before) - set(map(fingerprint, gone))
    held |= {fingerprint(one.profile) for one in new}
    ends = before.get(EXPIRES_AT, "")
    latest = max([*(one.expires_at for one in new), int(ends) if ends.isdecimal() else 0])
    commit = next((one.commit for one in new if one.commit), None)
    return document_marks(environment, held, latest, commit)


def fingerprint(profile: str) -> str:
    """What stands for a profile where a name would be too long."""
    return sha256(profile.encode()).hexdigest()[:_FINGERPRINT]


def fingerprints_in(marks: Marks) -> frozenset[str]:
    """The fingerprints of profiles in the marks of a secret for an environment."""
    rows = (text for name, text in marks.items() if re.fullmatch(rf"{PROFILES}(-\d+)?", name))
    return frozenset(one for row in rows for one in row.split(".") if one)


def owner_of(marks: Marks, environment: str) -> str | None:
    """Whose an object is, in words, where it is not this environment's of voxmint."""
    if marks.get(MANAGED_BY) != OURS:
        return "voxmint did not write it"
    other = marks.get(ENVIRONMENT, "")
    if other != plain(environment):
        return f"voxmint wrote it for the environment `{other}`"
    return None


def is_session_of(marks: Marks, environment: str, profile: str) -> bool:
    """Whether an object holds a session of a profile of this environment."""
    is_own = owner_of(marks, environment) is None
    return is_own and marks.get(PROFILE) == plain(profile)


def own_marks(marks: Marks) -> dict[str, str]:
    """Those that are voxmint's."""
    return {name: text for name, text in marks.items() if name == MANAGED_BY or _is_own_name(name)}


def others_marks(marks: Marks) -> dict[str, str]:
    """Those that are somebody else's."""
    own = own_marks(marks)
    return {name: text for name, text in marks.items() if name not in own}


def marks_at(marks: Marks, version: str) -> dict[str, str]:
    """The marks of a secret, with the version that a session's are for.

    Of a secret for an environment others may write versions, too, and leave the sessions in it.
    """
    return {**marks, VERSION: version} if PROFILE in marks else dict(marks)


def told_of(marks: Marks, version: str | None) -> dict[str, str]:
    """What marks tell of a version: of another one than theirs, whose it is and nothing more."""
    if marks.get(VERSION, version) != version:
        return without_session(marks)
    return {name: text for name, text in marks.items() if name != VERSION}


def without_session(marks: Marks) -> dict[str, str]:
    """The marks of a name without a session: whose it is, and those of others."""
    claim = {name: marks[name] for name in _CLAIM if name in marks}
    return {**others_marks(marks), **claim}


def _is_own_name(name: str) -> bool:
    return name.startswith("voxmint-")


def plain(text: str) -> str:
    """A text as every store keeps it; one that is too long ends in its fingerprint."""
    found = _UNSAFE.sub(_in_hexadecimal, text)
    if len(found) <= _LONGEST:
        return found
    return f"{found[: _LONGEST - _FINGERPRINT - 1]}:{fingerprint(text)}"


def _in_hexadecimal(found: re.Match[str]) -> str:
    return "".join(f"={byte:02X}" for byte in found.group().encode())
