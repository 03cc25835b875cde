"""`python -m voxmint`.

Python puts the current folder on the import path then, and a `yaml.py` or `click.py` in the
repository that it is run in would be imported instead of the real one. So it is taken off, before
anything else is imported. By then Python itself has looked there for `voxmint` and for a few
modules of its own; `python -P -m voxmint`, or the `voxmint` script, never looks there at all.
"""

import os
import sys

_HERE = os.path.realpath(os.curdir)
sys.path[:] = [folder for folder in sys.path if os.path.realpath(folder) != _HERE]

from voxmint.cli.main import run  # noqa: E402  # only now is the import path what it should be

if __name__ == "__main__":
    run()
