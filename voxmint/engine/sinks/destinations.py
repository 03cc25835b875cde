"""The sinks of an environment, made from what its file says."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import nullcontext, suppress
from functools import partial
from typing import NamedTuple

from voxmint.engine.failures import failure
from voxmint.engine.sinks import own_sink, readable_sink, sink_class
from voxmint.engine.sinks.blaming import blamed_on
from voxmint.engine.sinks.contract import Sink, Surroundings
from voxmint.engine.wording import (
    SINK_MALFORMED,
    SINK_NOT_ASKED_FOR,
    SINK_NOTHING_TAKES,
    SINKS_MISSING,
)
from voxmint.origin import Origin
from voxmint.problems import Problem, ProblemsError, UsageError
from voxmint.profiles.cells import Leaf, MapCell, origin, value_of
from voxmint.profiles.compiled import CompiledEnvironment
from voxmint.profiles.documents import Environment, Layer
from voxmint.profiles.merge import Merger
from voxmint.profiles.nodes import Node
from voxmint.profiles.selectors import EVERYWHERE, Where, selects

_OWN = ("kind", "where")
_EXAMPLE = "{kind: dotenv, path: …}"


class _Item(NamedTuple):
    """One item of `sinks:`: its kind, and the settings beside it."""

    kind: str
    settings: MapCell
    at: Origin
    owner: str


def sinks_of(environment: CompiledEnvironment, around: Surroundings) -> tuple[Sink, ...]:
    """All sinks of an environment, for what is about to write; of other packages too.

    `ProblemsError` with all that is wrong, and where there is none: a token that is minted must be
    kept somewhere.
    """
    found = _made(environment, around, sink_class)
    if not found:
        raise _kept_nowhere(environment)
    return found


def sinks_to_look_at(environment: CompiledEnvironment, around: Surroundings) -> tuple[Sink, ...]:
    """What `sinks_of` would give, but for the sinks of other packages: for a look before a write.

    `ProblemsError` as there, where other packages bring none either.
    """
    found = own_sinks_of(environment, around)
    if not found and not others_in(environment):
        raise _kept_nowhere(environment)
    return found


def _kept_nowhere(environment: CompiledEnvironment) -> ProblemsError:
    """The error of an environment none of whose sinks is written, or which has none."""
    at = Origin(environment.document.file, 1, 1)
    silent = sorted({item.kind for item in _items(environment)})
    if silent:
        facts = {"kinds": ", ".join(silent), "kind": silent[0]}
        return failure(SINK_NOT_ASKED_FOR, at=at, environment=environment.name, **facts)
    return failure(SINKS_MISSING, at=at, environment=environment.name)


def _added(
    environment: CompiledEnvironment,
    around: Surroundings,
    class_of: Callable[[str], type[Sink] | None],
) -> Iterator[Sink]:
    """Sinks that the operator asked for and the environment does not list, as they are unset."""
    listed = {item.kind for item in _items(environment)}
    for kind in sorted((around.asked or frozenset()) - listed):
        found = class_of(kind)
        if found is None:
            continue
        if not found.is_only_by_name:
            raise UsageError(
                f"`--sink {kind}`: the environment `{environment.name}` has no such sink",
                f"list it in {environment.document.file}; it is then written without being asked",
            )
        yield found(found.Options(), around._replace(at=None))


def left_out(
    environment: CompiledEnvironment, around: Surroundings, profiles: Iterable[str]
) -> Iterator[Problem]:
    """An error for each of the profiles that no sink of the environment is for.

    Only sinks that are written: others are written where they are asked for by name.
    """
    owner = environment.sinks_of
    if owner is None or not owner.sinks_where:
        return
    taking = [
        where
        for item, where in zip(_items(environment), owner.sinks_where, strict=False)
        if _is_written(item.kind, around)
    ]
    added = (around.asked or frozenset()) - {item.kind for item in _items(environment)}
    if added or not taking or any(where.is_everywhere for where in taking):
        return
    at = owner.layer.origin(owner.sinks.mark) if owner.sinks else None
    for name in profiles:
        if not any(_fits(where, name, around) for where in taking):
            facts = {"environment": environment.name, "profile": name}
            affected = ((name, environment.name),)
            yield Problem(SINK_NOTHING_TAKES, at, facts, affects=affected)


def others_in(environment: CompiledEnvironment) -> list[str]:
    """The kinds of an environment's sinks that other packages bring."""
    return [item.kind for item in _items(environment) if own_sink(item.kind) is None]


def others_of(
    environment: CompiledEnvironment, around: Surroundings
) -> Iterator[tuple[str, tuple[str, ...]]]:
    """The sinks that other packages bring, unread: the kind of each, and the profiles it is for."""
    owner = environment.sinks_of
    wheres = owner.sinks_where if owner is not None else ()
    for number, item in enumerate(_items(environment)):
        if own_sink(item.kind) is None:
            where = wheres[number] if number < len(wheres) else EVERYWHERE
            yield item.kind, _taken(where, around)


def settings_in(environment: CompiledEnvironment) -> list[object]:
    """What an environment's file says of each of its sinks, beside its kind and its `where`."""
    return [value_of(item.settings) for item in _items(environment)]


def _items(environment: CompiledEnvironment) -> list[_Item]:
    """The items of `sinks:` that are maps with a kind."""
    owner, found = environment.sinks_of, []
    for number, node in enumerate(_nodes(owner)):
        with suppress(ProblemsError):
            found.append(_item(node, owner.layer, f"sinks.{number}"))  # type: ignore[union-attr]  # it has nodes
    return found


def _is_written(kind: str, around: Surroundings) -> bool:
    """Whether a sink is written in this run; of another package's that is taken for granted."""
    known = own_sink(kind)
    is_asked = around.asked is None or kind in around.asked
    return is_asked or known is None or not known.is_only_by_name


def _taken(where: Where, around: Surroundings) -> tuple[str, ...]:
    """Those of the environment's profiles that a sink is for."""
    if where.is_everywhere:
        return around.profiles
    return tuple(name for name in around.profiles if _fits(where, name, around))


def _fits(where: Where, profile: str, around: Surroundings) -> bool:
    """Whether a sink is for a profile; of one that cannot be read only the name is known."""
    labels = around.labels.get(profile)
    if labels is None:
        return where.names is None or selects(where.names, profile)
    return where.fits(profile, labels)


def own_sinks_of(environment: CompiledEnvironment, around: Surroundings) -> tuple[Sink, ...]:
    """voxmint's own sinks of an environment, for what only reads: nobody else's code is imported.

    `ProblemsError` with all that is wrong with them.
    """
    return _made(environment, around, readable_sink)


def _made(
    environment: CompiledEnvironment,
    around: Surroundings,
    class_of: Callable[[str], type[Sink] | None],
) -> tuple[Sink, ...]:
    owner = environment.sinks_of
    problems: list[Problem] = []
    sinks: list[Sink] = []
    for number, node in enumerate(_nodes(owner)):
        try:
            sink = _sink(node, number, owner, around, class_of)
        except ProblemsError as error:
            problems += error.problems
        else:
            sinks += [sink] if sink is not None else []
    if problems:
        raise ProblemsError(problems)
    return (*sinks, *_added(environment, around, class_of))


def _nodes(owner: Environment | None) -> Sequence[Node]:
    return owner.sinks.items if owner is not None and owner.sinks is not None else ()


def _sink(
    node: Node,
    number: int,
    owner: Environment | None,
    around: Surroundings,
    class_of: Callable[[str], type[Sink] | None],
) -> Sink | None:
    if owner is None:
        return None
    item = _item(node, owner.layer, f"sinks.{number}")
    try:
        found = class_of(item.kind)
    except ProblemsError as error:
        raise ProblemsError(one._replace(at=item.at) for one in error.problems) from error
    if found is None:
        return None
    options = _options(found, item)
    if not _is_written(item.kind, around):
        return None
    where = owner.sinks_where[number] if number < len(owner.sinks_where) else EVERYWHERE
    taken = _taken(where, around)
    is_chosen = where.written is not None and bool(around.profiles)
    own = around._replace(at=item.at, profiles=taken, is_chosen=is_chosen)
    with blamed_on(item.kind, item.at) if own_sink(item.kind) is None else nullcontext():
        return found(options, own)


def _options(sink: type[Sink], item: _Item) -> object:
    settings = value_of(item.settings)
    plain = sink.plain_options(settings) if isinstance(settings, dict) else None
    if plain is not None:
        return plain
    from voxmint.profiles.settings import read_settings  # only now: it takes long to import

    options, problems = read_settings(sink.Options, item.settings, item.owner)
    if problems:
        raise ProblemsError(problems)
    return options


def _item(node: Node, layer: Layer, owner: str) -> _Item:
    merger = Merger()
    cell = merger.lay(None, node, layer, None)
    if merger.problems:
        raise ProblemsError(merger.problems)
    wrong = partial(failure, SINK_MALFORMED, owner=owner, example=_EXAMPLE)
    if not isinstance(cell, MapCell):
        raise wrong(at=origin(cell))
    kind = cell.entries.get("kind")
    if not (isinstance(kind, Leaf) and isinstance(kind.value, str)):
        raise wrong(at=origin(cell if kind is None else kind))
    rest = {name: inner for name, inner in cell.entries.items() if name not in _OWN}
    return _Item(kind.value, cell._replace(entries=rest), origin(kind), owner)
