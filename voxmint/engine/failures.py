"""How the engine ends what cannot go on: one problem, raised."""

from voxmint.origin import Origin
from voxmint.problems import Kind, Problem, ProblemsError


def failure(kind: Kind, /, at: Origin | None = None, **facts: object) -> ProblemsError:
    """The error to raise for one problem of this kind, at this place in a file, if any."""
    return ProblemsError([Problem(kind, at, facts)])


def reason(error: OSError) -> str:
    """The system's own word for what went wrong, to stand after a colon."""
    said = error.strerror or type(error).__name__
    return said[:1].lower() + said[1:]
