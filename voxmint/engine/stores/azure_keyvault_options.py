"""The settings of the sink for Azure Key Vault."""

import re
from collections.abc import Mapping
from typing import Annotated

from pydantic import AfterValidator, Field

from voxmint.engine.stores.marks import MANAGED_BY
from voxmint.engine.stores.options import FULL, Deletable, Name
from voxmint.engine.upstream.hosts import url_of

OWN_TAGS = 8
"""How many of the 15 tags of a secret are left beside those of a session."""

_NAME = re.compile(r"(?=.{3,24}$)[A-Za-z](-?[A-Za-z0-9])+")


def _vault(text: str) -> str:
    parts = url_of(text)
    is_url = text.startswith("https://") and (parts is None or not parts.path)
    if not is_url and not _NAME.fullmatch(text):
        raise ValueError(
            f"`{text}` is neither a vault's name, nor https:// and its host with nothing after it"
        )
    return text


def _tags(tags: Mapping[str, str]) -> Mapping[str, str]:
    if len(tags) > OWN_TAGS:
        raise ValueError(
            f"{len(tags)} tags: a secret has at most 15, and voxmint needs all but {OWN_TAGS}"
        )
    for name, text in tags.items():
        if name == MANAGED_BY or name.startswith("voxmint-"):
            raise ValueError(f"`{name}` is not yours to set: voxmint does")
        if not name or len(name) > 256 or len(text) > 256:
            raise ValueError(f"`{name[:40]}`: names and texts of tags have at most 256 characters")
    return tags


class KeyVaultOptions(Deletable):
    """What the sink is told."""

    name: Name = Field(
        default="voxmint-{environment}-{profile}",
        description="The secret's name. With {profile} in it each profile has its own; else there "
        "is one for the environment, a JSON object with a member for each profile.",
    )
    vault: Annotated[str, AfterValidator(_vault), FULL] | None = Field(
        default=None,
        description="The vault, by name or, outside the public cloud, by its URL. Whoever runs "
        "voxmint has to allow its host. Without it AZURE_KEYVAULT_URL tells.",
    )
    tags: Annotated[Mapping[str, str], AfterValidator(_tags)] = Field(
        default_factory=dict, description="Further tags of secrets that are made."
    )
