"""What is to be minted: the bodies, where they go, and what else the environment has."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from voxmint.engine.project import Project
from voxmint.engine.upstream.hosts import Allowed
from voxmint.engine.upstream.target import Target, check_target, target_of
from voxmint.engine.worktree import WorkTree
from voxmint.problems import Problem, ProblemsError
from voxmint.profiles.compiled import Compilation, CompiledBody, CompiledEnvironment
from voxmint.profiles.documents import ProjectFile
from voxmint.profiles.order import Order, relevant_problems
from voxmint.profiles.parse import parse_project
from voxmint.profiles.pipeline import compile_project
from voxmint.profiles.reader import read_document
from voxmint.profiles.reading import PROJECT_FILE
from voxmint.profiles.roster import Roster
from voxmint.profiles.values import Scalar

_NOTHING = "!*"


@dataclass(frozen=True, slots=True)
class Selection:
    """The bodies of one environment that are asked for, compiled without an error.

    `present` are the names of all profiles that the environment has, sorted, asked for or not, and
    whatever may be in a folder that could not be looked into;
    `labels` are those of each profile that could be read.
    """

    project: Project
    compilation: Compilation
    environment: CompiledEnvironment
    bodies: tuple[CompiledBody, ...]
    target: Target
    present: Roster
    labels: Mapping[str, Mapping[str, Scalar]] = field(default_factory=dict)

    @property
    def notes(self) -> tuple[Problem, ...]:
        """Warnings and notes of the compiler."""
        return tuple(one for one in self.compilation.problems if not one.is_error)

    @property
    def folders(self) -> tuple[str, ...]:
        """The files and folders that the project consists of."""
        folders = self._project_file()
        return PROJECT_FILE, folders.profiles, folders.environments

    def _project_file(self) -> ProjectFile:
        text = self.compilation.texts[PROJECT_FILE]
        project, _ = parse_project(read_document(PROJECT_FILE, text.encode()))
        return project


def select(project: Project, order: Order, allowed: Allowed) -> Selection:
    """Compiles what is ordered of one environment, and checks the host that its key will go to.

    `allowed` are the hosts that the operator names. `ProblemsError` with all that is wrong in the
    project, or with its host; `UsageError` for a name that is not there.
    """
    compilation = project.compile_all(order)
    problems = relevant_problems(order, compilation)
    if any(problem.is_error for problem in problems):
        raise ProblemsError(problems)
    [name] = order.environments
    environment = compilation.environments[name]
    check_target(environment, allowed)
    whole = _whole(project, order, compilation)
    return Selection(
        project,
        compilation,
        environment,
        tuple(compilation.bodies[body] for body in compilation.attempted),
        target_of(environment, order.api),
        present_in(whole, name),
        {one.name: one.labels for one in whole.profiles.values()},
    )


def _whole(project: Project, order: Order, compilation: Compilation) -> Compilation:
    """A look at all profiles of the environment: those written now are not the only ones."""
    if order.wanted.profiles is None:
        return compilation
    # Only some files were read: the others are looked at without compiling them.
    others = Order(profiles=(_NOTHING,), environments=order.environments, settings=False)
    with WorkTree(project.root) as tree:
        return compile_project(tree, others)


def present_in(compilation: Compilation, environment: str) -> Roster:
    """The names of all profiles that an environment has, sorted, by a look at every profile."""
    known = compilation.environments[environment].profiles
    # One that cannot be read was not deleted.
    lost = set(compilation.profile_names) - compilation.profiles.keys()
    return Roster(sorted({*known, *lost}), compilation.profile_names.hidden)
