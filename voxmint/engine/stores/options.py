"""The settings that stores have in common."""

from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from voxmint.engine.sinks.file_options import KeyNames, Written
from voxmint.engine.stores.naming import PROFILE

Name = Annotated[str, Field(min_length=1)]
FULL: Any = Field(json_schema_extra={"minLength": 1})
"""For editors, where a validator has its own words for an empty text."""


class StoreOptions(Written):
    """What every store is told. A store gives `name` a default of a form that it takes."""

    name: Name = Field(
        default="voxmint/{environment}/{profile}",
        description="The secret's name. With {profile} in it each profile has its own; else there "
        "is one for the environment, a JSON object with a member for each profile.",
    )
    payload: Literal["json", "token"] = Field(
        default="json",
        description="What a secret of one profile holds: a JSON object, or the bare token.",
    )
    names: KeyNames = Field(
        default_factory=KeyNames, description="What the members of the JSON object are called."
    )

    @model_validator(mode="after")
    def _one_token_is_one_profile(self) -> Self:
        if self.payload == "token" and PROFILE not in self.name:
            raise ValueError(
                f"`payload: token` needs {PROFILE} in `name`: a secret for each profile"
            )
        return self


class Deletable(StoreOptions):
    """Of stores that keep a deleted secret, and its name, for a while."""

    deleted: Literal["refuse", "recover"] = Field(
        default="refuse",
        description="What to do where a secret of the name is scheduled for deletion: fail before "
        "anything is minted, or take the deletion back and write.",
    )
