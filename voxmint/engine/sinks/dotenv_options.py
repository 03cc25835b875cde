"""The settings of an env file."""

from collections.abc import Mapping

from pydantic import Field

from voxmint.engine.sinks.file_options import FileOptions, VariableNames


class DotenvOptions(FileOptions):
    """The settings of an env file."""

    prefix: str = Field(default="", description="What stands before every name.")
    names: VariableNames = Field(default=VariableNames(), description="What the values are called.")
    constants: Mapping[str, str] = Field(
        default_factory=dict,
        description="Further variables that are set in the file, with their values.",
    )
