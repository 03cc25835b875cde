"""How much is told of one file: a file of any size has its end, and so has what is said of it."""

from collections import Counter
from collections.abc import Iterable, Iterator

from voxmint.problems import Problem
from voxmint.profiles import wording
from voxmint.profiles.reader import MAX_PROBLEMS


def bounded(problems: Iterable[Problem]) -> Iterator[Problem]:
    """The problems, of each file as many errors as `MAX_PROBLEMS`, and as many of all others.

    Where there are more, the first one that is left out gives its place to a warning that says so.
    """
    told: Counter[tuple[str, bool]] = Counter()
    for problem in problems:
        if problem.at is None or problem.kind is wording.TOO_MANY_PROBLEMS:
            yield problem
            continue
        which = (problem.at.file, problem.is_error)
        told[which] += 1
        if told[which] <= MAX_PROBLEMS:
            yield problem
        elif told[which] == MAX_PROBLEMS + 1:
            what = "errors" if problem.is_error else "warnings and notes"
            facts = {"limit": MAX_PROBLEMS, "what": what}
            yield Problem(wording.TOO_MANY_TO_TELL, problem.at, facts)
