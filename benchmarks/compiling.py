"""How long a whole compile takes, against loading the same bytes with libyaml."""

from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks import fleet
from benchmarks.measure import Comparison, compare, inside

PROFILES = 1000


def measure(repeats: int) -> list[Comparison]:
    """1,000 profiles in three environments, each with a prompt of its own."""
    bodies = PROFILES * len(fleet.ENVIRONMENTS)
    with TemporaryDirectory() as folder:
        fleet.write(Path(folder), PROFILES)
        return [
            compare(
                f"compile {bodies:,} bodies",
                inside("compile_project", folder, str(bodies)),
                inside("load_yaml", folder),
                aim=3.0,
                floor_name="yaml.CSafeLoader over the same files, in memory",
                repeats=repeats,
                note="reading the files, provenance and validation included",
            )
        ]
