"""Whether two compiles of a project give the same: all that is sent, and all that it is sent by."""

import json
from collections import Counter
from collections.abc import Collection
from typing import NamedTuple

from voxmint.problems import Body, Kind, Severity
from voxmint.profiles.compiled import (
    Compilation,
    CompiledBody,
    CompiledEnvironment,
    CompiledProfile,
)
from voxmint.profiles.nodes import plain

_Problem = tuple[str, str | None, str, str | None]


class Likeness(NamedTuple):
    """What must be equal for two compiles to be alike, apart from their problems."""

    attempted: tuple[Body, ...]
    bodies: dict[Body, tuple[str, ...]]
    profiles: dict[str, tuple[object, ...]]
    environments: dict[str, tuple[object, ...]]


def likeness(compilation: Compilation) -> Likeness:
    """All that two compiles must have in common to be alike: bodies, lineages, labels, settings.

    Values count with their types, and maps with the order of their keys, as they are sent.
    """
    return Likeness(
        compilation.attempted,
        {name: _body(body) for name, body in compilation.bodies.items()},
        {name: _profile(profile) for name, profile in compilation.profiles.items()},
        {name: _environment(one) for name, one in compilation.environments.items()},
    )


def has_new_problems(before: Compilation, after: Compilation, besides: Collection[Kind]) -> bool:
    """Whether there is an error or a warning that was not there before, of any other kind."""
    return bool(_problems(after, besides) - _problems(before, besides))


def _problems(compilation: Compilation, besides: Collection[Kind]) -> Counter[_Problem]:
    """Errors and warnings, without their lines: those move."""
    return Counter(
        (problem.code, problem.at and problem.at.file, problem.message, problem.path)
        for problem in compilation.problems
        if problem.severity is not Severity.NOTE and problem.kind not in besides
    )


def _exact(value: object) -> str:
    """A value in a form in which `1`, `1.0` and `true` differ, and the order of keys counts."""
    return json.dumps(value)


def _body(body: CompiledBody) -> tuple[str, ...]:
    return body.api, _exact(body.body), _exact(body.session), _exact(body.expires_after)


def _profile(profile: CompiledProfile) -> tuple[object, ...]:
    document = profile.document
    lineage = [one.name for one in profile.lineage]
    return document.abstract, document.description, lineage, _exact(dict(profile.labels))


def _environment(environment: CompiledEnvironment) -> tuple[object, ...]:
    document, sinks = environment.document, environment.sinks_of
    return (
        document.abstract,
        document.description,
        [one.name for one in environment.lineage],
        environment.api,
        environment.provider,
        environment.mint,
        environment.profiles,
        _exact(plain(sinks.sinks)) if sinks and sinks.sinks else "",
    )
