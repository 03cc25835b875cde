"""The same job done by other tools that pip brings, body by body equal."""

from collections.abc import Mapping
from importlib import metadata
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks import fleet, others_files
from benchmarks.figures import Claim, Comparison, Figure, Suite
from benchmarks.measure import Measured, in_turn, inside

TOOLS: Mapping[str, str] = {"OmegaConf": "omegaconf", "Hydra": "hydra-core"}
"""The other tools, with the names of their packages."""
_PROFILES = 1000
_ENVIRONMENTS = len(fleet.ENVIRONMENTS)
# Fewer for those that take longer: all that is looked at is the time of one body.
_MERGED, _COMPOSED = 60, 15
_REPEATS = 5
"""At most so many: these runs take seconds."""

_AGAINST = f"voxmint, which compiles {_PROFILES * _ENVIRONMENTS:,} bodies"
_NOTE = "the same bodies; reading the files and resolving interpolations included"

OMEGACONF = Claim(
    "`OmegaConf.merge`, time of one body", _AGAINST, aim=40, note=_NOTE, at_least=True
)
HYDRA = Claim("Hydra's `compose`, time of one body", _AGAINST, aim=300, note=_NOTE, at_least=True)


def versions() -> dict[str, str]:
    """The versions of the other tools that are installed, by their names."""
    found: dict[str, str] = {}
    for tool, package in TOOLS.items():
        try:
            found[tool] = metadata.version(package)
        except metadata.PackageNotFoundError:
            continue
    return found


def lacking(found: Mapping[str, str]) -> str:
    """What to do about the tools that are not among these; "" where all are."""
    missing = [tool for tool in TOOLS if tool not in found]
    if not missing:
        return ""
    return (
        f"the suite `others` needs {' and '.join(missing)}: run `make bench`, or install the extra "
        "with `pip install -c constraints.txt -e '.[bench]'`"
    )


def _measure(repeats: int) -> list[Figure]:
    with TemporaryDirectory() as folder:
        root = Path(folder)
        fleet.write(root / "voxmint", fleet.files(range(_PROFILES)))
        fleet.write(root / "omegaconf", others_files.omegaconf(range(_MERGED)))
        fleet.write(root / "hydra", others_files.hydra(range(_COMPOSED)))
        ours, merged, composed = in_turn(_tools(root), min(repeats, _REPEATS), same=True)
        return [Comparison(OMEGACONF, merged, ours), Comparison(HYDRA, composed, ours)]


def _tools(root: Path) -> list[Measured]:
    bodies = _PROFILES * _ENVIRONMENTS
    merged, composed = _MERGED * _ENVIRONMENTS, _COMPOSED * _ENVIRONMENTS
    return [
        inside("compile_project", str(root / "voxmint"), str(bodies), units=bodies),
        inside("merge_omegaconf", str(root / "omegaconf"), str(_MERGED), units=merged),
        inside("compose_hydra", str(root / "hydra"), str(_COMPOSED), units=composed),
    ]


SUITE = Suite((OMEGACONF, HYDRA), _measure, lambda: lacking(versions()))
