"""The settings of an env file, as they are checked."""

from collections.abc import Mapping
from typing import Annotated

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from voxmint.engine.sinks.dotenv_plain import PlainOptions

_STRICT = ConfigDict(frozen=True, extra="forbid", strict=True)
_PLAIN = PlainOptions("")
"""What holds unless a file says otherwise."""


def _quoted(mode: object) -> object:
    if isinstance(mode, int):
        raise ValueError('write it in quotes, as in "0640": without them YAML reads a number')
    return mode


def _for_readers(mode: str) -> str:
    bits = int(mode, 8)
    if bits & 0o600 != 0o600 or bits & ~0o664:
        raise ValueError(
            "its owner must be able to read and write it, nobody to execute it, and others at most "
            'to read it: "0600" to "0664"'
        )
    return mode


Mode = Annotated[
    str, Field(pattern=r"^(0o?)?[0-7]{3}$"), BeforeValidator(_quoted), AfterValidator(_for_readers)
]
"""A file's mode in octal, in quotes: without them YAML 1.2 reads 0640 as six hundred and forty."""


class Names(BaseModel):
    """What the variables are called; `{profile}` stands for the profile's name in capitals."""

    model_config = _STRICT

    client_secret: str = Field(
        default=_PLAIN.names.client_secret, description="The variable of the token."
    )
    expires_at: str = Field(
        default=_PLAIN.names.expires_at,
        description="The variable of the token's end, in Unix seconds.",
    )
    session_id: str = Field(
        default=_PLAIN.names.session_id, description="The variable of the session's id."
    )
    profiles: Mapping[str, str] = Field(
        default_factory=dict, description="What {profile} stands for instead, by profile."
    )


class DotenvOptions(BaseModel):
    """The settings of an env file."""

    model_config = _STRICT

    path: Annotated[str, Field(min_length=1)] = Field(
        description="The file, from the project's folder."
    )
    mode: Mode = Field(
        default=_PLAIN.mode, description='The file\'s mode, in quotes: "0600" to "0664".'
    )
    group: str | int | None = Field(
        default=None,
        description="The group that the file is given to, for a service that reads it.",
    )
    names: Names = Field(default=Names(), description="What the variables are called.")
    allow_tracked: bool = Field(
        default=False,
        description="Write the file though git tracks it: its tokens will be committed.",
    )
    allow_unignored: bool = Field(
        default=False, description="Write the file though git does not ignore it."
    )

    @property
    def bits(self) -> int:
        return int(self.mode, 8)
