"""The precedence of layers: law 1, written once, in order."""

from collections.abc import Mapping, Sequence

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
    name = lineage[-1].name
    layers = [base.layer for base in lineage]
    layers += [environment.layer for environment in environments]
    for environment in environments:
        if environment.overlay:
            layers += [one.layer for one in environment.overlay if one.where.fits(name, labels)]
    for base in lineage:
        if base.blocks:
            layers += _blocks(base, environments)
    layers += overrides
    return tuple(layers)


def _blocks(base: Profile, environments: Sequence[Environment]) -> list[Layer]:
    return [base.blocks[one.name] for one in environments if one.name in base.blocks]
