"""What can be said of an environment's provider and sinks from the project's files alone.

`mint` asks the same and more before its first request; here nothing is run, read or asked that is
not committed, so that a check of a pull request finds it.
"""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from types import MappingProxyType

from voxmint.engine.sinks.contract import Sink, Surroundings, unused
from voxmint.engine.sinks.destinations import left_out, own_sinks_of
from voxmint.engine.sinks.sharing import shared_by_environments
from voxmint.engine.sinks.surroundings import surroundings_of
from voxmint.engine.upstream.hosts import ALLOW_HOSTS, Allowed, allowed_hosts
from voxmint.engine.wording import HOST_NOT_ALLOWED
from voxmint.problems import Body, Problem, ProblemsError
from voxmint.profiles.cells import MapCell, value_of
from voxmint.profiles.compiled import CompiledEnvironment, CompiledProfile
from voxmint.profiles.plain_settings import is_plain_provider


def settings_problems(
    project: Path,
    environments: Iterable[CompiledEnvironment],
    environ: Mapping[str, str],
    profiles: Mapping[str, CompiledProfile] = MappingProxyType({}),
) -> Iterator[Problem]:
    """What is wrong with where sessions are minted and where their tokens go.

    `profiles` are those that could be read: by their labels, sinks choose.
    Whether a host is one that the operator allows is asked where the operator names any
    (`VOXMINT_ALLOW_HOSTS`), or the provider says it is openai, whose hosts are known; so it is with
    what else the operator names for sinks.
    """
    judged = [one for one in environments if not one.document.abstract]
    if not judged:
        return
    allowed = allowed_hosts(environ)
    labels = {one.name: one.labels for one in profiles.values()}
    around = surroundings_of(project, environ)._replace(labels=labels, environ=environ)
    sinks: list[Sink] = []
    for environment in judged:
        if _has_provider(environment):
            for problem in _target_problems(environment, environ, allowed):
                yield problem._replace(affects=_bodies_of(environment))
        for problem in _sink_problems(environment, around, sinks):
            yield problem._replace(affects=problem.affects or _bodies_of(environment))
    yield from shared_by_environments(sinks)


def _bodies_of(environment: CompiledEnvironment) -> tuple[Body, ...]:
    return tuple((name, environment.name) for name in environment.profiles)


def _has_provider(environment: CompiledEnvironment) -> bool:
    return _is_plain(environment) or environment.provider is not None


def _is_plain(environment: CompiledEnvironment) -> bool:
    """Whether the provider is right at a glance: then its URL, too, is right, and its headers."""
    cell = environment.provider_cell
    return isinstance(cell, MapCell) and is_plain_provider(_settings(cell))


def _settings(cell: MapCell) -> Mapping[str, object]:
    value = value_of(cell)
    return value if isinstance(value, dict) else {}


def _target_problems(
    environment: CompiledEnvironment, environ: Mapping[str, str], allowed: Allowed
) -> Iterator[Problem]:
    if _is_plain(environment):
        return
    from voxmint.engine.upstream.target import check_target

    provider = environment.provider
    names_hosts = environ.get(ALLOW_HOSTS) or (provider and provider.kind == "openai")
    try:
        check_target(environment, allowed)
    except ProblemsError as failure:
        for problem in failure.problems:
            if names_hosts or problem.kind is not HOST_NOT_ALLOWED:
                yield problem


def _sink_problems(
    environment: CompiledEnvironment, around: Surroundings, found: list[Sink]
) -> Iterator[Problem]:
    """What is wrong with an environment's sinks; those that can be read join `found`."""
    own = around._replace(environment=environment.name, profiles=environment.profiles, asked=None)
    try:
        sinks = own_sinks_of(environment, own)
    except ProblemsError as failure:
        yield from failure.problems
        return
    for sink in sinks:
        problems = [*unused(sink), *sink.flaws()]
        yield from problems
        if not any(problem.is_error for problem in problems):
            found.append(sink)
    yield from left_out(environment, own, environment.profiles)
