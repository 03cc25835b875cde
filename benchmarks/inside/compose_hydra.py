"""Composes the fleet's profiles with Hydra, in every environment.

As its documentation has it: `initialize_config_dir` once, `compose` for each body with its choices
as overrides, and `to_container` with the interpolations resolved. Hydra keeps nothing from one
`compose` to the next. One body is made before the measured ones, so that what Hydra prepares for
itself at its first use does not count.
"""

import sys
from typing import Any

from hydra import compose, initialize_config_dir
from omegaconf import OmegaConf

from benchmarks.fleet import ENVIRONMENTS, ward
from benchmarks.inside.telling import Watch


def _body(number: int, environment: str) -> Any:
    choices = [f"ward={ward(number).name}", f"env={environment}"]
    return OmegaConf.to_container(compose("config", choices).body, resolve=True)


def main(folder: str, wards: int) -> None:
    """Composes the profiles, and tells what it took."""
    with initialize_config_dir(folder, version_base="1.3"):
        _body(0, ENVIRONMENTS[0])
        with Watch() as watch:
            bodies = {
                (f"wards/{ward(number).name}", environment): _body(number, environment)
                for number in range(wards)
                for environment in ENVIRONMENTS
            }
    watch.tell(bodies)


main(sys.argv[1], int(sys.argv[2]))
