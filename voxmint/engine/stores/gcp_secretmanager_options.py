"""The settings of the sink for Google Secret Manager."""

import re
from collections.abc import Mapping
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from voxmint.engine.stores.options import Name, StoreOptions
from voxmint.engine.upstream.hosts import url_of

PLACE = "{location}"
PREVIOUS = "-previous"
"""What the alias of the version before is called, after the alias itself."""
_GLOBAL = "global"
_LABEL_NAME = re.compile(r"[a-z][a-z0-9_-]{0,62}")
_LABEL_VALUE = re.compile(r"[a-z0-9_-]{0,63}")
_RESERVED = frozenset({"latest", "new"})

Location = Annotated[str, Field(pattern=r"^[a-z]+(-[a-z]+[0-9]+)?$")]
"""A location of Google Cloud; it becomes part of a host's name, so nothing else may stand there."""
Project = Annotated[str, Field(pattern=r"^([a-z0-9.-]+:)?[a-z0-9][a-z0-9-]{0,62}$")]
"""A project's id or number."""
Key = Annotated[
    str,
    Field(pattern=r"^projects/[^/]+/locations/[^/]+/keyRings/[^/]+/cryptoKeys/[^/]+$"),
]
"""A key of Cloud KMS by its whole name; `{location}` in it is the place of each copy."""


def _fixed(values: object) -> object:
    return tuple(values) if isinstance(values, list) else values


def _plain_labels(labels: Mapping[str, str]) -> Mapping[str, str]:
    for name, text in labels.items():
        if name == "managed-by" or name.startswith("voxmint"):
            raise ValueError(f"`{name}` is not yours to set: voxmint does")
        if not (_LABEL_NAME.fullmatch(name) and _LABEL_VALUE.fullmatch(text)):
            raise ValueError(
                f"`{name}: {text}` is no label of Google's: small letters, digits, - and _, at "
                "most 63 of them"
            )
    return labels


def _free_alias(alias: str) -> str:
    if alias.lower() in _RESERVED:
        raise ValueError(f"`{alias}` is not free: Google gives it a meaning of its own")
    return alias


def _bare_address(url: str) -> str:
    found = url_of(url)
    # One that is malformed is told of where all stores' addresses are.
    if found and (found.path or (found.host.scheme == "http" and found.host.is_loopback)):
        raise ValueError("Secret Manager is asked by gRPC over TLS: write https://HOST, no path")
    return url


class SecretManagerOptions(StoreOptions):
    """What the sink is told."""

    name: Name = Field(
        default="voxmint-{environment}-{profile}",
        description="The secret's name. With {profile} in it each profile has its own; else there "
        "is one for the environment, a JSON object with a member for each profile.",
    )
    project: Project | None = Field(
        default=None,
        description="The project's id or number; without it that of GOOGLE_CLOUD_PROJECT or of the "
        "credentials.",
    )
    location: Location | None = Field(
        default=None,
        description="Makes secrets regional: they are kept, and asked for, in this location alone.",
    )
    replicas: Annotated[tuple[Location, ...], BeforeValidator(_fixed)] = Field(
        default=(),
        description="The locations of secrets that are made; Google's choice without it. For "
        "secrets that are not regional.",
    )
    kms_key: Key | None = Field(
        default=None,
        description="The key of Cloud KMS for secrets that are made, by its whole name; Google's "
        "own without it. `{location}` in it stands for the place of each copy: `global` where "
        "Google chooses them.",
    )
    labels: Annotated[Mapping[str, str], AfterValidator(_plain_labels)] = Field(
        default_factory=dict, description="Further labels of secrets that are made."
    )
    alias: Annotated[
        str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_-]{0,53}$"), AfterValidator(_free_alias)
    ] = Field(
        default="voxmint",
        description="The version alias that leads to what readers are to get; with `-previous` "
        "after it, it leads to the version before.",
    )
    older: Literal["destroy", "disable"] = Field(
        default="destroy",
        description="What becomes of versions before the previous one. Disabled ones can be "
        "enabled again, and go on to cost.",
    )
    expire: bool = Field(
        default=False,
        description="Have Google delete a secret, with its IAM policy, when its last token ends.",
    )
    endpoint: Annotated[str, AfterValidator(_bare_address)] | None = Field(
        default=None,
        description="The URL that is asked instead of Google's own, as of Private Service Connect. "
        "Whoever runs voxmint has to allow its host.",
    )

    @model_validator(mode="after")
    def _one_kind_of_place(self) -> Self:
        if self.location and self.replicas:
            raise ValueError("`location` makes a secret regional, which has no `replicas`")
        if self.kms_key and len(self.replicas) > 1 and PLACE not in self.kms_key:
            raise ValueError(f"each of the `replicas` needs a key of its own: {PLACE} in `kms_key`")
        return self

    def key_in(self, location: str) -> str | None:
        """The name of the key for a copy in this location."""
        return self.kms_key.replace(PLACE, location) if self.kms_key else None

    def key_everywhere(self) -> str | None:
        """The name of the key where Google chooses the locations."""
        return self.key_in(_GLOBAL)
