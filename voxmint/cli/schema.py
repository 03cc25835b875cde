"""`voxmint schema`: JSON Schema, for editors."""

from typing import TYPE_CHECKING

import click

from voxmint.cli.parser import Word, command as command_named

if TYPE_CHECKING:
    from voxmint.cli.world import World
    from voxmint.profiles.schemas import Schema

FILES = ("profile", "environment", "project")
"""The kinds of file that have a schema."""


def schema_of(file: str) -> "Schema":
    """The schema of one kind of file."""
    from voxmint.engine.sinks import SINKS, known_kinds, own_sink
    from voxmint.profiles.schemas import environment_schema, profile_schema, project_schema

    match file:
        case "profile":
            return profile_schema()
        case "environment":
            kinds = {kind: own_sink(kind) for kind in SINKS}
            own = {kind: sink.Options for kind, sink in kinds.items() if sink}
            return environment_schema(own, known_kinds() - own.keys())
        case _:
            return project_schema()


def schema(file: str, world: "World") -> int:
    """Writes the schema."""
    from voxmint.cli.formats.json_text import write_json

    write_json(world.out, schema_of(file))
    return 0


@command_named(
    "schema",
    "voxmint schema profile > schemas/profile.json",
)
@click.argument("file", metavar="KIND", type=Word(*FILES))
def command(world: "World", file: str) -> int:
    """Print the JSON Schema of a profile's, an environment's or the project's file.

    KIND is profile, environment or project. An editor with a YAML language server takes it from a
    first line such as `# yaml-language-server: $schema=../schemas/profile.json`; `init` writes
    both.
    """
    return schema(file, world)
