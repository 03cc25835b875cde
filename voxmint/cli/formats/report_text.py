"""What a mint did, for a person: the counts, what went wrong and what to do, the next expiry."""

from collections.abc import Collection, Iterator, Mapping, Sequence

from voxmint.cli.display.moments import length, moment
from voxmint.cli.display.screen import Screen, Style
from voxmint.cli.display.words import counted_names
from voxmint.cli.formats.leftovers import leftovers
from voxmint.cli.formats.unseen import unseen
from voxmint.cli.world import World
from voxmint.engine.report import GOOD, Outcome, Report, Result, SinkResult
from voxmint.engine.sinks.namesakes import names_of
from voxmint.engine.wording import LEDGER_BEHIND, MINT_REFUSED
from voxmint.shown import shown

_ORDER = (
    Outcome.MINTED,
    Outcome.WRITTEN,
    Outcome.KEPT,
    Outcome.FAILED,
    Outcome.UNWRITTEN,
    Outcome.SKIPPED,
)
_LABEL = 9


def write(screen: Screen, report: Report, world: World) -> None:
    """Writes all that is to be said of a run."""
    screen.line(_headline(screen, report))
    for line in (*_failures(report, screen, world), *_asides(report, world)):
        screen.line(line)
    if report.first_expiry is not None:
        when = moment(report.first_expiry, world, report.skew)
        screen.line(_labelled("next", f"the first of these tokens expires at {when}"))


def write_failures(screen: Screen, report: Report, world: World) -> None:
    """Writes only what went wrong."""
    for line in (*_failures(report, screen, world), *_unseen(report, world)):
        screen.line(line)


def _headline(screen: Screen, report: Report) -> str:
    counts = [
        screen.paint(f"{outcome} {report.counts[outcome]}", _color(outcome))
        for outcome in _ORDER
        if report.counts[outcome]
    ]
    if report.unpruned:
        counts.append(screen.paint(f"unpruned {len(report.unpruned)}", Style.RED))
    done = ", ".join(counts) or "nothing to mint"
    targets = ", ".join(_targets(report).values())
    start = "interrupted: " if report.is_interrupted else ""
    arrow = f" → {shown(targets)}" if targets else ""
    return f"{start}{done} in {length(report.seconds)}{arrow}"


def _color(outcome: Outcome) -> Style:
    if outcome is Outcome.KEPT:
        return Style.DIM
    return Style.GREEN if outcome in GOOD else Style.RED


def _targets(report: Report) -> Mapping[tuple[str, str], str]:
    """The sinks in which something good is now."""
    good = {sink.key for result in report.results if result.is_good for sink in result.sinks}
    return {key: name for key, name in _names(report).items() if key in good}


def _names(report: Report) -> Mapping[tuple[str, str], str]:
    """What the sinks are called."""
    return names_of(sink for result in report.results for sink in result.sinks)


def _failures(report: Report, screen: Screen, world: World) -> Iterator[str]:
    """Each thing that went wrong once, with the profiles it happened to."""
    groups: dict[tuple[Outcome, str], list[Result]] = {}
    for result in report.bad:
        message = result.problem.message if result.problem else result.reason
        groups.setdefault((result.outcome, message), []).append(result)
    names = _names(report)
    for (outcome, message), results in groups.items():
        profiles = counted_names([one.profile for one in results], is_verbose=world.is_verbose)
        request = _request(results, world) if outcome is Outcome.FAILED else ""
        said = f"{profiles}   {message}{request}"
        yield _labelled(outcome, said, screen.paint(outcome, Style.RED))
        if places := _places(results):
            yield _labelled("", f"set at {counted_names(places, is_verbose=world.is_verbose)}")
        for said in _whereabouts(results, names):
            yield _labelled("", said)
        problem = results[0].problem
        if problem is not None and problem.hint:
            yield _labelled("", problem.hint)
    if report.unpruned:
        # Why stands above, among the problems of the run.
        listed = counted_names(report.unpruned, is_verbose=world.is_verbose)
        said = f"{listed}   still in a sink that is no longer for {_them(report.unpruned)}"
        yield _labelled("unpruned", said, screen.paint("unpruned", Style.RED))
        yield _labelled("", "the next mint tries again")


def _them(profiles: Collection[str]) -> str:
    return "it" if len(profiles) == 1 else "them"


def _whereabouts(results: Sequence[Result], names: Mapping[tuple[str, str], str]) -> Iterator[str]:
    """Which sinks have the new tokens, and which are as they were, where that differs."""
    sinks = [sink for result in results for sink in result.sinks]
    new = dict.fromkeys(shown(names[sink.key]) for sink in sinks if _has_new(sink))
    old = dict.fromkeys(shown(names[sink.key]) for sink in sinks if not _has_new(sink))
    if new and old:
        yield f"the new one is in {_listed(new)}; {_listed(old)} {_have(old)} the old one or none"
    staged = dict.fromkeys(shown(names[sink.key]) for sink in sinks if sink.is_staged)
    if staged:
        yield f"it is staged in {_listed(staged)}: the next mint puts it in place"


def _has_new(sink: SinkResult) -> bool:
    """Whether the new token is there, though the ledger may not know it."""
    return sink.is_good or (sink.problem is not None and sink.problem.kind is LEDGER_BEHIND)


def _listed(targets: Collection[str]) -> str:
    return " and ".join(f"`{target}`" for target in targets)


def _have(targets: Collection[str]) -> str:
    return "has" if len(targets) == 1 else "have"


def _places(results: Sequence[Result]) -> list[str]:
    """Where the files set what the service refuses, each place once."""
    problems = (result.problem for result in results)
    refused = (one for one in problems if one is not None and one.kind is MINT_REFUSED)
    return list(dict.fromkeys(str(one.at) for one in refused if one.at is not None))


def _request(results: Sequence[Result], world: World) -> str:
    """The ids by which the service finds the requests, for those who ask it.

    What a sink or the ledger refuses is none of its business.
    """
    ids = [one.request_id for one in results if one.request_id is not None]
    if not ids:
        return ""
    word = "request" if len(ids) == 1 else "requests"
    return f" ({word} {counted_names(ids, is_verbose=world.is_verbose)})"


def _asides(report: Report, world: World) -> Iterator[str]:
    for profiles, why in leftovers(report.pruned, report.misplaced, report.environment):
        listed = counted_names(profiles, is_verbose=world.is_verbose)
        yield _labelled("pruned", f"{listed}   {why}")
    yield from _unseen(report, world)


def _unseen(report: Report, world: World) -> Iterator[str]:
    for profiles, said in unseen(report.unseen, world):
        listed = counted_names(profiles, is_verbose=world.is_verbose)
        yield _labelled("unseen", f"{listed}   {said}")


def _labelled(label: str, text: str, painted: str = "") -> str:
    return f"{painted or label}{' ' * (_LABEL - len(label))}  {text}"
