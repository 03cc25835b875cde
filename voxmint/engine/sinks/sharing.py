"""Sinks of several environments that write the same names to the same place."""

from collections.abc import Iterable, Iterator, Sequence

from voxmint.engine.sinks.contract import Sink
from voxmint.engine.sinks.filed import FileSink
from voxmint.engine.wording import SINK_SHARED
from voxmint.problems import Problem, Related


def shared_by_environments(sinks: Iterable[Sink]) -> Iterator[Problem]:
    """A warning for each sink that takes the place of what another environment writes."""
    by_place: dict[tuple[str, str], list[Sink]] = {}
    for sink in sinks:
        # What is only handed on takes nobody's place.
        if not sink.is_only_by_name:
            by_place.setdefault((sink.kind, sink.address), []).append(sink)
    for held in by_place.values():
        # Names are made only where they are compared.
        names = [_names(sink) if len(held) > 1 else {} for sink in held]
        for place, sink in enumerate(held):
            for other, taken in zip(held[:place], names[:place], strict=True):
                common = [told for name, told in names[place].items() if name in taken]
                if common and sink.around.environment != other.around.environment:
                    yield _problem(sink, other, common)
                    break


def _names(sink: Sink) -> dict[tuple[str, str], str]:
    """What a sink writes, by file and name; of one that is no file, the profiles."""
    profiles = sink.around.profiles
    if not isinstance(sink, FileSink):
        return {("", profile): f"`{profile}`" for profile in profiles}
    return {
        (sink.file_of(profile), name): name
        for profile in profiles
        for name in sink.names_of(profile)
    }


def _problem(sink: Sink, other: Sink, common: Sequence[str]) -> Problem:
    here, there = sink.around, other.around
    more = len(common) - 1
    facts = {
        "one": there.environment,
        "other": here.environment,
        "what": f"{common[0]} and {more:,} more" if more else common[0],
        "target": sink.target,
    }
    is_elsewhere = there.at is not None and there.at != here.at
    related = (Related(there.at, "the other one"),) if there.at and is_elsewhere else ()
    affected = tuple((profile, here.environment) for profile in here.profiles)
    return Problem(SINK_SHARED, here.at, facts, related, affects=affected)
