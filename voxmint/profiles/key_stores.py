"""Where an upstream key is in a secrets manager: what `provider.key` says of each of them.

There is no setting for an address: the project's files lead no client elsewhere.
"""

import re
from collections.abc import Callable
from typing import Annotated, Literal, TypeAlias

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator


class _Place(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


def _of_form(pattern: str, said: str) -> Callable[[str], str]:
    form = re.compile(pattern)

    def checked(text: str) -> str:
        if not form.fullmatch(text):
            raise ValueError(said)
        return text

    return checked


_REGION = r"[a-z]{2}(-[a-z]+)+-[0-9]+"
_PATH = r"[A-Za-z0-9_-][A-Za-z0-9_.-]*(/[A-Za-z0-9_-][A-Za-z0-9_.-]*)*"
_GOOGLE_NAME = r"[A-Za-z0-9_-]{1,255}"
_PROJECT = r"([a-z0-9.-]+:)?[a-z0-9][a-z0-9-]{0,62}"
_LOCATION = r"[a-z]+(-[a-z]+[0-9]+)?"
_AZURE_NAME = r"[A-Za-z0-9-]{1,127}"
_VAULT = r"[A-Za-z](-?[A-Za-z0-9]){2,23}|https://[A-Za-z0-9.-]+(:[0-9]{1,5})?"
_PLAIN = r"[!-~]([ -~]*[!-~])?"

PathName = Annotated[
    str,
    AfterValidator(
        _of_form(
            _PATH,
            "must be a path such as `clinic/speech`: letters, digits and _ . -, no part that is "
            "empty or begins with a dot",
        )
    ),
    Field(max_length=400, json_schema_extra={"pattern": f"^{_PATH}$"}),
]
"""A part of an address in Vault: nothing in it leads upwards."""
PlainText = Annotated[
    str,
    AfterValidator(_of_form(_PLAIN, "must be printable ASCII without spaces around it")),
    Field(max_length=500, json_schema_extra={"pattern": f"^{_PLAIN}$"}),
]
Member = Annotated[str, Field(min_length=1)]
_MEMBER = "The member that holds the key, of a secret that is a JSON object."


class KeyInAws(_Place):
    """Where the upstream key is in AWS Secrets Manager."""

    secret: Annotated[str, Field(min_length=1)] = Field(
        description="The secret's name, or its ARN."
    )
    region: (
        Annotated[
            str,
            AfterValidator(_of_form(_REGION, "must be a region such as eu-central-1")),
            Field(json_schema_extra={"pattern": f"^{_REGION}$"}),
        ]
        | None
    ) = Field(
        default=None, description="Its region; by default the one of AWS's own configuration."
    )
    field: Member | None = Field(default=None, description=_MEMBER)


class KeyInVault(_Place):
    """Where the upstream key is in Vault or OpenBao."""

    secret: PathName = Field(description="The secret's path below the mount.")
    field: Member = Field(description="The member of the secret that holds the key.")
    mount: PathName = Field(
        default="secret", description="Where the KV engine is mounted; its version is asked for."
    )
    namespace: PathName | None = Field(
        default=None,
        description="The namespace of the secret, within the one of VAULT_NAMESPACE where that is "
        "set; by default that one.",
    )
    login: Literal["token", "approle", "jwt", "kubernetes"] | None = Field(
        default=None,
        description="How to log in, unless VAULT_TOKEN is set. Without it: by VAULT_ROLE_ID and "
        "VAULT_SECRET_ID where they are set, else with the token in the file.",
    )
    login_mount: PathName | None = Field(
        default=None, description="Where that way to log in is mounted, if not under its own name."
    )
    role: PlainText | None = Field(
        default=None,
        description="The role for `login: jwt` and `login: kubernetes`; else the one in "
        "VAULT_ROLE, or the method's default.",
    )
    audience: PlainText | None = Field(
        default=None,
        description="Whom GitHub's token is to name as its audience, for `login: jwt`; GitHub's "
        "own default without it.",
    )

    @model_validator(mode="after")
    def _role_has_its_login(self) -> "KeyInVault":
        if self.role and self.login not in ("jwt", "kubernetes"):
            raise ValueError("`role` is for `login: jwt` and `login: kubernetes`")
        if self.audience and self.login != "jwt":
            raise ValueError("`audience` is for `login: jwt`")
        if self.login_mount and self.login in (None, "token"):
            raise ValueError("`login_mount` needs a `login` that has a mount")
        return self


class KeyInGcp(_Place):
    """Where the upstream key is in Google Secret Manager."""

    secret: Annotated[
        str,
        AfterValidator(
            _of_form(
                _GOOGLE_NAME,
                "must be a secret's name alone: letters, digits, dashes and underscores, at most "
                "255 of them",
            )
        ),
        Field(json_schema_extra={"pattern": f"^{_GOOGLE_NAME}$"}),
    ] = Field(description="The secret's name; its latest version is read.")
    project: (
        Annotated[
            str,
            AfterValidator(_of_form(_PROJECT, "must be a project's id or number")),
            Field(json_schema_extra={"pattern": f"^{_PROJECT}$"}),
        ]
        | None
    ) = Field(
        default=None,
        description="The project's id or number; without it that of GOOGLE_CLOUD_PROJECT or of the "
        "credentials. Whoever runs voxmint has to allow another (VOXMINT_ALLOW_PROJECTS).",
    )
    location: (
        Annotated[
            str,
            AfterValidator(_of_form(_LOCATION, "must be a location such as europe-west3")),
            Field(json_schema_extra={"pattern": f"^{_LOCATION}$"}),
        ]
        | None
    ) = Field(default=None, description="The location of a regional secret.")
    field: Member | None = Field(default=None, description=_MEMBER)


class KeyInAzure(_Place):
    """Where the upstream key is in Azure Key Vault."""

    secret: Annotated[
        str,
        AfterValidator(
            _of_form(
                _AZURE_NAME,
                "must be a secret's name alone: letters, digits and dashes, at most 127 of them",
            )
        ),
        Field(json_schema_extra={"pattern": f"^{_AZURE_NAME}$"}),
    ] = Field(description="The secret's name; its latest version is read.")
    vault: (
        Annotated[
            str,
            AfterValidator(
                _of_form(
                    _VAULT,
                    "must be a vault's name, or https:// and its host with nothing after it",
                )
            ),
            Field(json_schema_extra={"pattern": f"^({_VAULT})$"}),
        ]
        | None
    ) = Field(
        default=None,
        description="The vault, by name or, outside the public cloud, by its URL. Whoever runs "
        "voxmint has to allow its host. Without it AZURE_KEYVAULT_URL tells.",
    )
    field: Member | None = Field(default=None, description=_MEMBER)


KeyInStore: TypeAlias = KeyInAws | KeyInVault | KeyInGcp | KeyInAzure


def operators_name(place: KeyInStore) -> str:
    """What whoever runs voxmint allows a secret by, after the store's kind and a colon.

    In Vault it is the whole path, since mounts and namespaces can hold secrets of one name.
    """
    if isinstance(place, KeyInVault):
        return "/".join(filter(None, (place.namespace, place.mount, place.secret)))
    return place.secret
