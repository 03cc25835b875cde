"""Settings that the stores of AWS have in common."""

from collections.abc import Mapping
from typing import Annotated

from pydantic import AfterValidator, Field

from voxmint.engine.stores.marks import MANAGED_BY

Region = Annotated[str, Field(pattern=r"^[a-z]{2}(-[a-z]+)+-[0-9]+$")]
"""A region of AWS; it becomes part of a host's name, so nothing else may stand there."""


def _not_ours(tags: Mapping[str, str]) -> Mapping[str, str]:
    for name in tags:
        if name == MANAGED_BY or name.startswith(("voxmint-", "aws:")):
            raise ValueError(f"`{name}` is not yours to set: voxmint or AWS does")
    return tags


Tags = Annotated[Mapping[str, str], AfterValidator(_not_ours)]
"""Tags beside voxmint's marks."""
