"""All suites, by the names that the command takes."""

from collections.abc import Mapping
from types import MappingProxyType

from benchmarks import compiling, diffing, minting, others, scaling, startup
from benchmarks.figures import Claim, Suite

SUITES: Mapping[str, Suite] = MappingProxyType(
    {
        "startup": startup.SUITE,
        "compile": compiling.SUITE,
        "scale": scaling.SUITE,
        "diff": diffing.SUITE,
        "others": others.SUITE,
        "mint": minting.SUITE,
    }
)

CLAIMS: tuple[Claim, ...] = tuple(claim for suite in SUITES.values() for claim in suite.claims)
