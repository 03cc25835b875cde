"""How the engine ends what cannot go on: one problem, raised."""

import errno
from collections.abc import Mapping

from voxmint.origin import Origin
from voxmint.problems import Kind, Problem, ProblemsError

_NO_ROOM = (errno.ENOSPC, errno.EDQUOT)


def failure(kind: Kind, /, at: Origin | None = None, **facts: object) -> ProblemsError:
    """The error to raise for one problem of this kind, at this place in a file, if any."""
    return ProblemsError([Problem(kind, at, facts)])


def reason(error: OSError) -> str:
    """The system's own word for what went wrong, to stand after a colon."""
    said = error.strerror or type(error).__name__
    return said[:1].lower() + said[1:]


def room_facts(error: OSError) -> Mapping[str, str]:
    """The fact for a hint to make room: there where a disk is full, or a user's share of it."""
    return {"disk": "its disk"} if error.errno in _NO_ROOM else {}
