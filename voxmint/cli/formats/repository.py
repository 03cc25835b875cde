"""Paths as a code host counts them: from the repository's root, not from the project's folder."""

from collections.abc import Mapping
from pathlib import Path

from voxmint.origin import COMMAND_LINE, Origin

WORKSPACE = "GITHUB_WORKSPACE"
"""Where GitHub checked the repository out."""


def repository_root(project: Path, environ: Mapping[str, str]) -> Path:
    """The folder of the repository that a project is in; the project itself where there is none."""
    workspace = environ.get(WORKSPACE)
    if workspace and project.is_relative_to(Path(workspace).resolve()):
        return Path(workspace).resolve()
    folders = (project, *project.parents)
    return next((folder for folder in folders if (folder / ".git").exists()), project)


def path_in_repository(at: Origin, project: Path, root: Path) -> str | None:
    """The file of a place, from the root; `None` where the place is in no file."""
    if at.file == COMMAND_LINE:
        return None
    return (project / at.file).relative_to(root).as_posix()
