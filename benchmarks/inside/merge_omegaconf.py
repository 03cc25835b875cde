"""Merges the fleet's profiles with OmegaConf, in every environment.

As its documentation has it: `OmegaConf.load`, `OmegaConf.merge`, and `to_container` with the
interpolations resolved. What profiles share (bases, environments) is loaded and merged once, and so
is each profile with its bases. One body is made before the measured ones, so that what OmegaConf
prepares for itself at its first use does not count.
"""

import sys
from functools import cache
from pathlib import Path
from typing import Any

from omegaconf import DictConfig, OmegaConf

from benchmarks.fleet import ENVIRONMENTS, ward
from benchmarks.inside.telling import Watch


class _Fleet:
    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.environment = cache(self._environment)
        self.bases = cache(self._bases)

    def load(self, name: str) -> Any:
        """One file."""
        return OmegaConf.load(self._folder / f"{name}.yaml")

    def _environment(self, name: str) -> Any:
        return self.load(f"environments/{name}")

    def _bases(self, names: tuple[str, ...]) -> Any:
        return OmegaConf.merge(*(self.load(name) for name in names))

    def bodies(self, number: int) -> dict[tuple[str, str], Any]:
        """The bodies of one profile in every environment."""
        name = ward(number).name
        own = self.load(f"wards/{name}")
        profile = OmegaConf.merge(self.bases(tuple(own.extends)), own)
        return {
            (f"wards/{name}", environment): self._body(profile, self.environment(environment))
            for environment in ENVIRONMENTS
        }

    @staticmethod
    def _body(profile: Any, environment: DictConfig) -> Any:
        overlays = [
            item.set
            for item in environment.overlay
            if all(profile.labels.get(key) == value for key, value in item.where.items())
        ]
        merged: Any = OmegaConf.merge(profile, environment.config, *overlays)
        return OmegaConf.to_container(merged.body, resolve=True)


def main(folder: str, wards: int) -> None:
    """Merges the profiles, and tells what it took."""
    _Fleet(Path(folder)).bodies(0)
    bodies: dict[tuple[str, str], Any] = {}
    with Watch() as watch:
        fleet = _Fleet(Path(folder))
        for number in range(wards):
            bodies.update(fleet.bodies(number))
    watch.tell(bodies)


main(sys.argv[1], int(sys.argv[2]))
