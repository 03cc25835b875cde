"""The settings of the sink for Vault and OpenBao."""

from typing import Annotated, Literal, Self

from pydantic import Field, field_validator, model_validator

from voxmint.engine.stores.options import StoreOptions

PathName = Annotated[
    str,
    Field(
        max_length=200, pattern=r"^[A-Za-z0-9_-][A-Za-z0-9_.-]*(/[A-Za-z0-9_-][A-Za-z0-9_.-]*)*$"
    ),
]
"""A mount or a namespace: it becomes part of a URL or of a header."""
Text = Annotated[str, Field(max_length=500, pattern=r"^[!-~]([ -~]*[!-~])?$")]


class VaultOptions(StoreOptions):
    """What the sink is told. No setting holds a credential."""

    mount: PathName = Field(
        default="secret", description="Where the KV engine is mounted; its version is asked for."
    )
    namespace: PathName | None = Field(
        default=None,
        description="The namespace that is worked in; without it that of VAULT_NAMESPACE.",
    )
    address: str | None = Field(
        default=None,
        description="The server's URL, instead of VAULT_ADDR. Whoever runs voxmint has to allow "
        "its host.",
    )
    login: Literal["token", "approle", "jwt", "kubernetes"] | None = Field(
        default=None,
        description="How to log in, unless VAULT_TOKEN is set. Without it: by VAULT_ROLE_ID and "
        "VAULT_SECRET_ID where they are set, else with the token in the file.",
    )
    login_mount: PathName | None = Field(
        default=None, description="Where that way to log in is mounted, if not under its own name."
    )
    role: Text | None = Field(
        default=None,
        description="The role for `login: jwt` and `login: kubernetes`; else the one in "
        "VAULT_ROLE, or the method's default.",
    )
    audience: Text | None = Field(
        default=None,
        description="Whom GitHub's token is to name as its audience, for `login: jwt`; GitHub's "
        "own default without it.",
    )
    versions: Annotated[int, Field(ge=1, le=100)] = Field(
        default=2,
        description="How many versions of a secret stay in KV version 2, with the current one.",
    )

    @field_validator("payload")
    @classmethod
    def _keeps_names(cls, payload: str) -> str:
        if payload == "token":
            raise ValueError(
                "Vault keeps names with values, never a bare text: "
                "`values: [client_secret]` leaves nothing but the token"
            )
        return payload

    @model_validator(mode="after")
    def _role_has_its_login(self) -> Self:
        if self.role and self.login not in ("jwt", "kubernetes"):
            raise ValueError("`role` is for `login: jwt` and `login: kubernetes`")
        if self.audience and self.login != "jwt":
            raise ValueError("`audience` is for `login: jwt`")
        if self.login_mount and self.login in (None, "token"):
            raise ValueError("`login_mount` needs a `login` that has a mount")
        return self
