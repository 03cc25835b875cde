"""What can be said of an environment's provider and sinks from the project's files alone.

`mint` asks the same and more before its first request; here nothing is run, read or asked that is
not committed, so that a check of a pull request finds it.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from voxmint.engine.sinks.destinations import own_sinks_of
from voxmint.engine.sinks.surroundings import surroundings_of
from voxmint.engine.upstream.hosts import ALLOW_HOSTS, allowed_hosts
from voxmint.engine.upstream.target import check_target
from voxmint.engine.wording import HOST_NOT_ALLOWED
from voxmint.problems import Problem, ProblemsError
from voxmint.profiles.compiled import CompiledEnvironment


def settings_problems(
    project: Path, environments: Iterable[CompiledEnvironment], environ: Mapping[str, str]
) -> Iterator[Problem]:
    """What is wrong with where sessions are minted and where their tokens go.

    Whether a host is one that the operator allows is asked where the operator names any
    (`VOXMINT_ALLOW_HOSTS`), or the provider says it is openai, whose hosts are known.
    """
    for environment in environments:
        if environment.provider is None or environment.document.abstract:
            continue
        affected = tuple((name, environment.name) for name in environment.profiles)
        names_hosts = environ.get(ALLOW_HOSTS) or environment.provider.kind == "openai"
        for problem in _target_problems(environment, environ):
            if names_hosts or problem.kind is not HOST_NOT_ALLOWED:
                yield replace(problem, affects=affected)
        for problem in _sink_problems(project, environment, environ):
            yield replace(problem, affects=problem.affects or affected)


def _target_problems(
    environment: CompiledEnvironment, environ: Mapping[str, str]
) -> tuple[Problem, ...]:
    try:
        check_target(environment, allowed_hosts(environ, ()))
    except ProblemsError as failure:
        return failure.problems
    return ()


def _sink_problems(
    project: Path, environment: CompiledEnvironment, environ: Mapping[str, str]
) -> Iterator[Problem]:
    around = surroundings_of(project, environment.name, environment.profiles, environ)
    try:
        sinks = own_sinks_of(environment, around)
    except ProblemsError as failure:
        yield from failure.problems
        return
    for sink in sinks:
        yield from sink.flaws()
