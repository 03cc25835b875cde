"""How long a whole compile takes, as a call and as a command, and what of that provenance takes."""

import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks import fleet
from benchmarks.figures import Claim, Figure, Suite, compare
from benchmarks.measure import inside, process, together

PROFILES = 1000
BODIES = PROFILES * len(fleet.ENVIRONMENTS)
_VOXMINT = (sys.executable, "-m", "voxmint")
_OFTENER = 2
"""These runs are short: as many more of them make it likelier that noise spared one of each."""
_SHARE = 0.25
"""The most of a compile's time that provenance may take."""

COMPILE = Claim(
    f"compile {BODIES:,} bodies",
    "`yaml.CSafeLoader` over the same files, in memory",
    aim=3.0,
    note="the library call: reading the files, provenance and validation included",
)
VALIDATE = Claim(
    f"`voxmint validate`, {BODIES:,} bodies",
    "that library call and a `voxmint --version`, one after the other",
    aim=1.3,
    note="the whole process",
)
PROVENANCE = Claim(
    f"compile {BODIES:,} bodies, with provenance",
    "a composer that keeps no places and no chains",
    aim=round(1 / (1 - _SHARE), 2),
    note="the same bodies; at 1.33 a quarter of the time is provenance's",
)


def _measure(repeats: int) -> list[Figure]:
    repeats *= _OFTENER
    with TemporaryDirectory() as folder:
        fleet.write(Path(folder), fleet.files(range(PROFILES)))
        call = inside("compile_project", folder, str(BODIES))
        plain = inside("compose_plainly", folder, str(BODIES))
        floor = together(process((*_VOXMINT, "--version")), call)
        command = process((*_VOXMINT, "-C", folder, "validate"))
        return [
            compare(COMPILE, call, inside("load_yaml", folder), repeats),
            compare(VALIDATE, command, floor, repeats),
            compare(PROVENANCE, call, plain, repeats, same=True),
        ]


SUITE = Suite((COMPILE, VALIDATE, PROVENANCE), _measure)
