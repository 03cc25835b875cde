"""A look at the sinks of environments: what each is, what it holds, and how its files read."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from voxmint.engine.files import Place
from voxmint.engine.sinks.contract import Sink, Surroundings, unused
from voxmint.engine.sinks.destinations import others_of, own_sinks_of
from voxmint.engine.sinks.dotenv import DotenvSink
from voxmint.engine.sinks.envcheck import Bend, bends
from voxmint.engine.sinks.envfile import flaws_in
from voxmint.engine.sinks.surroundings import surroundings_of
from voxmint.engine.wording import SINK_LINE_BENT, SINK_LINE_FOREIGN
from voxmint.origin import Origin
from voxmint.problems import Problem, ProblemsError
from voxmint.profiles.compiled import CompiledEnvironment, CompiledProfile


@dataclass(frozen=True, slots=True)
class Look:
    """One sink: the profiles that it is for, and those whose values it has, by names alone.

    Of one that is remote nothing is known unless it `is_asked`. One that `is_silent` could not be
    asked, or not be read. Of one that is not voxmint's own nothing is known but its kind. `read`
    are the env files that were read as programs read them.
    """

    environment: str
    kind: str
    target: str
    profiles: tuple[str, ...]
    holds: tuple[str, ...]
    is_only_by_name: bool
    is_asked: bool = True
    is_own: bool = True
    is_silent: bool = False
    is_remote: bool = False
    read: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """What programs read of it."""
        return {
            "kind": self.kind,
            "target": self.target,
            "profiles": list(self.profiles),
            "holds": list(self.holds),
            "only_by_name": self.is_only_by_name,
            "asked": self.is_asked and not self.is_silent,
            "own": self.is_own,
        }


def looks_at(
    project: Path,
    environment: CompiledEnvironment,
    profiles: Mapping[str, CompiledProfile],
    environ: Mapping[str, str],
    allow_hosts: tuple[str, ...] = (),
    *,
    checks: bool = False,
) -> tuple[list[Look], list[Problem]]:
    """The sinks of an environment, and what is wrong with voxmint's own.

    Those of other packages are named and no more: to import one would run its code.
    With `checks`, env files are read as programs would read them, and stores are asked; else no
    value is read, and no network touched. `allow_hosts` are hosts that the operator names.
    """
    around = surroundings_of(project, environ)._replace(
        environment=environment.name,
        profiles=environment.profiles,
        labels={one.name: one.labels for one in profiles.values()},
        asked=None,
        environ=environ,
        allow_hosts=allow_hosts,
    )
    try:
        sinks = own_sinks_of(environment, around)
    except ProblemsError as error:
        return [], list(error.problems)
    looks: list[Look] = []
    problems: list[Problem] = []
    for sink in sinks:
        held: frozenset[str] | None = None
        read: Mapping[str, bytes] = {}
        is_asked = checks or not sink.is_remote
        problems += [*unused(sink), *sink.flaws()]
        try:
            held = sink.holds() if is_asked else frozenset()
            if checks and isinstance(sink, DotenvSink):
                read = _env_files(sink)
                problems += _misread(sink, read)
        except ProblemsError as error:
            problems += [one._replace(at=sink.around.at) for one in error.problems]
        looks.append(
            Look(
                environment.name,
                sink.kind,
                sink.target,
                sink.around.profiles,
                tuple(sorted(held or ())),
                sink.is_only_by_name,
                is_asked,
                is_silent=held is None,
                is_remote=sink.is_remote,
                read=tuple(read),
            )
        )
    looks += _others(environment, around)
    return looks, problems


def _others(environment: CompiledEnvironment, around: Surroundings) -> Iterator[Look]:
    for kind, profiles in others_of(environment, around):
        yield Look(
            environment.name,
            kind,
            target="",
            profiles=profiles,
            holds=(),
            is_only_by_name=False,
            is_asked=False,
            is_own=False,
        )


def _env_files(sink: DotenvSink) -> dict[str, bytes]:
    """What is in each file of a sink that is there, by what the file is called."""
    target = sink.file()
    if not target.folder.is_dir():
        return {}
    with Place(target) as place:
        files = [sink.target_of(name) for name in sorted(sink.files())]
        found = {file.label: Place(file, beside=place).read() for file in files}
    return {label: existing.data for label, existing in found.items() if existing}


def _misread(sink: DotenvSink, files: Mapping[str, bytes]) -> Iterator[Problem]:
    """The lines of a sink's files that programs read otherwise than each other."""
    own = {name for one in sink.around.profiles for name in sink.names_of(one)}
    own |= set(sink.constants())
    for label, content in files.items():
        can_be_added_to = not any(flaws_in(content))
        for bend in bends(content):
            yield _problem(label, bend, own, sink, can_be_added_to=can_be_added_to)


def _problem(path: str, bend: Bend, own: set[str], sink: Sink, *, can_be_added_to: bool) -> Problem:
    kind = SINK_LINE_BENT if bend.name in own else SINK_LINE_FOREIGN
    facts = {
        "path": path,
        "line": bend.line,
        "found": bend.found,
        "readers": bend.readers,
        **({"name": bend.name} if bend.name else {}),
        # The one who can mend it, where a mint can.
        **({"environment": sink.around.environment} if can_be_added_to else {}),
    }
    return Problem(kind, Origin(path, bend.line, 1), facts)
