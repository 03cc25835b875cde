"""How long the command takes to start, against what it cannot do without."""

import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks import fleet
from benchmarks.figures import Claim, Figure, Suite, compare
from benchmarks.measure import process

# Importing the package alone loads next to nothing of pydantic: its parts come when used.
_IMPORTS = "import yaml, jinja2; from pydantic import BaseModel"
_VOXMINT = (sys.executable, "-m", "voxmint")

HELP = Claim("`voxmint --help`", "`python -c 'import click'`", aim=1.5)
RENDER = Claim("`voxmint render`, one profile", f"`python -c '{_IMPORTS}'`", aim=1.25)


def _measure(repeats: int) -> list[Figure]:
    with TemporaryDirectory() as folder:
        fleet.write(Path(folder), fleet.files(range(30)))
        render = (*_VOXMINT, "-C", folder, "render", "wards/ward-00007", "-e", "staging")
        imports = process((sys.executable, "-c", _IMPORTS))
        click = process((sys.executable, "-c", "import click"))
        return [
            compare(HELP, process((*_VOXMINT, "--help")), click, repeats),
            compare(RENDER, process(render), imports, repeats),
        ]


SUITE = Suite((HELP, RENDER), _measure)
