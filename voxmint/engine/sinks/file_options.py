"""The settings that sinks have in common: of files, of names, of what is written."""

import re
from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from voxmint.engine.sinks.variables import PROFILE

STRICT = ConfigDict(frozen=True, extra="forbid", strict=True)
Value = Literal["client_secret", "expires_at", "session_id"]
"""What is known of a session and can be written."""


def _quoted(mode: object) -> object:
    if isinstance(mode, int):
        raise ValueError('write it in quotes, as in "0640": without them YAML reads a number')
    return mode


_OCTAL = re.compile(r"(?:0o?)?([0-7]{3})")


def _for_readers(mode: str) -> str:
    octal = _OCTAL.fullmatch(mode)
    if octal is None:
        raise ValueError('write the mode in octal, as in "0640"')
    bits = int(octal[1], 8)
    if bits & 0o600 != 0o600 or bits & ~0o664:
        raise ValueError(
            "its owner must be able to read and write it, nobody to execute it, and others at most "
            'to read it: "0600" to "0664"'
        )
    return mode


Mode = Annotated[
    str,
    BeforeValidator(_quoted),
    AfterValidator(_for_readers),
    Field(json_schema_extra={"pattern": r"^(0o?)?6[0246][04]$"}),
]
"""A file's mode in octal, in quotes: without them YAML 1.2 reads 0640 as six hundred and forty."""


def _fixed(values: object) -> object:
    return tuple(values) if isinstance(values, list) else values


def _with_token(values: tuple[Value, ...]) -> tuple[Value, ...]:
    if "client_secret" not in values:
        raise ValueError("client_secret must be among them: nothing is minted that cannot be kept")
    if len(set(values)) != len(values):
        raise ValueError("name each value once")
    return values


def _only_in_the_name(path: str) -> str:
    if PROFILE in path.rpartition("/")[0]:
        raise ValueError(f"{PROFILE} may stand in the file's name only: folders are not made")
    if "{" in path.replace(PROFILE, ""):
        raise ValueError(f"only {PROFILE} stands for something, and every other brace is a mistake")
    return path


Values = Annotated[
    tuple[Value, ...],
    BeforeValidator(_fixed),
    AfterValidator(_with_token),
    Field(json_schema_extra={"contains": {"const": "client_secret"}, "uniqueItems": True}),
]
FilePath = Annotated[
    str,
    Field(
        min_length=1,
        json_schema_extra={"not": {"pattern": r"\{profile\}.*/|\{(?!profile\})"}},
    ),
    AfterValidator(_only_in_the_name),
]


class Written(BaseModel):
    """What is written of a session, wherever it goes."""

    model_config = STRICT

    values: Values = Field(
        default=("client_secret", "expires_at", "session_id"),
        description="What is written of each session.",
    )


class Guarded(Written):
    """The settings of what lies in the file system."""

    mode: Mode = Field(default="0600", description='The file\'s mode, in quotes: "0600" to "0664".')
    group: str | int | None = Field(
        default=None,
        description="The group that the file is given to, for a service that reads it.",
    )
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


class FileOptions(Guarded):
    """The settings of one file, or of one for each profile."""

    path: FilePath = Field(
        description="The file, from the project's folder; with {profile} in its name, one for each "
        "profile."
    )


class VariableNames(BaseModel):
    """What the variables are called; `{profile}` stands for the profile's name in capitals."""

    model_config = STRICT

    client_secret: str = Field(
        default="{profile}_CLIENT_SECRET", description="The variable of the token."
    )
    expires_at: str = Field(
        default="{profile}_EXPIRES_AT",
        description="The variable of the token's end, in Unix seconds.",
    )
    session_id: str = Field(
        default="{profile}_SESSION_ID", description="The variable of the session's id."
    )
    profiles: Mapping[str, str] = Field(
        default_factory=dict, description="What {profile} stands for instead, by profile."
    )


class KeyNames(BaseModel):
    """What the keys of a document are called."""

    model_config = STRICT

    client_secret: Annotated[str, Field(min_length=1)] = Field(
        default="client_secret", description="The key of the token."
    )
    expires_at: Annotated[str, Field(min_length=1)] = Field(
        default="expires_at", description="The key of the token's end, in Unix seconds."
    )
    session_id: Annotated[str, Field(min_length=1)] = Field(
        default="session_id", description="The key of the session's id."
    )
    profiles: Mapping[str, Annotated[str, Field(min_length=1)]] = Field(
        default_factory=dict,
        description="What a profile is called in the file, and in the file's name, by profile.",
    )
