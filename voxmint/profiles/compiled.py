"""What a compile gives: bodies that know where their values came from, and problems."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from voxmint.origin import Origin, Path
from voxmint.problems import Problem
from voxmint.profiles.cells import Cell, Gone, MapCell, find, key_origin, origin
from voxmint.profiles.documents import Environment, Layer, Profile
from voxmint.profiles.roster import Roster
from voxmint.profiles.values import Scalar

if TYPE_CHECKING:
    from voxmint.profiles.settings import Mint, Provider


class CompiledProfile(NamedTuple):
    """A profile with its lineage, from the remotest base to itself, and its merged labels."""

    document: Profile
    lineage: tuple[Profile, ...]
    labels: Mapping[str, Scalar]

    @property
    def name(self) -> str:
        return self.document.name


class CompiledEnvironment(NamedTuple):
    """An environment with its lineage, its merged settings, and the profiles it has.

    `api` is the endpoint it asks, `None` where its provider is missing or wrong. `profiles` are
    names, sorted. `settings` gives provider and mint, which are made when they are asked for.
    """

    document: Environment
    lineage: tuple[Environment, ...]
    api: str | None
    provider_cell: Cell | None
    profiles: tuple[str, ...]
    settings: Callable[[], tuple["Provider | None", "Mint | None"]]

    @property
    def name(self) -> str:
        return self.document.name

    @property
    def provider(self) -> "Provider | None":
        """Where sessions are minted; `None` where that is missing, wrong or was not asked for."""
        return self.settings()[0]

    @property
    def mint(self) -> "Mint | None":
        """How fast a run may mint; `None` where that is wrong or was not asked for."""
        return self.settings()[1]

    @property
    def sinks_of(self) -> Environment | None:
        """The environment of the lineage whose `sinks` hold: the last that has any."""
        named = [one for one in self.lineage if one.sinks is not None]
        return named[-1] if named else None


class Deferred:
    """Merged cells that are made when somebody asks for them first: by `make`, of what is given."""

    __slots__ = ("_given", "_make", "_root")

    def __init__(self, make: Callable[[Any], MapCell], given: object) -> None:
        self._make = make
        self._given = given
        self._root: MapCell | None = None

    @property
    def root(self) -> MapCell:
        if self._root is None:
            self._root = self._make(self._given)
        return self._root


class CompiledBody(NamedTuple):
    """The request of one profile in one environment.

    `session` and `expires_after` are plain values in the names of the flat endpoint; `body` is
    what is sent to the endpoint `api`. `root` holds the merged cells they were rendered from;
    where these are not needed for the body, they are merged when they are asked for.
    """

    profile: str
    environment: str
    api: str
    session: Mapping[str, Any]
    expires_after: Mapping[str, Any] | None
    body: Mapping[str, Any]
    merged: MapCell | Deferred
    layers: tuple[Layer, ...]

    @property
    def root(self) -> MapCell:
        merged = self.merged
        return merged.root if isinstance(merged, Deferred) else merged

    def origin(self, path: str) -> Origin | None:
        """Where the value at a path was set: `turn_detection.threshold`, `expires_after.seconds`.

        The path is the profile's, dotted, list items by index; `session.` may be left out.
        `None` where nothing sets it, so that the server's default holds.
        """
        found = find(self.root, _absolute(path))
        return None if found is None or isinstance(found, Gone) else origin(found)

    def cell(self, path: str) -> Cell | None:
        """The merged value at a path, its template unrendered."""
        return find(self.root, _absolute(path))

    def place(self, path: str) -> Origin | None:
        """The line that decides on a path: where it is set, or made absent again."""
        found = self.cell(path)
        if found is None:
            return None
        return key_origin(found) if isinstance(found, Gone) else origin(found)


def _absolute(path: str) -> Path:
    parts: Path = tuple(int(part) if part.isdigit() else part for part in path.split("."))
    return parts if parts[0] in ("session", "expires_after", "vars") else ("session", *parts)


class Compilation(NamedTuple):
    """All that a compile gives.

    `bodies` are those without an error, by profile and environment, in order; `attempted` names
    all that were to be compiled. `problems` are each given once, sorted by place.
    """

    profiles: Mapping[str, CompiledProfile]
    environments: Mapping[str, CompiledEnvironment]
    profile_names: Roster
    environment_names: Roster
    bodies: Mapping[tuple[str, str], CompiledBody]
    attempted: tuple[tuple[str, str], ...]
    problems: tuple[Problem, ...]
    texts: Mapping[str, str]

    @property
    def errors(self) -> tuple[Problem, ...]:
        return tuple(problem for problem in self.problems if problem.is_error)
