"""What a command is given: the variables of its tokens, and the rest of its environment.

A command gets the environment that voxmint was given, without the upstream key: neither the
variable that the environment's file names, nor the usual one of any kind of provider, nor any other
whose value holds the key. So it is on the emulator, too: a test is no place for a key that another
environment of the project needs. With `only` it gets the few variables that any program needs, and
those of its tokens.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

from voxmint.engine.providers import PROVIDERS
from voxmint.engine.selection import Selection
from voxmint.engine.sinks import variables
from voxmint.engine.sinks.contract import Delivery
from voxmint.engine.sinks.destinations import own_sinks_of
from voxmint.engine.sinks.dotenv import DotenvSink
from voxmint.engine.sinks.surroundings import surroundings_of
from voxmint.engine.sinks.values import written_values
from voxmint.engine.upstream.target import provider_of
from voxmint.engine.wording import (
    EXEC_NAME_CLASH,
    EXEC_NAME_INVALID,
    EXEC_NAME_OF_KEY,
    EXEC_NAME_REFUSED,
    EXEC_NAME_TWICE,
    SINK_CONSTANT_UNFIT,
)
from voxmint.problems import Kind, Problem, ProblemsError
from voxmint.secret import Secret

VALUES = ("client_secret", "expires_at", "session_id")
"""The values of a session."""

KEPT = (
    *("PATH", "HOME", "USER", "LOGNAME", "SHELL", "PWD", "TMPDIR"),
    *("TERM", "COLORTERM", "NO_COLOR", "COLUMNS", "LINES"),
    *("LANG", "LANGUAGE", "LC_*", "TZ"),
)
"""What `only` leaves of an environment: who and where one is, the terminal, language and time."""

_SHORTEST_KEY = 8
"""A shorter key is no key: it would be found in ordinary values."""

Names = Mapping[str, str]
"""The variables of a profile, by the values that they hold."""


@dataclass(frozen=True, slots=True)
class Wishes:
    """What a person says of the variables and the environment of a command.

    `prefix` stands before every name; `names` are templates by value, with `{profile}` for the
    profile's name in capitals. `only` clears the rest of the environment, but for `KEPT` and what
    `keep` names; `keep` takes patterns.
    """

    prefix: str = ""
    names: Mapping[str, str] = field(default_factory=dict)
    only: bool = False
    keep: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Usual:
    """What an environment's env files say: the variables of each profile, and constant ones."""

    names: Mapping[str, Names] = field(default_factory=dict)
    constants: Mapping[str, str] = field(default_factory=dict)


def usual_of(selection: Selection, environ: Mapping[str, str]) -> Usual:
    """What the environment's env files call the variables; of several, the first that has it.

    `ProblemsError` for a constant that must not be set.
    """
    around = surroundings_of(selection.project.root, environ)._replace(
        environment=selection.environment.name,
        profiles=tuple(selection.present),
        labels=selection.labels,
        environ=environ,
    )
    names: dict[str, Names] = {}
    constants: dict[str, str] = {}
    for sink in own_sinks_of(selection.environment, around):
        if not isinstance(sink, DotenvSink):
            continue
        unfit = [one for one in sink.name_problems() if one.kind is SINK_CONSTANT_UNFIT]
        if unfit:
            raise ProblemsError(unfit)
        names |= {one: sink.variables_of(one) for one in sink.around.profiles if one not in names}
        constants = {**sink.constants(), **constants}
    return Usual(names, constants)


def names_of(selection: Selection, usual: Usual, wishes: Wishes) -> dict[str, Names]:
    """The variables of each profile that is asked for.

    `ProblemsError` with every profile whose variables cannot be set.
    """
    found = {
        body.profile: _names(body.profile, usual.names.get(body.profile), wishes)
        for body in selection.bodies
    }
    problems = tuple(_problems(found, key_variables(selection)))
    if problems:
        raise ProblemsError(problems)
    return found


def _names(profile: str, usual: Names | None, wishes: Wishes) -> Names:
    stem = variables.stem(profile)
    base = {value: f"{stem}_{value.upper()}" for value in VALUES} if usual is None else usual
    said = {value: name.replace(variables.PROFILE, stem) for value, name in wishes.names.items()}
    return {value: wishes.prefix + name for value, name in {**base, **said}.items()}


def key_variables(selection: Selection) -> frozenset[str]:
    """The variables that hold the upstream key, by the environment's file and its kind."""
    provider = provider_of(selection.environment)
    usual = PROVIDERS[provider.kind].key_variable
    named = provider.key.env if provider.key else None
    return frozenset(name for name in (usual, named) if name)


def hidden_variables(selection: Selection) -> frozenset[str]:
    """The variables that no command is given: those of the key, and the usual ones of all kinds."""
    usual = (kind.key_variable for kind in PROVIDERS.values())
    return key_variables(selection).union(name for name in usual if name)


def _problems(found: Mapping[str, Names], of_key: frozenset[str]) -> Iterator[Problem]:
    """What is wrong with the names: of each profile the first, since one cause has many."""
    owners: dict[str, str] = {}
    for profile, names in found.items():
        for name in names.values():
            facts = {"profile": profile, "name": name, "other": owners.setdefault(name, profile)}
            kind = _wrong_with(name, of_key)
            if kind is None and list(names.values()).count(name) > 1:
                kind = EXEC_NAME_TWICE
            if kind is None and owners[name] != profile:
                kind = EXEC_NAME_CLASH
            if kind is not None:
                yield Problem(kind, facts=facts)
                break


def _wrong_with(name: str, of_key: frozenset[str]) -> Kind | None:
    if not variables.is_name(name):
        return EXEC_NAME_INVALID
    if variables.is_refused(name):
        return EXEC_NAME_REFUSED
    return EXEC_NAME_OF_KEY if name in of_key else None


def values_of(names: Names, delivery: Delivery) -> dict[str, str]:
    """The variables of one session. A service that gives a session no id leaves that one out."""
    return {name: str(value) for name, value in written_values(delivery, names).items()}


def environment_for(
    environ: Mapping[str, str],
    wishes: Wishes,
    key_names: frozenset[str],
    key: Secret | None,
    taken: Sequence[str],
) -> dict[str, str]:
    """The environment of the command, before its tokens; `taken` are the names of their variables.

    What stood under these names goes, so that no id of another session stays beside a token.
    """
    hidden = key.reveal() if key is not None and len(key.reveal()) >= _SHORTEST_KEY else None
    gone = key_names.union(taken)
    return {
        name: value
        for name, value in environ.items()
        if name not in gone
        and (hidden is None or hidden not in value)
        and (not wishes.only or _is_kept(name, wishes.keep))
    }


def _is_kept(name: str, keep: Sequence[str]) -> bool:
    return any(fnmatchcase(name, pattern) for pattern in (*KEPT, *keep))
