"""What a sink is given to look at its settings alone, with nothing made, locked or minted."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from voxmint.engine.files import allowed_folders
from voxmint.engine.locks import Clock, Locks
from voxmint.engine.sinks.contract import Surroundings
from voxmint.engine.state import OWN_FOLDER, STATE_DIR, StateFolder, found_state

if TYPE_CHECKING:
    from voxmint.engine.git import Absence, Repository


def surroundings_of(project: Path, environ: Mapping[str, str]) -> Surroundings:
    """What a sink of any environment is given, but for the environment's name and profiles.

    For a look at its settings alone: makes and locks nothing.
    """
    state = found_state(project, environ) or absent_state(project, environ)
    locks = Locks(state.locks, "voxmint", 0, lambda *_: None, Clock())
    allowed = allowed_folders(environ)
    return Surroundings(
        project,
        "",
        (),
        state,
        locks,
        lambda folder: _repository(folder, environ),
        allowed,
    )


def _repository(folder: Path, environ: Mapping[str, str]) -> "Repository | Absence":
    from voxmint.engine.git import repository  # a look at settings asks no git

    return repository(folder, environ)


def absent_state(root: Path, environ: Mapping[str, str]) -> StateFolder:
    """The state folder of a project that has none yet."""
    project = root.resolve()
    return StateFolder(project / (environ.get(STATE_DIR) or OWN_FOLDER), project)
