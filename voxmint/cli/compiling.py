"""Compiling what a command line asks for: the same for every command that needs bodies."""

import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any, NamedTuple

from voxmint.cli.display.sources import Sources
from voxmint.cli.located import LocatedProblemsError, WrongSetError
from voxmint.cli.world import World
from voxmint.engine.project import Project, open_project
from voxmint.engine.worktree import WorkTree
from voxmint.origin import COMMAND_LINE
from voxmint.problems import Problem, ProblemsError, UsageError
from voxmint.profiles.compiled import Compilation
from voxmint.profiles.order import Order, check_order, relevant_problems
from voxmint.profiles.reader import MAX_BYTES
from voxmint.profiles.source import SourceError

_BREAK = "[\n\r\x85\u2028\u2029]"


class Selection(NamedTuple):
    """Which profiles in which environments, and what is changed for this run."""

    profiles: tuple[str, ...] = ()
    environments: tuple[str, ...] = ()
    labels: tuple[tuple[str, str], ...] = ()
    overrides: tuple[str, ...] = ()
    api: str | None = None


def selection_in(given: dict[str, Any]) -> Selection:
    """The selection among a command's parameters, which are taken out of them."""
    return Selection(**{name: given.pop(name) for name in Selection._fields})


class Compiled(NamedTuple):
    """A project, what was asked of it, and what came of that.

    `problems` are those that matter to what was asked for; the project may have more.
    """

    project: Project
    order: Order
    compilation: Compilation
    problems: tuple[Problem, ...]
    sources: Sources

    @property
    def has_errors(self) -> bool:
        return any(problem.is_error for problem in self.problems)


def compile_selection(
    selection: Selection,
    world: World,
    *,
    settings: bool = True,
    idle: bool = False,
    changed: frozenset[str] | None = None,
) -> Compiled:
    """Compiles a selection in the project that the world's folder is in.

    Without `settings`, those of environments are left aside as far as a body needs none. With
    `idle`, what never has an effect is looked for, too; with `changed`, only bodies that are made
    of one of these files. Raises `UsageError` for a name that there is not.
    """
    project = open_project(world.cwd)
    order = order_of(selection, settings=settings, idle=idle)._replace(changed=changed)
    compilation = project.compile_all(order)
    world.kept.append(compilation)
    texts = {**compilation.texts, **_lines(selection.overrides)}
    sources = Sources(texts, project.root, world.cwd)
    problems = relevant_problems(order, compilation)
    # Once more: what nobody asked for may be wrong, and is no reason for selecting nothing.
    check_order(order, compilation._replace(problems=problems))
    return Compiled(project, order, compilation, problems, sources)


def order_of(selection: Selection, *, settings: bool = True, idle: bool = False) -> Order:
    """The order for a selection; `WrongSetError` for a `--set` that cannot be read."""
    try:
        return Project.order(
            selection.profiles,
            selection.environments,
            labels=selection.labels,
            api=selection.api,
            overrides=selection.overrides,
            settings=settings,
            idle=idle,
        )
    except ProblemsError as failure:
        raise WrongSetError(failure, Sources(_lines(selection.overrides))) from failure


@contextmanager
def located(project: Project, selection: Selection, world: World) -> Iterator[None]:
    """Gives the problems that end what is done inside it the lines that they are about."""
    try:
        yield
    except ProblemsError as failure:
        sources = sources_of(failure.problems, project, selection, world)
        raise LocatedProblemsError(failure, sources) from failure


def sources_of(
    problems: Iterable[Problem], project: Project, selection: Selection, world: World
) -> Sources:
    """The lines that problems are about, as far as they can be read."""
    texts = {**_texts(project, problems), **_lines(selection.overrides)}
    return Sources(texts, project.root, world.cwd)


def _texts(project: Project, problems: Iterable[Problem]) -> dict[str, str]:
    """The texts of the files that problems are in, as far as they can be read."""
    tree = WorkTree(project.root)
    places = [at for one in problems for at in (one.at, *(other.at for other in one.related)) if at]
    texts: dict[str, str] = {}
    for file in {at.file for at in places}:
        with suppress(SourceError):
            texts[file] = tree.read(file, MAX_BYTES).decode("utf-8-sig", "replace")
    return texts


def _lines(overrides: tuple[str, ...]) -> Mapping[str, str]:
    """The `--set`s as the text of a file, a line each."""
    return {COMMAND_LINE: "\n".join(re.sub(_BREAK, " ", given) for given in overrides)}


def one_environment(selection: Selection, world: World, command: str) -> None:
    """That exactly one environment is named; `UsageError` where it is not."""
    count = len(selection.environments)
    if count == 0:
        raise UsageError(f"{command} needs an environment", environments_hint(world))
    if count > 1:
        raise UsageError(f"{command} takes one environment at a time", "run it once for each")


def environments_hint(world: World) -> str:
    """How to name an environment, with the names there are."""
    from voxmint.cli.display.words import names
    from voxmint.cli.names import names_in

    found = [f"`{name}`" for name in names_in(world.cwd, "environments")]
    return "name it with `-e ENV`" + (f": there is {names(found, 8)}" if found else "")
