"""What both versions of the KV engine keep beside a secret, and how it is called."""

from collections.abc import Mapping
from uuid import uuid4

from voxmint.engine.stores.marks import ENVIRONMENT, MANAGED_BY, PROFILE, own_marks

STAGED = ".voxmint-staged"
"""What the name of an entry ends in that holds a staged value; no secret's own name does."""
MARKS = ".voxmint-marks"
"""The same for one that holds marks, where the engine keeps none by itself."""

RUN = "voxmint-run"
"""Beside a staged value: which run's it is, as `stage` gave it."""

VERSION = "voxmint-version"
"""Beside a profile's own secret: the number of the version that its marks tell of."""

_CLAIM = (MANAGED_BY, ENVIRONMENT)

Marks = Mapping[str, str]


def new_run() -> str:
    """What a staged value is known by; no version of a secret is called like that."""
    return f"staged-{uuid4().hex}"


def is_staged(version: str | None) -> bool:
    """Whether a version is one that `new_run` named."""
    return version is not None and version.startswith("staged-")


def others_marks(marks: Marks) -> dict[str, str]:
    """Those of somebody else."""
    own = own_marks(marks)
    return {name: text for name, text in marks.items() if name not in own}


def session_marks_at(marks: Marks, number: int) -> dict[str, str]:
    """The marks of a secret, with the number of the version that a session's are for.

    Of a secret for an environment others may write versions, too, and leave the sessions in it.
    """
    return {**marks, VERSION: str(number)} if PROFILE in marks else dict(marks)


def told_of(marks: Marks, number: int) -> dict[str, str]:
    """What marks tell of a version: of another one than theirs, whose it is and nothing more."""
    if marks.get(VERSION, str(number)) != str(number):
        return without_session(marks)
    return {name: text for name, text in marks.items() if name != VERSION}


def without_session(marks: Marks) -> dict[str, str]:
    """The marks of a name without a value: whose it is, and nothing of a session."""
    claim = {name: marks[name] for name in _CLAIM if name in marks}
    return {**others_marks(marks), **claim}
