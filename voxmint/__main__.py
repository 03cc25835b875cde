"""`python -m voxmint`.

Python puts the current folder on the import path then, and a `yaml.py` or `click.py` in the
repository that it is run in would be imported instead of the real one. So it is taken off, before
anything else is imported. Only a `voxmint/` folder in that repository still comes first: Python
itself has looked for that by then. The `voxmint` script has neither problem.
"""

import os
import sys

_HERE = os.path.realpath(os.curdir)
sys.path[:] = [folder for folder in sys.path if os.path.realpath(folder) != _HERE]

from voxmint.cli.main import run  # noqa: E402  # only now is the import path what it should be

if __name__ == "__main__":
    run()
