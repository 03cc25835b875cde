"""How long the command takes to start, against what it cannot do without."""

import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks import fleet
from benchmarks.measure import Comparison, compare, process

# Importing the package alone loads next to nothing of pydantic: its parts come when used.
_IMPORTS = "import yaml, jinja2; from pydantic import BaseModel"
_VOXMINT = (sys.executable, "-m", "voxmint")


def measure(repeats: int) -> list[Comparison]:
    """`--help` against importing click; one profile's `render` against what it imports."""
    with TemporaryDirectory() as folder:
        fleet.write(Path(folder), 30)
        render = (*_VOXMINT, "-C", folder, "render", "wards/ward-00007", "-e", "staging")
        return [
            compare(
                "voxmint --help",
                process((*_VOXMINT, "--help")),
                process((sys.executable, "-c", "import click")),
                aim=1.5,
                floor_name="python -c 'import click'",
                repeats=repeats,
            ),
            compare(
                "voxmint render, one profile",
                process(render),
                process((sys.executable, "-c", _IMPORTS)),
                aim=1.25,
                floor_name=f"python -c '{_IMPORTS}'",
                repeats=repeats,
            ),
        ]
