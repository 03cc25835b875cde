"""The settings of a file of keys, in JSON or YAML."""

from typing import Self

from pydantic import Field, model_validator

from voxmint.engine.sinks.file_options import FileOptions, KeyNames


class DocumentOptions(FileOptions):
    """The settings of a file of keys."""

    names: KeyNames = Field(default=KeyNames(), description="What the values are called.")

    @model_validator(mode="after")
    def _has_a_key_for_each(self) -> Self:
        keys = [getattr(self.names, which) for which in self.values]
        if len(set(keys)) < len(keys):
            raise ValueError("`names` gives two values the same key")
        return self
