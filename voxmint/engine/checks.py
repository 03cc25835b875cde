"""What can be said of an environment's provider and sinks from the project's files alone.

`mint` asks the same and more before its first request; here nothing is run, read or asked that is
not committed, so that a check of a pull request finds it.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from voxmint.engine.sinks.contract import Surroundings
from voxmint.engine.sinks.destinations import own_sinks_of
from voxmint.engine.sinks.surroundings import surroundings_of
from voxmint.engine.upstream.hosts import ALLOW_HOSTS, Allowed, allowed_hosts
from voxmint.engine.wording import HOST_NOT_ALLOWED
from voxmint.problems import Problem, ProblemsError
from voxmint.profiles.cells import MapCell, value_of
from voxmint.profiles.compiled import CompiledEnvironment
from voxmint.profiles.plain_settings import is_plain_provider


def settings_problems(
    project: Path, environments: Iterable[CompiledEnvironment], environ: Mapping[str, str]
) -> Iterator[Problem]:
    """What is wrong with where sessions are minted and where their tokens go.

    Whether a host is one that the operator allows is asked where the operator names any
    (`VOXMINT_ALLOW_HOSTS`), or the provider says it is openai, whose hosts are known.
    """
    judged = [one for one in environments if not one.document.abstract and _has_provider(one)]
    if not judged:
        return
    allowed = allowed_hosts(environ)
    around = surroundings_of(project, environ)
    for environment in judged:
        affected = tuple((name, environment.name) for name in environment.profiles)
        for problem in _target_problems(environment, environ, allowed):
            yield replace(problem, affects=affected)
        for problem in _sink_problems(environment, around):
            yield replace(problem, affects=problem.affects or affected)


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


def _sink_problems(environment: CompiledEnvironment, around: Surroundings) -> Iterator[Problem]:
    own = replace(around, environment=environment.name, profiles=environment.profiles)
    try:
        sinks = own_sinks_of(environment, own)
    except ProblemsError as failure:
        yield from failure.problems
        return
    for sink in sinks:
        yield from sink.flaws()
