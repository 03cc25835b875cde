"""The settings of the sink for AWS SSM Parameter Store."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from voxmint.engine.stores.aws_options import Region, Tags
from voxmint.engine.stores.options import Name, StoreOptions


class ParameterStoreOptions(StoreOptions):
    """What the sink is told."""

    name: Name = Field(
        default="/voxmint/{environment}/{profile}",
        description="The parameter's name, a path. With {profile} in it each profile has its own; "
        "else there is one for the environment, a JSON object with a member for each profile.",
    )
    region: Region | None = Field(
        default=None,
        description="The region; without it that of AWS's own configuration (AWS_REGION).",
    )
    kms_key: Annotated[str, Field(min_length=1, max_length=256)] | None = Field(
        default=None,
        description="The KMS key that values are encrypted with, by id, ARN or alias. Without it a "
        "parameter keeps the key it has, and a new one has AWS's own.",
    )
    tags: Tags = Field(
        default_factory=dict, description="Further tags of parameters that are made."
    )
    tier: Literal["by-size", "standard", "advanced", "intelligent"] = Field(
        default="by-size",
        description="The tier of a parameter. by-size: Standard up to 4 KB and Advanced, which AWS "
        "charges for, up to 8 KB. intelligent: AWS chooses (Intelligent-Tiering).",
    )
    expire: bool = Field(
        default=False,
        description="Have AWS delete a parameter when its last token ends. That takes an Advanced "
        "one.",
    )
    endpoint: str | None = Field(
        default=None,
        description="The URL that is asked instead of AWS's own, as of a VPC endpoint. Whoever "
        "runs voxmint has to allow its host.",
    )

    @model_validator(mode="after")
    def _what_expires_is_advanced(self) -> Self:
        if self.expire and self.tier == "standard":
            raise ValueError("`expire` needs an Advanced parameter: leave `tier: standard` out")
        return self
