"""What is wrong only because something else is, which is told by itself: one cause, told once."""

from collections.abc import Hashable, Iterable, Mapping, Sequence, Set

from voxmint.origin import Origin
from voxmint.problems import Body, Problem
from voxmint.profiles import wording
from voxmint.profiles.fields import SESSION, Field, Type

_NO_LIST = (wording.WRONG_TYPE, wording.NULL_NOT_TAKEN)


def without_consequences(problems: Sequence[Problem]) -> Sequence[Problem]:
    """The problems without directives that have no list to work on, since it is written wrongly.

    Such a value is told by itself, in each body that it reaches. Where a stronger layer gives
    another one, it is not, and the directive is told.
    """
    if not any(one.kind is wording.DIRECTIVE_NEEDS_LIST for one in problems):
        return problems
    told = _instead_of_lists(problems)
    return [one for one in problems if not _follows(one, told)]


def _instead_of_lists(problems: Sequence[Problem]) -> Mapping[Origin, Set[Body]]:
    """The places where something else stands for a list, and the bodies in which that is told."""
    told: dict[Origin, set[Body]] = {}
    for one in problems:
        if one.kind in _NO_LIST and one.at is not None and _takes_list(one.path or ""):
            told.setdefault(one.at, set()).update(one.affects)
    return told


def _takes_list(path: str) -> bool:
    """Whether the field of the session at a path is a list."""
    field: Field | None = SESSION
    for name in path.split("."):
        field = field and field.by_name.get(name)
    return field is not None and field.type is Type.ARRAY


def _follows(problem: Problem, told: Mapping[Origin, Set[Body]]) -> bool:
    if problem.kind is not wording.DIRECTIVE_NEEDS_LIST:
        return False
    place = problem.related[0].at
    return place in told and told[place] >= set(problem.affects)


def items_once(problems: Iterable[Problem]) -> list[Problem]:
    """The problems; those of one written item at the same path, so that they are gathered as one.

    A base's item stands at another index in an heir whose list has more before it.
    """
    paths: dict[Hashable, str] = {}

    def first_path(problem: Problem, path: str) -> str:
        return paths.setdefault((problem.code, problem.at, tuple(problem.facts.items())), path)

    return [
        problem._replace(path=first_path(problem, problem.path))
        if problem.path and problem.path.rpartition(".")[2].isdecimal()
        else problem
        for problem in problems
    ]
