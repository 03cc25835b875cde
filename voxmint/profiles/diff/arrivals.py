"""Bodies that only one state has, and the edit that brought them or took them away."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from voxmint.origin import Origin
from voxmint.problems import Body
from voxmint.profiles.compiled import Compilation
from voxmint.profiles.diff.edits import Edits
from voxmint.profiles.diff.result import ABSENT, Arrival, Cause, CauseKind, Side


def arrivals(
    bodies: Iterable[Body], state: Compilation, side: Side, edits: Edits
) -> tuple[Arrival, ...]:
    """The bodies, which only this state has, by the edit that made it so."""
    found: dict[Cause, list[Body]] = {}
    fallen_back: dict[str, Cause] = {}
    for body in bodies:
        cause = next(_causes(body, state, edits), None)
        if cause is None:
            file = state.profiles[body[0]].document.file
            cause = fallen_back.setdefault(file, _file(file, side))
        found.setdefault(cause, []).append(body)
    listed = (Arrival(tuple(sorted(there)), cause) for cause, there in found.items())
    return tuple(sorted(listed, key=lambda one: one.cause.order))


def _causes(body: Body, state: Compilation, edits: Edits) -> Iterator[Cause]:
    """What may have made the difference, the surest first."""
    profile, environment = state.profiles[body[0]], state.environments[body[1]]
    yield from _of(edits.files, (environment.document.layer, profile.document.layer))
    yield from _of(edits.abstracts, (profile.document, environment.document))
    yield from _of(edits.profiles, reversed(environment.lineage))
    yield from _of(edits.extends, reversed(environment.lineage))


def _of(edits: Mapping[Any, Cause], keys: Iterable[object]) -> Iterator[Cause]:
    yield from (edits[key] for key in keys if key in edits)


def _file(file: str, side: Side) -> Cause:
    at = Origin(file, 1, 1)
    if side is Side.HEAD:
        return Cause(CauseKind.FILE, "", ABSENT, file, at, side)
    return Cause(CauseKind.FILE, "", file, ABSENT, at, side, at)
