"""The settings of the sink for the keyring."""

from pydantic import Field

from voxmint.engine.stores.options import Name, StoreOptions


class KeyringOptions(StoreOptions):
    """What the sink is told."""

    name: Name = Field(
        default="{environment}/{profile}",
        description="The entry of the service `voxmint-tokens`. With {profile} in it each profile "
        "has its own; else there is one for the environment, a JSON object with a member for each "
        "profile.",
    )
