"""The precedence of layers: law 1, written once, in order."""

from collections.abc import Iterable, Mapping, Sequence

from voxmint.profiles.documents import Environment, Layer, Profile
from voxmint.profiles.values import Scalar


def layers_of(
    lineage: Sequence[Profile],
    environments: Sequence[Environment],
    labels: Mapping[str, Scalar],
    overrides: Sequence[Layer] = (),
) -> tuple[Layer, ...]:
    """Every layer of one profile in one environment, the weakest first.

    `lineage` and `environments` go from the remotest base to the profile and the environment
    themselves; `labels` are the profile's, merged, and `overrides` what `--set` gave. A later
    layer wins over an earlier one:

    1. the profile's lineage, base by base, and then the profile;
    2. the environment's lineage, in the same way;
    3. the overlay items that select the profile, those of the environment's bases first;
    4. the blocks for that environment, and for those it extends, of the bases and then of the
       profile;
    5. `--set`, in the order of the command line.
    """
    profile = lineage[-1]
    return (
        *[base.layer for base in lineage],
        *[environment.layer for environment in environments],
        *[
            item.layer
            for environment in environments
            for item in environment.overlay
            if item.where.fits(profile.name, labels)
        ],
        *_blocks(lineage, environments),
        *overrides,
    )


def _blocks(lineage: Iterable[Profile], environments: Sequence[Environment]) -> Iterable[Layer]:
    return [
        base.blocks[environment.name]
        for base in lineage
        if base.blocks
        for environment in environments
        if environment.name in base.blocks
    ]
