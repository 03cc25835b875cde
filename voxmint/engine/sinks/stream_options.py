"""The settings of sinks that values are handed on by, line by line."""

from typing import Literal

from pydantic import Field

from voxmint.engine.sinks.file_options import VariableNames, Written


class VariableOptions(Written):
    """The settings of variables that a job hands on."""

    prefix: str = Field(default="", description="What stands before every name.")
    names: VariableNames = Field(default=VariableNames(), description="What the values are called.")


class StdoutOptions(VariableOptions):
    """The settings of what is printed."""

    format: Literal["env", "ndjson"] = Field(
        default="env",
        description="`env`: a line `KEY=value` for each value; `ndjson`: a JSON object for each "
        "profile on a line of its own.",
    )
