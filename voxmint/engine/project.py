"""A project in a folder: found, opened, compiled."""

import os
import stat
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from voxmint.engine.failures import reason
from voxmint.engine.worktree import WorkTree
from voxmint.problems import ProblemsError, UsageError
from voxmint.profiles.compiled import Compilation, CompiledBody
from voxmint.profiles.order import EVERYTHING, Order, check_order
from voxmint.profiles.overrides import parse_overrides
from voxmint.profiles.pipeline import compile_project
from voxmint.profiles.reading import PROJECT_FILE
from voxmint.profiles.selectors import in_one_form


class Project(NamedTuple):
    """A folder with a `voxmint.yaml`."""

    root: Path

    def compile(
        self,
        profile: str,
        environment: str,
        *,
        api: str | None = None,
        overrides: Sequence[str] = (),
    ) -> CompiledBody:
        """The request body of one profile in one environment, with the origins of its values.

        `api` is `client_secrets` or `transcription_sessions`, by default the environment's own;
        `overrides` are of the form `PATH=VALUE`, as those of `--set`. Raises `UsageError` for a
        name that is not there, and `ProblemsError` with all that is wrong.
        """
        order = self.order([profile], [environment], api=api, overrides=overrides, settings=False)
        compilation = self.compile_all(order)
        body = compilation.bodies.get((profile, environment))
        if body is None or compilation.errors:
            raise ProblemsError(compilation.problems)
        return body

    def compile_all(self, order: Order = EVERYTHING) -> Compilation:
        """Compiles what is ordered, by default every profile in every environment.

        What is wrong is in the result's `problems`; raises `UsageError` for a name in the order
        that the project does not have.
        """
        with WorkTree(self.root) as tree:
            compilation = compile_project(tree, order)
        check_order(order, compilation)
        return compilation

    @staticmethod
    def order(
        profiles: Sequence[str] = (),
        environments: Sequence[str] = (),
        *,
        labels: Mapping[str, str] | Sequence[tuple[str, str]] = (),
        api: str | None = None,
        overrides: Sequence[str] = (),
        settings: bool = True,
        idle: bool = False,
    ) -> Order:
        """An order; raises `ProblemsError` for an override that cannot be read."""
        parsed, problems = parse_overrides(tuple(overrides))
        if problems:
            raise ProblemsError(problems)
        pairs = labels.items() if isinstance(labels, Mapping) else labels
        return Order(
            tuple(map(in_one_form, profiles)),
            tuple(map(in_one_form, environments)),
            tuple((in_one_form(label), in_one_form(value)) for label, value in pairs),
            api,
            parsed,
            settings,
            idle,
        )


def open_project(folder: str | Path = ".") -> Project:
    """The project that the folder is in: `voxmint.yaml` is looked for there and above.

    Raises `UsageError` where there is none, or where that cannot be known.
    """
    start = Path(folder).absolute()
    if not _is_there(start, os.stat, stat.S_ISDIR):
        raise UsageError(f"there is no folder `{folder}`")
    for candidate in (start, *start.parents):
        # Whatever it is: reading it says what is wrong with a folder, a pipe or a dangling link.
        if _is_there(candidate / PROJECT_FILE, os.lstat):
            return Project(candidate)
    raise UsageError(
        f"there is no {PROJECT_FILE} in `{folder}` or above it",
        "make a project with `voxmint init`, or name its folder with `-C DIR`",
    )


def _is_there(
    path: Path,
    look: Callable[[Path], os.stat_result],
    is_meant: Callable[[int], bool] = bool,
) -> bool:
    """Whether there is such a thing; `UsageError` where its folder lets nobody look."""
    try:
        return is_meant(look(path).st_mode)
    except PermissionError as error:
        hint = "it takes the right to enter a folder (`x`), for it and for every folder above it"
        raise UsageError(f"`{path.parent}` cannot be entered: {reason(error)}", hint) from error
    except (OSError, ValueError):
        return False
