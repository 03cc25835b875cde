"""The sinks of an environment, made from what its file says."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import NamedTuple

from voxmint.engine.failures import failure
from voxmint.engine.sinks import readable_sink, sink_class
from voxmint.engine.sinks.contract import Sink, Surroundings
from voxmint.engine.wording import SINK_MALFORMED, SINKS_MISSING
from voxmint.origin import Origin
from voxmint.problems import Problem, ProblemsError
from voxmint.profiles.cells import Leaf, MapCell, origin, value_of
from voxmint.profiles.compiled import CompiledEnvironment
from voxmint.profiles.documents import Environment, Layer
from voxmint.profiles.merge import Merger
from voxmint.profiles.nodes import Node

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
        at = Origin(environment.document.file, 1, 1)
        raise failure(SINKS_MISSING, at=at, environment=environment.name)
    return found


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
    return tuple(sinks)


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
        raise ProblemsError(replace(one, at=item.at) for one in error.problems) from error
    if found is None:
        return None
    return found(_options(found, item), replace(around, at=item.at))


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
    rest = {name: inner for name, inner in cell.entries.items() if name != "kind"}
    return _Item(kind.value, cell._replace(entries=rest), origin(kind), owner)
