"""What is wrong: its kind, place, facts and hint; the error family and its exit codes.

A `Problem` says what is the case; how that is worded is its `Kind`, of which each room keeps its
own in a `wording` module. Problems are collected, never thrown one by one.
"""

from collections.abc import Iterable, Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import ClassVar, NamedTuple

from voxmint.origin import Origin
from voxmint.shown import shown

Body = tuple[str, str]
"""The name of a body: its profile and its environment."""


class Severity(StrEnum):
    """How much a problem weighs: an error fails, a warning fails with `--strict`, a note never."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


class Sureness(StrEnum):
    """How sure a fact of the API is."""

    PUBLISHED = "published"
    TYPED = "typed"
    SEEN = "seen"
    REPORTED = "reported"
    DISPUTED = "disputed"

    @property
    def meaning(self) -> str:
        """What the word stands for, in a sentence without its full stop."""
        return _MEANINGS[self]


_MEANINGS: Mapping[Sureness, str] = MappingProxyType(
    {
        Sureness.PUBLISHED: "what OpenAI publishes says so, and no report contradicts it",
        Sureness.TYPED: "the types of the OpenAI Python SDK say so, the published schema does not",
        Sureness.SEEN: "several users saw it in real traffic; the published schema is silent",
        Sureness.REPORTED: "a single report says so",
        Sureness.DISPUTED: "the sources disagree, or none of them says",
    }
)


class Kind(NamedTuple):
    """A kind of problem, with its wording.

    `message` and `hints` are format strings over the problem's facts. Of the hints, the first
    whose facts are all there is given. `about` explains the kind at length; for a rule of the API
    `source` names where it is documented, and `sure` how sure that is.
    """

    code: str
    severity: Severity
    message: str
    hints: tuple[str, ...] = ()
    about: str = ""
    source: str = ""
    sure: Sureness | None = None


def error(
    code: str,
    message: str,
    *hints: str,
    about: str = "",
    source: str = "",
    sure: Sureness | None = None,
) -> Kind:
    """A kind of problem that fails the run."""
    return Kind(code, Severity.ERROR, message, hints, about, source, sure)


def warning(
    code: str,
    message: str,
    *hints: str,
    about: str = "",
    source: str = "",
    sure: Sureness | None = None,
) -> Kind:
    """A kind of problem that fails only a strict run."""
    return Kind(code, Severity.WARNING, message, hints, about, source, sure)


def note(
    code: str,
    message: str,
    *hints: str,
    about: str = "",
    source: str = "",
    sure: Sureness | None = None,
) -> Kind:
    """Something worth knowing that never fails a run."""
    return Kind(code, Severity.NOTE, message, hints, about, source, sure)


class Related(NamedTuple):
    """Another place that a problem is about: what it conflicts with, or what it overrode."""

    at: Origin
    message: str


MOST_PLACES = 3
"""How many related places of one kind are told."""


def related_places(places: Iterable[Origin], message: str) -> tuple[Related, ...]:
    """The places, a few of them; the last one says how many more there are."""
    ordered = sorted(places)
    shown = [Related(place, message) for place in ordered[:MOST_PLACES]]
    more = len(ordered) - len(shown)
    if more:
        places_more = "1 more place" if more == 1 else f"{more} more places"
        shown[-1] = Related(shown[-1].at, f"{message}, and in {places_more}")
    return tuple(shown)


_NO_FACTS: Mapping[str, object] = MappingProxyType({})


class Problem(NamedTuple):
    """One thing that is wrong, where, and which bodies it affects.

    `remark` is what there is to say of its own place, beside those that it clashes with.
    """

    kind: Kind
    at: Origin | None = None
    facts: Mapping[str, object] = _NO_FACTS
    related: tuple[Related, ...] = ()
    path: str | None = None
    affects: tuple[Body, ...] = ()
    remark: str = ""

    @property
    def code(self) -> str:
        return self.kind.code

    @property
    def severity(self) -> Severity:
        return self.kind.severity

    @property
    def message(self) -> str:
        return _bounded(self.wording)

    @property
    def wording(self) -> str:
        """The message as it was put together: to be compared, and never to be shown."""
        return self.kind.message.format_map(self.facts)

    @property
    def hint(self) -> str | None:
        for hint in self.kind.hints:
            if _placeholders(hint) <= self.facts.keys():
                return _bounded(hint.format_map(self.facts))
        return None

    @property
    def is_error(self) -> bool:
        return self.severity is Severity.ERROR


def _bounded(sentence: str) -> str:
    """A sentence as it is shown: a name in it may be as long as the file that it stands in."""
    text = shown(sentence)
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"


_LONGEST = 2000


def _placeholders(template: str) -> set[str]:
    from string import Formatter  # its module takes long, and hints are for problems

    return {name for _, name, _, _ in Formatter().parse(template) if name}


def nearest(word: str, known: Iterable[str]) -> dict[str, str]:
    """The fact `nearest`, where one of the known words is close to the given one.

    Close is one that differs in a few letters, or of which the given one is the beginning, or that
    is the beginning of the given one.
    """
    from difflib import get_close_matches

    by_folded = {name.casefold(): name for name in sorted(known, reverse=True)}
    # Long words cost time without meaning anything: no name is that long.
    folded = word.casefold()[:200]
    matches = get_close_matches(folded, by_folded, n=1, cutoff=0.6)
    if not matches and len(folded) >= _SHORTEST_BEGINNING:
        matches = sorted(name for name in by_folded if name.startswith(folded))
    if not matches:
        matches = [name for name in by_folded if _continues(folded, name)][:1]
    return {"nearest": by_folded[matches[0]]} if matches else {}


_SHORTEST_BEGINNING = 3
_LONGEST_CONTINUED = 4


def _continues(word: str, name: str) -> bool:
    """Whether the word says more where the name is short: `environment` for `env`."""
    is_likely = _SHORTEST_BEGINNING <= len(name) < len(word) <= len(name) * _LONGEST_CONTINUED
    return is_likely and word.startswith(name)


def gathered(problems: Iterable[Problem]) -> tuple[Problem, ...]:
    """Each problem once, with all the bodies it affects, sorted by place.

    What a base profile gets wrong is found in every body that inherits it; people want to read it
    once.
    """
    found: dict[tuple[object, ...], Problem] = {}
    bodies: dict[tuple[object, ...], dict[Body, None]] = {}
    for problem in problems:
        facts = tuple(problem.facts.items())
        key = (problem.code, problem.at, facts, problem.related, problem.path)
        found.setdefault(key, problem)
        bodies.setdefault(key, {}).update(dict.fromkeys(problem.affects))
    once = (problem._replace(affects=tuple(sorted(bodies[key]))) for key, problem in found.items())
    return tuple(sorted(once, key=_by_place))


def _by_place(problem: Problem) -> tuple[object, ...]:
    at = problem.at or Origin("", 0, 0)
    weight = list(Severity).index(problem.severity)
    return (at.file, at.line, at.column, weight, problem.code, problem.wording)


class VoxmintError(Exception):
    """What ends a command: a sentence for a person, and an exit code."""

    exit_code: ClassVar[int] = 1


class ProblemsError(VoxmintError):
    """The project, or what was asked of it, has problems; all of them are in `problems`."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = gathered(problems)
        errors = [problem for problem in self.problems if problem.is_error]
        super().__init__("; ".join(problem.message for problem in errors))


class UsageError(VoxmintError):
    """The command line asks for something that is not there, or that contradicts itself.

    `also` are further mistakes in the same command line.
    """

    exit_code = 64

    def __init__(
        self, message: str, hint: str | None = None, also: tuple["UsageError", ...] = ()
    ) -> None:
        super().__init__(message)
        self.hint = hint
        self.also = also


class PartlyDoneError(VoxmintError):
    """Some profiles were minted and some failed."""

    exit_code = 3


class InterruptedRunError(VoxmintError):
    """The person, or the machine's shutdown, asked the run to stop."""

    exit_code = 130
