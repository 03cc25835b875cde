"""The settings of a folder of values."""

from typing import Annotated

from pydantic import AfterValidator, Field

from voxmint.engine.sinks.file_options import Guarded, VariableNames
from voxmint.engine.sinks.variables import PROFILE


def _without_profile(path: str) -> str:
    if PROFILE in path:
        raise ValueError(f"{PROFILE} stands in `names` here: one folder holds all profiles")
    if "{" in path:
        raise ValueError("nothing in braces stands for something here")
    return path


class DirectoryOptions(Guarded):
    """The settings of a folder of values."""

    path: Annotated[
        str,
        AfterValidator(_without_profile),
        Field(min_length=1, json_schema_extra={"not": {"pattern": r"\{"}}),
    ] = Field(description="The folder, from the project's; it is made if need be.")
    prefix: str = Field(default="", description="What stands before every name.")
    names: VariableNames = Field(default=VariableNames(), description="What the values are called.")
