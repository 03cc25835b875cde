"""The settings of the sink for AWS Secrets Manager."""

from collections.abc import Mapping
from typing import Annotated

from pydantic import AfterValidator, Field

from voxmint.engine.stores.marks import MANAGED_BY
from voxmint.engine.stores.options import Deletable

Region = Annotated[str, Field(pattern=r"^[a-z]{2}(-[a-z]+)+-[0-9]+$")]
"""A region of AWS; it becomes part of a host's name, so nothing else may stand there."""


def _window(days: int) -> int:
    if days and not 7 <= days <= 30:
        raise ValueError("AWS keeps a deleted secret for 7 to 30 days; 0 deletes it at once")
    return days


def _not_ours(tags: Mapping[str, str]) -> Mapping[str, str]:
    for name in tags:
        if name == MANAGED_BY or name.startswith(("voxmint-", "aws:")):
            raise ValueError(f"`{name}` is not yours to set: voxmint or AWS does")
    return tags


class SecretsManagerOptions(Deletable):
    """What the sink is told."""

    region: Region | None = Field(
        default=None,
        description="The region; without it that of AWS's own configuration (AWS_REGION).",
    )
    kms_key: Annotated[str, Field(min_length=1, max_length=2048)] | None = Field(
        default=None,
        description="The KMS key of secrets that are made, by id, ARN or alias; AWS's own without "
        "it. A secret that is there keeps its key.",
    )
    tags: Annotated[Mapping[str, str], AfterValidator(_not_ours)] = Field(
        default_factory=dict, description="Further tags of secrets that are made."
    )
    recovery_days: Annotated[int, AfterValidator(_window)] = Field(
        default=0,
        description="For how many days AWS keeps a secret that is taken out, and its name: 7 to "
        "30. 0: it is gone at once.",
    )
    endpoint: str | None = Field(
        default=None,
        description="The URL that is asked instead of AWS's own, as of a VPC endpoint. Whoever "
        "runs voxmint has to allow its host.",
    )
