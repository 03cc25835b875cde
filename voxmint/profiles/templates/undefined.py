"""What to do about a var that is not defined: where it would have to be set, and where it is.

A template in a base may miss its var in a hundred bodies. That is one problem: it is told once,
with the files in which one line would mend it for all of them.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from voxmint.origin import Origin
from voxmint.problems import Body, Problem, Related
from voxmint.profiles import wording
from voxmint.profiles.compiled import CompiledEnvironment, CompiledProfile
from voxmint.profiles.directives import REPLACE, UNSET
from voxmint.profiles.documents import Layer
from voxmint.profiles.nodes import MapNode, Mark, Node

_SHOWN = 3
"""How many places where the var is set are shown, and how many names are told."""


class _Setting(NamedTuple):
    """A layer that sets the var, though for other bodies."""

    at: Origin
    whom: str


def explained(
    problems: Iterable[Problem],
    profiles: Mapping[str, CompiledProfile],
    environments: Mapping[str, CompiledEnvironment],
) -> Iterator[Problem]:
    """The problems; those of an undefined var once for all bodies, with what to do about it."""
    groups: dict[tuple[object, ...], list[Problem]] = {}
    for problem in problems:
        if problem.kind is wording.UNDEFINED_NAME and "var" in problem.facts:
            cause = (problem.at, problem.facts["var"], problem.facts.get("unset"))
            groups.setdefault(cause, []).append(problem)
        else:
            yield problem
    for group in groups.values():
        yield _Explainer(group, profiles, environments).problem()


class _Explainer:
    """Looks for a var in all files of the project."""

    def __init__(
        self,
        group: Sequence[Problem],
        profiles: Mapping[str, CompiledProfile],
        environments: Mapping[str, CompiledEnvironment],
    ) -> None:
        bodies: dict[Body, None] = {body: None for one in group for body in one.affects}
        self._group = group
        self._profiles = profiles
        self._environments = environments
        self._affects = tuple(bodies)
        self._of_profiles = tuple(dict.fromkeys(profile for profile, _ in bodies))
        self._in_environments = tuple(dict.fromkeys(name for _, name in bodies))
        self._var = str(group[0].facts["var"])

    def problem(self) -> Problem:
        first = next((one for one in self._group if "nearest" in one.facts), self._group[0])
        if "unset" in first.facts:
            return first._replace(affects=self._affects)
        settings = list(self._settings())
        facts = {**first.facts, "where": self._where()}
        if settings:
            at = settings[0].at
            facts |= {"elsewhere": f"{at.file}:{at.line}", "lacking": self._lacking()}
        settings = settings or list(self._profile_settings())
        related = tuple(
            Related(one.at, f"`{self._var}` is set here, for {one.whom}")
            for one in settings[:_SHOWN]
        )
        return first._replace(facts=facts, related=related, affects=self._affects)

    def _where(self) -> str:
        """The files in which the var can be set for all of the bodies."""
        files = [self._profile_file(), *self._environment_files()]
        return ", or in ".join(dict.fromkeys(one for one in files if one))

    def _profile_file(self) -> str:
        """The profile's file; where there are several, that of the base with the template."""
        at = self._group[0].at
        lineages = [self._profiles[name].lineage for name in self._of_profiles]
        shared = set.intersection(*({one.file for one in lineage} for lineage in lineages))
        if len(lineages) == 1:
            return lineages[0][-1].file
        return at.file if at is not None and at.file in shared else ""

    def _environment_files(self) -> list[str]:
        names = self._in_environments
        if len(names) > _SHOWN:
            return ["each environment"]
        files = [self._environments[name].document.file for name in names]
        return [" and ".join((", ".join(files[:-1]), files[-1])) if len(files) > 1 else files[0]]

    def _lacking(self) -> str:
        """Whom the var is missing for: environments, or else profiles."""
        others = {
            name
            for name, one in self._environments.items()
            if name not in self._in_environments and set(self._of_profiles) & set(one.profiles)
        }
        names = self._in_environments if others else self._of_profiles
        return ", ".join((*names[:_SHOWN], *(("…",) if len(names) > _SHOWN else ())))

    def _settings(self) -> Iterator[_Setting]:
        """The places where the var is set for others: environments, overlays and blocks."""
        for environment in self._environments.values():
            yield from self._setting(environment.document.layer, environment.name)
        for environment in self._environments.values():
            for item in environment.document.overlay:
                whom = f"{item.where} in {environment.name}".removeprefix(" in ")
                yield from self._setting(item.layer, whom)
        for profile in self._profiles.values():
            for name, layer in profile.document.blocks.items():
                yield from self._setting(layer, f"{profile.name} in {name}")

    def _profile_settings(self) -> Iterator[_Setting]:
        for profile in self._profiles.values():
            yield from self._setting(profile.document.layer, profile.name)

    def _setting(self, layer: Layer, whom: str) -> Iterator[_Setting]:
        mark = _mark_of(layer.tree, ("vars", *self._var.split(".")))
        if mark is not None:
            yield _Setting(layer.origin(mark), whom)


def _mark_of(tree: MapNode, path: Sequence[str]) -> Mark | None:
    """The key at a path; `None` where the map has no value there."""
    node: Node = tree
    mark: Mark | None = None
    for part in path:
        while isinstance(node, MapNode) and REPLACE in node.entries:
            node = node.entries[REPLACE]
        if not isinstance(node, MapNode) or part not in node.entries:
            return None
        mark = node.keys[part]
        node = node.entries[part]
    return None if isinstance(node, MapNode) and UNSET in node.entries else mark
