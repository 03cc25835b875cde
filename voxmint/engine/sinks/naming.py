"""The names of environment variables, as several sinks give them to values."""

from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Protocol

from voxmint.engine.sinks import variables
from voxmint.engine.sinks.contract import Sink
from voxmint.engine.wording import SINK_NAME_CLASH, SINK_NAME_INVALID, SINK_NAME_REFUSED
from voxmint.problems import Kind, Problem


class Names(Protocol):
    """What variables are called, as `file_options.VariableNames` has it."""

    @property
    def client_secret(self) -> str: ...
    @property
    def expires_at(self) -> str: ...
    @property
    def session_id(self) -> str: ...
    @property
    def profiles(self) -> Mapping[str, str]: ...


def variable_names(
    profile: str, names: Names, values: Iterable[str], prefix: str = ""
) -> dict[str, str]:
    """The variable of each of these values of a profile."""
    given = names.profiles.get(profile)
    stem = variables.stem(profile) if given is None else given
    return {
        which: prefix + getattr(names, which).replace(variables.PROFILE, stem) for which in values
    }


@lru_cache(maxsize=8)
def are_all_well(profiles: tuple[str, ...], forms: tuple[str, ...], prefix: str) -> bool:
    """Whether `bad_names` and `clashes` find nothing in the variables of these profiles.

    `forms` are the names of variables, in which `{profile}` is the stem of the profile's name.
    Environments mostly have the same profiles and the same forms: what is looked at once holds for
    all of them.
    """
    stems = [variables.stem(profile) for profile in profiles]
    names = [prefix + form.replace(variables.PROFILE, stem) for form in forms for stem in stems]
    return len(set(names)) == len(names) and variables.are_all_well(names)


def bad_names(sink: Sink, profile: str, names: Iterable[str]) -> Iterator[Problem]:
    """Names that not every reader takes, or that change how programs run."""
    for name in names:
        if not variables.is_name(name):
            yield _problem(SINK_NAME_INVALID, sink, profile, name)
        elif variables.is_refused(name):
            yield _problem(SINK_NAME_REFUSED, sink, profile, name)


def _problem(kind: Kind, sink: Sink, profile: str, name: str) -> Problem:
    facts = {"profile": profile, "name": name}
    affected = ((profile, sink.around.environment),)
    return Problem(kind, sink.around.at, facts, affects=affected)


def clashes(sink: Sink, names: Iterable[tuple[str, Iterable[str]]]) -> Iterator[Problem]:
    """Names that two profiles would share in one place, or one profile with itself."""
    owners: dict[str, str] = {}
    found: dict[tuple[str, str], str] = {}
    for profile, own in names:
        for name in own:
            if name in owners:
                found.setdefault((owners[name], profile), name)
            else:
                owners[name] = profile
    for (one, other), name in found.items():
        facts = {"name": name, "target": sink.target}
        if one == other:
            facts["who"] = f"`{one}` would twice"
        else:
            facts |= {"who": f"`{one}` and `{other}` would both", "other": other}
        bodies = (name for name in dict.fromkeys((one, other)) if sink.takes(name))
        affected = tuple((name, sink.around.environment) for name in bodies)
        yield Problem(SINK_NAME_CLASH, sink.around.at, facts, affects=affected)
