"""Problems old and new: a review fails for what a change brings, not for what was there."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from voxmint.problems import Body, Problem

Key = tuple[str, str | None, str]


@dataclass(frozen=True, slots=True)
class Told:
    """The problems of two states, told apart."""

    new: tuple[Problem, ...]
    old: tuple[Problem, ...]
    gone: tuple[Problem, ...]


def tell_apart(
    base: Sequence[Problem], head: Sequence[Problem], in_head: Callable[[Body], Body]
) -> Told:
    """Sorts problems by whether both states have them.

    They are known by code, path and message: lines move. One that reaches a body which it did not
    reach before is new there. `in_head` gives a body of the base as the head calls it.
    """
    before: dict[Key, set[Body]] = {}
    for problem in base:
        reached = before.setdefault(_key(problem), set())
        reached.update(map(in_head, problem.affects))
    new: list[Problem] = []
    old: list[Problem] = []
    kept: set[Key] = set()
    for problem in head:
        key = _key(problem)
        if key not in before:
            new.append(problem)
            continue
        kept.add(key)
        known = before[key]
        more = tuple(body for body in problem.affects if body not in known)
        if more:
            new.append(problem._replace(affects=more))
        if not more or len(more) < len(problem.affects):
            same = tuple(body for body in problem.affects if body in known)
            old.append(problem._replace(affects=same))
    gone = tuple(problem for problem in base if _key(problem) not in kept)
    return Told(tuple(new), tuple(old), gone)


def _key(problem: Problem) -> Key:
    return problem.code, problem.path, problem.message
