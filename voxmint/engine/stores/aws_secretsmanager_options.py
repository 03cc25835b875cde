"""The settings of the sink for AWS Secrets Manager."""

from typing import Annotated

from pydantic import AfterValidator, Field

from voxmint.engine.stores.aws_options import Region, Tags
from voxmint.engine.stores.options import Deletable


def _window(days: int) -> int:
    if days and not 7 <= days <= 30:
        raise ValueError("AWS keeps a deleted secret for 7 to 30 days; 0 deletes it at once")
    return days


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
    tags: Tags = Field(default_factory=dict, description="Further tags of secrets that are made.")
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
